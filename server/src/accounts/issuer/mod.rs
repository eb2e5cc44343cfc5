//! Tokens with which other services verify who an account is.
//!
//! They are signed with ES256 under keys whose public halves everybody can read ([`keys`]), name one audience out of those that
//! the collection allows, and end after a short life: nothing else ends them. They are no tokens of this server's own
//! API, which are made under the account's key ([`crate::tokens`]).

pub(crate) mod keys;
mod store;

use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use serde_json::Value as Json;

use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::request::Account;

/// How long a token is valid if the request does not say, in seconds.
pub(crate) const DEFAULT_DURATION: i64 = 300;
/// How long a token is valid at most, in seconds.
pub(crate) const MAX_DURATION: i64 = 3600;

const JTI_LENGTH: usize = 22;

/// The claims of a token, with keys in alphabetical order.
#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    collection: Of<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    exp: i64,
    iat: i64,
    iss: &'a str,
    jti: String,
    sub: &'a str,
}

/// The collection of an account.
#[derive(Serialize)]
struct Of<'a> {
    id: &'a str,
    name: &'a str,
}

/// Makes a token for an audience. `own` is the account as it sees itself: an address that it does not see is in no token. It ends
/// no later than the token of the request.
pub(crate) async fn token(
    app: &App,
    account: &Account,
    own: &Json,
    audience: &str,
    duration: i64,
    now: Timestamp,
) -> Result<String> {
    let meta = app.meta();
    let definition = &account.record.collection.def;
    let email = own["email"].as_str().filter(|email| !email.is_empty());
    let claims = Claims {
        aud: audience,
        collection: Of {
            id: &definition.id,
            name: &definition.name,
        },
        email,
        email_verified: email.and(own["verified"].as_bool()),
        exp: now.unix().saturating_add(duration).min(account.expires),
        iat: now.unix(),
        iss: &meta.app_url,
        jti: app.random.alphanumeric(JTI_LENGTH),
        sub: account.record.id(),
    };
    let keys = keys::all(app).await?;
    let key = keys::current(&keys, now)?;
    let header = Header {
        kid: Some(key.kid.clone()),
        ..Header::new(Algorithm::ES256)
    };
    jsonwebtoken::encode(&header, &claims, &key.private()?).map_err(Error::internal)
}
