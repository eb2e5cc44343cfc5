//! Fields of a collection as properties of its schemas.

use plinth_sdk::types::{Field, FieldKind};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::Reader;
use super::parts::{Described, list_of, text};
use crate::fields;
use crate::fields::schema::{Context, Notes};
pub(super) use crate::fields::schema::{Side, password};

/// Describes a field's value.
pub(super) fn describe(reader: &Reader<'_>, field: &Field, side: Side) -> Described {
    let collection_name = |id: &str| {
        let found = reader.schema.find(id);
        let known = found.filter(|collection| reader.knows(collection));
        known.map(|collection| collection.def.name.clone())
    };
    let context = Context {
        side,
        collection_name: &collection_name,
    };
    fields::of(&field.kind).schema(Notes::new(field.kind.help()), &context)
}

/// Returns whether a new record is refused without a value for the field.
pub(super) fn is_needed(kind: &FieldKind) -> bool {
    let generates = matches!(kind, FieldKind::Text(o) if !o.autogenerate_pattern.is_empty());
    kind.is_required() && !generates
}

/// Returns the keys of an update that change the value the field has, with the schemas of what they take.
pub(super) fn modifiers(field: &Field) -> Vec<(String, Described)> {
    let name = &field.name;
    if let FieldKind::Number(_) = &field.kind {
        let number = |what: String| {
            ObjectBuilder::new()
                .schema_type(Type::Number)
                .description(Some(what))
                .into()
        };
        return vec![
            (format!("{name}+"), number(format!("Is added to `{name}`."))),
            (
                format!("{name}-"),
                number(format!("Is subtracted from `{name}`.")),
            ),
        ];
    }
    if !field.kind.is_multiple() {
        return Vec::new();
    }
    let list = |what: String| list_of(text()).description(Some(what)).build().into();
    vec![
        (
            format!("+{name}"),
            list(format!("Go in front of `{name}`.")),
        ),
        (
            format!("{name}+"),
            list(format!("Go to the end of `{name}`.")),
        ),
        (
            format!("{name}-"),
            list(format!("Are taken out of `{name}`.")),
        ),
    ]
}
