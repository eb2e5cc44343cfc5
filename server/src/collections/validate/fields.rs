//! Validation of a definition's fields: their names, their options, and what changed.

use std::collections::HashSet;
use std::sync::Arc;

use plinth_sdk::types::{Collection as Definition, CollectionType, Field, FieldKind, FieldProblem};

use crate::fields;
use crate::problems::{self, at, filled, inside, length, numbered};
use crate::schema::Collection;
use crate::schema::names::{has_via, is_number, is_reserved, is_word};
use crate::system::defaults;

/// Keys of the bodies of auth records.
const RESERVED_IN_AUTH: [&str; 2] = ["passwordConfirm", "oldPassword"];
/// The most bytes of a field's hint.
const MAX_HELP: usize = 300;

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

/// Finds a repeated id or name. Databases and filters ignore the case of names.
fn duplicates(new: &Definition) -> Option<FieldProblem> {
    let mut ids = HashSet::new();
    let mut names = HashSet::new();
    new.fields.iter().enumerate().find_map(|(position, field)| {
        let problem = if !ids.insert(field.id.as_str()) {
            let id = field.id.as_str();
            let problem = problems::DUPLICATE_FIELD_ID.with([("fieldId", id.into())]);
            inside([("id", Some(problem))])
        } else if !names.insert(field.name.to_lowercase()) {
            let name = field.name.as_str();
            let problem = problems::DUPLICATE_FIELD_NAME.with([("fieldName", name.into())]);
            inside([("name", Some(problem))])
        } else {
            None
        };
        problem.map(|problem| at(position, problem))
    })
}

fn missing(new: &Definition) -> Option<FieldProblem> {
    let is_key = |field: &Field| {
        field.name == "id" && matches!(&field.kind, FieldKind::Text(options) if options.primary_key)
    };
    if !new.fields.iter().any(is_key) {
        return Some(problems::MISSING_PRIMARY_KEY.problem());
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
    let (name, key) = (&missing.name, missing.name.to_ascii_lowercase());
    Some(problems::MISSING_SYSTEM_FIELD.worded([("key", &key), ("name", name)]))
}

fn changes(new: &Definition, old: &Definition) -> Option<FieldProblem> {
    let successor = |before: &Field| new.fields.iter().find(|field| field.id == before.id);
    let system = old.fields.iter().filter(|field| field.system);
    let is_gone = |before: &Field| successor(before).is_none_or(|after| after.name != before.name);
    if system.into_iter().any(is_gone) {
        return Some(problems::SYSTEM_FIELD_CHANGE.problem());
    }
    numbered(new.fields.iter().map(|field| {
        let before = old.fields.iter().find(|before| before.id == field.id)?;
        let is_changed = before.kind.name() != field.kind.name();
        is_changed.then(|| problems::FIELD_TYPE_CHANGE.problem())
    }))
}

fn reserved_in_auth(new: &Definition) -> Option<FieldProblem> {
    if new.kind != CollectionType::Auth {
        return None;
    }
    numbered(new.fields.iter().map(|field| {
        let is_reserved = RESERVED_IN_AUTH.contains(&field.name.as_str());
        let problem = is_reserved.then(|| problems::RESERVED_FIELD_NAME.problem());
        inside([("name", problem)])
    }))
}

fn check_one(
    field: &Field,
    new: &Definition,
    old: Option<&Definition>,
    others: &[Arc<Collection>],
) -> Option<FieldProblem> {
    let is_view = |id: &str| {
        let found = others.iter().find(|other| other.def.id == id)?;
        Some(found.is_view())
    };
    let definition = fields::Definition {
        field,
        collection: new,
        before: old.and_then(|old| old.fields.iter().find(|before| before.id == field.id)),
        is_view: &is_view,
    };
    let options = fields::of(&field.kind).option_problems(&definition);
    let common = inside([
        ("id", length(&field.id, 1, 100)),
        ("name", name(field, old)),
        ("help", length(field.kind.help(), 1, MAX_HELP)),
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
        return Some(problems::MATCH.problem());
    }
    // A name that an older version accepted can stay.
    let is_kept = before.is_some_and(|before| before.name == name);
    if is_reserved(name) && !is_kept {
        return Some(problems::RESERVED.problem());
    }
    if is_number(name) && !is_kept {
        return Some(problems::MATCH.problem());
    }
    if has_via(name) {
        return Some(problems::FOUND_VIA.problem());
    }
    let is_key = matches!(&field.kind, FieldKind::Text(options) if options.primary_key);
    (is_key && name != "id").then(|| problems::PRIMARY_KEY_NAME.problem())
}
