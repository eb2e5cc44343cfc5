//! Runs what waits: a few runs at once in each process.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::store::{self, Lease, Taken};
use super::{Outcome, check, http, mail, maintenance};
use crate::app::{App, Effort};
use crate::db::{Conn, Value};
use crate::error::Result;
use crate::policy::Grant;
use crate::random;
use crate::schema::Record;

/// How many runs go on at once.
const MAX_RUNNING: usize = 4;
/// How often it is looked for runs that wait, unless something says that there is one.
const POLL: Duration = Duration::from_secs(1);
/// How long a process is believed to be there without a word of it.
const LEASE: Duration = Duration::from_secs(30);
/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(10);
/// How long a run may take, unless the job says.
const TIMEOUT: f64 = 30.0;
/// How often it is tried to write down what came of a run.
const MAX_TRIES: u32 = 5;

/// The runs that go on, by id.
type Running = HashMap<String, JoinHandle<()>>;

/// Works until the jobs are stopped.
pub(super) async fn work(app: App) {
    let app = &app;
    let worker = format!("{}-{}", std::process::id(), random::id());
    let mut running = Running::new();
    let mut renewed = Instant::now();
    loop {
        running.retain(|_, run| !run.is_finished());
        let deadline = app.jobs.state().deadline;
        let now = Instant::now();
        if deadline.is_some_and(|deadline| running.is_empty() || now >= deadline) {
            break;
        }
        if now - renewed >= RENEW && !running.is_empty() {
            match renew(app, &worker, &mut running).await {
                Ok(()) => renewed = now,
                Err(error) => tracing::warn!(%error, "cannot renew the lease of jobs"),
            }
        }
        if deadline.is_none()
            && let Err(error) = begin(app, &worker, &mut running).await
        {
            tracing::warn!(%error, "cannot look for jobs that wait");
        }
        let wait = deadline.map_or(POLL, |deadline| POLL.min(deadline - Instant::now()));
        // Either way it looks again.
        let _ = timeout(wait, app.jobs.wake.notified()).await;
    }
    for run in running.into_values() {
        run.abort();
        // An aborted run has nothing to say.
        let _ = run.await;
    }
    let release = move |conn: &mut Conn, runs: Grant| store::release(conn, &runs, &worker);
    match write(app, release).await {
        Ok(lost) => count(app, "lost", lost),
        Err(error) => {
            tracing::warn!(%error, "cannot give up runs of jobs; their leases end by themselves");
        }
    }
}

/// Begins what waits, as far as there is room, and gives up what other processes left behind.
async fn begin(app: &App, worker: &str, running: &mut Running) -> Result<()> {
    let room = MAX_RUNNING - running.len();
    if room == 0 || !app.db.read_few(store::has_work).await? {
        return Ok(());
    }
    let lost = write(app, |conn, runs| store::reap(conn, &runs)).await?;
    count(app, "lost", lost);
    let limit = i64::try_from(room).unwrap_or_default();
    let worker = worker.to_owned();
    let take = move |conn: &mut Conn, runs: Grant| {
        let lease = lease(conn, &worker)?;
        store::take(conn, &runs, &lease, limit)
    };
    for taken in write(app, take).await? {
        let id = taken.run.id().to_owned();
        running.insert(id, tokio::spawn(run(app.clone(), taken)));
    }
    Ok(())
}

async fn renew(app: &App, worker: &str, running: &mut Running) -> Result<()> {
    let ids: Vec<String> = running.keys().cloned().collect();
    let worker = worker.to_owned();
    let renew = move |conn: &mut Conn, runs: Grant| {
        let lease = lease(conn, &worker)?;
        store::renew(conn, &runs, &lease, &ids)
    };
    let gone = write(app, renew).await?;
    for id in gone {
        // It ended just now, or another process has it: this one was away for too long.
        if let Some(run) = running.remove(&id) {
            run.abort();
        }
    }
    Ok(())
}

fn lease(conn: &mut Conn, worker: &str) -> Result<Lease> {
    let now = crate::db::now(conn)?;
    Ok(Lease {
        worker: worker.to_owned(),
        now,
        until: now.after(LEASE),
    })
}

/// Does a run from its beginning to what is written of it.
async fn run(app: App, taken: Taken) {
    let Taken { run, job } = taken;
    let work = AssertUnwindSafe(outcome(&app, &job)).catch_unwind();
    let outcome = work
        .await
        .unwrap_or_else(|_| Err("The job panicked; the server's log says where.".to_owned()));
    let name = if outcome.is_ok() {
        "succeeded"
    } else {
        "failed"
    };
    for tried in 1..=MAX_TRIES {
        let (ended, outcome) = (run.clone(), outcome.clone());
        let finish =
            move |conn: &mut Conn, runs: Grant| store::finish(conn, &runs, &ended, &outcome);
        match write(&app, finish).await {
            Ok(is_its) => {
                count(&app, name, usize::from(is_its));
                break;
            }
            // The lease is renewed as long as this goes on.
            Err(error) => {
                tracing::warn!(%error, run = run.id(), "cannot write down what came of a job");
                tokio::time::sleep(POLL * tried).await;
            }
        }
    }
    app.jobs.wake.notify_one();
}

async fn outcome(app: &App, job: &Record) -> Outcome {
    let seconds = match job.value("timeout") {
        Some(Value::Number(seconds)) if *seconds > 0.0 => *seconds,
        _ => TIMEOUT,
    };
    let Ok(outcome) = timeout(Duration::from_secs_f64(seconds), done(app, job)).await else {
        return Err(format!("It took longer than {seconds} s."));
    };
    outcome
}

async fn done(app: &App, job: &Record) -> Outcome {
    let payload = check::payload(job).unwrap_or_default();
    match job.text("kind") {
        "http" => http::Call::parse(&payload)?.run(&app.outbound).await,
        "mail" => mail::run(app, mail::parse(&payload)?).await,
        "maintenance" => maintenance::run(app, maintenance::parse(&payload)?).await,
        other => Err(format!("There is no kind {other} of job.")),
    }
}

/// Counts runs that ended.
pub(super) fn count(app: &App, outcome: &str, runs: usize) {
    let counter = app.metrics.job_runs.with_label_values(&[outcome]);
    counter.inc_by(u64::try_from(runs).unwrap_or_default());
}

/// A write of runs, on the server's own account.
async fn write<T, F>(app: &App, work: F) -> Result<T>
where
    T: Send + 'static,
    F: Fn(&mut Conn, Grant) -> Result<T> + Clone + Send + 'static,
{
    let runs = store::runs(&app.schema.current())?;
    app.write(runs, Effort::Long, work).await
}
