//! From what a client sent to what a column holds.
//!
//! Nothing is refused here: what makes no sense for the field's type becomes its empty value, as clients of
//! PocketBase expect. [`super::validate`] says what is wrong with the result.

mod cast;
mod date;

use std::collections::HashSet;

use plinth_sdk::types::FieldKind;
use serde_json::Value as Json;

use crate::db::{Point, Value};
use crate::json;
use crate::json_reader;

pub use cast::text;
pub use date::normalise as normalise_date;

/// What a key of a body does with the value that the field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `field+`: adds, or appends.
    Append,
    /// `+field`: prepends.
    Prepend,
    /// `field-`: subtracts, or removes.
    Remove,
}

/// The name of the field that a key of a body is about, and what it does with the field's value. No name of a
/// field has a `+` or `-` in it.
pub fn split_key(key: &str) -> (&str, Option<Modifier>) {
    if let Some(name) = key.strip_suffix('+') {
        (name, Some(Modifier::Append))
    } else if let Some(name) = key.strip_suffix('-') {
        (name, Some(Modifier::Remove))
    } else if let Some(name) = key.strip_prefix('+') {
        (name, Some(Modifier::Prepend))
    } else {
        (key, None)
    }
}

/// The value of a field that nothing was given for.
pub fn zero(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Number(_) => Value::Number(0.0),
        FieldKind::Bool(_) => Value::Bool(false),
        FieldKind::Json(_) => Value::Null,
        FieldKind::GeoPoint(_) => Value::Json(Point::default().to_json()),
        FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_) => choice(kind, &[]),
        FieldKind::Text(_)
        | FieldKind::Email(_)
        | FieldKind::Url(_)
        | FieldKind::Editor(_)
        | FieldKind::Date(_)
        | FieldKind::Autodate(_)
        | FieldKind::Password(_) => Value::Text(String::new()),
    }
}

/// The value of a field that `raw` was given for.
pub fn normalise(kind: &FieldKind, raw: &Json) -> Value {
    match kind {
        FieldKind::Number(_) => Value::Number(cast::number(raw)),
        FieldKind::Bool(_) => Value::Bool(cast::bool(raw)),
        FieldKind::Json(_) => stored_json(raw),
        FieldKind::GeoPoint(_) => Value::Json(Point::of(raw).to_json()),
        FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_) => {
            choice(kind, &enough(kind, cast::list(raw)))
        }
        FieldKind::Date(_) | FieldKind::Autodate(_) => {
            Value::Text(date::normalise(&cast::text(raw)).unwrap_or_default())
        }
        FieldKind::Text(_)
        | FieldKind::Email(_)
        | FieldKind::Url(_)
        | FieldKind::Editor(_)
        | FieldKind::Password(_) => Value::Text(cast::text(raw).into_owned()),
    }
}

/// So many values are kept whatever the field takes: the message about them may name them.
const FEW: usize = 100;

/// What a key with a modifier does with the value that a field has.
#[derive(Clone, Debug)]
pub enum Change {
    /// Adds a number.
    Add(f64),
    /// Appends values.
    Append(Vec<String>),
    /// Prepends values.
    Prepend(Vec<String>),
    /// Removes values.
    Remove(HashSet<String>),
    /// Keeps the value: the type has no such modifier.
    Nothing,
}

impl Change {
    /// Reads a modifier and what was sent with it.
    pub fn of(kind: &FieldKind, modifier: Modifier, raw: &Json) -> Self {
        match (kind, modifier) {
            (FieldKind::Number(_), Modifier::Append) => Self::Add(cast::number(raw)),
            (FieldKind::Number(_), Modifier::Remove) => Self::Add(-cast::number(raw)),
            (FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_), _) => {
                let given = cast::list(raw);
                match modifier {
                    Modifier::Append => Self::Append(enough(kind, given)),
                    Modifier::Prepend => Self::Prepend(enough(kind, given)),
                    Modifier::Remove => Self::Remove(given.into_iter().collect()),
                }
            }
            _ => Self::Nothing,
        }
    }

    /// The value of a field that has the value `current`.
    pub fn apply(&self, kind: &FieldKind, current: &Value) -> Value {
        let values = match (self, current) {
            (Self::Add(number), Value::Number(before)) => return Value::Number(before + number),
            (Self::Append(given), _) => {
                let mut values = list(current);
                values.extend_from_slice(given);
                values
            }
            (Self::Prepend(given), _) => {
                let mut values = given.clone();
                values.append(&mut list(current));
                values
            }
            (Self::Remove(given), _) => {
                let mut values = list(current);
                values.retain(|value| !given.contains(value));
                values
            }
            (Self::Add(_) | Self::Nothing, _) => return current.clone(),
        };
        choice(kind, &cast::distinct(values))
    }
}

/// Of many more values than a field takes some: enough to be refused for, and no more to be kept. Of several for a
/// single one the last counts, so they stay.
fn enough(kind: &FieldKind, mut values: Vec<String>) -> Vec<String> {
    let most = match kind {
        FieldKind::Select(options) => options.max_select,
        FieldKind::File(options) => options.max_select,
        FieldKind::Relation(options) => options.max_select,
        FieldKind::Text(_)
        | FieldKind::Number(_)
        | FieldKind::Bool(_)
        | FieldKind::Email(_)
        | FieldKind::Url(_)
        | FieldKind::Editor(_)
        | FieldKind::Date(_)
        | FieldKind::Autodate(_)
        | FieldKind::Json(_)
        | FieldKind::GeoPoint(_)
        | FieldKind::Password(_) => return values,
    };
    if kind.is_multiple() {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        values.truncate(most.saturating_add(1).max(FEW));
    }
    values
}

/// The values, or ids, that a field holds one or several of.
pub fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) if !text.is_empty() => vec![text.clone()],
        Value::Json(text) => serde_json::from_str(text).unwrap_or_default(),
        Value::Text(_) | Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) => {
            Vec::new()
        }
    }
}

/// One or several values, as the field holds them. Of several for a single one, the last counts.
fn choice(kind: &FieldKind, values: &[String]) -> Value {
    if kind.is_multiple() {
        let text = String::from_utf8(json::text(&values)).unwrap_or_default();
        return Value::Json(text);
    }
    Value::Text(values.last().cloned().unwrap_or_default())
}

fn stored_json(raw: &Json) -> Value {
    let parsed = raw.as_str().and_then(json_in);
    let value = parsed.as_ref().unwrap_or(raw);
    if value.is_null() {
        return Value::Null;
    }
    Value::Json(json::canonical(value))
}

/// Forms can send text only, so a text that is JSON counts as that JSON.
fn json_in(text: &str) -> Option<Json> {
    let may_be_json = matches!(text, "null" | "true" | "false")
        || text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '"' | '[' | '{'));
    // Beyond the limits it stays a text, which validation refuses.
    may_be_json.then(|| json_reader::value(text).ok())?
}

#[cfg(test)]
mod tests;
