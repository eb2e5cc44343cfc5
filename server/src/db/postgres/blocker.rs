//! Finds the transaction that a change of a table would have to wait for.

use crate::db::dialect::POSTGRES;
use crate::db::{ColumnType, Conn, Ident, Value, load, sql};
use crate::error::Result;

/// Describes a transaction that has used this table for more than two seconds.
pub(in crate::db) fn blocker(conn: &mut Conn, table: &Ident) -> Result<Option<String>> {
    let mut select = sql(
        POSTGRES,
        "SELECT COALESCE(NULLIF(a.application_name, ''), 'unnamed') || ', process ' || a.pid || ', for ' || \
         EXTRACT(EPOCH FROM clock_timestamp() - a.xact_start)::bigint || ' seconds' \
         FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid \
         WHERE l.granted AND l.locktype = 'relation' AND a.pid <> pg_backend_pid() \
         AND a.backend_type IS DISTINCT FROM 'autovacuum worker' \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND a.xact_start < clock_timestamp() - INTERVAL '2 seconds' \
         AND l.relation = to_regclass(quote_ident(",
    );
    select.bind(Value::from(table.as_str()));
    select.text(")) ORDER BY a.xact_start LIMIT 1");
    let rows = load(conn, select, &[ColumnType::Text])?;
    Ok(match rows.into_iter().flatten().next() {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    })
}
