//! Decides whose account a user of another service is, links both, and makes new accounts.
//!
//! An account is found by its link, else it is that of the caller, else the one with the address that the service has
//! verified. An account that has not verified its address itself may have been made by somebody else: the sign-in shows who the
//! address belongs to, so whatever else could be used to sign in to the account ends then.
//!
//! Nothing is changed for who may not sign in. Where a second factor is needed, an address links nothing: whoever reads its
//! mails could make an identity for it, and have a code sent to it as the other factor.

use plinth_sdk::types::{Field, MetaSettings};
use serde_json::{Map, Value as Json};

use super::User;
use super::store::{self, Identity};
use crate::accounts::{not_satisfied, notices, store as accounts, totp};
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
use crate::fields;
use crate::policy::Grant;
use crate::records::store as records;
use crate::records::write::{self, Input, UPDATE_FAILED};
use crate::records::{account_data, fill, problems};
use crate::schema::{Record, Shape};
use crate::system::account_data::{AUTH_SESSIONS, EXTERNAL_AUTHS, OTPS, WAYS_IN};

/// A sign-in with another service.
#[derive(Clone)]
pub(crate) struct SignIn {
    /// The name of the service.
    pub(crate) provider: &'static str,
    /// The user there.
    pub(crate) user: User,
    /// The id of the account that is signed in already, if it is of the same collection.
    pub(crate) caller: Option<String>,
    /// The settings for the texts of mails.
    pub(crate) meta: MetaSettings,
}

impl SignIn {
    fn identity(&self) -> Identity<'_> {
        Identity {
            provider: self.provider,
            id: &self.user.id,
        }
    }
}

/// The user's account.
pub(crate) struct Found {
    /// The account.
    pub(crate) record: Record,
    /// Whether it was made for this sign-in.
    pub(crate) is_new: bool,
    /// The account's address, if that alone leads to the account: it needs a second factor, and is not linked.
    pub(crate) address: Option<String>,
}

/// Finds the user's account and links it. `None` if there is none yet.
pub(crate) fn existing(conn: &mut Conn, grant: &Grant, by: &SignIn) -> Result<Option<Found>> {
    let schema = grant.schema();
    let of = grant.collection().def.id.as_str();
    let linked = store::linked(conn, schema, of, by.identity())?;
    let has_claim = linked.is_some() || by.caller.is_some();
    let id = match linked.or_else(|| by.caller.clone()) {
        Some(id) => id,
        None => match by.user.verified_email() {
            "" => return Ok(None),
            email => match accounts::find_by(conn, grant, "email", email)? {
                Some(account) => account.id().to_owned(),
                None => return Ok(None),
            },
        },
    };
    let stored = records::find(conn, grant, &id, Some(records::Lock::Update))?;
    let stored = stored.ok_or_else(Error::missing)?;
    let would_be = with_address(&stored, by);
    if !accounts::may_sign_in(conn, grant, &would_be)? {
        return Err(not_satisfied());
    }
    // Another request of the user may have linked the account while this one waited for the lock.
    let linked = store::linked(conn, schema, of, by.identity())?;
    let is_linked = linked.as_deref() == Some(stored.id());
    let has_claim = has_claim || is_linked;
    if !has_claim && needs_two(conn, grant, &would_be)? {
        let address = Some(stored.text("email").to_owned());
        return Ok(Some(Found {
            record: stored,
            is_new: false,
            address,
        }));
    }
    let record = settle(conn, grant, &stored, would_be, by)?;
    if !is_linked {
        store::link(conn, schema, &record, by.identity())?;
        if by.caller.is_some() {
            notices::linked(conn, &by.meta, &record, by.provider)?;
        }
    }
    Ok(Some(Found {
        record,
        is_new: false,
        address: None,
    }))
}

/// Whether the account needs a second factor, by its collection or since it has an authenticator app.
fn needs_two(conn: &mut Conn, grant: &Grant, account: &Record) -> Result<bool> {
    Ok(totp::is_enabled(conn, grant.schema(), account)?
        || accounts::needs_second_factor(conn, grant, account)?)
}

/// Whether the account claims an address that is the user's.
fn claims_address(account: &Record, by: &SignIn) -> bool {
    let own = account.text("email");
    !own.is_empty() && own.eq_ignore_ascii_case(by.user.verified_email())
}

/// Returns the account as the sign-in shows it: with the user's address if it has none, and verified if that is its address.
fn with_address(stored: &Record, by: &SignIn) -> Record {
    let mut account = stored.clone();
    let email = by.user.verified_email();
    if stored.text("email").is_empty() && takes_address(stored, email) {
        account.set("email", Value::from(email));
    }
    if !stored.is("verified") && claims_address(&account, by) {
        account.set("verified", Value::Bool(true));
    }
    account
}

