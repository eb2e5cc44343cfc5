//! The `plinth` binary.

fn main() {
    if let Err(error) = plinth::cli::run() {
        eprintln!("error: {error:#}");
        std::process::exit(1);
    }
}
