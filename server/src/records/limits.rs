//! How large a body may be.

use plinth_sdk::types::{Field, FieldKind};

use super::validate::{EDITOR_MAX, JSON_MAX};
use crate::files::MAX_SIZE;

/// The most bytes that the values of fields may have beyond the ordinary: those without files, and files.
pub fn of(fields: &[Field]) -> (usize, usize) {
    let files = fields.iter().fold(0_usize, |sum, field| {
        let FieldKind::File(options) = &field.kind else {
            return sum;
        };
        let most = if options.max_size > 0 {
            options.max_size
        } else {
            MAX_SIZE
        };
        let most = most.saturating_mul(options.max_select.max(1));
        sum.saturating_add(usize::try_from(most).unwrap_or(usize::MAX))
    });
    let texts = 0_usize;
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
            | FieldKind::File(_)
            | FieldKind::Relation(_)
            | FieldKind::GeoPoint(_)
            | FieldKind::Password(_) => 0,
        };
        sum.saturating_add(usize::try_from(max).unwrap_or_default())
    });
    (texts, files)
}
