//! The SQL of queues. All times are the database's, since the clocks of several machines differ.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Backlog, Changes, Expiry, Queue};
use crate::clock::Timestamp;
use crate::db::{self, ColumnType, Conn, Dialect, Ident, Sql, Value, execute, load, sql};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::policy::Grant;
use crate::records::store::{self as records, Lock};
use crate::schema::{Collection, Record};

/// A claim of rows by a worker.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The name of the worker, which no other worker has.
    pub owner: String,
    /// The time of the claim.
    pub now: Timestamp,
    /// When its lease expires.
    pub until: Timestamp,
}

/// Returns whether there is a row to claim, or a lease that expired.
pub fn has_due(conn: &mut Conn, queue: &Queue) -> Result<bool> {
    let now = db::now(conn)?;
    let dialect = conn.dialect();
    let mut select = sql(dialect, "SELECT ");
    select.whole("1").text(" FROM ");
    from(&mut select, queue).text(" WHERE (");
    select.append(is_due(dialect, queue, now)).text(") OR (");
    select.append(is_expired(dialect, queue, now));
    select.text(") LIMIT 1");
    Ok(!load(conn, select.cached(), &[ColumnType::Int])?.is_empty())
}

/// Claims at most `limit` rows for which `condition` holds too, the oldest first. Rows that another process is claiming
/// at the same time are left to it.
pub fn claim(
    conn: &mut Conn,
    queue: &Queue,
    collection: &Arc<Collection>,
    claim: &Claim,
    condition: Option<Sql>,
    limit: usize,
) -> Result<Vec<Record>> {
    let dialect = conn.dialect();
    let mut due = sql(
        dialect,
        "WITH \"due\" AS MATERIALIZED (SELECT \"r\".\"id\" FROM ",
    );
    from(&mut due, queue).text(" WHERE ((");
    due.append(is_due(dialect, queue, claim.now));
    if queue.expiry == Expiry::Reclaim {
        due.text(") OR (")
            .append(is_expired(dialect, queue, claim.now));
    }
    due.text("))");
    if let Some(condition) = condition {
        due.text(" AND ").append(condition);
    }
    due.text(" ORDER BY \"r\".\"_rowid_\" LIMIT ");
    due.bind(Value::Int(i64::try_from(limit).unwrap_or(i64::MAX)));
    due.append(dialect.lock(&records::alias(), Lock::Claim));
    due.text(") ");
    let mut set = vec![
        (queue.state, Value::from(queue.claimed)),
        ("lease", Value::Text(claim.until.to_string())),
    ];
    if let Some(owner) = queue.owner {
        set.push((owner, Value::from(claim.owner.as_str())));
    }
    if let Some(started) = queue.started {
        set.push((started, Value::Text(claim.now.to_string())));
    }
    let mut update = due;
    update.append(update_of(dialect, queue, claim.now, set));
    if let Some(attempts) = queue.attempts {
        let attempts = Ident::new(attempts);
        update.text(", ").ident(&attempts).text(" = ");
        update.ident(&attempts).text(" + 1");
    }
    update.text(" WHERE \"id\" IN (SELECT \"id\" FROM \"due\")");
    let mut claimed = update_returning(conn, queue, collection, update)?;
    // Rows come back in no order.
    claimed.sort_by(|a, b| a.text("created").cmp(b.text("created")));
    Ok(claimed)
}

/// Extends the lease of these rows, and returns the ids of those that the worker still has.
pub fn renew(
    conn: &mut Conn,
    queue: &Queue,
    collection: &Arc<Collection>,
    claim: &Claim,
    ids: &[String],
) -> Result<HashSet<String>> {
    let dialect = conn.dialect();
    let lease = vec![("lease", Value::Text(claim.until.to_string()))];
    let mut update = update_of(dialect, queue, claim.now, lease);
    update.text(" WHERE \"id\"");
    records::in_list(&mut update, ids);
    has_token(&mut update, queue, &claim.owner);
    let kept = update_returning(conn, queue, collection, update)?;
    Ok(kept.iter().map(|record| record.id().to_owned()).collect())
}

