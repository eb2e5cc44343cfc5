//! The list of fields: what they are called, what changed, and the options of each type.

use std::collections::HashSet;
use std::sync::Arc;

use plinth_sdk::types::{
    AutodateOptions, Collection as Definition, CollectionType, DomainOptions, Field, FieldKind,
    FieldProblem, FieldProblems, NumberOptions, PasswordOptions, RelationOptions, SelectOptions,
    TextOptions,
};
use regex::Regex;
use serde_json::Value as Json;

use super::problem::{
    filled, format, found_via, has_via, is_word, length, range, required, with,
};
use crate::collections::{Collection, defaults};
use crate::json::number_text;
use crate::records::generate;
use crate::records::validate::pattern;

/// The largest whole number that every client can read.
const MAX_SAFE: i64 = (1 << 53) - 1;
/// The most bytes that a hash takes in.
const MAX_PASSWORD: i64 = 71;
/// What a text may have when it has no limit of its own.
const DEFAULT_MAX_TEXT: i64 = 5000;

/// Names of fields that would be taken for something else.
const RESERVED: [&str; 7] = [
    "null", "true", "false", "_rowid_", "collectionId", "collectionName", "expand",
];
/// Keys of the bodies of auth records.
const RESERVED_IN_AUTH: [&str; 2] = ["passwordConfirm", "oldPassword"];

