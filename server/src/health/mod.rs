//! The lifecycle of the process: starting, serving, draining; and health checks.
//!
//! [`Lifecycle`] exists before the database is open: the address is bound, and `/livez` answers while migrations run.

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

/// The time limit of a health check of the database.
const MAX_WAIT: Duration = Duration::from_secs(2);
/// How long a request waits until the server has started: a request that comes as soon as the address is bound rarely
/// has to wait longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the result of a health check is cached: the database is asked once in that time, however many probes
/// come.
const FRESH: Duration = Duration::from_secs(1);

/// The lifecycle of a server; clones share it.
#[derive(Clone, Default)]
pub struct Lifecycle(Arc<Inner>);

#[derive(Default)]
struct Inner {
    app: OnceLock<App>,
    started: Notify,
    is_draining: AtomicBool,
    /// When the database last failed to respond. The lock is held during a check, so that one runs at a time.
    failed: Mutex<Option<Instant>>,
    /// The reason why writes fail, and when it was found; locked in the same way.
    refused: Mutex<Option<(Instant, Obstacle)>>,
}

/// The state of a [`Lifecycle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The database is being opened and migrated.
    Starting,
    /// The server is serving.
    Serving,
    /// The server is still serving, but wants no new clients.
    Draining,
}

impl Lifecycle {
    /// Reports that the server has started.
    pub fn serve(&self, app: App) {
        // A server starts once.
        let _ = self.0.app.set(app);
        self.0.started.notify_waiters();
    }

    /// Reports that the server is about to stop.
    pub fn drain(&self) {
        self.0.is_draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is about to stop.
    pub fn is_draining(&self) -> bool {
        self.0.is_draining.load(Ordering::Relaxed)
    }

    /// Returns the app, if the server has started.
    pub fn app(&self) -> Result<&App> {
        self.0.app.get().ok_or(Error::Starting)
    }

    /// Waits for the app, up to a time limit.
    pub async fn started(&self) -> Result<&App> {
        let started = self.0.started.notified();
        if self.0.app.get().is_none() {
            // The next line tells whether it came in time.
            let _ = tokio::time::timeout(PATIENCE, started).await;
        }
        self.app()
    }

    /// Returns the current phase.
    pub fn stage(&self) -> Stage {
        if self.is_draining() {
            Stage::Draining
        } else if self.0.app.get().is_none() {
            Stage::Starting
        } else {
            Stage::Serving
        }
    }

    /// Returns the lifecycle of a request's server.
    pub fn of(http: &HttpRequest) -> Result<&Self> {
        let lifecycle = http.app_data::<Self>();
        lifecycle.ok_or_else(|| Error::internal(anyhow::anyhow!("no lifecycle")))
    }

    /// Returns whether requests should be sent here, or why not.
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

    /// Whether the database responds, now or to a recent request.
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
        // If all connections are in use, the check waits for its turn while requests get responses.
        let answers = matches!(asked, Ok(Ok(()))) || app.db.answered_within(MAX_WAIT);
        *failed = (!answers).then(Instant::now);
        answers
    }

    /// Returns the reason why writes fail, if they do.
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
