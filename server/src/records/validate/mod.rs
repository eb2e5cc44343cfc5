//! The rules of field types: what a value must be, as far as that needs no database.
//!
//! Start with [`validate`]. Codes, messages and limits are part of the wire protocol.

pub mod address;
pub mod pattern;
mod text;

use plinth_sdk::types::{
    DateOptions, DomainOptions, Field, FieldKind, FieldProblem, GeoPointOptions, JsonOptions,
    NumberOptions, RelationOptions, SelectOptions,
};
use serde_json::{Map, Value as Json};

pub use text::{EDITOR_MAX, PASSWORD_MAX, TEXT_MAX};

use super::values;
use crate::db::{Point, Value};
use crate::error::{MAX_QUOTE, quoted, sentence};
use crate::json;
use crate::json_reader::{MAX_DEPTH, MAX_VALUES, too_deep};

/// The most bytes of a JSON value that sets no limit.
pub const JSON_MAX: i64 = 1 << 20;

/// What is wrong with a field's value. A password is given as it was typed. `raw` is what the client sent.
pub fn validate(field: &Field, value: &Value, raw: Option<&Json>) -> Option<FieldProblem> {
    match (&field.kind, value) {
        (FieldKind::Text(options), Value::Text(text)) => text::problem(options, text),
        (FieldKind::Number(options), Value::Number(number)) => number_problem(options, *number),
        (FieldKind::Bool(options), Value::Bool(is)) => (options.required && !is).then(required),
        (FieldKind::Email(options), Value::Text(text)) => email_problem(options, text),
        (FieldKind::Url(options), Value::Text(text)) => url_problem(options, text),
        (FieldKind::Editor(options), Value::Text(text)) => text::editor_problem(options, text),
        (FieldKind::Date(options), Value::Text(text)) => date_problem(options, text),
        (FieldKind::Select(options), _) => select_problem(options, value),
        // Whether they are files is for whoever knows the stored record and the uploads.
        (FieldKind::File(options), _) => {
            (options.required && values::list(value).is_empty()).then(required)
        }
        (FieldKind::Relation(options), _) => relation_problem(options, value),
        (FieldKind::Json(options), Value::Json(text)) => json_problem(options, text, raw),
        (FieldKind::Json(options), Value::Null) => options.required.then(required),
        (FieldKind::GeoPoint(options), Value::Json(text)) => point_problem(options, text),
        (FieldKind::Password(options), Value::Text(text)) => text::password_problem(options, text),
        (FieldKind::Autodate(_), _) => None,
        _ => Some(FieldProblem::new(
            "validation_unsupported_value_type",
            "Invalid or unsupported value type.",
        )),
    }
}

fn number_problem(options: &NumberOptions, number: f64) -> Option<FieldProblem> {
    if !number.is_finite() {
        return Some(FieldProblem::new(
            "validation_not_a_number",
            "The submitted number is not properly formatted.",
        ));
    }
    if number == 0.0 {
        return options.required.then(required);
    }
    // What a 64-bit integer holds, as for PocketBase.
    let is_integer = number.fract() == 0.0 && (-2_f64.powi(63)..2_f64.powi(63)).contains(&number);
    if options.only_int && !is_integer {
        return Some(FieldProblem::new(
            "validation_only_int_constraint",
            "Decimal numbers are not allowed.",
        ));
    }
    if let Some(min) = options.min.filter(|min| number < *min) {
        return Some(broken(
            "validation_min_number_constraint",
            format!("Must be greater or equal than {}.", worded_number(min)),
            &[("min", min.into())],
        ));
    }
    options.max.filter(|max| number > *max).map(|max| {
        broken(
            "validation_max_number_constraint",
            format!("Must be less or equal than {}.", worded_number(max)),
            &[("max", max.into())],
        )
    })
}

fn email_problem(options: &DomainOptions, email: &str) -> Option<FieldProblem> {
    if email.is_empty() {
        return options.required.then(required);
    }
    if !address::is_email(email) {
        return Some(FieldProblem::new(
            "validation_is_email",
            "Must be a valid email address.",
        ));
    }
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    (!is_allowed(options, domain)).then(|| {
        FieldProblem::new(
            "validation_email_domain_not_allowed",
            "Email domain is not allowed.",
        )
    })
}

fn url_problem(options: &DomainOptions, url: &str) -> Option<FieldProblem> {
    if url.is_empty() {
        return options.required.then(required);
    }
    if !address::is_url(url) {
        return Some(FieldProblem::new(
            "validation_invalid_url",
            "Must be a valid url.",
        ));
    }
    (!is_allowed(options, address::host(url))).then(|| {
        FieldProblem::new(
            "validation_url_domain_not_allowed",
            "Url domain is not allowed.",
        )
    })
}

fn is_allowed(options: &DomainOptions, domain: &str) -> bool {
    let lists = |list: &Option<Vec<String>>| {
        let list = list.as_deref().filter(|list| !list.is_empty());
        list.map(|list| list.iter().any(|item| item == domain))
    };
    lists(&options.only_domains).unwrap_or(true) && !lists(&options.except_domains).unwrap_or(false)
}

