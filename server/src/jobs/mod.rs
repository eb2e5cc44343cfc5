//! Scheduled jobs: work that the server does at certain times.
//!
//! A job is a record of `_jobs`, and each attempt to run it is a record of `_jobRuns`, which is a [`queue`].
//! tokio-cron-scheduler wakes [`tick`] when a minute begins by the database's clock; it inserts the runs that are due. A
//! unique index lets one process succeed. The [`worker`] of any process claims runs and performs them.
//!
//! [`mod@schedule`] says when a job is due, and [`mod@check`] which jobs are valid. Each kind of job has a file.

pub mod api;
mod check;
mod http;
mod mail;
mod maintenance;
mod payload;
pub mod schedule;
pub mod store;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_cron_scheduler::{Job as Tick, JobScheduler, JobSchedulerError};

use crate::app::{App, Effort};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::Result;
use crate::queue::worker::Control;
use crate::queue::{self, JOB_RUNS};
use crate::tasks::supervise;

pub use check::check;

/// When to check whether another minute has begun. Minutes are those of the database's clock, which this machine's clock
/// may differ from by any amount.
const EVERY_SECOND: &str = "* * * * * *";
/// A difference between the clocks from which on a warning is logged.
const MAX_DIFFERENCE: SignedDuration = SignedDuration::from_secs(5);
/// How late a run may begin. One that was due earlier has been missed, and is not made up for.
const MAX_LATE: Duration = Duration::from_secs(5 * 60);
/// How many runs are inserted in one transaction, so that other writes need not wait for all of them.
const MAX_ADDED: usize = 50;

/// The error message if there is no such job.
const MISSING: &str = "Missing or invalid cron job.";

/// The jobs of this process.
#[derive(Default)]
pub struct Jobs {
    state: Mutex<State>,
    /// Wakes and stops the worker.
    control: Arc<Control>,
}

#[derive(Default)]
struct State {
    /// Until when the schedules have been looked at, by the database's clock.
    looked: Option<Timestamp>,
    /// By how much this machine's clock is ahead of the database's.
    ahead: SignedDuration,
    worker: Option<JoinHandle<()>>,
}

/// Starts to run jobs, until [`Jobs::stop`].
pub fn start(app: &App) {
    let working = app.clone();
    let worker = tokio::spawn(async move {
        let scheduler = schedule(&working).await;
        if let Err(error) = &scheduler {
            tracing::error!(%error, "jobs do not run at their times");
        }
        let control = &working.jobs.control;
        supervise(|| queue::worker::run(worker::Runs(working.clone()), Arc::clone(control))).await;
        if let Ok(mut scheduler) = scheduler
            && let Err(error) = scheduler.shutdown().await
        {
            tracing::warn!(%error, "the scheduler does not end");
        }
    });
    app.jobs.state().worker = Some(worker);
}

/// Starts the scheduler that looks at the jobs every minute.
async fn schedule(app: &App) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let ticking = app.clone();
    let tick = Tick::new_async(EVERY_SECOND, move |_, _| {
        let app = ticking.clone();
        Box::pin(async move { tick_now(&app).await })
    });
    scheduler.add(tick?).await?;
    scheduler.start().await?;
    Ok(scheduler)
}

async fn tick_now(app: &App) {
    if app.jobs.control.is_stopping() || !app.jobs.is_another_minute(app) {
        return;
    }
    if let Err(error) = tick_at_its_time(app).await {
        tracing::warn!(%error, "cannot look for jobs that are due");
    }
}

async fn tick_at_its_time(app: &App) -> Result<()> {
    let now = app.db.read_inline(crate::db::now).await?;
    app.jobs.compare_clocks(app, now);
    let late = now - MAX_LATE;
    let looked = app.jobs.state().looked.unwrap_or(now);
    // The clock may have been set back; what was due already has its run.
    let from = if looked > now { late } else { looked.max(late) };
    tick(app, from, now).await?;
    app.jobs.state().looked = Some(now);
    Ok(())
}

/// Inserts the runs that are due after `from` and not after `until`, one for each job, and returns their number.
pub async fn tick(app: &App, from: Timestamp, until: Timestamp) -> Result<usize> {
    let schema = app.schema.current();
    let jobs = store::jobs(&schema, app.clock.now())?;
    let due = app
        .read(jobs, Effort::Long, move |conn, grant| {
            store::due(conn, grant, from, until)
        })
        .await?;
    let mut added = 0;
    for due in due.chunks(MAX_ADDED) {
        let due = due.to_vec();
        let add = move |conn: &mut Conn, grant| store::add_due(conn, &grant, &due);
        let new = app
            .write(JOB_RUNS.grant(&schema, app.clock.now())?, Effort::Long, add)
            .await?;
        added += new.waiting;
        let skipped = app.metrics.job_runs.with_label_values(&["skipped"]);
        skipped.inc_by(u64::try_from(new.skipped).unwrap_or_default());
        app.jobs.wake();
    }
    Ok(added)
}

impl Jobs {
    /// Starts no more runs, waits until the deadline for those that go on, and releases the others, so that another
    /// process can take them over at once.
    pub async fn stop(&self, deadline: Instant) {
        self.control.stop(deadline);
        let worker = self.state().worker.take();
        if let Some(worker) = worker
            && worker.await.is_err()
        {
            tracing::error!("the worker of jobs panicked");
        }
    }

    /// Has the worker look for runs at once.
    fn wake(&self) {
        self.control.wake();
    }

    /// Returns whether a minute has begun since the schedules were last looked at, by this machine's clock and its known
    /// distance from the database's.
    fn is_another_minute(&self, app: &App) -> bool {
        let state = self.state();
        let now = app.clock.now() - state.ahead;
        state.looked.map(Timestamp::unix_minutes) != Some(now.unix_minutes())
    }

    /// Stores by how much this machine's clock differs from the database's.
    fn compare_clocks(&self, app: &App, database: Timestamp) {
        let ahead = app.clock.now() - database;
        let before = std::mem::replace(&mut self.state().ahead, ahead);
        app.metrics.clock_difference.set(ahead.as_secs_f64());
        if ahead.abs() > MAX_DIFFERENCE && (ahead - before).abs() > MAX_DIFFERENCE {
            tracing::warn!(
                seconds = ahead.as_secs(),
                "this machine's clock differs from the database's; jobs go by the database's"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").finish_non_exhaustive()
    }
}

/// The jobs of an app, shared by its clones.
pub type Shared = Arc<Jobs>;

/// The output of a run that succeeded, or of one that failed.
type Outcome = std::result::Result<String, String>;
