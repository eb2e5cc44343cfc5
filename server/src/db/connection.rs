//! One connection, to either database.

use std::sync::Arc;

use anyhow::Context;

use super::failure::Failure;
use super::postgres::{Activity, Postgres};
use super::sqlite::{Definitions, Lite, Patience};
use super::{Each, Engine, Location, Rows, Sql, Storage, owned};
use crate::events::Journal;

/// Either database. Everything above this module takes `&mut Conn` and does not ask which.
pub struct Conn {
    driver: Driver,
    /// What the transaction that goes on has changed.
    pub journal: Journal,
    /// The version of the collections that what is read has to be of, until it is known that it is.
    pub expected: Option<i64>,
}

enum Driver {
    Postgres(Postgres),
    Sqlite(Lite),
}

impl Conn {
    fn new(driver: Driver) -> Self {
        Self {
            driver,
            journal: Journal::default(),
            expected: None,
        }
    }

    /// Somebody else's SQLite database, by its URI. Nothing is written to it.
    pub fn read_only(uri: &str) -> anyhow::Result<Self> {
        Ok(Self::new(Driver::Sqlite(Lite::foreign(uri)?)))
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
        match &mut self.driver {
            Driver::Postgres(postgres) => postgres.each(query, columns, look),
            Driver::Sqlite(lite) => lite.each(&query, columns, look),
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
    pub(super) fn new(purpose: Purpose, location: Location) -> Self {
        Self {
            purpose,
            location,
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
        Ok(Conn::new(driver))
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
