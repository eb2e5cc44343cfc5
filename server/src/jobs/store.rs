//! The SQL of jobs and their runs. Runs are written as all records are, so that whoever watches records sees them.

use std::sync::Arc;

use plinth_sdk::types::names;
use serde_json::json;

use super::schedule::{self, Schedule};
use crate::clock::Moment;
use crate::collections::Schema;
use crate::db::{Conn, Sql, Storage, Value, load, savepoint, sql};
use crate::error::{Error, Result};
use crate::policy::{Grant, system};
use crate::records::store::{self as records, Lock};
use crate::records::write::{self, Input};
use crate::records::{Record, generate, values};
use crate::request::Request;

/// The most bytes of a run's output.
pub const MAX_OUTPUT: usize = 64 << 10;
/// How often a run that its process left behind is begun again at least.
const TAKEOVERS: f64 = 3.0;
/// Seconds before the first retry, unless the job says.
const BACKOFF: f64 = 10.0;
/// The most seconds before a retry.
const MAX_BACKOFF: f64 = 86_400.0;
/// How many runs of a job stay however old they are, and how many however new.
const KEPT: [i64; 2] = [100, 1000];
/// How many records are removed in one transaction.
const BATCH: i64 = 500;

/// The server's own grant on jobs.
pub(super) fn jobs(schema: &Arc<Schema>) -> Result<Grant> {
    grant(schema, names::JOBS)
}

/// The server's own grant on runs.
pub(super) fn runs(schema: &Arc<Schema>) -> Result<Grant> {
    grant(schema, names::JOB_RUNS)
}

/// The server's own grant on mails.
pub(super) fn mails(schema: &Arc<Schema>) -> Result<Grant> {
    grant(schema, names::MAILS)
}

fn grant(schema: &Arc<Schema>, name: &str) -> Result<Grant> {
    let missing = || Error::internal(anyhow::anyhow!("the collection {name} is missing"));
    let collection = schema.find(name).ok_or_else(missing)?;
    let why = "the server runs jobs on its own account";
    Ok(system(schema, collection, Request::internal(), why))
}

/// Adds the jobs that every database has at first.
pub fn add_built_in(conn: &mut Conn, schema: &Arc<Schema>) -> Result<()> {
    for (name, at, tasks) in [
        ("Remove what is old", "17 3 * * *", vec!["expired", "logs"]),
        ("Optimize the database", "43 3 * * *", vec!["optimize"]),
    ] {
        let body = json!({
            "name": name, "schedule": at, "kind": "maintenance", "payload": {"tasks": tasks},
            "timeout": 3600, "enabled": true,
        });
        let input = Input {
            body: body.as_object().cloned().unwrap_or_default(),
            ..Input::default()
        };
        write::create(conn, jobs(schema)?, &input)?;
    }
    Ok(())
}

/// The jobs that run at their times.
pub(super) fn enabled(conn: &mut Conn, jobs: &Grant) -> Result<Vec<Record>> {
    let is_enabled = sql(conn.engine(), "\"r\".\"enabled\" = TRUE");
    records::find_where(conn, jobs, is_enabled, None)
}

/// The jobs that are due after `from` and not after `until`, and when.
pub(super) fn due(
    conn: &mut Conn,
    jobs: &Grant,
    from: Moment,
    until: Moment,
) -> Result<Vec<(String, Moment)>> {
    let due = |job: &Record| {
        let cron = schedule::parse(job.text("schedule")).ok()?;
        let timezone = schedule::parse_timezone(job.text("timezone")).ok()?;
        let due = Schedule::new(cron, timezone).due(from, until)?;
        Some((job.id().to_owned(), due))
    };
    Ok(enabled(conn, jobs)?.iter().filter_map(due).collect())
}

/// Adds the runs that are due, as far as no other process has, and says how many wait now.
pub(super) fn add_due(conn: &mut Conn, runs: &Grant, due: &[(String, Moment)]) -> Result<usize> {
    let mut added = 0;
    for (job, due) in due {
        let mut run = new_run(runs, job, *due, 1.0, "schedule");
        if is_busy(conn, job, *due)? {
            set(&mut run, "outcome", "skipped");
            set(&mut run, "output", "The run before it had not ended.");
            insert(conn, runs, &run)?;
        } else if insert(conn, runs, &run)? {
            added += 1;
        }
    }
    Ok(added)
}

/// Whether another run of the job waits or goes on.
fn is_busy(conn: &mut Conn, job: &str, due: Moment) -> Result<bool> {
    let mut select = sql(
        conn.engine(),
        "SELECT CAST(1 AS BIGINT) FROM \"_jobRuns\" WHERE \"outcome\" IN ('waiting', 'running') AND \"job\" = ",
    );
    select.bind(Value::from(job)).text(" AND \"due\" <> ");
    select.bind(Value::from(due.to_string())).text(" LIMIT 1");
    Ok(!load(conn, select.cached(), &[Storage::Int])?.is_empty())
}

