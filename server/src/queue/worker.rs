//! The loop that each process runs for each queue: claim, perform, complete.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use prometheus::IntCounterVec;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::store::{self, Abandoned, Claim};
use super::{Changes, Expiry, Queue};
use crate::app::{App, Effort};
use crate::clock::Timestamp;
use crate::db::{self, Conn, Sql};
use crate::error::{Error, Result};
use crate::policy::Grant;
use crate::schema::Record;

/// How many rows of a queue one process works on at once.
const MAX_RUNNING: usize = 4;
/// How often to poll for due rows when nothing wakes the worker.
const POLL: Duration = Duration::from_secs(1);
/// How many times to try to store an outcome.
const MAX_TRIES: u32 = 5;
/// How many abandoned rows are ended in one transaction.
const BATCH: usize = 500;

/// A kind of work that waits in a queue.
pub trait Work: Clone + Send + Sync + 'static {
    /// The result of an attempt.
    type Outcome: Clone + Send + Sync + 'static;

    /// The table.
    const QUEUE: &'static Queue;

    /// The server.
    fn app(&self) -> &App;

    /// How long a worker keeps a row before others may take it to be dead.
    fn lease(&self) -> Lease;

    /// The metric that counts outcomes, by name.
    fn counter(&self) -> &IntCounterVec;

    /// A further condition for a row to be claimed.
    fn condition(_conn: &Conn, _now: Timestamp) -> Option<Sql> {
        None
    }

    /// Ends due rows that nobody wants performed any longer, and returns their number.
    fn cancel(_conn: &mut Conn, _grant: &Grant, _now: Timestamp) -> Result<usize> {
        Ok(0)
    }

    /// Ends an abandoned row, whose lease expired or whose worker stops, and adds the next attempt.
    fn mark_lost(
        _conn: &mut Conn,
        _grant: &Grant,
        _row: &Record,
        _which: Abandoned<'_>,
        _now: Timestamp,
    ) -> Result<()> {
        Ok(())
    }

    /// Does the work. It is dropped when the lease is lost or the server stops.
    fn perform(&self, claimed: &Record) -> impl Future<Output = Self::Outcome> + Send;

    /// The outcome of an attempt that panicked.
    fn panicked() -> Self::Outcome;

    /// Stores an outcome, and returns whether the claim still held.
    fn complete(
        conn: &mut Conn,
        grant: &Grant,
        claimed: &Record,
        outcome: &Self::Outcome,
    ) -> Result<bool>;

    /// The name of an outcome in the metrics.
    fn name(outcome: &Self::Outcome) -> &'static str;
}

/// How long a worker keeps a row.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// How long a claim lasts.
    pub duration: Duration,
    /// How often it is renewed, if it is.
    pub renewal: Option<Duration>,
}

/// Wakes and stops the worker of a queue.
#[derive(Debug, Default)]
pub struct Control {
    wake: Notify,
    /// When the work that goes on has to end; `None` while more is begun.
    deadline: Mutex<Option<Instant>>,
}

impl Control {
    /// Has the worker poll at once.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Has the worker claim nothing more, and end at the deadline at the latest.
    pub fn stop(&self, deadline: Instant) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Some(deadline);
        self.wake();
    }

    /// Whether the worker was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.deadline().is_some()
    }

    fn deadline(&self) -> Option<Instant> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The attempts that go on, by the id of their row.
type Running = HashMap<String, JoinHandle<()>>;

/// Works on a queue until it is told to stop. Attempts that have not ended by the deadline are aborted.
pub async fn run<W: Work>(work: W, control: Arc<Control>) {
    let worker = Worker {
        owner: format!("{}-{}", std::process::id(), work.app().random.id()),
        work,
        control,
    };
    worker.run().await;
}

#[derive(Clone)]
struct Worker<W> {
    work: W,
    control: Arc<Control>,
    /// A name that no other worker has.
    owner: String,
}

impl<W: Work> Worker<W> {
    async fn run(&self) {
        let mut running = Running::new();
        let mut renewed = Instant::now();
        let mut has_more = false;
        loop {
            running.retain(|_, attempt| !attempt.is_finished());
            let (deadline, now) = (self.control.deadline(), Instant::now());
            if deadline.is_some_and(|deadline| running.is_empty() || now >= deadline) {
                break;
            }
            let renewal = self.work.lease().renewal;
            if renewal.is_some_and(|every| now - renewed >= every) && !running.is_empty() {
                match self.renew(&mut running).await {
                    Ok(()) => renewed = now,
                    Err(error) => warn::<W>(&error, "cannot renew leases"),
                }
            }
            let room = MAX_RUNNING - running.len();
            if deadline.is_none() && room > 0 {
                match self.begin(room, has_more, &mut running).await {
                    Ok(claimed) => has_more = claimed == room,
                    Err(error) => {
                        has_more = false;
                        warn::<W>(&error, "cannot claim what is due");
                    }
                }
            }
            let wait = deadline.map_or(POLL, |deadline| POLL.min(deadline - Instant::now()));
            // It polls again either way.
            let _ = timeout(wait, self.control.wake.notified()).await;
        }
        self.abandon(running).await;
    }

