//! Formats mails and hands them to the mail server. An error before the mail server has seen the mail is about this server
//! and may pass; a permanent error about the mail is final.

use std::time::Duration;

use anyhow::Context;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::{Address, Message};
use plinth_sdk::types::MetaSettings;
use tokio::net::TcpStream;
use url::Host;

use super::Outgoing;
use super::header;
use super::helo::HeloStream;
use super::server::{Server, Tls};
use crate::config::Config;

const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A client of the mail server.
pub(super) struct Smtp {
    server: Server,
    timeout: Duration,
}

/// A failed attempt to send a mail.
#[derive(Debug)]
pub(super) struct Failure {
    /// The reason, for people.
    pub(super) why: String,
    /// Whether retrying is pointless.
    pub(super) is_final: bool,
}

impl Smtp {
    /// Makes a client of the server in the setting `smtp_url`; `None` if that is empty.
    pub(super) fn new(config: &Config) -> anyhow::Result<Option<Self>> {
        if config.smtp_url.is_empty() {
            return Ok(None);
        }
        let server = Server::of(&config.smtp_url).context("the setting smtp_url is not valid")?;
        Ok(Some(Self {
            server,
            timeout: Duration::from_secs(config.smtp_timeout_seconds),
        }))
    }

    /// Sends a mail, within the time limit.
    pub(super) async fn send(&self, meta: &MetaSettings, mail: &Outgoing) -> Result<(), Failure> {
        let message = message(meta, mail)?;
        let sent = tokio::time::timeout(self.timeout, self.deliver(&message)).await;
        sent.unwrap_or_else(|_| {
            Err(later(format!(
                "The mail server took longer than {} seconds.",
                self.timeout.as_secs()
            )))
        })
    }

    async fn deliver(&self, message: &Message) -> Result<(), Failure> {
        let mut connection = self.connect().await.map_err(|error| about_us(&error))?;
        let delivered = hand_over(&mut connection, message).await;
        connection.abort().await;
        delivered
    }