fn date_problem(options: &DateOptions, date: &str) -> Option<FieldProblem> {
    if date.is_empty() {
        return options.required.then(required);
    }
    let limit = |code, words, limit: String| {
        let short = limit
            .trim_end_matches('Z')
            .trim_end_matches('0')
            .trim_end_matches('.');
        let threshold = format!("{}Z", short.replace(' ', "T"));
        broken(
            code,
            format!("{words} {short} +0000 UTC."),
            &[("threshold", threshold.into())],
        )
    };
    // Stored dates sort as text.
    if let Some(min) = values::normalise_date(&options.min).filter(|min| date < min.as_str()) {
        let code = "validation_min_greater_equal_than_required";
        return Some(limit(code, "Must be no less than", min));
    }
    let max = values::normalise_date(&options.max).filter(|max| date > max.as_str())?;
    let code = "validation_max_less_equal_than_required";
    Some(limit(code, "Must be no greater than", max))
}

fn select_problem(options: &SelectOptions, value: &Value) -> Option<FieldProblem> {
    let selected = values::list(value);
    if selected.is_empty() {
        return options.required.then(required);
    }
    if let Some(problem) = too_many(&selected, options.max_select) {
        return Some(problem);
    }
    let unknown = selected
        .into_iter()
        .find(|value| !options.values.contains(value))?;
    let unknown = quoted(&unknown, MAX_QUOTE);
    let message = sentence(&format!("Invalid value {unknown}"));
    Some(broken(
        "validation_invalid_value",
        message,
        &[("value", (*unknown).into())],
    ))
}

/// Whether the records exist is for whoever has the database.
fn relation_problem(options: &RelationOptions, value: &Value) -> Option<FieldProblem> {
    let ids = values::list(value);
    if ids.is_empty() {
        return options.required.then(required);
    }
    let min = options.min_select;
    if usize::try_from(min).is_ok_and(|min| ids.len() < min) {
        return Some(broken(
            "validation_not_enough_values",
            format!("Select at least {min}."),
            &[("minSelect", min.into())],
        ));
    }
    // PostgreSQL could not even be asked for such an id.
    let is_impossible = || ids.iter().any(|id| id.contains('\0'));
    too_many(&ids, options.max_select).or_else(|| {
        is_impossible().then(|| {
            FieldProblem::new(
                "validation_missing_rel_records",
                "Failed to find all relation records with the provided ids.",
            )
        })
    })
}

fn too_many(selected: &[String], max: i64) -> Option<FieldProblem> {
    let max = max.max(1);
    let is_too_many = usize::try_from(max).is_ok_and(|max| selected.len() > max);
    is_too_many.then(|| {
        broken(
            "validation_too_many_values",
            format!("Select no more than {max}."),
            &[("maxSelect", max.into())],
        )
    })
}

fn json_problem(options: &JsonOptions, text: &str, raw: Option<&Json>) -> Option<FieldProblem> {
    let max = if options.max_size <= 0 {
        JSON_MAX
    } else {
        options.max_size
    };
    // Text that is JSON counts with its spaces.
    let size = match raw {
        Some(Json::String(raw)) if !text.starts_with('"') => raw.len().max(text.len()),
        _ => text.len(),
    };
    if i64::try_from(size).is_ok_and(|size| size > max) {
        return Some(broken(
            "validation_json_size_limit",
            format!("The maximum allowed JSON size is {max} bytes."),
            &[("maxSize", max.into())],
        ));
    }
    if depth(text) > MAX_DEPTH {
        return Some(too_deep());
    }
    if let Some(problem) = raw.and_then(|raw| unread_problem(raw, text)) {
        return Some(problem);
    }
    if has_nul(text) {
        return Some(FieldProblem::new(
            "validation_invalid_json",
            "Must be a valid json value.",
        ));
    }
    (options.required && matches!(text, "null" | r#""""# | "[]" | "{}")).then(required)
}

fn point_problem(options: &GeoPointOptions, text: &str) -> Option<FieldProblem> {
    let point = Point::stored(text);
    if point == Point::default() {
        return options.required.then(required);
    }
    if !(-90.0..=90.0).contains(&point.lat) {
        return Some(FieldProblem::new(
            "validation_invalid_latitude",
            "Latitude must be between -90 and 90 degrees.",
        ));
    }
    (!(-180.0..=180.0).contains(&point.lon)).then(|| {
        FieldProblem::new(
            "validation_invalid_longitude",
            "Longitude must be between -180 and 180 degrees.",
        )
    })
}

/// Whether a string inside has the character 0, which PostgreSQL cannot store.
fn has_nul(json: &str) -> bool {
    json.match_indices(r"\u0000").any(|(position, _)| {
        let backslashes = json.as_bytes()[..position].iter().rev();
        backslashes.take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

/// The problem of a text that is JSON beyond the limits of what is read, so that it would be stored as a mere text.
fn unread_problem(raw: &Json, stored: &str) -> Option<FieldProblem> {
    let text = raw.as_str().filter(|text| text.starts_with(['[', '{']))?;
    let is_unread =
        stored.starts_with('"') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    is_unread.then(|| {
        if depth(text) > MAX_DEPTH {
            return too_deep();
        }
        let message = format!("Must have no more than {MAX_VALUES} values.");
        let params = [("maxValues", MAX_VALUES.into())];
        broken("validation_invalid_json", message, &params)
    })
}

/// How many lists and objects are inside each other.
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

fn required() -> FieldProblem {
    FieldProblem::new("validation_required", "Cannot be blank.")
}

fn broken(code: &str, message: String, params: &[(&str, Json)]) -> FieldProblem {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    FieldProblem::Broken {
        code: code.to_owned(),
        message,
        params: Some(params.collect::<Map<_, _>>()),
    }
}

/// A limit as messages have it: `1e+06` from a million on.
fn worded_number(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) && number.is_finite() => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => json::number_text(number),
    }
}

#[cfg(test)]
mod tests;
