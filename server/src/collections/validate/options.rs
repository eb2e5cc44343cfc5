//! The options of fields, type by type.

use std::sync::Arc;

use plinth_sdk::types::{
    AutodateOptions, Collection as Definition, DomainOptions, Field, FieldKind, FieldProblem,
    FileOptions, NumberOptions, PasswordOptions, RelationOptions, SelectOptions, TextOptions,
};
use regex::Regex;
use serde_json::Value as Json;

use super::problem::{self, filled, inside, numbered, range, required, with};
use crate::files::thumb::Size;
use crate::json::number_text;
use crate::random::Random;
use crate::records::generate;
use crate::records::validate::pattern;
use crate::schema::Collection;

/// The largest whole number that every client can read.
const MAX_SAFE: i64 = (1 << 53) - 1;
/// The most bytes that a hash takes in.
const MAX_PASSWORD: i64 = 71;
/// What a text may have when it has no limit of its own.
const DEFAULT_MAX_TEXT: i64 = 5000;

/// What is wrong with the options of a field.
pub(super) fn check(
    field: &Field,
    new: &Definition,
    old: Option<&Definition>,
    others: &[Arc<Collection>],
) -> Option<FieldProblem> {
    match &field.kind {
        FieldKind::Text(options) => text(options, field, new),
        FieldKind::Number(options) => number(options),
        FieldKind::Email(options) | FieldKind::Url(options) => domains(options),
        FieldKind::Autodate(options) => autodate(options),
        FieldKind::Select(options) => select(options),
        FieldKind::Editor(options) => inside([("maxSize", range(options.max_size, 0, MAX_SAFE))]),
        FieldKind::Json(options) => inside([("maxSize", range(options.max_size, 0, MAX_SAFE))]),
        FieldKind::File(options) => file(options),
        FieldKind::Relation(options) => relation(options, field, new, old, others),
        FieldKind::Password(options) => password(options),
        FieldKind::Bool(_) | FieldKind::Date(_) | FieldKind::GeoPoint(_) => None,
    }
}

fn text(options: &TextOptions, field: &Field, new: &Definition) -> Option<FieldProblem> {
    let is_key = options.primary_key;
    let is_other_key = |other: &Field| {
        other.id != field.id && matches!(&other.kind, FieldKind::Text(o) if o.primary_key)
    };
    let second_key = (is_key && new.fields.iter().any(is_other_key)).then(|| {
        FieldProblem::new(
            "validation_unsupported_composite_pk",
            "Composite PKs are not supported and the collection must have only 1 PK.",
        )
    });
    let unreadable = regex_problem(&options.pattern);
    let generated = unreadable
        .is_none()
        .then(|| autogenerate(options))
        .flatten();
    let key_pattern = is_key.then(|| filled(&options.pattern)).flatten();
    inside([
        ("min", range(options.min, 0, MAX_SAFE)),
        ("max", range(options.max, options.min, MAX_SAFE)),
        ("pattern", key_pattern.or(unreadable)),
        ("autogeneratePattern", generated),
        ("primaryKey", second_key),
        ("required", (is_key && !options.required).then(required)),
    ])
}

/// A pattern whose values the field itself would refuse is of no use.
fn autogenerate(options: &TextOptions) -> Option<FieldProblem> {
    let recipe = options.autogenerate_pattern.as_str();
    if recipe.is_empty() {
        return None;
    }
    if let problem @ Some(_) = regex_problem(recipe) {
        return problem;
    }
    // A sample. That it is always the same one makes the decision reproducible.
    let Some(value) = generate::generate(recipe, &Random::seeded(0)) else {
        return Some(FieldProblem::new(
            "validation_invalid_autogenerate_pattern",
            "Values cannot be generated from this pattern.",
        ));
    };
    let max = if options.max > 0 {
        options.max
    } else {
        DEFAULT_MAX_TEXT
    };
    let fits = i64::try_from(value.chars().count()).is_ok_and(|n| n >= options.min && n <= max)
        && pattern::matches(&options.pattern, &value);
    (!fits).then(|| {
        FieldProblem::new(
            "validation_invalid_autogenerate_pattern_value",
            format!("The provided autogenerate pattern could produce invalid field values, ex.: \"{value}\"."),
        )
    })
}

fn regex_problem(text: &str) -> Option<FieldProblem> {
    if pattern::is_valid(text) {
        return None;
    }
    let error = Regex::new(&pattern::translate(text)).err();
    let error = error.map_or_else(|| "too large".to_owned(), |error| error.to_string());
    // A syntax error is a drawing of the place; its last line is the reason.
    let reason = error.lines().last().unwrap_or_default();
    let reason = reason.trim_start_matches("error: ").trim_end_matches('.');
    Some(FieldProblem::new(
        "validation_invalid_regex",
        format!("Error parsing regexp: {reason}."),
    ))
}

