//! The only writer of a SQLite database. It commits writes in groups.
//!
//! It takes the units of work that wait, runs each in a savepoint of one transaction, commits once, and then answers all of
//! them. A unit that fails rolls back only its own savepoint. While the disk works on a commit, the next group gathers: groups
//! grow with the load, and a single write waits for no other. Units that arrive while a group runs join it, up to a limit:
//! otherwise all clients would wait for the same commit and then send their next requests at once.
//!
//! Groups run on a thread of their own. While writes come one at a time and commits are quick, a short write takes less time
//! than the way to that thread and back, so it runs on the thread of its request.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use prometheus::Histogram;
use tokio::sync::oneshot;

use super::wal::Wal;
use crate::db::coordination::ChangeQueue;
use crate::db::transaction::UNIT;
use crate::db::{Conn, Effort};
use crate::error::{Error, Obstacle, Result};

/// Limits of a group, since its first unit waits for the others.
const MAX_UNITS: usize = 256;
const MAX_TIME: Duration = Duration::from_millis(8);
/// With so many units, a group may go on for half as long as a commit takes.
const MANY_UNITS: usize = 32;
/// If a commit takes longer, no write runs on the thread of its request: others need that thread.
const QUICK: Duration = Duration::from_millis(1);

/// A queued unit of work. It is called with the group's connection, or with the error that prevented the group, and returns
/// the callback that reports the result once the group has committed or rolled back.
type Unit = Box<dyn FnOnce(Result<&mut Conn>) -> Done + Send>;

enum Message {
    Unit(Unit),
    /// Ends the writer after everything before has been done, and reports that.
    Close(oneshot::Sender<()>),
}

struct Done {
    answer: Box<dyn FnOnce(Result<()>) + Send>,
    /// Why the group's transaction is gone, if it is. SQLite rolls it back when the disk is full.
    lost: Option<Obstacle>,
}

pub(in crate::db) struct Writer {
    messages: Sender<Message>,
    queued: Arc<AtomicI64>,
    /// Microseconds of the last commit.
    last_commit: Arc<AtomicU64>,
    committer: Shared,
}

/// The committer, until the writer is closed.
type Shared = Arc<Mutex<Option<Committer>>>;

impl Writer {
    pub(in crate::db) fn start(
        conn: Conn,
        wal: Wal,
        group_size: Histogram,
        changes: Arc<ChangeQueue>,
    ) -> anyhow::Result<Self> {
        let (messages, waiting) = channel();
        let queued = Arc::new(AtomicI64::new(0));
        let queue = Queue {
            waiting,
            queued: Arc::clone(&queued),
        };
        let last_commit = Arc::new(AtomicU64::new(0));
        let committer = Arc::new(Mutex::new(Some(Committer {
            last_commit: Arc::clone(&last_commit),
            conn,
            wal,
            group_size,
            changes,
            commit_time: Duration::ZERO,
            is_crowded: false,
        })));
        let shared = Arc::clone(&committer);
        std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || run(&shared, &queue))
            .context("cannot start the writer's thread")?;
        Ok(Self {
            messages,
            queued,
            last_commit,
            committer,
        })
    }

    /// Returns how many units wait.
    pub(in crate::db) fn queued(&self) -> i64 {
        self.queued.load(Ordering::Relaxed)
    }

    /// Returns how long the last commit took.
    pub(in crate::db) fn last_commit(&self) -> Duration {
        Duration::from_micros(self.last_commit.load(Ordering::Relaxed))
    }

    /// Commits the units that wait, and ends the writer.
    pub(in crate::db) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        // An error means that it has ended already.
        if self.messages.send(Message::Close(answer)).is_ok() {
            let _ = answered.await;
        }
    }

    /// Runs one unit; on this thread, if it is short and nobody else writes.
    pub(in crate::db) async fn write<T, F>(&self, effort: Effort, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let unit: Unit = Box::new(move |conn| {
            let (outcome, lost) = match conn {
                Ok(conn) => in_savepoint(conn, work),
                Err(error) => (Err(error), None),
            };
            Done {
                // Fails if the client has gone away.
                answer: Box::new(move |committed| drop(answer.send(committed.and(outcome)))),
                lost,
            }
        });
        let left = if effort == Effort::Short {
            self.run_inline(unit)
        } else {
            Some(unit)
        };
        if let Some(unit) = left {
            self.queued.fetch_add(1, Ordering::Relaxed);
            let sent = self.messages.send(Message::Unit(unit));
            sent.map_err(|_| Error::Unavailable)?;
        }
        answered.await.map_err(|_| Error::Unavailable)?
    }

    /// Runs the unit on this thread, unless somebody else writes, or another process does: then returns it.
    fn run_inline(&self, unit: Unit) -> Option<Unit> {
        if self.queued() > 0 {
            return Some(unit);
        }
        if let Ok(Some(committer)) = self.committer.try_lock().as_deref_mut()
            && committer.is_calm()
            && committer.begins_at_once()
        {
            committer.run_begun(unit, || None);
            return None;
        }
        Some(unit)
    }
}

