//! The version of the collections: a number that each change of a definition, a role or a setting makes larger. What is
//! granted under one version holds for no other.

use crate::db::{Conn, Engine, Sql, Storage, execute, first_int, load, sql};
use crate::error::{Error, Result};

/// The number of the last change.
pub fn current(conn: &mut Conn) -> Result<i64> {
    first_int(&load(
        conn,
        select(conn.engine()).cached(),
        &[Storage::Int],
    )?)
}

/// The query for [`current`].
pub fn select(engine: Engine) -> Sql {
    sql(
        engine,
        "SELECT CAST(\"value\" AS BIGINT) FROM \"_params\" WHERE \"id\" = 'schema_version'",
    )
}

/// Counts a change of what every process keeps in memory.
pub fn count_change(conn: &mut Conn) -> Result<()> {
    let count = sql(
        conn.engine(),
        "UPDATE \"_params\" SET \"value\" = CAST(CAST(\"value\" AS BIGINT) + 1 AS TEXT) WHERE \"id\" = 'schema_version'",
    );
    execute(conn, count)?;
    Ok(())
}

/// Says that what is read next has to be of this version of the collections. The first records that are read bring the
/// version along; where there are none, [`confirm`] asks for it. SQLite has one process, which knows.
pub fn expect(conn: &mut Conn, version: i64) {
    conn.expected = (conn.engine() == Engine::Postgres).then_some(version);
}

/// Refuses to go on when the collections are not those that were expected.
pub fn confirm(conn: &mut Conn) -> Result<()> {
    if conn.expected.is_none() {
        return Ok(());
    }
    let current = self::current(conn)?;
    compare(conn, current)
}

/// The same, with the version that was read.
pub fn compare(conn: &mut Conn, current: i64) -> Result<()> {
    match conn.expected.take() {
        Some(expected) if expected != current => Err(Error::SchemaChanged),
        Some(_) | None => Ok(()),
    }
}

/// Refuses to go on when the collections have changed since `version`; until the transaction's end they then stay.
pub fn still(conn: &mut Conn, version: i64) -> Result<()> {
    let current = match conn.engine() {
        Engine::Sqlite => self::current(conn)?,
        Engine::Postgres => crate::events::store::try_begin(conn)?,
    };
    is(current, version)
}

/// Like [`still`], for a write that no other write runs beside: two that keep deadlocking take turns so.
pub fn still_alone(conn: &mut Conn, version: i64) -> Result<()> {
    if conn.engine() == Engine::Sqlite {
        return still(conn, version);
    }
    hold_alone(conn)?;
    is(crate::events::store::begin(conn)?, version)
}

/// Waits for the writes that go on, and lets no other begin until the transaction's end. Gives up when that takes long,
/// because no write begins meanwhile; what else is waited for then has a little longer. SQLite has one writer anyway.
pub fn hold_alone(conn: &mut Conn) -> Result<()> {
    if conn.engine() == Engine::Sqlite {
        return Ok(());
    }
    for statement in [
        "SET LOCAL lock_timeout = '1s'",
        "SELECT pg_advisory_xact_lock(7240932)",
        "SET LOCAL lock_timeout = '2s'",
    ] {
        execute(conn, sql(Engine::Postgres, statement))?;
    }
    Ok(())
}

fn is(current: i64, version: i64) -> Result<()> {
    if current == version {
        Ok(())
    } else {
        Err(Error::SchemaChanged)
    }
}
