//! Two lanes of changes to decide on. Cheap queries run at once; costly ones wait in a [`Backlog`] for a task of
//! their own, so that only clients with costly queries wait for them.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::authorize::authorize;
use super::clients::Group;
use super::leaving::Leaving;
use crate::app::App;
use crate::error::{Error, Result};
use crate::events::Change;

/// The maximum size of the changes in the backlog, including their groups. Beyond it, clients that would have to wait
/// longer are disconnected.
const MAX_WAITING: usize = 32 << 20;
/// How many changes are taken out of the backlog at once.
const BATCH: usize = 50;
/// The pause after a failure.
const REST: Duration = Duration::from_millis(500);

/// A change, and the groups whose queries have not run yet.
pub(super) struct Job {
    pub(super) change: Arc<Change>,
    pub(super) groups: Vec<Group>,
    /// The accounts that are deleted by this change or later ones.
    pub(super) leaving: Leaving,
    /// The position of the change, for comparison with theirs.
    pub(super) at: usize,
}

impl Job {
    /// Estimates the memory of the job.
    fn bytes(&self) -> usize {
        let groups = self.groups.iter().map(Group::bytes);
        self.change.bytes() + groups.sum::<usize>()
    }
}

/// The changes with costly queries that have not run yet.
#[derive(Default)]
pub(super) struct Backlog {
    jobs: Mutex<VecDeque<Job>>,
    bytes: AtomicUsize,
    arrived: Notify,
}

impl Backlog {
    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a job; returns it if there is no room.
    pub(super) fn push(&self, job: Job) -> Result<(), Job> {
        let mut jobs = self.jobs();
        let bytes = self.bytes.load(Ordering::Relaxed) + job.bytes();
        if bytes > MAX_WAITING && !jobs.is_empty() {
            return Err(job);
        }
        self.bytes.store(bytes, Ordering::Relaxed);
        jobs.push_back(job);
        drop(jobs);
        self.arrived.notify_one();
        Ok(())
    }

    fn take(&self) -> VecDeque<Job> {
        let mut jobs = self.jobs();
        let count = BATCH.min(jobs.len());
        let taken: VecDeque<Job> = jobs.drain(..count).collect();
        let bytes: usize = taken.iter().map(Job::bytes).sum();
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        taken
    }

    async fn next(&self) -> VecDeque<Job> {
        loop {
            let jobs = self.take();
            if !jobs.is_empty() {
                return jobs;
            }
            self.arrived.notified().await;
        }
    }
}

/// Delivers changes to the clients that may receive them: at once where the query is cheap, otherwise through the
/// backlog.
///
/// `behind` are deletions of accounts by later changes.
pub(super) async fn deliver(app: &App, changes: Vec<Change>, behind: Vec<Change>) -> Result<()> {
    let schema = app.schema.current();
    let leaving = Leaving::of(&changes, behind);
    let mut jobs = VecDeque::new();
    for (at, change) in changes.into_iter().enumerate() {
        let Some(record) = change.record(&schema) else {
            continue;
        };
        let groups = app.realtime.clients.who_wants(&record);
        if change.ends_account() {
            app.realtime.clients.sign_out_account(&record);
        } else if change.ends_session() && !leaving.has_owner_of(&record) {
            app.realtime.clients.end_session(record.id());
        }
        if groups.is_empty() {
            continue;
        }
        app.realtime.clients.budgets.changed();
        let change = Arc::new(change);
        let job = |groups| Job {
            change: Arc::clone(&change),
            groups,
            leaving: leaving.clone(),
            at,
        };
        let (costly, groups): (Vec<Group>, Vec<Group>) =
            groups.into_iter().partition(|group| group.is_costly);
        if !costly.is_empty() {
            put_off(app, job(costly));
        }
        if !groups.is_empty() {
            jobs.push_back(job(groups));
        }
    }
    authorize(app, jobs).await
}

/// Puts a job into the backlog. Clients that would have to wait too long are disconnected, and have to list the
/// records again.
pub(super) fn put_off(app: &App, job: Job) {
    if let Err(job) = app.realtime.backlog.push(job) {
        for group in &job.groups {
            app.realtime.clients.cut_off_for_work(&group.members);
        }
    }
}

/// Handles the backlog until the server stops.
pub(super) async fn follow_costly(app: &App) {
    loop {
        let jobs = app.realtime.backlog.next().await;
        let decided = AssertUnwindSafe(authorize(app, jobs)).catch_unwind().await;
        let error = match decided {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error,
            Err(_) => Error::internal(anyhow::anyhow!("a task panicked")),
        };
        tracing::warn!(%error, "realtime clients with filters may have missed something: they have to connect again");
        app.realtime.clients.cut_off_costly();
        sleep(REST).await;
    }
}
