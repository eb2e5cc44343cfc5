//! Limits to the time that queries may take and to the bytes that they may read.
//!
//! [`Db::read_user_sql`] runs one query that a user has just written. [`Db::read_budgeted`] runs work of which each part has
//! a [`Budget`] of its own.

use std::time::{Duration, Instant};

use super::connection::Access;
use super::database::Permits;
use super::failure::Failure;
use super::limit::ReadLimit;
use super::{Claimant, ColumnType, Conn, Db, Engine, Rows, Sql, load_user_sql, postgres};
use crate::error::Result;

/// How long a query of a user may take; on a server, the same limit is a setting of the transaction.
const MAX_TIME: Duration = Duration::from_secs(3);

/// The limits of a piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// The time for all of its statements and for what happens between them.
    pub time: Duration,
    /// The bytes of all rows that it reads.
    pub bytes: usize,
}

/// The unused part of a [`Budget`].
#[derive(Debug)]
pub(super) struct Left {
    until: Instant,
    pub(super) bytes: usize,
}

impl Left {
    /// Returns the time that is left; an error if there is none.
    pub(super) fn time(&self) -> Result<Duration, Failure> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::OverBudget);
        }
        Ok(left)
    }
}

/// Subtracts the bytes of a row from the bytes that may be read; an error if there are too few left.
pub(super) fn charge(bytes: usize, left: &mut usize) -> Result<(), Failure> {
    *left = left.checked_sub(bytes).ok_or(Failure::OverBudget)?;
    Ok(())
}

/// A connection on which all work runs within a [`Budget`].
pub struct Budgeted<'c>(&'c mut Conn);

impl Budgeted<'_> {
    /// Runs `work` within `budget`. Beyond it the work's statements fail as [`Error::TooSlow`](crate::error::Error::TooSlow).
    pub fn within<T>(
        &mut self,
        budget: Budget,
        work: impl FnOnce(&mut Conn) -> Result<T>,
    ) -> Result<T> {
        let until = Instant::now() + budget.time;
        self.0.left = Some(Left {
            until,
            bytes: budget.bytes,
        });
        self.0.stop_at(Some(until));
        let outcome = work(self.0);
        self.0.stop_at(None);
        self.0.left = None;
        outcome
    }
}

impl Db {
    /// Runs a query of a user, without bound values. Errors quote the database's message; a query that takes too long is
    /// [`Error::TooSlow`](crate::error::Error::TooSlow).
    pub async fn read_user_sql(
        &self,
        claimant: &Claimant,
        query: Sql,
        columns: Vec<ColumnType>,
    ) -> Result<Rows> {
        match self.inner.engine {
            Engine::Sqlite => {
                let query = move |conn: &mut Conn| {
                    if let Some(lite) = conn.sqlite() {
                        lite.limit(|| MAX_TIME);
                    }
                    load_user_sql(conn, query, &columns)
                };
                // On a connection of its own, so that its time limit does not stay on a shared one.
                let permits = self.permits(claimant).await?;
                self.run(permits, |place| place.run_apart(Access::Read, query))
                    .await
            }
            Engine::Postgres => {
                let query = move |conn: &mut Conn| {
                    postgres::time_limit::read_user_sql(conn, query, &columns)
                };
                self.read(claimant, query).await
            }
        }
    }

    /// Runs work off the async threads, each part of it within a [`Budget`]. No part takes long, so it does not wait behind
    /// reads whose cost a client decides.
    pub async fn read_budgeted<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Budgeted<'_>) -> Result<T> + Send + 'static,
    {
        let run = move |conn: &mut Conn| {
            let outcome = work(&mut Budgeted(conn));
            // The next user of the connection gets the usual limit.
            conn.restore_limit()?;
            outcome
        };
        self.run(Permits::default(), |place| place.run(run)).await
    }
}

/// Runs reads inside a transaction. If they take longer, the error is [`Error::TooSlow`](crate::error::Error::TooSlow), and
/// the transaction must not be committed.
pub fn with_time_limit<T>(
    conn: &mut Conn,
    max_time: Duration,
    work: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    let limit = ReadLimit::after(max_time);
    match conn.engine() {
        Engine::Sqlite => conn.within(&limit, work),
        Engine::Postgres => {
            postgres::time_limit::set(conn, max_time)?;
            let outcome = conn.within(&limit, work)?;
            postgres::time_limit::restore(conn)?;
            Ok(outcome)
        }
    }
}
