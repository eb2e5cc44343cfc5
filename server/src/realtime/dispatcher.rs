//! Follows committed changes in order, and has them delivered.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use super::cross_process;
use super::lane::deliver;
use crate::app::App;
use crate::db::coordination::{self, Position, Row};
use crate::db::journal::Entry;
use crate::db::{Conn, Topology};
use crate::error::{Error, Result};
use crate::events::{self, Change};
use crate::random::Random;

/// How many changes are handled at once.
const BATCH: usize = 200;
/// How often to look for changes of other processes.
const PAUSE: Duration = Duration::from_millis(50);
/// How often to renew the registration of this process as a listener.
const RENEW: Duration = Duration::from_secs(5);
/// How long after the last renewal this process must assume that its registration is lost: well before it expires.
const LAPSED: Duration = Duration::from_secs(15);
/// The time limit of a query. A database host that has vanished sends nothing at all, and what waits for it must not
/// delay the work when it is back.
const MAX_ANSWER: Duration = Duration::from_secs(5);
/// How long a new connection waits for the database.
const MAX_BEGINNING: Duration = Duration::from_secs(5);
/// The pause after a failure.
const REST: Duration = Duration::from_millis(500);
/// How long a new subscription waits for earlier changes to be delivered.
const MAX_CATCHING_UP: Duration = Duration::from_secs(2);

/// The lengths of ids.
const PROCESS_ID: usize = 15;
const CLIENT_ID: usize = 40;

/// Whether this process is registered as a listener with PostgreSQL, and how far it has read.
pub struct Listener {
    process: String,
    heard: Mutex<Option<Cursor>>,
    /// Held while the process registers or unregisters; never while `heard` is held.
    turn: tokio::sync::Mutex<()>,
    begun: Notify,
    /// When the current round began, unless it has succeeded.
    since: Mutex<Option<Instant>>,
    /// How many rounds have begun (PostgreSQL).
    rounds: AtomicU64,
    /// The position: on PostgreSQL the last round that read everything, on SQLite the number of changes.
    done: watch::Sender<u64>,
    /// Wakes the task from a pause.
    wake: Notify,
    random: Random,
}

#[derive(Clone, Copy)]
struct Cursor {
    position: Position,
    /// When the registration was last renewed.
    renewed: Instant,
    /// Whether to register again before anything is read: it may be another database server by now.
    is_in_doubt: bool,
}

impl Listener {
    pub(super) fn new(random: Random) -> Self {
        Self {
            process: random.alphanumeric(PROCESS_ID),
            heard: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            begun: Notify::new(),
            since: Mutex::default(),
            rounds: AtomicU64::new(0),
            done: watch::Sender::new(0),
            wake: Notify::new(),
            random,
        }
    }

    fn heard(&self) -> MutexGuard<'_, Option<Cursor>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how long changes have been waiting for delivery, or how overdue the next look is. Close to zero in
    /// normal operation.
    pub(super) fn stalled(&self) -> Duration {
        self.since().map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Makes an id for a new client. It begins with the id of the process.
    pub(super) fn client_id(&self) -> String {
        let own = self.random.alphanumeric(CLIENT_ID - self.process.len());
        format!("{}{own}", self.process)
    }

    /// Returns the process that the client is connected to, if it is another one.
    pub(super) fn other_process<'a>(&self, client: &'a str) -> Option<&'a str> {
        let process = client.get(..PROCESS_ID)?;
        (client.len() == CLIENT_ID && process != self.process).then_some(process)
    }

    /// Waits until everything committed so far has been delivered, so that a new subscriber does not receive it. Does
    /// not wait for long, since late events do no harm.
    pub(super) async fn catch_up(&self, app: &App) {
        let wanted = match app.db.topology() {
            Topology::Single => app.db.change_queue().published(),
            Topology::Replicated => self.rounds.load(Ordering::SeqCst) + 1,
        };
        let mut done = self.done.subscribe();
        self.wake.notify_one();
        let _ = timeout(MAX_CATCHING_UP, done.wait_for(|done| *done >= wanted)).await;
    }

    /// Waits until the changes of all writes that begin later will be received.
    pub(super) async fn begin(&self, app: &App) -> Result<()> {
        if app.db.topology() == Topology::Single || self.heard().is_some() {
            return Ok(());
        }
        let begin = async {
            let _turn = self.turn.lock().await;
            if self.heard().is_none() {
                let renewed = Instant::now();
                let process = self.process.clone();
                let listen = move |conn: &mut Conn| coordination::listen(conn, &process);
                let position = app.db.write(listen).await?;
                *self.heard() = Some(Cursor {
                    position,
                    renewed,
                    is_in_doubt: false,
                });
                self.begun.notify_one();
            }
            Ok(())
        };
        within(MAX_BEGINNING, begin).await
    }
}