/// The units that wait.
struct Queue {
    waiting: Receiver<Message>,
    queued: Arc<AtomicI64>,
}

impl Queue {
    fn next(&self) -> Option<Message> {
        self.took(self.waiting.recv().ok())
    }

    fn next_at_once(&self) -> Option<Message> {
        self.took(self.waiting.try_recv().ok())
    }

    fn took(&self, message: Option<Message>) -> Option<Message> {
        if let Some(Message::Unit(_)) = message {
            self.queued.fetch_sub(1, Ordering::Relaxed);
        }
        message
    }
}

fn run(shared: &Shared, queue: &Queue) {
    let mut closing = None;
    while closing.is_none() {
        match queue.next() {
            Some(Message::Unit(first)) => {
                let mut committer = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(committer) = committer.as_mut() else {
                    return;
                };
                committer.run(first, || match queue.next_at_once()? {
                    Message::Unit(unit) => Some(unit),
                    Message::Close(answer) => {
                        closing = Some(answer);
                        None
                    }
                });
                committer.wal.keep_small(&mut committer.conn);
            }
            Some(Message::Close(answer)) => closing = Some(answer),
            None => return,
        }
    }
    let committer = shared.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(mut committer) = committer {
        // So that the database's file alone holds everything.
        if let Err(error) = committer.conn.batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "cannot empty the write-ahead log");
        }
    }
    if let Some(answer) = closing {
        let _ = answer.send(());
    }
}

/// Runs groups of units, one at a time.
struct Committer {
    conn: Conn,
    wal: Wal,
    group_size: Histogram,
    changes: Arc<ChangeQueue>,
    /// How long the last commit took.
    commit_time: Duration,
    /// Microseconds of the last commit, for metrics.
    last_commit: Arc<AtomicU64>,
    /// Whether the last group had several units.
    is_crowded: bool,
}

impl Committer {
    /// Says whether the next unit is likely to be alone in its group and quickly committed.
    fn is_calm(&self) -> bool {
        !self.is_crowded && self.commit_time < QUICK && !self.wal.needs_care()
    }

    /// Begins a transaction; fails instead of waiting for another process.
    fn begins_at_once(&mut self) -> bool {
        let begun = self.conn.sqlite().map(|lite| lite.begin_at_once());
        matches!(begun, Some(Ok(())))
    }

    /// Runs a group: `first`, and the units that `next` returns.
    fn run(&mut self, first: Unit, mut next: impl FnMut() -> Option<Unit>) {
        if self.wal.is_gone(&mut self.conn) {
            (first(Err(Error::Unwritable(Obstacle::Failing))).answer)(Ok(()));
            return;
        }
        let Err(error) = begin(&mut self.conn) else {
            return self.run_begun(first, next);
        };
        let lost = obstacle(&error);
        (first(Err(error)).answer)(Ok(()));
        // Units that arrived meanwhile have waited too, and would each wait as long again.
        while let Some(unit) = next() {
            (unit(Err(Error::Unwritable(lost))).answer)(Ok(()));
        }
    }

    /// Runs a group in a transaction that has begun.
    fn run_begun(&mut self, first: Unit, next: impl FnMut() -> Option<Unit>) {
        self.conn.journal.reset();
        let (group, ended) = self.run_units(first, next);
        self.group_size.observe(crate::number(group.len()));
        self.is_crowded = group.len() > 1;
        let since = Instant::now();
        let lost = match ended {
            Some(lost) => Some(lost),
            None => commit(&mut self.conn),
        };
        self.commit_time = since.elapsed();
        let micros = u64::try_from(self.commit_time.as_micros()).unwrap_or(u64::MAX);
        self.last_commit.store(micros, Ordering::Relaxed);
        let committed = self.conn.journal.drain();
        if lost.is_none() {
            self.changes.publish(committed);
        }
        for done in group {
            (done.answer)(lost.map_or(Ok(()), |lost| Err(Error::Unwritable(lost))));
        }
    }

    fn run_units(
        &mut self,
        first: Unit,
        mut next: impl FnMut() -> Option<Unit>,
    ) -> (Vec<Done>, Option<Obstacle>) {
        let started = Instant::now();
        let mut group = Vec::new();
        let mut unit = first;
        loop {
            self.conn.journal.start(0, self.changes.is_active());
            let done = unit(Ok(&mut self.conn));
            let lost = done.lost;
            group.push(done);
            if lost.is_some() {
                let _ = self.conn.batch("ROLLBACK");
                return (group, lost);
            }
            let max_time = if group.len() < MANY_UNITS {
                MAX_TIME
            } else {
                MAX_TIME.min(self.commit_time / 2)
            };
            if group.len() == MAX_UNITS || started.elapsed() >= max_time {
                return (group, None);
            }
            match next() {
                Some(another) => unit = another,
                None => return (group, None),
            }
        }
    }
}

