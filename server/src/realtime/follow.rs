//! Takes changes in the order of their commits, and has them sent.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use super::elsewhere;
use super::lane::deliver;
use crate::app::App;
use crate::db::{Conn, Engine};
use crate::error::{Error, Result};
use crate::events::store::{self, Position, Row, is_all};
use crate::random;

/// How many changes are decided on at once.
const BATCH: usize = 200;
/// How often other processes' changes are looked for.
const PAUSE: Duration = Duration::from_millis(50);
/// How often this process says that it listens.
const RENEW: Duration = Duration::from_secs(5);
/// When it must be taken that other processes no longer know: well before its row ends.
const LAPSED: Duration = Duration::from_secs(15);
/// How long the database may take to answer. A host that has vanished says nothing at all, and what waits for it must not hold up what comes
/// when it is back.
const MAX_ANSWER: Duration = Duration::from_secs(5);
/// How long who connects waits for the database.
const MAX_BEGINNING: Duration = Duration::from_secs(5);
/// How long the task rests after a failure.
const REST: Duration = Duration::from_millis(500);
/// How long who subscribes waits for what was before.
const MAX_CATCHING_UP: Duration = Duration::from_secs(2);

/// The lengths of ids.
const PROCESS_ID: usize = 15;
const CLIENT_ID: usize = 40;

/// Whether this process listens to the changes that go through PostgreSQL, and how far it is.
pub struct Listening {
    process: String,
    heard: Mutex<Option<Heard>>,
    /// Held by who begins to listen or ends it: never while `heard` is.
    turn: tokio::sync::Mutex<()>,
    begun: Notify,
    /// When the round began that has not succeeded yet.
    since: Mutex<Option<Instant>>,
    /// PostgreSQL: how many rounds have begun.
    rounds: AtomicU64,
    /// How far it is: on PostgreSQL the last round that found everything there was, on SQLite how many changes.
    done: watch::Sender<u64>,
    /// Ends a pause.
    wake: Notify,
}

#[derive(Clone, Copy)]
struct Heard {
    position: Position,
    /// When other processes were last told that this one listens.
    renewed: Instant,
    /// Whether they have to be told again before anything is read: the database may be another by now.
    is_in_doubt: bool,
}

impl Default for Listening {
    fn default() -> Self {
        Self {
            process: random::alphanumeric(PROCESS_ID),
            heard: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            begun: Notify::new(),
            since: Mutex::default(),
            rounds: AtomicU64::new(0),
            done: watch::Sender::new(0),
            wake: Notify::new(),
        }
    }
}

impl Listening {
    fn heard(&self) -> MutexGuard<'_, Option<Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long changes have been waiting to be told, or to be looked for. Next to nothing while all is well.
    pub(super) fn stalled(&self) -> Duration {
        self.since().map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// An id for a new client, which begins with the process that has it.
    pub(super) fn client_id(&self) -> String {
        let own = random::alphanumeric(CLIENT_ID - self.process.len());
        format!("{}{own}", self.process)
    }

    /// The process that has the client of this id, if it is another one.
    pub(super) fn other_process<'a>(&self, client: &'a str) -> Option<&'a str> {
        let process = client.get(..PROCESS_ID)?;
        (client.len() == CLIENT_ID && process != self.process).then_some(process)
    }

    /// Comes back once what is committed by now has been told: who subscribes then does not hear of it. It is not waited
    /// for long; late news does no harm.
    pub(super) async fn catch_up(&self, app: &App) {
        let wanted = match app.db.engine() {
            Engine::Sqlite => app.db.feed().published(),
            Engine::Postgres => self.rounds.load(Ordering::SeqCst) + 1,
        };
        let mut done = self.done.subscribe();
        self.wake.notify_one();
        let _ = timeout(MAX_CATCHING_UP, done.wait_for(|done| *done >= wanted)).await;
    }

    /// Comes back once the changes of every write that begins later will be heard of.
    pub(super) async fn begin(&self, app: &App) -> Result<()> {
        if app.db.engine() == Engine::Sqlite || self.heard().is_some() {
            return Ok(());
        }
        let begin = async {
            let _turn = self.turn.lock().await;
            if self.heard().is_none() {
                let renewed = Instant::now();
                let process = self.process.clone();
                let listen = move |conn: &mut Conn| store::listen(conn, &process);
                let position = Position::after(app.db.write(listen).await?);
                *self.heard() = Some(Heard {
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

/// Follows what committed writes have changed, for as long as the server runs.
pub(super) async fn follow(app: &App) {
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
        if app.db.engine() == Engine::Sqlite {
            let published = app.db.feed().published();
            app.realtime.listening.done.send_replace(published);
        }
        sleep(REST).await;
    }
}

/// Waits for changes and sends them.
async fn round(app: &App) -> Result<()> {
    if app.db.engine() == Engine::Postgres {
        return poll(app).await;
    }
    let batch = app.db.feed().next(BATCH).await;
    *app.realtime.listening.since() = Some(Instant::now());
    if batch.missed {
        return Err(too_much());
    }
    deliver(app, batch.changes, batch.behind).await?;
    app.realtime.listening.done.send_replace(batch.taken);
    *app.realtime.listening.since() = None;
    Ok(())
}

/// What the work comes to, or the news that the database does not answer.
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
        // For a while nothing is lost: this process is known to listen, and what it has not read yet is kept.
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
    if is_all(&rows) {
        listening.done.send_replace(round);
    }
    if rows.is_empty() {
        let _ = timeout(PAUSE, listening.wake.notified()).await;
    }
    Ok(())
}

/// Reads what follows, and says from time to time that this process listens.
async fn read(app: &App, mut heard: Heard) -> Result<(Heard, Vec<Row>)> {
    if heard.is_in_doubt || heard.renewed.elapsed() > RENEW {
        let now = Instant::now();
        let process = app.realtime.listening.process.clone();
        let renew = move |conn: &mut Conn| store::renew(conn, &process);
        app.db.write(renew).await?;
        heard.renewed = now;
        heard.is_in_doubt = false;
    }
    let mut position = heard.position;
    let next = move |conn: &mut Conn| position.next(conn).map(|rows| (position, rows));
    let (position, rows) = app.db.read_few(next).await?;
    heard.position = position;
    Ok((heard, rows))
}

/// Ends to listen, since nobody is connected any more.
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
        let leave = move |conn: &mut Conn| store::leave(conn, &process);
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
            elsewhere::answer(app, message).await?;
        }
        if row.version > app.schema.current().version {
            within(MAX_ANSWER, app.refresh_schema()).await?;
        }
        let schema = app.schema.current();
        let mut changes = row.changes(&schema);
        while !changes.is_empty() {
            let behind = changes.split_off(BATCH.min(changes.len()));
            let ended = behind.iter().filter(|change| change.ends_account());
            deliver(app, changes, ended.cloned().collect()).await?;
            changes = behind;
        }
    }
    Ok(())
}