/// Whether the collection lets an account have this address.
fn takes_address(account: &Record, email: &str) -> bool {
    let fields = &account.collection.def.fields;
    let field = fields.iter().find(|field| field.name == "email");
    let problem = |field: &Field| fields::validate(&field.kind, &Value::from(email), None);
    !email.is_empty() && field.is_some_and(|field| problem(field).is_none())
}

/// Changes an account to what the sign-in shows.
fn settle(
    conn: &mut Conn,
    grant: &Grant,
    stored: &Record,
    mut account: Record,
    by: &SignIn,
) -> Result<Record> {
    let is_unproven = !stored.is("verified") && claims_address(stored, by);
    let is_taken_over = is_unproven && by.caller.as_deref() != Some(stored.id());
    if is_unproven {
        store::unlink_others(conn, grant.schema(), stored, by.identity())?;
    }
    if is_taken_over {
        // No password has this hash.
        account.set("password", Value::from(""));
    }
    if account.values == stored.values {
        return Ok(account);
    }
    let worthless: Vec<&str> = if is_taken_over {
        let mut all = WAYS_IN.to_vec();
        all.retain(|id| *id != EXTERNAL_AUTHS);
        all
    } else {
        vec![OTPS, AUTH_SESSIONS]
    };
    account_data::forget(conn, grant.schema(), stored, &worthless)?;
    let has_lost_password = account.value("password") != stored.value("password");
    // This invalidates all tokens of the account.
    account.set("tokenKey", Value::Text(conn.random.alphanumeric(50)));
    fill::stamp(&mut account, conn.clock.now(), false);
    records::update(conn, grant, stored, &account)
        .map_err(|error| problems::taken(error, &account, UPDATE_FAILED))?;
    if has_lost_password {
        notices::password_ended(conn, &by.meta, &account)?;
    }
    Ok(account)
}

/// Makes an account, under the grant to do so, and links it.
pub(crate) fn create(
    conn: &mut Conn,
    grant: Grant,
    input: &Input,
    by: &SignIn,
) -> Result<(Grant, Record)> {
    let (grant, mut account) = write::new(conn, grant, input)?;
    if claims_address(&account, by) {
        account.set("verified", Value::Bool(true));
    }
    write::insert(conn, &grant, &account)?;
    store::link(conn, grant.schema(), &account, by.identity())?;
    Ok((grant, account))
}

/// Returns the body of a new account: what the client gives, and what the service says where it gives nothing. The user's
/// picture is left out where it is a file: see [`avatar_field`].
pub(crate) fn body(
    conn: &mut Conn,
    grant: &Grant,
    mut given: Map<String, Json>,
    user: &User,
) -> Result<Map<String, Json>> {
    let collection = grant.collection();
    let has_email = given
        .get("email")
        .and_then(Json::as_str)
        .is_some_and(|email| !email.is_empty());
    if !has_email {
        given.insert("email".to_owned(), Json::from(user.email.as_str()));
    }
    let Some(auth) = collection.def.auth.as_deref() else {
        return Ok(given);
    };
    let mapped = &auth.oauth2.mapped_fields;
    for (field, value) in [
        (&mapped.id, &user.id),
        (&mapped.name, &user.name),
        (&mapped.avatar_url, &user.avatar_url),
    ] {
        let is_file = avatar_field(grant).is_some_and(|avatar| avatar == field);
        if !field.is_empty() && !is_file && !given.contains_key(field) {
            given.insert(field.clone(), Json::from(value.as_str()));
        }
    }
    let username = &mapped.username;
    if !username.is_empty()
        && !given.contains_key(username)
        && is_free(conn, grant, username, &user.username)?
    {
        given.insert(username.clone(), Json::from(user.username.as_str()));
    }
    Ok(given)
}

/// Returns the file field that the user's picture goes to, if there is one.
pub(crate) fn avatar_field(grant: &Grant) -> Option<&str> {
    let collection = grant.collection();
    let field = &collection
        .def
        .auth
        .as_deref()?
        .oauth2
        .mapped_fields
        .avatar_url;
    let column = collection.column(field)?;
    matches!(column.shape, Shape::File { .. }).then_some(field)
}

/// Whether a field takes a name, and no account has it yet.
fn is_free(conn: &mut Conn, grant: &Grant, field: &str, name: &str) -> Result<bool> {
    let fields = &grant.collection().def.fields;
    let Some(of) = fields.iter().find(|one| one.name == field) else {
        return Ok(false);
    };
    let is_taken_by_field = fields::validate(&of.kind, &Value::from(name), None).is_none();
    if name.is_empty() || !is_taken_by_field {
        return Ok(false);
    }
    let why = "whether a name is free does not depend on who asks";
    let all = crate::policy::system(
        grant.schema(),
        grant.collection(),
        grant.request.clone(),
        why,
    );
    Ok(accounts::find_by(conn, &all, field, name)?.is_none())
}
