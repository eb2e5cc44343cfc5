//! The one writer of a SQLite database, which commits in groups.
//!
//! It takes the units of work that wait, runs each in a savepoint inside one transaction, commits once, then
//! answers all. A unit that fails rolls back to its savepoint alone. While the disk works on a commit the next
//! group gathers, so groups grow with the load and a lone write waits for nobody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use diesel::connection::SimpleConnection;
use tokio::sync::oneshot;

use super::Conn;
use crate::error::{Error, Result};

/// Limits of a group: what its first unit may have to wait for the others.
const MAX_UNITS: usize = 256;
const MAX_TIME: Duration = Duration::from_millis(8);

/// Runs in the group's transaction, or is told that there is none; gives how to answer once the group is
/// committed or lost.
type Unit = Box<dyn FnOnce(Result<&mut Conn>) -> Done + Send>;

struct Done {
    answer: Box<dyn FnOnce(Result<()>) + Send>,
    /// Whether the group's transaction is still there. SQLite drops it whole when the disk is full.
    group_alive: bool,
}

pub(super) struct Writer {
    units: Sender<Unit>,
}

impl Writer {
    pub(super) fn start(conn: Conn) -> anyhow::Result<Self> {
        let (units, waiting) = channel();
        std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || run(conn, &waiting))
            .context("cannot start the writer's thread")?;
        Ok(Self { units })
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
        self.units.send(unit).map_err(|_| Error::Unavailable)?;
        answered.await.map_err(|_| Error::Unavailable)?
    }
}

fn run(mut conn: Conn, waiting: &Receiver<Unit>) {
    while let Ok(first) = waiting.recv() {
        if let Err(error) = begin(&mut conn) {
            tracing::error!(%error, "cannot begin a write");
            (first(Err(Error::Unavailable)).answer)(Ok(()));
            continue;
        }
        let (group, alive) = run_group(&mut conn, first, waiting);
        let committed = alive && commit(&mut conn);
        for done in group {
            (done.answer)(if committed {
                Ok(())
            } else {
                Err(Error::Unavailable)
            });
        }
    }
}

/// Begins a group; what an earlier one may have left open, when not even its rollback succeeded, goes first.
fn begin(conn: &mut Conn) -> diesel::QueryResult<()> {
    conn.batch_execute("BEGIN IMMEDIATE").or_else(|_| {
        let _ = conn.batch_execute("ROLLBACK");
        conn.batch_execute("BEGIN IMMEDIATE")
    })
}

fn run_group(conn: &mut Conn, first: Unit, waiting: &Receiver<Unit>) -> (Vec<Done>, bool) {
    let started = Instant::now();
    let mut group = Vec::new();
    let mut next = Some(first);
    while let Some(unit) = next {
        let done = unit(Ok(conn));
        let alive = done.group_alive;
        group.push(done);
        if !alive {
            let _ = conn.batch_execute("ROLLBACK");
            return (group, false);
        }
        let full = group.len() == MAX_UNITS || started.elapsed() >= MAX_TIME;
        next = if full { None } else { waiting.try_recv().ok() };
    }
    (group, true)
}

fn commit(conn: &mut Conn) -> bool {
    if let Err(error) = conn.batch_execute("COMMIT") {
        tracing::error!(%error, "cannot commit");
        // SQLite keeps the transaction open after some failures.
        let _ = conn.batch_execute("ROLLBACK");
        return false;
    }
    true
}

/// Runs one unit; also says whether the group's transaction outlived it.
fn in_savepoint<T>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<T>,
) -> (Result<T>, bool) {
    if let Err(error) = conn.batch_execute("SAVEPOINT unit") {
        return (Err(error.into()), false);
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| work(conn)))
        .unwrap_or_else(|_| Err(Error::internal(anyhow::anyhow!("a write panicked"))));
    let end = match outcome {
        Ok(_) => "RELEASE unit",
        Err(_) => "ROLLBACK TO unit; RELEASE unit",
    };
    match conn.batch_execute(end) {
        Ok(()) => (outcome, true),
        Err(error) => (outcome.and(Err(error.into())), false),
    }
}
