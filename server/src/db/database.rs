//! The handle on a database.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::FutureExt;
use futures_util::future::{Either, pending, select};
use prometheus::{Histogram, HistogramOpts};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use super::connection::{Access, Manager, Purpose};
use super::coordination::ChangeQueue;
use super::engine::Engine;
use super::limit::{CancelOnDrop, ReadLimit};
use super::pool::{Place, Pool};
use super::shares::{Share, Shares};
use super::sqlite::wal::Wal;
use super::sqlite::writer::Writer;
use super::stats::Waiting;
use super::transaction::transaction;
use super::writes::Writes;
use super::{
    Claimant, Conn, Dialect, Location, Newer, Sources, Topology, migrations, postgres, start_log,
};
use crate::error::{Error, Result};

/// The file of the log, next to the file of an embedded database.
const LOG_FILE: &str = "logs.db";
/// The log has few readers.
const LOG_CONNECTIONS: u32 = 2;

/// How long a request waits for a connection.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// How much work an operation is for the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// A few rows by their keys, which take microseconds: may run on the calling thread.
    Short,
    /// Anything else: runs on a thread for blocking work.
    Long,
}

impl Effort {
    /// Returns `Short` if `is_short`.
    pub fn short_if(is_short: bool) -> Self {
        if is_short { Self::Short } else { Self::Long }
    }
}

/// A handle on a database; clones share it.
#[derive(Clone)]
pub struct Db {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) engine: Engine,
    pub(super) pool: Arc<Pool>,
    /// A permit for each connection.
    pub(super) permits: Arc<Semaphore>,
    /// The permits for reads whose cost a client decides.
    pub(super) shares: Arc<Shares>,
    /// The permits for these reads and for writes on a server. There are fewer than connections, so that a lookup by key
    /// always finds one.
    pub(super) long: Arc<Semaphore>,
    /// The writer of an embedded database.
    pub(super) writer: Option<Writer>,
    pub(super) writes: Writes,
    /// How often the write-ahead log of an embedded database could not be emptied.
    pub(super) checkpoint_failures: Arc<AtomicU64>,
    /// The file of an embedded database.
    pub(super) file: Option<PathBuf>,
    pub(super) newer: Newer,
    pub(super) sources: Sources,
    /// How many uses wait for a permit.
    pub(super) waiting: AtomicI64,
    /// How many uses waited for one in vain.
    pub(super) waited_in_vain: AtomicU64,
    pub(super) opened: Instant,
    /// When the database last answered, in milliseconds after it was opened.
    pub(super) answered: AtomicU64,
    pub(super) changes: Arc<ChangeQueue>,
}

/// The permits that a use of the database holds until its work has ended.
#[derive(Default)]
pub(super) struct Permits {
    permits: Vec<OwnedSemaphorePermit>,
    /// The caller's own share.
    _share: Option<Share>,
}

/// How many may use a database at once.
#[derive(Clone, Copy)]
struct Capacity {
    connections: u32,
    slow_guest: usize,
}

impl Db {
    /// Connects, and runs the migrations. `slow_guest`: how many slow queries the guests of one address may run at once.
    pub fn open(
        location: &Location,
        newer: Newer,
        connections: u32,
        slow_guest: usize,
        group_size: Histogram,
        sources: Sources,
    ) -> anyhow::Result<Self> {
        let capacity = Capacity {
            connections,
            slow_guest,
        };
        Self::open_for(
            Purpose::Data,
            location,
            newer,
            capacity,
            group_size,
            sources,
        )
    }

