//! The SQL of the outbox.

use super::NewMail;
use crate::clock::Moment;
use crate::db::{Conn, Value, execute, sql};
use crate::error::Result;
use crate::records::generate;

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
        generate::id(),
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
    execute(conn, &insert.cached())?;
    Ok(())
}
