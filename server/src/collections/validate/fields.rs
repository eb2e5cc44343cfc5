//! The list of fields: what they are called, and what changed.

use std::collections::HashSet;
use std::sync::Arc;

use plinth_sdk::types::{
    Collection as Definition, CollectionType, Field, FieldKind, FieldProblem, FieldProblems,
};
use serde_json::Value as Json;

use super::options;
use super::problem::{filled, format, found_via, inside, length, numbered, with};
use crate::schema::Collection;
use crate::schema::names::{has_via, is_number, is_reserved, is_word};
use crate::system::defaults;

/// Keys of the bodies of auth records.
const RESERVED_IN_AUTH: [&str; 2] = ["passwordConfirm", "oldPassword"];

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
            (
                "name",
                "validation_duplicated_field_name",
                "fieldName",
                &field.name,
            )
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
            FieldProblem::new(
                "validation_field_type_change",
                "Field type cannot be changed.",
            )
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
    let options = options::check(field, new, old, others);
    let common = inside([
        ("id", length(&field.id, 1, 100)),
        ("name", name(field, old)),
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

fn name(field: &Field, old: Option<&Definition>) -> Option<FieldProblem> {
    let name = field.name.as_str();
    let before = old.and_then(|old| old.fields.iter().find(|before| before.id == field.id));
    if let problem @ Some(_) = filled(name).or_else(|| length(name, 1, 100)) {
        return problem;
    }
    if !is_word(name) {
        return Some(format());
    }
    // One that an older version let through can stay.
    let is_kept = before.is_some_and(|before| before.name == name);
    if is_reserved(name) && !is_kept {
        return Some(FieldProblem::new(
            "validation_not_in_invalid",
            "Must not be in list.",
        ));
    }
    if is_number(name) && !is_kept {
        return Some(format());
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
        FieldKind::Editor(options) => &options.help,
        FieldKind::Date(options) => &options.help,
        FieldKind::Select(options) => &options.help,
        FieldKind::Json(options) => &options.help,
        FieldKind::File(options) => &options.help,
        FieldKind::Relation(options) => &options.help,
        FieldKind::GeoPoint(options) => &options.help,
        FieldKind::Password(options) => &options.help,
        FieldKind::Autodate(_) => "",
    }
}

fn at(position: usize, problem: FieldProblem) -> FieldProblem {
    FieldProblem::Inside(FieldProblems::from([(position.to_string(), problem)]))
}
