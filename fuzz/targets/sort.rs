//! Any text as the order of a list.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &str| plinth_fuzz::with_database(
    |database| plinth_fuzz::sort(database, input)
));

#[cfg(not(fuzzing))]
fn main() {
    plinth_fuzz::each_file(|input| {
        plinth_fuzz::with_database(|database| plinth_fuzz::sort(database, input));
    });
}
