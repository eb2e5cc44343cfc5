//! Paths into JSON values, in the syntax that SQLite and the SQL standard share.

/// Writes keys as a path: `$."a"[0]`. A key of digits is an index of a list.
pub(super) fn json_path(keys: &[&str]) -> String {
    /// No list is that long; SQLite's indexes wrap around after 2^32.
    const MAX_INDEX: u32 = 999_999_999;
    let is_index = |key: &str| key.bytes().all(|b| b.is_ascii_digit());
    let steps = keys.iter().map(|key| {
        if is_index(key) {
            let index = key.parse().map_or(MAX_INDEX, |n: u32| n.min(MAX_INDEX));
            format!("[{index}]")
        } else {
            format!(".\"{key}\"")
        }
    });
    std::iter::once("$".to_owned()).chain(steps).collect()
}
