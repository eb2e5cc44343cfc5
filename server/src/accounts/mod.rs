//! Accounts: records of auth collections that sign in.
//!
//! A token names its account and is signed with the account's own key, so it dies with a new password. Nothing
//! about tokens is stored.

pub mod api;
pub mod confirm;
pub mod impersonate;
pub(crate) mod letters;
mod methods;
pub mod password;
pub mod providers;
pub mod store;
pub mod token;

use std::sync::Arc;

use crate::app::App;
use crate::clock::Moment;
use crate::collections::{self, Collection};
use crate::error::Result;
use crate::policy;
use crate::request::{Account, Caller, Request};
use token::{Claims, Kind};

/// Who sent this `Authorization` header. A token that is not good makes a guest.
pub async fn authenticate(app: &App, header: &str) -> Result<Caller> {
    let token = header
        .get(..7)
        .filter(|prefix| prefix.eq_ignore_ascii_case("bearer "))
        .map_or(header, |prefix| &header[prefix.len()..]);
    bearer(app, token, Kind::Auth).await
}

/// Whose token of this kind it is.
pub async fn bearer(app: &App, token: &str, kind: Kind) -> Result<Caller> {
    let Some(claims) = token::peek(token) else {
        return Ok(Caller::Guest);
    };
    if claims.kind != kind {
        return Ok(Caller::Guest);
    }
    let schema = app.schema.current();
    let Some(collection) = schema.find(&claims.collection_id).filter(|c| c.is_auth()) else {
        return Ok(Caller::Guest);
    };
    let grant = policy::system(
        &schema,
        collection,
        Request::internal(),
        "nobody is signed in before the token is checked",
    );
    let Claims {
        id, refreshable, ..
    } = claims;
    let known = schema.version;
    let may_have_roles = schema.policies.has_own_roles();
    let found = app.db.read_few(move |conn| {
        let record = crate::records::store::find(conn, &grant, &id, None)?;
        // Another process may have made the first role.
        let is_current = collections::store::is_current(conn, known)?;
        let roles = if may_have_roles || !is_current {
            policy::store::roles_of(conn, &grant.collection().def.id, &id)?
        } else {
            policy::store::built_in_roles()
        };
        Ok((record, roles, is_current))
    });
    let (record, roles, is_current) = found.await?;
    if !is_current {
        app.refresh_schema().await?;
    }
    let Some(record) = record else {
        return Ok(Caller::Guest);
    };
    let key = token::signing_key(&record, kind);
    if token::verify(token, &key, Moment::now()).is_none() {
        return Ok(Caller::Guest);
    }
    Ok(Caller::Account(Arc::new(Account {
        is_superuser: collection.is_superusers(),
        refreshable: refreshable.unwrap_or(false),
        record,
        roles,
    })))
}

/// The collection, if its records are accounts.
fn of_accounts(collection: Option<&Arc<Collection>>) -> Result<Arc<Collection>> {
    let collection = collection.ok_or(crate::error::Error::NotFound(
        "Missing or invalid collection context.",
    ))?;
    if collection.is_auth() {
        Ok(Arc::clone(collection))
    } else {
        Err(crate::error::Error::NotFound(
            "Missing or invalid auth collection context.",
        ))
    }
}
