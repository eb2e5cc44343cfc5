//! Counts the tries of one-time passwords, in the database that all servers share.
//!
//! Tries are counted for each account, whichever code is tried. A device from which the account has signed in before has a
//! count of its own, so that nobody else can use up its owner's tries.

use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, Sql, Value, execute, first_int, load, sql};
use crate::error::Result;

/// How many tries there are within [`WINDOW`].
const MAX_TRIES: i64 = 5;
/// For how long tries are counted from the first one on, in seconds.
const WINDOW: i64 = 180;

/// Whose tries are counted.
pub(super) struct Counted<'a> {
    /// The id of the collection.
    pub(super) collection: &'a str,
    /// The letters that are derived from the address.
    pub(super) account: &'a str,
    /// The known device; empty for all others.
    pub(super) device: &'a str,
}

/// Counts a try, and returns whether there is one left.
pub(super) fn count(conn: &mut Conn, counted: &Counted<'_>, now: Timestamp) -> Result<bool> {
    let (now, start) = (now.unix(), now.unix() - WINDOW);
    let dialect = conn.dialect();
    let mut insert = sql(
        dialect,
        "INSERT INTO \"_otp_attempts\" (\"collection\", \"account\", \"device\", \"since\", \"tries\") VALUES (",
    );
    for text in [counted.collection, counted.account, counted.device] {
        insert.bind(Value::from(text)).text(", ");
    }
    insert.bind(Value::Int(now)).text(", ").bind(Value::Int(0));
    insert.text(")");
    insert.skip_existing(&["collection", "account", "device"]);
    execute(conn, insert.cached())?;

    // The row is locked from here on.
    let mut update = sql(
        dialect,
        "UPDATE \"_otp_attempts\" SET \"tries\" = CASE WHEN \"since\" <= ",
    );
    update.bind(Value::Int(start));
    update.text(" THEN 1 ELSE \"tries\" + 1 END, \"since\" = CASE WHEN \"since\" <= ");
    update.bind(Value::Int(start)).text(" THEN ");
    update.append(dialect.typed(Value::Int(now), ColumnType::Int));
    update
        .text(" ELSE \"since\" END WHERE ")
        .append(of(conn, counted));
    execute(conn, update.cached())?;

    let mut select = sql(dialect, "SELECT ");
    select
        .whole("\"tries\"")
        .text(" FROM \"_otp_attempts\" WHERE ");
    select.append(of(conn, counted));
    let tries = first_int(&load(conn, select.cached(), &[ColumnType::Int])?)?;
    Ok(tries <= MAX_TRIES)
}

fn of(conn: &Conn, counted: &Counted<'_>) -> Sql {
    let mut same = sql(conn.dialect(), "\"collection\" = ");
    same.bind(Value::from(counted.collection));
    same.text(" AND \"account\" = ")
        .bind(Value::from(counted.account));
    same.text(" AND \"device\" = ")
        .bind(Value::from(counted.device));
    same
}

/// Deletes counts that no longer count.
pub(in crate::accounts) fn forget_old(conn: &mut Conn, now: Timestamp) -> Result<()> {
    let mut delete = sql(
        conn.dialect(),
        "DELETE FROM \"_otp_attempts\" WHERE \"since\" <= ",
    );
    delete.bind(Value::Int(now.unix() - WINDOW));
    execute(conn, delete)?;
    Ok(())
}
