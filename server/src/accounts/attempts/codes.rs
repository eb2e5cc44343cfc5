//! Counts the tries of one-time passwords, in the database that all servers share.
//!
//! Tries are counted for each account and client, whichever code is tried, so that nobody uses up those of somebody
//! elsewhere. What all strangers together try ends a code, and never an account's next one.

use crate::db::{ColumnType, Conn, Sql, Value, execute, first_int, load, sql};
use crate::error::Result;

/// How many tries a client has within [`WINDOW`].
const OF_A_CLIENT: i64 = 5;
/// How many tries of a code all clients have together that the account has never signed in from.
const OF_A_CODE: i64 = 50;
/// For how long tries are counted from the first one on, in seconds.
const WINDOW: i64 = 180;
/// How many rows strangers can fill.
const MAX_ROWS: i64 = 100_000;

/// Whose tries of which account are counted.
pub(in crate::accounts) struct Tried<'a> {
    /// The id of the collection.
    pub(in crate::accounts) collection: &'a str,
    /// The letters that are derived from the address.
    pub(in crate::accounts) account: &'a str,
}

impl Tried<'_> {
    /// Counts a try of a client, and returns whether there was one left.
    pub(in crate::accounts) fn by_client(&self, conn: &mut Conn, client: &str) -> Result<bool> {
        Ok(count(conn, self, client)? <= OF_A_CLIENT)
    }

    /// Counts a stranger's try of the code with this id, and returns whether there was one left.
    pub(in crate::accounts) fn of_code(&self, conn: &mut Conn, id: &str) -> Result<bool> {
        Ok(count(conn, self, &format!("code {id}"))? <= OF_A_CODE)
    }
}

/// Counts a try, and returns the number of those that count.
fn count(conn: &mut Conn, tried: &Tried<'_>, what: &str) -> Result<i64> {
    let now = conn.clock.now().unix();
    let start = now - WINDOW;
    let dialect = conn.dialect();
    let mut insert = sql(
        dialect,
        "INSERT INTO \"_otp_attempts\" (\"collection\", \"account\", \"device\", \"since\", \"tries\") VALUES (",
    );
    for text in [tried.collection, tried.account, what] {
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
        .append(of(conn, tried, what));
    execute(conn, update.cached())?;

    let mut select = sql(dialect, "SELECT ");
    select
        .whole("\"tries\"")
        .text(" FROM \"_otp_attempts\" WHERE ");
    select.append(of(conn, tried, what));
    first_int(&load(conn, select.cached(), &[ColumnType::Int])?)
}

fn of(conn: &Conn, tried: &Tried<'_>, what: &str) -> Sql {
    let mut same = sql(conn.dialect(), "\"collection\" = ");
    same.bind(Value::from(tried.collection));
    same.text(" AND \"account\" = ")
        .bind(Value::from(tried.account));
    same.text(" AND \"device\" = ").bind(Value::from(what));
    same
}

/// Deletes counts that no longer count, and of too many the lowest.
pub(super) fn sweep(conn: &mut Conn) -> Result<()> {
    let mut old = sql(
        conn.dialect(),
        "DELETE FROM \"_otp_attempts\" WHERE \"since\" <= ",
    );
    old.bind(Value::Int(conn.clock.now().unix() - WINDOW));
    execute(conn, old.cached())?;
    let mut count = sql(conn.dialect(), "SELECT ");
    count.whole("count(*)").text(" FROM \"_otp_attempts\"");
    let count = first_int(&load(conn, count.cached(), &[ColumnType::Int])?)?;
    if count > MAX_ROWS {
        let mut excess = sql(
            conn.dialect(),
            "DELETE FROM \"_otp_attempts\" WHERE (\"collection\", \"account\", \"device\") IN (SELECT \"collection\", \
             \"account\", \"device\" FROM \"_otp_attempts\" ORDER BY \"tries\", \"since\" LIMIT ",
        );
        excess.bind(Value::Int(count - MAX_ROWS)).text(")");
        execute(conn, excess.cached())?;
    }
    Ok(())
}
