//! Coordination between the processes that use one database: locks, the time, and the changes that they tell each other.
//!
//! Where the topology is [`Topology::Single`](super::Topology), there is nobody to agree with: locks are free, the
//! machine's clock is the database's, and changes go through a [`ChangeQueue`] in this process. Where it is
//! [`Topology::Replicated`](super::Topology), everything goes through the database, and each function here leads to the
//! one of the engine.

mod queue;

use serde_json::Value as Json;

pub use queue::{Batch, ChangeQueue};

use super::journal::Entries;
pub use super::postgres::changes::{Position, Row, is_complete};
use super::postgres::{changes, coordination as postgres};
use super::{Conn, Engine, Ident};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// Returns the time that all processes agree on. The clocks of several machines differ, so a database server tells it.
pub fn now(conn: &mut Conn) -> Result<Timestamp> {
    match conn.engine() {
        Engine::Sqlite => Ok(conn.clock.now()),
        Engine::Postgres => postgres::now(conn),
    }
}

/// Says whether anybody wants to know what this transaction changes.
pub fn has_listeners(conn: &mut Conn) -> Result<bool> {
    if conn.journal.has_listeners().is_none() && conn.engine() == Engine::Postgres {
        postgres::begin_write(conn)?;
    }
    Ok(conn.journal.has_listeners().unwrap_or(false))
}

/// Begins a write in a transaction: the schema cannot change until it ends. Returns the schema version, or `None` if the
/// only process reads it like any other value. Waits for a schema change that is going on.
pub fn begin_write(conn: &mut Conn) -> Result<Option<i64>> {
    match conn.engine() {
        Engine::Sqlite => Ok(None),
        Engine::Postgres => postgres::begin_write(conn).map(Some),
    }
}

/// Like [`begin_write`], but fails while the schema is being changed, so that nobody waits for that with a connection.
pub fn try_begin_write(conn: &mut Conn) -> Result<Option<i64>> {
    match conn.engine() {
        Engine::Sqlite => Ok(None),
        Engine::Postgres => postgres::try_begin_write(conn).map(Some),
    }
}

/// Waits for the writes that are going on, and lets no other begin until the transaction ends. Fails when that takes long,
/// because no write begins meanwhile; what the transaction waits for afterwards may take a little longer.
pub fn lock_writes(conn: &mut Conn) -> Result<()> {
    match conn.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => postgres::lock_writes(conn),
    }
}

/// Lets the statements of this transaction take any time: to build an index on a large table.
pub fn lift_time_limit(conn: &mut Conn) -> Result<()> {
    match conn.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => postgres::lift_time_limit(conn),
    }
}

/// Describes a transaction that has used a table for seconds, as a backup does. A lock that waits for it would keep
/// everybody else waiting, so it is better not requested.
pub fn blocker(conn: &mut Conn, table: &Ident) -> Result<Option<String>> {
    match conn.engine() {
        Engine::Sqlite => Ok(None),
        Engine::Postgres => super::postgres::blocker(conn, table),
    }
}

/// Waits for other processes that are creating the first superuser, until the transaction ends.
pub fn lock_first_run(conn: &mut Conn) -> Result<()> {
    match conn.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => postgres::lock_first_run(conn),
    }
}

/// Publishes what the transaction has changed. It must be its last statement: the numbers of rows about one record are
/// then in the order of the commits. Where there is one process, its writer publishes after the commit.
pub(super) fn publish(conn: &mut Conn, entries: &Entries) -> Result<()> {
    match conn.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => changes::publish(conn, entries),
    }
}

/// Announces that this process listens to changes. Returns the position of the last change before.
pub fn listen(conn: &mut Conn, process: &str) -> Result<Position> {
    match conn.engine() {
        Engine::Sqlite => Err(single()),
        Engine::Postgres => changes::listen(conn, process),
    }
}

/// Renews the announcement of [`listen`], and removes what nobody needs any more. Fails when the database has forgotten
/// the announcement, as it does in a crash: others may have written meanwhile without publishing.
pub fn renew(conn: &mut Conn, process: &str) -> Result<()> {
    match conn.engine() {
        Engine::Sqlite => Err(single()),
        Engine::Postgres => changes::renew(conn, process),
    }
}

/// Takes the announcement of [`listen`] back.
pub fn leave(conn: &mut Conn, process: &str) -> Result<()> {
    match conn.engine() {
        Engine::Sqlite => Err(single()),
        Engine::Postgres => changes::leave(conn, process),
    }
}

/// Says whether a process listens.
pub fn is_listening(conn: &mut Conn, process: &str) -> Result<bool> {
    match conn.engine() {
        Engine::Sqlite => Err(single()),
        Engine::Postgres => changes::is_listening(conn, process),
    }
}

/// Sends a message to every process that listens, at its place among the changes.
pub fn send(conn: &mut Conn, message: &Json) -> Result<()> {
    match conn.engine() {
        Engine::Sqlite => Err(single()),
        Engine::Postgres => changes::send(conn, message),
    }
}

/// Answers a message.
pub fn answer(conn: &mut Conn, message: &str, code: i64) -> Result<()> {
    match conn.engine() {
        Engine::Sqlite => Err(single()),
        Engine::Postgres => changes::answer(conn, message, code),
    }
}

/// Returns the answer to a message, once there is one.
pub fn answer_to(conn: &mut Conn, message: &str) -> Result<Option<i64>> {
    match conn.engine() {
        Engine::Sqlite => Err(single()),
        Engine::Postgres => changes::answer_to(conn, message),
    }
}

/// The error of a process that looks for others where there are none.
fn single() -> Error {
    Error::internal(anyhow::anyhow!("the database has one process"))
}
