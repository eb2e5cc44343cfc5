//! The values that a record gets: what the body gives, what fields make by themselves, and moments.

use plinth_sdk::types::FieldKind;
use serde_json::{Map, Value as Json};

use super::input::Input;
use super::values::{self, split_key};
use super::{Record, generate, to_json};
use crate::clock::Moment;
use crate::collections::{Collection, Shape};
use crate::db::Value;
use crate::policy::Grant;

/// The id that a new record will have.
pub fn planned_id(collection: &Collection, body: &Map<String, Json>) -> String {
    let given = body.get("id").map(values::text).unwrap_or_default();
    let prefix = body.get("id:autogenerate").map(values::text);
    if !given.is_empty() && prefix.is_none() {
        return given.into_owned();
    }
    let field = collection.def.fields.iter().find(|f| f.name == "id");
    let generated = match field.map(|field| &field.kind) {
        Some(FieldKind::Text(options)) => generate::generate(&options.autogenerate_pattern),
        _ => None,
    };
    format!(
        "{}{}",
        prefix.unwrap_or_default(),
        generated.unwrap_or_default()
    )
}

/// Puts the body's values into the record: plain keys first, then those with a modifier.
pub(super) fn fill(record: &mut Record, stored: Option<&Record>, grant: &Grant, input: &Input) {
    let collection = record.collection.clone();
    let is_superuser = grant.is_superior();
    let mut with_modifier = Vec::new();
    for (key, raw) in &input.body {
        let (name, modifier) = match collection.position(key) {
            Some(_) => (key.as_str(), None),
            None => split_key(key),
        };
        let Some(position) = collection.position(name) else {
            continue;
        };
        let column = &collection.columns[position];
        let kind = &collection.def.fields[position].kind;
        let is_password = column.shape == Shape::Secret;
        let is_settable = !matches!(kind, FieldKind::Autodate(_))
            && (!column.hidden || is_superuser || collection.sets_hidden(column));
        if !is_settable {
            continue;
        }
        if is_password {
            if let Some(hash) = input.hashes.get(name) {
                record.values[position] = Value::Text(hash.clone());
            }
        } else if let Some(modifier) = modifier {
            with_modifier.push((position, modifier, raw));
        } else {
            record.values[position] = values::normalise(kind, raw);
        }
    }
    for (position, modifier, raw) in with_modifier {
        let kind = &collection.def.fields[position].kind;
        let current = record.values[position].clone();
        record.values[position] = values::apply_modifier(kind, &current, modifier, raw);
    }
    for (key, raw) in &input.body {
        let Some(name) = key.strip_suffix(":autogenerate") else {
            continue;
        };
        let is_new = stored.is_none_or(|stored| !changed(record, stored, name));
        if let (Some(position), true) = (collection.position(name), is_new)
            && let FieldKind::Text(options) = &collection.def.fields[position].kind
            && (!collection.columns[position].hidden || is_superuser)
            && let Some(generated) = generate::generate(&options.autogenerate_pattern)
        {
            let prefix = values::text(raw);
            record.values[position] = Value::Text(format!("{prefix}{generated}"));
        }
    }
}

/// Texts that make themselves when nothing was given: the id, the token key, …
pub(super) fn generate_missing(record: &mut Record) {
    let collection = record.collection.clone();
    for (position, field) in collection.def.fields.iter().enumerate() {
        if let FieldKind::Text(options) = &field.kind
            && record.values[position] == Value::Text(String::new())
            && !options.autogenerate_pattern.is_empty()
        {
            let generated = generate::generate(&options.autogenerate_pattern);
            record.values[position] = Value::Text(generated.unwrap_or_default());
        }
    }
}

/// Sets the moments that the server sets.
pub fn stamp(record: &mut Record, now: Moment, is_new: bool) {
    let collection = record.collection.clone();
    let now = now.to_string();
    for (position, field) in collection.def.fields.iter().enumerate() {
        if let FieldKind::Autodate(options) = &field.kind
            && (if is_new {
                options.on_create
            } else {
                options.on_update
            })
        {
            record.values[position] = Value::Text(now.clone());
        }
    }
}

/// `@request.body`: what was sent, with the values that it comes to.
pub(super) fn body_of(record: &Record, body: &Map<String, Json>) -> Map<String, Json> {
    let collection = &record.collection;
    let mut out = Map::new();
    for (key, raw) in body {
        let name = match collection.position(key) {
            Some(_) => key.as_str(),
            None => split_key(key).0,
        };
        let name = name.strip_suffix(":autogenerate").unwrap_or(name);
        let position = collection.position(name);
        let known = position.filter(|at| collection.columns[*at].shape != Shape::Secret);
        if let Some(position) = known {
            out.insert(name.to_owned(), to_json(&record.values[position]));
        }
        if known.is_none() || key != name {
            out.insert(key.clone(), raw.clone());
        }
    }
    out
}

/// Whether the two have other values of this field.
pub(super) fn changed(record: &Record, stored: &Record, name: &str) -> bool {
    record.value(name) != stored.value(name)
}
