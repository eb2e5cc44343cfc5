//! Names that fields can have.

/// Names of fields that would be taken for something else.
const RESERVED: [&str; 7] = [
    "null",
    "true",
    "false",
    "_rowid_",
    "collectionId",
    "collectionName",
    "expand",
];
/// Columns that every table of PostgreSQL has. A database that begins on SQLite must be able to move there.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Why no field can have this name, in words.
pub(crate) fn problem(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > 100 {
        Some("the length must be between 1 and 100")
    } else if !is_word(name) || is_number(name) {
        Some("must be in a valid format")
    } else if is_reserved(name) {
        Some("must not be in list")
    } else if has_via(name) {
        Some("the value cannot contain \"_via_\"")
    } else {
        None
    }
}

/// Whether a name would be taken for something else.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
        || SYSTEM_COLUMNS.contains(&name)
        || name.eq_ignore_ascii_case("_rowid_")
}

/// Whether filters would take a name for a number.
pub(crate) fn is_number(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_digit())
}

/// Whether it is made of ASCII letters, digits and underscores.
pub(crate) fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether it has the part that names of back-relations are recognised by.
pub(crate) fn has_via(text: &str) -> bool {
    text.to_ascii_lowercase().contains("_via_")
}
