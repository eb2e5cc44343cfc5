//! The SQL of records.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use plinth_sdk::types::Field;

use crate::budget::Room;
use crate::db::{
    ColumnType, Conn, Dialect, Each, Ident, Rows, Sql, Value, ValueRef, coordination, each,
    execute, first_int, load, owned, sql,
};
use crate::error::{Error, GENERIC, Result};
use crate::events::{self, Kind};
use crate::fields;
use crate::files::store as files;
use crate::filter::{Condition, Expression, conjunction};
use crate::json;
use crate::policy::{Action, Grant, Part, Reach, system};
use crate::request::Caller;
use crate::schema::{Collection, Record, Reveal, version};

pub use crate::db::Lock;
pub use crate::schema::rows::{alias, count_existing, from, in_list};

/// How many records are read at once before they are deleted.
const READ_BEFORE_DELETE: usize = 50;

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

/// Whether the grant covers a record that is not stored yet. If it does, ties the grant to the record, so that it may be
/// inserted.
pub fn may_insert(conn: &mut Conn, grant: &mut Grant, record: &Record) -> Result<bool> {
    let is_covered = would_be_granted(conn, grant, record)?;
    if is_covered {
        grant.mark_covered(record)?;
    }
    Ok(is_covered)
}

/// Whether the grant covers a record that is not stored yet.
pub fn would_be_granted(conn: &mut Conn, grant: &Grant, record: &Record) -> Result<bool> {
    grant.check_collection(record)?;
    let dialect = conn.dialect();
    let (resolver, condition) = grant.narrow(dialect, alias())?;
    let (joins, condition) = resolver.emit(condition);
    holds_for(conn, record, joins, condition)
}

/// Whether the grant covers a record with these values, stored or not, and the client's filter matches it.
pub fn would_be_found(
    conn: &mut Conn,
    grant: &Grant,
    record: &Record,
    filter: Option<&Expression>,
) -> Result<bool> {
    grant.check_collection(record)?;
    let dialect = conn.dialect();
    let (mut resolver, rule) = grant.narrow(dialect, alias())?;
    let mut conditions = vec![rule];
    if let Some(filter) = filter {
        let condition = resolver.condition(filter, grant.trust());
        conditions.push(condition.map_err(|_| Error::invalid(GENERIC))?);
    }
    let (joins, condition) = resolver.emit(Condition::all(conditions));
    holds_for(conn, record, joins, condition)
}

/// Whether the decision about a record, its visible fields or the filter depends on other rows.
pub fn reads_other_rows(
    conn: &mut Conn,
    grant: &Grant,
    filter: Option<&Expression>,
) -> Result<bool> {
    let (mut resolver, _) = grant.narrow(conn.dialect(), alias())?;
    if let Some(filter) = filter {
        let condition = resolver.condition(filter, grant.trust());
        condition.map_err(|_| Error::invalid(GENERIC))?;
    }
    if let Some(sight) = grant.sight()? {
        for part in sight.parts() {
            sight.part_condition(&part, &mut resolver);
        }
    }
    Ok(resolver.reads_other_rows())
}

/// Whether the caller may manage an account that is not stored yet.
pub fn would_be_managed(conn: &mut Conn, grant: &Grant, record: &Record) -> Result<bool> {
    grant.check_collection(record)?;
    let dialect = conn.dialect();
    let (resolver, condition) = grant.manages(dialect, alias())?;
    let (joins, condition) = resolver.emit(condition);
    holds_for(conn, record, joins, condition)
}

/// Evaluates the clauses of a decision for stored records. Returns those that hold, by the ids of the records.
pub fn parts(
    conn: &mut Conn,
    grant: &Grant,
    reach: &Reach,
    ids: &[String],
) -> Result<HashMap<String, Vec<Part>>> {
    let dialect = conn.dialect();
    let parts = reach.parts();
    let mut select = sql(dialect, "SELECT ");
    select.column(&alias(), &Ident::new("id"));
    select_parts(&mut select, grant, reach, &parts);
    from(&mut select, grant.collection(), Sql::new(dialect));
    select.text(" WHERE ").column(&alias(), &Ident::new("id"));
    in_list(&mut select, ids);
    let mut storages = vec![ColumnType::Int; parts.len()];
    storages.insert(0, ColumnType::Text);
    let rows = load(conn, select, &storages)?;
    Ok(rows
        .into_iter()
        .map(|mut row| {
            let holds = row.split_off(1);
            (first_text(row).unwrap_or_default(), held(&parts, &holds))
        })
        .collect())
}

