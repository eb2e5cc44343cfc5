//! Takes changes in the order of their commits, and has them sent.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use super::elsewhere;
use super::lane::deliver;
use crate::app::App;
use crate::db::{Conn, Engine};
use crate::error::{Error, Result};
use crate::events::store::{self, MAX_ROWS, Position, Row};
use crate::records::generate;

/// How many changes are decided on at once.
const BATCH: usize = 200;
/// How often other processes' changes are looked for.
const PAUSE: Duration = Duration::from_millis(50);
/// How often this process says that it listens.
const RENEW: Duration = Duration::from_secs(5);
/// When it must be taken that other processes no longer know: well before its row ends.
const LAPSED: Duration = Duration::from_secs(15);
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
    state: Mutex<Option<Heard>>,
    begun: Notify,
    /// PostgreSQL: how many rounds have begun.
    rounds: AtomicU64,
    /// How far it is: on PostgreSQL the last round that found everything there was, on SQLite how many changes.
    done: watch::Sender<u64>,
    /// Ends a pause.
    wake: Notify,
}

struct Heard {
    position: Position,
    renewed: Instant,
}

impl Default for Listening {
    fn default() -> Self {
        Self {
            process: generate::alphanumeric(PROCESS_ID),
            state: Mutex::default(),
            begun: Notify::new(),
            rounds: AtomicU64::new(0),
            done: watch::Sender::new(0),
            wake: Notify::new(),
        }
    }
}

impl Listening {
    /// An id for a new client, which begins with the process that has it.
    pub(super) fn client_id(&self) -> String {
        let own = generate::alphanumeric(CLIENT_ID - self.process.len());
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
        if app.db.engine() == Engine::Sqlite {
            return Ok(());
        }
        let mut state = self.state.lock().await;
        if state.is_none() {
            let renewed = Instant::now();
            let process = self.process.clone();
            let listen = move |conn: &mut Conn| store::listen(conn, &process);
            let position = Position::after(app.db.write(listen).await?);
            *state = Some(Heard { position, renewed });
            self.begun.notify_one();
        }
        Ok(())
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
        *app.realtime.listening.state.lock().await = None;
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
    if batch.missed {
        return Err(too_much());
    }
    deliver(app, batch.changes).await?;
    app.realtime.listening.done.send_replace(batch.taken);
    Ok(())
}

fn too_much() -> Error {
    Error::internal(anyhow::anyhow!("more has changed than can be told"))
}

async fn poll(app: &App) -> Result<()> {
    let listening = &app.realtime.listening;
    let mut state = listening.state.lock().await;
    let Some(heard) = state.as_mut() else {
        drop(state);
        listening.begun.notified().await;
        return Ok(());
    };
    let process = listening.process.clone();
    if !app.realtime.clients.are_there() {
        *state = None;
        let leave = move |conn: &mut Conn| store::leave(conn, &process);
        return app.db.write(leave).await;
    }
    if heard.renewed.elapsed() > LAPSED {
        return Err(Error::internal(anyhow::anyhow!(
            "the database was out of reach for too long"
        )));
    }
    if heard.renewed.elapsed() > RENEW {
        let now = Instant::now();
        let renew = move |conn: &mut Conn| store::renew(conn, &process);
        app.db.write(renew).await?;
        heard.renewed = now;
    }
    let round = listening.rounds.fetch_add(1, Ordering::SeqCst) + 1;
    let mut position = heard.position;
    let read = move |conn: &mut Conn| position.next(conn).map(|rows| (position, rows));
    let (position, rows) = app.db.read_few(read).await?;
    heard.position = position;
    drop(state);
    deliver_rows(app, &rows).await?;
    if rows.len() < MAX_ROWS {
        listening.done.send_replace(round);
    }
    if rows.is_empty() {
        let _ = timeout(PAUSE, listening.wake.notified()).await;
    }
    Ok(())
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
            app.refresh_schema().await?;
        }
        let schema = app.schema.current();
        for part in row.changes(&schema).chunks(BATCH) {
            deliver(app, part.to_vec()).await?;
        }
    }
    Ok(())
}
