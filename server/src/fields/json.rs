//! Any JSON value.

use plinth_sdk::types::{FieldKind, FieldProblem, JsonOptions};
use serde_json::Value as Json;

use super::definition::{Definition, size};
use super::schema::{Context, Described, Notes, anything};
use super::{FieldType, JSON_BYTES_OF_BYTE, Shape, required, unsupported};
use crate::db::{ColumnType, Value};
use crate::json::canonical;
use crate::json_reader::{self, MAX_DEPTH, MAX_VALUES, too_deep};
use crate::problems::{self, inside};

impl FieldType for JsonOptions {
    fn storage(&self) -> ColumnType {
        ColumnType::Json
    }

    fn shape(&self) -> Shape {
        Shape::Json
    }

    fn zero(&self) -> Value {
        Value::Null
    }

    fn normalise(&self, raw: &Json) -> Value {
        let parsed = raw.as_str().and_then(json_in);
        let value = parsed.as_ref().unwrap_or(raw);
        if value.is_null() {
            return Value::Null;
        }
        Value::Json(canonical(value))
    }

    fn problem(&self, value: &Value, raw: Option<&Json>) -> Option<FieldProblem> {
        let text = match value {
            Value::Json(text) => text,
            Value::Null => return required(self.required),
            Value::Text(_) | Value::Number(_) | Value::Int(_) | Value::Bool(_) => {
                return Some(unsupported());
            }
        };
        // Text that is JSON counts with its spaces.
        let size = match raw {
            Some(Json::String(raw)) if !text.starts_with('"') => raw.len().max(text.len()),
            _ => text.len(),
        };
        let max = self.most_bytes();
        if i64::try_from(size).is_ok_and(|size| size > max) {
            return Some(problems::JSON_SIZE.with([("maxSize", max.into())]));
        }
        if depth(text) > MAX_DEPTH {
            return Some(too_deep());
        }
        if let Some(problem) = raw.and_then(|raw| unread_problem(raw, text)) {
            return Some(problem);
        }
        if has_nul(text) {
            return Some(problems::INVALID_JSON.problem());
        }
        required(self.required && matches!(text.as_str(), "null" | r#""""# | "[]" | "{}"))
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        inside([("maxSize", size(self.max_size))])
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Json(Self {
            max_size: self.max_size.max(Self::DEFAULT_MAX_SIZE),
            ..Self::default()
        })
    }

    fn body_bytes(&self) -> i64 {
        self.most_bytes().saturating_mul(JSON_BYTES_OF_BYTE)
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let most = self.most_bytes();
        let notes = notes
            .add_if(
                context.is_body(),
                &format!("Any JSON, of {most} bytes at most."),
            )
            .add_if(context.is_body() && self.required, "Not empty.");
        anything().description(notes.join()).into()
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "Any JSON value. A string that is JSON becomes that JSON, since forms send strings only.",
            example: r#"{"tags": ["a", "b"]}"#,
            refused: vec![
                (json!({"required": true}), json!(null)),
                (json!({"maxSize": 1}), json!([1])),
                (
                    json!({}),
                    json!(format!("{}{}", "[".repeat(200), "]".repeat(200))),
                ),
                (json!({}), json!("\0")),
            ],
            elsewhere: &[],
        }
    }
}

/// Reads text that is JSON: forms can send text only. Beyond the limits of depth and number it stays text, which validation
/// refuses.
fn json_in(text: &str) -> Option<Json> {
    let may_be_json = matches!(text, "null" | "true" | "false")
        || text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '"' | '[' | '{'));
    may_be_json.then(|| json_reader::value(text).ok())?
}

/// Returns whether a string inside has the character NUL, which PostgreSQL cannot store.
fn has_nul(json: &str) -> bool {
    json.match_indices(r"\u0000").any(|(position, _)| {
        let backslashes = json.as_bytes()[..position].iter().rev();
        backslashes.take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

/// Returns the problem of text that is JSON beyond the limits of the reader, so that it would be stored as mere text.
fn unread_problem(raw: &Json, stored: &str) -> Option<FieldProblem> {
    let text = raw.as_str().filter(|text| text.starts_with(['[', '{']))?;
    let is_unread =
        stored.starts_with('"') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    is_unread.then(|| {
        if depth(text) > MAX_DEPTH {
            return too_deep();
        }
        problems::JSON_TOO_LARGE.with([("maxValues", MAX_VALUES.into())])
    })
}

/// Returns how many lists and objects are inside each other.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.bytes();
    let mut is_text = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_text = !is_text,
            b'\\' => drop(bytes.next()),
            b'[' | b'{' if !is_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
