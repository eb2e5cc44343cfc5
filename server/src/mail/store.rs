//! The SQL of the outbox that is not that of all queues: see [`crate::queue::store`].

use super::NewMail;
use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, Value, execute, load, sql};
use crate::error::Result;

/// Inserts a mail that waits to be sent.
pub(super) fn insert(conn: &mut Conn, mail: &NewMail, now: Timestamp) -> Result<()> {
    let (collection, record) = mail.account.clone().unwrap_or_default();
    let now = now.to_string();
    let mut insert = sql(
        conn.dialect(),
        "INSERT INTO \"_mails\" (\"id\", \"to\", \"subject\", \"html\", \"text\", \"kind\", \"collectionRef\", \
         \"recordRef\", \"status\", \"created\", \"updated\") VALUES (",
    );
    let values = [
        conn.random.id(),
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

/// Returns how many mails of this kind about the account were inserted after `since`.
pub(super) fn count_written(
    conn: &mut Conn,
    (collection, record): (&str, &str),
    kind: &str,
    since: Timestamp,
) -> Result<usize> {
    let mut select = sql(conn.dialect(), "SELECT ");
    select
        .whole("1")
        .text(" FROM \"_mails\" WHERE \"created\" > ");
    select.bind(Value::Text(since.to_string()));
    select.text(" AND \"kind\" = ").bind(Value::from(kind));
    let collection = Value::from(collection);
    select.text(" AND \"collectionRef\" = ").bind(collection);
    let record = Value::from(record);
    select.text(" AND \"recordRef\" = ").bind(record);
    Ok(load(conn, select.cached(), &[ColumnType::Int])?.len())
}
