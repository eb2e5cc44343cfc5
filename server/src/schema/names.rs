//! Names of fields.

/// Reserved names, which have another meaning.
const RESERVED: [&str; 7] = [
    "null",
    "true",
    "false",
    "_rowid_",
    "collectionId",
    "collectionName",
    "expand",
];
/// The system columns of PostgreSQL. They are reserved on SQLite as well, so that a database can be moved.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Returns the reason why a field cannot have a name.
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

/// Whether a name is reserved.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
        || SYSTEM_COLUMNS.contains(&name)
        || name.eq_ignore_ascii_case("_rowid_")
}

/// Whether a filter would parse a name as a number.
pub(crate) fn is_number(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text consists of ASCII letters, digits and underscores.
pub(crate) fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a text contains the infix of back-relations.
pub(crate) fn has_via(text: &str) -> bool {
    text.to_ascii_lowercase().contains("_via_")
}
