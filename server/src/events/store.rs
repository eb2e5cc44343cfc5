//! The SQL of changes that go from process to process through PostgreSQL.
//!
//! A transaction writes its row last, while it still holds its records: so the numbers of rows about one record are in
//! the order of the commits. Numbers of different transactions may become visible out of order. [`Position`] waits
//! for those that are missing, until nobody is left who could still write them.

use std::sync::Arc;

use plinth_sdk::types::Field;
use serde_json::{Map, Value as Json, json};

use super::{Change, Kind, Noted};
use crate::db::{Conn, Engine, Point, Sql, Storage, Value, execute, first_int, load, sql};
use crate::error::{Error, Result};
use crate::fields;
use crate::schema::{Collection, Column, Schema, Shape, to_json};

/// The message while collections are being changed.
const CHANGING: &str = "Collections are being changed, try again in a moment.";
/// After how many bytes a row of changes ends.
const ROW: usize = 1 << 20;
/// How many rows are read at once, and how many bytes: a row more is read where those before it are fewer.
const MAX_ROWS: usize = 50;
const MAX_READ: usize = 4 << 20;
/// Seconds that a row is kept at least.
const KEPT: i64 = 60;
/// Seconds after which a row that was not read yet may already be gone.
const TOO_OLD: i64 = 45;

/// Begins a write on PostgreSQL: the version of the collections, which stays until the transaction's end. Waits for a
/// change of collections that goes on. Notes whether anybody listens.
pub fn begin(conn: &mut Conn) -> Result<i64> {
    let select = sql(
        Engine::Postgres,
        "SELECT \"version\", \"watched\" FROM \"_begin_write\"()",
    );
    begin_by(conn, select)
}

/// Like [`begin`], but gives up while collections are being changed, so that nobody waits for that with a connection.
pub fn try_begin(conn: &mut Conn) -> Result<i64> {
    let select = sql(
        Engine::Postgres,
        "SELECT \"version\", \"watched\" FROM \"_try_begin_write\"()",
    );
    begin_by(conn, select)
}

fn begin_by(conn: &mut Conn, select: Sql) -> Result<i64> {
    let rows = load(conn, select.cached(), &[Storage::Int, Storage::Bool])?;
    match rows.first().map(Vec::as_slice) {
        Some([Value::Int(version), Value::Bool(watched)]) => {
            conn.journal.begun(*version, *watched);
            Ok(*version)
        }
        Some([Value::Null, _]) => Err(Error::Busy(CHANGING.into())),
        _ => Err(Error::internal(anyhow::anyhow!("no version"))),
    }
}

