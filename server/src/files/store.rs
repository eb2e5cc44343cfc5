//! The SQL of released files, which no record names any more.

use crate::db::{self, ColumnType, Conn, Ident, Sql, Value, dialect, execute, load, sql};
use crate::error::Result;
use crate::fields;
use crate::schema::{Collection, Column, Record, Shape, rows};

/// An entry: files to be deleted from the storage.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The number of the entry.
    pub number: i64,
    /// The id of the collection.
    pub collection: String,
    /// The id of the record.
    pub record: String,
    /// The names of the files.
    pub names: Vec<String>,
    /// How often deleting them has failed.
    pub tries: i64,
}

/// Returns the names of a record's files.
pub fn names(record: &Record) -> impl Iterator<Item = String> + '_ {
    let columns = record.collection.columns.iter().zip(&record.values);
    let files = columns.filter(|(column, _)| is_file(column));
    files.flat_map(|(_, value)| fields::items(value))
}

fn is_file(column: &Column) -> bool {
    matches!(column.shape, Shape::File { .. })
}

/// Releases the files that a record does not name any more.
pub fn released(conn: &mut Conn, stored: &Record, record: &Record) -> Result<()> {
    let left: Vec<String> = names(record).collect();
    let gone: Vec<String> = names(stored).filter(|name| !left.contains(name)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let mut insert = sql(conn.dialect(), INSERT);
    let collection = record.collection.def.id.as_str();
    let gone = serde_json::Value::from(gone).to_string();
    insert.text("VALUES (").bind(Value::from(collection));
    insert.text(", ").bind(Value::from(record.id()));
    insert.text(", ").bind(Value::Text(gone)).text(")");
    execute(conn, insert.cached())?;
    Ok(())
}

const INSERT: &str = "INSERT INTO \"_removed_files\" (\"collection\", \"record\", \"names\") ";

/// Releases the files of records that are deleted; of all records if `ids` is `None`.
pub fn release(conn: &mut Conn, collection: &Collection, ids: Option<&[String]>) -> Result<()> {
    for column in collection.columns.iter().filter(|column| is_file(column)) {
        release_column(conn, collection, &collection.table, column, ids)?;
    }
    Ok(())
}

/// Releases the files of a column. The table may have another name by now.
pub fn release_column(
    conn: &mut Conn,
    collection: &Collection,
    table: &Ident,
    column: &Column,
    ids: Option<&[String]>,
) -> Result<()> {
    let dialect = conn.dialect();
    let names = || {
        let mut names = Sql::new(dialect);
        names.column_text(&column.ident);
        names
    };
    let mut insert = sql(dialect, INSERT);
    insert
        .text("SELECT ")
        .append(dialect.typed(collection.def.id.as_str().into(), ColumnType::Text))
        .text(", \"id\", ")
        .append(names())
        .text(" FROM ")
        .ident(table)
        .text(" WHERE ")
        .append(names())
        .text(" NOT IN ('', '[]')");
    if let Some(ids) = ids {
        insert.text(" AND \"id\"").append(dialect.is_one_of(ids));
    }
    execute(conn, insert.cached())?;
    Ok(())
}

/// Reads the first entries that are due.
pub(super) fn removed(conn: &mut Conn, limit: i64) -> Result<Vec<Removed>> {
    let now = db::now(conn)?.unix();
    let mut select = sql(
        conn.dialect(),
        "SELECT \"number\", \"collection\", \"record\", \"names\", \"tries\" FROM \"_removed_files\" WHERE \"due\" <= ",
    );
    select.bind(Value::Int(now));
    select.text(" ORDER BY \"due\", \"number\" LIMIT ");
    select.bind(Value::Int(limit));
    let columns = [
        ColumnType::Int,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Int,
    ];
    let rows = load(conn, select.cached(), &columns)?;
    Ok(rows.into_iter().filter_map(entry).collect())
}

fn entry(row: Vec<Value>) -> Option<Removed> {
    let [
        Value::Int(number),
        Value::Text(collection),
        Value::Text(record),
        Value::Text(names),
        Value::Int(tries),
    ] = <[Value; 5]>::try_from(row).ok()?
    else {
        return None;
    };
    Some(Removed {
        number,
        collection,
        record,
        names: serde_json::from_str(&names).unwrap_or_else(|_| vec![names]),
        tries,
    })
}

/// Postpones an entry by `pause` seconds, with the names that remain.
pub(super) fn postpone(conn: &mut Conn, entry: &Removed, pause: i64) -> Result<()> {
    let due = db::now(conn)?.unix() + pause;
    let mut update = sql(
        conn.dialect(),
        "UPDATE \"_removed_files\" SET \"tries\" = \"tries\" + 1, \"due\" = ",
    );
    update.bind(Value::Int(due));
    let names = serde_json::Value::from(entry.names.clone()).to_string();
    update.text(", \"names\" = ").bind(Value::Text(names));
    update
        .text(" WHERE \"number\" = ")
        .bind(Value::Int(entry.number));
    execute(conn, update.cached())?;
    Ok(())
}

/// Deletes entries whose files are gone.
pub(super) fn forget(conn: &mut Conn, numbers: &[i64]) -> Result<()> {
    for number in numbers {
        let mut delete = sql(
            conn.dialect(),
            "DELETE FROM \"_removed_files\" WHERE \"number\" = ",
        );
        delete.bind(Value::Int(*number));
        execute(conn, delete.cached())?;
    }
    Ok(())
}

/// Returns the id of the record that owns a file which a view shows; checks `likely` first.
pub(super) fn holder(
    conn: &mut Conn,
    collection: &Collection,
    column: &Column,
    name: &str,
    likely: &str,
) -> Result<Option<String>> {
    let dialect = conn.dialect();
    let is_list = column.storage == ColumnType::Json;
    for likely in [Some(likely), None] {
        let mut select = sql(dialect, "SELECT \"id\"");
        rows::from(&mut select, collection, Sql::new(dialect));
        let name = dialect.typed(Value::from(name), ColumnType::Text);
        let names = if is_list {
            dialect.list_contains(&rows::alias(), &column.ident, name)
        } else {
            dialect::column_equals(&rows::alias(), &column.ident, name)
        };
        select.text(" WHERE ").append(names);
        if let Some(likely) = likely {
            select.text(" AND \"id\" = ").bind(Value::from(likely));
        }
        select.text(" LIMIT 1");
        let found = load(conn, select, &[ColumnType::Text])?;
        if let Some([Value::Text(id)]) = found.first().map(Vec::as_slice) {
            return Ok(Some(id.clone()));
        }
    }
    Ok(None)
}

/// Returns the names of the files of these records.
pub(super) fn named(
    conn: &mut Conn,
    collection: &Collection,
    ids: &[String],
) -> Result<Vec<(String, String)>> {
    let mut named = Vec::new();
    for column in collection.columns.iter().filter(|column| is_file(column)) {
        let mut select = sql(conn.dialect(), "SELECT \"id\", ");
        select.read(&rows::alias(), &column.ident, column.storage);
        rows::from(&mut select, collection, Sql::new(conn.dialect()));
        select.text(" WHERE \"id\"");
        rows::in_list(&mut select, ids);
        for row in load(conn, select, &[ColumnType::Text, column.storage])? {
            if let [Value::Text(id), names] = &row[..] {
                named.extend(
                    fields::items(names)
                        .into_iter()
                        .map(|name| (id.clone(), name)),
                );
            }
        }
    }
    Ok(named)
}
