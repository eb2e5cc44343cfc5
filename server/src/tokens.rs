//! Tokens of accounts: JSON Web Tokens, signed with HMAC-SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use plinth_sdk::types::{AuthOptions, Token};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::request::Account;
use crate::schema::Record;

/// The purpose of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Acting as the account.
    Auth,
    /// Reading protected files as the account.
    File,
    /// Verifying the account's email address.
    Verification,
    /// Choosing a new password.
    PasswordReset,
    /// Changing the email address.
    EmailChange,
}

impl Kind {
    /// Returns the collection's options for tokens of this kind.
    fn options(self, auth: &AuthOptions) -> &Token {
        match self {
            Self::Auth => &auth.auth_token,
            Self::File => &auth.file_token,
            Self::Verification => &auth.verification_token,
            Self::PasswordReset => &auth.password_reset_token,
            Self::EmailChange => &auth.email_change_token,
        }
    }
}

/// The claims of a token, with keys in alphabetical order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The id of the account's collection.
    pub collection_id: String,
    /// The email address that the token was sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When the token expires, in seconds since 1970.
    pub exp: i64,
    /// The id of the account.
    pub id: String,
    /// The email address that the account will have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<String>,
    /// Whether the token may be exchanged for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshable: Option<bool>,
    /// The id of the session: the token ends with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The purpose.
    #[serde(rename = "type")]
    pub kind: Kind,
}

/// Returns the key that signs an account's tokens: its own key and its collection's secret.
pub fn signing_key(record: &Record, kind: Kind) -> String {
    let auth = record.collection.def.auth.as_ref();
    let secret = auth.map(|auth| kind.options(auth).secret.as_str());
    format!("{}{}", record.text("tokenKey"), secret.unwrap_or_default())
}

/// Returns a digest of a signing key, which can be stored and compared instead of the key.
pub fn fingerprint(signing_key: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(signing_key))
}

/// Returns a keyed digest of a text, which nobody can compute without the key.
pub(crate) fn digest(text: &str, key: &str) -> Result<String> {
    let key = EncodingKey::from_secret(key.as_bytes());
    jsonwebtoken::crypto::sign(text.as_bytes(), &key, Algorithm::HS256).map_err(Error::internal)
}

/// Returns when a token for acting as the account expires that is valid for `duration` seconds, or for the usual time if
/// that is 0; in seconds since 1970.
pub fn expiry(record: &Record, duration: i64, now: Timestamp) -> i64 {
    if duration > 0 {
        now.unix().saturating_add(duration)
    } else {
        claims(record, Kind::Auth, now).exp
    }
}

/// Makes a token for acting as the account within a session.
pub fn auth(record: &Record, session: Option<String>, now: Timestamp) -> Result<String> {
    let claims = claims(record, Kind::Auth, now);
    sign(
        record,
        &Claims {
            refreshable: Some(true),
            sid: session,
            ..claims
        },
    )
}

/// Makes a token for acting as the account that cannot be renewed. It is valid for `duration` seconds, or for the
/// usual time if that is 0.
pub fn fixed(
    record: &Record,
    session: Option<String>,
    duration: i64,
    now: Timestamp,
) -> Result<String> {
    sign(
        record,
        &Claims {
            exp: expiry(record, duration, now),
            refreshable: Some(false),
            sid: session,
            ..claims(record, Kind::Auth, now)
        },
    )
}

/// Makes a token for reading files. It ends no later than the token of the request, and with the same session.
pub fn file(account: &Account, now: Timestamp) -> Result<String> {
    let mut claims = claims(&account.record, Kind::File, now);
    claims.exp = claims.exp.min(account.expires);
    claims.sid.clone_from(&account.session);
    sign(&account.record, &claims)
}

/// Makes a token that is sent by mail, and proves that its bearer reads the account's mails.
pub fn mailed(record: &Record, kind: Kind, now: Timestamp) -> Result<String> {
    let claims = claims(record, kind, now);
    sign(
        record,
        &Claims {
            email: Some(record.text("email").to_owned()),
            ..claims
        },
    )
}

