//! Many collections created and changed at once, in one transaction.

use std::sync::Arc;

use plinth_sdk::types::{self as wire, FieldProblem};
use serde_json::{Map, Value as Json};

use super::prepare;
use super::store::{Author, committed, create_in, lock, read, referrers, remove, update_in};
use super::{Collection, Schema};
use crate::db::{Conn, savepoint};
use crate::error::{Error, Result};

const FAILED: &str = "Failed to import collections.";

/// Creates and changes the collections; those that it does not mention go, where it says so.
pub(super) fn run(conn: &mut Conn, wanted: &wire::Import) -> Result<Schema> {
    let mut schema = lock(conn)?;
    let mut waiting: Vec<&Map<String, Json>> = wanted
        .collections
        .iter()
        .filter_map(Json::as_object)
        .collect();
    if waiting.len() != wanted.collections.len() {
        return Err(Error::invalid(
            "An error occurred while loading the submitted data.",
        ));
    }
    if wanted.delete_missing {
        let known = waiting.iter().filter_map(|body| meant(&schema, body));
        let kept: Vec<String> = known.map(|one| one.def.id.clone()).collect();
        // What goes must not stand in the way: views of what changes, names that are given anew.
        schema = delete_missing(conn, schema, &kept, Missing::Unneeded)?;
    }
    let mut mentioned = Vec::new();
    // Relations between new collections: those that name a later one are made in a later round.
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut later = Vec::new();
        let mut first_error = None;
        for body in waiting {
            let one = |conn: &mut Conn| import_one(conn, &schema, body, wanted.delete_missing);
            match savepoint(conn, one) {
                Ok(id) => {
                    if mentioned.contains(&id) {
                        return Err(failed(text(body, "name"), "it is there twice"));
                    }
                    mentioned.push(id);
                    schema = read(conn)?;
                }
                Err(error @ Error::Invalid { .. }) => {
                    later.push(body);
                    first_error.get_or_insert((body, error));
                }
                Err(error) => return Err(error),
            }
        }
        if later.len() == before {
            let Some((body, Error::Invalid { message, data })) = first_error else {
                return Err(Error::invalid(FAILED));
            };
            let detail = match serde_json::to_string(&data) {
                Ok(data) if data != "{}" => data,
                _ => message.into_owned(),
            };
            return Err(failed(text(body, "name"), &detail));
        }
        waiting = later;
    }
    if wanted.delete_missing {
        delete_missing(conn, schema, &mentioned, Missing::All)?;
    }
    committed(conn)
}

fn failed(name: &str, detail: &str) -> Error {
    let message = format!("Failed to import collection \"{name}\": {detail}");
    let problem = FieldProblem::new("validation_collections_import_failure", message);
    Error::field(FAILED, "collections", problem)
}

fn import_one(
    conn: &mut Conn,
    schema: &Schema,
    body: &Map<String, Json>,
    delete_missing: bool,
) -> Result<String> {
    match meant(schema, body).cloned() {
        None => create_in(conn, schema, body, Author::Superuser),
        Some(old) => {
            let body = prepare::merge_import(body, &old.def, delete_missing);
            update_in(conn, schema, &old, &body, Author::Superuser)?;
            Ok(old.def.id.clone())
        }
    }
}

/// The collection that an imported one is put in the place of: that of its id, or if it has none, of its name.
fn meant<'a>(schema: &'a Schema, body: &Map<String, Json>) -> Option<&'a Arc<Collection>> {
    match text(body, "id") {
        "" => schema.find(text(body, "name")),
        id => schema.iter().find(|one| one.def.id == id),
    }
}

fn text<'a>(body: &'a Map<String, Json>, key: &str) -> &'a str {
    body.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// Which of the collections that an import does not mention go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// Those that nothing refers to.
    Unneeded,
    /// All of them. What is mentioned must not refer to them.
    All,
}

/// Removes what an import does not mention: each before what it refers to.
fn delete_missing(
    conn: &mut Conn,
    mut schema: Schema,
    mentioned: &[String],
    which: Missing,
) -> Result<Schema> {
    let is_missing = |one: &Collection| !one.def.system && !mentioned.contains(&one.def.id);
    loop {
        let missing = || schema.iter().filter(|one| is_missing(one));
        let free = missing().find(|one| referrers(&schema, one).is_empty());
        // Some refer to each other.
        let next = free.or_else(|| {
            let mut missing = missing().filter(|_| which == Missing::All);
            missing.find(|one| referrers(&schema, one).iter().all(|of| is_missing(of)))
        });
        if let Some(next) = next {
            remove(conn, &schema, next)?;
            schema = read(conn)?;
            continue;
        }
        let needed = missing().find(|_| which == Missing::All);
        return match needed.and_then(|needed| referrers(&schema, needed).pop()) {
            Some(referrer) => Err(failed(&referrer.def.name, "it refers to what is to go")),
            None => Ok(schema),
        };
    }
}
