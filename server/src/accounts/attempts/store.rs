//! The SQL of failed attempts.

use std::collections::HashMap;

use plinth_sdk::types::SignInDelay;

use super::rules::{self, Rule};
use super::{Counter, KNOWN};
use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, Ident, Lock, Sql, Value, execute, first_int, load, sql};
use crate::error::Result;

/// How many rows strangers can fill.
const MAX_ROWS: i64 = 100_000;
/// How many rows a sweep deletes at once.
const BATCH: i64 = 5000;
/// How many delays are listed.
const MAX_LISTED: i64 = 500;

/// A row, with times in milliseconds since 1970; all 0 if there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// When the last failure was.
    pub(super) last: i64,
    /// When all failures are forgotten.
    pub(super) cleared: i64,
    /// When the last success was.
    pub(super) succeeded: i64,
}

/// Returns the row of each counter.
pub(super) fn find(conn: &mut Conn, counters: &[Counter], lock: Option<Lock>) -> Result<Vec<Row>> {
    let dialect = conn.dialect();
    let ids: Vec<String> = counters.iter().map(|counter| counter.id.clone()).collect();
    let mut select = sql(
        dialect,
        "SELECT \"id\", \"last\", \"cleared\", \"succeeded\" FROM \"_attempts\" WHERE \"id\"",
    );
    select.append(dialect.is_one_of(&ids));
    if let Some(lock) = lock {
        select.text(" ORDER BY \"id\"");
        select.append(dialect.lock(&Ident::new("_attempts"), lock));
    }
    let columns = [
        ColumnType::Text,
        ColumnType::Int,
        ColumnType::Int,
        ColumnType::Int,
    ];
    let mut found = HashMap::new();
    for row in load(conn, select.cached(), &columns)? {
        if let [
            Value::Text(id),
            Value::Int(last),
            Value::Int(cleared),
            Value::Int(succeeded),
        ] = &row[..]
        {
            let row = Row {
                last: *last,
                cleared: *cleared,
                succeeded: *succeeded,
            };
            found.insert(id.clone(), row);
        }
    }
    let row = |id: &String| found.get(id).copied().unwrap_or_default();
    Ok(ids.iter().map(row).collect())
}

/// Adds a failure: everything counts for longer by the time after which one failure is forgotten.
pub(super) fn add(conn: &mut Conn, counter: &Counter, now: i64) -> Result<()> {
    let Rule { fade, .. } = counter.rule;
    let most = now + counter.rule.longest();
    let mut insert = insert(conn, counter);
    insert.bind(Value::Int(now)).text(", ");
    insert.bind(Value::Int(now + fade)).text(
        ", 0) ON CONFLICT (\"id\") DO UPDATE SET \"last\" = excluded.\"last\", \"identity\" = excluded.\"identity\", \
         \"client\" = excluded.\"client\", \"cleared\" = CASE WHEN \"_attempts\".\"cleared\" <= excluded.\"last\" \
         THEN excluded.\"cleared\" WHEN \"_attempts\".\"cleared\" > ",
    );
    insert.bind(Value::Int(most - fade)).text(" THEN ");
    insert.bind(Value::Int(most));
    insert.text(" ELSE \"_attempts\".\"cleared\" + ");
    insert.bind(Value::Int(*fade)).text(" END");
    execute(conn, insert.cached()).map(drop)
}

/// Clears a pair and notes that it has succeeded. Whom and where that was is not kept in a readable form.
pub(super) fn set_known(conn: &mut Conn, counter: &Counter, now: i64) -> Result<()> {
    let nobody = Counter {
        identity: String::new(),
        client: String::new(),
        ..counter.clone()
    };
    let mut insert = insert(conn, &nobody);
    insert.text("0, 0, ").bind(Value::Int(now)).text(")");
    insert.update_existing(
        &["id"],
        &["last", "cleared", "succeeded", "identity", "client"],
    );
    execute(conn, insert.cached()).map(drop)
}

/// `INSERT INTO "_attempts" (…) VALUES (…, ` up to the three times.
fn insert(conn: &Conn, counter: &Counter) -> Sql {
    let mut insert = sql(
        conn.dialect(),
        "INSERT INTO \"_attempts\" (\"id\", \"kind\", \"rule\", \"purpose\", \"collection\", \"identity\", \"client\", \
         \"last\", \"cleared\", \"succeeded\") VALUES (",
    );
    for text in [
        counter.id.as_str(),
        counter.kind.as_str(),
        counter.rule.name,
        counter.purpose,
        &counter.collection,
        &counter.identity,
        &counter.client,
    ] {
        insert.bind(Value::from(text)).text(", ");
    }
    insert
}

