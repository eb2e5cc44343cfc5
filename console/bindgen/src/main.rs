//! Generates the JavaScript bindings of a compiled WebAssembly module: `plinth-bindgen MODULE.wasm NAME OUT_DIR`.

use anyhow::bail;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, name, out] = &*arguments else {
        bail!("usage: plinth-bindgen MODULE.wasm NAME OUT_DIR");
    };
    Bindgen::new()
        .input_path(module)
        .web(true)?
        .typescript(false)
        .out_name(name)
        .generate(out)
}
