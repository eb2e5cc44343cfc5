//! Validation of definitions.

mod auth;
mod fields;
mod indexes;
mod names;

use std::sync::Arc;

use plinth_sdk::types::{self as wire, FieldProblem, FieldProblems};

use crate::policy::RuleCheck;
use crate::problems;
use crate::schema::{Author, Collection, Schema};
use crate::views::store::known;

/// Validates `new`, which replaces `old` among the collections of `schema`.
pub(super) fn validate(
    new: &wire::Collection,
    old: Option<&wire::Collection>,
    schema: &Schema,
    author: Author,
) -> FieldProblems {
    let is_old = |collection: &Collection| old.is_some_and(|old| old.id == collection.def.id);
    let others: Vec<Arc<Collection>> = schema
        .iter()
        .filter(|collection| !is_old(collection))
        .cloned()
        .collect();
    let mut known = known(schema, author);
    known.retain(|collection| !is_old(collection));
    let mut found = FieldProblems::new();
    let mut put = |key: &str, problem: Option<FieldProblem>| {
        if let Some(problem) = problem {
            found.insert(key.to_owned(), problem);
        }
    };

    put("id", names::id(new, old, &others));
    put("name", names::name(new, old, &others));
    put("type", old.and_then(|old| kind_change(new, old)));
    put("system", system_change(new, old, author));
    let is_view = new.kind == wire::CollectionType::View;
    if is_view {
        // Its query made the fields.
        put(
            "indexes",
            (!new.indexes.is_empty()).then(|| problems::VIEW_INDEXES.problem()),
        );
    } else {
        put("fields", fields::check(new, old, &known));
        put("indexes", indexes::check(new, &others));
    }

    let is_known = |other: &Arc<Collection>| known.iter().any(|one| one.def.id == other.def.id);
    let closed = others.iter().filter(|other| !is_known(other));
    let closed = closed.map(|other| other.def.id.clone()).collect();
    let rules = RuleCheck::new(new, &others, closed, schema.version);
    let old_auth = old.and_then(|old| old.auth.as_deref());
    let auth = new.auth.as_deref();
    for (key, rule, old_rule) in [
        ("listRule", &new.list_rule, old.map(|old| &old.list_rule)),
        ("viewRule", &new.view_rule, old.map(|old| &old.view_rule)),
        (
            "createRule",
            &new.create_rule,
            old.map(|old| &old.create_rule),
        ),
        (
            "updateRule",
            &new.update_rule,
            old.map(|old| &old.update_rule),
        ),
        (
            "deleteRule",
            &new.delete_rule,
            old.map(|old| &old.delete_rule),
        ),
    ] {
        put(
            key,
            if is_view && !matches!(key, "listRule" | "viewRule") {
                rule.as_ref().map(|_| problems::NOT_NIL.problem())
            } else {
                rules.check(key, rule.as_deref(), old_rule)
            },
        );
    }
    if let Some(auth) = auth {
        let old_rule = old_auth.map(|old| &old.auth_rule);
        put(
            "authRule",
            rules.check("authRule", auth.auth_rule.as_deref(), old_rule),
        );
        let old_rule = old_auth.map(|old| &old.manage_rule);
        put(
            "manageRule",
            match auth.manage_rule.as_deref() {
                Some("") => Some(problems::NIL_OR_FILLED.problem()),
                rule => rules.check("manageRule", rule, old_rule),
            },
        );
        let mfa_rule = rules.check("mfa.rule", Some(&auth.mfa.rule), None);
        auth::check(new, auth, mfa_rule, &mut put);
    }
    if found.is_empty()
        && !is_view
        && let Some(problem) = indexes::check_against_tables(new, &others)
    {
        found.insert("indexes".to_owned(), problem);
    }
    found
}

fn kind_change(new: &wire::Collection, old: &wire::Collection) -> Option<FieldProblem> {
    (new.kind != old.kind).then(|| problems::COLLECTION_TYPE_CHANGE.problem())
}

fn system_change(
    new: &wire::Collection,
    old: Option<&wire::Collection>,
    author: Author,
) -> Option<FieldProblem> {
    let was = old.map_or(new.system && author == Author::Superuser, |old| old.system);
    (new.system != was).then(|| problems::SYSTEM_FLAG_CHANGE.problem())
}

#[cfg(test)]
mod tests;
