//! Accounts: records of auth collections that sign in.
//!
//! A token contains the account's id and is signed with the account's own key, so that a new password invalidates it. It
//! belongs to a session, a stored record with which it ends ([`sessions`]).

pub mod api;
pub mod attempts;
pub(crate) mod cleanup;
pub(crate) mod emails;
pub(crate) mod methods;
pub(crate) mod issuer;
mod mfa;
pub(crate) mod notices;
pub(crate) mod oauth2;
mod origins;
mod otp;
pub mod sessions;
mod sign_in;
pub mod store;
pub(crate) mod totp;

use std::sync::Arc;

use crate::app::{App, Effort};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::policy;
use crate::request::{Account, Caller, Request};
use crate::schema::{Collection, Record};
use crate::tokens::{self, Claims, Kind};

/// Returns the caller of an `Authorization` header. An invalid token makes a guest.
pub async fn authenticate(app: &App, header: &str) -> Result<Caller> {
    bearer(app, token_in(header), Kind::Auth).await
}

/// Returns the token in an `Authorization` header, with or without `Bearer` before it.
pub fn token_in(header: &str) -> &str {
    header
        .get(..7)
        .filter(|prefix| prefix.eq_ignore_ascii_case("bearer "))
        .map_or(header, |prefix| &header[prefix.len()..])
}

/// Returns the account of a token of this kind, if it may be signed in.
pub async fn bearer(app: &App, token: &str, kind: Kind) -> Result<Caller> {
    owner(app, token, kind, store::find_signed_in).await
}

/// Whether a token is valid, but its account may not be signed in any more.
async fn is_suspended(app: &App, token: &str) -> Result<bool> {
    let owner = owner(app, token, Kind::Auth, store::find_with_session).await?;
    Ok(owner.account().is_some())
}

/// A function that finds an account by its id and that of its session.
type Find = fn(&mut Conn, &policy::Grant, &str, Option<&str>) -> Result<Option<Record>>;

async fn owner(app: &App, token: &str, kind: Kind, find_account: Find) -> Result<Caller> {
    let Some(claims) = tokens::peek(token) else {
        return Ok(Caller::Guest);
    };
    if claims.kind != kind {
        return Ok(Caller::Guest);
    }
    if app.schema.current().find(&claims.collection_id).is_none() {
        // Another process may have just created the collection.
        app.refresh_schema().await?;
    }
    let schema = app.schema.current();
    let Some(collection) = schema.find(&claims.collection_id).filter(|c| c.is_auth()) else {
        return Ok(Caller::Guest);
    };
    let grant = policy::system(
        &schema,
        collection,
        Request::internal(app.clock.now()),
        "nobody is signed in before the token is checked",
    );
    let Claims {
        id,
        refreshable,
        sid: session,
        ..
    } = claims;
    let of_token = session.clone();
    let find = move |conn: &mut Conn, grant: &policy::Grant| {
        let record = find_account(conn, grant, &id, of_token.as_deref())?;
        let roles = if grant.schema().policies.has_own_roles() {
            policy::store::roles_of(conn, &grant.collection().def.id, &id)?
        } else {
            policy::store::built_in_roles()
        };
        Ok((record, roles))
    };
    let (record, roles) = match app.read(grant, Effort::Short, find).await {
        Ok((Some(record), roles)) => (record, roles),
        // The account, or its collection, is gone.
        Ok((None, _)) | Err(Error::NotFound(_)) => return Ok(Caller::Guest),
        Err(error) => return Err(error),
    };
    let key = tokens::signing_key(&record, kind);
    let Some(Claims { exp, .. }) = tokens::verify(token, &key, app.clock.now()) else {
        return Ok(Caller::Guest);
    };
    if let Some(session) = &session {
        app.sessions.note(session);
    }
    Ok(Caller::Account(Arc::new(Account {
        is_superuser: collection.is_superusers(),
        refreshable: refreshable.unwrap_or(false),
        expires: exp,
        session,
        record,
        roles,
    })))
}

/// The message of a failed sign-in.
const FAILED: &str = "Failed to authenticate.";

/// Makes the error for an account that the auth rule does not allow to sign in.
fn not_satisfied() -> Error {
    Error::forbidden("The request doesn't satisfy the collection requirements to authenticate.")
}

/// Makes the error for an account that asks for what accounts of another collection may.
fn of_another_collection(account: &Account) -> Error {
    Error::forbidden(format!(
        "The request requires auth record from {} collection.",
        account.record.collection.def.name
    ))
}

/// Returns the collection with this name, if its records are accounts.
fn of_accounts(collection: Option<&Arc<Collection>>) -> Result<Arc<Collection>> {
    let collection = collection.ok_or(Error::NotFound("Missing or invalid collection context."))?;
    if collection.is_auth() {
        Ok(Arc::clone(collection))
    } else {
        Err(Error::NotFound(
            "Missing or invalid auth collection context.",
        ))
    }
}
