//! Evaluates decisions in SQL: for records that are stored, and for values that may become one.

use std::collections::{HashMap, HashSet};

use super::{alias, from, in_list};
use crate::db::{ColumnType, Conn, Dialect, Ident, Sql, Value, load, sql};
use crate::error::{Error, GENERIC, Result};
use crate::filter::{Condition, Expression, conjunction};
use crate::policy::{Grant, Part, Reach};
use crate::schema::Record;

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
pub(super) fn parts(
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
pub fn holds_for(
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

fn first_text(row: Vec<Value>) -> Option<String> {
    match row.into_iter().next() {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}
