//! Mail: an outbox in the database, and the worker that sends it.
//!
//! A mail is a record of `_mails`, inserted by [`enqueue`] in the transaction that causes it. The table is a
//! [queue](crate::queue), on which the [`Outbox`] works.

mod header;
mod helo;
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

use crate::clock::Timestamp;
use crate::config::Config;
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
use crate::problems::ONE_EMAIL;
use crate::random::Random;
use crate::schema::Record;
use crate::settings;
use plinth_sdk::types::{FieldProblems, MetaSettings};
use smtp::Smtp;

/// A mail to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMail {
    /// The address, as `ann@example.com` or `Ann <ann@example.com>`.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The body as HTML; empty for none.
    pub html: String,
    /// The body as plain text; if it is empty, it is derived from the HTML.
    pub text: String,
    /// The purpose: `verification`, `password-reset`, `job`, …
    pub kind: &'static str,
    /// The account that it is about, as the ids of its collection and record.
    pub account: Option<(String, String)>,
}

/// A mail as it is handed to the mail server.
#[derive(Clone, Debug)]
struct Outgoing {
    id: String,
    to: String,
    subject: String,
    html: String,
    text: String,
}

impl Outgoing {
    /// Reads a record of `_mails`.
    fn of(record: &Record) -> Self {
        let text = |name: &str| record.text(name).to_owned();
        Self {
            id: record.id().to_owned(),
            to: text("to"),
            subject: text("subject"),
            html: text("html"),
            text: text("text"),
        }
    }
}

/// The most bytes of a body.
const MAX_BODY: usize = 1_000_000;
/// The most characters of an address.
const MAX_ADDRESS: usize = 1000;
/// The most characters of a subject, which is the limit for a line of a mail.
const MAX_SUBJECT: usize = 998;

/// How many background tasks that end in a mail may run at once.
const MAX_PENDING: u32 = 1024;

/// The settings for mails, and the connection to the mail server.
pub struct Mailer {
    /// The defaults for what superusers can set while the server runs; see [`crate::settings`].
    pub configured: MetaSettings,
    smtp: Option<Smtp>,
    timeout: Duration,
    pending: Arc<Semaphore>,
    runtime: Handle,
    random: Random,
}

impl Mailer {
    /// Checks the settings. Must be called inside a Tokio runtime, on which [`Mailer::later`] spawns its tasks.
    pub fn new(config: &Config, random: Random) -> anyhow::Result<Self> {
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
            random,
        })
    }

    /// Sends a mail at once, without the outbox, or returns the reason why it could not. `None` if there is no mail server.
    pub async fn send_now(
        &self,
        meta: &MetaSettings,
        mail: &NewMail,
    ) -> Option<Result<(), String>> {
        let smtp = self.smtp.as_ref()?;
        let mail = Outgoing {
            id: self.random.id(),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            html: mail.html.clone(),
            text: mail.text.clone(),
        };
        Some(smtp.send(meta, &mail).await.map_err(|failure| failure.why))
    }

    /// Runs `work`, which ends in [`enqueue`], in the background, so that the time until the answer does not reveal whether
    /// a mail is sent.
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

    /// Waits until all background tasks have ended.
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

/// Makes the sender's mailbox; `None` if the address is not valid.
pub fn sender(name: &str, address: &str) -> Option<Mailbox> {
    let name = one_line(name);
    Some(Mailbox::new(Some(name), address.parse().ok()?))
}

/// Returns the base URL of links in mails. It comes from the settings alone: a request's `Host` header is chosen by its
/// sender.
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

/// Returns how many mails of this kind about the account were inserted after `since`.
pub fn count_written(
    conn: &mut Conn,
    account: &Record,
    kind: &str,
    since: Timestamp,
) -> Result<usize> {
    let account = (account.collection.def.id.as_str(), account.id());
    store::count_written(conn, account, kind, since)
}

/// Validates a record of `_mails` that a superuser writes.
pub fn check(record: &mut Record, problems: &mut FieldProblems) {
    if !problems.contains_key("to") && address(record.text("to")).is_none() {
        problems.insert("to".to_owned(), ONE_EMAIL.problem());
    }
    let subject = one_line(record.text("subject"));
    record.set("subject", Value::Text(subject));
}

/// Inserts a mail into the outbox. It is sent within seconds after the transaction has committed.
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
    store::insert(conn, &mail, conn.clock.now())
}

/// Parses a text that is exactly one address. `None` for several addresses, and for what could inject a header.
pub fn address(text: &str) -> Option<Mailbox> {
    if text.chars().any(char::is_control) || text.chars().count() > MAX_ADDRESS {
        return None;
    }
    text.parse().ok()
}

/// Makes one line of a subject, whatever its template contained.
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