fn number(options: &NumberOptions) -> Option<FieldProblem> {
    let is_wrong = |limit: Option<f64>| options.only_int && limit.is_some_and(|n| n.fract() != 0.0);
    let whole = |limit| {
        is_wrong(limit).then(|| {
            FieldProblem::new(
                "validation_only_int_constraint",
                "Decimal numbers are not allowed.",
            )
        })
    };
    let order = match (options.min, options.max) {
        (Some(min), Some(max)) if max < min => Some(with(
            "validation_min_number_constraint",
            format!("Must be greater or equal than {}.", number_text(min)),
            [("min", Json::from(min))],
        )),
        _ => None,
    };
    inside([
        ("min", whole(options.min)),
        ("max", whole(options.max).or(order)),
    ])
}

fn domains(options: &DomainOptions) -> Option<FieldProblem> {
    let only = options.only_domains.as_deref().unwrap_or_default();
    let except = options.except_domains.as_deref().unwrap_or_default();
    let check = |list: &[String], other: &[String]| {
        if !list.is_empty() && !other.is_empty() {
            return Some(FieldProblem::new("validation_empty", "Must be blank."));
        }
        numbered(list.iter().map(|domain| {
            let is_fine = domain.is_empty() || is_domain(domain);
            (!is_fine).then(|| FieldProblem::new("validation_is_domain", "Must be a valid domain."))
        }))
    };
    inside([
        ("onlyDomains", check(only, except)),
        ("exceptDomains", check(except, only)),
    ])
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.rsplit_once('.').is_some_and(|(rest, last)| {
        let is_top = last.bytes().all(|b| b.is_ascii_alphabetic()) || last.starts_with("xn--");
        is_top && is_label(last) && rest.split('.').all(is_label)
    })
}

fn autodate(options: &AutodateOptions) -> Option<FieldProblem> {
    let never = || {
        (!options.on_create && !options.on_update).then(|| {
            FieldProblem::new(
                "validation_required",
                "Either onCreate or onUpdate must be enabled.",
            )
        })
    };
    inside([("onCreate", never()), ("onUpdate", never())])
}

fn select(options: &SelectOptions) -> Option<FieldProblem> {
    let most = i64::try_from(options.values.len())
        .unwrap_or(i64::MAX)
        .max(1);
    inside([
        ("values", options.values.is_empty().then(required)),
        ("maxSelect", range(options.max_select, 0, most)),
    ])
}

fn file(options: &FileOptions) -> Option<FieldProblem> {
    let thumbs = options.thumbs.iter().flatten().map(|size| {
        if size.is_empty() || Size::parse(size).is_some() {
            None
        } else if Size::is_nothing(size) {
            let problem = FieldProblem::new("validation_not_in_invalid", "Must not be in list.");
            Some(problem)
        } else {
            Some(problem::format())
        }
    });
    inside([
        ("maxSelect", range(options.max_select, 0, MAX_SAFE)),
        ("maxSize", range(options.max_size, 0, MAX_SAFE)),
        ("thumbs", numbered(thumbs)),
    ])
}

fn relation(
    options: &RelationOptions,
    field: &Field,
    new: &Definition,
    old: Option<&Definition>,
    others: &[Arc<Collection>],
) -> Option<FieldProblem> {
    let id = options.collection_id.as_str();
    let before = old.and_then(|old| old.fields.iter().find(|before| before.id == field.id));
    let is_moved = before.is_some_and(
        |before| matches!(&before.kind, FieldKind::Relation(o) if o.collection_id != id),
    );
    let target = if is_moved {
        Some(FieldProblem::new(
            "validation_field_relation_change",
            "The relation collection cannot be changed.",
        ))
    } else if others
        .iter()
        .any(|other| other.def.id == id && other.is_view())
    {
        Some(FieldProblem::new(
            "validation_relation_field_non_view_base_collection",
            "Only view collections are allowed to have relations to other views.",
        ))
    } else if id != new.id && !others.iter().any(|other| other.def.id == id) {
        Some(FieldProblem::new(
            "validation_field_relation_missing_collection",
            "The relation collection doesn't exist.",
        ))
    } else {
        None
    };
    let is_needed = options.min_select > 0 && options.max_select == 0;
    let most = range(options.max_select, options.min_select, i64::MAX);
    inside([
        ("collectionId", filled(id).or(target)),
        ("minSelect", range(options.min_select, 0, i64::MAX)),
        ("maxSelect", is_needed.then(required).or(most)),
    ])
}

fn password(options: &PasswordOptions) -> Option<FieldProblem> {
    inside([
        ("min", range(options.min, 1, MAX_PASSWORD)),
        ("max", range(options.max, options.min, MAX_PASSWORD)),
        ("pattern", regex_problem(&options.pattern)),
        ("cost", range(options.cost, 4, 31)),
    ])
}