    /// Claims what is due and starts it, and returns how much that was. A poll that finds nothing only reads.
    async fn begin(&self, room: usize, has_more: bool, running: &mut Running) -> Result<usize> {
        let queue = W::QUEUE;
        let db = &self.work.app().db;
        if !has_more
            && !db
                .read_inline(move |conn| store::has_due(conn, queue))
                .await?
        {
            return Ok(0);
        }
        if queue.expiry == Expiry::NewRow {
            self.expire_leases().await?;
        }
        let worker = self.clone();
        let claim = move |conn: &mut Conn, grant: &Grant| {
            let claim = worker.claim(db::now(conn)?);
            let cancelled = W::cancel(conn, grant, claim.now)?;
            let condition = W::condition(conn, claim.now);
            let claimed = store::claim(conn, queue, grant.collection(), &claim, condition, room)?;
            Ok((cancelled, claimed))
        };
        let (cancelled, claimed) = self.write(claim).await?;
        self.count("skipped", cancelled);
        let count = claimed.len();
        for row in claimed {
            let id = row.id().to_owned();
            running.insert(id, tokio::spawn(self.clone().attempt(row)));
        }
        Ok(count)
    }

    /// Ends the rows whose lease expired.
    async fn expire_leases(&self) -> Result<()> {
        let expire =
            move |conn: &mut Conn, grant: &Grant| mark_lost::<W>(conn, grant, Abandoned::Expired);
        let lost = self.write(expire).await?;
        self.count("lost", lost);
        Ok(())
    }

    async fn renew(&self, running: &mut Running) -> Result<()> {
        let ids: Vec<String> = running.keys().cloned().collect();
        let worker = self.clone();
        let renew = move |conn: &mut Conn, grant: &Grant| {
            let claim = worker.claim(db::now(conn)?);
            store::renew(conn, W::QUEUE, grant.collection(), &claim, &ids)
        };
        let kept = self.write(renew).await?;
        running.retain(|id, attempt| {
            let is_kept = kept.contains(id);
            if !is_kept {
                // It ended just now, or another process has taken it over: this one was away for too long.
                attempt.abort();
            }
            is_kept
        });
        Ok(())
    }

    /// Performs the work of a row and stores the outcome.
    async fn attempt(self, row: Record) {
        let performed = AssertUnwindSafe(self.work.perform(&row)).catch_unwind();
        let outcome = performed.await.unwrap_or_else(|_| W::panicked());
        let name = W::name(&outcome);
        for tried in 1..=MAX_TRIES {
            let (claimed, outcome) = (row.clone(), outcome.clone());
            let complete =
                move |conn: &mut Conn, grant: &Grant| W::complete(conn, grant, &claimed, &outcome);
            match self.write(complete).await {
                Ok(was_ours) => {
                    self.count(name, usize::from(was_ours));
                    break;
                }
                Err(error) => {
                    warn::<W>(&error, "cannot store the outcome of an attempt");
                    sleep(POLL * tried).await;
                }
            }
        }
        self.control.wake();
    }

    /// Aborts the attempts that go on. Where rows have an owner, they are ended at once, so that another process need not
    /// wait for their leases.
    async fn abandon(&self, running: Running) {
        if !running.is_empty() {
            let queue = W::QUEUE.collection;
            tracing::warn!(queue, attempts = running.len(), "attempts are aborted");
        }
        for attempt in running.into_values() {
            attempt.abort();
            // It was told to end.
            let _ = attempt.await;
        }
        if W::QUEUE.owner.is_none() {
            return;
        }
        let owner = self.owner.clone();
        let release = move |conn: &mut Conn, grant: &Grant| {
            mark_lost::<W>(conn, grant, Abandoned::OwnedBy(&owner))
        };
        match self.write(release).await {
            Ok(lost) => self.count("lost", lost),
            Err(error) => warn::<W>(&error, "cannot release rows; their leases will expire"),
        }
    }

    fn claim(&self, now: Timestamp) -> Claim {
        Claim {
            owner: self.owner.clone(),
            now,
            until: now + self.work.lease().duration,
        }
    }

    /// Runs one write. Changes that subscribers hear of are made like those of all records; others need not know the
    /// version of the collections.
    async fn write<T, F>(&self, write: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, &Grant) -> Result<T> + Clone + Send + 'static,
    {
        let app = self.work.app();
        let grant = W::QUEUE.grant(&app.schema.current(), app.clock.now())?;
        match W::QUEUE.changes {
            Changes::Published => {
                let write = move |conn: &mut Conn, grant: Grant| write(conn, &grant);
                app.write(grant, Effort::Long, write).await
            }
            Changes::Silent => app.db.write(move |conn| write(conn, &grant)).await,
        }
    }

    fn count(&self, outcome: &str, rows: usize) {
        let counter = self.work.counter().with_label_values(&[outcome]);
        counter.inc_by(u64::try_from(rows).unwrap_or_default());
    }
}

fn warn<W: Work>(error: &Error, message: &str) {
    tracing::warn!(%error, queue = W::QUEUE.collection, "{message}");
}

/// Ends abandoned rows, and returns their number.
fn mark_lost<W: Work>(conn: &mut Conn, grant: &Grant, which: Abandoned<'_>) -> Result<usize> {
    let now = db::now(conn)?;
    let rows = store::abandoned(conn, W::QUEUE, grant.collection(), which, now, BATCH)?;
    for row in &rows {
        W::mark_lost(conn, grant, row, which, now)?;
    }
    Ok(rows.len())
}