/// Adds a run of the job, now.
pub(super) fn add_manual(conn: &mut Conn, runs: &Grant, job: &str, now: Moment) -> Result<()> {
    let jobs = jobs(runs.schema())?;
    if records::find(conn, &jobs, job, None)?.is_none() {
        return Err(Error::NotFound(super::api::MISSING));
    }
    // No two runs are due in one millisecond; scheduled ones are at those of whole minutes.
    for offset in 1..100 {
        let due = Moment::from(now.timestamp() + jiff::SignedDuration::from_millis(offset));
        if insert(conn, runs, &new_run(runs, job, due, 1.0, "manual"))? {
            return Ok(());
        }
    }
    Err(Error::Unavailable)
}

fn new_run(runs: &Grant, job: &str, due: Moment, attempt: f64, trigger: &str) -> Record {
    let collection = runs.collection().clone();
    let fields = collection.def.fields.iter();
    let values = fields.map(|field| values::zero(&field.kind)).collect();
    let mut run = Record::new(collection, values);
    set(&mut run, "id", generate::id());
    set(&mut run, "job", job);
    set(&mut run, "due", due.to_string());
    set(&mut run, "notBefore", due.to_string());
    set(&mut run, "trigger", trigger);
    set(&mut run, "outcome", "waiting");
    run.set("attempt", Value::Number(attempt));
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

/// Adds a run, unless there is one of this job, time and attempt.
fn insert(conn: &mut Conn, runs: &Grant, run: &Record) -> Result<bool> {
    let mut select = sql(
        conn.engine(),
        "SELECT CAST(1 AS BIGINT) FROM \"_jobRuns\" WHERE \"job\" = ",
    );
    select.bind(Value::from(run.text("job")));
    select
        .text(" AND \"due\" = ")
        .bind(Value::from(run.text("due")));
    select
        .text(" AND \"attempt\" = ")
        .bind(Value::Number(number(run, "attempt")));
    if !load(conn, select.cached(), &[Storage::Int])?.is_empty() {
        return Ok(false);
    }
    let mut run = run.clone();
    write::stamp(&mut run, Moment::now(), true);
    match savepoint(conn, |conn| records::insert(conn, runs, &run)) {
        // Another process was quicker.
        Err(Error::Unique(_)) => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

/// A run that was taken, with its job.
pub(super) struct Taken {
    /// The run.
    pub(super) run: Record,
    /// What to do.
    pub(super) job: Record,
}

/// Whether there is a run to take or to give up.
pub(super) fn has_work(conn: &mut Conn, now: Moment) -> Result<bool> {
    let mut select = sql(
        conn.engine(),
        "SELECT CAST(1 AS BIGINT) FROM \"_jobRuns\" WHERE (\"outcome\" = 'waiting' AND \"notBefore\" <= ",
    );
    select.bind(Value::from(now.to_string()));
    select.text(") OR (\"outcome\" = 'running' AND \"lease\" < ");
    select.bind(Value::from(now.to_string())).text(") LIMIT 1");
    Ok(!load(conn, select.cached(), &[Storage::Int])?.is_empty())
}

/// Takes runs that wait, for a worker, until its lease ends.
pub(super) fn take(conn: &mut Conn, runs: &Grant, lease: &Lease, limit: i64) -> Result<Vec<Taken>> {
    let jobs = jobs(runs.schema())?;
    let mut waits = sql(
        conn.engine(),
        "\"r\".\"outcome\" = 'waiting' AND \"r\".\"notBefore\" <= ",
    );
    waits.bind(Value::from(lease.now.to_string()));
    let mut taken = Vec::new();
    for candidate in records::find_where(conn, runs, waits, Some(limit))? {
        let Some(stored) = locked(conn, runs, candidate.id(), "waiting")? else {
            continue;
        };
        let Some(job) = records::find(conn, &jobs, stored.text("job"), None)? else {
            continue;
        };
        let mut run = stored.clone();
        set(&mut run, "outcome", "running");
        set(&mut run, "worker", lease.worker.as_str());
        set(&mut run, "started", lease.now.to_string());
        set(&mut run, "lease", lease.until.to_string());
        update(conn, runs, &stored, &mut run)?;
        taken.push(Taken { run, job });
    }
    Ok(taken)
}

/// How long a worker holds what it runs.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    /// Who.
    pub(super) worker: String,
    /// Since when.
    pub(super) now: Moment,
    /// Until when, unless it is renewed.
    pub(super) until: Moment,
}

/// Renews the lease of these runs, and gives those that are not the worker's any more.
pub(super) fn renew(
    conn: &mut Conn,
    runs: &Grant,
    lease: &Lease,
    ids: &[String],
) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for id in ids {
        match locked(conn, runs, id, "running")? {
            Some(stored) if stored.text("worker") == lease.worker => {
                let mut run = stored.clone();
                set(&mut run, "lease", lease.until.to_string());
                update(conn, runs, &stored, &mut run)?;
            }
            _ => gone.push(id.clone()),
        }
    }
    Ok(gone)
}

/// Writes down what came of a run, unless it is not the worker's any more; after a failure the next attempt waits,
/// if one is left.
pub(super) fn finish(
    conn: &mut Conn,
    runs: &Grant,
    run: &Record,
    outcome: &Result<String, String>,
) -> Result<bool> {
    let now = Moment::now();
    let Some(stored) = locked(conn, runs, run.id(), "running")? else {
        return Ok(false);
    };
    if stored.text("worker") != run.text("worker") {
        return Ok(false);
    }
    let (name, output) = match outcome {
        Ok(output) => ("succeeded", output),
        Err(output) => ("failed", output),
    };
    end(conn, runs, &stored, name, output, now)?;
    if outcome.is_err() {
        let jobs = jobs(runs.schema())?;
        let attempt = number(&stored, "attempt");
        if let Some(job) = records::find(conn, &jobs, stored.text("job"), None)?
            && attempt <= number(&job, "retries")
        {
            let wait = backoff(number(&job, "backoff"), attempt);
            let wait = jiff::SignedDuration::from_secs_f64(wait);
            try_again(conn, runs, &stored, Moment::from(now.timestamp() + wait))?;
        }
    }
    Ok(true)
}

/// The seconds after a failed attempt: each time twice as many.
fn backoff(first: f64, attempt: f64) -> f64 {
    let first = if first > 0.0 { first } else { BACKOFF };
    (first * (attempt - 1.0).exp2()).min(MAX_BACKOFF)
}

/// Gives up the runs whose lease ran out, and says how many.
pub(super) fn reap(conn: &mut Conn, runs: &Grant, now: Moment) -> Result<usize> {
    let mut is_over = sql(
        conn.engine(),
        "\"r\".\"outcome\" = 'running' AND \"r\".\"lease\" < ",
    );
    is_over.bind(Value::from(now.to_string()));
    let is_over_still = |run: &Record| run.text("lease") < now.to_string().as_str();
    lose(
        conn,
        runs,
        is_over,
        "The process that ran it is gone.",
        is_over_still,
    )
}

/// Gives up the runs of a worker that stops, and says how many.
pub(super) fn release(conn: &mut Conn, runs: &Grant, worker: &str) -> Result<usize> {
    let mut is_its = sql(
        conn.engine(),
        "\"r\".\"outcome\" = 'running' AND \"r\".\"worker\" = ",
    );
    is_its.bind(Value::from(worker));
    let is_its_still = |run: &Record| run.text("worker") == worker;
    let why = "The server stopped before it ended.";
    lose(conn, runs, is_its, why, is_its_still)
}

fn lose(
    conn: &mut Conn,
    runs: &Grant,
    which: Sql,
    why: &str,
    still: impl Fn(&Record) -> bool,
) -> Result<usize> {
    let now = Moment::now();
    let jobs = jobs(runs.schema())?;
    let mut lost = 0;
    for run in records::find_where(conn, runs, which, Some(BATCH))? {
        let Some(stored) = locked(conn, runs, run.id(), "running")?.filter(&still) else {
            continue;
        };
        lost += 1;
        let job = records::find(conn, &jobs, stored.text("job"), None)?;
        let retries = job.map_or(0.0, |job| number(&job, "retries"));
        let again = number(&stored, "attempt") <= retries.max(TAKEOVERS);
        let what = if again {
            "It is begun again."
        } else {
            "It is not begun again."
        };
        end(conn, runs, &stored, "lost", &format!("{why} {what}"), now)?;
        if again {
            try_again(conn, runs, &stored, now)?;
        }
    }
    Ok(lost)
}

fn end(
    conn: &mut Conn,
    runs: &Grant,
    stored: &Record,
    outcome: &str,
    output: &str,
    now: Moment,
) -> Result<()> {
    let mut run = stored.clone();
    set(&mut run, "outcome", outcome);
    set(&mut run, "output", cut(output));
    set(&mut run, "ended", now.to_string());
    set(&mut run, "lease", "");
    update(conn, runs, stored, &mut run)
}

/// The next attempt of a run waits.
fn try_again(conn: &mut Conn, runs: &Grant, ended: &Record, not_before: Moment) -> Result<()> {
    let mut run = ended.clone();
    set(&mut run, "id", generate::id());
    set(&mut run, "outcome", "waiting");
    set(&mut run, "notBefore", not_before.to_string());
    run.set("attempt", Value::Number(number(ended, "attempt") + 1.0));
    for name in ["started", "ended", "output", "worker", "lease"] {
        set(&mut run, name, "");
    }
    insert(conn, runs, &run).map(drop)
}

/// The run, held until the transaction's end, if this is its outcome still.
fn locked(conn: &mut Conn, runs: &Grant, id: &str, outcome: &str) -> Result<Option<Record>> {
    let run = records::find(conn, runs, id, Some(Lock::Update))?;
    Ok(run.filter(|run| run.text("outcome") == outcome))
}

fn update(conn: &mut Conn, runs: &Grant, stored: &Record, run: &mut Record) -> Result<()> {
    write::stamp(run, Moment::now(), false);
    records::update(conn, runs, stored, run)
}

/// An output as it is kept: not too long, and nothing that PostgreSQL cannot hold.
fn cut(output: &str) -> String {
    const NOTE: &str = "\n… (cut at 64 KB)";
    let output = output.replace('\0', "\u{fffd}");
    if output.len() <= MAX_OUTPUT {
        return output;
    }
    let mut end = MAX_OUTPUT - NOTE.len();
    while !output.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{NOTE}", &output[..end])
}

/// Removes mails that are done with and were written before a moment, and says how many: a few at a time.
pub(super) fn remove_old_mails(conn: &mut Conn, mails: &Grant, before: Moment) -> Result<usize> {
    let mut select = sql(
        conn.engine(),
        "SELECT \"id\" FROM \"_mails\" WHERE \"status\" IN ('sent', 'failed', 'kept') AND \"created\" < ",
    );
    select.bind(Value::from(before.to_string()));
    select
        .text(" ORDER BY \"id\" LIMIT ")
        .bind(Value::Int(BATCH));
    remove(conn, mails, select)
}

/// Removes runs that ended: of each job those from before a moment but for the last hundred, and all but the last
/// thousand. Says how many; a few at a time.
pub(super) fn remove_old_runs(conn: &mut Conn, runs: &Grant, before: Moment) -> Result<usize> {
    let [always, most] = KEPT;
    let mut select = sql(
        conn.engine(),
        "SELECT \"id\" FROM (SELECT \"id\", \"created\", \"outcome\", \
         ROW_NUMBER() OVER (PARTITION BY \"job\" ORDER BY \"due\" DESC, \"attempt\" DESC) AS \"place\" \
         FROM \"_jobRuns\") AS \"placed\" WHERE \"outcome\" NOT IN ('waiting', 'running') AND (\"place\" > ",
    );
    select.bind(Value::Int(most));
    select.text(" OR (\"place\" > ").bind(Value::Int(always));
    select
        .text(" AND \"created\" < ")
        .bind(Value::from(before.to_string()));
    select
        .text(")) ORDER BY \"id\" LIMIT ")
        .bind(Value::Int(BATCH));
    remove(conn, runs, select)
}

fn remove(conn: &mut Conn, grant: &Grant, select: Sql) -> Result<usize> {
    let rows = load(conn, select, &[Storage::Text])?;
    let ids: Vec<String> = rows
        .into_iter()
        .flatten()
        .filter_map(|value| match value {
            Value::Text(id) => Some(id),
            _ => None,
        })
        .collect();
    if !ids.is_empty() {
        let collection = grant.collection().clone();
        records::delete(conn, grant, &collection, &ids)?;
    }
    Ok(ids.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_cut_between_characters() {
        assert_eq!(cut("short\0"), "short\u{fffd}");
        let exact = "a".repeat(MAX_OUTPUT);
        assert_eq!(cut(&exact), exact);
        for offset in 0..4 {
            let long = "a".repeat(offset) + &"😀".repeat(MAX_OUTPUT);
            let kept = cut(&long);
            assert!(kept.len() <= MAX_OUTPUT && kept.len() > MAX_OUTPUT - 4);
            assert!(kept.ends_with("😀\n… (cut at 64 KB)"));
        }
    }

    #[test]
    fn retries_wait_longer_each_time() {
        let waits = |first| [1.0, 2.0, 3.0].map(|attempt| backoff(first, attempt));
        assert_eq!(waits(0.0), [10.0, 20.0, 40.0].map(|s: f64| s));
        assert_eq!(waits(5.0), [5.0, 10.0, 20.0]);
        assert!((backoff(86_400.0, 20.0) - MAX_BACKOFF).abs() < 1.0);
    }
}
