//! One connection, to either database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};

use super::repeated::Repeated;
use super::{Engine, Location, functions};
use crate::events::Journal;

pub(super) use either::Either;
pub use either::MultiBackend;

mod either {
    #![expect(missing_docs, reason = "diesel's derive makes items of its own")]

    use diesel::{PgConnection, SqliteConnection};

    /// A connection of either driver.
    #[derive(diesel::MultiConnection)]
    pub(crate) enum Either {
        /// PostgreSQL.
        Postgres(PgConnection),
        /// SQLite.
        Sqlite(SqliteConnection),
    }
}

/// Either database. Everything above this module takes `&mut Conn` and does not ask which.
pub struct Conn {
    pub(super) driver: Either,
    pub(super) repeated: Repeated,
    /// What the transaction that goes on has changed.
    pub journal: Journal,
    /// The version of the collections that what is read has to be of, until it is known that it is.
    pub expected: Option<i64>,
}

impl Conn {
    fn new(driver: Either) -> Self {
        Self {
            driver,
            repeated: Repeated::default(),
            journal: Journal::default(),
            expected: None,
        }
    }

    /// Somebody else's SQLite database, by its URI. Nothing is written to it.
    pub fn read_only(uri: &str) -> anyhow::Result<Self> {
        let mut conn = SqliteConnection::establish(uri)?;
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON;")?;
        Ok(Self::new(Either::Sqlite(conn)))
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        match self.driver {
            Either::Postgres(_) => Engine::Postgres,
            Either::Sqlite(_) => Engine::Sqlite,
        }
    }
}

/// `busy_timeout` comes first: the other pragmas may already have to wait for another process.
const SQLITE_SETUP: &str = "
    PRAGMA busy_timeout = 10000;
    PRAGMA journal_mode = WAL;
    PRAGMA foreign_keys = ON;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = 33554432;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -8000;
";

/// A power cut may cost the last seconds of the log, and never breaks its file.
const SQLITE_LOG: &str = "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -2000;";

/// There are several readers, and the system's own cache behind them.
const SQLITE_READER: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -2000;";

/// A statement that takes longer is somebody's mistake, and must not keep a connection from everybody else.
const POSTGRES_SETUP: &str = "
    SET client_min_messages = warning;
    SET TIME ZONE 'UTC';
    SET statement_timeout = '30s';
    SET idle_in_transaction_session_timeout = '60s';
";

/// What is in a database, which decides how careful it is with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What users have.
    Data,
    /// The log, of SQLite alone.
    Log,
}

/// Makes connections for the pool.
pub(super) struct Manager {
    purpose: Purpose,
    location: Location,
    epoch: Arc<AtomicU64>,
}

/// A connection, and when it was made.
pub(super) struct Pooled {
    conn: Conn,
    epoch: u64,
}

impl Manager {
    pub(super) fn new(purpose: Purpose, location: Location, epoch: Arc<AtomicU64>) -> Self {
        Self {
            purpose,
            location,
            epoch,
        }
    }

    /// A new connection.
    pub(super) fn open(&self, writable: bool) -> anyhow::Result<Conn> {
        match &self.location {
            Location::Sqlite(path) => {
                let path_text = path
                    .to_str()
                    .context("the data directory's name is not UTF-8")?;
                let mut conn = SqliteConnection::establish(path_text)
                    .with_context(|| format!("cannot open the database {}", path.display()))?;
                conn.batch_execute(SQLITE_SETUP)
                    .with_context(|| format!("cannot use the database {}", path.display()))?;
                if self.purpose == Purpose::Log {
                    conn.batch_execute(SQLITE_LOG)?;
                }
                functions::register(&mut conn)?;
                if !writable {
                    conn.batch_execute(SQLITE_READER)?;
                }
                Ok(Conn::new(Either::Sqlite(conn)))
            }
            Location::Postgres(url) => {
                let mut conn =
                    PgConnection::establish(url).context("cannot connect to PostgreSQL")?;
                conn.batch_execute(POSTGRES_SETUP)?;
                Ok(Conn::new(Either::Postgres(conn)))
            }
        }
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = PoolError;

    fn connect(&self) -> Result<Pooled, PoolError> {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let conn = self.open(false).map_err(PoolError)?;
        Ok(Pooled { conn, epoch })
    }

    /// Asked before each use; costs no round trip. A connection of an earlier epoch has prepared statements
    /// of tables that have changed since, or was cut off.
    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), PoolError> {
        if pooled.epoch == self.epoch.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(PoolError(anyhow::anyhow!("made before the last change")))
        }
    }

    /// Asked when it comes back. After a panic its transaction may still be open.
    fn has_broken(&self, _: &mut Pooled) -> bool {
        std::thread::panicking()
    }
}

impl std::ops::Deref for Pooled {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl std::ops::DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub(super) struct PoolError(anyhow::Error);
