//! Validates roles, permissions and members.

use std::collections::BTreeSet;

use plinth_sdk::types::{FieldProblem, FieldProblems, names};

use super::roles::{BUILT_IN, MAX_DEPTH};
use super::{Action, preset, store};
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
use crate::fields;
use crate::policy::RuleCheck;
use crate::problems as types;
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
        put(problems, "name", types::BUILT_IN_NAME.problem());
    } else if is_renamed && !is_name(record.text("name")) {
        put(problems, "name", types::ROLE_NAME.problem());
    }
    if stored.is_none() {
        for accounts in schema.iter().filter(|one| one.is_auth()) {
            let id = [record.id().to_owned()];
            if rows::count_existing(conn, accounts, &id)? > 0 {
                put(problems, "id", types::ROLE_ID.problem());
            }
        }
    }
    let has_areas = record
        .value("areas")
        .is_some_and(|areas| !fields::items(areas).is_empty());
    if has_areas && is_built_in {
        put(problems, "areas", types::BUILT_IN_AREAS.problem());
    }
    let parents = record
        .value("parents")
        .map(fields::items)
        .unwrap_or_default();
    if parents.iter().any(|parent| parent == record.id()) {
        put(problems, "parents", types::ROLE_OWN_PARENT.problem());
        return Ok(());
    }
    let mut above = store::parents(conn)?;
    above.insert(record.id().to_owned(), parents);
    let problem = match chain(&above) {
        Chain::Fine => return Ok(()),
        Chain::Cycle => types::ROLE_CYCLE,
        Chain::TooLong => types::ROLE_DEPTH,
    };
    put(problems, "parents", problem.problem());
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
        put(problems, "role", types::SUPERUSER_PERMISSION.problem());
    }
    let name = record.text("collection").to_owned();
    let ordinary: Vec<_> = schema.iter().filter(|c| !c.def.system).cloned().collect();
    let about: Vec<_> = if name == "*" {
        ordinary
    } else {
        let Some(collection) = schema.find(&name) else {
            if !name.is_empty() {
                let name = format!("{name:?}");
                let problem = types::PERMISSION_COLLECTION.worded([("name", &name)]);
                put(problems, "collection", problem);
            }
            return;
        };
        if collection.def.system {
            put(problems, "collection", types::SYSTEM_COLLECTION.problem());
            return;
        }
        record.set("collection", Value::from(collection.def.id.as_str()));
        let actions = record.value("actions").map(fields::items);
        let is_read = |name: &String| Action::parse(name).is_some_and(Action::reads);
        if collection.is_view() && !actions.unwrap_or_default().iter().all(is_read) {
            put(problems, "actions", types::VIEW_ACTIONS.problem());
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
    let collection = about.first().filter(|_| name != "*");
    if let Some(problem) = preset::problem(collection.map(|one| &**one), record) {
        put(problems, "presets", problem);
    }
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
        let check = check.of_permission();
        if let Some(reason) = check.reason_against(condition) {
            let place = if is_about_all {
                format!(" for the collection {:?}", collection.def.name)
            } else {
                String::new()
            };
            let words = [("place", &*place), ("reason", &*reason)];
            put(
                problems,
                "condition",
                types::INVALID_CONDITION.quoting(&words),
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
        put(problems, "fields", types::FIELD_LIST.problem());
        return;
    };
    let names = names.unwrap_or_default();
    if is_about_all && !names.is_empty() {
        put(problems, "fields", types::FIELDS_OF_ALL.problem());
        return;
    }
    for name in names {
        let is_unknown = |collection: &&std::sync::Arc<Collection>| {
            let column = collection.column(&name);
            column.is_none_or(|column| column.hidden && !collection.sets_hidden(column))
        };
        if let Some(collection) = about.iter().find(is_unknown) {
            let (collection, field) = (format!("{:?}", collection.def.name), format!("{name:?}"));
            let words = [("collection", &*collection), ("field", &*field)];
            put(problems, "fields", types::UNKNOWN_FIELD.worded(words));
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
        put(problems, "role", types::BUILT_IN_MEMBERS.problem());
    }
    let name = record.text("collectionRef").to_owned();
    let collection = schema.find(&name).filter(|c| c.is_auth()).cloned();
    let Some(collection) = collection else {
        if !name.is_empty() {
            let name = format!("{name:?}");
            let problem = types::MEMBER_COLLECTION.worded([("name", &name)]);
            put(problems, "collectionRef", problem);
        }
        return Ok(());
    };
    if collection.is_superusers() {
        put(problems, "collectionRef", types::SUPERUSER_MEMBER.problem());
        return Ok(());
    }
    record.set("collectionRef", Value::from(collection.def.id.as_str()));
    let id = record.text("recordRef").to_owned();
    if !id.is_empty() && rows::count_existing(conn, &collection, &[id])? == 0 {
        put(problems, "recordRef", types::MEMBER_ACCOUNT.problem());
    }
    scope(conn, schema, record, problems)
}

/// Checks the scope of a member: a record, by its collection and its id.
fn scope(
    conn: &mut Conn,
    schema: &Schema,
    record: &mut Record,
    problems: &mut FieldProblems,
) -> Result<()> {
    let (name, id) = (
        record.text("scopeCollection").to_owned(),
        record.text("scope").to_owned(),
    );
    if name.is_empty() != id.is_empty() {
        let missing = if id.is_empty() {
            "scope"
        } else {
            "scopeCollection"
        };
        put(problems, missing, types::REQUIRED.problem());
    }
    if name.is_empty() {
        return Ok(());
    }
    let is_possible =
        |collection: &&std::sync::Arc<Collection>| !collection.def.system && !collection.is_view();
    let Some(collection) = schema.find(&name).filter(is_possible).cloned() else {
        let name = format!("{name:?}");
        let problem = types::SCOPE_COLLECTION.worded([("name", &name)]);
        put(problems, "scopeCollection", problem);
        return Ok(());
    };
    record.set("scopeCollection", Value::from(collection.def.id.as_str()));
    if !id.is_empty() && rows::count_existing(conn, &collection, &[id])? == 0 {
        put(problems, "scope", types::UNKNOWN_RECORD.problem());
    }
    Ok(())
}

fn put(problems: &mut FieldProblems, field: &str, problem: FieldProblem) {
    problems.entry(field.to_owned()).or_insert(problem);
}
