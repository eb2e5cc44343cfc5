//! Performs runs of jobs: a few at once in each process.

use std::time::Duration;

use prometheus::IntCounterVec;
use tokio::time::timeout;

use super::{Outcome, check, http, mail, maintenance, store};
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::{Conn, Sql, Value};
use crate::error::Result;
use crate::policy::Grant;
use crate::queue::store::Abandoned;
use crate::queue::worker::{Lease, Work};
use crate::queue::{JOB_RUNS, Queue};
use crate::schema::Record;

/// Lease duration: a worker that has not renewed for this long is presumed dead.
const LEASE: Duration = Duration::from_secs(30);
/// How often a worker renews its leases.
const RENEWAL: Duration = Duration::from_secs(10);
/// How many seconds a run may take, unless the job says.
const TIMEOUT: f64 = 30.0;

/// Runs of jobs, as work of a queue.
#[derive(Clone)]
pub(super) struct Runs(pub(super) App);

impl Work for Runs {
    type Outcome = Outcome;

    const QUEUE: &'static Queue = &JOB_RUNS;

    fn app(&self) -> &App {
        &self.0
    }

    fn lease(&self) -> Lease {
        Lease {
            duration: LEASE,
            renewal: Some(RENEWAL),
        }
    }

    fn counter(&self) -> &IntCounterVec {
        &self.0.metrics.job_runs
    }

    fn condition(conn: &Conn, now: Timestamp) -> Option<Sql> {
        Some(store::is_next_of_its_job(conn, now))
    }

    fn cancel(conn: &mut Conn, runs: &Grant, now: Timestamp) -> Result<usize> {
        store::skip_disabled(conn, runs, now)
    }

    fn mark_lost(
        conn: &mut Conn,
        runs: &Grant,
        run: &Record,
        which: Abandoned<'_>,
        now: Timestamp,
    ) -> Result<()> {
        store::mark_lost(conn, runs, run, which, now)
    }

    async fn perform(&self, run: &Record) -> Outcome {
        let app = &self.0;
        let missing = "The job cannot be read.";
        let runs = JOB_RUNS.grant(&app.schema.current(), app.clock.now());
        let runs = runs.map_err(|error| format!("{missing} {error}"))?;
        let run = run.clone();
        let find = move |conn: &mut Conn| store::job_of(conn, &runs, &run);
        match app.db.read_inline(find).await {
            Ok(Some(job)) => within_timeout(app, &job).await,
            // The run goes with its job, so nobody will see this.
            Ok(None) => Err(missing.to_owned()),
            Err(error) => Err(format!("{missing} {error}")),
        }
    }

    fn panicked() -> Outcome {
        Err("The job crashed; the server's log has the details.".to_owned())
    }

    fn complete(conn: &mut Conn, runs: &Grant, run: &Record, outcome: &Outcome) -> Result<bool> {
        store::complete(conn, runs, run, outcome)
    }

    fn name(outcome: &Outcome) -> &'static str {
        match outcome {
            Ok(_) => "succeeded",
            Err(_) => "failed",
        }
    }
}

async fn within_timeout(app: &App, job: &Record) -> Outcome {
    let seconds = match job.value("timeout") {
        Some(Value::Number(seconds)) if *seconds > 0.0 => *seconds,
        _ => TIMEOUT,
    };
    let Ok(outcome) = timeout(Duration::from_secs_f64(seconds), perform(app, job)).await else {
        return Err(format!("Timed out after {seconds} s."));
    };
    outcome
}

async fn perform(app: &App, job: &Record) -> Outcome {
    let payload = check::payload(job).unwrap_or_default();
    match job.text("kind") {
        "http" => http::Call::parse(&payload)?.run(&app.outbound).await,
        "mail" => mail::run(app, mail::parse(&payload)?).await,
        "maintenance" => maintenance::run(app, maintenance::parse(&payload)?).await,
        other => Err(format!("There is no kind of job \"{other}\".")),
    }
}