/// Makes a token that is sent to a new email address, and proves that its bearer reads the mails there.
pub fn email_change(record: &Record, new_email: &str, now: Timestamp) -> Result<String> {
    let claims = claims(record, Kind::EmailChange, now);
    sign(
        record,
        &Claims {
            email: Some(record.text("email").to_owned()),
            new_email: Some(new_email.to_owned()),
            ..claims
        },
    )
}

fn claims(record: &Record, kind: Kind, now: Timestamp) -> Claims {
    let auth = record.collection.def.auth.as_ref();
    let duration = auth.map_or(0, |auth| kind.options(auth).duration);
    Claims {
        collection_id: record.collection.def.id.clone(),
        email: None,
        exp: now.unix() + duration,
        id: record.id().to_owned(),
        new_email: None,
        refreshable: None,
        sid: None,
        kind,
    }
}

fn sign(record: &Record, claims: &Claims) -> Result<String> {
    let key = EncodingKey::from_secret(signing_key(record, claims.kind).as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).map_err(Error::internal)
}

/// Returns the claims of a token without verifying its signature.
pub fn peek(token: &str) -> Option<Claims> {
    jsonwebtoken::dangerous::insecure_decode::<Claims>(token)
        .ok()
        .map(|token| token.claims)
}

/// Whether the claims of a token, unverified, contain an email address.
pub fn names_address(token: &str) -> bool {
    let claims = jsonwebtoken::dangerous::insecure_decode::<Map<String, Json>>(token);
    let email = claims
        .ok()
        .and_then(|mut token| token.claims.remove("email"));
    email.is_some_and(|email| !email.is_null() && email != "")
}

/// Returns the claims of a token if its signature is valid and it has not expired.
pub fn verify(token: &str, key: &str, now: Timestamp) -> Option<Claims> {
    signed(token, key).filter(|claims| claims.exp > now.unix())
}

/// Whether a token for acting as the account was made under its present key. It may have expired.
pub fn was_made_for(token: &str, account: &Record) -> bool {
    let claims = signed(token, &signing_key(account, Kind::Auth));
    claims.is_some_and(|claims| {
        claims.kind == Kind::Auth
            && claims.id == account.id()
            && claims.collection_id == account.collection.def.id
    })
}

/// Returns the claims of a token if its signature is valid.
fn signed(token: &str, key: &str) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(key.as_bytes());
    let decoded = jsonwebtoken::decode::<Claims>(token, &key, &validation);
    decoded.ok().map(|decoded| decoded.claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &Claims, key: &str, algorithm: Algorithm) -> String {
        let key = EncodingKey::from_secret(key.as_bytes());
        jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    #[test]
    fn n20_only_what_was_signed_so_is_good() {
        let now = Timestamp::parse("2024-01-01 00:00:00Z").unwrap();
        let claims = Claims {
            collection_id: "c".to_owned(),
            email: None,
            exp: now.unix() + 10,
            id: "i".to_owned(),
            new_email: None,
            refreshable: Some(true),
            sid: None,
            kind: Kind::Auth,
        };
        let good = token(&claims, "key", Algorithm::HS256);
        assert_eq!(verify(&good, "key", now), Some(claims.clone()));
        assert_eq!(verify(&good, "other", now), None);
        assert_eq!(
            verify(&token(&claims, "key", Algorithm::HS512), "key", now),
            None
        );
        let ended = Claims {
            exp: now.unix(),
            ..claims
        };
        assert_eq!(
            verify(&token(&ended, "key", Algorithm::HS256), "key", now),
            None
        );
        // {"alg":"none","typ":"JWT"}
        let unsigned = format!(
            "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.",
            good.split('.').nth(1).unwrap()
        );
        assert_eq!(verify(&unsigned, "key", now), None);
    }
}
