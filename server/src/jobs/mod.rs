//! Scheduled jobs: what the server does at times.
//!
//! A job is a record of `_jobs`, an attempt to do it a record of `_jobRuns`. tokio-cron-scheduler wakes [`tick`] every
//! minute, which adds the runs that are due: of all processes on a database one succeeds, by a unique index. The
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
pub mod outbound;
mod payload;
pub mod schedule;
pub mod store;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_cron_scheduler::{Job as Tick, JobScheduler, JobSchedulerError};

use crate::app::App;
use crate::clock::Moment;
use crate::db::Conn;
use crate::error::Result;
use crate::serve::forever;

pub use check::check;

/// When the scheduler asks what is due: at each minute's beginning.
const EVERY_MINUTE: &str = "0 * * * * *";
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
    /// Up to when it is known what was due.
    looked: Option<Moment>,
    /// Until when runs may end; none while more are begun.
    deadline: Option<Instant>,
    worker: Option<JoinHandle<()>>,
}

/// Begins to run jobs, until [`Jobs::stop`].
pub fn start(app: &App) {
    app.jobs.state().looked = Some(Moment::now());
    let working = app.clone();
    let worker = tokio::spawn(async move {
        let scheduler = schedule(&working).await;
        if let Err(error) = &scheduler {
            tracing::error!(%error, "jobs do not run at their times");
        }
        forever(|| worker::work(working.clone())).await;
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
    let tick = Tick::new_async(EVERY_MINUTE, move |_, _| {
        let app = ticking.clone();
        Box::pin(async move { tick_now(&app).await })
    });
    scheduler.add(tick?).await?;
    scheduler.start().await?;
    Ok(scheduler)
}

async fn tick_now(app: &App) {
    let now = Moment::now();
    let late = Moment::from(now.timestamp() - MAX_LATE);
    let looked = app.jobs.state().looked.unwrap_or(now);
    // The clock may have been set back; what was due already has its run.
    let from = if looked > now { late } else { looked.max(late) };
    if app.jobs.is_stopping() {
        return;
    }
    match tick(app, from, now).await {
        Ok(_) => app.jobs.state().looked = Some(now),
        Err(error) => tracing::warn!(%error, "cannot look for jobs that are due"),
    }
}

/// Adds the runs that are due after `from` and not after `until`, one a job, and says how many.
pub async fn tick(app: &App, from: Moment, until: Moment) -> Result<usize> {
    let schema = app.schema.current();
    let jobs = store::jobs(&schema)?;
    let due = app
        .read(jobs, false, move |conn, grant| {
            store::due(conn, grant, from, until)
        })
        .await?;
    let mut added = 0;
    for due in due.chunks(MAX_ADDED) {
        let due = due.to_vec();
        let add = move |conn: &mut Conn, grant| store::add_due(conn, &grant, &due);
        added += app.write(store::runs(&schema)?, false, add).await?;
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
