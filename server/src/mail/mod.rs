//! Mail: an outbox in the database, and what sends it.
//!
//! A mail is a record of `_mails`, written in the transaction of what causes it. Start with [`enqueue`].

mod store;

use lettre::message::Mailbox;

use crate::clock::Moment;
use crate::db::Conn;
use crate::error::{Error, Result};

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
        mail.text = nanohtml2text::html2text(&mail.html);
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
