//! The SQL of records: reads. The other files evaluate decisions, find what a reader sees, and write.

mod evaluate;
mod visibility;
mod write;

use std::sync::Arc;

use plinth_sdk::types::Field;

use crate::budget::Room;
use crate::db::{
    ColumnType, Conn, Dialect, Each, Ident, Rows, Sql, Value, ValueRef, each, first_int, load,
    owned, sql,
};
use crate::error::Result;
use crate::fields;
use crate::filter::{Condition, conjunction};
use crate::json;
use crate::policy::Grant;
use crate::schema::{Collection, Record, version};

pub use crate::db::Lock;
pub use crate::schema::rows::{alias, count_existing, from, in_list};
pub use evaluate::{
    holds_for, managed, may_insert, parts_of, reads_other_rows, would_be_found, would_be_granted,
    would_be_managed,
};
pub use visibility::{reveal, reveal_as_it_is, reveal_of_all};
pub use write::{delete, insert, update};

/// Returns the record with this id, if the grant covers it.
pub fn find(
    conn: &mut Conn,
    grant: &Grant,
    id: &str,
    lock: Option<Lock>,
) -> Result<Option<Record>> {
    // No stored text contains U+0000, and PostgreSQL does not even accept one in a comparison.
    if id.contains('\0') {
        return Ok(None);
    }
    let dialect = conn.dialect();
    let (resolver, condition) = grant.narrow(dialect, alias())?;
    let (joins, condition) = resolver.emit(condition);
    let mut rest = Sql::new(dialect);
    if condition.is_true() {
        rest = rest.cached();
    }
    from(&mut rest, grant.collection(), joins);
    rest.text(" WHERE ").column(&alias(), &Ident::new("id"));
    rest.text(" = ").bind(Value::from(id));
    match condition {
        Condition::True => {}
        Condition::False => return Ok(None),
        Condition::All(parts) => {
            rest.text(" AND ").append(conjunction(dialect, parts));
        }
    }
    if let Some(lock) = lock {
        rest.append(dialect.lock(&alias(), lock));
    }
    Ok(select(conn, grant.collection(), rest)?.pop())
}

/// Like [`find`], and ties the grant to the record, so that it may be written.
pub fn find_to_write(
    conn: &mut Conn,
    grant: &mut Grant,
    id: &str,
    lock: Option<Lock>,
) -> Result<Option<Record>> {
    let found = find(conn, grant, id, lock)?;
    if let Some(record) = &found {
        grant.mark_covered(record)?;
    }
    Ok(found)
}

/// Returns the records with these ids that the grant covers, in no particular order.
pub fn find_all(conn: &mut Conn, grant: &Grant, ids: &[String]) -> Result<Vec<Record>> {
    find_all_within(conn, grant, ids, &mut Room::unlimited())
}

/// Like the function above, while there is room for the records.
pub fn find_all_within(
    conn: &mut Conn,
    grant: &Grant,
    ids: &[String],
    room: &mut Room,
) -> Result<Vec<Record>> {
    let mut among = Sql::new(conn.dialect());
    among.column(&alias(), &Ident::new("id"));
    in_list(&mut among, ids);
    find_where_within(conn, grant, among.cached(), None, room)
}

/// Returns the records that meet the condition `extra` and that the grant covers, in the order of insertion.
pub fn find_where(
    conn: &mut Conn,
    grant: &Grant,
    extra: Sql,
    limit: Option<i64>,
) -> Result<Vec<Record>> {
    find_where_within(conn, grant, extra, limit, &mut Room::unlimited())
}

/// Like the function above, while there is room for the records.
pub fn find_where_within(
    conn: &mut Conn,
    grant: &Grant,
    extra: Sql,
    limit: Option<i64>,
    room: &mut Room,
) -> Result<Vec<Record>> {
    let dialect = conn.dialect();
    let (resolver, condition) = grant.narrow(dialect, alias())?;
    let (joins, condition) = resolver.emit(condition);
    let mut rest = Sql::new(dialect);
    if extra.is_cached() && condition.is_true() {
        rest = rest.cached();
    }
    from(&mut rest, grant.collection(), joins);
    rest.text(" WHERE ").append(extra);
    match condition {
        Condition::True => {}
        Condition::False => return Ok(Vec::new()),
        Condition::All(parts) => {
            rest.text(" AND ").append(conjunction(dialect, parts));
        }
    }
    if let Some(order) = own_order(dialect, grant.collection(), 0) {
        rest.text(" ORDER BY ").append(order);
    }
    if let Some(limit) = limit {
        rest.text(" LIMIT ").bind(Value::Int(limit));
    }
    select_within(conn, grant.collection(), rest, room)
}

/// Returns the records that a query finds; `rest` is the query after its list of columns.
pub fn select(conn: &mut Conn, collection: &Arc<Collection>, rest: Sql) -> Result<Vec<Record>> {
    select_within(conn, collection, rest, &mut Room::unlimited())
}

