//! The `plinth` binary.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if let Err(error) = plinth::cli::run() {
        eprintln!("error: {error:#}");
        std::process::exit(1);
    }
}
