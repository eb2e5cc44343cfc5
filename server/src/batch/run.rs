//! The changes of a batch, one after the other inside one transaction.

use std::sync::Arc;
use std::time::Instant;

use plinth_sdk::types::{BatchResult, FieldProblem};
use serde_json::Value as Json;

use super::prepare::{Step, Wanted};
use super::{failed_at, hold};
use crate::collections::Schema;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::files;
use crate::policy::{Action, Grant, system};
use crate::records::api::complete_one;
use crate::records::{Record, delete, store, write};

/// What a batch has done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) results: Vec<BatchResult>,
    /// The names of files that its records have.
    pub(super) files: Vec<String>,
    /// Whether every process has to load the collections again.
    pub(super) changes_definitions: bool,
}

/// Makes the changes.
pub(super) fn all(
    conn: &mut Conn,
    schema: &Arc<Schema>,
    steps: &[Step],
    deadline: Instant,
) -> Result<Done> {
    let mut done = Done::default();
    hold::named(conn, schema, steps)?;
    for (position, step) in steps.iter().enumerate() {
        if Instant::now() > deadline {
            // It waited for others: nothing is wrong with it.
            return Err(Error::TooSlow);
        }
        let result = one(conn, schema, step, &mut done);
        let result = result.map_err(|error| failed_at(position, error))?;
        done.results.push(result);
    }
    Ok(done)
}

fn one(conn: &mut Conn, schema: &Arc<Schema>, step: &Step, done: &mut Done) -> Result<BatchResult> {
    let (grant, record) = match &step.wanted {
        Wanted::Create => create(conn, schema, step)?,
        Wanted::Update(id) => update(conn, schema, step, id)?,
        Wanted::Upsert => upsert(conn, schema, step)?,
        Wanted::Delete(id) => {
            let grant = step.grant(schema, Action::Delete)?;
            done.changes_definitions |= grant.collection().is_definitions();
            delete::delete(conn, &grant, id)?;
            return Ok(BatchResult {
                body: Json::Null,
                status: 204,
            });
        }
    };
    done.changes_definitions |= grant.collection().is_definitions();
    done.files.extend(files::store::names(&record));
    let record = complete_one(conn, &grant, record, &step.paths)?.to_json();
    let body = match &step.fields {
        Some(fields) => fields.pick(&record),
        None => record,
    };
    Ok(BatchResult { body, status: 200 })
}

fn create(conn: &mut Conn, schema: &Arc<Schema>, step: &Step) -> Result<(Grant, Record)> {
    let grant = step.grant(schema, Action::Create)?;
    write::create(conn, grant, &step.input)
}

fn update(conn: &mut Conn, schema: &Arc<Schema>, step: &Step, id: &str) -> Result<(Grant, Record)> {
    let grant = step.grant(schema, Action::Update)?;
    write::update(conn, grant, id, &step.input)
}

fn upsert(conn: &mut Conn, schema: &Arc<Schema>, step: &Step) -> Result<(Grant, Record)> {
    let id = step.given_id();
    if !id.is_empty() && is_there(conn, schema, step, &id)? {
        return update(conn, schema, step, &id);
    }
    create(conn, schema, step).map_err(|error| {
        // Somebody else made it meanwhile: there is something to update now.
        if is_taken(&error) {
            Error::Outdated
        } else {
            error
        }
    })
}

fn is_there(conn: &mut Conn, schema: &Arc<Schema>, step: &Step, id: &str) -> Result<bool> {
    // Either of the two grants tells the collection; which is needed depends on the answer.
    let grant = step.grant(schema, Action::Update);
    let grant = grant.or_else(|_| step.grant(schema, Action::Create))?;
    let why = "to choose between an update and a create, each of which asks its rule";
    let finder = system(schema, grant.collection(), grant.request.clone(), why);
    Ok(store::find(conn, &finder, id, None)?.is_some())
}

/// Whether the id of the body is another record's.
fn is_taken(error: &Error) -> bool {
    let Error::Invalid { data, .. } = error else {
        return false;
    };
    let code = data.get("id").and_then(FieldProblem::code);
    code == Some("validation_not_unique")
}
