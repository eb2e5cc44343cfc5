//! Validates roles, permissions and members.

use std::collections::BTreeSet;

use plinth_sdk::types::{FieldProblem, FieldProblems, names};

use super::roles::{BUILT_IN, MAX_DEPTH};
use super::{Action, store};
use crate::db::{Conn, Value};
use crate::error::{Error, Result, sentence};
use crate::policy::RuleCheck;
use crate::records::values;
use crate::schema::{Collection, Record, Schema, rows};

/// Refuses to delete records that the server cannot do without.
pub fn deletion(collection: &Collection, ids: &[String]) -> Result<()> {
    let is_role = collection.def.name == names::ROLES;
    let is_built_in = |id: &String| BUILT_IN.iter().any(|role| role.0 == id);
    if is_role && ids.iter().any(is_built_in) {
        return Err(Error::invalid("A built-in role can't be deleted."));
    }
    Ok(())
}

/// Checks a role.
pub fn role(
    conn: &mut Conn,
    schema: &Schema,
    record: &mut Record,
    stored: Option<&Record>,
    problems: &mut FieldProblems,
) -> Result<()> {
    let was = stored.map(|stored| stored.text("name"));
    let is_renamed = was != Some(record.text("name"));
    let is_built_in = BUILT_IN.iter().any(|role| role.0 == record.id());
    if is_renamed && is_built_in {
        put(
            problems,
            "name",
            "validation_built_in_role",
            "A built-in role can't be renamed.",
        );
    } else if is_renamed && !is_name(record.text("name")) {
        let message = "Latin letters, digits and .:-_ with single spaces between them; @ is for the built-in roles.";
        put(problems, "name", "validation_invalid_format", message);
    }
    if stored.is_none() {
        for accounts in schema.iter().filter(|one| one.is_auth()) {
            let id = [record.id().to_owned()];
            if rows::count_existing(conn, accounts, &id)? > 0 {
                let message = "An account has this id.";
                put(problems, "id", "validation_account_id", message);
            }
        }
    }
    let has_areas = record
        .value("areas")
        .is_some_and(|areas| !values::list(areas).is_empty());
    if has_areas && is_built_in {
        let message = "A built-in role has no areas: give them to a role whose members you choose.";
        put(problems, "areas", "validation_built_in_role", message);
    }
    let parents = record
        .value("parents")
        .map(values::list)
        .unwrap_or_default();
    if parents.iter().any(|parent| parent == record.id()) {
        put(
            problems,
            "parents",
            "validation_role_cycle",
            "A role can't be its own parent.",
        );
        return Ok(());
    }
    let mut above = store::parents(conn)?;
    above.insert(record.id().to_owned(), parents);
    let problem = match chain(&above) {
        Chain::Fine => return Ok(()),
        Chain::Cycle => (
            "validation_role_cycle",
            "One of the parents has this role above it.",
        ),
        Chain::TooLong => (
            "validation_role_depth",
            "With these parents, a chain of roles is longer than 10.",
        ),
    };
    put(problems, "parents", problem.0, problem.1);
    Ok(())
}

/// Whether a name consists of unambiguous characters only: other alphabets, and the rarer Latin letters, have
/// look-alikes of `a` to `z`.
fn is_name(name: &str) -> bool {
    let is_accented = |c: char| {
        matches!(c, '\u{c0}'..='\u{17e}') && c.is_alphabetic() && !"\u{131}\u{138}".contains(c)
    };
    let is_letter = |c: char| c.is_ascii_alphanumeric() || is_accented(c) || ".:-_".contains(c);
    let is_word = |word: &str| !word.is_empty() && word.chars().all(is_letter);
    name.split(' ').all(is_word)
}

enum Chain {
    Fine,
    Cycle,
    TooLong,
}

/// Topological sort: removes roles without remaining parents, level by level. Roles that remain form a cycle.
fn chain(parents: &std::collections::HashMap<String, Vec<String>>) -> Chain {
    let mut left: BTreeSet<&str> = parents.keys().map(String::as_str).collect();
    let mut levels = 0;
    while !left.is_empty() {
        let is_top = |role: &&str| {
            let parents = parents.get(*role).into_iter().flatten();
            !parents
                .into_iter()
                .any(|parent| left.contains(parent.as_str()))
        };
        let top: Vec<&str> = left.iter().copied().filter(is_top).collect();
        if top.is_empty() {
            return Chain::Cycle;
        }
        for role in top {
            left.remove(role);
        }
        levels += 1;
    }
    if levels > MAX_DEPTH {
        Chain::TooLong
    } else {
        Chain::Fine
    }
}