/// Deletes a row; returns whether there was one.
pub(crate) fn delete(conn: &mut Conn, id: &str) -> Result<bool> {
    let mut delete = sql(conn.dialect(), "DELETE FROM \"_attempts\" WHERE \"id\" = ");
    delete.bind(Value::from(id));
    Ok(execute(conn, delete.cached())? > 0)
}

/// Deletes every row with failures; returns their number.
pub(crate) fn delete_all(conn: &mut Conn) -> Result<usize> {
    let delete = sql(
        conn.dialect(),
        "DELETE FROM \"_attempts\" WHERE \"cleared\" > 0",
    );
    execute(conn, delete)
}

/// Deletes the rows that no longer count, and of too many those that count for the shortest time.
pub(super) fn sweep(conn: &mut Conn) -> Result<()> {
    let now = conn.clock.now().unix_millis();
    let mut old = sql(
        conn.dialect(),
        "DELETE FROM \"_attempts\" WHERE \"id\" IN (SELECT \"id\" FROM \"_attempts\" WHERE \"cleared\" <= ",
    );
    old.bind(Value::Int(now)).text(" AND \"succeeded\" <= ");
    old.bind(Value::Int(now - KNOWN)).text(" LIMIT ");
    old.bind(Value::Int(BATCH)).text(")");
    execute(conn, old.cached())?;
    let mut count = sql(conn.dialect(), "SELECT ");
    count
        .whole("count(*)")
        .text(" FROM \"_attempts\" WHERE \"succeeded\" = 0");
    let count = first_int(&load(conn, count.cached(), &[ColumnType::Int])?)?;
    if count > MAX_ROWS {
        let mut excess = sql(
            conn.dialect(),
            "DELETE FROM \"_attempts\" WHERE \"id\" IN (SELECT \"id\" FROM \"_attempts\" WHERE \"succeeded\" = 0 \
             ORDER BY \"cleared\" LIMIT ",
        );
        excess.bind(Value::Int(count - MAX_ROWS)).text(")");
        execute(conn, excess.cached())?;
    }
    Ok(())
}

/// Returns what is delayed at present, or would be by the next failure: the latest first.
pub(crate) fn delays(conn: &mut Conn) -> Result<Vec<SignInDelay>> {
    let (dialect, now) = (conn.dialect(), conn.clock.now().unix_millis());
    let mut select = sql(
        dialect,
        "SELECT \"id\", \"kind\", \"rule\", \"purpose\", \"collection\", \"identity\", \"client\", \"last\", \"cleared\" \
         FROM \"_attempts\" WHERE ",
    );
    let beyond_the_free = |rule: &&Rule| {
        let mut out = sql(dialect, "(\"rule\" = ");
        out.bind(Value::from(rule.name))
            .text(" AND \"cleared\" >= ");
        out.bind(Value::Int(now + rule.beyond_free()));
        out.text(")");
        out
    };
    select.join(" OR ", rules::ALL.iter().map(beyond_the_free));
    select.text(" ORDER BY \"last\" DESC, \"id\" LIMIT ");
    select.bind(Value::Int(MAX_LISTED));
    let columns = [
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Int,
        ColumnType::Int,
    ];
    let rows = load(conn, select.cached(), &columns)?;
    Ok(rows.into_iter().filter_map(|row| delay(row, now)).collect())
}

fn delay(row: Vec<Value>, now: i64) -> Option<SignInDelay> {
    let [
        Value::Text(id),
        Value::Text(kind),
        Value::Text(rule),
        Value::Text(purpose),
        Value::Text(collection),
        Value::Text(identity),
        Value::Text(client),
        Value::Int(last),
        Value::Int(cleared),
    ] = <[Value; 9]>::try_from(row).ok()?
    else {
        return None;
    };
    let rule = rules::ALL.iter().find(|known| known.name == rule)?;
    let failures = rule.failures(cleared, now);
    Some(SignInDelay {
        id,
        kind,
        purpose,
        collection,
        identity,
        client,
        failures,
        last_failure: Timestamp::from_unix(last / 1000).to_string(),
        delay: rule.delay(failures) / 1000,
    })
}
