//! Mails to accounts: with a link for a password reset, a verification or a change of the email address, or with a code.

use std::sync::Arc;
use std::time::Duration;

use plinth_sdk::types::{AuthOptions, EmailTemplate, MetaSettings};
use serde_json::Value as Json;

use super::store;
use crate::app::{App, Effort};
use crate::clock::Timestamp;
use crate::db::{Conn, Value};
use crate::error::Result;
use crate::json;
use crate::mail::{self, NewMail, template};
use crate::policy::{Grant, system};
use crate::records::store as records;
use crate::request::Request;
use crate::schema::{Collection, Record, Shape};
use crate::tokens::{self, Kind};

/// The minimum time between two mails of a kind to an account.
pub(super) const PAUSE: Duration = Duration::from_secs(120);

/// Sends a mail to the account with this address, if there is one, in the background: the response and its duration
/// must not disclose whether the account exists.
pub(super) fn ask(
    app: &App,
    collection: &Arc<Collection>,
    email: String,
    kind: Kind,
) -> Result<()> {
    let work = write(app.clone(), collection.def.id.clone(), email, kind);
    app.mailer.later(work)
}

async fn write(app: App, collection: String, email: String, kind: Kind) -> Result<()> {
    let schema = app.schema.current();
    let Some(collection) = schema.find(&collection) else {
        return Ok(());
    };
    let grant = system(
        &schema,
        collection,
        Request::internal(app.clock.now()),
        "the mail goes to the account's own address",
    );
    let finding = grant.clone();
    let find = move |conn: &mut Conn| store::find_by(conn, &finding, "email", &email);
    let Some(account) = app.db.read_inline(find).await? else {
        return Ok(());
    };
    let meta = app.meta();
    let work =
        move |conn: &mut Conn, grant: Grant| write_to(conn, &grant, &meta, account.id(), kind);
    app.write(grant, Effort::Long, work).await
}

/// The row is locked, so that one of several concurrent requests writes a mail.
fn write_to(
    conn: &mut Conn,
    grant: &Grant,
    meta: &MetaSettings,
    id: &str,
    kind: Kind,
) -> Result<()> {
    let Some(account) = records::find(conn, grant, id, Some(records::Lock::Update))? else {
        return Ok(());
    };
    let now = conn.clock.now();
    let name = name(kind);
    let is_pointless = kind == Kind::Verification && account.is("verified");
    if is_pointless || mail::count_written(conn, &account, name, now - PAUSE)? > 0 {
        return Ok(());
    }
    let token = tokens::mailed(&account, kind, now)?;
    let Some(auth) = account.collection.def.auth.as_ref() else {
        return Ok(());
    };
    let letter = Letter {
        template: template_of(auth, kind),
        secrets: &[("TOKEN", &token)],
        kind: name,
        to: account.text("email"),
    };
    mail::enqueue(conn, &compose(meta, &account, &letter))
}

/// Returns how many mails of this kind the account was sent after `since`.
pub(super) fn count(
    conn: &mut Conn,
    account: &Record,
    kind: Kind,
    since: Timestamp,
) -> Result<usize> {
    mail::count_written(conn, account, name(kind), since)
}

/// Writes a mail to the new address of an account, with a link that changes it.
pub(super) fn confirm_new(
    conn: &mut Conn,
    meta: &MetaSettings,
    account: &Record,
    new_email: &str,
) -> Result<()> {
    let token = tokens::email_change(account, new_email, conn.clock.now())?;
    let Some(auth) = account.collection.def.auth.as_ref() else {
        return Ok(());
    };
    let letter = Letter {
        template: template_of(auth, Kind::EmailChange),
        secrets: &[("TOKEN", &token)],
        kind: name(Kind::EmailChange),
        to: new_email,
    };
    mail::enqueue(conn, &compose(meta, account, &letter))
}

/// Returns the kind of the mail in the outbox.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Auth | Kind::File => "auth",
        Kind::Verification => "verification",
        Kind::PasswordReset => "password-reset",
        Kind::EmailChange => "email-change",
    }
}

fn template_of(auth: &AuthOptions, kind: Kind) -> &EmailTemplate {
    match kind {
        Kind::Auth | Kind::File => &auth.auth_alert.email_template,
        Kind::Verification => &auth.verification_template,
        Kind::PasswordReset => &auth.reset_password_template,
        Kind::EmailChange => &auth.confirm_email_change_template,
    }
}

/// A mail to an account, before it is rendered.
pub(crate) struct Letter<'a> {
    /// The template.
    pub(crate) template: &'a EmailTemplate,
    /// The placeholders of the body alone, with their values. Subjects are visible to more people than bodies.
    pub(crate) secrets: &'a [(&'a str, &'a str)],
    /// The kind of the mail in the outbox.
    pub(crate) kind: &'static str,
    /// The address.
    pub(crate) to: &'a str,
}

/// Renders a mail from its template and the account.
pub(crate) fn compose(meta: &MetaSettings, account: &Record, letter: &Letter<'_>) -> NewMail {
    let of_subject = |name: &str| match name {
        "APP_NAME" => Some(meta.app_name.clone()),
        "APP_URL" => Some(meta.app_url.clone()),
        _ => field(account, name.strip_prefix("RECORD:")?),
    };
    let value = |name: &str| {
        let secret = letter.secrets.iter().find(|(secret, _)| *secret == name);
        match secret {
            Some((_, value)) => Some((*value).to_owned()),
            None => of_subject(name),
        }
    };
    let template = letter.template;
    let html = template::fill_html(&template.body, value);
    let owner = (account.collection.def.id.clone(), account.id().to_owned());
    NewMail {
        to: letter.to.to_owned(),
        subject: template::fill(&template.subject, of_subject),
        text: template::text(&html),
        html: template::page(&html).into_owned(),
        kind: letter.kind,
        account: Some(owner),
    }
}

/// Returns the value of a field as text; empty if the field is hidden.
fn field(account: &Record, name: &str) -> Option<String> {
    let column = account.collection.column(name)?;
    if column.hidden || column.shape == Shape::Secret {
        return None;
    }
    Some(match account.value(name)? {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Number(number) => json::number_text(*number),
        Value::Int(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Json(text) => match serde_json::from_str(text) {
            Ok(Json::Array(items)) if items.iter().all(Json::is_string) => items
                .iter()
                .filter_map(Json::as_str)
                .collect::<Vec<_>>()
                .join(", "),
            Ok(Json::String(text)) => text,
            _ => text.clone(),
        },
    })
}
