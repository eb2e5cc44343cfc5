//! Fills in the values of a record: from the body, generated ones, and timestamps.

use std::sync::Arc;

use plinth_sdk::types::FieldKind;
use serde_json::{Map, Value as Json};

use super::given::Given;
use super::input::Input;
use crate::clock::Timestamp;
use crate::db::Value;
use crate::fields::{self, split_key};
use crate::policy::{Grant, Snapshot};
use crate::random::Random;
use crate::schema::{Collection, Record, Shape, to_json};

/// Gives the record the values of presets.
pub(super) fn fill_presets(record: &mut Record, presets: &Map<String, Json>) {
    let collection = Arc::clone(&record.collection);
    for (name, raw) in presets {
        if let Some(position) = collection.position(name) {
            let kind = &collection.def.fields[position].kind;
            record.values[position] = fields::normalise(kind, raw);
        }
    }
}

/// Returns the id of a new record.
pub fn planned_id(collection: &Collection, body: &Map<String, Json>, random: &Random) -> String {
    let given = body.get("id").map(fields::text_of).unwrap_or_default();
    let prefix = body.get("id:autogenerate").map(fields::text_of);
    if !given.is_empty() && prefix.is_none() {
        return given.into_owned();
    }
    let field = collection.def.fields.iter().find(|f| f.name == "id");
    let generated = match field.map(|field| &field.kind) {
        Some(FieldKind::Text(options)) => fields::generate(&options.autogenerate_pattern, random),
        _ => None,
    };
    format!(
        "{}{}",
        prefix.unwrap_or_default(),
        generated.unwrap_or_default()
    )
}

/// Applies the body to the record: plain keys first, then those with a modifier.
pub(super) fn fill(
    record: &mut Record,
    stored: Option<&Record>,
    grant: &Grant,
    input: &Input,
    given: &Given,
    random: &Random,
) {
    let collection = record.collection.clone();
    let is_superuser = grant.is_superior();
    let is_settable = |position: usize| {
        let column = &collection.columns[position];
        let kind = &collection.def.fields[position].kind;
        !matches!(kind, FieldKind::Autodate(_))
            && (!column.hidden || is_superuser || collection.sets_hidden(column))
    };
    for plain in given
        .plain
        .iter()
        .filter(|plain| is_settable(plain.position))
    {
        let column = &collection.columns[plain.position];
        if column.shape != Shape::Secret {
            record.values[plain.position] = plain.value.clone();
        } else if let Some(hash) = input.hashes.get(&column.name) {
            record.values[plain.position] = Value::from(hash.as_str());
        }
    }
    for (position, change) in &given.changes {
        if is_settable(*position) && collection.columns[*position].shape != Shape::Secret {
            record.values[*position] = change.apply(&record.values[*position]);
        }
    }
    for (position, prefix) in &given.generated {
        let column = &collection.columns[*position];
        let is_new = stored.is_none_or(|stored| !changed(record, stored, &column.name));
        if is_new
            && let FieldKind::Text(options) = &collection.def.fields[*position].kind
            && (!column.hidden || is_superuser)
            && let Some(generated) = fields::generate(&options.autogenerate_pattern, random)
        {
            record.values[*position] = Value::Text(format!("{prefix}{generated}"));
        }
    }
}

/// Generates texts that were not given: the id, the token key, …
pub(super) fn generate_missing(record: &mut Record, random: &Random) {
    let collection = record.collection.clone();
    for (position, field) in collection.def.fields.iter().enumerate() {
        if let FieldKind::Text(options) = &field.kind
            && record.values[position] == Value::Text(String::new())
            && !options.autogenerate_pattern.is_empty()
        {
            let generated = fields::generate(&options.autogenerate_pattern, random);
            record.values[position] = Value::Text(generated.unwrap_or_default());
        }
    }
}

/// Sets the timestamps.
pub fn stamp(record: &mut Record, now: Timestamp, is_new: bool) {
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

/// Returns `@request.body` for a request that writes no values: the body, converted to the types of the fields.
pub fn typed(collection: &Collection, body: Map<String, Json>) -> Map<String, Json> {
    let typed = |(name, raw): (String, Json)| {
        let value = match collection.position(&name) {
            Some(at) if collection.columns[at].shape != Shape::Secret => {
                to_json(&fields::normalise(&collection.def.fields[at].kind, &raw))
            }
            _ => raw,
        };
        (name, value)
    };
    body.into_iter().map(typed).collect()
}

/// Returns `@request.body`: the body with the resulting values, limited to the keys that rules refer to.
pub(super) fn body_of(
    schema: &Snapshot,
    record: &Record,
    body: &Map<String, Json>,
) -> Map<String, Json> {
    let collection = &record.collection;
    let asked = &schema.body_keys;
    let mut out = Map::new();
    if asked.is_empty() {
        return out;
    }
    for (key, raw) in body {
        let name = match collection.position(key) {
            Some(_) => key.as_str(),
            None => split_key(key).0,
        };
        let name = name.strip_suffix(":autogenerate").unwrap_or(name);
        let position = collection.position(name);
        let known = position.filter(|at| collection.columns[*at].shape != Shape::Secret);
        if let Some(position) = known
            && asked.contains(name)
        {
            out.insert(name.to_owned(), to_json(&record.values[position]));
        }
        if (known.is_none() || key != name) && asked.contains(key) {
            out.insert(key.clone(), raw.clone());
        }
    }
    out
}

/// Whether the records differ in a field.
pub(super) fn changed(record: &Record, stored: &Record, name: &str) -> bool {
    record.value(name) != stored.value(name)
}
