//! What a server says of itself while it starts, serves and stops.
//!
//! [`Lifecycle`] is there before the database is: the address is bound and `/livez` answers while migrations run.

pub mod api;

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use plinth_sdk::types::Readiness;
use tokio::sync::{Mutex, Notify};

use crate::app::App;
use crate::error::{Error, Obstacle, Result};

/// How long the database has to answer.
const MAX_WAIT: Duration = Duration::from_secs(2);
/// How long a request waits for the start to end: who asks as soon as the address is bound is seldom too early by more.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer of the database, or that there was none, is good: probes cost no more than one question in
/// that time, however many come.
const FRESH: Duration = Duration::from_secs(1);

/// Where a server is between its start and its end; clones share it.
#[derive(Clone, Default)]
pub struct Lifecycle(Arc<Inner>);

#[derive(Default)]
struct Inner {
    app: OnceLock<App>,
    started: Notify,
    is_draining: AtomicBool,
    /// When the database last did not answer. Whoever asks it holds this, so that one does.
    failed: Mutex<Option<Instant>>,
    /// What was in the way of writes, and when that was found; held in the same way.
    refused: Mutex<Option<(Instant, Obstacle)>>,
}

/// See [`Lifecycle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It opens the database and brings it up to date.
    Starting,
    /// It serves.
    Serving,
    /// It still serves, and wants no new clients.
    Draining,
}

impl Lifecycle {
    /// The server can serve from now on.
    pub fn serve(&self, app: App) {
        // There is one start.
        let _ = self.0.app.set(app);
        self.0.started.notify_waiters();
    }

    /// The server is going to stop.
    pub fn drain(&self) {
        self.0.is_draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is going to stop.
    pub fn is_draining(&self) -> bool {
        self.0.is_draining.load(Ordering::Relaxed)
    }

    /// Everything that a request can reach, once it is there.
    pub fn app(&self) -> Result<&App> {
        self.0.app.get().ok_or(Error::Starting)
    }

    /// Everything that a request can reach, as soon as it is there; not for ever.
    pub async fn started(&self) -> Result<&App> {
        let started = self.0.started.notified();
        if self.0.app.get().is_none() {
            // Whether it came in time, the next line knows.
            let _ = tokio::time::timeout(PATIENCE, started).await;
        }
        self.app()
    }

    /// Where the server is.
    pub fn stage(&self) -> Stage {
        if self.is_draining() {
            Stage::Draining
        } else if self.0.app.get().is_none() {
            Stage::Starting
        } else {
            Stage::Serving
        }
    }

    /// The one that a request reached.
    pub fn of(http: &HttpRequest) -> Result<&Self> {
        let lifecycle = http.app_data::<Self>();
        lifecycle.ok_or_else(|| Error::internal(anyhow::anyhow!("no lifecycle")))
    }

    /// Whether requests should be sent here, or why not.
    pub async fn readiness(&self) -> Readiness {
        let (server, is_serving) = match self.stage() {
            Stage::Starting => ("starting", false),
            Stage::Serving => ("ok", true),
            Stage::Draining => ("draining", false),
        };
        let database = match self.stage() {
            Stage::Starting => "unknown",
            Stage::Serving | Stage::Draining if self.has_database().await => "ok",
            Stage::Serving | Stage::Draining => "unreachable",
        };
        let writes = if database == "ok" {
            self.obstacle().await.map_or("ok", Obstacle::as_str)
        } else {
            "unknown"
        };
        let realtime = match self.app() {
            Ok(app) if app.realtime.is_healthy() => "ok",
            Ok(_) => "stalled",
            Err(_) => "unknown",
        };
        let parts = [database, writes, realtime];
        Readiness {
            ready: is_serving && parts.iter().all(|part| *part == "ok"),
            server: server.to_owned(),
            database: database.to_owned(),
            writes: writes.to_owned(),
            realtime: realtime.to_owned(),
        }
    }

    /// Whether the database answers, to this question or to a request a moment ago.
    async fn has_database(&self) -> bool {
        let Ok(app) = self.app() else {
            return false;
        };
        let mut failed = self.0.failed.lock().await;
        if failed.is_some_and(|failed| failed.elapsed() < FRESH) {
            return false;
        }
        if app.db.answered_within(FRESH) {
            return true;
        }
        let asked = tokio::time::timeout(MAX_WAIT, app.db.ping()).await;
        // When all connections are taken, the question waits for its turn, and requests get the answers.
        let answers = matches!(asked, Ok(Ok(()))) || app.db.answered_within(MAX_WAIT);
        *failed = (!answers).then(Instant::now);
        answers
    }

    /// What is in the way of writes.
    async fn obstacle(&self) -> Option<Obstacle> {
        let db = &self.app().ok()?.db;
        let mut refused = self.0.refused.lock().await;
        let known = refused.filter(|(found, _)| found.elapsed() < FRESH);
        if let Some((_, obstacle)) = known {
            return Some(obstacle);
        }
        let found = match tokio::time::timeout(MAX_WAIT, db.obstacle()).await {
            Ok(found) => found,
            Err(_) => Some(Obstacle::Locked),
        };
        *refused = found.map(|obstacle| (Instant::now(), obstacle));
        found
    }
}
