//! The definition around a field, for checks of the field's options.

use plinth_sdk::types::{Collection, Field, FieldProblem, MAX_SAFE_INTEGER};
use regex::Regex;

use super::pattern;
use crate::problems::{self, INVALID_REGEX};

/// A field whose options are checked, among the others of its collection.
pub(crate) struct Definition<'a> {
    /// The field.
    pub(crate) field: &'a Field,
    /// The collection of the field as it will be saved.
    pub(crate) collection: &'a Collection,
    /// The field as it was, if it existed.
    pub(crate) before: Option<&'a Field>,
    /// Looks up another collection by its id: whether it is a view, or `None` where it does not exist.
    pub(crate) is_view: &'a dyn Fn(&str) -> Option<bool>,
}

/// Checks a size or a length, which may be 0.
pub(super) fn size(number: i64) -> Option<FieldProblem> {
    problems::range(number, 0, MAX_SAFE_INTEGER)
}

/// Checks that a text is a regular expression.
pub(super) fn regex(text: &str) -> Option<FieldProblem> {
    if pattern::is_valid(text) {
        return None;
    }
    let error = Regex::new(&pattern::translate(text)).err();
    let error = error.map_or_else(|| "too large".to_owned(), |error| error.to_string());
    // A syntax error is a drawing of the place; its last line is the reason.
    let reason = error.lines().last().unwrap_or_default();
    let reason = reason.trim_start_matches("error: ").trim_end_matches('.');
    Some(INVALID_REGEX.worded([("reason", reason)]))
}