    /// Connects, encrypts the connection and signs in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let Server {
            host, port, hello, ..
        } = &self.server;
        let place = (host.as_str(), *port);
        let tls = match &self.server.tls {
            Tls::Always(by) => Some(by.clone()),
            Tls::Never | Tls::Upgraded { .. } => None,
        };
        let is_plain = tls.is_none();
        let limit = Some(self.timeout);
        let connected = AsyncSmtpConnection::connect_tokio1(place, limit, hello, tls, None).await;
        let mut connection = match connected {
            Err(error) if is_plain && error.is_permanent() => match TcpStream::connect(place).await
            {
                Ok(stream) => {
                    let stream = Box::new(HeloStream::new(stream));
                    AsyncSmtpConnection::connect_with_transport(stream, hello).await?
                }
                Err(_) => return Err(error),
            },
            connected => connected?,
        };
        if let Tls::Upgraded { by, is_required } = &self.server.tls
            && (*is_required || connection.can_starttls())
        {
            connection.starttls(by.clone(), hello).await?;
        }
        if let Some(credentials) = &self.server.credentials {
            connection.auth(&MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

async fn hand_over(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Failure> {
    let (from, to) = (message.envelope().from(), message.envelope().to());
    let (from, to) = (from.cloned(), to.first().cloned());
    let to = to.ok_or_else(|| for_good("The mail has no address.".to_owned()))?;
    let bytes = message.formatted();
    let can = |what| connection.server_info().supports_feature(what);
    let mut options = Vec::new();
    let needs_utf8 = |address: &Address| !address.to_string().is_ascii();
    if needs_utf8(&to) || from.as_ref().is_some_and(needs_utf8) {
        if !can(Extension::SmtpUtfEight) {
            let why = "The mail server takes no address with letters beyond ASCII before the @ (SMTPUTF8).";
            return Err(if needs_utf8(&to) {
                for_good(why.to_owned())
            } else {
                later(why.to_owned())
            });
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() && can(Extension::EightBitMime) {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    // The sender's address is a setting, too.
    let begun = connection.command(Mail::new(from, options)).await;
    begun.map_err(|error| about_us(&error))?;
    let taken = connection.command(Rcpt::new(to, Vec::new())).await;
    taken.map_err(|error| about_mail(&error))?;
    let ready = connection.command(Data).await;
    ready.map_err(|error| about_mail(&error))?;
    let sent = connection.message(&bytes).await;
    sent.map(drop).map_err(|error| about_mail(&error))
}

/// Formats a mail for the wire. Its `Message-ID` contains the record's id, so that a mail that was sent twice can be
/// recognized.
fn message(meta: &MetaSettings, mail: &Outgoing) -> Result<Message, Failure> {
    // The sender is a setting, which may be right later.
    let from = super::sender(&meta.sender_name, &meta.sender_address)
        .and_then(|from| Some((from.name, in_ascii(&from.email)?)));
    let (from_name, from) =
        from.ok_or_else(|| later("The sender's address is not valid.".to_owned()))?;
    let to = super::address(&mail.to).and_then(|to| Some((to.name, in_ascii(&to.email)?)));
    let (to_name, to) = to.ok_or_else(|| for_good("The address is not valid.".to_owned()))?;
    let person = |header: &'static str, name: Option<String>, address: &Address| {
        let text = address.to_string();
        let value = header::mailbox(header, &name.unwrap_or_default(), &text);
        encoded(header, text, value)
    };
    let subject = super::one_line(&mail.subject);
    let written = header::text("Subject", &subject);
    let builder = Message::builder()
        .raw_header(person("To", to_name, &to))
        .raw_header(encoded("Subject", subject, written))
        .message_id(Some(format!("<{}@{}>", mail.id, from.domain())))
        .raw_header(person("From", from_name, &from))
        // Asks mail servers not to send automatic replies.
        .raw_header(encoded(
            "Auto-Submitted",
            "auto-generated".to_owned(),
            "auto-generated".to_owned(),
        ));
    let text = if mail.text.is_empty() {
        super::template::text(&mail.html)
    } else {
        mail.text.clone()
    };
    let envelope = Envelope::new(Some(from), vec![to]).map_err(unmade)?;
    let builder = builder.envelope(envelope);
    let message = if mail.html.is_empty() {
        builder.singlepart(SinglePart::plain(text))
    } else {
        builder.multipart(MultiPart::alternative_plain_html(text, mail.html.clone()))
    };
    message.map_err(unmade)
}

fn encoded(name: &'static str, raw: String, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), raw, value)
}

/// Converts the domain of an address to ASCII (IDNA). The local part stays as it is.
fn in_ascii(address: &Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return Some(address.clone());
    }
    match Host::parse(address.domain()) {
        Ok(Host::Domain(domain)) => Address::new(address.user(), domain).ok(),
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
    }
}

fn unmade(error: impl std::fmt::Display) -> Failure {
    for_good(format!("It cannot be made into a mail: {error}"))
}

fn later(why: String) -> Failure {
    Failure {
        why,
        is_final: false,
    }
}

fn for_good(why: String) -> Failure {
    Failure {
        why,
        is_final: true,
    }
}

fn about_us(error: &SmtpError) -> Failure {
    later(in_words(error))
}

/// Classifies an answer to the mail itself. A refused sign-in is not final: the mail can be sent once the settings are
/// right.
fn about_mail(error: &SmtpError) -> Failure {
    let code = error.status().map(u16::from);
    let is_about_us = matches!(code, Some(530 | 534 | 535 | 538));
    Failure {
        why: in_words(error),
        is_final: error.is_permanent() && !is_about_us,
    }
}

/// Formats an error with its causes.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n19_what_goes_over_the_wire_has_no_headers_of_others() {
        let meta = MetaSettings {
            sender_name: "Plinth\r\nBcc: eve@example.com".to_owned(),
            sender_address: "noreply@localhost".to_owned(),
            ..MetaSettings::default()
        };
        let mail = Outgoing {
            id: "mail00000000000".to_owned(),
            to: "Ann <ann@example.com>".to_owned(),
            subject: "Grüße\r\nBcc: eve@example.com".to_owned(),
            html: "<p>Hello</p>\r\n.\r\n<p>again</p>".to_owned(),
            text: String::new(),
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
