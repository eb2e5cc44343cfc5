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
mod limit;
mod load;
mod maintenance;
mod migrations;
mod page;
mod point;
mod pool;
mod postgres;
mod repeated;
mod row;
mod shares;
mod slow;
mod sqlite;
mod statement;
mod usage;
mod wal;
mod watch;
mod writer;
mod writes;

use std::path::PathBuf;
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

pub use blocker::blocker;
pub use bounded::{Budget, Parts, within};
pub use connection::Conn;
pub use functions::as_number;
pub use load::{Rows, each, execute, execute_given, first_int, load, load_foreign, load_given};
pub use page::{Page, Sorted};
pub use point::Point;
pub use row::{Each, ValueRef, owned};
pub use shares::Claimant;
pub use statement::{Ident, Sql, Storage, Value, sql};
pub use usage::Usage;

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Result};
use crate::events::{self, Feed};
use crate::random::Random;
use crate::secret::Secret;
use connection::{Manager, Purpose};
use limit::{Abandoning, Limit};
use pool::{Place, Pool};
use shares::{Share, Shares};
use usage::Waiting;
use wal::Wal;
use writer::Writer;
use writes::Writes;

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

/// What becomes of a database that a newer version has migrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newer {
    /// It is not used: what is in it may not be as this version takes it to be.
    Refused,
    /// It is used all the same.
    Allowed,
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
    pool: Arc<Pool>,
    permits: Arc<Semaphore>,
    /// Those of the permits that reads may take whose cost a client decides.
    shares: Arc<Shares>,
    /// Those of the permits that these reads and PostgreSQL's writes may take together: lookups by key always find another.
    long: Arc<Semaphore>,
    writer: Option<Writer>,
    writes: Writes,
    /// How often SQLite's write-ahead log could not be emptied.
    checkpoint_failures: Arc<AtomicU64>,
    /// SQLite's file.
    file: Option<PathBuf>,
    newer: Newer,
    sources: Sources,
    /// How many wait for a permit.
    waiting: AtomicI64,
    /// How many waited for one in vain.
    waited_in_vain: AtomicU64,
    opened: Instant,
    /// When the database last answered, in milliseconds after it was opened.
    answered: AtomicU64,
    feed: Arc<Feed>,
}

/// What a use of the database holds until its work has ended.
#[derive(Default)]
struct Held {
    turns: Vec<OwnedSemaphorePermit>,
    /// The caller's own place.
    _share: Option<Share>,
}

/// The clock and the source of randomness that connections have.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Tells the time.
    pub clock: Clock,
    /// Makes ids and keys.
    pub random: Random,
}

impl Sources {
    /// Those of a production server.
    pub fn system() -> Self {
        Self {
            clock: Clock::machine(),
            random: Random::system(),
        }
    }
}

/// How a database is shared.
#[derive(Clone, Copy)]
struct Places {
    connections: u32,
    slow_guest: usize,
}

impl Db {
    /// Connects, and brings the system tables up to date. `slow_guest`: how many slow queries the guests of one address may run
    /// at once.
    pub fn open(
        location: &Location,
        newer: Newer,
        connections: u32,
        slow_guest: usize,
        group_size: Histogram,
        sources: Sources,
    ) -> anyhow::Result<Self> {
        let places = Places {
            connections,
            slow_guest,
        };
        Self::open_for(Purpose::Data, location, newer, places, group_size, sources)
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
        let newer = self.inner.newer;
        let places = Places {
            connections: LOG_CONNECTIONS,
            slow_guest: 1,
        };
        let sources = self.inner.sources.clone();
        Self::open_for(Purpose::Log, &location, newer, places, group_size, sources)
    }

