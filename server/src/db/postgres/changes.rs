//! Changes and messages that go from process to process through PostgreSQL, as rows of `_changes`.
//!
//! A transaction writes its row last, while it still holds its records: so the numbers of rows about one record are in
//! the order of the commits. Rows of different transactions may become visible out of order. A [`Position`] waits for the
//! numbers that are missing, until no transaction is left that could still write them.

use serde_json::{Value as Json, json};

use crate::db::dialect::POSTGRES;
use crate::db::journal::Entries;
use crate::db::{ColumnType, Conn, Value, execute, first_int, load, sql};
use crate::error::{Error, Result};

/// The bytes of values after which a row of changes ends.
const ROW: usize = 1 << 20;
/// How many rows are read at once, and how many bytes: a row more is read while those before it are fewer.
const MAX_ROWS: usize = 50;
const MAX_READ: usize = 4 << 20;
/// Seconds for which a row is kept at least.
const KEPT: i64 = 60;
/// Seconds after which an unread row may already have been removed.
const TOO_OLD: i64 = 45;

/// Writes what the transaction has changed.
pub(in crate::db) fn publish(conn: &mut Conn, committed: &Entries) -> Result<()> {
    if committed.is_empty() {
        return Ok(());
    }
    let version = conn.journal.version();
    if committed.missed {
        return insert(conn, &json!({"version": version, "missed": true}));
    }
    let mut row = Vec::new();
    let mut bytes = 0;
    for entry in &committed.list {
        row.push(entry.subject.encode(entry));
        bytes += entry.bytes();
        if bytes > ROW {
            let changes = std::mem::take(&mut row);
            insert(conn, &json!({"version": version, "changes": changes}))?;
            bytes = 0;
        }
    }
    if row.is_empty() {
        return Ok(());
    }
    insert(conn, &json!({"version": version, "changes": row}))
}

/// Sends a message to every process that listens.
pub(in crate::db) fn send(conn: &mut Conn, message: &Json) -> Result<()> {
    insert(conn, &json!({"message": message}))
}

fn insert(conn: &mut Conn, row: &Json) -> Result<()> {
    let mut insert = sql(POSTGRES, "INSERT INTO \"_changes\" (\"changes\") VALUES (");
    insert.bind(Value::Text(crate::json::canonical(row)));
    insert.text(")");
    execute(conn, insert.cached())?;
    Ok(())
}

/// Announces that this process listens. Returns the position of the last row before.
pub(in crate::db) fn listen(conn: &mut Conn, process: &str) -> Result<Position> {
    let mut row = sql(POSTGRES, "INSERT INTO \"_listeners\" VALUES (");
    row.bind(Value::from(process));
    row.text(", clock_timestamp() + INTERVAL '20 seconds') ON CONFLICT (\"process\") DO UPDATE SET \"until\" = excluded.\"until\"");
    execute(conn, row)?;
    let select = sql(
        POSTGRES,
        "SELECT CASE WHEN \"is_called\" THEN \"last_value\" ELSE 0 END FROM \"_changes_seq_seq\"",
    );
    let read = first_int(&load(conn, select, &[ColumnType::Int])?)?;
    Ok(Position { read, gap: None })
}

/// Says whether a process listens.
pub(in crate::db) fn is_listening(conn: &mut Conn, process: &str) -> Result<bool> {
    let mut select = sql(
        POSTGRES,
        "SELECT CAST(1 AS BIGINT) FROM \"_listeners\" WHERE \"until\" > clock_timestamp() AND \"process\" = ",
    );
    select.bind(Value::from(process));
    Ok(!load(conn, select.cached(), &[ColumnType::Int])?.is_empty())
}

/// Renews the announcement, and removes rows that nobody needs any more.
pub(in crate::db) fn renew(conn: &mut Conn, process: &str) -> Result<()> {
    let mut row = sql(
        POSTGRES,
        "UPDATE \"_listeners\" SET \"until\" = clock_timestamp() + INTERVAL '20 seconds' WHERE \"process\" = ",
    );
    row.bind(Value::from(process));
    if execute(conn, row)? == 0 {
        let forgotten = "the database does not know any more that this process listens";
        return Err(Error::internal(anyhow::anyhow!(forgotten)));
    }
    let ended = sql(
        POSTGRES,
        "DELETE FROM \"_listeners\" WHERE \"until\" < clock_timestamp() - INTERVAL '60 seconds'",
    );
    execute(conn, ended)?;
    remove_read(conn)
}

/// Takes the announcement back.
pub(in crate::db) fn leave(conn: &mut Conn, process: &str) -> Result<()> {
    let mut delete = sql(POSTGRES, "DELETE FROM \"_listeners\" WHERE \"process\" = ");
    delete.bind(Value::from(process));
    execute(conn, delete)?;
    remove_read(conn)
}

fn remove_read(conn: &mut Conn) -> Result<()> {
    let mut delete = sql(
        POSTGRES,
        "DELETE FROM \"_changes\" WHERE \"at\" < clock_timestamp() - make_interval(secs => ",
    );
    delete.bind(Value::Int(KEPT)).text(")");
    execute(conn, delete)?;
    Ok(())
}

