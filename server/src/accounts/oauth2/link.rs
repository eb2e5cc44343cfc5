//! Decides whose account a user of another service is, links both, and makes new accounts.
//!
//! An account is found by its link, else it is that of the caller, else the one with the address that the service has
//! verified. An account that has not verified its address itself may have been made by somebody else: the sign-in shows who the
//! address belongs to, so whatever else could be used to sign in to the account ends then.

use plinth_sdk::types::MetaSettings;
use serde_json::{Map, Value as Json};

use super::User;
use super::store::{self, Identity};
use crate::accounts::{notices, store as accounts};
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
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

/// Finds the user's account and links it. `None` if there is none yet.
pub(crate) fn existing(conn: &mut Conn, grant: &Grant, by: &SignIn) -> Result<Option<Record>> {
    let schema = grant.schema();
    let of = grant.collection().def.id.as_str();
    let linked = store::linked(conn, schema, of, by.identity())?;
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
    let account = settle(conn, grant, &stored, by)?;
    // Another request of the user may have linked the account while this one waited for the lock.
    let linked = store::linked(conn, schema, of, by.identity())?;
    if linked.as_deref() != Some(account.id()) {
        store::link(conn, schema, &account, by.identity())?;
    }
    Ok(Some(account))
}

/// Changes an account by what the sign-in shows.
fn settle(conn: &mut Conn, grant: &Grant, stored: &Record, by: &SignIn) -> Result<Record> {
    let mut account = stored.clone();
    let (own, email) = (stored.text("email"), by.user.verified_email());
    // The account claims an address that is the user's.
    let is_users = !own.is_empty() && own.eq_ignore_ascii_case(email);
    let is_unproven = !stored.is("verified") && is_users;
    let is_taken_over = is_unproven && by.caller.as_deref() != Some(stored.id());
    if is_unproven {
        store::unlink_others(conn, grant.schema(), stored, by.identity())?;
    }
    if is_taken_over {
        // No password has this hash.
        account.set("password", Value::from(""));
    }
    if !stored.is("verified") && (own.is_empty() || is_users) {
        account.set("verified", Value::Bool(true));
    }
    if own.is_empty() && !email.is_empty() {
        account.set("email", Value::from(email));
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
    let own = account.text("email");
    if own.eq_ignore_ascii_case(by.user.verified_email()) {
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
    let is_taken_by_field = crate::fields::validate(&of.kind, &Value::from(name), None).is_none();
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
