//! Drafts of definitions are JSON, as they travel: this reads and changes single values inside.

use serde_json::{Map, Value};

/// The value at `path`, such as `authToken.duration` or `providers.0.name`; `null` where there is none.
pub(crate) fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.')
        .fold(value, |value, key| match (value, position(key)) {
            (Value::Array(items), Some(position)) => items.get(position).unwrap_or(&Value::Null),
            (value, _) => &value[key],
        })
}

/// Puts a value at `path`. Missing objects on the way are made; where a list ends before, nothing happens.
pub(crate) fn put(value: &mut Value, path: &str, new: Value) {
    let mut place = value;
    for key in path.split('.') {
        if let Value::Array(items) = place {
            let Some(item) = position(key).and_then(|position| items.get_mut(position)) else {
                return;
            };
            place = item;
            continue;
        }
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[key];
    }
    *place = new;
}

fn position(key: &str) -> Option<usize> {
    key.parse().ok()
}

/// A value as an input shows it: a text, a number, the lines of a list.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null | Value::Object(_) => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join("\n"),
    }
}

/// A number as it was typed; `empty` when nothing was. Text that is no number stays text, so that it is neither lost nor
/// taken for a number.
pub(crate) fn number(text: &str, empty: Value) -> Value {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return empty;
    }
    if let Ok(whole) = trimmed.parse::<i64>() {
        return whole.into();
    }
    match trimmed.parse::<f64>() {
        Ok(number) if number.is_finite() => number.into(),
        _ => text.into(),
    }
}

/// Whether text that was typed for a number is none: `1e400`, `1,5`, `abc`.
pub(crate) fn is_no_number(text: &str) -> bool {
    number(text, Value::Null).is_string()
}

/// A text's lines as a list. Empty ones stay, since they are being typed; [`trimmed`] drops them.
pub(crate) fn lines(text: &str) -> Value {
    if text.is_empty() {
        return Value::Array(Vec::new());
    }
    text.split('\n')
        .map(|line| Value::from(line.trim_start()))
        .collect()
}

/// The list without empty lines.
pub(crate) fn trimmed(value: &Value) -> Value {
    let Value::Array(items) = value else {
        return value.clone();
    };
    let kept = items
        .iter()
        .filter(|item| item.as_str().is_none_or(|text| !text.trim().is_empty()));
    kept.map(|item| {
        item.as_str()
            .map_or_else(|| item.clone(), |text| Value::from(text.trim()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_and_put_by_path() {
        let mut value = json!({"token": {"duration": 5}});
        assert_eq!(at(&value, "token.duration"), 5);
        assert_eq!(at(&value, "token.nothing.here"), &Value::Null);
        put(&mut value, "token.duration", json!(6));
        put(&mut value, "new.place", json!("x"));
        assert_eq!(
            value,
            json!({"token": {"duration": 6}, "new": {"place": "x"}})
        );

        let mut list = json!({"items": [{"name": "a"}, {"name": "b"}]});
        assert_eq!(at(&list, "items.1.name"), "b");
        assert_eq!(at(&list, "items.2.name"), &Value::Null);
        put(&mut list, "items.0.extra.issuer", json!("c"));
        put(&mut list, "items.2.name", json!("d"));
        let changed = json!({"items": [{"name": "a", "extra": {"issuer": "c"}}, {"name": "b"}]});
        assert_eq!(list, changed);
    }

    #[test]
    fn what_is_typed_becomes_a_value() {
        assert_eq!(number("12", Value::Null), 12);
        assert_eq!(number("1.5", Value::Null), 1.5);
        assert_eq!(number("", Value::Null), Value::Null);
        for wrong in ["1e400", "1,5", "abc", "NaN", "inf", "-"] {
            assert!(is_no_number(wrong), "{wrong}");
        }
        assert!(!is_no_number(" ") && !is_no_number("1e300"));
        assert_eq!(lines("a\n"), json!(["a", ""]));
        assert_eq!(shown(&lines("a\n\nb")), "a\n\nb");
        assert_eq!(trimmed(&lines("a\n\nb ")), json!(["a", "b"]));
        assert_eq!(trimmed(&json!(7)), 7);
    }
}
