//! Texts of the inputs of files.

catalogue! {
    choose_one = "Choose a file";
    choose_several = "Choose files";
    choose_for(field: &str, button: &str) = "{field}: {button}";
    or_drop_one = "or drop it here";
    or_drop_several = "or drop them here";
    one_at_most(size: &str) = "One file of at most {size}.";
    several_at_most(count: i64, size: &str) = "Up to {count} files, each of at most {size}.";
    only_types(types: &str) = "Only {types}.";
    new_file = "new";
    replaced = "It takes the place of the one that is there.";
    too_many(count: i64) = "At most {count} files.";
    too_large(name: &str, size: &str) = "{name} is larger than {size}.";
    wrong_type(name: &str) = "{name} is of a type that the field does not take.";
    sending(size: &str) = "Sending files, {size}…";
    cannot_read(name: &str) = "{name} cannot be read.";
    more(count: usize) = "+{count}";
}