/// Like the function above, while there is room for the records.
fn select_within(
    conn: &mut Conn,
    collection: &Arc<Collection>,
    rest: Sql,
    room: &mut Room,
) -> Result<Vec<Record>> {
    let mut rows = Rows::new();
    select_each(conn, collection, rest, None, &mut |row| {
        if room.has(size_of(&row)) {
            rows.push(owned(row));
        }
    })?;
    room.check()?;
    Ok(records(collection, rows))
}

/// Estimates the memory of a row.
pub fn size_of(row: &[ValueRef<'_>]) -> usize {
    let size = |value: &ValueRef<'_>| match value {
        ValueRef::Text(text) | ValueRef::Json(text) => text.len() + size_of_val(value),
        ValueRef::Null | ValueRef::Number(_) | ValueRef::Int(_) | ValueRef::Bool(_) => {
            size_of_val(value)
        }
    };
    row.iter().map(size).sum()
}

/// Streams the rows of `SELECT <columns> <rest>` to `look` and returns their number. `beside` is a scalar subquery
/// that is selected as one more column (used for the total), which saves a round trip; the schema version is checked
/// the same way if the connection expects one.
pub fn select_each(
    conn: &mut Conn,
    collection: &Collection,
    rest: Sql,
    beside: Option<&Sql>,
    look: &mut Each<'_>,
) -> Result<(i64, Option<i64>)> {
    let dialect = conn.dialect();
    let mut select = sql(dialect, "SELECT ");
    if rest.is_cached() {
        select = select.cached();
    }
    let (columns, mut storages) = collection.selection(dialect, &alias());
    let width = storages.len();
    select.append(columns);
    let expected = conn.expected.map(|_| version::select(dialect));
    for number in [beside, expected.as_ref()].into_iter().flatten() {
        select.text(", (").append(number.clone()).text(")");
        storages.push(ColumnType::Int);
    }
    select.append(rest);
    let mut found = 0;
    let (mut number, mut current) = (None, None);
    each(conn, select, &storages, &mut |mut row| {
        let int_at = |index: usize| match row.get(index) {
            Some(ValueRef::Int(number)) => Some(*number),
            _ => None,
        };
        if beside.is_some() {
            number = int_at(width);
        }
        if expected.is_some() {
            current = int_at(storages.len() - 1);
        }
        found += 1;
        row.truncate(width);
        look(row);
    })?;
    if let Some(current) = current {
        version::compare(conn, current)?;
    }
    Ok((found, number))
}

/// Makes records of rows. A row of a view may lack values, and its JSON may have any format.
pub fn records(collection: &Arc<Collection>, rows: Rows) -> Vec<Record> {
    let settle = |(value, field): (Value, &Field)| match value {
        Value::Null => fields::zero(&field.kind),
        Value::Json(text) => Value::Json(json::normalise(&text).unwrap_or(text)),
        Value::Text(_) | Value::Number(_) | Value::Int(_) | Value::Bool(_) => value,
    };
    let record = |row: Vec<Value>| {
        let row = if collection.is_view() {
            let fields = &collection.def.fields;
            row.into_iter().zip(fields).map(settle).collect()
        } else {
            row
        };
        Record::new(Arc::clone(collection), row)
    };
    rows.into_iter().map(record).collect()
}

/// Returns the last sort key after `others` other ones: the order of insertion. A view has none; its rows are sorted by id,
/// unless its query sorts them or the engine reads them in the same order each time.
pub fn own_order(dialect: Dialect, collection: &Collection, others: usize) -> Option<Sql> {
    let is_sorted = dialect.has_stable_order() || (others == 0 && collection.is_ordered);
    let column = if !collection.is_view() {
        "_rowid_"
    } else if is_sorted {
        return None;
    } else {
        "id"
    };
    let mut out = Sql::new(dialect);
    out.column(&alias(), &Ident::new(column));
    Some(out)
}

/// Whether records with all of these ids exist.
pub fn are_stored(conn: &mut Conn, collection: &Collection, ids: &[String]) -> Result<bool> {
    let mut select = sql(conn.dialect(), "SELECT \"id\" FROM ");
    select.ident(&collection.table).text(" WHERE \"id\"");
    in_list(&mut select, ids);
    Ok(load(conn, select.cached(), &[ColumnType::Text])?.len() == ids.len())
}

/// Returns the number of a collection's records.
pub fn total(conn: &mut Conn, collection: &Collection) -> Result<i64> {
    if collection.is_view() {
        let mut count = sql(conn.dialect(), "SELECT count(*)");
        from(&mut count, collection, Sql::new(conn.dialect()));
        return first_int(&load(conn, count, &[ColumnType::Int])?);
    }
    let select = kept_total(conn.dialect(), collection);
    first_int(&load(conn, select.cached(), &[ColumnType::Int])?)
}

/// Returns the query for the number of a table's rows, which triggers keep.
pub fn kept_total(dialect: Dialect, collection: &Collection) -> Sql {
    let mut select = sql(dialect, "SELECT ");
    select.whole("COALESCE(SUM(\"total\"), 0)");
    select.text(" FROM \"_totals\" WHERE \"collection\" = ");
    select.bind(Value::Text(collection.def.id.clone()));
    select
}