/// Follows committed changes until the server stops.
pub(super) async fn dispatch(app: &App) {
    loop {
        let round = AssertUnwindSafe(round(app)).catch_unwind().await;
        let error = match round {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error,
            Err(_) => Error::internal(anyhow::anyhow!("a task panicked")),
        };
        tracing::warn!(%error, "realtime clients may have missed something: they have to connect anew");
        *app.realtime.listening.heard() = None;
        *app.realtime.listening.since() = None;
        app.realtime.clients.cut_all();
        if app.db.topology() == Topology::Single {
            let published = app.db.change_queue().published();
            app.realtime.listening.done.send_replace(published);
        }
        sleep(REST).await;
    }
}

/// Waits for changes and delivers them.
async fn round(app: &App) -> Result<()> {
    if app.db.topology() == Topology::Replicated {
        return poll(app).await;
    }
    let batch = app.db.change_queue().next(BATCH).await;
    *app.realtime.listening.since() = Some(Instant::now());
    if batch.missed {
        return Err(too_much());
    }
    let changes = |entries: Vec<Entry>| entries.into_iter().filter_map(Change::of).collect();
    deliver(app, changes(batch.entries), changes(batch.urgent)).await?;
    app.realtime.listening.done.send_replace(batch.taken);
    *app.realtime.listening.since() = None;
    Ok(())
}

/// Runs work with a time limit; fails if the database does not respond.
pub(super) async fn within<T>(time: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(time, work).await.unwrap_or(Err(Error::Unavailable))
}

fn too_much() -> Error {
    Error::internal(anyhow::anyhow!("more has changed than can be told"))
}

async fn poll(app: &App) -> Result<()> {
    let listening = &app.realtime.listening;
    let heard = *listening.heard();
    let Some(heard) = heard else {
        listening.begun.notified().await;
        return Ok(());
    };
    if !app.realtime.clients.are_there() {
        return leave(app).await;
    }
    listening.since().get_or_insert_with(Instant::now);
    if heard.renewed.elapsed() > LAPSED {
        return Err(Error::internal(anyhow::anyhow!(
            "the database was out of reach for too long"
        )));
    }
    let round = listening.rounds.fetch_add(1, Ordering::SeqCst) + 1;
    let (heard, rows) = match within(MAX_ANSWER, read(app, heard)).await {
        Ok(read) => read,
        // Nothing is lost for a while: the registration is still valid, and unread changes are kept.
        Err(Error::Unavailable) => {
            if let Some(heard) = listening.heard().as_mut() {
                heard.is_in_doubt = true;
            }
            sleep(REST).await;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    *listening.heard() = Some(heard);
    deliver_rows(app, &rows).await?;
    *listening.since() = None;
    if coordination::is_complete(&rows) {
        listening.done.send_replace(round);
    }
    if rows.is_empty() {
        let _ = timeout(PAUSE, listening.wake.notified()).await;
    }
    Ok(())
}

/// Reads the next changes, and renews the registration from time to time.
async fn read(app: &App, mut heard: Cursor) -> Result<(Cursor, Vec<Row>)> {
    if heard.is_in_doubt || heard.renewed.elapsed() > RENEW {
        let now = Instant::now();
        let process = app.realtime.listening.process.clone();
        let renew = move |conn: &mut Conn| coordination::renew(conn, &process);
        app.db.write(renew).await?;
        heard.renewed = now;
        heard.is_in_doubt = false;
    }
    let mut position = heard.position;
    let next = move |conn: &mut Conn| position.next(conn).map(|rows| (position, rows));
    let (position, rows) = app.db.read_inline(next).await?;
    heard.position = position;
    Ok((heard, rows))
}

/// Unregisters this process, since no client is connected any more.
async fn leave(app: &App) -> Result<()> {
    let listening = &app.realtime.listening;
    let leave = async {
        let _turn = listening.turn.lock().await;
        if app.realtime.clients.are_there() {
            return Ok(());
        }
        *listening.heard() = None;
        *listening.since() = None;
        let process = listening.process.clone();
        let leave = move |conn: &mut Conn| coordination::leave(conn, &process);
        app.db.write(leave).await
    };
    within(MAX_BEGINNING, leave).await
}

async fn deliver_rows(app: &App, rows: &[Row]) -> Result<()> {
    for row in rows {
        if row.missed {
            return Err(too_much());
        }
        if let Some(message) = &row.message {
            cross_process::answer(app, message).await?;
        }
        if row.version > app.schema.current().version {
            within(MAX_ANSWER, app.refresh_schema()).await?;
        }
        let schema = app.schema.current();
        let mut changes = events::changes_of(row, &schema);
        while !changes.is_empty() {
            let behind = changes.split_off(BATCH.min(changes.len()));
            let ended = behind.iter().filter(|change| change.ends_account());
            deliver(app, changes, ended.cloned().collect()).await?;
            changes = behind;
        }
    }
    Ok(())
}
