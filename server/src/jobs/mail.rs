//! Jobs of kind `mail`.

use serde_json::{Map, Value as Json};

use super::Outcome;
use super::payload::Payload;
use crate::app::{App, Effort};
use crate::db::Conn;
use crate::error::Result as Fallible;
use crate::mail::{self, NewMail};
use crate::queue::MAILS;

/// The most bytes of a body.
const MAX_BODY: usize = 256 << 10;

/// Reads `{to, subject, html, text}`.
pub(super) fn parse(payload: &Map<String, Json>) -> Result<NewMail, String> {
    let payload = Payload::new(payload, &["to", "subject", "html", "text"])?;
    let to = payload.required("to", 1000)?;
    if mail::address(to).is_none() {
        return Err("to: Must be one address, such as ann@example.com.".to_owned());
    }
    let subject = payload.required("subject", 998)?;
    if subject.chars().any(char::is_control) {
        return Err("subject: Must be one line.".to_owned());
    }
    let (html, text) = (
        payload.text("html", MAX_BODY)?,
        payload.text("text", MAX_BODY)?,
    );
    if html.is_empty() && text.is_empty() {
        return Err("text: There must be a text, or html.".to_owned());
    }
    Ok(NewMail {
        to: to.to_owned(),
        subject: subject.to_owned(),
        html: html.to_owned(),
        text: text.to_owned(),
        kind: "job",
        account: None,
    })
}

/// Inserts the mail into the outbox.
pub(super) async fn run(app: &App, mail: NewMail) -> Outcome {
    let output = format!("The mail to {} is in the outbox.", mail.to);
    let enqueue = move |conn: &mut Conn, _| mail::enqueue(conn, &mail);
    let enqueued: Fallible<()> = match MAILS.grant(&app.schema.current(), app.clock.now()) {
        Ok(grant) => app.write(grant, Effort::Long, enqueue).await,
        Err(error) => Err(error),
    };
    match enqueued {
        Ok(()) => Ok(output),
        Err(error) => Err(format!("The mail cannot be queued: {error}")),
    }
}
