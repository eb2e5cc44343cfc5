//! The version of the collections: a number that each change of a definition, a role or a setting makes larger. What is
//! granted under one version holds for no other.

use crate::db::{
    ColumnType, Conn, Dialect, Sql, Topology, coordination, execute, first_int, load, sql,
};
use crate::error::{Error, Result};

/// The number of the last change.
pub fn current(conn: &mut Conn) -> Result<i64> {
    first_int(&load(
        conn,
        select(conn.dialect()).cached(),
        &[ColumnType::Int],
    )?)
}

/// The query for [`current`].
pub fn select(dialect: Dialect) -> Sql {
    let mut select = sql(dialect, "SELECT ");
    select.whole("\"value\"");
    select.text(" FROM \"_params\" WHERE \"id\" = 'schema_version'");
    select
}

/// Counts a change of what every process keeps in memory.
pub fn count_change(conn: &mut Conn) -> Result<()> {
    let dialect = conn.dialect();
    let (before, after) = dialect.as_text();
    let mut count = sql(dialect, "UPDATE \"_params\" SET \"value\" = ");
    count.text(before).whole("\"value\"").text(" + 1");
    count.text(after).text(" WHERE \"id\" = 'schema_version'");
    execute(conn, count)?;
    Ok(())
}

/// Says that what is read next has to be of this version of the collections. The first records that are read bring the
/// version along; where there are none, [`confirm`] asks for it. SQLite has one process, which knows.
pub fn expect(conn: &mut Conn, version: i64) {
    conn.expected = (conn.topology() == Topology::Replicated).then_some(version);
}

/// Refuses to go on when the collections are not those that were expected.
pub fn confirm(conn: &mut Conn) -> Result<()> {
    if conn.expected.is_none() {
        return Ok(());
    }
    let current = self::current(conn)?;
    compare(conn, current)
}

/// Compares a version that was read with the expected one, like [`confirm`].
pub fn compare(conn: &mut Conn, current: i64) -> Result<()> {
    match conn.expected.take() {
        Some(expected) if expected != current => Err(Error::SchemaChanged),
        Some(_) | None => Ok(()),
    }
}

/// Fails if the schema has changed since `version`; it then cannot change until the transaction ends.
pub fn still(conn: &mut Conn, version: i64) -> Result<()> {
    let current = match coordination::try_begin_write(conn)? {
        Some(current) => current,
        None => self::current(conn)?,
    };
    is(current, version)
}

/// Like [`still`], for a write that must run alone: two that keep deadlocking take turns in this way.
pub fn still_alone(conn: &mut Conn, version: i64) -> Result<()> {
    coordination::lock_writes(conn)?;
    let current = match coordination::begin_write(conn)? {
        Some(current) => current,
        None => self::current(conn)?,
    };
    is(current, version)
}

fn is(current: i64, version: i64) -> Result<()> {
    if current == version {
        Ok(())
    } else {
        Err(Error::SchemaChanged)
    }
}
