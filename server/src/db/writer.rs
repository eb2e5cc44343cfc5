//! The one writer of a SQLite database, which commits in groups.
//!
//! It takes the units of work that wait, runs each in a savepoint inside one transaction, commits once, then
//! answers all. A unit that fails rolls back to its savepoint alone. While the disk works on a commit the next
//! group gathers, so groups grow with the load and a lone write waits for nobody. Units that come while a group runs join
//! it, but not all that ever come: all clients would wait for the same commit, and then all send at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use prometheus::Histogram;
use tokio::sync::oneshot;

use super::wal::Wal;
use super::{Conn, run_cached};
use crate::error::{Error, Result};
use crate::events::Feed;

/// Limits of a group: what its first unit may have to wait for the others.
const MAX_UNITS: usize = 256;
const MAX_TIME: Duration = Duration::from_millis(8);
/// With so many units, a group may go on for half as long as a commit takes.
const MANY_UNITS: usize = 32;

/// Runs in the group's transaction, or is told that there is none; gives how to answer once the group is
/// committed or lost.
type Unit = Box<dyn FnOnce(Result<&mut Conn>) -> Done + Send>;

enum Message {
    Unit(Unit),
    /// To end, once everything before is done; then to say so.
    Close(oneshot::Sender<()>),
}

struct Done {
    answer: Box<dyn FnOnce(Result<()>) + Send>,
    /// Whether the group's transaction is still there. SQLite drops it whole when the disk is full.
    group_alive: bool,
}

pub(super) struct Writer {
    messages: Sender<Message>,
    queued: Arc<AtomicI64>,
}

impl Writer {
    pub(super) fn start(
        conn: Conn,
        wal: Wal,
        group_size: Histogram,
        feed: Arc<Feed>,
    ) -> anyhow::Result<Self> {
        let (messages, waiting) = channel();
        let queued = Arc::new(AtomicI64::new(0));
        let queue = Queue {
            waiting,
            queued: Arc::clone(&queued),
            group_size,
            feed,
        };
        std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || run(conn, wal, &queue))
            .context("cannot start the writer's thread")?;
        Ok(Self { messages, queued })
    }

    /// How many units wait.
    pub(super) fn queued(&self) -> i64 {
        self.queued.load(Ordering::Relaxed)
    }

    /// Ends it, once the units that wait are committed.
    pub(super) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        // It may have ended already; either way it has.
        if self.messages.send(Message::Close(answer)).is_ok() {
            let _ = answered.await;
        }
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let unit: Unit = Box::new(move |conn| {
            let (outcome, group_alive) = match conn {
                Ok(conn) => in_savepoint(conn, work),
                Err(error) => (Err(error), true),
            };
            Done {
                // Nobody listens any more when the client has gone away.
                answer: Box::new(move |committed| drop(answer.send(committed.and(outcome)))),
                group_alive,
            }
        });
        self.queued.fetch_add(1, Ordering::Relaxed);
        let sent = self.messages.send(Message::Unit(unit));
        sent.map_err(|_| Error::Unavailable)?;
        answered.await.map_err(|_| Error::Unavailable)?
    }
}

/// The units that wait.
struct Queue {
    waiting: Receiver<Message>,
    queued: Arc<AtomicI64>,
    group_size: Histogram,
    feed: Arc<Feed>,
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

fn run(mut conn: Conn, mut wal: Wal, queue: &Queue) {
    let mut closing = None;
    let mut commit_time = Duration::ZERO;
    while closing.is_none() {
        let first = match queue.next() {
            Some(Message::Unit(unit)) => unit,
            Some(Message::Close(answer)) => {
                closing = Some(answer);
                break;
            }
            None => return,
        };
        if let Err(error) = begin(&mut conn) {
            tracing::error!(%error, "cannot begin a write");
            (first(Err(Error::Unavailable)).answer)(Ok(()));
            continue;
        }
        conn.journal.begin();
        let (group, alive) = run_group(&mut conn, first, commit_time, queue, &mut closing);
        queue.group_size.observe(crate::number(group.len()));
        let began = Instant::now();
        let committed = alive && commit(&mut conn);
        commit_time = began.elapsed();
        let noted = conn.journal.take();
        if committed {
            queue.feed.publish(noted);
        }
        for done in group {
            (done.answer)(if committed {
                Ok(())
            } else {
                Err(Error::Unavailable)
            });
        }
        wal.keep_small(&mut conn);
    }
    // Whoever looks at the files finds everything in the database itself.
    if let Err(error) = conn.batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "cannot empty the write-ahead log");
    }
    drop(conn);
    if let Some(answer) = closing {
        let _ = answer.send(());
    }
}

/// Begins a group; what an earlier one may have left open, when not even its rollback succeeded, goes first.
fn begin(conn: &mut Conn) -> Result<()> {
    run_cached(conn, "BEGIN IMMEDIATE").or_else(|_| {
        let _ = conn.batch("ROLLBACK");
        run_cached(conn, "BEGIN IMMEDIATE")
    })
}

fn run_group(
    conn: &mut Conn,
    first: Unit,
    commit_time: Duration,
    queue: &Queue,
    closing: &mut Option<oneshot::Sender<()>>,
) -> (Vec<Done>, bool) {
    let started = Instant::now();
    let mut group = Vec::new();
    let mut next = Some(first);
    while let Some(unit) = next {
        conn.journal.begun(0, queue.feed.is_watched());
        let done = unit(Ok(conn));
        let alive = done.group_alive;
        group.push(done);
        if !alive {
            let _ = conn.batch("ROLLBACK");
            return (group, false);
        }
        let max_time = if group.len() < MANY_UNITS {
            MAX_TIME
        } else {
            MAX_TIME.min(commit_time / 2)
        };
        let full = group.len() == MAX_UNITS || started.elapsed() >= max_time;
        next = None;
        if !full {
            match queue.next_at_once() {
                Some(Message::Unit(unit)) => next = Some(unit),
                Some(Message::Close(answer)) => *closing = Some(answer),
                None => {}
            }
        }
    }
    (group, true)
}

fn commit(conn: &mut Conn) -> bool {
    if let Err(error) = run_cached(conn, "COMMIT") {
        tracing::error!(%error, "cannot commit");
        // SQLite keeps the transaction open after some failures.
        let _ = conn.batch("ROLLBACK");
        return false;
    }
    true
}

/// Runs one unit; also says whether the group's transaction outlived it.
fn in_savepoint<T>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<T>,
) -> (Result<T>, bool) {
    if let Err(error) = run_cached(conn, "SAVEPOINT unit") {
        return (Err(error), false);
    }
    let noted = conn.journal.mark();
    let outcome = catch_unwind(AssertUnwindSafe(|| work(conn)))
        .unwrap_or_else(|_| Err(Error::internal(anyhow::anyhow!("a write panicked"))));
    let ended = if outcome.is_ok() {
        conn.journal.seal(noted);
        run_cached(conn, "RELEASE unit")
    } else {
        conn.journal.back_to(noted);
        run_cached(conn, "ROLLBACK TO unit").and_then(|()| run_cached(conn, "RELEASE unit"))
    };
    match ended {
        Ok(()) => (outcome, true),
        Err(error) => (outcome.and(Err(error)), false),
    }
}
