//! Conversions of JSON to the types of fields. Each value has one: what makes no sense becomes the zero value.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::json_reader;

/// Converts a value to text; lists and objects become empty.
pub(crate) fn text(raw: &Json) -> Cow<'_, str> {
    match raw {
        Json::String(text) => Cow::Borrowed(text),
        Json::Bool(bool) => Cow::Borrowed(if *bool { "true" } else { "false" }),
        Json::Number(number) => Cow::Owned(number.as_f64().unwrap_or_default().to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => Cow::Borrowed(""),
    }
}

/// Converts a value to a number. Text can be `NaN` and `Infinity`, which validation refuses.
pub(super) fn number(raw: &Json) -> f64 {
    match raw {
        Json::Number(number) => number.as_f64().unwrap_or_default(),
        Json::Bool(bool) => f64::from(u8::from(*bool)),
        Json::String(text) => parse_number(text).unwrap_or_default(),
        Json::Null | Json::Array(_) | Json::Object(_) => 0.0,
    }
}

fn parse_number(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'_') {
        let number: f64 = text.parse().ok()?;
        let is_too_large = number.is_infinite() && bytes.iter().any(u8::is_ascii_digit);
        return (!is_too_large).then_some(number);
    }
    let separates = |window: &[u8]| {
        window[1] != b'_' || (window[0].is_ascii_digit() && window[2].is_ascii_digit())
    };
    if bytes.starts_with(b"_") || bytes.ends_with(b"_") || !bytes.windows(3).all(separates) {
        return None;
    }
    parse_number(&text.replace('_', ""))
}

/// Converts a value to a bool; numbers other than 0 are true.
pub(super) fn bool(raw: &Json) -> bool {
    match raw {
        Json::Bool(bool) => *bool,
        Json::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Json::String(text) => {
            matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True")
        }
        Json::Null | Json::Array(_) | Json::Object(_) => false,
    }
}

/// Converts a value to distinct texts that are not empty. Forms can send text only, so text with a JSON list counts as
/// the list.
pub(super) fn list(raw: &Json) -> Vec<String> {
    let values = match raw {
        Json::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => {
            Vec::new()
        }
        Json::Array(items) => items.iter().map(|item| text(item).into_owned()).collect(),
        Json::String(text) if text.contains('[') => {
            texts(text).unwrap_or_else(|| vec![text.clone()])
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
            vec![text(raw).into_owned()]
        }
    };
    distinct(values)
}

/// Reads a JSON list of texts and nulls.
fn texts(json: &str) -> Option<Vec<String>> {
    let Json::Array(items) = json_reader::value(json).ok()? else {
        return None;
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Json::String(text) => texts.push(text),
            Json::Null => {}
            Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => return None,
        }
    }
    Some(texts)
}

/// Removes repetitions and empty values, keeping the order of first occurrence.
pub(super) fn distinct(values: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::with_capacity(values.len());
    let keep: Vec<bool> = values
        .iter()
        .map(|value| !value.is_empty() && seen.insert(value.as_str()))
        .collect();
    drop(seen);
    let mut keep = keep.into_iter();
    let mut values = values;
    values.retain(|_| keep.next().unwrap_or_default());
    values
}
