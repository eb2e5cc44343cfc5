//! Rebuilds the server when the console has been built, unless it reads the console's files at run time: a build with
//! debug assertions does (`src/console/mod.rs`).

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo tells build scripts by variables"
)]
fn main() {
    let reads_at_run_time = std::env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some();
    if reads_at_run_time {
        println!("cargo:rerun-if-changed=build.rs");
    } else {
        println!("cargo:rerun-if-changed=../console/dist");
    }
}