type Problems<const N: usize> = [(&'static str, Option<FieldProblem>); N];

pub(super) fn check(
    new: &Definition,
    old: Option<&Definition>,
    others: &[Arc<Collection>],
) -> Option<FieldProblem> {
    duplicates(new)
        .or_else(|| missing(new))
        .or_else(|| old.and_then(|old| changes(new, old)))
        .or_else(|| reserved_in_auth(new))
        .or_else(|| {
            let one = |field| check_one(field, new, old, others);
            numbered(new.fields.iter().map(one))
        })
}

/// Databases and filters do not tell `a` from `A`.
fn duplicates(new: &Definition) -> Option<FieldProblem> {
    let mut ids = HashSet::new();
    let mut names = HashSet::new();
    new.fields.iter().enumerate().find_map(|(position, field)| {
        let (key, code, param, value) = if !ids.insert(field.id.as_str()) {
            ("id", "validation_duplicated_field_id", "fieldId", &field.id)
        } else if !names.insert(field.name.to_lowercase()) {
            ("name", "validation_duplicated_field_name", "fieldName", &field.name)
        } else {
            return None;
        };
        let message = format!("Duplicated or invalid field {key} {value}.");
        let problem = with(code, message, [(param, Json::from(value.as_str()))]);
        let inside = FieldProblem::Inside(FieldProblems::from([(key.to_owned(), problem)]));
        Some(at(position, inside))
    })
}

fn missing(new: &Definition) -> Option<FieldProblem> {
    let is_key = |field: &Field| {
        field.name == "id" && matches!(&field.kind, FieldKind::Text(options) if options.primary_key)
    };
    if !new.fields.iter().any(is_key) {
        return Some(FieldProblem::new(
            "validation_missing_primary_key",
            "Missing or invalid \"id\" PK field.",
        ));
    }
    if new.kind != CollectionType::Auth {
        return None;
    }
    let needed = defaults::auth_fields();
    let missing = needed.iter().find(|needed| {
        !new.fields.iter().any(|field| {
            field.system && field.name == needed.name && field.kind.name() == needed.kind.name()
        })
    })?;
    let name = &missing.name;
    Some(FieldProblem::new(
        format!("validation_missing_{}_field", name.to_ascii_lowercase()),
        format!("Missing or invalid system field {name}."),
    ))
}

fn changes(new: &Definition, old: &Definition) -> Option<FieldProblem> {
    let successor = |before: &Field| new.fields.iter().find(|field| field.id == before.id);
    let system = old.fields.iter().filter(|field| field.system);
    let is_gone = |before: &Field| successor(before).is_none_or(|after| after.name != before.name);
    if system.into_iter().any(is_gone) {
        return Some(FieldProblem::new(
            "validation_system_field_change",
            "System fields cannot be deleted or renamed.",
        ));
    }
    numbered(new.fields.iter().map(|field| {
        let before = old.fields.iter().find(|before| before.id == field.id)?;
        (before.kind.name() != field.kind.name()).then(|| {
            FieldProblem::new("validation_field_type_change", "Field type cannot be changed.")
        })
    }))
}

fn reserved_in_auth(new: &Definition) -> Option<FieldProblem> {
    if new.kind != CollectionType::Auth {
        return None;
    }
    numbered(new.fields.iter().map(|field| {
        let is_reserved = RESERVED_IN_AUTH.contains(&field.name.as_str());
        let problem = is_reserved.then(|| {
            FieldProblem::new(
                "validation_reserved_field_name",
                "The field name is reserved and cannot be used.",
            )
        });
        inside([("name", problem)])
    }))
}

fn check_one(
    field: &Field,
    new: &Definition,
    old: Option<&Definition>,
    others: &[Arc<Collection>],
) -> Option<FieldProblem> {
    let options = match &field.kind {
        FieldKind::Text(options) => text(options, field, new),
        FieldKind::Number(options) => number(options),
        FieldKind::Email(options) | FieldKind::Url(options) => domains(options),
        FieldKind::Autodate(options) => autodate(options),
        FieldKind::Select(options) => select(options),
        FieldKind::Json(options) => inside([("maxSize", range(options.max_size, 0, MAX_SAFE))]),
        FieldKind::Relation(options) => relation(options, field, new, old, others),
        FieldKind::Password(options) => password(options),
        FieldKind::Bool(_) | FieldKind::Date(_) => None,
    };
    let common = inside([
        ("id", length(&field.id, 1, 100)),
        ("name", name(field)),
        ("help", length(help(&field.kind), 1, 300)),
    ]);
    match (options, common) {
        (Some(FieldProblem::Inside(mut options)), Some(FieldProblem::Inside(common))) => {
            for (key, problem) in common {
                options.insert(key, problem);
            }
            Some(FieldProblem::Inside(options))
        }
        (options, common) => common.or(options),
    }
}

fn name(field: &Field) -> Option<FieldProblem> {
    let name = field.name.as_str();
    if let problem @ Some(_) = filled(name).or_else(|| length(name, 1, 100)) {
        return problem;
    }
    if !is_word(name) {
        return Some(format());
    }
    if RESERVED.contains(&name) || name.eq_ignore_ascii_case("_rowid_") {
        return Some(FieldProblem::new(
            "validation_not_in_invalid",
            "Must not be in list.",
        ));
    }
    if has_via(name) {
        return Some(found_via());
    }
    let is_key = matches!(&field.kind, FieldKind::Text(options) if options.primary_key);
    (is_key && name != "id").then(|| {
        FieldProblem::new(
            "validation_in_invalid",
            "The primary key must be named \"id\".",
        )
    })
}

fn help(kind: &FieldKind) -> &str {
    match kind {
        FieldKind::Text(options) => &options.help,
        FieldKind::Number(options) => &options.help,
        FieldKind::Bool(options) => &options.help,
        FieldKind::Email(options) | FieldKind::Url(options) => &options.help,
        FieldKind::Date(options) => &options.help,
        FieldKind::Select(options) => &options.help,
        FieldKind::Json(options) => &options.help,
        FieldKind::Relation(options) => &options.help,
        FieldKind::Password(options) => &options.help,
        FieldKind::Autodate(_) => "",
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
    let generated = unreadable.is_none().then(|| autogenerate(options)).flatten();
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
    let Some(value) = generate::generate(recipe) else {
        return Some(FieldProblem::new(
            "validation_invalid_autogenerate_pattern",
            "Values cannot be generated from this pattern.",
        ));
    };
    let max = if options.max > 0 { options.max } else { DEFAULT_MAX_TEXT };
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
    inside([("min", whole(options.min)), ("max", whole(options.max).or(order))])
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
            (!is_fine)
                .then(|| FieldProblem::new("validation_is_domain", "Must be a valid domain."))
        }))
    };
    inside([("onlyDomains", check(only, except)), ("exceptDomains", check(except, only))])
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
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
    let most = i64::try_from(options.values.len()).unwrap_or(i64::MAX).max(1);
    inside([
        ("values", options.values.is_empty().then(required)),
        ("maxSelect", range(options.max_select, 0, most)),
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

fn inside<const N: usize>(problems: Problems<N>) -> Option<FieldProblem> {
    let problems: FieldProblems = problems
        .into_iter()
        .filter_map(|(key, problem)| Some((key.to_owned(), problem?)))
        .collect();
    (!problems.is_empty()).then_some(FieldProblem::Inside(problems))
}

fn numbered(problems: impl Iterator<Item = Option<FieldProblem>>) -> Option<FieldProblem> {
    let problems: FieldProblems = problems
        .enumerate()
        .filter_map(|(position, problem)| Some((position.to_string(), problem?)))
        .collect();
    (!problems.is_empty()).then_some(FieldProblem::Inside(problems))
}

fn at(position: usize, problem: FieldProblem) -> FieldProblem {
    FieldProblem::Inside(FieldProblems::from([(position.to_string(), problem)]))
}
