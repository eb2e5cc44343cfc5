//! Decides whether an account that has shown who it is gets signed in.
//!
//! The order is that of the protocol: the auth rule, then the second factor. An email address that the factors have shown
//! to be the account's is verified here.

use plinth_sdk::types::MetaSettings;
use serde_json::{Map, json};

use super::methods::Method;
use super::mfa::{self, Factor, Session};
use super::{notices, store, totp};
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
use crate::policy::Grant;
use crate::records::store::{self as records, Lock};
use crate::records::write::{self, Input};
use crate::records::{account_data, fill};
use crate::schema::Record;
use crate::system::account_data::WAYS_IN;

/// The factors of a sign-in.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    /// The method of this request.
    pub(super) method: Method,
    /// The id that the first factor led to.
    pub(super) mfa_id: Option<String>,
    /// Whether the account may need a second factor.
    pub(super) takes_two: bool,
    /// The email address at which the method has reached the account.
    pub(super) address: Option<String>,
    /// The hash of a password that nobody knows.
    pub(super) unknown_password: Option<String>,
}

/// The outcome of a sign-in.
pub(super) enum Decision {
    /// The account is signed in.
    SignedIn(Record),
    /// A second factor is needed: the id to send with it.
    SecondFactor(String),
    /// The sign-in is refused.
    Refused(Error),
}

/// Decides about an account that has shown who it is, and locks its row. The grant's request is the one that rules ask
/// about.
pub(super) fn decide(
    conn: &mut Conn,
    grant: &Grant,
    meta: &MetaSettings,
    proven: &Record,
    factors: &Factors,
) -> Result<Decision> {
    let account = records::find(conn, grant, proven.id(), Some(Lock::Update))?;
    // With another key, what was shown no longer counts.
    let is_same = |account: &Record| account.text("tokenKey") == proven.text("tokenKey");
    let Some(account) = account.filter(is_same) else {
        return Ok(Decision::Refused(Error::invalid(super::FAILED)));
    };
    let session = match &factors.mfa_id {
        Some(id) => Session::find(conn, grant.schema(), id)?,
        None => None,
    };
    let now = conn.clock.now();
    let first = session.as_ref().filter(|first| first.is_of(&account, now));
    let has_shown =
        |method| factors.method == method || first.is_some_and(|first| first.is_by(method));
    let reached = factors
        .address
        .as_deref()
        .is_some_and(|address| !address.is_empty() && address == account.text("email"));
    let factor = Factor {
        method: factors.method,
        is_of_mailbox: factors.address.is_some(),
    };
    // First factors end with the address, so an earlier one-time password went to this one.
    let is_verified =
        reached || (!factor.is_of_mailbox && first.is_some_and(Session::is_of_mailbox));
    let mut would_be = account.clone();
    if is_verified {
        would_be.set("verified", Value::Bool(true));
    }
    if !store::may_sign_in(conn, grant, &would_be)? {
        return Ok(Decision::Refused(super::not_satisfied()));
    }
    let needs_code = totp::is_enabled(conn, grant.schema(), &account)?;
    if needs_code || store::needs_second_factor(conn, grant, &would_be)? {
        // Whatever else was shown, an account with an authenticator app needs its code.
        let lacks_code = needs_code && !has_shown(Method::Totp);
        if factors.mfa_id.is_none() || lacks_code {
            let id = mfa::begin(conn, grant.schema(), &account, factor)?;
            return Ok(Decision::SecondFactor(id));
        }
        if let Some(error) = mfa::complete(conn, session.as_ref(), &account, factor)? {
            return Ok(Decision::Refused(error));
        }
    }
    if !is_verified || account.is("verified") {
        return Ok(Decision::SignedIn(account));
    }
    if has_shown(Method::Password) {
        let body = Map::from_iter([("verified".to_owned(), json!(true))]);
        let input = Input::of(body);
        let (_, record) = write::update(conn, grant.clone(), account.id(), &input)?;
        return Ok(Decision::SignedIn(record));
    }
    take_over(conn, grant, meta, &account, factors).map(Decision::SignedIn)
}

/// Verifies an account for whoever has received a one-time password at its address, and has not shown its password.
/// Somebody else may have made the account, so everything ends with which they could use it: the password, all tokens, and
/// links to other services. A mail says that the password has ended.
fn take_over(
    conn: &mut Conn,
    grant: &Grant,
    meta: &MetaSettings,
    account: &Record,
    factors: &Factors,
) -> Result<Record> {
    let unknown = factors.unknown_password.as_deref();
    let hash = unknown.ok_or_else(|| Error::internal(anyhow::anyhow!("no password was made")))?;
    let mut verified = account.clone();
    verified.set("verified", Value::Bool(true));
    verified.set("password", Value::from(hash));
    verified.set("tokenKey", Value::Text(conn.random.alphanumeric(50)));
    fill::stamp(&mut verified, conn.clock.now(), false);
    account_data::forget(conn, grant.schema(), account, &WAYS_IN)?;
    records::update(conn, grant, account, &verified)?;
    notices::password_ended(conn, meta, &verified)?;
    Ok(verified)
}
