//! Makes one-time passwords and sends them.

use std::sync::Arc;
use std::time::Duration;

use plinth_sdk::types::{AuthOptions, MetaSettings};
use serde_json::{Map, Value as Json};

use super::{RANDOM, derived, digest, has_expired};
use crate::accounts::emails::{self, Letter, PAUSE};
use crate::accounts::store;
use crate::app::{App, Effort};
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
use crate::mail;
use crate::policy::{Grant, system};
use crate::records::account_data;
use crate::records::store::{self as records, Lock};
use crate::records::write::Input;
use crate::request::Request;
use crate::schema::{Collection, Record};
use crate::system::account_data::OTPS;

/// How many codes of an account are sent while none of them has expired.
const MAX_CODES: usize = 10;
/// How many codes are sent to an account within [`PERIOD`] before each waits for the [`PAUSE`] of other mails.
const MAX_MAILS: usize = 10;
const PERIOD: Duration = Duration::from_secs(3600);
/// How many ids lead to the codes of an account.
const MAX_IDS: usize = 50;

/// The kind of the mails in the outbox.
const KIND: &str = "otp";

/// Sends a code to the account with this address, if there is one, in the background: the response and its duration must
/// not disclose whether the account exists. Returns the id of the code.
pub(in crate::accounts) fn request(
    app: &App,
    collection: &Arc<Collection>,
    email: String,
) -> Result<String> {
    let derived = derived(collection, &email)?;
    let id = format!("{derived}{}", app.random.small_letters(RANDOM));
    let work = write(app.clone(), collection.def.id.clone(), email, id.clone());
    app.mailer.later(work)?;
    Ok(id)
}

async fn write(app: App, collection: String, email: String, id: String) -> Result<()> {
    let schema = app.schema.current();
    let Some(collection) = schema.find(&collection) else {
        return Ok(());
    };
    let grant = system(
        &schema,
        collection,
        Request::internal(app.clock.now()),
        "the code goes to the account's own address",
    );
    let finding = grant.clone();
    let find = move |conn: &mut Conn| store::find_by(conn, &finding, "email", &email);
    let Some(account) = app.db.read_inline(find).await? else {
        return Ok(());
    };
    let meta = app.meta();
    let work = move |conn: &mut Conn, grant: Grant| issue(conn, &grant, &meta, account.id(), &id);
    app.write(grant, Effort::Long, work).await
}

/// Stores a code and its mail. The row of the account is locked, so that concurrent requests see each other's codes.
fn issue(
    conn: &mut Conn,
    grant: &Grant,
    meta: &MetaSettings,
    account: &str,
    id: &str,
) -> Result<()> {
    let Some(account) = records::find(conn, grant, account, Some(Lock::Update))? else {
        return Ok(());
    };
    let Some(auth) = account.collection.def.auth.clone() else {
        return Ok(());
    };
    let now = conn.clock.now();
    let codes = account_data::grant(grant.schema(), OTPS, now)?;
    let mut known = account_data::all_of(conn, &codes, &account)?;
    known.retain(|code| !has_expired(code, &account, now));
    let is_busy = mail::count_written(conn, &account, KIND, now - PERIOD)? >= MAX_MAILS
        && mail::count_written(conn, &account, KIND, now - PAUSE)? > 0;
    if is_busy && known.is_empty() {
        return Ok(());
    }
    if is_busy || known.len() >= MAX_CODES {
        return lead_to_newest(conn, &codes, &known, id);
    }
    let length = usize::try_from(auth.otp.length).unwrap_or_default();
    let code = conn.random.digits(length);
    let text = |text: &str| Json::String(text.to_owned());
    let mut input = Input::of(Map::from_iter([
        ("id".to_owned(), text(id)),
        ("password".to_owned(), text(&code)),
        ("sentTo".to_owned(), text(account.text("email"))),
    ]));
    let digest = digest(&account, &code)?;
    input.hashes.insert("password".to_owned(), digest);
    account_data::create(conn, codes, &account, input)?;
    send(conn, meta, &auth, &account, [id, &code])
}

fn send(
    conn: &mut Conn,
    meta: &MetaSettings,
    auth: &AuthOptions,
    account: &Record,
    [id, code]: [&str; 2],
) -> Result<()> {
    let letter = Letter {
        template: &auth.otp.email_template,
        secrets: &[("OTP", code), ("OTP_ID", id)],
        kind: KIND,
        to: account.text("email"),
    };
    mail::enqueue(conn, &emails::compose(meta, account, &letter))
}

/// Makes the id lead to the newest code. Who asks again and again gets no further mail, and the owner can use the newest one
/// whoever has asked for it.
fn lead_to_newest(conn: &mut Conn, grant: &Grant, known: &[Record], id: &str) -> Result<()> {
    let newest = known.last().ok_or_else(Error::missing)?;
    if known.len() >= MAX_IDS {
        // Codes are made while there are fewer ids than this, so it leads to one.
        let oldest = known[MAX_CODES].id().to_owned();
        records::delete(conn, grant, &[oldest])?;
    }
    let mut another = newest.clone();
    another.set("id", Value::from(id));
    records::insert(conn, grant, &another)
}
