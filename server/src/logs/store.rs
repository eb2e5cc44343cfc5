//! The SQL of the log.

use std::sync::Arc;

use plinth_sdk::types::{Log, LogHour};

use super::{Entry, Size};
use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, Dialect, Ident, Sql, Value, execute, load, sql};
use crate::error::{Error, Result};
use crate::filter::{Condition, conjunction, parse};
use crate::json;
use crate::policy::Grant;
use crate::records::store as records;
use crate::schema::Record;

/// How many rows one statement inserts.
const ROWS: usize = 100;
/// How many of the oldest and of the newest rows are read to estimate the size of all.
const SAMPLE: i64 = 500;
/// The bytes of a row and its index entries without its texts.
const BESIDE: i64 = 200;
/// How many rows are removed in one transaction.
const OLD: i64 = 1000;

/// Inserts entries.
pub(super) fn write(conn: &mut Conn, entries: &[Entry]) -> Result<()> {
    let dialect = conn.dialect();
    // The last moments of the log may be lost in a crash.
    if let Some(relaxed) = dialect.relaxed_durability() {
        execute(conn, sql(dialect, relaxed))?;
    }
    for entries in entries.chunks(ROWS) {
        let mut insert = sql(
            dialect,
            "INSERT INTO \"_logs\" (\"id\", \"created\", \"level\", \"message\", \"data\") VALUES ",
        );
        insert.join(", ", entries.iter().map(|entry| row(dialect, entry)));
        insert.skip_existing(&["id"]);
        execute(conn, insert)?;
    }
    Ok(())
}

fn row(dialect: Dialect, entry: &Entry) -> Sql {
    let (message, data) = entry.written();
    let mut row = sql(dialect, "(");
    row.bind(Value::from(entry.id.as_str())).text(", ");
    row.bind(Value::from(entry.created.to_string())).text(", ");
    row.bind(Value::Int(entry.level.number())).text(", ");
    row.bind(Value::from(message)).text(", ");
    row.bind(Value::Json(json::canonical(&data.into())))
        .text(")");
    row
}

/// Finds an entry.
pub(super) fn view(conn: &mut Conn, grant: &Grant, id: &str) -> Result<Option<Record>> {
    let collection = grant.collection();
    let (columns, storages) = collection.selection(conn.dialect(), &records::alias());
    let mut select = sql(conn.dialect(), "SELECT ");
    select.append(columns);
    records::from(&mut select, collection, Sql::new(conn.dialect()));
    select
        .text(" WHERE ")
        .column(&records::alias(), &crate::db::Ident::new("id"));
    select.text(" = ").bind(Value::from(id));
    let rows = load(conn, select.cached(), &storages)?;
    let mut found = rows.into_iter();
    Ok(found
        .next()
        .map(|values| Record::new(Arc::clone(collection), values)))
}

/// Counts the entries of each hour that has some, the oldest first.
pub(super) fn hours(conn: &mut Conn, grant: &Grant, filter: &str) -> Result<Vec<LogHour>> {
    let dialect = conn.dialect();
    let wrong = || Error::invalid("Invalid filter format.");
    let mut resolver = grant.resolver(dialect, records::alias());
    let condition = if filter.is_empty() {
        Condition::True
    } else {
        let filter = parse(filter).map_err(|_| wrong())?;
        resolver
            .condition(&filter, grant.trust())
            .map_err(|_| wrong())?
    };
    let (joins, condition) = resolver.emit(condition);
    let mut select = sql(
        dialect,
        "SELECT substr(\"r\".\"created\", 1, 13) || ':00:00.000Z', count(*)",
    );
    records::from(&mut select, grant.collection(), joins);
    match condition {
        Condition::True => {}
        Condition::False => return Ok(Vec::new()),
        Condition::All(parts) => {
            select.text(" WHERE ").append(conjunction(dialect, parts));
        }
    }
    select.text(" GROUP BY 1 ORDER BY 1");
    let rows = load(conn, select, &[ColumnType::Text, ColumnType::Int])?;
    let hour = |row: Vec<Value>| match <[Value; 2]>::try_from(row) {
        Ok([Value::Text(date), Value::Int(total)]) => Some(LogHour { date, total }),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(hour).collect())
}

