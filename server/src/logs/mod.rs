//! The log: requests, and what the server had to say. Superusers and operators read it.
//!
//! No request waits for it. What happened is put into a [`Queue`] in memory; every few seconds, or when many wait, one
//! task writes them down together. What is too much is not kept, but counted. Start with [`request::Asked`], which
//! makes an [`Entry`] of a request, and [`flush`].

pub mod api;
mod conceal;
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
use crate::clock::Moment;
use crate::db::Db;
use crate::error::{Error, Result};

/// How often it is written down.
const INTERVAL: Duration = Duration::from_secs(3);
/// How long to wait after it could not be.
const PAUSE: Duration = Duration::from_secs(3);
/// How many entries are written in one transaction; when so many wait, nothing else is waited for.
const BATCH: usize = 1000;

/// The log of a server.
pub struct Logs {
    /// Where it is written.
    pub db: Db,
    /// What is not written yet.
    pub queue: Arc<Queue>,
    /// Which failures of guests are kept.
    pub sampling: Sampling,
    /// How large it may be.
    size: Size,
    /// One at a time takes what waits; how many entries were written since its size was looked at.
    flushing: Mutex<usize>,
}

/// How large the log may be.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Its entries.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Logs {
    /// A log that is written to this database.
    pub fn new(db: Db, size: Size, dropped: IntCounter) -> Self {
        Self {
            db,
            queue: Arc::new(Queue::new(dropped)),
            sampling: Sampling::default(),
            size,
            // The first time too: it may have been larger.
            flushing: Mutex::new(BATCH),
        }
    }
}

/// What is to be kept.
pub fn settings(app: &App) -> LogSettings {
    app.schema.current().settings.logs
}

/// Whether an entry of this level is kept.
pub fn keeps(settings: LogSettings, level: Level) -> bool {
    settings.max_days > 0 && level.number() >= settings.min_level
}

/// Writes down what waits.
pub async fn flush(app: &App) -> Result<()> {
    let logs = &app.logs;
    let mut written = logs.flushing.lock().await;
    for entry in logs.sampling.skipped(Moment::now()) {
        logs.queue.push(entry);
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
                    | Error::Outdated
                    | Error::Deadlock
                    | Error::Busy(_)
            );
            if may_pass {
                // Entries have ids: those that were written after all are not written twice.
                logs.queue.put_back(entries);
            } else {
                // They would fail again, and hold up all that come after them.
                logs.queue.give_up(&entries);
            }
            return Err(error);
        }
    }
}

/// Removes the oldest entries of a log that is too large, a few at a time.
async fn keep_to_size(logs: &Logs) -> Result<()> {
    let size = logs.size;
    let remove = move |conn: &mut crate::db::Conn| store::remove_beyond(conn, size);
    while logs.db.write(remove).await? > 0 {}
    Ok(())
}

/// Does that for as long as the server lives.
pub async fn keep_flushing(app: App) {
    let mut is_away = false;
    loop {
        // Whichever is first.
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

/// Removes what is older than the settings say, and says how much it was.
pub async fn remove_old(app: &App) -> Result<usize> {
    let days = u64::try_from(settings(app).max_days).unwrap_or(0);
    let kept = Duration::from_secs(days.saturating_mul(24 * 3600));
    let before = Moment::now().before(kept);
    let mut total = 0;
    loop {
        // A few at a time, so that what is new need not wait.
        let remove = move |conn: &mut crate::db::Conn| store::remove_before(conn, before);
        let count = app.logs.db.write(remove).await?;
        total += count;
        if count == 0 {
            return Ok(total);
        }
    }
}
