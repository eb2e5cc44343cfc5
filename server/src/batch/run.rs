//! The changes of a batch, one after the other inside one transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use plinth_sdk::types::FieldProblem;

use super::prepare::{Step, Wanted};
use super::{FAILED, failed_at, hold};
use crate::budget::Answers;
use crate::db::{Conn, within};
use crate::error::{Error, Result};
use crate::policy::{Action, Grant, Snapshot, system};
use crate::records::answer::complete_one;
use crate::records::{delete, store, write};
use crate::schema::Record;
use crate::{files, json};

/// What a batch has done.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// A list of results, as JSON.
    pub(super) results: Vec<u8>,
    /// The names of files that its records have.
    pub(super) files: Vec<String>,
    /// Whether every process has to load the collections again.
    pub(super) changes_definitions: bool,
    /// How long it took to expand answers.
    expanding: Duration,
}

/// How long a batch may take. One that runs out of time is refused; but when it has waited for others, nothing is wrong
/// with it.
#[derive(Debug)]
pub(super) struct Patience {
    deadline: Instant,
    tries: AtomicU32,
}

/// A try of a batch that begins.
struct Begun {
    since: Instant,
    is_first: bool,
}

impl Patience {
    pub(super) fn until(deadline: Instant) -> Self {
        Self {
            deadline,
            tries: AtomicU32::new(0),
        }
    }

    fn begin(&self) -> Begun {
        Begun {
            since: Instant::now(),
            is_first: self.tries.fetch_add(1, Ordering::Relaxed) == 0,
        }
    }
}

impl Begun {
    /// Whether others were in its way, asked when its records are locked.
    fn has_waited(&self) -> bool {
        /// Longer than that takes where nobody is.
        const SHORT: Duration = Duration::from_millis(250);
        !self.is_first || self.since.elapsed() > SHORT
    }
}

/// How long a batch may take to expand its answers, all together: what they refer to is up to the client, and other writes wait.
const MAX_EXPANDING: Duration = Duration::from_millis(500);

/// Makes the changes.
pub(super) fn all(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    steps: &[Step],
    answers: &Answers,
    patience: &Patience,
) -> Result<Done> {
    let mut done = Done::default();
    let begun = patience.begin();
    hold::named(conn, schema, steps)?;
    let has_waited = begun.has_waited();
    let mut room = None;
    for (position, step) in steps.iter().enumerate() {
        if Instant::now() > patience.deadline {
            return Err(if has_waited {
                Error::TooSlow
            } else {
                Error::invalid(FAILED)
            });
        }
        let room = room.get_or_insert_with(|| answers.room(&step.request.caller));
        let result = one(conn, schema, step, answers, &mut done);
        let (status, body) = result.map_err(|error| failed_at(position, error))?;
        done.results.push(if position == 0 { b'[' } else { b',' });
        done.results.extend_from_slice(b"{\"body\":");
        done.results.extend_from_slice(&body);
        done.results
            .extend_from_slice(format!(",\"status\":{status}}}").as_bytes());
        room.reaches(done.results.len());
        room.check()?;
    }
    done.results.extend_from_slice(b"]\n");
    Ok(done)
}

/// Makes one change, and gives its status and body.
fn one(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    step: &Step,
    answers: &Answers,
    done: &mut Done,
) -> Result<(u16, Vec<u8>)> {
    let (grant, record) = match &step.wanted {
        Wanted::Create => create(conn, schema, step)?,
        Wanted::Update(id) => update(conn, schema, step, id)?,
        Wanted::Upsert => upsert(conn, schema, step)?,
        Wanted::Delete(id) => {
            let grant = step.grant(schema, Action::Delete)?;
            done.changes_definitions |= grant.collection().is_definitions();
            delete::delete(conn, &grant, id)?;
            return Ok((204, b"null".to_vec()));
        }
    };
    done.changes_definitions |= grant.collection().is_definitions();
    done.files.extend(files::store::names(&record));
    let record = if step.paths.is_empty() {
        complete_one(conn, &grant, record, &step.paths, answers)?
    } else {
        let began = Instant::now();
        let left = MAX_EXPANDING.saturating_sub(done.expanding);
        let record = within(conn, left, |conn| {
            complete_one(conn, &grant, record, &step.paths, answers)
        });
        done.expanding += began.elapsed();
        record?
    };
    let mut body = Vec::with_capacity(512);
    match &step.fields {
        Some(fields) => body = json::text(&fields.pick(&record.to_json())),
        None => record.write(&mut body),
    }
    Ok((200, body))
}

fn create(conn: &mut Conn, schema: &Arc<Snapshot>, step: &Step) -> Result<(Grant, Record)> {
    let grant = step.grant(schema, Action::Create)?;
    write::create(conn, grant, &step.input)
}

fn update(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    step: &Step,
    id: &str,
) -> Result<(Grant, Record)> {
    let grant = step.grant(schema, Action::Update)?;
    write::update(conn, grant, id, &step.input)
}

fn upsert(conn: &mut Conn, schema: &Arc<Snapshot>, step: &Step) -> Result<(Grant, Record)> {
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

fn is_there(conn: &mut Conn, schema: &Arc<Snapshot>, step: &Step, id: &str) -> Result<bool> {
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