/// Converts an entry to its wire type.
pub(super) fn log(record: &Record) -> Log {
    let data = match record.value("data") {
        Some(Value::Json(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => serde_json::Map::new(),
    };
    let level = match record.value("level") {
        #[expect(clippy::cast_possible_truncation, reason = "levels are small")]
        Some(Value::Number(level)) => *level as i64,
        _ => 0,
    };
    Log {
        id: record.id().to_owned(),
        created: record.text("created").to_owned(),
        level,
        message: record.text("message").to_owned(),
        data,
    }
}

/// Removes a batch of the oldest entries if the log is over its limits, and returns their number. Gaps in the row numbers
/// count as rows. The size is estimated from the oldest and the newest rows.
pub(super) fn remove_beyond(conn: &mut Conn, size: Size) -> Result<usize> {
    let dialect = conn.dialect();
    let ends = sql(
        dialect,
        "SELECT COALESCE(MIN(\"_rowid_\"), 0), COALESCE(MAX(\"_rowid_\"), -1) FROM \"_logs\"",
    );
    let rows = load(conn, ends, &[ColumnType::Int, ColumnType::Int])?;
    let Some([Value::Int(first), Value::Int(last)]) = rows.first().map(Vec::as_slice) else {
        return Ok(0);
    };
    let (first, last) = (*first, *last);
    let most = i64::try_from(size.rows).unwrap_or(i64::MAX);
    let most = most.min(rows_within(conn, size.bytes)?);
    if last - first < most {
        return Ok(0);
    }
    let end = last.saturating_sub(most).min(first.saturating_add(OLD - 1));
    let mut delete = sql(dialect, "DELETE FROM \"_logs\" WHERE \"_rowid_\" <= ");
    delete.bind(Value::Int(end));
    execute(conn, delete.cached())
}

/// Estimates how many rows have so many bytes.
fn rows_within(conn: &mut Conn, bytes: u64) -> Result<i64> {
    let mut select = sql(
        conn.dialect(),
        "SELECT COUNT(*), COALESCE(SUM(\"size\"), 0) FROM (",
    );
    for (position, order) in ["ASC", "DESC"].into_iter().enumerate() {
        if position > 0 {
            select.text(" UNION ALL ");
        }
        select.text("SELECT * FROM (SELECT length(\"message\") + length(");
        select.column_text(&Ident::new("data"));
        select.text(") AS \"size\" FROM \"_logs\" ORDER BY \"_rowid_\" ");
        select.text(order).text(" LIMIT ");
        select.bind(Value::Int(SAMPLE)).text(") AS ");
        select.text(if position == 0 {
            "\"oldest\""
        } else {
            "\"newest\""
        });
    }
    select.text(") AS \"sample\"");
    let rows = load(conn, select.cached(), &[ColumnType::Int, ColumnType::Int])?;
    let Some([Value::Int(count), Value::Int(sum)]) = rows.first().map(Vec::as_slice) else {
        return Ok(i64::MAX);
    };
    let each = (*sum / (*count).max(1)).saturating_add(BESIDE);
    Ok(i64::try_from(bytes).unwrap_or(i64::MAX) / each)
}

/// Removes a batch of entries that were created before a time, and returns their number.
pub(super) fn remove_before(conn: &mut Conn, before: Timestamp) -> Result<usize> {
    let mut delete = sql(
        conn.dialect(),
        "DELETE FROM \"_logs\" WHERE \"_rowid_\" IN (SELECT \"_rowid_\" FROM \"_logs\" WHERE \"created\" < ",
    );
    delete.bind(Value::from(before.to_string()));
    delete.text(" ORDER BY \"created\" LIMIT ");
    delete.bind(Value::Int(OLD)).text(")");
    execute(conn, delete.cached())
}
