//! Merges lists of fields.

use std::collections::HashSet;

use plinth_sdk::types::{CollectionType, Field, FieldKind};
use serde_json::Value as Json;

use crate::error::{Error, Result, UNREADABLE};
use crate::fields::normalise_date;
use crate::system::defaults;

/// Parses the list of a body. A field without an id corresponds to the one with its name and type in `old`.
pub(super) fn read(list: &[Json], old: &[Field]) -> Result<Vec<Field>> {
    let text =
        |given: &'_ Json, key: &str| given.get(key).and_then(Json::as_str).map(str::to_owned);
    let given_ids: HashSet<String> = list.iter().filter_map(|given| text(given, "id")).collect();
    let mut fields = Vec::with_capacity(list.len());
    for given in list {
        let mut field = read_one(given)?;
        if field.id.is_empty() {
            let same = old.iter().find(|old| {
                old.name == field.name
                    && old.kind.name() == field.kind.name()
                    && !given_ids.contains(&old.id)
            });
            field.id = same.map(|old| old.id.clone()).unwrap_or_default();
        }
        add(&mut fields, field);
    }
    Ok(fields)
}

fn read_one(given: &Json) -> Result<Field> {
    let unreadable = || Error::invalid(UNREADABLE);
    let mut given = given.as_object().ok_or_else(unreadable)?.clone();
    given.retain(|_, value| !value.is_null());
    let mut field: Field = serde_json::from_value(Json::Object(given)).map_err(|_| unreadable())?;
    if let FieldKind::Date(options) = &mut field.kind {
        for limit in [&mut options.min, &mut options.max] {
            *limit = normalise_date(limit).unwrap_or_default();
        }
    }
    Ok(field)
}

/// Whether an imported field corresponds to this one: by id, or by name and type if it has no id.
pub(super) fn is_same(given: &Json, field: &Field) -> bool {
    let text = |key: &str| given.get(key).and_then(Json::as_str).unwrap_or_default();
    match text("id") {
        "" => text("name") == field.name && text("type") == field.kind.name(),
        id => id == field.id,
    }
}

/// Appends a field, or replaces the one with its id, or with its name if it has no id.
fn add(fields: &mut Vec<Field>, mut field: Field) {
    let place = if field.id.is_empty() {
        let same_name = fields
            .iter()
            .position(|f| f.name == field.name && !f.name.is_empty());
        field.id = match same_name {
            Some(place) => fields[place].id.clone(),
            None => free_id(fields, &field),
        };
        same_name
    } else {
        fields.iter().position(|f| f.id == field.id)
    };
    match place {
        Some(place) => fields[place] = field,
        None => fields.push(field),
    }
}

fn free_id(fields: &[Field], field: &Field) -> String {
    let id = defaults::field_id(&field.kind, &field.name);
    defaults::first_free(id, |id| fields.iter().any(|f| f.id == id))
}

/// Adds missing system fields, from `old` or the defaults, and corrects those that are given.
pub(super) fn complete(fields: &mut Vec<Field>, kind: CollectionType, old: &[Field]) {
    let restored = |default: &Field| {
        let same = |field: &&Field| is_like(field, default);
        old.iter().find(same).unwrap_or(default).clone()
    };
    let id = defaults::id_field();
    if !fields.iter().any(|field| is_like(field, &id)) {
        let rest = std::mem::take(fields);
        fields.push(restored(&id));
        for field in rest {
            add(fields, field);
        }
    }
    if kind == CollectionType::Auth {
        for default in defaults::auth_fields() {
            if fields.iter().any(|field| is_like(field, &default)) {
                continue;
            }
            let mut field = restored(&default);
            let is_taken = |f: &Field| f.name == field.name || f.id == field.id;
            if fields.iter().any(is_taken) {
                field.id = String::new();
            }
            add(fields, field);
        }
    }
    for field in fields {
        enforce(field, kind);
    }
}

fn is_like(field: &Field, default: &Field) -> bool {
    field.name == default.name && field.kind.name() == default.kind.name()
}

fn enforce(field: &mut Field, kind: CollectionType) {
    let is_auth = kind == CollectionType::Auth;
    match (field.name.as_str(), &mut field.kind) {
        ("id", FieldKind::Text(options)) => {
            field.hidden = false;
            options.primary_key = true;
            options.required = true;
            if options.pattern.is_empty() {
                defaults::ID_PATTERN.clone_into(&mut options.pattern);
            }
        }
        ("password", FieldKind::Password(options)) if is_auth => {
            field.hidden = true;
            options.required = true;
        }
        ("tokenKey", FieldKind::Text(options)) if is_auth => {
            field.hidden = true;
            options.required = true;
        }
        ("email", FieldKind::Email(_)) if is_auth => field.hidden = false,
        ("emailVisibility" | "verified", FieldKind::Bool(_)) if is_auth => {}
        _ => return,
    }
    field.system = true;
}
