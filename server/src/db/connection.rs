//! One connection, to either database.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;

use super::Sources;
use super::bounded::Left;
use super::failure::{Cause, Failure};
use super::limit::Limit;
use super::postgres::{Activity, Postgres};
use super::sqlite::{Definitions, Lite, Patience};
use super::{Each, Engine, Location, Rows, Sql, Storage, owned};
use crate::clock::Clock;
use crate::error::Error;
use crate::events::Journal;
use crate::random::Random;

/// Either database. Everything above this module takes `&mut Conn` and does not ask which.
pub struct Conn {
    driver: Driver,
    /// Tells the time of this process.
    pub clock: Clock,
    /// Makes ids and keys.
    pub random: Random,
    /// What the transaction that goes on has changed.
    pub journal: Journal,
    /// The version of the collections that what is read has to be of, until it is known that it is.
    pub expected: Option<i64>,
    /// What is left of the budget that the statements have, if they have one.
    pub(super) left: Option<Left>,
    /// When the read that goes on has to end.
    limit: Option<Limit>,
}

enum Driver {
    Postgres(Postgres),
    Sqlite(Lite),
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

    /// Runs `work`, whose statements end with the limit.
    pub(super) fn within<T>(
        &mut self,
        limit: &Limit,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.limited(Some(limit.clone()));
        let outcome = work(self);
        limit.runs_on(None);
        self.limited(None);
        outcome
    }

    fn limited(&mut self, limit: Option<Limit>) {
        match &mut self.driver {
            Driver::Postgres(postgres) => {
                if let Some(limit) = &limit {
                    limit.runs_on(postgres.process());
                }
            }
            Driver::Sqlite(lite) => lite.limited(limit.clone()),
        }
        self.limit = limit;
    }

    /// Refuses a statement of a read whose time is over.
    fn in_time(&self) -> Result<(), Failure> {
        match &self.limit {
            Some(limit) if limit.is_over() => Err(Failure::OverBudget),
            Some(_) | None => Ok(()),
        }
    }

    /// Somebody else's SQLite database, by its URI. Nothing is written to it.
    pub fn read_only(uri: &str) -> anyhow::Result<Self> {
        let driver = Driver::Sqlite(Lite::foreign(uri)?);
        Ok(Self::new(driver, Sources::system()))
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        match self.driver {
            Driver::Postgres(_) => Engine::Postgres,
            Driver::Sqlite(_) => Engine::Sqlite,
        }
    }

    /// SQLite's part, where only that has one.
    pub(super) fn sqlite(&mut self) -> Option<&mut Lite> {
        match &mut self.driver {
            Driver::Postgres(_) => None,
            Driver::Sqlite(lite) => Some(lite),
        }
    }

    /// What PostgreSQL does for it.
    pub(super) fn activity(&self) -> Option<Arc<Activity>> {
        match &self.driver {
            Driver::Postgres(postgres) => Some(postgres.activity()),
            Driver::Sqlite(_) => None,
        }
    }

    /// Runs statements of this program, which bind nothing and whose rows nobody wants.
    pub(super) fn batch(&mut self, statements: &'static str) -> Result<(), Failure> {
        match &mut self.driver {
            Driver::Postgres(postgres) => postgres.batch(statements),
            Driver::Sqlite(lite) => lite.batch(statements),
        }
    }

    /// Runs a statement and says how many rows it touched.
    pub(super) fn execute(&mut self, statement: Sql) -> Result<usize, Failure> {
        self.in_time()?;
        self.apply_limit()?;
        match &mut self.driver {
            Driver::Postgres(postgres) => postgres.execute(statement),
            Driver::Sqlite(lite) => lite.execute(&statement),
        }
    }

    /// Runs a query, whose columns are stored like this.
    pub(super) fn load(&mut self, query: Sql, columns: &[Storage]) -> Result<Rows, Failure> {
        let mut rows = Vec::new();
        self.each(query, columns, &mut |row| rows.push(owned(row)))?;
        Ok(rows)
    }

    /// The same, one row at a time.
    pub(super) fn each(
        &mut self,
        query: Sql,
        columns: &[Storage],
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
            // In whatever language PostgreSQL says that it was cancelled.
            (Err(Failure::Postgres(Cause::Other | Cause::Outdated, _)), Some(left))
                if left.time().is_err() =>
            {
                Err(Failure::OverBudget)
            }
            (Err(Failure::Postgres(Cause::Other | Cause::Outdated, _)), _)
                if self.in_time().is_err() =>
            {
                Err(Failure::OverBudget)
            }
            (outcome, _) => outcome,
        }
    }

    /// Interrupts SQLite's statements at this moment, in place of the usual limit. PostgreSQL is told with each statement.
    pub(super) fn stop_at(&mut self, until: Option<Instant>) {
        if let Driver::Sqlite(lite) = &self.driver {
            lite.stop_at(until);
        }
    }

    /// Refuses the next statement when the budget is used up, and tells PostgreSQL what is left of it.
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

    /// Ends the limits that a budget has set.
    pub(super) fn restore_limit(&mut self) -> Result<(), Failure> {
        match &mut self.driver {
            Driver::Postgres(postgres) => postgres.restore_limit(),
            Driver::Sqlite(_) => Ok(()),
        }
    }
}

/// What is in a database, which decides how careful it is with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What users have.
    Data,
    /// The log, of SQLite alone.
    Log,
}

/// Makes connections for the pool.
#[derive(Clone)]
pub(super) struct Manager {
    purpose: Purpose,
    location: Location,
    sources: Sources,
    /// How long SQLite's readers may take.
    patience: Arc<Patience>,
    /// The changes of SQLite's tables and views.
    definitions: Definitions,
}

/// A connection, and the epoch that it was made in.
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
            patience: Arc::default(),
            definitions: Definitions::default(),
        }
    }

    /// How long SQLite's readers may take.
    pub(super) fn patience(&self) -> Arc<Patience> {
        Arc::clone(&self.patience)
    }

    /// A new connection.
    pub(super) fn open(&self, writable: bool) -> anyhow::Result<Conn> {
        let driver = match &self.location {
            Location::Sqlite(path) => {
                let patience = (!writable).then_some(&self.patience);
                let lite = Lite::open(path, self.purpose, patience, &self.definitions);
                let unusable = || format!("cannot use the database {}", path.display());
                Driver::Sqlite(lite.with_context(unusable)?)
            }
            Location::Postgres(url) => Driver::Postgres(Postgres::open(url)?),
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
