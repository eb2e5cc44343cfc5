//! The SQL of sessions.

use plinth_sdk::types::names;

use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, Ident, Value, execute, load, sql};
use crate::error::Result;
use crate::schema::Record;
use crate::system::account_data::belongs_to;

/// How many sessions an account has at most: the oldest ones end.
const MAX_SESSIONS: i64 = 1000;
/// How many sessions one statement notes as used.
pub(super) const BATCH: usize = 500;
/// How many expired sessions are deleted at once.
const MAX_EXPIRED: i64 = 10_000;

fn table() -> Ident {
    Ident::new(names::AUTH_SESSIONS)
}

/// Extends a session; returns whether it still exists.
pub(super) fn extend(
    conn: &mut Conn,
    id: &str,
    expires: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let mut update = sql(conn.dialect(), "UPDATE ");
    update.ident(&table()).text(" SET \"expires\" = ");
    update.bind(Value::Text(expires.to_string()));
    update.text(", \"lastSeen\" = ");
    update.bind(Value::Text(now.to_string()));
    update.text(" WHERE \"id\" = ").bind(Value::from(id));
    Ok(execute(conn, update.cached())? > 0)
}

/// Sets when these sessions were last used, unless they were used after `before` anyway.
pub(super) fn touch(
    conn: &mut Conn,
    ids: &[String],
    now: Timestamp,
    before: Timestamp,
) -> Result<()> {
    let mut update = sql(conn.dialect(), "UPDATE ");
    update.ident(&table()).text(" SET \"lastSeen\" = ");
    update.bind(Value::Text(now.to_string()));
    update.text(" WHERE \"lastSeen\" <= ");
    update.bind(Value::Text(before.to_string()));
    update.text(" AND \"id\"");
    update.append(conn.dialect().is_one_of(ids));
    execute(conn, update.cached()).map(drop)
}

/// Whether a session exists that began at this time or later.
pub(super) fn began_since(conn: &mut Conn, id: &str, since: Timestamp) -> Result<bool> {
    let mut select = sql(conn.dialect(), "SELECT \"id\" FROM ");
    select.ident(&table()).text(" WHERE \"id\" = ");
    select.bind(Value::from(id)).text(" AND \"created\" >= ");
    select.bind(Value::Text(since.to_string()));
    // These begin without a sign-in of the owner.
    select.text(" AND \"method\" NOT IN ('refresh', 'impersonation')");
    Ok(!load(conn, select.cached(), &[ColumnType::Text])?.is_empty())
}

/// Ends the oldest sessions of an account that has too many.
pub(super) fn end_surplus(conn: &mut Conn, account: &Record) -> Result<()> {
    let mut delete = sql(conn.dialect(), "DELETE FROM ");
    delete.ident(&table());
    delete
        .text(" WHERE \"id\" IN (SELECT \"id\" FROM ")
        .ident(&table());
    delete.text(" WHERE ");
    let (of, id) = (&account.collection.def.id, account.id().to_owned());
    delete.append(belongs_to(conn.dialect(), of, &[id]));
    delete.text(" ORDER BY \"created\" DESC, \"id\" LIMIT ");
    delete.bind(Value::Int(MAX_SESSIONS)).text(" OFFSET ");
    delete.bind(Value::Int(MAX_SESSIONS)).text(")");
    execute(conn, delete.cached()).map(drop)
}

/// Deletes sessions whose tokens have expired.
pub(super) fn delete_expired(conn: &mut Conn, now: Timestamp) -> Result<()> {
    let mut delete = sql(conn.dialect(), "DELETE FROM ");
    delete.ident(&table());
    delete
        .text(" WHERE \"id\" IN (SELECT \"id\" FROM ")
        .ident(&table());
    delete.text(" WHERE \"expires\" <= ");
    delete.bind(Value::Text(now.to_string())).text(" LIMIT ");
    delete.bind(Value::Int(MAX_EXPIRED)).text(")");
    execute(conn, delete.cached()).map(drop)
}
