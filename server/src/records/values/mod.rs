//! From what a client sent to what a column holds.
//!
//! Nothing is refused here: what makes no sense for the field's type becomes its empty value, as clients of
//! PocketBase expect. [`super::validate`] says what is wrong with the result.

mod cast;
mod date;

use plinth_sdk::types::FieldKind;
use serde_json::Value as Json;

use crate::db::{Point, Value};
use crate::json;

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
            choice(kind, &cast::list(raw))
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

/// The value of a field that has the value `current`, after `modifier` with `raw`. Types that have no such
/// modifier keep their value.
pub fn apply_modifier(kind: &FieldKind, current: &Value, modifier: Modifier, raw: &Json) -> Value {
    match (kind, current) {
        (FieldKind::Number(_), Value::Number(number)) => match modifier {
            Modifier::Append => Value::Number(number + cast::number(raw)),
            Modifier::Remove => Value::Number(number - cast::number(raw)),
            Modifier::Prepend => current.clone(),
        },
        (FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_), _) => {
            let (mut old, mut given) = (list(current), cast::list(raw));
            let values = match modifier {
                Modifier::Append => {
                    old.append(&mut given);
                    old
                }
                Modifier::Prepend => {
                    given.append(&mut old);
                    given
                }
                Modifier::Remove => {
                    old.retain(|value| !given.contains(value));
                    old
                }
            };
            choice(kind, &cast::distinct(values))
        }
        _ => current.clone(),
    }
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
    may_be_json.then(|| serde_json::from_str(text).ok())?
}

#[cfg(test)]
mod tests;
