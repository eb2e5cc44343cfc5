//! Removes final rows that are old.

use std::time::Duration;

use super::Queue;
use crate::app::{App, Effort};
use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, Ident, Sql, Value, load, sql};
use crate::error::Result;
use crate::policy::Grant;
use crate::records::store as records;

/// How many rows are removed in one transaction, so that other writes need not wait for all of them.
const BATCH: i64 = 500;

/// Says which final rows of a queue are kept.
#[derive(Debug)]
pub struct Retention {
    /// How long a row is kept after it was created.
    pub max_age: Duration,
    /// Limits for the rows that have a value in common.
    pub per_group: Option<PerGroup>,
}

/// Limits for the rows that have a value in common.
#[derive(Debug)]
pub struct PerGroup {
    /// The column of the value.
    pub column: &'static str,
    /// The columns that order the rows of a group, the newest first.
    pub newest_first: [&'static str; 2],
    /// How many of the newest rows are kept however old they are.
    pub min_kept: i64,
    /// How many of the newest rows are kept at most.
    pub max_kept: i64,
}

/// Removes the rows that are not to be kept any longer, and returns their number.
pub async fn purge(app: &App, queue: &'static Queue) -> Result<usize> {
    let now = app.clock.now();
    let grant = queue.grant(&app.schema.current(), now)?;
    let mut total = 0;
    loop {
        let batch = move |conn: &mut Conn, grant: Grant| remove_batch(conn, queue, &grant, now);
        let count = app.write(grant.clone(), Effort::Long, batch).await?;
        total += count;
        if count == 0 {
            return Ok(total);
        }
    }
}

fn remove_batch(conn: &mut Conn, queue: &Queue, grant: &Grant, now: Timestamp) -> Result<usize> {
    let created_before = Value::Text((now - queue.retention.max_age).to_string());
    let mut select = sql(conn.dialect(), "SELECT \"id\" FROM ");
    match &queue.retention.per_group {
        None => {
            select.ident(&Ident::new(queue.collection)).text(" WHERE ");
            is_final(&mut select, queue);
            select.text(" AND \"created\" < ").bind(created_before);
        }
        Some(group) => {
            let [first, second] = group.newest_first.map(Ident::new);
            select.text("(SELECT \"id\", \"created\", ");
            select.ident(&Ident::new(queue.state));
            select.text(", ROW_NUMBER() OVER (PARTITION BY ");
            select.ident(&Ident::new(group.column)).text(" ORDER BY ");
            select.ident(&first).text(" DESC, ").ident(&second);
            select.text(" DESC) AS \"position\" FROM ");
            select.ident(&Ident::new(queue.collection));
            select.text(") AS \"numbered\" WHERE ");
            is_final(&mut select, queue);
            select.text(" AND (\"position\" > ");
            select.bind(Value::Int(group.max_kept));
            select.text(" OR (\"position\" > ");
            select.bind(Value::Int(group.min_kept));
            select.text(" AND \"created\" < ").bind(created_before);
            select.text("))");
        }
    }
    select
        .text(" ORDER BY \"id\" LIMIT ")
        .bind(Value::Int(BATCH));
    let rows = load(conn, select, &[ColumnType::Text])?;
    let ids: Vec<String> = rows.into_iter().flatten().filter_map(text).collect();
    if !ids.is_empty() {
        records::delete(conn, grant, &ids)?;
    }
    Ok(ids.len())
}

/// `<state> NOT IN (<waiting>, <claimed>)`
fn is_final(out: &mut Sql, queue: &Queue) {
    out.ident(&Ident::new(queue.state)).text(" NOT IN (");
    out.bind(Value::from(queue.waiting)).text(", ");
    out.bind(Value::from(queue.claimed)).text(")");
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) | Value::Json(_) => None,
    }
}
