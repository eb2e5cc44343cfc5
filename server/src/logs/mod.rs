//! The log of requests and of the server's own messages, which superusers and operators read.
//!
//! No request waits for it. Entries go into a [`Queue`] in memory; a task stores them every few seconds, or when there are
//! many. Entries for which there is no room are dropped and counted. [`request::RequestLog`] makes an [`Entry`] of a
//! request, and [`flush`] stores what waits.

pub mod api;
mod redact;
mod entry;
pub mod program;
mod queue;
pub mod request;
mod sampling;
mod store;

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::time::{sleep, timeout};
use plinth_sdk::types::LogSettings;
use prometheus::IntCounter;
use tokio::sync::Mutex;

pub use entry::{Entry, Level};
pub use queue::{MAX_WAITING, Queue};
pub use sampling::Sampling;

use crate::app::App;
use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::random::Random;

/// How often entries are stored.
const INTERVAL: Duration = Duration::from_secs(3);
/// The pause after a failure to store them.
const PAUSE: Duration = Duration::from_secs(3);
/// How many entries are stored in one transaction. When so many wait, they are stored at once.
const BATCH: usize = 1000;

/// The log of a server.
pub struct Logs {
    /// The database that it is stored in.
    pub db: Db,
    /// The entries that are not stored yet.
    pub queue: Arc<Queue>,
    /// Decides which failed requests of guests are logged.
    pub sampling: Sampling,
    /// The limits of its size.
    size: Size,
    /// The number of entries stored since the size was last checked. Who flushes holds the lock.
    flushing: Mutex<usize>,
}

/// The limits of the log's size.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// The most entries.
    pub rows: u64,
    /// The most bytes of all entries.
    pub bytes: u64,
}

impl Logs {
    /// Makes a log that is stored in a database.
    pub fn new(db: Db, size: Size, dropped: IntCounter, clock: Clock, random: Random) -> Self {
        Self {
            db,
            queue: Arc::new(Queue::new(dropped, clock, random)),
            sampling: Sampling::default(),
            size,
            // The first flush checks the size too: the limits may have been higher.
            flushing: Mutex::new(BATCH),
        }
    }
}

/// Returns the current settings of the log.
pub fn settings(app: &App) -> LogSettings {
    app.schema.current().settings.logs
}

/// Returns whether entries of this level are logged.
pub fn keeps(settings: LogSettings, level: Level) -> bool {
    settings.max_days > 0 && level.number() >= settings.min_level
}

/// Stores the entries that wait.
pub async fn flush(app: &App) -> Result<()> {
    let logs = &app.logs;
    let mut written = logs.flushing.lock().await;
    for message in logs.sampling.skipped(app.clock.now()) {
        logs.queue.push(logs.queue.entry(Level::Warn, message));
    }
    loop {
        let mut entries = logs.queue.take(BATCH);
        if entries.is_empty() {
            return Ok(());
        }
        if *written >= BATCH {
            keep_to_size(logs).await?;
            *written = 0;
        }
        *written += entries.len();
        let settings = settings(app);
        entries.retain(|entry| keeps(settings, entry.level));
        let entries = Arc::new(entries);
        let shared = Arc::clone(&entries);
        let write = move |conn: &mut crate::db::Conn| store::write(conn, &shared);
        if let Err(error) = logs.db.write(write).await {
            let entries = Arc::unwrap_or_clone(entries);
            let may_pass = matches!(
                error,
                Error::Unavailable
                    | Error::Unwritable(_)
                    | Error::TooSlow
                    | Error::Disconnected
                    | Error::SchemaChanged
                    | Error::Deadlock
                    | Error::Busy(_)
            );
            if may_pass {
                // Should they have been stored after all, their ids keep them from being stored twice.
                logs.queue.put_back(entries);
            } else {
                // They would fail again and again, and keep all others from being stored.
                logs.queue.give_up(&entries);
            }
            return Err(error);
        }
    }
}

/// Removes the oldest entries of a log that is too large, in batches.
async fn keep_to_size(logs: &Logs) -> Result<()> {
    let size = logs.size;
    let remove = move |conn: &mut crate::db::Conn| store::remove_beyond(conn, size);
    while logs.db.write(remove).await? > 0 {}
    Ok(())
}

/// Flushes the log for as long as the server runs.
pub async fn keep_flushing(app: App) {
    let mut is_away = false;
    loop {
        // Waits for either.
        let _ = timeout(INTERVAL, app.logs.queue.many(BATCH)).await;
        match flush(&app).await {
            Ok(()) => is_away = false,
            Err(error) => {
                if !std::mem::replace(&mut is_away, true) {
                    tracing::warn!(%error, "cannot write the log");
                }
                sleep(PAUSE).await;
            }
        }
    }
}

/// Removes entries that are older than the settings allow, and returns their number.
pub async fn remove_old(app: &App) -> Result<usize> {
    let days = u64::try_from(settings(app).max_days).unwrap_or(0);
    let kept = Duration::from_secs(days.saturating_mul(24 * 3600));
    let before = app.clock.now() - kept;
    let mut total = 0;
    loop {
        // In batches, so that new entries need not wait.
        let remove = move |conn: &mut crate::db::Conn| store::remove_before(conn, before);
        let count = app.logs.db.write(remove).await?;
        total += count;
        if count == 0 {
            return Ok(total);
        }
    }
}