/// Begins a group. If an earlier group could not even be rolled back, rolls it back first.
fn begin(conn: &mut Conn) -> Result<()> {
    let begun = conn.begin_immediate();
    if matches!(begun, Ok(()) | Err(Error::Unwritable(Obstacle::Locked))) {
        return begun;
    }
    let _ = conn.batch("ROLLBACK");
    conn.begin_immediate()
}

/// Commits a group; returns what prevented it.
fn commit(conn: &mut Conn) -> Option<Obstacle> {
    let error = conn.commit().err()?;
    // SQLite keeps the transaction open after some failures.
    let _ = conn.batch("ROLLBACK");
    Some(obstacle(&error))
}

/// Returns what prevented a group from being committed.
fn obstacle(error: &Error) -> Obstacle {
    if let Error::Unwritable(obstacle) = error {
        return *obstacle;
    }
    tracing::error!(%error, "a group of writes failed");
    Obstacle::Failing
}

/// Runs one unit in a savepoint. Also returns why the group's transaction is gone, if it is.
fn in_savepoint<T>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<T>,
) -> (Result<T>, Option<Obstacle>) {
    if let Err(error) = conn.set_savepoint(&UNIT) {
        let lost = obstacle(&error);
        return (Err(error), Some(lost));
    }
    let mark = conn.journal.mark();
    let outcome = catch_unwind(AssertUnwindSafe(|| work(conn)))
        .unwrap_or_else(|_| Err(Error::internal(anyhow::anyhow!("a write panicked"))));
    let ended = if outcome.is_ok() {
        conn.journal.finish(mark);
        conn.release(&UNIT)
    } else {
        conn.journal.roll_back_to(mark);
        conn.roll_back_to(&UNIT).and_then(|()| conn.release(&UNIT))
    };
    match (ended, outcome) {
        (Ok(()), outcome) => (outcome, None),
        // A full disk has ended the transaction, so there was nothing to roll back.
        (Err(_), Err(Error::Unwritable(lost))) => (Err(Error::Unwritable(lost)), Some(lost)),
        (Err(error), outcome) => {
            let lost = obstacle(&error);
            (outcome.and(Err(error)), Some(lost))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};

    use futures_util::FutureExt;
    use prometheus::HistogramOpts;

    use super::*;
    use crate::db::{Db, Location, Newer, Sources};

    fn open(folder: &tempfile::TempDir) -> Db {
        let location = Location::embedded(folder.path().join("data.db"));
        let group_size = Histogram::with_opts(HistogramOpts::new("groups", "Units.")).unwrap();
        Db::open(
            &location,
            Newer::Refused,
            1,
            2,
            group_size,
            Sources::system(),
        )
        .unwrap()
    }

    fn thread(conn: &mut Conn) -> Result<ThreadId> {
        conn.batch("SELECT 1")?;
        Ok(thread::current().id())
    }

    #[tokio::test]
    async fn a_short_write_that_is_alone_stays_on_its_thread() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let here = thread::current().id();
        assert_eq!(db.write_inline(thread).await.unwrap(), here);
        assert_ne!(db.write(thread).await.unwrap(), here);
    }

    #[tokio::test]
    async fn a_short_write_keeps_no_thread_waiting_for_another_write() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let (begun, has_begun) = mpsc::channel();
        let (end, ends) = mpsc::channel();
        let mut long = pin!(db.write(move |_| {
            begun.send(()).unwrap();
            ends.recv().map_err(Error::internal)
        }));
        assert!(long.as_mut().now_or_never().is_none());
        has_begun.recv().unwrap();
        let mut short = pin!(db.write_inline(thread));
        assert!(short.as_mut().now_or_never().is_none());
        end.send(()).unwrap();
        long.await.unwrap();
        assert_ne!(short.await.unwrap(), thread::current().id());
    }

    #[tokio::test]
    async fn a_short_write_keeps_no_thread_waiting_for_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let other = rusqlite::Connection::open(folder.path().join("data.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut short = pin!(db.write_inline(thread));
        assert!(short.as_mut().now_or_never().is_none());
        other.execute_batch("ROLLBACK").unwrap();
        assert_ne!(short.await.unwrap(), thread::current().id());
    }

    #[tokio::test]
    async fn nothing_is_written_once_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        db.close().await;
        let closed = db.write_inline(thread).await;
        assert!(matches!(closed, Err(Error::Unavailable)), "{closed:?}");
    }
}
