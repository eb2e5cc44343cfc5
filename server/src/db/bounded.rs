//! Limits to the time that a query may take and to the bytes that it may read.
//!
//! [`Db::read_bounded`] is for one query that somebody has just written. [`Db::read_in_parts`] is for work whose parts each have a
//! [`Budget`] of their own.

use std::time::{Duration, Instant};

use super::failure::Failure;
use super::limit::Limit;
use super::{
    Claimant, Conn, Db, Engine, Held, Rows, Sql, Storage, ValueRef, execute, load_given,
    run_cached, sql,
};
use crate::error::Result;

/// How long a query may take that somebody has just written.
const MAX_TIME: Duration = Duration::from_secs(3);

/// What a piece of work may take of the database.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// The time for all of its statements, and for what happens between them.
    pub time: Duration,
    /// The bytes of all rows that it reads.
    pub bytes: usize,
}

/// What is left of a [`Budget`].
#[derive(Debug)]
pub(super) struct Left {
    until: Instant,
    pub(super) bytes: usize,
}

impl Left {
    /// The time that is left; an error when there is none.
    pub(super) fn time(&self) -> Result<Duration, Failure> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::OverBudget);
        }
        Ok(left)
    }
}

/// Charges a row to the bytes that may be read; an error when there are too few left.
pub(super) fn charge(row: &[ValueRef<'_>], left: &mut usize) -> Result<(), Failure> {
    let bytes: usize = row.iter().map(ValueRef::bytes).sum();
    *left = left.checked_sub(bytes).ok_or(Failure::OverBudget)?;
    Ok(())
}

/// A connection on which everything runs within a [`Budget`].
pub struct Parts<'c>(&'c mut Conn);

impl Parts<'_> {
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
    /// Runs a query without bound values. What is wrong with it is told; one that takes too long is
    /// [`Error::TooSlow`](crate::error::Error::TooSlow).
    pub async fn read_bounded(
        &self,
        claimant: &Claimant,
        query: Sql,
        columns: Vec<Storage>,
    ) -> Result<Rows> {
        if self.engine() == Engine::Postgres {
            let run = move |conn: &mut Conn| on_postgres(conn, query, &columns);
            return self.read(claimant, run).await;
        }
        let query = move |conn: &mut Conn| {
            if let Some(lite) = conn.sqlite() {
                lite.limit(|| MAX_TIME);
            }
            load_given(conn, query, &columns)
        };
        // A connection of its own: none of the query's settings stay.
        let held = self.held(claimant).await?;
        self.run(held, |place| place.run_apart(false, query)).await
    }

    /// Runs work off the async threads, each part of it within a [`Budget`]. Because no part takes long, it does not
    /// wait behind reads whose cost a client decides.
    pub async fn read_in_parts<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Parts<'_>) -> Result<T> + Send + 'static,
    {
        let run = move |conn: &mut Conn| {
            let outcome = work(&mut Parts(conn));
            // Whoever gets the connection next has the usual limit.
            conn.restore_limit()?;
            outcome
        };
        self.run(Held::default(), |place| place.run(run)).await
    }
}

/// Runs reads inside a transaction; one that takes longer is [`Error::TooSlow`](crate::error::Error::TooSlow), and what the transaction has done before should not be
/// committed.
pub fn within<T>(
    conn: &mut Conn,
    max_time: Duration,
    work: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<T> {
    let limit = Limit::after(max_time);
    if conn.engine() == Engine::Sqlite {
        return conn.within(&limit, work);
    }
    let mut set = sql(Engine::Postgres, "SET LOCAL statement_timeout = ");
    // 0 would be no limit.
    set.numeral(&max_time.as_millis().max(1).to_string());
    execute(conn, set)?;
    let outcome = conn.within(&limit, work)?;
    run_cached(conn, "SET LOCAL statement_timeout = '30s'")?;
    Ok(outcome)
}

fn on_postgres(conn: &mut Conn, query: Sql, columns: &[Storage]) -> Result<Rows> {
    run_cached(conn, "BEGIN READ ONLY")?;
    let rows = run_cached(conn, "SET LOCAL statement_timeout = '3s'")
        .and_then(|()| load_given(conn, query, columns));
    // Whatever the limit of the read says: the connection must not go back with a transaction.
    conn.batch("ROLLBACK")?;
    rows
}