    /// Opens the database of the log. Next to an embedded database it is another file with a writer of its own: log entries
    /// then neither hold up the writes of users nor make the file grow that is backed up. On a server it is the same
    /// database.
    pub fn of_log(&self) -> anyhow::Result<Self> {
        let Some(file) = &self.inner.file else {
            return Ok(self.clone());
        };
        let location = Location::embedded(file.with_file_name(LOG_FILE));
        // No metric shows how the log is written.
        let group_size = Histogram::with_opts(HistogramOpts::new("groups", "Not shown."))?;
        let newer = self.inner.newer;
        let capacity = Capacity {
            connections: LOG_CONNECTIONS,
            slow_guest: 1,
        };
        let sources = self.inner.sources.clone();
        Self::open_for(
            Purpose::Log,
            &location,
            newer,
            capacity,
            group_size,
            sources,
        )
    }

    fn open_for(
        purpose: Purpose,
        location: &Location,
        newer: Newer,
        capacity: Capacity,
        group_size: Histogram,
        sources: Sources,
    ) -> anyhow::Result<Self> {
        let all = capacity.connections as usize;
        let open = all.saturating_sub((all / 4).max(1)).max(1);
        let long = all.saturating_sub((all / 8).max(1)).max(1);
        let epoch = Arc::new(AtomicU64::new(0));
        let manager = Manager::new(purpose, location.clone(), sources.clone());
        migrations::run(location, purpose, newer, &start_log::Waiting::begin()?)?;
        let changes = Arc::new(ChangeQueue::default());
        let checkpoint_failures = Arc::new(AtomicU64::new(0));
        let writer = match location.file() {
            Some(file) => {
                let wal = Wal::new(
                    file,
                    manager.read_timeout(),
                    Arc::clone(&checkpoint_failures),
                );
                let conn = manager.open(Access::Write)?;
                Some(Writer::start(conn, wal, group_size, Arc::clone(&changes))?)
            }
            None => None,
        };
        let pool = Pool::new(manager, epoch);
        match location.engine() {
            Engine::Sqlite => {}
            Engine::Postgres => postgres::watch::start(&pool).context("cannot start a thread")?,
        }
        Ok(Self {
            inner: Arc::new(Inner {
                engine: location.engine(),
                pool,
                permits: Arc::new(Semaphore::new(all)),
                shares: Arc::new(Shares::of(open, capacity.slow_guest)),
                long: Arc::new(Semaphore::new(long)),
                writer,
                writes: Writes::default(),
                checkpoint_failures,
                file: location.file().map(Path::to_owned),
                newer,
                sources,
                waiting: AtomicI64::new(0),
                waited_in_vain: AtomicU64::new(0),
                opened: Instant::now(),
                answered: AtomicU64::new(0),
                changes,
            }),
        })
    }

    /// Returns the dialect of its SQL.
    pub fn dialect(&self) -> Dialect {
        self.inner.engine.dialect()
    }

    /// Says whether other processes may use the database.
    pub fn topology(&self) -> Topology {
        self.inner.engine.topology()
    }

    /// Returns the queue of committed changes, for [`Topology::Single`].
    pub fn change_queue(&self) -> Arc<ChangeQueue> {
        Arc::clone(&self.inner.changes)
    }

    /// Notes that tables have changed. Connections to a server keep prepared statements that may no longer fit, so they are
    /// replaced; those to a file compare a version themselves.
    pub fn tables_changed(&self) {
        if !self.inner.engine.is_embedded() {
            self.inner.pool.replace_connections();
        }
    }

    /// Runs `work` off the async threads, on one connection, without a transaction. A read whose cost a client decides
    /// counts against that client's share of the connections, and has a time limit.
    pub async fn read<T, F>(&self, claimant: &Claimant, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let permits = self.permits(claimant).await?;
        if *claimant == Claimant::Server {
            return self.run(permits, |place| place.run(work)).await;
        }
        let limit = ReadLimit::after(claimant.max_time());
        let mut cancel_on_drop = CancelOnDrop {
            db: self.clone(),
            limit: limit.clone(),
            has_ended: false,
        };
        let kept = limit.clone();
        let limited = move |conn: &mut Conn| conn.within(&kept, work);
        let mut running = pin!(self.run(permits, |place| place.run(limited)));
        let outcome = if self.inner.engine.is_embedded() {
            running.await
        } else {
            let in_time = timeout_at(limit.deadline().into(), &mut running).await;
            if let Ok(outcome) = in_time {
                outcome
            } else {
                tokio::spawn(self.clone().cancel(limit));
                running.await
            }
        };
        cancel_on_drop.has_ended = true;
        outcome
    }

