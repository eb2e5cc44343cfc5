//! The rules of field types: what a value must be, as far as that needs no database.
//!
//! Start with [`validate`]. Codes, messages and limits are part of the wire protocol.

pub mod address;
pub mod pattern;

use plinth_sdk::types::{
    DateOptions, DomainOptions, Field, FieldKind, FieldProblem, JsonOptions, NumberOptions,
    PasswordOptions, RelationOptions, SelectOptions, TextOptions,
};
use serde_json::{Map, Value as Json};

use super::values;
use crate::db::Value;
use crate::json;

/// The most characters of a text that sets no limit.
const TEXT_MAX: i64 = 5000;
/// The most characters of a password that sets no limit.
const PASSWORD_MAX: i64 = 71;
/// The most bytes of a JSON value that sets no limit.
const JSON_MAX: i64 = 1 << 20;
/// Characters that no id has, whatever its pattern says: ids occur in paths, of URLs and of files.
const NO_ID_HAS: &[char] = &[
    '.', '/', '\\', '|', '"', '\'', '`', '<', '>', ':', '?', '*', '%', '$', '\0', '\t', '\n', '\r', ' ',
];

/// What is wrong with a field's value. A password is given as it was typed. `raw` is what the client sent.
pub fn validate(field: &Field, value: &Value, raw: Option<&Json>) -> Option<FieldProblem> {
    match (&field.kind, value) {
        (FieldKind::Text(options), Value::Text(text)) => text_problem(options, text),
        (FieldKind::Number(options), Value::Number(number)) => number_problem(options, *number),
        (FieldKind::Bool(options), Value::Bool(is)) => (options.required && !is).then(required),
        (FieldKind::Email(options), Value::Text(text)) => email_problem(options, text),
        (FieldKind::Url(options), Value::Text(text)) => url_problem(options, text),
        (FieldKind::Date(options), Value::Text(text)) => date_problem(options, text),
        (FieldKind::Select(options), _) => select_problem(options, value),
        (FieldKind::Relation(options), _) => relation_problem(options, value),
        (FieldKind::Json(options), Value::Json(text)) => json_problem(options, text, raw),
        (FieldKind::Json(options), Value::Null) => options.required.then(required),
        (FieldKind::Password(options), Value::Text(text)) => password_problem(options, text),
        (FieldKind::Autodate(_), _) => None,
        _ => Some(FieldProblem::new(
            "validation_unsupported_value_type",
            "Invalid or unsupported value type.",
        )),
    }
}

fn text_problem(options: &TextOptions, text: &str) -> Option<FieldProblem> {
    if text.is_empty() {
        return (options.required || options.primary_key).then(required);
    }
    if options.primary_key && options.pattern != pattern::ID {
        if let Some(problem) = id_problem(text) {
            return Some(problem);
        }
    }
    let max = if options.max == 0 { TEXT_MAX } else { options.max };
    let length = length(text);
    if length < options.min {
        return Some(too_short(options.min, true));
    }
    if length > max {
        return Some(broken(
            "validation_max_text_constraint",
            format!("Must be no more than {max} character(s)."),
            &[("max", max.into())],
        ));
    }
    let is_valid = !text.contains('\0') && pattern::matches(&options.pattern, text);
    (!is_valid).then(invalid_format)
}

fn id_problem(id: &str) -> Option<FieldProblem> {
    if let Some(forbidden) = NO_ID_HAS.iter().find(|c| id.contains(**c)) {
        return Some(broken(
            "validation_forbidden_pk_character",
            format!("'{forbidden}' is not a valid primary key character."),
            &[("ch", forbidden.to_string().into())],
        ));
    }
    let reserved = id.to_ascii_uppercase();
    let is_device = matches!(reserved.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || matches!(reserved.as_bytes(), [b'C', b'O', b'M', b'1'..=b'9'] | [b'L', b'P', b'T', b'1'..=b'9']);
    is_device.then(|| {
        broken(
            "validation_reserved_pk",
            format!("The primary key '{reserved}' is reserved and cannot be used."),
            &[("reserved", reserved.into())],
        )
    })
}

fn password_problem(options: &PasswordOptions, password: &str) -> Option<FieldProblem> {
    if password.is_empty() {
        return options.required.then(required);
    }
    let max = if options.max <= 0 { PASSWORD_MAX } else { options.max };
    let length = length(password);
    if length < options.min {
        return Some(too_short(options.min, false));
    }
    if length > max {
        return Some(FieldProblem::new(
            "validation_max_text_constraint",
            format!("Must be less than {max} character(s)."),
        ));
    }
    (!pattern::matches(&options.pattern, password)).then(invalid_format)
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
        return Some(FieldProblem::new("validation_invalid_url", "Must be a valid url."));
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
        let short = limit.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
        let threshold = format!("{}Z", short.replace(' ', "T"));
        broken(code, format!("{words} {short} +0000 UTC."), &[("threshold", threshold.into())])
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
    let unknown = selected.into_iter().find(|value| !options.values.contains(value))?;
    let message = sentence(&format!("Invalid value {unknown}"));
    Some(broken("validation_invalid_value", message, &[("value", unknown.into())]))
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
    let max = if options.max_size <= 0 { JSON_MAX } else { options.max_size };
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
    if has_nul(text) {
        return Some(FieldProblem::new(
            "validation_invalid_json",
            "Must be a valid json value.",
        ));
    }
    (options.required && matches!(text, "null" | r#""""# | "[]" | "{}")).then(required)
}

/// Whether a string inside has the character 0, which PostgreSQL cannot store.
fn has_nul(json: &str) -> bool {
    json.match_indices(r"\u0000").any(|(position, _)| {
        let backslashes = json.as_bytes()[..position].iter().rev();
        backslashes.take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn required() -> FieldProblem {
    FieldProblem::new("validation_required", "Cannot be blank.")
}

fn invalid_format() -> FieldProblem {
    FieldProblem::new("validation_invalid_format", "Invalid value format.")
}

fn too_short(min: i64, with_params: bool) -> FieldProblem {
    let message = format!("Must be at least {min} character(s).");
    if with_params {
        broken("validation_min_text_constraint", message, &[("min", min.into())])
    } else {
        FieldProblem::new("validation_min_text_constraint", message)
    }
}

fn broken(code: &str, message: String, params: &[(&str, Json)]) -> FieldProblem {
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    FieldProblem::Broken {
        code: code.to_owned(),
        message,
        params: Some(params.collect::<Map<_, _>>()),
    }
}

/// With a full stop, where it does not end a sentence already.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{text}{end}")
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
