//! Has the server built again when the console has been.

fn main() {
    println!("cargo:rerun-if-changed=../console/dist");
}
