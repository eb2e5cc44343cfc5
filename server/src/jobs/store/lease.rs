//! Runs that go on: a worker takes one, holds it by a lease, and writes down what came of it.

use super::{insert, jobs, number, set};
use crate::clock::Moment;
use crate::db::{self, Conn, Sql, Storage, Value, load, sql};
use crate::error::Result;
use crate::policy::Grant;
use crate::random;
use crate::records::store::Lock;
use crate::records::{fill, store as records};
use crate::schema::Record;

/// The most bytes of a run's output.
pub const MAX_OUTPUT: usize = 64 << 10;
/// How often a run that its process left behind is begun again at least.
const TAKEOVERS: f64 = 3.0;
/// Seconds before the first retry, unless the job says.
const BACKOFF: f64 = 10.0;
/// The most seconds before a retry.
const MAX_BACKOFF: f64 = 86_400.0;
/// How many runs are given up in one transaction.
const BATCH: i64 = 500;

/// A run that was taken, with its job.
pub(in crate::jobs) struct Taken {
    /// The run.
    pub(in crate::jobs) run: Record,
    /// What to do.
    pub(in crate::jobs) job: Record,
}

/// Whether there is a run to take or to give up.
pub(in crate::jobs) fn has_work(conn: &mut Conn) -> Result<bool> {
    let now = db::now(conn)?;
    let mut select = sql(
        conn.engine(),
        "SELECT CAST(1 AS BIGINT) FROM \"_jobRuns\" WHERE (\"outcome\" = 'waiting' AND \"notBefore\" <= ",
    );
    select.bind(Value::from(now.to_string()));
    select.text(") OR (\"outcome\" = 'running' AND \"lease\" < ");
    select.bind(Value::from(now.to_string())).text(") LIMIT 1");
    Ok(!load(conn, select.cached(), &[Storage::Int])?.is_empty())
}

/// Takes runs that wait, for a worker, until its lease ends: of each job one at a time. What waits of a job that was
/// switched off meanwhile is over, unless somebody asked for it.
pub(in crate::jobs) fn take(
    conn: &mut Conn,
    runs: &Grant,
    lease: &Lease,
    limit: i64,
) -> Result<Vec<Taken>> {
    let jobs = jobs(runs.schema())?;
    let mut waits = sql(
        conn.engine(),
        "\"r\".\"outcome\" = 'waiting' AND \"r\".\"notBefore\" <= ",
    );
    waits.bind(Value::from(lease.now.to_string()));
    waits.text(" AND NOT EXISTS (SELECT 1 FROM \"_jobRuns\" AS \"other\" WHERE \"other\".\"job\" = \"r\".\"job\" AND \"other\".\"outcome\" = 'running')");
    let mut taken: Vec<Taken> = Vec::new();
    for candidate in records::find_where(conn, runs, waits, Some(limit))? {
        let Some(stored) = locked(conn, runs, candidate.id(), "waiting")? else {
            continue;
        };
        let Some(job) = records::find(conn, &jobs, stored.text("job"), None)? else {
            continue;
        };
        if is_over(&stored, &job) {
            let why = "The job was switched off.";
            end(conn, runs, &stored, "skipped", why, lease.now)?;
            continue;
        }
        if taken.iter().any(|taken| taken.job.id() == job.id()) {
            continue;
        }
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

/// Whether nobody wants a run any more.
fn is_over(run: &Record, job: &Record) -> bool {
    run.text("trigger") == "schedule" && !job.is("enabled")
}

/// How long a worker holds what it runs.
#[derive(Clone, Debug)]
pub(in crate::jobs) struct Lease {
    /// Who.
    pub(in crate::jobs) worker: String,
    /// Since when.
    pub(in crate::jobs) now: Moment,
    /// Until when, unless it is renewed.
    pub(in crate::jobs) until: Moment,
}

/// Renews the lease of these runs, and gives those that are not the worker's any more.
pub(in crate::jobs) fn renew(
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
pub(in crate::jobs) fn finish(
    conn: &mut Conn,
    runs: &Grant,
    run: &Record,
    outcome: &Result<String, String>,
) -> Result<bool> {
    let now = db::now(conn)?;
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
            && !is_over(&stored, &job)
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
pub(in crate::jobs) fn reap(conn: &mut Conn, runs: &Grant) -> Result<usize> {
    let now = db::now(conn)?;
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
pub(in crate::jobs) fn release(conn: &mut Conn, runs: &Grant, worker: &str) -> Result<usize> {
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
    let now = db::now(conn)?;
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
    set(&mut run, "id", random::id());
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
    fill::stamp(run, Moment::now(), false);
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

    #[test]
    fn retries_wait_longer_each_time() {
        let waits = |first| [1.0, 2.0, 3.0].map(|attempt| backoff(first, attempt).to_string());
        assert_eq!(waits(0.0), ["10", "20", "40"]);
        assert_eq!(waits(5.0), ["5", "10", "20"]);
        assert!((backoff(86_400.0, 20.0) - MAX_BACKOFF).abs() < 1.0);
    }
}
