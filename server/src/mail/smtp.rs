//! The way to the mail server, from the settings.

use std::time::Duration;

use anyhow::{Context, bail};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use plinth_sdk::types::MetaSettings;
use url::Url;

use super::store::Claimed;
use crate::config::Config;

/// Sends mails.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

/// How it went, when it did not go well.
#[derive(Debug)]
pub(super) struct Failure {
    /// What happened.
    pub(super) why: String,
    /// Whether it would go no better later.
    pub(super) is_final: bool,
}

impl Smtp {
    /// The way to the server that `smtp_url` names; `None` when it is empty.
    pub(super) fn new(config: &Config) -> anyhow::Result<Option<Self>> {
        if config.smtp_url.is_empty() {
            return Ok(None);
        }
        // No sentence of a library is shown here: it might quote the URL, and with it the password.
        check(&config.smtp_url).context("the setting smtp_url is not valid")?;
        let timeout = Duration::from_secs(config.smtp_timeout_seconds);
        let Ok(builder) = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.smtp_url) else {
            bail!("the setting smtp_url is not valid");
        };
        Ok(Some(Self {
            transport: builder.timeout(Some(timeout)).build(),
            timeout,
        }))
    }

    /// Sends a mail, or says why not. Never takes longer than the time limit.
    pub(super) async fn send(&self, meta: &MetaSettings, mail: &Claimed) -> Result<(), Failure> {
        let message = message(meta, mail).map_err(|error| Failure {
            why: format!("It cannot be made into a mail: {error:#}"),
            is_final: true,
        })?;
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure {
                why: in_words(&error),
                is_final: is_final(&error),
            }),
            Err(_) => Err(Failure {
                why: format!(
                    "The mail server took longer than {} seconds.",
                    self.timeout.as_secs()
                ),
                is_final: false,
            }),
        }
    }
}

/// What is wrong with the URL.
fn check(url: &str) -> anyhow::Result<()> {
    if !url.starts_with("smtp://") && !url.starts_with("smtps://") {
        bail!("it must begin with smtp:// or smtps://");
    }
    let Ok(url) = Url::parse(url) else {
        bail!("it is not a URL; special characters in user and password must be %-encoded");
    };
    if url.host_str().is_none_or(str::is_empty) {
        bail!("it names no host");
    }
    if !url.username().is_empty() && url.password().is_none() {
        bail!("it has a user and no password");
    }
    let mut tls = None;
    for (name, value) in url.query_pairs() {
        match (&*name, &*value) {
            ("tls", "required" | "opportunistic") if url.scheme() == "smtp" => tls = Some(value),
            ("tls", _) if url.scheme() == "smtp" => {
                bail!("tls must be required or opportunistic");
            }
            ("tls", _) => bail!("smtps:// is encrypted from the start: leave tls out"),
            _ => bail!("the only parameter is tls"),
        }
    }
    if url.scheme() == "smtp" && tls.is_none() && url.password().is_some() {
        bail!("it would send the password unencrypted: add ?tls=required");
    }
    Ok(())
}

/// A mail that nobody should answer by machine.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The mail as it goes over the wire. Its id is the record's: a mail that went out twice can be told by it.
fn message(meta: &MetaSettings, mail: &Claimed) -> anyhow::Result<Message> {
    let from = super::sender(&meta.sender_name, &meta.sender_address);
    let from = from.context("the sender's address is not valid")?;
    let to = super::address(&mail.to).context("the address is not valid")?;
    let builder = Message::builder()
        .to(to)
        .subject(super::one_line(&mail.subject))
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .from(from)
        .header(AutoSubmitted);
    let text = if mail.text.is_empty() {
        super::template::text(&mail.html)
    } else {
        mail.text.clone()
    };
    let message = if mail.html.is_empty() {
        builder.singlepart(SinglePart::plain(text))
    } else {
        builder.multipart(MultiPart::alternative_plain_html(text, mail.html.clone()))
    };
    Ok(message?)
}

/// The error with what is behind it.
fn in_words(error: &SmtpError) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}

/// What a server says for good. That it does not let this server in is no fault of the mail's: it may go once the
/// settings are right.
fn is_final(error: &SmtpError) -> bool {
    let code = error.status().map(u16::from);
    let is_about_us = matches!(code, Some(530 | 534 | 535 | 538));
    error.is_permanent() && !is_about_us
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n56_a_bad_url_is_refused_without_its_password() {
        for (url, why) in [
            ("mail.example.com", "begin with"),
            ("http://mail.example.com", "begin with"),
            ("ann:hunter2@mail.example.com", "begin with"),
            ("hunter2", "begin with"),
            ("smtp://", "no host"),
            ("smtp://ann:hunter2@:25?tls=required", "not a URL"),
            ("smtp://ann:hunter2@a b?tls=required", "not a URL"),
            ("smtp://ann:hunter2@mail:port?tls=required", "not a URL"),
            ("smtp://ann@mail?tls=required", "no password"),
            ("smtp://ann:hunter2@mail", "unencrypted"),
            ("smtp://ann:hunter2@mail?tls=yes", "tls must be"),
            ("smtps://ann:hunter2@mail?tls=required", "leave tls out"),
            ("smtp://ann:hunter2@mail?tls=required&x=1", "only parameter"),
        ] {
            let config = Config {
                smtp_url: url.into(),
                ..Config::default()
            };
            let error = Smtp::new(&config).err().expect(url);
            let words = format!("{error:#} {error:?}");
            assert!(words.contains("smtp_url") && words.contains(why), "{words}");
            assert!(!words.contains("hunter2"), "{words}");
        }
        for url in [
            "smtp://mail",
            "smtp://mail:2525",
            "smtps://ann:p%40w@mail",
            "smtp://ann:pw@mail:587?tls=required",
            "smtp://ann:pw@mail?tls=opportunistic",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn n19_what_goes_over_the_wire_has_no_headers_of_others() {
        let meta = MetaSettings {
            sender_name: "Plinth\r\nBcc: eve@example.com".to_owned(),
            sender_address: "noreply@localhost".to_owned(),
            ..MetaSettings::default()
        };
        let mail = Claimed {
            id: "mail00000000000".to_owned(),
            to: "Ann <ann@example.com>".to_owned(),
            subject: "Grüße\r\nBcc: eve@example.com".to_owned(),
            html: "<p>Hello</p>\r\n.\r\n<p>again</p>".to_owned(),
            text: String::new(),
            attempts: 1,
            lease: String::new(),
        };
        let message = message(&meta, &mail).expect("a mail").formatted();
        let message = String::from_utf8(message).expect("text");
        let (head, body) = message.split_once("\r\n\r\n").expect("head and body");
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(
            head.contains("Message-ID: <mail00000000000@localhost>"),
            "{head}"
        );
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(
            body.contains("text/plain") && body.contains("text/html"),
            "{body}"
        );
    }
}
