//! How large a body may be.

use plinth_sdk::types::{Field, FieldKind};

use super::validate::{EDITOR_MAX, JSON_MAX};

/// The most bytes that the values of fields may have beyond the ordinary: those without files, and files.
pub fn of(fields: &[Field]) -> (usize, usize) {
    let (texts, files) = (0_usize, 0);
    let texts = fields.iter().fold(texts, |sum, field| {
        let max = match &field.kind {
            FieldKind::Json(options) if options.max_size > 0 => options.max_size,
            FieldKind::Json(_) => JSON_MAX,
            FieldKind::Editor(options) if options.max_size > 0 => options.max_size,
            FieldKind::Editor(_) => EDITOR_MAX,
            FieldKind::Text(_)
            | FieldKind::Number(_)
            | FieldKind::Bool(_)
            | FieldKind::Email(_)
            | FieldKind::Url(_)
            | FieldKind::Date(_)
            | FieldKind::Autodate(_)
            | FieldKind::Select(_)
            | FieldKind::Relation(_)
            | FieldKind::GeoPoint(_)
            | FieldKind::Password(_) => 0,
        };
        sum.saturating_add(usize::try_from(max).unwrap_or_default())
    });
    (texts, files)
}
