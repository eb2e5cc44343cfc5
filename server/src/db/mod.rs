//! The only place that knows there are two databases.
//!
//! Start with [`Db::read`] and [`Db::write`]; [`Sql`] is how statements on collections' tables are written.

mod blocker;
mod bounded;
pub mod concurrent;
mod connection;
pub mod dialect;
mod failure;
mod functions;
mod load;
mod maintenance;
mod migrations;
mod point;
mod postgres;
mod repeated;
mod row;
mod sqlite;
mod statement;
mod usage;
mod wal;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus::{Histogram, HistogramOpts};
use tokio::sync::{Semaphore, SemaphorePermit};

pub use blocker::blocker;
pub use connection::Conn;
pub use functions::as_number;
pub use load::{Rows, each, execute, execute_given, load, load_foreign, load_given};
pub use point::Point;
pub use row::{Each, ValueRef, owned};
pub use statement::{Ident, Sql, Storage, Value, sql};
pub use usage::Usage;

use crate::clock::Moment;
use crate::config::Secret;
use crate::error::{Error, Result};
use crate::events::{self, Feed};
use connection::{Manager, Purpose};
use usage::Waiting;
use wal::Wal;
use writer::Writer;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, in this process.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A connection string.
    Postgres(Secret),
}

/// The file of the log, beside SQLite's database.
const LOG_FILE: &str = "logs.db";
/// Few read the log.
const LOG_CONNECTIONS: u32 = 2;

/// How long a request waits for a connection.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// A handle on the database; clones share it.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    manager: Manager,
    pool: r2d2::Pool<Manager>,
    permits: Semaphore,
    /// Those of the permits that reads may take whose cost a client decides.
    open_ended: Semaphore,
    epoch: Arc<AtomicU64>,
    writer: Option<Writer>,
    /// SQLite's file.
    file: Option<PathBuf>,
    /// How many wait for a permit.
    waiting: AtomicI64,
    opened: Instant,
    /// When the database last answered, in milliseconds after it was opened.
    answered: AtomicU64,
    feed: Arc<Feed>,
}

impl Db {
    /// Connects, and brings the system tables up to date.
    pub fn open(
        location: &Location,
        connections: u32,
        group_size: Histogram,
    ) -> anyhow::Result<Self> {
        Self::open_for(Purpose::Data, location, connections, group_size)
    }

    /// The database of the log. SQLite has a file of its own for it, with a writer of its own: what is logged neither
    /// holds up what users write nor makes the file grow that is backed up. On PostgreSQL it is this one.
    pub fn of_log(&self) -> anyhow::Result<Self> {
        let Some(file) = &self.inner.file else {
            return Ok(self.clone());
        };
        let location = Location::Sqlite(file.with_file_name(LOG_FILE));
        // Nobody asks how the log is written.
        let group_size = Histogram::with_opts(HistogramOpts::new("groups", "Not shown."))?;
        Self::open_for(Purpose::Log, &location, LOG_CONNECTIONS, group_size)
    }

