//! One connection, whatever the engine.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;

use super::budgeted::Left;
use super::failure::Failure;
use super::journal::Journal;
use super::limit::ReadLimit;
use super::location::Target;
use super::postgres::{Activity, PostgresConn};
use super::sqlite::{Definitions, ReadTimeout, SqliteConn};
use super::{ColumnType, Dialect, Each, Engine, Location, Rows, Sources, Sql, Topology, owned};
use crate::clock::Clock;
use crate::error::Error;
use crate::random::Random;

/// A connection. Code above `db` takes `&mut Conn` and does not know the engine.
pub struct Conn {
    driver: Driver,
    /// Tells the time of this process.
    pub clock: Clock,
    /// Makes ids and keys.
    pub random: Random,
    /// The changes of the transaction that is running.
    pub journal: Journal,
    /// The schema version that the next read must find, until that has been checked.
    pub expected: Option<i64>,
    /// The unused part of the statements' budget, if they have one.
    pub(super) left: Option<Left>,
    /// The time limit of the read that is running.
    limit: Option<ReadLimit>,
}

enum Driver {
    Postgres(PostgresConn),
    Sqlite(SqliteConn),
}

impl Conn {
    fn new(driver: Driver, sources: Sources) -> Self {
        Self {
            driver,
            clock: sources.clock,
            random: sources.random,
            journal: Journal::default(),
            expected: None,
            left: None,
            limit: None,
        }
    }

    /// Runs `work`, whose statements must keep to the limit.
    pub(super) fn within<T>(
        &mut self,
        limit: &ReadLimit,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.limited(Some(limit.clone()));
        let outcome = work(self);
        limit.set_process(None);
        self.limited(None);
        outcome
    }

    fn limited(&mut self, limit: Option<ReadLimit>) {
        match &mut self.driver {
            Driver::Postgres(postgres) => {
                if let Some(limit) = &limit {
                    limit.set_process(postgres.process());
                }
            }
            Driver::Sqlite(lite) => lite.limited(limit.clone()),
        }
        self.limit = limit;
    }

    /// Fails if the read's time is over.
    fn in_time(&self) -> Result<(), Failure> {
        match &self.limit {
            Some(limit) if limit.is_over() => Err(Failure::OverBudget),
            Some(_) | None => Ok(()),
        }
    }

    /// Opens another program's SQLite database for reading, by its URI.
    pub fn read_only(uri: &str) -> anyhow::Result<Self> {
        let driver = Driver::Sqlite(SqliteConn::external(uri)?);
        Ok(Self::new(driver, Sources::system()))
    }

    pub(super) fn engine(&self) -> Engine {
        match self.driver {
            Driver::Postgres(_) => Engine::Postgres,
            Driver::Sqlite(_) => Engine::Sqlite,
        }
    }

    /// Returns the dialect of its SQL.
    pub fn dialect(&self) -> Dialect {
        self.engine().dialect()
    }

    /// Says whether other processes may use the database.
    pub fn topology(&self) -> Topology {
        self.engine().topology()
    }

    /// Returns SQLite's connection, for what only that can do.
    pub(super) fn sqlite(&mut self) -> Option<&mut SqliteConn> {
        match &mut self.driver {
            Driver::Postgres(_) => None,
            Driver::Sqlite(lite) => Some(lite),
        }
    }

    /// Says whether it holds so much memory that it should be closed after use.
    pub(super) fn is_bloated(&self) -> bool {
        match &self.driver {
            Driver::Postgres(postgres) => postgres.is_bloated(),
            Driver::Sqlite(_) => false,
        }
    }

    /// Returns the record of whether it waits for a server.
    pub(super) fn activity(&self) -> Option<Arc<Activity>> {
        match &self.driver {
            Driver::Postgres(postgres) => Some(postgres.activity()),
            Driver::Sqlite(_) => None,
        }
    }

    /// Runs statements that bind no values, and discards their rows.
    pub(super) fn batch(&mut self, statements: &'static str) -> Result<(), Failure> {
        match &mut self.driver {
            Driver::Postgres(postgres) => postgres.batch(statements),
            Driver::Sqlite(lite) => lite.batch(statements),
        }
    }

