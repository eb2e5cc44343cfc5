//! The pool of connections.
//!
//! A use of the database holds its permits until its work has ended, even if the client has gone away, so that there are never
//! more connections than the configuration allows. A use that waits for a silent server is given up by
//! [`super::postgres::watch`]: its permits are free at once, its thread as soon as the system ends the connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::Conn;
use super::connection::{Access, Manager, Pooled};
use super::database::Permits;
use super::postgres::Activity;
use crate::error::{Error, Obstacle, Result};

/// How long a use tries to connect.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// The first pause between attempts to connect, and the longest.
const PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_millis(500);
/// An idle connection is closed after this time, unless it is the last.
const MAX_IDLE: Duration = Duration::from_secs(600);

/// The connections of a database, and their uses.
pub(super) struct Pool {
    pub(super) manager: Manager,
    /// Connections that were opened in an earlier epoch are not used again.
    epoch: Arc<AtomicU64>,
    uses: Mutex<Uses>,
    /// Whether the database is down: known not to answer.
    down: watch::Sender<bool>,
    /// Whether the last attempt to connect failed.
    is_away: AtomicBool,
}

#[derive(Default)]
struct Uses {
    idle: Vec<(Pooled, Instant)>,
    busy: HashMap<u64, Use>,
    last: u64,
}

struct Use {
    since: Instant,
    /// `None` while it connects, and for an embedded database.
    activity: Option<Arc<Activity>>,
    _held: Permits,
    lost: oneshot::Sender<()>,
}

/// A use that may wait in vain.
pub(super) struct Suspect {
    pub(super) id: u64,
    /// `None` while it connects.
    pub(super) activity: Option<Arc<Activity>>,
    pub(super) waits: Duration,
}

impl Pool {
    pub(super) fn new(manager: Manager, epoch: Arc<AtomicU64>) -> Arc<Self> {
        Arc::new(Self {
            manager,
            epoch,
            uses: Mutex::default(),
            down: watch::Sender::new(false),
            is_away: AtomicBool::new(false),
        })
    }

    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a use that holds these permits. The receiver gets a message if the use is given up, and an error when it ends.
    pub(super) fn begin(self: &Arc<Self>, held: Permits) -> (Place, oneshot::Receiver<()>) {
        let (lost, is_lost) = oneshot::channel();
        let mut uses = self.uses();
        uses.last += 1;
        let id = uses.last;
        let begun = Use {
            since: Instant::now(),
            activity: None,
            _held: held,
            lost,
        };
        uses.busy.insert(id, begun);
        let pool = Arc::clone(self);
        (Place { pool, id }, is_lost)
    }

    /// Takes an idle connection, if there is one, for a short use that is not watched.
    pub(super) fn idle(&self) -> Option<Pooled> {
        self.uses().idle.pop().map(|(pooled, _)| pooled)
    }

    pub(super) fn put_back(&self, pooled: Pooled) {
        self.uses().idle.push((pooled, Instant::now()));
    }

    /// Makes sure that no connection that is open now is used again.
    pub(super) fn replace_connections(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
        let idle = std::mem::take(&mut self.uses().idle);
        drop(idle);
    }

    /// Returns how many connections are idle, and how many are in use.
    pub(super) fn counts(&self) -> (usize, usize) {
        let uses = self.uses();
        (uses.idle.len(), uses.busy.len())
    }

    /// Returns the age of the oldest use.
    pub(super) fn oldest(&self) -> Duration {
        let uses = self.uses();
        let oldest = uses.busy.values().map(|busy| busy.since.elapsed()).max();
        oldest.unwrap_or_default()
    }

    /// Returns the uses that have waited this long for an answer, or this long for a connection.
    pub(super) fn suspects(&self, answer: Duration, connection: Duration) -> Vec<Suspect> {
        let uses = self.uses();
        let suspects = uses.busy.iter().filter_map(|(id, busy)| {
            let (waits, max) = match &busy.activity {
                Some(activity) => (activity.waits()?, answer),
                None => (busy.since.elapsed(), connection),
            };
            (waits >= max).then(|| Suspect {
                id: *id,
                activity: busy.activity.clone(),
                waits,
            })
        });
        suspects.collect()
    }

    /// Gives uses up: their requests fail, and their permits are free.
    pub(super) fn give_up(&self, ids: impl IntoIterator<Item = u64>) {
        let mut uses = self.uses();
        let given_up: Vec<_> = ids
            .into_iter()
            .filter_map(|id| uses.busy.remove(&id))
            .collect();
        drop(uses);
        for lost in given_up {
            // The client may have gone away.
            let _ = lost.lost.send(());
        }
    }

