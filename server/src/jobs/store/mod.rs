//! The SQL of jobs and their runs. Runs are written like all records, so that subscribers hear of them.

mod attempts;

use std::sync::Arc;
use std::time::Duration;

use plinth_sdk::types::names;
use serde_json::json;

use super::schedule::{self, Schedule};
use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, Value, load, savepoint, sql};
use crate::error::{Error, Result};
use crate::fields;
use crate::policy::{Grant, Snapshot, system};
use crate::random::Random;
use crate::records::write::{self, Input};
use crate::records::{fill, store as records};
use crate::request::Request;
use crate::schema::Record;

pub use attempts::MAX_OUTPUT;
pub(super) use attempts::{complete, is_next_of_its_job, mark_lost, skip_disabled};

/// Grants the server access to the jobs, on its own account.
pub(super) fn jobs(schema: &Arc<Snapshot>, now: Timestamp) -> Result<Grant> {
    let name = names::JOBS;
    let missing = || Error::internal(anyhow::anyhow!("the collection {name} is missing"));
    let collection = schema.find(name).ok_or_else(missing)?;
    let why = "the server runs jobs on its own account";
    Ok(system(schema, collection, Request::internal(now), why))
}

/// Finds the job of a run.
pub(super) fn job_of(conn: &mut Conn, runs: &Grant, run: &Record) -> Result<Option<Record>> {
    let jobs = jobs(runs.schema(), runs.request.now)?;
    records::find(conn, &jobs, run.text("job"), None)
}

/// Adds the jobs that a new database has.
pub fn add_built_in(conn: &mut Conn, schema: &Arc<Snapshot>) -> Result<()> {
    for (name, at, tasks) in [
        ("Remove what is old", "17 3 * * *", vec!["expired", "logs"]),
        ("Optimize the database", "43 3 * * *", vec!["optimize"]),
    ] {
        let body = json!({
            "name": name, "schedule": at, "kind": "maintenance", "payload": {"tasks": tasks},
            "timeout": 3600, "enabled": true,
        });
        let input = Input::of(body.as_object().cloned().unwrap_or_default());
        let jobs = jobs(schema, conn.clock.now())?;
        write::create(conn, jobs, &input)?;
    }
    Ok(())
}

/// Returns the jobs that run at their times.
pub(super) fn enabled(conn: &mut Conn, jobs: &Grant) -> Result<Vec<Record>> {
    let is_enabled = sql(conn.dialect(), "\"r\".\"enabled\" = TRUE");
    records::find_where(conn, jobs, is_enabled, None)
}

/// Returns the ids of the jobs that are due after `from` and not after `until`, each with the time when it is.
pub(super) fn due(
    conn: &mut Conn,
    jobs: &Grant,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<(String, Timestamp)>> {
    let due = |job: &Record| {
        let cron = schedule::parse(job.text("schedule")).ok()?;
        let timezone = schedule::parse_timezone(job.text("timezone")).ok()?;
        let due = Schedule::new(cron, timezone).due(from, until)?;
        Some((job.id().to_owned(), due))
    };
    Ok(enabled(conn, jobs)?.iter().filter_map(due).collect())
}

/// How many runs were added.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Added {
    /// Runs that wait.
    pub(super) waiting: usize,
    /// Runs that were skipped, because the one before had not finished.
    pub(super) skipped: usize,
}

/// Adds the runs that are due, unless another process has added them.
pub(super) fn add_due(conn: &mut Conn, runs: &Grant, due: &[(String, Timestamp)]) -> Result<Added> {
    let mut added = Added::default();
    for (job, due) in due {
        let mut run = new_run(runs, job, *due, "schedule", &conn.random);
        if is_busy(conn, job, *due)? {
            set(&mut run, "outcome", "skipped");
            set(&mut run, "output", "The previous run had not finished.");
            added.skipped += usize::from(insert(conn, runs, &run)?);
        } else if insert(conn, runs, &run)? {
            added.waiting += 1;
        }
    }
    Ok(added)
}

/// Returns whether another run of the job waits or goes on.
fn is_busy(conn: &mut Conn, job: &str, due: Timestamp) -> Result<bool> {
    let mut select = sql(conn.dialect(), "SELECT ");
    select
        .whole("1")
        .text(" FROM \"_jobRuns\" WHERE \"outcome\" IN ('waiting', 'running') AND \"job\" = ");
    select.bind(Value::from(job)).text(" AND \"due\" <> ");
    select.bind(Value::from(due.to_string())).text(" LIMIT 1");
    Ok(!load(conn, select.cached(), &[ColumnType::Int])?.is_empty())
}

/// Adds a run of the job that is due now.
pub(super) fn add_manual(conn: &mut Conn, runs: &Grant, job: &str) -> Result<()> {
    let now = crate::db::now(conn)?;
    let jobs = jobs(runs.schema(), now)?;
    if records::find(conn, &jobs, job, None)?.is_none() {
        return Err(Error::NotFound(super::MISSING));
    }
    // No two runs are due in one millisecond; scheduled ones are at those of whole minutes.
    for offset in 1..100 {
        let due = now + Duration::from_millis(offset);
        let run = new_run(runs, job, due, "manual", &conn.random);
        if insert(conn, runs, &run)? {
            return Ok(());
        }
    }
    Err(Error::Unavailable)
}

fn new_run(runs: &Grant, job: &str, due: Timestamp, trigger: &str, random: &Random) -> Record {
    let collection = runs.collection().clone();
    let fields = collection.def.fields.iter();
    let values = fields.map(|field| fields::zero(&field.kind)).collect();
    let mut run = Record::new(collection, values);
    set(&mut run, "id", random.id());
    set(&mut run, "job", job);
    set(&mut run, "due", due.to_string());
    set(&mut run, "notBefore", due.to_string());
    set(&mut run, "trigger", trigger);
    set(&mut run, "outcome", "waiting");
    run.set("attempt", Value::Number(1.0));
    run
}

fn set(run: &mut Record, name: &str, value: impl Into<Value>) {
    run.set(name, value.into());
}

fn number(record: &Record, name: &str) -> f64 {
    match record.value(name) {
        Some(Value::Number(number)) => *number,
        _ => 0.0,
    }
}

/// Adds a run, unless the job has one with this time and attempt. Returns whether it did.
fn insert(conn: &mut Conn, runs: &Grant, run: &Record) -> Result<bool> {
    let mut select = sql(conn.dialect(), "SELECT ");
    select
        .whole("1")
        .text(" FROM \"_jobRuns\" WHERE \"job\" = ");
    select.bind(Value::from(run.text("job")));
    select
        .text(" AND \"due\" = ")
        .bind(Value::from(run.text("due")));
    select
        .text(" AND \"attempt\" = ")
        .bind(Value::Number(number(run, "attempt")));
    if !load(conn, select.cached(), &[ColumnType::Int])?.is_empty() {
        return Ok(false);
    }
    let mut run = run.clone();
    fill::stamp(&mut run, conn.clock.now(), true);
    match savepoint(conn, |conn| records::insert(conn, runs, &run)) {
        // Another process added it first.
        Err(Error::Unique(_)) => Ok(false),
        outcome => outcome.map(|()| true),
    }
}
