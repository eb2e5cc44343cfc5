//! Scheduled jobs: what the server does at times.
//!
//! A job is a record of `_jobs`, an attempt to do it a record of `_jobRuns`. tokio-cron-scheduler wakes [`tick`] when
//! a minute begins by the database's clock, which adds the runs that are due: of all processes on a database one succeeds, by a unique index. The
//! [`worker`] of any process takes a run that waits, holds it by a lease that it renews, and writes down what came of
//! it. A run whose lease ran out was some process's that is gone: it is lost, and its next attempt waits.
//!
//! [`mod@schedule`] says when, [`mod@check`] what a job may be; each kind has a file, and [`outbound`] guards whom jobs
//! call.

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

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_cron_scheduler::{Job as Tick, JobScheduler, JobSchedulerError};

use crate::app::{App, Effort};
use crate::clock::Moment;
use crate::db::Conn;
use crate::error::Result;
use crate::tasks::supervise;

pub use check::check;

/// When the scheduler looks whether another minute has begun. Minutes are the database's, which this machine's clock may
/// differ from by any time.
const EVERY_SECOND: &str = "* * * * * *";
/// A clock that differs by more is worth a warning.
const MAX_DIFFERENCE: SignedDuration = SignedDuration::from_secs(5);
/// What is due longer ago than this was missed, and is not made up for.
const MAX_LATE: Duration = Duration::from_secs(5 * 60);
/// How many runs are added in one transaction, so that other writes need not wait for all.
const MAX_ADDED: usize = 50;

/// The jobs of this process.
#[derive(Default)]
pub struct Jobs {
    state: Mutex<State>,
    /// That there is something to do for the worker.
    wake: Notify,
}

#[derive(Default)]
struct State {
    /// Up to when it is known what was due, by the database's clock.
    looked: Option<Moment>,
    /// By how much this machine's clock is ahead of the database's.
    ahead: SignedDuration,
    /// Until when runs may end; none while more are begun.
    deadline: Option<Instant>,
    worker: Option<JoinHandle<()>>,
}

/// Begins to run jobs, until [`Jobs::stop`].
pub fn start(app: &App) {
    let working = app.clone();
    let worker = tokio::spawn(async move {
        let scheduler = schedule(&working).await;
        if let Err(error) = &scheduler {
            tracing::error!(%error, "jobs do not run at their times");
        }
        supervise(|| worker::work(working.clone())).await;
        if let Ok(mut scheduler) = scheduler
            && let Err(error) = scheduler.shutdown().await
        {
            tracing::warn!(%error, "the scheduler does not end");
        }
    });
    app.jobs.state().worker = Some(worker);
}

/// Has the jobs looked at every minute.
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
    if app.jobs.is_stopping() || !app.jobs.is_another_minute() {
        return;
    }
    if let Err(error) = tick_at_its_time(app).await {
        tracing::warn!(%error, "cannot look for jobs that are due");
    }
}

async fn tick_at_its_time(app: &App) -> Result<()> {
    let now = app.db.read_few(crate::db::now).await?;
    app.jobs.compare_clocks(app, now);
    let late = now.before(MAX_LATE);
    let looked = app.jobs.state().looked.unwrap_or(now);
    // The clock may have been set back; what was due already has its run.
    let from = if looked > now { late } else { looked.max(late) };
    tick(app, from, now).await?;
    app.jobs.state().looked = Some(now);
    Ok(())
}

/// Adds the runs that are due after `from` and not after `until`, one a job, and says how many.
pub async fn tick(app: &App, from: Moment, until: Moment) -> Result<usize> {
    let schema = app.schema.current();
    let jobs = store::jobs(&schema)?;
    let due = app
        .read(jobs, Effort::Long, move |conn, grant| {
            store::due(conn, grant, from, until)
        })
        .await?;
    let mut added = 0;
    for due in due.chunks(MAX_ADDED) {
        let due = due.to_vec();
        let add = move |conn: &mut Conn, grant| store::add_due(conn, &grant, &due);
        let new = app.write(store::runs(&schema)?, Effort::Long, add).await?;
        added += new.waiting;
        worker::count(app, "skipped", new.skipped);
        app.jobs.wake.notify_one();
    }
    Ok(added)
}

impl Jobs {
    /// Begins no more runs, lets those that go on end until the deadline, and gives up the others, such that another
    /// process takes them over at once.
    pub async fn stop(&self, deadline: Instant) {
        let worker = {
            let mut state = self.state();
            state.deadline = Some(deadline);
            state.worker.take()
        };
        self.wake.notify_one();
        if let Some(worker) = worker
            && worker.await.is_err()
        {
            tracing::error!("the worker of jobs panicked");
        }
    }

    /// Whether a minute has begun since it was last looked, as far as this machine's clock can tell.
    fn is_another_minute(&self) -> bool {
        let state = self.state();
        let now = Moment::now().timestamp() - state.ahead;
        let minute = |moment: Timestamp| moment.as_second().div_euclid(60);
        let looked = state.looked.map(|looked| minute(looked.timestamp()));
        looked != Some(minute(now))
    }

    /// Notes by how much this machine's clock differs from the database's.
    fn compare_clocks(&self, app: &App, database: Moment) {
        let ahead = Moment::now()
            .timestamp()
            .duration_since(database.timestamp());
        let before = std::mem::replace(&mut self.state().ahead, ahead);
        app.metrics.clock_difference.set(ahead.as_secs_f64());
        if ahead.abs() > MAX_DIFFERENCE && (ahead - before).abs() > MAX_DIFFERENCE {
            tracing::warn!(
                seconds = ahead.as_secs(),
                "this machine's clock differs from the database's; jobs go by the database's"
            );
        }
    }

    fn is_stopping(&self) -> bool {
        self.state().deadline.is_some()
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

/// What comes of a run: its output, and whether it succeeded.
type Outcome = std::result::Result<String, String>;
