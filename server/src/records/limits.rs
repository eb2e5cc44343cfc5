//! The maximum size of a record's body: as large as the values that the fields can hold.

use plinth_sdk::types::{Field, FieldKind};

use super::validate::{EDITOR_MAX, JSON_MAX, PASSWORD_MAX, TEXT_MAX};
use crate::files::MAX_SIZE;

/// The maximum size of a body without files.
pub(crate) const MAX_BODY: usize = 32 << 20;

/// The maximum size of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// Without files, which is kept in memory.
    pub(crate) texts: usize,
    /// With files.
    pub(crate) whole: usize,
}

/// An allowance for everything that is no value of a field: keys, modifiers, data for rules.
const REST: i64 = 256 << 10;
/// The maximum size of a byte and of a character in JSON: `\u0001`, and two such escapes.
const OF_BYTE: i64 = 6;
const OF_CHARACTER: i64 = 12;
/// The maximum size of an id or a file name, with quotes and comma.
const OF_NAME: i64 = 300;
/// The maximum size of a number, bool, date, address or geographical point.
const OF_SHORT: i64 = 16 << 10;

/// Returns the limits of a body for a record with these fields.
pub(crate) fn of(fields: &[Field]) -> BodyLimits {
    let sum = |size: fn(&Field) -> i64| {
        let sum = fields.iter().map(size).fold(0, i64::saturating_add);
        usize::try_from(sum).unwrap_or(usize::MAX)
    };
    let rest = usize::try_from(REST).unwrap_or_default();
    let texts = sum(text).saturating_add(rest).min(MAX_BODY);
    BodyLimits {
        texts,
        whole: texts.saturating_add(sum(files)),
    }
}

/// Returns the maximum size of a field's files.
fn files(field: &Field) -> i64 {
    let FieldKind::File(options) = &field.kind else {
        return 0;
    };
    or(options.max_size, MAX_SIZE).saturating_mul(options.max_select.max(1))
}

/// Returns the maximum size of a field's value in a body.
fn text(field: &Field) -> i64 {
    match &field.kind {
        FieldKind::Json(options) => or(options.max_size, JSON_MAX).saturating_mul(OF_BYTE),
        FieldKind::Editor(options) => or(options.max_size, EDITOR_MAX).saturating_mul(OF_BYTE),
        FieldKind::Text(options) => or(options.max, TEXT_MAX).saturating_mul(OF_CHARACTER),
        // The password, its confirmation, and the old password.
        FieldKind::Password(options) => {
            or(options.max, PASSWORD_MAX).saturating_mul(3 * OF_CHARACTER)
        }
        FieldKind::Select(options) => {
            let longest = options.values.iter().map(String::len).max();
            let longest = longest.and_then(|bytes| i64::try_from(bytes).ok());
            let one = longest.unwrap_or_default().saturating_mul(OF_BYTE);
            one.saturating_add(3)
                .saturating_mul(options.max_select.max(1))
        }
        FieldKind::Relation(options) => options.max_select.max(1).saturating_mul(OF_NAME),
        FieldKind::File(options) => options.max_select.max(1).saturating_mul(OF_NAME),
        FieldKind::Number(_)
        | FieldKind::Bool(_)
        | FieldKind::Email(_)
        | FieldKind::Url(_)
        | FieldKind::Date(_)
        | FieldKind::Autodate(_)
        | FieldKind::GeoPoint(_) => OF_SHORT,
    }
}

/// Returns a limit, or the default if it is not set.
fn or(limit: i64, default: i64) -> i64 {
    if limit > 0 { limit } else { default }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn n64_a_body_has_room_for_what_the_fields_hold() {
        let limits =
            |fields: serde_json::Value| of(&serde_json::from_value::<Vec<Field>>(fields).unwrap());
        let none = limits(json!([]));
        assert_eq!((none.texts, none.whole), (256 << 10, 256 << 10));
        let text = limits(json!([{"type": "text", "name": "a", "max": 100}]));
        assert_eq!(text.texts, (256 << 10) + 1200);
        let large = limits(json!([{"type": "json", "name": "a", "maxSize": i64::MAX}]));
        assert_eq!(large.texts, MAX_BODY);
        let many = limits(json!([{"type": "relation", "name": "a", "maxSelect": i64::MAX}]));
        assert_eq!(many.texts, MAX_BODY);
        let files = limits(json!([{"type": "file", "name": "a", "maxSelect": 3, "maxSize": 1000}]));
        assert_eq!(files.whole - files.texts, 3000);
    }
}
