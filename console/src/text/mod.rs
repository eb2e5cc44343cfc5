//! Every word that the console shows, in one place, so that languages can be added.

macro_rules! catalogue {
    ($($name:ident $(($($given:ident: $of:ty),+))? = $text:literal;)*) => {
        $(catalogue!(@one $name $(($($given: $of),+))? $text);)*
    };
    (@one $name:ident $text:literal) => {
        pub(crate) fn $name() -> &'static str {
            $text
        }
    };
    (@one $name:ident ($($given:ident: $of:ty),+) $text:literal) => {
        pub(crate) fn $name($($given: $of),+) -> String {
            format!($text)
        }
    };
}

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod delays;
pub(crate) mod durations;
pub(crate) mod files;
pub(crate) mod forgotten;
pub(crate) mod jobs;
pub(crate) mod logs;
pub(crate) mod mails;
pub(crate) mod moments;
pub(crate) mod overview;
pub(crate) mod returned;
mod roles;
pub(crate) mod settings;
pub(crate) mod values;

pub(crate) use roles::*;

// Everywhere.
catalogue! {
    product = "Plinth";
    page_title(title: &str) = "{title} · Plinth";
    loading = "Loading…";
    try_again = "Try again";
    no_answer = "The server does not answer. Is it running?";
    session_ended = "Your session has ended. Sign in again.";
    cancel = "Cancel";
    close = "Close";
    save = "Save";
    saved = "Saved";
    create = "Create";
    delete = "Delete";
    copy = "Copy";
    copied = "Copied";
    messages = "Messages";
    pages = "Pages";
    page_of(page: u64, pages: u64) = "{page} of {pages}";
    previous_page = "Previous page";
    next_page = "Next page";
    type_to_confirm(typed: &str) = "Type {typed} to confirm";
    not_found = "Nothing is here";
    not_found_hint = "The address may be wrong, or what was here is gone.";
    to_overview = "Go to the overview";
    yes = "yes";
    no = "no";
    email = "E-mail address";
    password = "Password";
}

// The shell.
catalogue! {
    skip = "Skip to the content";
    areas = "Areas";
    open_menu = "Open the menu";
    overview = "Overview";
    collections = "Collections";
    roles = "Roles";
    jobs = "Jobs";
    mails = "Mails";
    settings = "Settings";
    system_collections = "System";
    account(name: &str) = "Account: {name}";
    theme = "Theme";
    theme_system = "As the system";
    theme_light = "Light";
    theme_dark = "Dark";
    sign_out = "Sign out";
    find_collection = "Find a collection";
    nothing_allowed = "There is nothing here for you";
    nothing_allowed_hint = "Your account has no area of the console. A superuser can give it a role that has some.";
}

// What is not for an operator.
catalogue! {
    not_for_you = "This page is not for your account";
    not_for_you_hint = "None of your roles has this area of the console. A superuser can give you one that has it.";
    records_not_for_you = "The records are not for your account";
    records_not_for_you_hint = "The collection's rules do not let you list them, and neither does a role. You may look at how they are defined.";
    to_the_fields = "To the fields";
    to_what_is = "Go to what you may see";
}

// First run and sign-in.
catalogue! {
    setup = "First run";
    setup_title = "Create the first superuser";
    setup_hint = "Superusers may do everything. You can add more later.";
    setup_password_help = "At least 8 characters.";
    setup_action = "Create and sign in";
    setup_done_title = "Plinth is already set up";
    setup_done_hint = "There is a superuser. The link worked once.";
    setup_token_missing = "The one-time token is missing. Open the link that the server printed when it started.";
    password_again = "The password again";
    passwords_differ = "The two passwords differ.";
    sign_in = "Sign in";
    sign_in_title = "Sign in to Plinth";
    sign_in_as = "As";
    superuser = "Superuser";
    account_of(collection: &str) = "Account of {collection}";
    other_accounts = "Account of another collection";
    sign_in_collection = "Collection";
    sign_in_collection_help = "The collection that your account is in.";
    identity = "E-mail address or user name";
}

// What links in mails lead to.
catalogue! {
    reset_title = "Choose a new password";
    new_password = "New password";
    reset_action = "Choose this password";
    reset_done = "Your password is changed";
    reset_done_hint = "You can sign in with it now. Whoever else was signed in to your account is signed out.";
    verify_title = "Your e-mail address";
    verified = "Your address is verified";
    verified_hint = "Thank you. There is nothing else to do here.";
    address_title = "Confirm your new address";
    address_hint = "Your password shows that it is you.";
    address_hint_of(address: &str) = "From now on, {address} is the address of your account. Your password shows that it is you.";
    address_action = "Use this address";
    address_done = "Your address is changed";
    address_done_hint = "You are signed out everywhere. Sign in with the new address.";
    link_void = "The link is not good any more";
    link_void_hint = "Links work for a short time, and each works once. Ask for a new mail.";
}

