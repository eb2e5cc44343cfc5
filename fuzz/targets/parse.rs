//! Any text as a filter, which is read and no more.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &str| plinth_fuzz::parse(input));

#[cfg(not(fuzzing))]
fn main() {
    plinth_fuzz::each_file(plinth_fuzz::parse);
}