    /// Runs a statement; returns the number of rows that it changed.
    pub(super) fn execute(&mut self, statement: Sql) -> Result<usize, Failure> {
        self.in_time()?;
        self.apply_limit()?;
        match &mut self.driver {
            Driver::Postgres(postgres) => postgres.execute(statement),
            Driver::Sqlite(lite) => lite.execute(&statement),
        }
    }

    /// Runs a query with columns of these types.
    pub(super) fn load(&mut self, query: Sql, columns: &[ColumnType]) -> Result<Rows, Failure> {
        let mut rows = Vec::new();
        self.each(query, columns, &mut |row| rows.push(owned(row)))?;
        Ok(rows)
    }

    /// Like [`Conn::load`], with a callback for each row.
    pub(super) fn each(
        &mut self,
        query: Sql,
        columns: &[ColumnType],
        look: &mut Each<'_>,
    ) -> Result<(), Failure> {
        self.in_time()?;
        self.apply_limit()?;
        let room = self.left.as_mut().map(|left| &mut left.bytes);
        let outcome = match &mut self.driver {
            Driver::Postgres(postgres) => postgres.each(query, columns, room, look),
            Driver::Sqlite(lite) => lite.each(&query, columns, room, look),
        };
        match (outcome, &self.left) {
            (Err(Failure::Postgres(failure)), Some(left))
                if failure.may_be_cancelled() && left.time().is_err() =>
            {
                Err(Failure::OverBudget)
            }
            (Err(Failure::Postgres(failure)), _)
                if failure.may_be_cancelled() && self.in_time().is_err() =>
            {
                Err(Failure::OverBudget)
            }
            (outcome, _) => outcome,
        }
    }

    /// Interrupts statements at this moment instead of after the usual time. A server is told with each statement.
    pub(super) fn stop_at(&mut self, until: Option<Instant>) {
        if let Driver::Sqlite(lite) = &self.driver {
            lite.stop_at(until);
        }
    }

    /// Fails if the budget is used up; else tells a server how much time is left.
    fn apply_limit(&mut self) -> Result<(), Failure> {
        let Some(left) = &self.left else {
            return Ok(());
        };
        let time = left.time()?;
        match &mut self.driver {
            Driver::Postgres(postgres) => postgres.limit(time),
            Driver::Sqlite(_) => Ok(()),
        }
    }

    /// Removes the limits that a budget has set.
    pub(super) fn restore_limit(&mut self) -> Result<(), Failure> {
        match &mut self.driver {
            Driver::Postgres(postgres) => postgres.restore_limit(),
            Driver::Sqlite(_) => Ok(()),
        }
    }
}

/// The use of a database, which decides how durable its commits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The data of users.
    Data,
    /// The log, in a file of its own.
    Log,
}

/// The rights of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Opens connections for the pool.
#[derive(Clone)]
pub(super) struct Manager {
    purpose: Purpose,
    location: Location,
    sources: Sources,
    /// How long readers of an embedded database may take.
    read_timeout: Arc<ReadTimeout>,
    /// Counts the schema changes of an embedded database.
    definitions: Definitions,
}

/// A connection, and the epoch that it was opened in.
pub(super) struct Pooled {
    pub(super) conn: Conn,
    pub(super) epoch: u64,
}

impl Manager {
    pub(super) fn new(purpose: Purpose, location: Location, sources: Sources) -> Self {
        Self {
            purpose,
            location,
            sources,
            read_timeout: Arc::default(),
            definitions: Definitions::default(),
        }
    }

    /// Returns how long readers of an embedded database may take; the holder may change it.
    pub(super) fn read_timeout(&self) -> Arc<ReadTimeout> {
        Arc::clone(&self.read_timeout)
    }

    /// Opens a connection.
    pub(super) fn open(&self, access: Access) -> anyhow::Result<Conn> {
        let driver = match self.location.target() {
            Target::Sqlite(path) => {
                let timeout = (access == Access::Read).then_some(&self.read_timeout);
                let lite = SqliteConn::open(path, self.purpose, timeout, &self.definitions);
                let unusable = || format!("cannot use the database {}", path.display());
                Driver::Sqlite(lite.with_context(unusable)?)
            }
            Target::Postgres(url) => Driver::Postgres(PostgresConn::open(url)?),
        };
        Ok(Conn::new(driver, self.sources.clone()))
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