// Collections.
catalogue! {
    name = "Name";
    kind = "Type";
    kind_base = "Records";
    kind_view = "View";
    kind_auth = "Accounts";
    kind_base_long = "Records";
    kind_auth_long = "Accounts: records that sign in";
    kind_view_long = "View: what a query finds in other collections";
    query = "Query";
    query_help = "One SELECT with an id, and a name for every column.";
    query_sample = "The first records";
    query_untried = "They are shown once the query can be run.";
    query_finds_nothing = "It finds nothing yet.";
    kind_help = "It cannot be changed later.";
    name_help = "Letters, digits and _. It is the name in the API.";
    rename_help = "Clients know the collection by this name.";
    system_name_help = "The server needs this collection by its name.";
    fields = "Fields";
    rules = "Rules";
    indexes = "Indexes";
    sign_in_settings = "Sign-in";
    records = "Records";
    access = "Access";
    changed = "Changed";
    system = "system";
    reading = "read";
    writing = "write";
    everyone = "everyone";
    every_account = "every account";
    locked = "superusers";
    locked_long = "superusers only";
    by_rule = "by rule";
    new_collection = "New collection";
    no_collection_found = "No collection has this in its name";
    no_collection_found_hint = "Try a shorter part of the name, or create a collection.";
    collection_tabs = "Parts of the collection";
    more = "More";
    choose = "Choose…";
    unsaved = "Unsaved changes";
    discard = "Discard";
    collection_created(name: &str) = "{name} is created";
    collection_deleted(name: &str) = "{name} is deleted";
    truncate = "Delete all records";
    truncated(name: &str) = "All records of {name} are deleted";
    truncate_title(name: &str) = "Delete all records of {name}?";
    truncate_hint = "The collection stays. Records of other collections that refer to these are changed or deleted with them. This cannot be undone.";
    delete_collection = "Delete the collection";
    delete_collection_title(name: &str) = "Delete {name}?";
    delete_collection_hint = "The collection goes with all its records. This cannot be undone.";
}

// Fields and their options.
catalogue! {
    add_field = "Add a field";
    field_name = "Name of the field";
    field_options = "Options of the field";
    move_up = "Move up";
    move_down = "Move down";
    remove_field = "Remove the field";
    type_text = "Text";
    type_number = "Number";
    type_bool = "Yes or no";
    type_email = "E-mail";
    type_url = "URL";
    type_date = "Date";
    type_autodate = "Automatic date";
    type_select = "Selection";
    type_editor = "HTML";
    type_json = "JSON";
    type_geo_point = "Geo point";
    type_file = "File";
    type_relation = "Relation";
    type_password = "Password";
    required = "required";
    required_label = "Required";
    refuse_common = "Refuse common passwords";
    refuse_common_help = "Nobody can choose one of the 28,000 commonest passwords.";
    required_help = "The value must not be empty.";
    required_number_help = "The value must not be 0.";
    required_bool_help = "The value must be true.";
    required_point_help = "The point must not be 0, 0.";
    hidden = "hidden";
    hidden_label = "Hidden";
    hidden_help = "Only superusers see it.";
    presentable = "Presentable";
    presentable_help = "Names the record where others refer to it.";
    hint = "Hint";
    hint_help = "For people who fill in the field.";
    a_line_each = "One on each line.";
    only_domains = "Only these domains";
    except_domains = "Not these domains";
    min = "Smallest value";
    max = "Largest value";
    empty_means(limit: &str) = "Empty means {limit}.";
    min_length = "Fewest characters";
    max_length = "Most characters";
    pattern = "Pattern";
    pattern_help = "A regular expression that the value must match.";
    autogenerate = "Generated from";
    autogenerate_help = "A regular expression; a missing value is made to match it.";
    only_int = "Whole numbers only";
    earliest = "Earliest";
    latest = "Latest";
    date_help = "Such as 2026-01-31 12:00:00Z.";
    on_create = "Set when created";
    on_update = "Set when updated";
    values = "Values";
    max_select = "Most at once";
    max_select_help = "More than 1 makes it a list.";
    min_select = "Fewest at once";
    max_size = "Most bytes";
    convert_urls = "Keep URLs";
    convert_urls_help = "For editors: leave URLs as they are written.";
    mime_types = "Only these types";
    mime_types_help = "A line each, such as image/png. All when empty.";
    thumbs = "Small pictures";
    thumbs_help = "A size in each line: 200x100 cuts out the middle, 200x100t the top, 200x100f is all of it, 200x0 keeps the proportions.";
    protected = "Protected";
    protected_help = "Served only to who may view the record, by a token.";
    refers_to = "Refers to";
    refers_to_help = "It cannot be changed later.";
    cascade = "Deleted with it";
    cascade_help = "The record goes when the one that it refers to is deleted.";
}