    /// Waits for the permits of a caller's query.
    pub(super) async fn permits(&self, claimant: &Claimant) -> Result<Permits> {
        if *claimant == Claimant::Server {
            return Ok(Permits::default());
        }
        let mut share = {
            let _waiting = Waiting::among(&self.inner.waiting);
            self.inner.shares.share(claimant).await?
        };
        let permits = vec![self.acquire(&self.inner.long).await?];
        share.begin();
        Ok(Permits {
            permits,
            _share: Some(share),
        })
    }

    /// Runs `work` off the async threads, once there is a permit for a connection.
    pub(super) async fn run<T, F>(&self, permits: Permits, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(Place) -> Result<T> + Send + 'static,
    {
        let mut held = permits;
        held.permits.push(self.acquire(&self.inner.permits).await?);
        let (place, lost) = self.inner.pool.begin(held);
        let lost = lost.then(|lost| async move {
            if lost.is_err() {
                // The use ended and has an answer.
                pending::<()>().await;
            }
        });
        let outcome = match select(pin!(blocking(move || work(place))), pin!(lost)).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(Error::Unavailable),
        };
        if !matches!(outcome, Err(Error::Unavailable)) {
            self.answered();
        }
        outcome
    }

    /// Like [`Db::read`], for lookups by key. In an embedded database they take less time than to hand them to another
    /// thread, so they run on this one if a connection is free.
    pub async fn read_inline<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        if self.inner.engine.is_embedded()
            && let Ok(_permit) = self.inner.permits.try_acquire()
            && let Some(mut idle) = self.inner.pool.idle()
        {
            let outcome = work(&mut idle);
            // Not after a panic, which may leave a transaction open.
            self.inner.pool.put_back(idle);
            return outcome;
        }
        self.run(Permits::default(), |place| place.run(work)).await
    }

    /// Like [`Db::read`], inside one transaction: all of `work` happens, or none of it.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.write_with(Effort::Long, work).await
    }

    /// Like [`Db::write`], for work that finds and writes a few rows by key: see [`Db::read_inline`].
    pub async fn write_inline<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.write_with(Effort::Short, work).await
    }

    async fn write_with<T, F>(&self, effort: Effort, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let outcome = if let Some(writer) = &self.inner.writer {
            writer.write(effort, work).await
        } else {
            let write = move |conn: &mut Conn| transaction(conn, work);
            let permits = Permits {
                permits: vec![self.acquire(&self.inner.long).await?],
                _share: None,
            };
            self.run(permits, |place| place.run(write)).await
        };
        self.inner.writes.note(&outcome);
        outcome
    }

    /// Refuses further writes, commits those that wait and empties the write-ahead log of an embedded database.
    pub async fn close(&self) {
        if let Some(writer) = &self.inner.writer {
            writer.close().await;
        }
    }

    /// Waits for a permit; fails when that takes too long or the database is down.
    async fn acquire(&self, permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
        if self.inner.pool.is_down() {
            return Err(Error::Unavailable);
        }
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Waiting::among(&self.inner.waiting);
        let permit = tokio::time::timeout(MAX_WAIT, Arc::clone(permits).acquire_owned());
        match select(pin!(permit), pin!(self.inner.pool.goes_down())).await {
            Either::Left((Ok(permit), _)) => permit.map_err(Error::internal),
            Either::Left((Err(_), _)) | Either::Right(_) => {
                self.inner.waited_in_vain.fetch_add(1, Ordering::Relaxed);
                Err(Error::Unavailable)
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