    /// Says whether the database is known not to answer.
    pub(super) fn set_down(&self, is_down: bool) {
        self.down.send_if_modified(|down| {
            let changes = *down != is_down;
            *down = is_down;
            changes
        });
    }

    pub(super) fn is_down(&self) -> bool {
        *self.down.borrow()
    }

    /// Waits until the database is known not to answer.
    pub(super) async fn goes_down(&self) {
        // The sender lives as long as this.
        let _ = self.down.subscribe().wait_for(|down| *down).await;
    }

    fn is_current(&self, pooled: &Pooled) -> bool {
        pooled.epoch == self.epoch.load(Ordering::Relaxed)
    }

    fn take(&self, id: u64) -> Result<Pooled> {
        let deadline = Instant::now() + MAX_WAIT;
        let mut pause = PAUSE;
        loop {
            let idle = self.uses().idle.pop();
            match idle {
                Some((pooled, _)) if self.is_current(&pooled) => return Ok(pooled),
                Some(_) => continue,
                None => {}
            }
            let epoch = self.epoch.load(Ordering::Relaxed);
            let error = match self.manager.open(Access::Read) {
                Ok(conn) => {
                    if self.is_away.swap(false, Ordering::Relaxed) {
                        tracing::info!("the database can be reached again");
                    }
                    return Ok(Pooled { conn, epoch });
                }
                Err(error) => error,
            };
            let is_given_up = self.is_down() || !self.uses().busy.contains_key(&id);
            if is_given_up || Instant::now() + pause > deadline {
                self.cannot_connect(&error);
                return Err(Error::Unavailable);
            }
            std::thread::sleep(pause);
            pause = MAX_PAUSE.min(pause * 2);
        }
    }

    /// Logs that connecting failed; only once until it succeeds.
    pub(super) fn cannot_connect(&self, error: &anyhow::Error) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            tracing::error!(error = format!("{error:#}"), "no database connection");
        }
    }
}

/// The right to use one connection.
pub(super) struct Place {
    pool: Arc<Pool>,
    id: u64,
}

impl Place {
    /// Runs `work` on a connection of the pool.
    pub(super) fn run<T>(self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut pooled = self.pool.take(self.id)?;
        self.note(&pooled.conn);
        let outcome = work(&mut pooled.conn);
        let error = match outcome {
            Err(error @ (Error::Disconnected | Error::Unwritable(Obstacle::ReadOnly))) => error,
            outcome => {
                self.give_back(pooled);
                return outcome;
            }
        };
        // The same event has probably cut off the others, or they lead to the same server: replace them all.
        if self.pool.is_current(&pooled) {
            tracing::error!(%error, "the connections to the database are replaced");
            self.pool.replace_connections();
        }
        let is_gone = matches!(error, Error::Disconnected);
        Err(if is_gone { Error::Unavailable } else { error })
    }

    /// Runs `work` on a connection of its own, which is closed afterwards.
    pub(super) fn run_apart<T>(
        self,
        access: Access,
        work: impl FnOnce(&mut Conn) -> Result<T>,
    ) -> Result<T> {
        let conn = self.pool.manager.open(access);
        let mut conn = conn.map_err(|error| {
            self.pool.cannot_connect(&error);
            Error::Unavailable
        })?;
        self.note(&conn);
        match work(&mut conn) {
            Err(Error::Disconnected) => Err(Error::Unavailable),
            outcome => outcome,
        }
    }

    fn note(&self, conn: &Conn) {
        if let Some(activity) = conn.activity()
            && let Some(busy) = self.pool.uses().busy.get_mut(&self.id)
        {
            busy.activity = Some(activity);
        }
    }

    /// Returns a connection to the pool. Must not be called after a panic, when its transaction may still be open.
    fn give_back(&self, pooled: Pooled) {
        let mut uses = self.pool.uses();
        let is_given_up = uses.busy.remove(&self.id).is_none();
        if is_given_up || !self.pool.is_current(&pooled) || pooled.conn.is_bloated() {
            drop(uses);
            drop(pooled);
            return;
        }
        uses.idle.push((pooled, Instant::now()));
        if uses.idle.len() > 1 && uses.idle[0].1.elapsed() > MAX_IDLE {
            let closed = uses.idle.remove(0);
            drop(uses);
            drop(closed);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Frees its permits, whatever the outcome of the work.
        drop(self.pool.uses().busy.remove(&self.id));
    }
}