    fn open_for(
        purpose: Purpose,
        location: &Location,
        connections: u32,
        group_size: Histogram,
    ) -> anyhow::Result<Self> {
        let epoch = Arc::new(AtomicU64::new(0));
        let manager = Manager::new(purpose, location.clone(), Arc::clone(&epoch));
        migrations::run(location, purpose)?;
        let feed = Arc::new(Feed::default());
        let writer = match location {
            Location::Sqlite(file) => {
                let wal = Wal::new(file, manager.patience());
                let conn = manager.open(true)?;
                Some(Writer::start(conn, wal, group_size, Arc::clone(&feed))?)
            }
            Location::Postgres(_) => None,
        };
        let pool = r2d2::Pool::builder()
            .max_size(connections)
            .min_idle(Some(1))
            .max_lifetime(None)
            .idle_timeout(Some(Duration::from_secs(600)))
            .connection_timeout(Duration::from_secs(5))
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build_unchecked(manager.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                engine: location.engine(),
                manager,
                pool,
                permits: Semaphore::new(connections as usize),
                open_ended: Semaphore::new((connections - connections / 4) as usize),
                epoch,
                writer,
                file: match location {
                    Location::Sqlite(file) => Some(file.clone()),
                    Location::Postgres(_) => None,
                },
                waiting: AtomicI64::new(0),
                opened: Instant::now(),
                answered: AtomicU64::new(0),
                feed,
            }),
        })
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// What SQLite's writer has changed.
    pub fn feed(&self) -> Arc<Feed> {
        Arc::clone(&self.inner.feed)
    }

    /// Says that tables have changed. PostgreSQL keeps prepared what may not fit them any more, so its
    /// connections are replaced; SQLite prepares anew by itself.
    pub fn tables_changed(&self) {
        if self.inner.engine == Engine::Postgres {
            self.replace_connections();
        }
    }

    fn replace_connections(&self) {
        self.inner.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs `work` off the async threads, on one connection, without a transaction.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let _turn = self.turn(&self.inner.open_ended).await?;
        self.run(work).await
    }

    async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let _permit = self.turn(&self.inner.permits).await?;
        let db = self.clone();
        let outcome = blocking(move || db.with_connection(work)).await;
        if !matches!(outcome, Err(Error::Unavailable)) {
            self.answered();
        }
        outcome
    }

    /// Like [`Db::read`], for work that finds a few rows by key: on SQLite that takes less time than to hand
    /// it to another thread, so it runs on this one when a connection is free.
    pub async fn read_few<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        if self.inner.engine == Engine::Sqlite
            && let Ok(_permit) = self.inner.permits.try_acquire()
            && let Some(mut connection) = self.inner.pool.try_get()
        {
            return work(&mut connection);
        }
        self.run(work).await
    }

    /// Like [`Db::read`], inside one transaction: all of `work` happens, or none of it.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.write_some(false, work).await
    }

    /// Like [`Db::write`], for work that finds and writes a few rows by key: see [`Db::read_few`].
    pub async fn write_few<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        self.write_some(true, work).await
    }

    async fn write_some<T, F>(&self, is_few: bool, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        match &self.inner.writer {
            Some(writer) => writer.write(is_few, work).await,
            None => self.run(move |conn| transaction(conn, work)).await,
        }
    }

    /// Takes no more writes; those that wait are committed. SQLite's write-ahead log is emptied.
    pub async fn close(&self) {
        if let Some(writer) = &self.inner.writer {
            writer.close().await;
        }
    }

    /// A place among those who may go on, or the news that it takes too long.
    async fn turn<'a>(&self, places: &'a Semaphore) -> Result<SemaphorePermit<'a>> {
        if let Ok(turn) = places.try_acquire() {
            return Ok(turn);
        }
        let _waiting = Waiting::among(&self.inner.waiting);
        let turn = tokio::time::timeout(MAX_WAIT, places.acquire()).await;
        turn.map_err(|_| Error::Unavailable)?
            .map_err(Error::internal)
    }

    fn with_connection<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut connection = self.inner.pool.get().map_err(|error| {
            tracing::error!(%error, "no database connection");
            Error::Unavailable
        })?;
        let outcome = work(&mut connection);
        if matches!(outcome, Err(Error::Disconnected)) {
            // The others were most likely cut off by the same event: replace them all.
            self.replace_connections();
            return Err(Error::Unavailable);
        }
        outcome
    }
}

impl Location {
    /// Which database is there.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}

/// The moment that all processes on a database agree on: the clocks of several machines differ, so PostgreSQL says it.
pub fn now(conn: &mut Conn) -> Result<Moment> {
    if conn.engine() == Engine::Sqlite {
        return Ok(Moment::now());
    }
    let select = sql(
        Engine::Postgres,
        "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS\"Z\"')",
    );
    let rows = load(conn, select.cached(), &[Storage::Text])?;
    let moment = match rows.first().map(Vec::as_slice) {
        Some([Value::Text(text)]) => Moment::parse(text),
        _ => None,
    };
    moment.ok_or_else(|| {
        Error::internal(anyhow::anyhow!("the database does not say what time it is"))
    })
}

/// Runs `work` inside a transaction of its own.
fn transaction<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    run_cached(conn, "BEGIN")?;
    conn.journal.begin();
    let unchanged = conn.journal.mark();
    let outcome = work(conn).and_then(|value| {
        // Last, while the records are still held: see `events::store`.
        conn.journal.seal(unchanged);
        let noted = conn.journal.take();
        events::store::append(conn, &noted)?;
        Ok(value)
    });
    match outcome {
        Ok(value) => {
            run_cached(conn, "COMMIT")?;
            Ok(value)
        }
        Err(error) => {
            // A failed ROLLBACK means a lost connection, which rolls back too.
            let _ = run_cached(conn, "ROLLBACK");
            Err(error)
        }
    }
}

/// Runs `work` such that a failure undoes what it did, and nothing else of the transaction.
pub fn savepoint<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    run_cached(conn, "SAVEPOINT step")?;
    let noted = conn.journal.mark();
    let outcome = work(conn);
    if outcome.is_err() {
        run_cached(conn, "ROLLBACK TO step")?;
        conn.journal.back_to(noted);
    }
    run_cached(conn, "RELEASE step")?;
    outcome
}

/// Runs a statement that stays prepared. Others take PostgreSQL two round trips.
fn run_cached(conn: &mut Conn, statement: &'static str) -> Result<()> {
    execute(conn, sql(conn.engine(), statement).cached()).map(drop)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
