//! Mails that tell an account what has happened to it.

use plinth_sdk::types::{EmailTemplate, MetaSettings};

use super::emails::{self, Letter};
use crate::db::Conn;
use crate::error::Result;
use crate::mail;
use crate::policy::{self, Grant};
use crate::records::store as records;
use crate::request::Request;
use crate::schema::Record;
use crate::system::account_data::EXTERNAL_AUTHS;
use crate::system::providers;
use crate::tokens::{self, Kind};

const ENDED_SUBJECT: &str = "Your {APP_NAME} password no longer works";
const ENDED_BODY: &str = "\
<p>You have just signed in to {APP_NAME}, and so verified this address.</p>
<p>The account had a password that was set before. Nobody could know then that the address is yours, so that password no longer works. \
Here you can choose a new one, which may be the same:</p>
<p><a class=\"btn\" href=\"{APP_URL}/_/#/auth/confirm-password-reset/{TOKEN}\" target=\"_blank\" rel=\"noopener\">Choose a password</a></p>
<p>{APP_NAME}</p>
";

const MOVED_SUBJECT: &str = "Your {APP_NAME} account has another address now";
const MOVED_BODY: &str = "\
<p>The email address of your {APP_NAME} account has just been changed, with your password and a link that was sent to the new address. \
{APP_NAME} no longer writes to this one.</p>
<p>If it was you, there is nothing to do. If not, tell whoever runs {APP_NAME} at once.</p>
<p>{APP_NAME}</p>
";

const LINKED_SUBJECT: &str = "Another way to sign in to {APP_NAME}";
const LINKED_BODY: &str = "\
<p>From now on, an account at {SERVICE} signs in to your {APP_NAME} account. It was added by somebody who was signed in.</p>
<p>If it was you, there is nothing to do. If not, remove it, end your other sessions, and tell whoever runs {APP_NAME}.</p>
<p>{APP_NAME}</p>
";

const UNLINKED_SUBJECT: &str = "A way to sign in to {APP_NAME} was removed";
const UNLINKED_BODY: &str = "\
<p>Your account at {SERVICE} no longer signs in to your {APP_NAME} account.</p>
<p>If it was you, there is nothing to do. If not, sign in in another way, end your other sessions, and tell whoever runs {APP_NAME}.</p>
<p>{APP_NAME}</p>
";

/// Tells an account, if its address is verified, that a user of a service was linked to it.
pub(super) fn linked(
    conn: &mut Conn,
    meta: &MetaSettings,
    account: &Record,
    provider: &str,
) -> Result<()> {
    let texts = [LINKED_SUBJECT, LINKED_BODY];
    about_link(conn, meta, account, ("service-linked", texts), provider)
}

/// Tells the account of a deleted record, if that was a link, that it is gone.
pub(crate) fn deleted(
    conn: &mut Conn,
    meta: &MetaSettings,
    grant: &Grant,
    record: &Record,
) -> Result<()> {
    let schema = grant.schema();
    if record.collection.def.id != EXTERNAL_AUTHS {
        return Ok(());
    }
    let Some(collection) = schema.find(record.text("collectionRef")) else {
        return Ok(());
    };
    let why = "the owner of a link hears that it is gone";
    let accounts = policy::system(schema, collection, Request::internal(conn.clock.now()), why);
    let Some(account) = records::find(conn, &accounts, record.text("recordRef"), None)? else {
        return Ok(());
    };
    let texts = [UNLINKED_SUBJECT, UNLINKED_BODY];
    let provider = record.text("provider");
    about_link(conn, meta, &account, ("service-unlinked", texts), provider)
}

fn about_link(
    conn: &mut Conn,
    meta: &MetaSettings,
    account: &Record,
    (kind, [subject, body]): (&'static str, [&str; 2]),
    provider: &str,
) -> Result<()> {
    if !account.is("verified") || account.text("email").is_empty() {
        return Ok(());
    }
    let service = providers::find(provider).map_or(provider, |provider| provider.display_name);
    let template = EmailTemplate {
        subject: subject.to_owned(),
        body: body.to_owned(),
    };
    let letter = Letter {
        template: &template,
        secrets: &[("SERVICE", service)],
        kind,
        to: account.text("email"),
    };
    mail::enqueue(conn, &emails::compose(meta, account, &letter))
}

/// Tells an account at its previous address, if that was verified, that it has another one.
pub(super) fn address_changed(
    conn: &mut Conn,
    meta: &MetaSettings,
    previous: &Record,
) -> Result<()> {
    if !previous.is("verified") || previous.text("email").is_empty() {
        return Ok(());
    }
    let template = EmailTemplate {
        subject: MOVED_SUBJECT.to_owned(),
        body: MOVED_BODY.to_owned(),
    };
    let letter = Letter {
        template: &template,
        secrets: &[],
        kind: "email-changed",
        to: previous.text("email"),
    };
    mail::enqueue(conn, &emails::compose(meta, previous, &letter))
}

/// Tells an account that its password has ended, unless its collection has no sign-ins with a password.
pub(super) fn password_ended(conn: &mut Conn, meta: &MetaSettings, account: &Record) -> Result<()> {
    let auth = account.collection.def.auth.as_ref();
    if auth.is_none_or(|auth| !auth.password_auth.enabled) {
        return Ok(());
    }
    let token = tokens::mailed(account, Kind::PasswordReset, conn.clock.now())?;
    let template = EmailTemplate {
        subject: ENDED_SUBJECT.to_owned(),
        body: ENDED_BODY.to_owned(),
    };
    let letter = Letter {
        template: &template,
        secrets: &[("TOKEN", &token)],
        kind: "password-ended",
        to: account.text("email"),
    };
    mail::enqueue(conn, &emails::compose(meta, account, &letter))
}