/// Moves a claimed row into another state: a final one, or back to waiting. Returns whether the claim still held; if it
/// did not, another worker has the row or has completed it, and nothing changes.
pub fn complete(
    conn: &mut Conn,
    queue: &Queue,
    claimed: &Record,
    state: &str,
    set: Vec<(&'static str, Value)>,
    now: Timestamp,
) -> Result<bool> {
    let mut all = vec![
        (queue.state, Value::from(state)),
        ("lease", Value::from("")),
    ];
    all.extend(set);
    let mut update = update_of(conn.dialect(), queue, now, all);
    update
        .text(" WHERE \"id\" = ")
        .bind(Value::from(claimed.id()));
    has_token(&mut update, queue, claimed.text(queue.fence));
    let changed = match queue.changes {
        Changes::Silent => execute(conn, update.cached())?,
        Changes::Published => update_returning(conn, queue, &claimed.collection, update)?.len(),
    };
    Ok(changed > 0)
}

/// Moves due rows that match `condition` from waiting into a final state, and returns their number.
pub fn cancel(
    conn: &mut Conn,
    queue: &Queue,
    grant: &Grant,
    condition: Sql,
    state: &str,
    set: Vec<(&'static str, Value)>,
    now: Timestamp,
) -> Result<usize> {
    let dialect = conn.dialect();
    let mut found = sql(
        dialect,
        "WITH \"due\" AS MATERIALIZED (SELECT \"r\".\"id\" FROM ",
    );
    from(&mut found, queue).text(" WHERE ");
    found.append(is_due(dialect, queue, now));
    found.text(" AND ").append(condition);
    found.append(dialect.lock(&records::alias(), Lock::Claim));
    found.text(") ");
    let mut update = found;
    let mut all = vec![(queue.state, Value::from(state))];
    all.extend(set);
    update.append(update_of(dialect, queue, now, all));
    update.text(" WHERE \"id\" IN (SELECT \"id\" FROM \"due\")");
    Ok(update_returning(conn, queue, grant.collection(), update)?.len())
}

/// Which claims are over though their worker has not completed them.
#[derive(Clone, Copy, Debug)]
pub enum Abandoned<'a> {
    /// Those whose lease has expired.
    Expired,
    /// All of a worker that stops.
    OwnedBy(&'a str),
}

/// Returns at most `limit` abandoned rows, which stay locked until the end of the transaction.
pub fn abandoned(
    conn: &mut Conn,
    queue: &Queue,
    collection: &Arc<Collection>,
    which: Abandoned<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Record>> {
    let dialect = conn.dialect();
    let mut rest = Sql::new(dialect).cached();
    from(rest.text(" FROM "), queue).text(" WHERE ");
    match which {
        Abandoned::Expired => {
            rest.append(is_expired(dialect, queue, now));
        }
        Abandoned::OwnedBy(owner) => {
            rest.column(&records::alias(), &Ident::new(queue.state));
            rest.text(" = ").bind(Value::from(queue.claimed));
            rest.text(" AND ");
            rest.column(&records::alias(), &Ident::new(queue.fence));
            rest.text(" = ").bind(Value::from(owner));
        }
    }
    rest.text(" ORDER BY \"r\".\"_rowid_\" LIMIT ");
    rest.bind(Value::Int(i64::try_from(limit).unwrap_or(i64::MAX)));
    rest.append(dialect.lock(&records::alias(), Lock::Claim));
    records::select(conn, collection, rest)
}

/// The number of rows in a backlog, and the age of the oldest in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depth {
    /// The number of rows.
    pub count: i64,
    /// The age of the oldest, in seconds.
    pub oldest: f64,
}

/// Measures the backlog of a queue.
pub fn depth(conn: &mut Conn, queue: &Queue, now: Timestamp) -> Result<Depth> {
    let dialect = conn.dialect();
    let mut select = sql(dialect, "SELECT ");
    select.whole("count(*)").text(", min(");
    select.text(match queue.backlog {
        Backlog::Due => "\"notBefore\"",
        Backlog::Unfinished => "\"created\"",
    });
    from(select.text(") FROM "), queue).text(" WHERE ");
    match queue.backlog {
        Backlog::Due => {
            select.append(is_due(dialect, queue, now));
        }
        Backlog::Unfinished => {
            select.column(&records::alias(), &Ident::new(queue.state));
            select.text(" IN (").bind(Value::from(queue.waiting));
            select.text(", ").bind(Value::from(queue.claimed));
            select.text(")");
        }
    }
    let rows = load(conn, select.cached(), &[ColumnType::Int, ColumnType::Text])?;
    Ok(match rows.first().map(Vec::as_slice) {
        Some([Value::Int(count), Value::Text(oldest)]) => Depth {
            count: *count,
            oldest: age(now, oldest).unwrap_or_default(),
        },
        _ => Depth::default(),
    })
}

/// The seconds since a stored time; `None` if it is not one.
pub fn age(now: Timestamp, stored: &str) -> Option<f64> {
    let age = now - Timestamp::parse(stored)?;
    Some(age.as_secs_f64().max(0.0))
}

/// `<table> AS "r"`
fn from<'a>(out: &'a mut Sql, queue: &Queue) -> &'a mut Sql {
    out.ident(&Ident::new(queue.collection));
    out.text(" AS ").ident(&records::alias())
}