/// Evaluates the clauses of a decision for a record with the values that it has here.
pub fn parts_of(
    conn: &mut Conn,
    grant: &Grant,
    reach: &Reach,
    record: &Record,
) -> Result<Vec<Part>> {
    grant.check_collection(record)?;
    let dialect = conn.dialect();
    let parts = reach.parts();
    let mut select = sql(dialect, "SELECT ");
    select.whole("1");
    select_parts(&mut select, grant, reach, &parts);
    select.text(" FROM (").append(literals(dialect, record));
    select.text(") AS ").ident(&alias());
    let rows = load(conn, select, &vec![ColumnType::Int; parts.len() + 1])?;
    let row = rows.into_iter().next().unwrap_or_default();
    Ok(held(&parts, row.get(1..).unwrap_or_default()))
}

/// Selects a column for each clause: 1 where it holds.
fn select_parts(select: &mut Sql, grant: &Grant, reach: &Reach, parts: &[Part]) {
    let dialect = select.dialect();
    for part in parts {
        let mut resolver = grant.resolver(dialect, alias());
        let condition = reach.part_condition(part, &mut resolver);
        let (before, after) = dialect.whole_number();
        select.text(", ").text(before).text("CASE WHEN ");
        select.append(condition.into_sql(dialect));
        select.text(" THEN 1 ELSE 0 END").text(after);
    }
}

fn held(parts: &[Part], holds: &[Value]) -> Vec<Part> {
    let parts = parts.iter().zip(holds);
    let parts = parts.filter(|(_, holds)| **holds == Value::Int(1));
    parts.map(|(part, _)| part.clone()).collect()
}

/// Returns a `SELECT` of the record's values, which need not be stored.
fn literals(dialect: Dialect, record: &Record) -> Sql {
    let mut row = sql(dialect, "SELECT ");
    for (index, column) in record.collection.columns.iter().enumerate() {
        if index > 0 {
            row.text(", ");
        }
        let value = record.values[index].clone();
        row.append(dialect.as_stored(value, column.storage));
        row.text(" AS ").ident(&column.ident);
    }
    row
}

/// Whether a condition holds for a record with the values that it has here, stored or not.
pub(crate) fn holds_for(
    conn: &mut Conn,
    record: &Record,
    joins: Sql,
    condition: Condition,
) -> Result<bool> {
    let dialect = conn.dialect();
    let parts = match condition {
        Condition::True => return Ok(true),
        Condition::False => return Ok(false),
        Condition::All(parts) => parts,
    };
    let mut select = sql(dialect, "SELECT ");
    select.whole("1").text(" FROM (");
    select.append(literals(dialect, record));
    select.text(") AS ").ident(&alias()).append(joins);
    select.text(" WHERE ").append(conjunction(dialect, parts));
    Ok(!load(conn, select, &[ColumnType::Int])?.is_empty())
}

/// Returns those of the accounts that the caller may manage.
pub fn managed(conn: &mut Conn, grant: &Grant, ids: &[String]) -> Result<HashSet<String>> {
    let dialect = conn.dialect();
    let (resolver, condition) = grant.manages(dialect, alias())?;
    let (joins, condition) = resolver.emit(condition);
    let parts = match condition {
        Condition::True => return Ok(ids.iter().cloned().collect()),
        Condition::False => return Ok(HashSet::new()),
        Condition::All(parts) => parts,
    };
    let mut select = sql(dialect, "SELECT ");
    select.column(&alias(), &Ident::new("id"));
    from(&mut select, grant.collection(), joins);
    select.text(" WHERE ").column(&alias(), &Ident::new("id"));
    in_list(&mut select, ids);
    select.text(" AND ").append(conjunction(dialect, parts));
    let rows = load(conn, select, &[ColumnType::Text])?;
    Ok(rows.into_iter().filter_map(first_text).collect())
}

/// Returns the visibility that all records have for the caller; `None` if it depends on their values.
pub fn reveal_of_all(grant: &Grant) -> Result<Option<Reveal>> {
    if grant.request.caller.is_superuser() {
        return Ok(Some(Reveal {
            hidden: true,
            email: true,
            fields: None,
        }));
    }
    let depends = grant.collection().is_auth() || grant.sight()?.is_some();
    Ok((!depends).then(Reveal::default))
}

/// Sets each record's visibility for the caller.
pub fn reveal(conn: &mut Conn, grant: &Grant, records: &mut [Record]) -> Result<()> {
    for record in &*records {
        grant.check_collection(record)?;
    }
    if let Some(reveal) = reveal_of_all(grant)? {
        for record in records {
            record.reveal = reveal.clone();
        }
        return Ok(());
    }
    if let Some(sight) = grant.sight()?
        && !records.is_empty()
    {
        let mut held = parts(conn, grant, &sight, &ids(records))?;
        for record in &mut *records {
            let held = held.remove(record.id()).unwrap_or_default();
            record.reveal.fields = Some(sight.fields(&held));
        }
    }
    if !grant.collection().is_auth() || records.is_empty() {
        return Ok(());
    }
    let managed = managed(conn, grant, &ids(records))?;
    for record in records {
        record.reveal.email = is_own(grant, record) || managed.contains(record.id());
    }
    Ok(())
}