/// Checks a permission, and replaces the name of its collection by the id.
pub fn permission(schema: &Schema, record: &mut Record, problems: &mut FieldProblems) {
    let role = record.text("role");
    if role == super::roles::SUPERUSER {
        let message = "Superusers may do everything: no permission changes that.";
        put(problems, "role", "validation_superuser_role", message);
    }
    let name = record.text("collection").to_owned();
    let ordinary: Vec<_> = schema.iter().filter(|c| !c.def.system).cloned().collect();
    let about: Vec<_> = if name == "*" {
        ordinary
    } else {
        let Some(collection) = schema.find(&name) else {
            if !name.is_empty() {
                let message = format!("There is no collection {name:?}.");
                put(
                    problems,
                    "collection",
                    "validation_unknown_collection",
                    &message,
                );
            }
            return;
        };
        if collection.def.system {
            let message = "System collections are for superusers, and for operators by the areas of their roles.";
            put(
                problems,
                "collection",
                "validation_system_collection",
                message,
            );
            return;
        }
        record.set("collection", Value::from(collection.def.id.as_str()));
        let actions = record.value("actions").map(values::list);
        let is_read = |name: &String| Action::parse(name).is_some_and(Action::reads);
        if collection.is_view() && !actions.unwrap_or_default().iter().all(is_read) {
            let message = "A view's records can be listed and viewed, nothing else.";
            put(problems, "actions", "validation_view_actions", message);
        }
        vec![collection.clone()]
    };
    condition(
        schema,
        &about,
        record.text("condition"),
        name == "*",
        problems,
    );
    fields(&about, name == "*", record.value("fields"), problems);
}

fn condition(
    schema: &Schema,
    about: &[std::sync::Arc<Collection>],
    condition: &str,
    is_about_all: bool,
    problems: &mut FieldProblems,
) {
    if condition.is_empty() || problems.contains_key("condition") {
        return;
    }
    for collection in about {
        let id = &collection.def.id;
        let others: Vec<_> = schema.iter().filter(|c| c.def.id != *id).cloned().collect();
        let check = RuleCheck::new(&collection.def, &others, BTreeSet::new(), schema.version);
        if let Some(reason) = check.reason_against(condition) {
            let place = if is_about_all {
                format!(" for the collection {:?}", collection.def.name)
            } else {
                String::new()
            };
            let message = sentence(&format!("Invalid condition{place}: {reason}"));
            put(
                problems,
                "condition",
                "validation_invalid_condition",
                &message,
            );
            return;
        }
    }
}

fn fields(
    about: &[std::sync::Arc<Collection>],
    is_about_all: bool,
    value: Option<&Value>,
    problems: &mut FieldProblems,
) {
    let Some(Value::Json(text)) = value else {
        return;
    };
    let Ok(names) = serde_json::from_str::<Option<Vec<String>>>(text) else {
        let message = "Must be a list of names of fields.";
        put(problems, "fields", "validation_invalid_fields", message);
        return;
    };
    let names = names.unwrap_or_default();
    if is_about_all && !names.is_empty() {
        let message = "Fields are those of one collection: name it, instead of *.";
        put(problems, "fields", "validation_invalid_fields", message);
        return;
    }
    for name in names {
        let is_unknown = |collection: &&std::sync::Arc<Collection>| {
            let column = collection.column(&name);
            column.is_none_or(|column| column.hidden && !collection.sets_hidden(column))
        };
        if let Some(collection) = about.iter().find(is_unknown) {
            let message = format!(
                "{:?} has no field {name:?} that could be shown.",
                collection.def.name
            );
            put(problems, "fields", "validation_unknown_field", &message);
            return;
        }
    }
}

/// Checks a member, and replaces the name of its collection by the id.
pub fn member(
    conn: &mut Conn,
    schema: &Schema,
    record: &mut Record,
    problems: &mut FieldProblems,
) -> Result<()> {
    let built_in = BUILT_IN.iter().any(|role| role.0 == record.text("role"));
    if built_in {
        let message = "A built-in role has its members by itself.";
        put(problems, "role", "validation_built_in_role", message);
    }
    let name = record.text("collectionRef").to_owned();
    let collection = schema.find(&name).filter(|c| c.is_auth()).cloned();
    let Some(collection) = collection else {
        if !name.is_empty() {
            let message = format!("There is no auth collection {name:?}.");
            put(
                problems,
                "collectionRef",
                "validation_unknown_collection",
                &message,
            );
        }
        return Ok(());
    };
    if collection.is_superusers() {
        let message = "Superusers may do everything: they need no role.";
        put(
            problems,
            "collectionRef",
            "validation_superuser_role",
            message,
        );
        return Ok(());
    }
    record.set("collectionRef", Value::from(collection.def.id.as_str()));
    let id = record.text("recordRef").to_owned();
    if !id.is_empty() && rows::count_existing(conn, &collection, &[id])? == 0 {
        let message = "There is no such account.";
        put(
            problems,
            "recordRef",
            "validation_missing_rel_records",
            message,
        );
    }
    Ok(())
}

fn put(problems: &mut FieldProblems, field: &str, code: &str, message: &str) {
    problems
        .entry(field.to_owned())
        .or_insert_with(|| FieldProblem::new(code, message));
}
