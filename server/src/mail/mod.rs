//! Mail: an outbox in the database, and what sends it.
//!
//! A mail is a record of `_mails`, written in the transaction of what causes it. Start with [`enqueue`]; the
//! [`Outbox`] sends what waits.

mod header;
mod old;
mod outbox;
mod server;
mod smtp;
mod store;
pub mod template;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use lettre::message::Mailbox;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

pub use outbox::{Outbox, start};

use crate::clock::Moment;
use crate::config::Config;
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
use crate::random;
use crate::schema::Record;
use crate::settings;
use plinth_sdk::types::{FieldProblem, FieldProblems, MetaSettings};
use smtp::Smtp;
use store::Claimed;

/// A mail to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMail {
    /// The address, as `ann@example.com` or `Ann <ann@example.com>`.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The body as HTML; none when empty.
    pub html: String,
    /// The body as plain text; made of the HTML when empty.
    pub text: String,
    /// What it is about: `verification`, `password-reset`, `job`, …
    pub kind: &'static str,
    /// Whose account it is about, as the ids of collection and record.
    pub account: Option<(String, String)>,
}

/// The most bytes of a body.
const MAX_BODY: usize = 1_000_000;
/// The most characters of an address.
const MAX_ADDRESS: usize = 1000;
/// The most characters of a subject, which is what a line of a mail takes.
const MAX_SUBJECT: usize = 998;

/// How many mails may be on their way into the outbox.
const MAX_PENDING: u32 = 1024;

/// What mails say of this server, and the way to the mail server.
pub struct Mailer {
    /// What is said where nobody has set anything else; see [`crate::settings`].
    pub configured: MetaSettings,
    smtp: Option<Smtp>,
    timeout: Duration,
    pending: Arc<Semaphore>,
    runtime: Handle,
}

impl Mailer {
    /// Checks the settings about mail. Tasks that [`Mailer::later`] is given run where this is called.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let from = address(&config.mail_from)
            .context("the setting mail_from must be an address, such as Name <name@example.com>")?;
        if !(1..=3600).contains(&config.smtp_timeout_seconds) {
            anyhow::bail!("the setting smtp_timeout_seconds must be between 1 and 3600");
        }
        Ok(Self {
            configured: configured(config, &from)?,
            smtp: Smtp::new(config)?,
            timeout: Duration::from_secs(config.smtp_timeout_seconds),
            pending: Arc::new(Semaphore::new(MAX_PENDING as usize)),
            runtime: Handle::current(),
        })
    }

    /// Sends a mail at once, outside the outbox, or says why not. `None` when there is no mail server.
    pub async fn send_now(
        &self,
        meta: &MetaSettings,
        mail: &NewMail,
    ) -> Option<Result<(), String>> {
        let smtp = self.smtp.as_ref()?;
        let mail = Claimed {
            id: random::id(),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            html: mail.html.clone(),
            text: mail.text.clone(),
            attempts: 1,
            lease: String::new(),
        };
        Some(smtp.send(meta, &mail).await.map_err(|failure| failure.why))
    }

    /// Does `work`, which ends in [`enqueue`], after the request is answered: how long the answer takes tells
    /// nothing of it.
    pub fn later(&self, work: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
        let place = Arc::clone(&self.pending).try_acquire_owned();
        let place = place.map_err(|_| Error::Unavailable)?;
        self.runtime.spawn(async move {
            if let Err(error) = work.await {
                tracing::error!(%error, "a mail was asked for and cannot be written");
            }
            drop(place);
        });
        Ok(())
    }

    /// Waits until nothing of that is left.
    pub async fn idle(&self) {
        drop(self.pending.acquire_many(MAX_PENDING).await);
    }
}

fn configured(config: &Config, from: &Mailbox) -> anyhow::Result<MetaSettings> {
    let app_name = one_line(&config.app_name);
    Ok(MetaSettings {
        app_url: app_url(config)?,
        sender_name: from.name.clone().unwrap_or_else(|| app_name.clone()),
        sender_address: from.email.to_string(),
        app_name,
        ..MetaSettings::default()
    })
}

/// Who mails come from; `None` when that is no address.
pub fn sender(name: &str, address: &str) -> Option<Mailbox> {
    let name = one_line(name);
    Some(Mailbox::new(Some(name), address.parse().ok()?))
}

/// The address in links. It comes from the settings alone: a request's `Host` is whatever its sender likes.
fn app_url(config: &Config) -> anyhow::Result<String> {
    if config.app_url.is_empty() {
        let address = config.http.replace("0.0.0.0:", "localhost:");
        return Ok(format!("http://{}", address.replace("[::]:", "localhost:")));
    }
    if !settings::is_app_url(&config.app_url) {
        anyhow::bail!("the setting app_url must be a URL that begins with http:// or https://");
    }
    Ok(config.app_url.trim_end_matches('/').to_owned())
}

/// Whether a mail of this kind was written to the account since then.
pub fn was_written(conn: &mut Conn, account: &Record, kind: &str, since: Moment) -> Result<bool> {
    let account = (account.collection.def.id.as_str(), account.id());
    store::was_written(conn, account, kind, since)
}

/// What is wrong with a record of `_mails` that a superuser writes.
pub fn check(record: &mut Record, problems: &mut FieldProblems) {
    if !problems.contains_key("to") && address(record.text("to")).is_none() {
        let problem = FieldProblem::new("validation_is_email", "Must be one e-mail address.");
        problems.insert("to".to_owned(), problem);
    }
    let subject = one_line(record.text("subject"));
    record.set("subject", Value::Text(subject));
}

/// Puts a mail into the outbox. It is sent within seconds of the transaction's end.
pub fn enqueue(conn: &mut Conn, mail: &NewMail) -> Result<()> {
    if address(&mail.to).is_none() {
        return Err(Error::invalid("The mail's address is not valid."));
    }
    if mail.html.len().max(mail.text.len()) > MAX_BODY {
        return Err(Error::invalid("The mail is too large."));
    }
    let mut mail = mail.clone();
    mail.subject = one_line(&mail.subject);
    if mail.text.is_empty() {
        mail.text = template::text(&mail.html);
    }
    store::insert(conn, &mail, Moment::now())
}

/// The one address that a text is; `None` when it is none, several, or could become a header of its own.
pub fn address(text: &str) -> Option<Mailbox> {
    if text.chars().any(char::is_control) || text.chars().count() > MAX_ADDRESS {
        return None;
    }
    text.parse().ok()
}

/// A subject is one line, whatever it was put together from.
fn one_line(subject: &str) -> String {
    subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_SUBJECT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n19_an_address_is_one_address() {
        for good in ["a@b.co", "Ann <a@b.co>", "\"Ann, B.\" <a@b.co>", "é@b.co"] {
            assert!(address(good).is_some(), "{good}");
        }
        let long = format!("{}@b.co", "a".repeat(2000));
        for bad in [
            "",
            "a",
            "a@",
            "@b.co",
            "a@b.co, c@d.co",
            "a@b.co\r\nBcc: c@d.co",
            "a@b.co\nBcc: c@d.co",
            "Ann\r\nBcc: c@d.co <a@b.co>",
            "\"Ann\r\n Bcc: c@d.co\" <a@b.co>",
            "a@b.co\0",
            "<a@b.co> <c@d.co>",
            "a b@c.co",
            long.as_str(),
        ] {
            assert!(address(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn n19_a_subject_is_one_line() {
        assert_eq!(one_line("Hello\r\nBcc: c@d.co"), "Hello  Bcc: c@d.co");
        assert_eq!(one_line(&"é".repeat(2000)).chars().count(), 998);
    }
}