/// Writes what the transaction has changed.
pub fn append(conn: &mut Conn, noted: &Noted) -> Result<()> {
    if noted.is_nothing() {
        return Ok(());
    }
    let version = conn.journal.version();
    if noted.missed {
        return insert(conn, &json!({"version": version, "missed": true}));
    }
    let mut row = Vec::new();
    let mut bytes = 0;
    for change in &noted.changes {
        row.push(to_row(change));
        bytes += change.bytes();
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

fn insert(conn: &mut Conn, row: &Json) -> Result<()> {
    let mut insert = sql(
        Engine::Postgres,
        "INSERT INTO \"_changes\" (\"changes\") VALUES (",
    );
    insert.bind(Value::Text(crate::json::canonical(row)));
    insert.text(")");
    execute(conn, insert.cached())?;
    Ok(())
}

/// A change as text. Hashes of passwords stay where they are.
fn to_row(change: &Change) -> Json {
    let columns = &change.collection.columns;
    let record: Map<String, Json> = columns
        .iter()
        .zip(&change.values)
        .filter(|(column, _)| column.shape != Shape::Secret)
        .map(|(column, value)| (column.name.clone(), to_json(value)))
        .collect();
    json!({
        "kind": change.kind.name(),
        "collection": change.collection.def.id,
        "record": record,
        "amongOthers": change.among_others,
        "ended": change.ended,
    })
}

/// The change that [`to_row`] wrote, if its collection is still there.
fn from_row(schema: &Schema, row: &Json) -> Option<Change> {
    let kind = Kind::of(row["kind"].as_str()?)?;
    let collection = Arc::clone(schema.find(row["collection"].as_str()?)?);
    let values = from_json(&collection, row["record"].as_object()?);
    Some(Change {
        kind,
        collection,
        values,
        among_others: row["amongOthers"].as_bool().unwrap_or(true),
        ended: row["ended"].as_str().map(str::to_owned),
    })
}

/// The values of a change in the columns of another version of its collection.
pub fn converted(change: &Change, collection: &Collection) -> Vec<Value> {
    let row = to_row(change);
    from_json(collection, row["record"].as_object().unwrap_or(&Map::new()))
}

/// The values of a record. A field that has come since is empty.
fn from_json(collection: &Collection, record: &Map<String, Json>) -> Vec<Value> {
    let fields = collection.def.fields.iter().zip(&collection.columns);
    let value = |(field, column): (&Field, &Column)| {
        let stored = record.get(&field.name);
        let stored = stored.and_then(|json| match (column.storage, json) {
            (Storage::Text, Json::String(text)) => Some(Value::Text(text.clone())),
            (Storage::Number, Json::Number(number)) => number.as_f64().map(Value::Number),
            (Storage::Int, Json::Number(number)) => number.as_i64().map(Value::Int),
            (Storage::Bool, Json::Bool(bool)) => Some(Value::Bool(*bool)),
            (Storage::Json, Json::Null) => Some(Value::Null),
            (Storage::Point, json) => Some(Value::Json(Point::of(json).to_json())),
            (Storage::Json, json) => Some(Value::Json(crate::json::canonical(json))),
            (Storage::Text | Storage::Number | Storage::Int | Storage::Bool, _) => None,
        });
        stored.unwrap_or_else(|| fields::zero(&field.kind))
    };
    fields.map(value).collect()
}

/// Makes known that this process listens, and gives the number of the last row before.
pub fn listen(conn: &mut Conn, process: &str) -> Result<i64> {
    let mut row = sql(Engine::Postgres, "INSERT INTO \"_listeners\" VALUES (");
    row.bind(Value::from(process));
    row.text(", clock_timestamp() + INTERVAL '20 seconds') ON CONFLICT (\"process\") DO UPDATE SET \"until\" = excluded.\"until\"");
    execute(conn, row)?;
    let select = sql(
        Engine::Postgres,
        "SELECT CASE WHEN \"is_called\" THEN \"last_value\" ELSE 0 END FROM \"_changes_seq_seq\"",
    );
    first_int(&load(conn, select, &[Storage::Int])?)
}

/// Whether a process listens.
pub fn is_listening(conn: &mut Conn, process: &str) -> Result<bool> {
    let mut select = sql(
        Engine::Postgres,
        "SELECT CAST(1 AS BIGINT) FROM \"_listeners\" WHERE \"until\" > clock_timestamp() AND \"process\" = ",
    );
    select.bind(Value::from(process));
    Ok(!load(conn, select.cached(), &[Storage::Int])?.is_empty())
}

/// Says again that this process listens, and removes what nobody needs any more. Fails when the database has forgotten
/// it, as it does in a crash: others may have written meanwhile without a word.
pub fn renew(conn: &mut Conn, process: &str) -> Result<()> {
    let mut row = sql(
        Engine::Postgres,
        "UPDATE \"_listeners\" SET \"until\" = clock_timestamp() + INTERVAL '20 seconds' WHERE \"process\" = ",
    );
    row.bind(Value::from(process));
    if execute(conn, row)? == 0 {
        let forgotten = "the database does not know any more that this process listens";
        return Err(Error::internal(anyhow::anyhow!(forgotten)));
    }
    let ended = sql(
        Engine::Postgres,
        "DELETE FROM \"_listeners\" WHERE \"until\" < clock_timestamp() - INTERVAL '60 seconds'",
    );
    execute(conn, ended)?;
    forget_read(conn)
}

/// Takes back that this process listens.
pub fn leave(conn: &mut Conn, process: &str) -> Result<()> {
    let mut delete = sql(
        Engine::Postgres,
        "DELETE FROM \"_listeners\" WHERE \"process\" = ",
    );
    delete.bind(Value::from(process));
    execute(conn, delete)?;
    forget_read(conn)
}

fn forget_read(conn: &mut Conn) -> Result<()> {
    let mut delete = sql(
        Engine::Postgres,
        "DELETE FROM \"_changes\" WHERE \"at\" < clock_timestamp() - make_interval(secs => ",
    );
    delete.bind(Value::Int(KEPT)).text(")");
    execute(conn, delete)?;
    Ok(())
}

/// Sends a message to every process that listens, at its place among the changes.
pub fn send(conn: &mut Conn, message: &Json) -> Result<()> {
    insert(conn, &json!({"message": message}))
}

/// A row of changes, not read into records yet; or a message between processes.
#[derive(Clone, Debug)]
pub struct Row {
    /// The version of the collections that it was written under.
    pub version: i64,
    /// The message, if it is one.
    pub message: Option<Json>,
    /// Whether more has changed than could be told.
    pub missed: bool,
    changes: Json,
    bytes: usize,
}

/// Whether these were all the rows that there were.
pub fn is_all(rows: &[Row]) -> bool {
    rows.len() < MAX_ROWS && rows.iter().map(|row| row.bytes).sum::<usize>() < MAX_READ
}

impl Row {
    /// Its changes, as far as their collections are still there.
    pub fn changes(&self, schema: &Schema) -> Vec<Change> {
        let changes = self.changes.as_array().into_iter().flatten();
        changes.filter_map(|row| from_row(schema, row)).collect()
    }
}

/// How far the rows have been read.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Every row up to this number was read, or will never be there.
    read: i64,
    gap: Option<Gap>,
}

/// Numbers were missing below a row that was there already.
#[derive(Clone, Copy, Debug)]
struct Gap {
    /// The number of that row.
    below: i64,
    /// Who has taken the missing numbers began before this transaction.
    horizon: i64,
}

impl Position {
    /// After the row of this number.
    pub fn after(read: i64) -> Self {
        Self { read, gap: None }
    }

    /// The rows that follow, as far as nothing is missing before them. Fails when some may have been removed unread.
    pub fn next(&mut self, conn: &mut Conn) -> Result<Vec<Row>> {
        let mut select = sql(
            Engine::Postgres,
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
        let columns = [Storage::Int, Storage::Text, Storage::Int, Storage::Int];
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

    /// Whether nobody is left who could write the rows that are missing before this one. `oldest`: the oldest
    /// transaction that went on when the rows were read.
    fn may_skip_to(&mut self, conn: &mut Conn, seq: i64, oldest: i64) -> Result<bool> {
        if let Some(gap) = self.gap
            && seq <= gap.below
        {
            return Ok(gap.horizon <= oldest);
        }
        let select = sql(
            Engine::Postgres,
            "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
        );
        let horizon = first_int(&load(conn, select.cached(), &[Storage::Int])?)?;
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
