//! PostgreSQL's clock and locks.
//!
//! Every write shares an advisory lock (7240932) that a schema change holds alone. The migration that made
//! `_begin_write` has it take its share, so that it costs no round trip of its own.

use crate::clock::Timestamp;
use crate::db::dialect::POSTGRES;
use crate::db::{ColumnType, Conn, Sql, Value, execute, load, sql};
use crate::error::{Error, Result};

/// The message while the schema is being changed.
const CHANGING: &str = "Collections are being changed, try again in a moment.";

/// Returns the server's time.
pub(in crate::db) fn now(conn: &mut Conn) -> Result<Timestamp> {
    let select = sql(
        POSTGRES,
        "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS\"Z\"')",
    );
    let rows = load(conn, select.cached(), &[ColumnType::Text])?;
    let told = match rows.first().map(Vec::as_slice) {
        Some([Value::Text(text)]) => Timestamp::parse(text),
        _ => None,
    };
    let told = told.map(|told| conn.clock.adjust(told));
    told.ok_or_else(|| {
        Error::internal(anyhow::anyhow!("the database does not say what time it is"))
    })
}

/// Takes a share of the schema lock, and waits for it. Finds out whether anybody listens to changes.
pub(in crate::db) fn begin_write(conn: &mut Conn) -> Result<i64> {
    let select = sql(
        POSTGRES,
        "SELECT \"version\", \"watched\" FROM \"_begin_write\"()",
    );
    begin_by(conn, select)
}

/// Like [`begin_write`], but fails if it would have to wait.
pub(in crate::db) fn try_begin_write(conn: &mut Conn) -> Result<i64> {
    let select = sql(
        POSTGRES,
        "SELECT \"version\", \"watched\" FROM \"_try_begin_write\"()",
    );
    begin_by(conn, select)
}

fn begin_by(conn: &mut Conn, select: Sql) -> Result<i64> {
    let rows = load(conn, select.cached(), &[ColumnType::Int, ColumnType::Bool])?;
    match rows.first().map(Vec::as_slice) {
        Some([Value::Int(version), Value::Bool(has_listeners)]) => {
            conn.journal.start(*version, *has_listeners);
            Ok(*version)
        }
        Some([Value::Null, _]) => Err(Error::Busy(CHANGING.into())),
        _ => Err(Error::internal(anyhow::anyhow!("no version"))),
    }
}

/// Takes the schema lock alone.
pub(in crate::db) fn lock_writes(conn: &mut Conn) -> Result<()> {
    for statement in [
        "SET LOCAL lock_timeout = '1s'",
        "SELECT pg_advisory_xact_lock(7240932)",
        "SET LOCAL lock_timeout = '2s'",
    ] {
        execute(conn, sql(POSTGRES, statement))?;
    }
    Ok(())
}

/// Lets statements take any time until the transaction ends.
pub(in crate::db) fn lift_time_limit(conn: &mut Conn) -> Result<()> {
    execute(conn, sql(POSTGRES, "SET LOCAL statement_timeout = 0")).map(drop)
}

/// Takes the lock of the first run until the transaction ends.
pub(in crate::db) fn lock_first_run(conn: &mut Conn) -> Result<()> {
    execute(conn, sql(POSTGRES, "SELECT pg_advisory_xact_lock(7240933)")).map(drop)
}
