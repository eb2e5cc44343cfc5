//! Validation of indexes: they can be parsed, and both databases accept them.

use std::sync::Arc;

use plinth_sdk::types::{Collection as Definition, CollectionType, FieldProblem};

use super::names::{is_derived, is_reserved, is_same};
use crate::db::ColumnType;
use crate::fields::storage;
use crate::problems::{self, at};
use crate::schema::{Collection, Index};
use crate::system::defaults;

/// Returns the problem of the first index that is invalid by itself.
pub(super) fn check(new: &Definition, others: &[Arc<Collection>]) -> Option<FieldProblem> {
    let mut indexes: Vec<Index> = Vec::new();
    for (position, text) in new.indexes.iter().enumerate() {
        let Ok(index) = Index::parse(text) else {
            return Some(at(position, problems::INDEX_SYNTAX.problem()));
        };
        if let Some(problem) = check_one(&index, &indexes, others) {
            return Some(at(position, problem));
        }
        indexes.push(index);
    }
    if new.kind != CollectionType::Auth {
        return None;
    }
    let needed = defaults::auth_indexes(&new.id, &new.name);
    let missing = needed
        .iter()
        .find(|(field, _)| !indexes.iter().any(|index| index.is_unique_on(field)))?;
    Some(problems::MISSING_UNIQUE_INDEX.worded([("field", missing.0)]))
}

fn check_one(index: &Index, before: &[Index], others: &[Arc<Collection>]) -> Option<FieldProblem> {
    if before.iter().any(|other| is_same(&other.name, &index.name)) {
        return Some(problems::DUPLICATE_INDEX_NAME.problem());
    }
    let has_it =
        |other: &&Arc<Collection>| other.indexes.iter().any(|i| is_same(&i.name, &index.name));
    if let Some(other) = others.iter().find(has_it) {
        let name = other.def.name.as_str();
        return Some(problems::EXISTING_INDEX_NAME.with([("usedTableName", name.into())]));
    }
    let is_known = before.iter().any(|other| other.same_as(index));
    is_known.then(|| problems::DUPLICATE_INDEX.problem())
}

/// Returns the problem of the first index that a database would refuse. Only a definition that is valid otherwise is checked.
pub(super) fn check_against_tables(
    new: &Definition,
    others: &[Arc<Collection>],
) -> Option<FieldProblem> {
    for (position, text) in new.indexes.iter().enumerate() {
        let Ok(index) = Index::parse(text) else {
            continue;
        };
        if let Some(reason) = refusal(&index, new, others) {
            let words = [("name", &*index.name), ("reason", &*reason)];
            return Some(at(position, problems::INDEX_REFUSED.worded(words)));
        }
    }
    None
}

fn refusal(index: &Index, new: &Definition, others: &[Arc<Collection>]) -> Option<String> {
    let name = index.name.as_str();
    let has_field = |name: &str| new.fields.iter().any(|field| field.name == name);
    if is_reserved(name) {
        return Some(format!(
            "SQL logic error: object name reserved for internal use: {name} (1)"
        ));
    }
    let is_table = is_same(&new.name, name) || others.iter().any(|o| is_same(&o.def.name, name));
    if name.is_empty() || is_table || is_derived(name, others) {
        return Some(format!(
            "SQL logic error: there is already a table named {name} (1)"
        ));
    }
    if let Some(missing) = index.mentions().into_iter().find(|name| !has_field(name)) {
        return Some(format!("SQL logic error: no such column: {missing} (1)"));
    }
    let no_case = index.columns.iter().filter(|column| column.no_case);
    let is_text = |name: &str| {
        let field = new.fields.iter().find(|field| field.name == name);
        field.is_some_and(|field| storage(&field.kind) == ColumnType::Text)
    };
    let wrong = no_case.into_iter().find(|column| !is_text(&column.name))?;
    Some(format!(
        "only texts have upper and lower case, {} is none",
        wrong.name
    ))
}
