//! Makes the changes of a batch, in order and in one transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use plinth_sdk::types::MetaSettings;

use super::prepare::{Step, Wanted};
use super::{FAILED, failed_at, hold};
use crate::accounts::notices;
use crate::budget::Answers;
use crate::db::{Conn, with_time_limit};
use crate::error::{Error, Result};
use crate::policy::{Action, Grant, Snapshot, system};
use crate::problems::NOT_UNIQUE;
use crate::records::answer::complete_one;
use crate::records::{delete, store, write};
use crate::schema::Record;
use crate::{files, json};

/// The result of a batch.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The list of results, as JSON.
    pub(super) results: Vec<u8>,
    /// The names of the files of its records.
    pub(super) files: Vec<String>,
    /// Whether all processes have to reload the schema.
    pub(super) changes_definitions: bool,
    /// The time that was spent on expanding relations.
    expanding: Duration,
}

/// The time limit of a batch. A batch that exceeds it is refused, unless it has waited for other transactions.
#[derive(Debug)]
pub(super) struct Patience {
    deadline: Instant,
    tries: AtomicU32,
}

/// Starts a try of a batch.
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
    /// Whether the batch had to wait for other transactions; called when its records are locked.
    fn has_waited(&self) -> bool {
        /// Without other transactions, locking takes less than this.
        const SHORT: Duration = Duration::from_millis(250);
        !self.is_first || self.since.elapsed() > SHORT
    }
}

/// The time limit for expanding relations in all results together: clients choose them, and other writes wait.
const MAX_EXPANDING: Duration = Duration::from_millis(500);

/// Makes the changes.
pub(super) fn all(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    steps: &[Step],
    answers: &Answers,
    meta: &MetaSettings,
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
        let result = one(conn, schema, step, (answers, meta), &mut done);
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

/// Makes a change, and returns its status and body.
fn one(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    step: &Step,
    (answers, meta): (&Answers, &MetaSettings),
    done: &mut Done,
) -> Result<(u16, Vec<u8>)> {
    let (grant, record) = match &step.wanted {
        Wanted::Create => create(conn, schema, step)?,
        Wanted::Update(id) => update(conn, schema, step, id)?,
        Wanted::Upsert => upsert(conn, schema, step)?,
        Wanted::Delete(id) => {
            let grant = step.grant(schema, Action::Delete)?;
            done.changes_definitions |= grant.collection().is_cached();
            let record = delete::delete(conn, &grant, id)?;
            notices::deleted(conn, meta, &grant, &record)?;
            return Ok((204, b"null".to_vec()));
        }
    };
    done.changes_definitions |= grant.collection().is_cached();
    done.files.extend(files::store::names(&record));
    let record = if step.paths.is_empty() {
        complete_one(conn, &grant, record, &step.paths, answers)?
    } else {
        let began = Instant::now();
        let left = MAX_EXPANDING.saturating_sub(done.expanding);
        let record = with_time_limit(conn, left, |conn| {
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
        // It was created in the meantime, so there is a record to update now.
        if is_taken(&error) {
            Error::SchemaChanged
        } else {
            error
        }
    })
}

fn is_there(conn: &mut Conn, schema: &Arc<Snapshot>, step: &Step, id: &str) -> Result<bool> {
    // Either grant has the collection; which one is needed depends on the outcome.
    let grant = step.grant(schema, Action::Update);
    let grant = grant.or_else(|_| step.grant(schema, Action::Create))?;
    let why = "to choose between an update and a create, each of which asks its rule";
    let finder = system(schema, grant.collection(), grant.request.clone(), why);
    Ok(store::find(conn, &finder, id, None)?.is_some())
}

/// Whether a record with the body's id exists.
fn is_taken(error: &Error) -> bool {
    let Error::Invalid { data, .. } = error else {
        return false;
    };
    data.get("id")
        .is_some_and(|problem| NOT_UNIQUE.is_code_of(problem))
}
