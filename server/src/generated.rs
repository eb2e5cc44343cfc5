//! Documents that are generated from code: each is committed, and a test compares it with what the code makes of it now.

use std::path::Path;

/// Compares a document in `docs/` with `made`, or writes it if `PLINTH_REGENERATE` is set.
#[expect(
    clippy::disallowed_methods,
    reason = "it is a switch of a test, not a setting"
)]
pub(crate) fn is_up_to_date(name: &str, made: &str) {
    let path = Path::new("../docs").join(name);
    if std::env::var_os("PLINTH_REGENERATE").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == made, "docs/{name} is stale: run `make generate`");
}