/// The condition that a row waits and its time has come.
fn is_due(dialect: Dialect, queue: &Queue, now: Timestamp) -> Sql {
    let mut out = Sql::new(dialect);
    out.column(&records::alias(), &Ident::new(queue.state));
    out.text(" = ").bind(Value::from(queue.waiting));
    out.text(" AND \"r\".\"notBefore\" <= ");
    out.bind(Value::Text(now.to_string()));
    out
}

/// The condition that a row is claimed and its lease has expired.
fn is_expired(dialect: Dialect, queue: &Queue, now: Timestamp) -> Sql {
    let mut out = Sql::new(dialect);
    out.column(&records::alias(), &Ident::new(queue.state));
    out.text(" = ").bind(Value::from(queue.claimed));
    out.text(" AND \"r\".\"lease\" <= ");
    out.bind(Value::Text(now.to_string()));
    out
}

/// ` AND <state> = <claimed> AND <fence> = <token>`
fn has_token(out: &mut Sql, queue: &Queue, token: &str) {
    out.text(" AND ").ident(&Ident::new(queue.state));
    out.text(" = ").bind(Value::from(queue.claimed));
    out.text(" AND ").ident(&Ident::new(queue.fence));
    out.text(" = ").bind(Value::from(token));
}

/// `UPDATE <table> SET …`
fn update_of(
    dialect: Dialect,
    queue: &Queue,
    now: Timestamp,
    set: Vec<(&'static str, Value)>,
) -> Sql {
    let mut update = sql(dialect, "UPDATE ");
    update.ident(&Ident::new(queue.collection));
    update.text(" SET \"updated\" = ");
    update.bind(Value::Text(now.to_string()));
    for (column, value) in set {
        update.text(", ").ident(&Ident::new(column));
        update.text(" = ").bind(value);
    }
    update
}

/// Runs an update, and returns the rows as they are now.
fn update_returning(
    conn: &mut Conn,
    queue: &Queue,
    collection: &Arc<Collection>,
    update: Sql,
) -> Result<Vec<Record>> {
    let mut update = update;
    let (columns, storages) = collection.selection(conn.dialect(), &collection.table);
    update.text(" RETURNING ").append(columns);
    let rows = load(conn, update.cached(), &storages)?;
    let records = records::records(collection, rows);
    if queue.changes == Changes::Published {
        for record in &records {
            events::record(conn, Kind::Update, record)?;
        }
    }
    Ok(records)
}
