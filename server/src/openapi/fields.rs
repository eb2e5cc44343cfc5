//! Fields of a collection as properties of its schemas.

use plinth_sdk::types::{Field, FieldKind};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::Reader;
use super::parts::{Described, list_of, text};
use crate::fields::schema::{Context, Notes};
pub(super) use crate::fields::schema::{Side, password};
use crate::fields::{self, Modifiers};

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
    let number = |what: &str| {
        let number = ObjectBuilder::new().schema_type(Type::Number);
        number.description(Some(format!("{what} `{name}`."))).into()
    };
    let list = |what: &str| {
        let list = list_of(text()).description(Some(format!("{what} `{name}`.")));
        list.build().into()
    };
    match fields::of(&field.kind).modifiers() {
        Modifiers::Nothing => Vec::new(),
        Modifiers::Arithmetic => vec![
            (format!("{name}+"), number("Is added to")),
            (format!("{name}-"), number("Is subtracted from")),
        ],
        Modifiers::List => vec![
            (format!("+{name}"), list("Go in front of")),
            (format!("{name}+"), list("Go to the end of")),
            (format!("{name}-"), list("Are taken out of")),
        ],
    }
}