/// Answers a message, and removes old answers.
pub(in crate::db) fn answer(conn: &mut Conn, message: &str, code: i64) -> Result<()> {
    let old = "DELETE FROM \"_answers\" WHERE \"at\" < clock_timestamp() - INTERVAL '60 seconds'";
    execute(conn, sql(POSTGRES, old))?;
    let mut insert = sql(
        POSTGRES,
        "INSERT INTO \"_answers\" (\"id\", \"answer\") VALUES (",
    );
    insert
        .bind(Value::from(message))
        .text(", ")
        .bind(Value::Int(code));
    insert.text(")");
    execute(conn, insert)?;
    Ok(())
}

/// Returns the answer to a message, once there is one.
pub(in crate::db) fn answer_to(conn: &mut Conn, message: &str) -> Result<Option<i64>> {
    let mut select = sql(
        POSTGRES,
        "SELECT \"answer\" FROM \"_answers\" WHERE \"id\" = ",
    );
    select.bind(Value::from(message));
    let rows = load(conn, select.cached(), &[ColumnType::Int])?;
    Ok(match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(code)) => Some(*code),
        _ => None,
    })
}

/// A row: changes, or a message between processes.
#[derive(Clone, Debug)]
pub struct Row {
    /// The schema version that it was written under.
    pub version: i64,
    /// The message, if it is one.
    pub message: Option<Json>,
    /// Whether more has changed than could be published.
    pub missed: bool,
    /// The changes, as their subjects encoded them.
    pub changes: Json,
    bytes: usize,
}

/// Says whether these were all the rows that there were.
pub fn is_complete(rows: &[Row]) -> bool {
    rows.len() < MAX_ROWS && rows.iter().map(|row| row.bytes).sum::<usize>() < MAX_READ
}

/// How far the rows have been read.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Every row up to this number was read, or will never exist.
    read: i64,
    gap: Option<Gap>,
}

/// Numbers were missing before a row that was already visible.
#[derive(Clone, Copy, Debug)]
struct Gap {
    /// The number of that row.
    below: i64,
    /// The transactions that took the missing numbers began before this one.
    horizon: i64,
}

impl Position {
    /// Reads the rows that follow, up to the first number that is missing. Fails when some may have been removed unread.
    pub fn next(&mut self, conn: &mut Conn) -> Result<Vec<Row>> {
        let mut select = sql(
            POSTGRES,
            "SELECT \"seq\", \"changes\", CAST(EXTRACT(EPOCH FROM clock_timestamp() - \"at\") AS BIGINT), CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) FROM (SELECT *, SUM(octet_length(\"changes\")) OVER (ORDER BY \"seq\") - octet_length(\"changes\") AS \"before\" FROM (SELECT * FROM \"_changes\" WHERE \"seq\" > ",
        );
        let number = |count| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
        select.bind(Value::Int(self.read));
        select
            .text(" ORDER BY \"seq\" LIMIT ")
            .bind(number(MAX_ROWS));
        select
            .text(") AS \"next\") AS \"some\" WHERE \"before\" < ")
            .bind(number(MAX_READ));
        select.text(" ORDER BY \"seq\"");
        let columns = [
            ColumnType::Int,
            ColumnType::Text,
            ColumnType::Int,
            ColumnType::Int,
        ];
        let mut rows = Vec::new();
        for row in load(conn, select.cached(), &columns)? {
            let [
                Value::Int(seq),
                Value::Text(text),
                Value::Int(age),
                Value::Int(oldest),
            ] = row.as_slice()
            else {
                return Err(Error::internal(anyhow::anyhow!("an odd row of changes")));
            };
            if *age > TOO_OLD {
                return Err(Error::internal(anyhow::anyhow!(
                    "changes were not read in time"
                )));
            }
            if *seq != self.read + 1 && !self.may_skip_to(conn, *seq, *oldest)? {
                break;
            }
            self.read = *seq;
            rows.push(read_row(text)?);
        }
        Ok(rows)
    }

    /// Says whether no transaction is left that could write the rows that are missing before this one. `oldest`: the
    /// oldest transaction that was running when the rows were read.
    fn may_skip_to(&mut self, conn: &mut Conn, seq: i64, oldest: i64) -> Result<bool> {
        if let Some(gap) = self.gap
            && seq <= gap.below
        {
            return Ok(gap.horizon <= oldest);
        }
        let select = sql(
            POSTGRES,
            "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
        );
        let horizon = first_int(&load(conn, select.cached(), &[ColumnType::Int])?)?;
        self.gap = Some(Gap {
            below: seq,
            horizon,
        });
        Ok(false)
    }
}

fn read_row(text: &str) -> Result<Row> {
    let mut row: Json = serde_json::from_str(text).map_err(Error::internal)?;
    Ok(Row {
        version: row["version"].as_i64().unwrap_or_default(),
        message: row.get_mut("message").map(Json::take),
        missed: row["missed"].as_bool().unwrap_or_default(),
        changes: row["changes"].take(),
        bytes: text.len(),
    })
}
