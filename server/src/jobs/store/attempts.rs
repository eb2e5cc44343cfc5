//! The attempts of a run: how one ends, and when the next begins.

use super::{insert, job_of, number, set};
use crate::clock::Timestamp;
use crate::db::{self, Conn, Sql, Value, sql};
use crate::error::Result;
use crate::policy::Grant;
use crate::queue::store::{self as queue, Abandoned};
use crate::queue::{self as queues, Backoff, JOB_RUNS};
use crate::schema::Record;

use std::time::Duration;

/// The most bytes of a run's output that are stored.
pub const MAX_OUTPUT: usize = 64 << 10;
/// How many attempts whose server disappeared are followed by another one, whatever the job's retries are.
const MAX_REASSIGNMENTS: f64 = 3.0;
/// The seconds before the first retry, unless the job says.
const BACKOFF: f64 = 10.0;
/// The longest pause before a retry.
const MAX_BACKOFF: Duration = Duration::from_secs(86_400);

/// The condition that a run is the oldest that is due of its job, and no other run of the job goes on.
pub(in crate::jobs) fn is_next_of_its_job(conn: &Conn, now: Timestamp) -> Sql {
    let mut out = sql(
        conn.dialect(),
        "NOT EXISTS (SELECT 1 FROM \"_jobRuns\" AS \"other\" WHERE \"other\".\"job\" = \"r\".\"job\" \
         AND (\"other\".\"outcome\" = 'running' OR (\"other\".\"outcome\" = 'waiting' \
         AND \"other\".\"_rowid_\" < \"r\".\"_rowid_\" AND \"other\".\"notBefore\" <= ",
    );
    out.bind(Value::Text(now.to_string())).text(")))");
    out
}

/// Skips the scheduled runs that wait though their job has been disabled, and returns their number.
pub(in crate::jobs) fn skip_disabled(
    conn: &mut Conn,
    runs: &Grant,
    now: Timestamp,
) -> Result<usize> {
    let condition = sql(
        conn.dialect(),
        "\"r\".\"trigger\" = 'schedule' AND NOT EXISTS (SELECT 1 FROM \"_jobs\" AS \"j\" \
         WHERE \"j\".\"id\" = \"r\".\"job\" AND \"j\".\"enabled\" = TRUE)",
    );
    let set = ended("The job was disabled before this run began.", now);
    queue::cancel(conn, &JOB_RUNS, runs, condition, "skipped", set, now)
}

/// Stores the outcome of an attempt, and adds the next one after a failure if the job has retries left. Returns whether
/// the claim still held.
pub(in crate::jobs) fn complete(
    conn: &mut Conn,
    runs: &Grant,
    run: &Record,
    outcome: &Result<String, String>,
) -> Result<bool> {
    let now = db::now(conn)?;
    let (state, output) = match outcome {
        Ok(output) => ("succeeded", output),
        Err(output) => ("failed", output),
    };
    if !queue::complete(conn, &JOB_RUNS, run, state, ended(output, now), now)? {
        return Ok(false);
    }
    if outcome.is_err()
        && let Some(job) = job_of(conn, runs, run)?
        && number(run, "attempt") <= number(&job, "retries")
        && (job.is("enabled") || run.text("trigger") != "schedule")
        && let Some(pause) = backoff(&job).after(queues::attempt(run, "attempt"))
    {
        add_next(conn, runs, run, now + pause)?;
    }
    Ok(true)
}

/// Ends an attempt whose server disappeared or stops, and adds the next one, unless too many were lost already.
pub(in crate::jobs) fn mark_lost(
    conn: &mut Conn,
    runs: &Grant,
    run: &Record,
    which: Abandoned<'_>,
    now: Timestamp,
) -> Result<()> {
    let retries = job_of(conn, runs, run)?.map_or(0.0, |job| number(&job, "retries"));
    let has_next = number(run, "attempt") <= retries.max(MAX_REASSIGNMENTS);
    let why = match which {
        Abandoned::Expired => "The server that ran the job disappeared.",
        Abandoned::OwnedBy(_) => "The server stopped before the job finished.",
    };
    let next = if has_next {
        "It will be retried."
    } else {
        "It will not be retried."
    };
    let set = ended(&format!("{why} {next}"), now);
    if queue::complete(conn, &JOB_RUNS, run, "lost", set, now)? && has_next {
        add_next(conn, runs, run, now)?;
    }
    Ok(())
}

fn ended(output: &str, now: Timestamp) -> Vec<(&'static str, Value)> {
    vec![
        ("output", Value::Text(cut(output))),
        ("ended", Value::Text(now.to_string())),
    ]
}

fn backoff(job: &Record) -> Backoff {
    let first = number(job, "backoff");
    let first = if first > 0.0 { first } else { BACKOFF };
    Backoff::Doubling {
        first: Duration::try_from_secs_f64(first).unwrap_or(MAX_BACKOFF),
        max: MAX_BACKOFF,
    }
}

/// Adds the attempt that follows another one.
fn add_next(conn: &mut Conn, runs: &Grant, before: &Record, not_before: Timestamp) -> Result<()> {
    let mut run = before.clone();
    set(&mut run, "id", conn.random.id());
    set(&mut run, "outcome", JOB_RUNS.waiting);
    set(&mut run, "notBefore", not_before.to_string());
    run.set("attempt", Value::Number(number(before, "attempt") + 1.0));
    for name in ["started", "ended", "output", "worker", "lease"] {
        set(&mut run, name, "");
    }
    insert(conn, runs, &run).map(drop)
}

/// Makes an output fit to be stored: not too long, and without what PostgreSQL cannot hold.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_cut_between_characters() {
        assert_eq!(cut("short\0"), "short\u{fffd}");
        let exact = "a".repeat(MAX_OUTPUT);
        assert_eq!(cut(&exact), exact);
        for offset in 0..4 {
            let long = format!("{}{}", "a".repeat(offset), "😀".repeat(MAX_OUTPUT));
            let kept = cut(&long);
            assert!(kept.len() <= MAX_OUTPUT && kept.len() > MAX_OUTPUT - 4);
            assert!(kept.ends_with("😀\n… (cut at 64 KB)"));
        }
    }
}
