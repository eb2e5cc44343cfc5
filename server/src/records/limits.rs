//! The maximum size of a record's body: as large as the values that the fields can hold.

use plinth_sdk::types::Field;

use crate::fields;

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

/// Returns the limits of a body for a record with these fields.
pub(crate) fn of(fields: &[Field]) -> BodyLimits {
    let sum = |size: fn(&Field) -> i64| {
        let sum = fields.iter().map(size).fold(0, i64::saturating_add);
        usize::try_from(sum).unwrap_or(usize::MAX)
    };
    let rest = usize::try_from(REST).unwrap_or_default();
    let texts = sum(|field| fields::of(&field.kind).body_bytes())
        .saturating_add(rest)
        .min(MAX_BODY);
    BodyLimits {
        texts,
        whole: texts.saturating_add(sum(|field| fields::of(&field.kind).upload_bytes())),
    }
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
