//! The SQL of the outbox.

use std::time::Duration;

use super::NewMail;
use crate::clock::Moment;
use crate::db::{self, Conn, Engine, Sql, Storage, Value, execute, load, sql};
use crate::error::Result;
use crate::random;

/// A mail that this process has taken to send, until its lease runs out.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    pub(super) id: String,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) html: String,
    pub(super) text: String,
    /// How often it was tried, this time included.
    pub(super) attempts: i64,
    /// Until when it is ours; also by what we know that it still is.
    pub(super) lease: String,
}

/// What becomes of a mail.
#[derive(Debug)]
pub(super) enum Outcome {
    Sent,
    /// Tried again after that time.
    Retried(Duration, String),
    Failed(String),
    /// There is no mail server.
    Kept,
}

impl Outcome {
    /// What it is called among the metrics.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Retried(..) => "retried",
            Self::Failed(_) => "failed",
            Self::Kept => "kept",
        }
    }
}

/// Adds a mail that waits to be sent.
pub(super) fn insert(conn: &mut Conn, mail: &NewMail, now: Moment) -> Result<()> {
    let (collection, record) = mail.account.clone().unwrap_or_default();
    let now = now.to_string();
    let mut insert = sql(
        conn.engine(),
        "INSERT INTO \"_mails\" (\"id\", \"to\", \"subject\", \"html\", \"text\", \"kind\", \"collectionRef\", \
         \"recordRef\", \"status\", \"created\", \"updated\") VALUES (",
    );
    let values = [
        random::id(),
        mail.to.clone(),
        mail.subject.clone(),
        mail.html.clone(),
        mail.text.clone(),
        mail.kind.to_owned(),
        collection,
        record,
        "waiting".to_owned(),
        now.clone(),
        now,
    ];
    for (index, value) in values.into_iter().enumerate() {
        insert.text(if index > 0 { ", " } else { "" });
        insert.bind(Value::Text(value));
    }
    insert.text(")");
    execute(conn, insert.cached())?;
    Ok(())
}

/// Whether a mail of this kind was written to the account since then.
pub(super) fn was_written(
    conn: &mut Conn,
    (collection, record): (&str, &str),
    kind: &str,
    since: Moment,
) -> Result<bool> {
    let mut select = sql(
        conn.engine(),
        "SELECT CAST(1 AS BIGINT) FROM \"_mails\" WHERE \"created\" > ",
    );
    select.bind(Value::Text(since.to_string()));
    select.text(" AND \"kind\" = ").bind(Value::from(kind));
    let collection = Value::from(collection);
    select.text(" AND \"collectionRef\" = ").bind(collection);
    let record = Value::from(record);
    select.text(" AND \"recordRef\" = ").bind(record);
    Ok(!load(conn, select.cached(), &[Storage::Int])?.is_empty())
}

/// The ids of mails that should be sent now, the oldest first.
pub(super) fn due(conn: &mut Conn, limit: i64) -> Result<Vec<String>> {
    let now = db::now(conn)?;
    let mut select = sql(conn.engine(), "SELECT \"id\" FROM \"_mails\" WHERE ");
    select.append(is_due(conn.engine(), now));
    select
        .text(" ORDER BY \"_rowid_\" LIMIT ")
        .bind(Value::Int(limit));
    let rows = load(conn, select.cached(), &[Storage::Text])?;
    Ok(rows.into_iter().flatten().filter_map(text).collect())
}

/// Waiting, and its time has come; or somebody took it, and has not said for too long what became of it.
fn is_due(engine: Engine, now: Moment) -> Sql {
    let now = Value::Text(now.to_string());
    let mut out = sql(engine, "((\"status\" = 'waiting' AND \"notBefore\" <= ");
    out.bind(now.clone());
    out.text(") OR (\"status\" = 'sending' AND \"lease\" <= ");
    out.bind(now).text("))");
    out
}

/// Takes a mail for this long, unless another process was faster.
pub(super) fn claim(conn: &mut Conn, id: &str, long: Duration) -> Result<Option<Claimed>> {
    let now = db::now(conn)?;
    let lease = now.after(long).to_string();
    let mut update = sql(
        conn.engine(),
        "UPDATE \"_mails\" SET \"status\" = 'sending', \"attempts\" = \"attempts\" + 1, \"lease\" = ",
    );
    update.bind(Value::from(lease.as_str()));
    update.text(" WHERE \"id\" = ").bind(Value::from(id));
    update.text(" AND ").append(is_due(conn.engine(), now));
    if execute(conn, update.cached())? == 0 {
        return Ok(None);
    }
    let mut select = sql(
        conn.engine(),
        "SELECT \"to\", \"subject\", \"html\", \"text\", CAST(\"attempts\" AS BIGINT) FROM \"_mails\" WHERE \"id\" = ",
    );
    select.bind(Value::from(id));
    let columns = [
        Storage::Text,
        Storage::Text,
        Storage::Text,
        Storage::Text,
        Storage::Int,
    ];
    let row = load(conn, select.cached(), &columns)?.pop();
    let row: Option<[Value; 5]> = row.and_then(|row| row.try_into().ok());
    let Some([to, subject, html, body, attempts]) = row else {
        return Ok(None);
    };
    let attempts = if let Value::Int(attempts) = attempts {
        attempts
    } else {
        0
    };
    let part = |value| text(value).unwrap_or_default();
    Ok(Some(Claimed {
        id: id.to_owned(),
        to: part(to),
        subject: part(subject),
        html: part(html),
        text: part(body),
        attempts,
        lease,
    }))
}

/// Writes down what became of a mail, if it is still ours.
pub(super) fn finish(conn: &mut Conn, mail: &Claimed, outcome: &Outcome) -> Result<()> {
    let moment = db::now(conn)?;
    let now = moment.to_string();
    let (status, not_before, sent_at, error) = match outcome {
        Outcome::Sent => ("sent", "", now.as_str(), ""),
        Outcome::Retried(pause, why) => (
            "waiting",
            &*moment.after(*pause).to_string(),
            "",
            why.as_str(),
        ),
        Outcome::Failed(why) => ("failed", "", "", why.as_str()),
        Outcome::Kept => ("kept", "", "", ""),
    };
    let mut update = sql(conn.engine(), "UPDATE \"_mails\" SET \"status\" = ");
    update.bind(Value::from(status));
    for (column, value) in [
        (", \"notBefore\" = ", not_before),
        (", \"sentAt\" = ", sent_at),
        (", \"error\" = ", error),
        (", \"updated\" = ", now.as_str()),
    ] {
        update.text(column).bind(Value::from(value));
    }
    update.text(", \"lease\" = '' WHERE \"status\" = 'sending' AND \"id\" = ");
    update.bind(Value::from(mail.id.as_str()));
    update
        .text(" AND \"lease\" = ")
        .bind(Value::from(mail.lease.as_str()));
    execute(conn, update.cached())?;
    Ok(())
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) | Value::Json(_) => None,
    }
}
