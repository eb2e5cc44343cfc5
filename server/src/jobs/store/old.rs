//! What is removed when it is old.

use crate::clock::Moment;
use crate::db::{Conn, Sql, Storage, Value, load, sql};
use crate::error::Result;
use crate::policy::Grant;
use crate::records::store as records;

/// How many runs of a job stay however old they are, and how many however new.
const KEPT: [i64; 2] = [100, 1000];
/// How many records are removed in one transaction.
const BATCH: i64 = 500;

/// Removes mails that are done with and were written before a moment, and says how many: a few at a time.
pub(in crate::jobs) fn remove_old_mails(
    conn: &mut Conn,
    mails: &Grant,
    before: Moment,
) -> Result<usize> {
    let mut select = sql(
        conn.engine(),
        "SELECT \"id\" FROM \"_mails\" WHERE \"status\" IN ('sent', 'failed', 'kept') AND \"created\" < ",
    );
    select.bind(Value::from(before.to_string()));
    select
        .text(" ORDER BY \"id\" LIMIT ")
        .bind(Value::Int(BATCH));
    remove(conn, mails, select)
}

/// Removes runs that ended: of each job those from before a moment but for the last hundred, and all but the last
/// thousand. Says how many; a few at a time.
pub(in crate::jobs) fn remove_old_runs(
    conn: &mut Conn,
    runs: &Grant,
    before: Moment,
) -> Result<usize> {
    let [always, most] = KEPT;
    let mut select = sql(
        conn.engine(),
        "SELECT \"id\" FROM (SELECT \"id\", \"created\", \"outcome\", \
         ROW_NUMBER() OVER (PARTITION BY \"job\" ORDER BY \"due\" DESC, \"attempt\" DESC) AS \"place\" \
         FROM \"_jobRuns\") AS \"placed\" WHERE \"outcome\" NOT IN ('waiting', 'running') AND (\"place\" > ",
    );
    select.bind(Value::Int(most));
    select.text(" OR (\"place\" > ").bind(Value::Int(always));
    select
        .text(" AND \"created\" < ")
        .bind(Value::from(before.to_string()));
    select
        .text(")) ORDER BY \"id\" LIMIT ")
        .bind(Value::Int(BATCH));
    remove(conn, runs, select)
}

fn remove(conn: &mut Conn, grant: &Grant, select: Sql) -> Result<usize> {
    let rows = load(conn, select, &[Storage::Text])?;
    let ids: Vec<String> = rows
        .into_iter()
        .flatten()
        .filter_map(|value| match value {
            Value::Text(id) => Some(id),
            Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) | Value::Json(_) => {
                None
            }
        })
        .collect();
    if !ids.is_empty() {
        let collection = grant.collection().clone();
        records::delete(conn, grant, &collection, &ids)?;
    }
    Ok(ids.len())
}