/// Sets a record's visibility for the caller by the values that it has here, whatever is stored.
pub fn reveal_as_it_is(conn: &mut Conn, grant: &Grant, record: &mut Record) -> Result<()> {
    grant.check_collection(record)?;
    if let Some(reveal) = reveal_of_all(grant)? {
        record.reveal = reveal;
        return Ok(());
    }
    if let Some(sight) = grant.sight()? {
        let held = parts_of(conn, grant, &sight, record)?;
        record.reveal.fields = Some(sight.fields(&held));
    }
    if grant.collection().is_auth() {
        record.reveal.email = is_own(grant, record) || would_be_managed(conn, grant, record)?;
    }
    Ok(())
}

/// Whether the record is the caller's account.
fn is_own(grant: &Grant, record: &Record) -> bool {
    match &grant.request.caller {
        Caller::Guest => false,
        Caller::Account(account) => {
            account.record.id() == record.id()
                && account.record.collection.def.id == record.collection.def.id
        }
    }
}

fn ids(records: &[Record]) -> Vec<String> {
    let ids = records.iter().map(|record| record.id().to_owned());
    ids.collect()
}

/// Inserts a record.
pub fn insert(conn: &mut Conn, grant: &Grant, record: &Record) -> Result<()> {
    grant.check_write(Action::Create, record)?;
    let dialect = conn.dialect();
    let collection = &record.collection;
    let mut insert = sql(dialect, "INSERT INTO ");
    insert.ident(&collection.table).text(" (");
    for (index, column) in collection.columns.iter().enumerate() {
        if index > 0 {
            insert.text(", ");
        }
        insert.ident(&column.ident);
    }
    insert.text(") VALUES (");
    for (index, value) in record.values.iter().enumerate() {
        if index > 0 {
            insert.text(", ");
        }
        insert.append(dialect.typed(value.clone(), collection.columns[index].storage));
    }
    insert.text(")");
    execute(conn, insert.cached())?;
    events::record(conn, Kind::Create, record)
}

/// Updates the columns in which `record` differs from `stored`.
pub fn update(conn: &mut Conn, grant: &Grant, stored: &Record, record: &Record) -> Result<()> {
    grant.check_write(Action::Update, stored)?;
    grant.check_write(Action::Update, record)?;
    if stored.id() != record.id() {
        return Err(Error::internal(anyhow::anyhow!("an update keeps the id")));
    }
    let dialect = conn.dialect();
    let collection = &record.collection;
    let mut update = sql(dialect, "UPDATE ");
    update.ident(&collection.table).text(" SET ");
    let mut changes = 0;
    for (index, column) in collection.columns.iter().enumerate() {
        if record.values[index] == stored.values[index] {
            continue;
        }
        if changes > 0 {
            update.text(", ");
        }
        changes += 1;
        update.ident(&column.ident).text(" = ");
        update.append(dialect.typed(record.values[index].clone(), column.storage));
    }
    if changes > 0 {
        update
            .text(" WHERE \"id\" = ")
            .bind(Value::from(stored.id()));
        execute(conn, update)?;
        files::released(conn, stored, record)?;
    }
    events::record(conn, Kind::Update, record)
}

/// Deletes records of the grant's collection.
pub fn delete(conn: &mut Conn, grant: &Grant, ids: &[String]) -> Result<()> {
    for id in ids {
        grant.check_write_of(Action::Delete, id)?;
    }
    let collection = grant.collection();
    for some in ids.chunks(READ_BEFORE_DELETE) {
        if !coordination::has_listeners(conn)? {
            break;
        }
        let why = "who follows the records hears of what they were";
        let unruled = system(grant.schema(), collection, grant.request.clone(), why);
        for record in find_all(conn, &unruled, some)? {
            events::record(conn, Kind::Delete, &record)?;
        }
    }
    files::release(conn, collection, Some(ids))?;
    let mut delete = sql(conn.dialect(), "DELETE FROM ");
    delete.ident(&collection.table).text(" WHERE \"id\"");
    in_list(&mut delete, ids);
    execute(conn, delete.cached())?;
    Ok(())
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

fn first_text(row: Vec<Value>) -> Option<String> {
    match row.into_iter().next() {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}
