//! PostgreSQL's limits to the time of a transaction's statements, and how a query is cancelled.

use std::time::Duration;

use crate::db::dialect::POSTGRES;
use crate::db::{ColumnType, Conn, Rows, Sql, Value, execute, load, load_user_sql, sql};
use crate::error::Result;

/// Limits each statement until the transaction ends, or until [`restore`].
pub(in crate::db) fn set(conn: &mut Conn, max_time: Duration) -> Result<()> {
    let mut set = sql(POSTGRES, "SET LOCAL statement_timeout = ");
    // 0 would be no limit.
    set.numeral(&max_time.as_millis().max(1).to_string());
    execute(conn, set).map(drop)
}

/// Restores the usual limit.
pub(in crate::db) fn restore(conn: &mut Conn) -> Result<()> {
    conn.control("SET LOCAL statement_timeout = '30s'")
}

/// Runs a query of a user in a transaction that must not write, with a short limit.
pub(in crate::db) fn read_user_sql(
    conn: &mut Conn,
    query: Sql,
    columns: &[ColumnType],
) -> Result<Rows> {
    conn.begin_read_only()?;
    let rows = conn
        .control("SET LOCAL statement_timeout = '3s'")
        .and_then(|()| load_user_sql(conn, query, columns));
    // Even if the read has used up its time: the connection must not be returned with an open transaction.
    conn.batch("ROLLBACK")?;
    rows
}

/// Cancels the query that a server process runs.
pub(in crate::db) fn cancel(conn: &mut Conn, process: i64) -> Result<()> {
    let mut cancel = sql(POSTGRES, "SELECT pg_cancel_backend(CAST(").cached();
    cancel.bind(Value::Int(process)).text(" AS INTEGER))");
    load(conn, cancel, &[ColumnType::Bool]).map(drop)
}