    fn open_for(
        purpose: Purpose,
        location: &Location,
        newer: Newer,
        places: Places,
        group_size: Histogram,
        sources: Sources,
    ) -> anyhow::Result<Self> {
        let all = places.connections as usize;
        let open = all.saturating_sub((all / 4).max(1)).max(1);
        let long = all.saturating_sub((all / 8).max(1)).max(1);
        let epoch = Arc::new(AtomicU64::new(0));
        let manager = Manager::new(purpose, location.clone(), sources.clone());
        migrations::run(location, purpose, newer, &slow::Waiting::begin()?)?;
        let feed = Arc::new(Feed::default());
        let checkpoint_failures = Arc::new(AtomicU64::new(0));
        let writer = match location {
            Location::Sqlite(file) => {
                let wal = Wal::new(file, manager.patience(), Arc::clone(&checkpoint_failures));
                let conn = manager.open(true)?;
                Some(Writer::start(conn, wal, group_size, Arc::clone(&feed))?)
            }
            Location::Postgres(_) => None,
        };
        let pool = Pool::new(manager, epoch);
        if location.engine() == Engine::Postgres {
            watch::start(&pool).context("cannot start a thread")?;
        }
        Ok(Self {
            inner: Arc::new(Inner {
                engine: location.engine(),
                pool,
                permits: Arc::new(Semaphore::new(all)),
                shares: Arc::new(Shares::of(open, places.slow_guest)),
                long: Arc::new(Semaphore::new(long)),
                writer,
                writes: Writes::default(),
                checkpoint_failures,
                file: match location {
                    Location::Sqlite(file) => Some(file.clone()),
                    Location::Postgres(_) => None,
                },
                newer,
                sources,
                waiting: AtomicI64::new(0),
                waited_in_vain: AtomicU64::new(0),
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
    /// connections are replaced. SQLite's connections compare a number themselves.
    pub fn tables_changed(&self) {
        if self.inner.engine == Engine::Postgres {
            self.inner.pool.replace_connections();
        }
    }

    /// Runs `work` off the async threads, on one connection, without a transaction. What a client decides counts as that
    /// client's: it waits for its share of the connections, and has a limit of time.
    pub async fn read<T, F>(&self, claimant: &Claimant, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        let held = self.held(claimant).await?;
        if *claimant == Claimant::Server {
            return self.run(held, |place| place.run(work)).await;
        }
        let limit = Limit::after(claimant.max_time());
        let mut abandoning = Abandoning {
            db: self.clone(),
            limit: limit.clone(),
            has_ended: false,
        };
        let kept = limit.clone();
        let limited = move |conn: &mut Conn| conn.within(&kept, work);
        let mut running = pin!(self.run(held, |place| place.run(limited)));
        let outcome = match self.inner.engine {
            Engine::Sqlite => running.await,
            Engine::Postgres => {
                let in_time = timeout_at(limit.deadline().into(), &mut running).await;
                if let Ok(outcome) = in_time {
                    outcome
                } else {
                    tokio::spawn(self.clone().cancel(limit));
                    running.await
                }
            }
        };
        abandoning.has_ended = true;
        outcome
    }

    /// The places of a caller's query, once there are some.
    async fn held(&self, claimant: &Claimant) -> Result<Held> {
        if *claimant == Claimant::Server {
            return Ok(Held::default());
        }
        let mut share = {
            let _waiting = Waiting::among(&self.inner.waiting);
            self.inner.shares.share(claimant).await?
        };
        let turns = vec![self.turn(&self.inner.long).await?];
        share.begin();
        Ok(Held {
            turns,
            _share: Some(share),
        })
    }

    /// Runs `work` off the async threads, in a place among those who may use the database.
    async fn run<T, F>(&self, held: Held, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(Place) -> Result<T> + Send + 'static,
    {
        let mut held = held;
        held.turns.push(self.turn(&self.inner.permits).await?);
        let (place, lost) = self.inner.pool.begin(held);
        let lost = lost.then(|lost| async move {
            if lost.is_err() {
                // It ended, and has an answer.
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

    /// Like [`Db::read`], for work that finds a few rows by key: on SQLite that takes less time than to hand
    /// it to another thread, so it runs on this one when a connection is free.
    pub async fn read_few<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    {
        if self.inner.engine == Engine::Sqlite
            && let Ok(_permit) = self.inner.permits.try_acquire()
            && let Some(mut idle) = self.inner.pool.idle()
        {
            let outcome = work(&mut idle);
            // Not after a panic, which may leave a transaction open.
            self.inner.pool.put_back(idle);
            return outcome;
        }
        self.run(Held::default(), |place| place.run(work)).await
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
        let outcome = if let Some(writer) = &self.inner.writer {
            writer.write(is_few, work).await
        } else {
            let write = move |conn: &mut Conn| transaction(conn, work);
            let held = Held {
                turns: vec![self.turn(&self.inner.long).await?],
                _share: None,
            };
            self.run(held, |place| place.run(write)).await
        };
        self.inner.writes.note(&outcome);
        outcome
    }

    /// Takes no more writes; those that wait are committed. SQLite's write-ahead log is emptied.
    pub async fn close(&self) {
        if let Some(writer) = &self.inner.writer {
            writer.close().await;
        }
    }

    /// A place among those who may go on, or the news that it takes too long.
    async fn turn(&self, places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
        if self.inner.pool.is_down() {
            return Err(Error::Unavailable);
        }
        if let Ok(turn) = Arc::clone(places).try_acquire_owned() {
            return Ok(turn);
        }
        let _waiting = Waiting::among(&self.inner.waiting);
        let turn = tokio::time::timeout(MAX_WAIT, Arc::clone(places).acquire_owned());
        match select(pin!(turn), pin!(self.inner.pool.goes_down())).await {
            Either::Left((Ok(turn), _)) => turn.map_err(Error::internal),
            Either::Left((Err(_), _)) | Either::Right(_) => {
                self.inner.waited_in_vain.fetch_add(1, Ordering::Relaxed);
                Err(Error::Unavailable)
            }
        }
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
pub fn now(conn: &mut Conn) -> Result<Timestamp> {
    if conn.engine() == Engine::Sqlite {
        return Ok(conn.clock.now());
    }
    let select = sql(
        Engine::Postgres,
        "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS\"Z\"')",
    );
    let rows = load(conn, select.cached(), &[Storage::Text])?;
    let told = match rows.first().map(Vec::as_slice) {
        Some([Value::Text(text)]) => Timestamp::parse(text),
        _ => None,
    };
    let told = told.map(|told| conn.clock.adjust(told));
    told.ok_or_else(|| {
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