// Rules.
catalogue! {
    rules_hint = "A locked rule lets only superusers through. An empty one lets everyone through. A filter says who, and for which records.";
    list_rule = "List";
    list_rule_help = "Who may list records, and which of them are in the list.";
    view_rule = "View";
    view_rule_help = "Who may look at a record.";
    create_rule = "Create";
    create_rule_help = "Who may create a record; the filter looks at the record as it would be.";
    update_rule = "Update";
    update_rule_help = "Who may change a record.";
    delete_rule = "Delete";
    delete_rule_help = "Who may delete a record.";
    auth_rule = "Sign in";
    auth_rule_help = "Which accounts may sign in at all.";
    manage_rule = "Manage";
    manage_rule_help = "Who may change another account's e-mail address and password without the old one.";
    lock = "Lock";
    unlock = "Unlock";
    everyone_placeholder = "Everyone. Or a filter, such as @request.auth.id != \"\"";
    syntax = "What a rule can say";
    syntax_fields = "Fields of the record:";
    syntax_operators = "Operators:";
    example_signed_in = "whoever is signed in";
    example_own = "whoever the record names as its author";
    example_or = "published ones for everyone, all for editors";
    example_any = "one of several values; macros such as @now";
    example_collection = "whoever another collection names";
}

// Indexes.
catalogue! {
    indexes_hint = "An index makes lists by its columns fast. A unique one also lets no two records have the same values.";
    no_indexes = "No indexes";
    no_indexes_hint = "Add one for the fields that clients filter or sort by most.";
    add_index = "Add an index";
    remove_index = "Remove the index";
    index_number(number: usize) = "Index {number}";
    index_columns = "Columns, in their order";
    unique = "Unique";
    unique_help = "No two records may have the same values.";
}

// Records.
catalogue! {
    records_of(collection: &str) = "Records of {collection}";
    record_of(collection: &str) = "Record of {collection}";
    new_record = "New record";
    new_record_of(collection: &str) = "New record of {collection}";
    reload = "Load again";
    columns = "Columns";
    filter = "Filter";
    filter_placeholder = "Filter, such as title ~ \"alien\" && created > @todayStart";
    bad_filter = "The filter cannot be understood: check its fields, operators and quotes.";
    apply = "Apply";
    clear = "Clear";
    clear_filter = "Clear the filter";
    no_records = "No records yet";
    no_records_hint = "Create the first one here, or through the API.";
    no_records_to_see = "There is nothing that you could see.";
    no_match = "Nothing matches";
    no_match_hint = "No record passes the filter.";
    total(count: &str) = "{count} in all";
    per_page = "per page";
    select_record(id: &str) = "Select {id}";
    select_all = "Select all on this page";
    selection = "Selected records";
    selected(count: usize) = "{count} selected";
    records_deleted(count: usize) = "Deleted: {count}";
    records_named(ids: &str) = "They are {ids}.";
    and_others(ids: &str, count: usize) = "{ids} and {count} more";
    lose_data_title = "Save and lose data?";
    lose_data_action = "Save and lose it";
    field_removed(name: &str) = "The field {name} and all its values are deleted.";
    field_narrowed(name: &str) = "Of several values in {name} only the last is kept.";
    cannot_undo = "This cannot be undone.";
    delete_records_title(count: usize) = "Delete the selected records ({count})?";
    delete_record_title = "Delete this record?";
    delete_records_hint = "Records that refer to it are changed or deleted along, as their fields say. This cannot be undone.";
    created = "Created";
    deleted = "Deleted";
    done = "Done";
    generated = "generated when empty";
    unchanged = "unchanged";
    nothing_chosen = "—";
    in_utc(name: &str) = "{name} (UTC)";
    bad_json = "This is not JSON.";
    bad_number = "This is not a number, or too large.";
    remove(what: &str) = "Remove {what}";
    choose_of(collection: &str) = "Choose from {collection}";
    find_record = "Find a record";
    discard_title = "Discard the changes?";
    discard_hint = "What you have changed in this record is not saved.";
}
