//! Tokens: JSON Web Tokens signed with HMAC-SHA-256, as the wire protocol has them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use plinth_sdk::types::{AuthOptions, Token};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::schema::Record;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// To act as the account.
    Auth,
    /// To be served protected files as the account.
    File,
    /// To show that the account's address is its owner's.
    Verification,
    /// To choose a new password.
    PasswordReset,
}

impl Kind {
    /// What the collection says of tokens for this.
    fn options(self, auth: &AuthOptions) -> &Token {
        match self {
            Self::Auth => &auth.auth_token,
            Self::File => &auth.file_token,
            Self::Verification => &auth.verification_token,
            Self::PasswordReset => &auth.password_reset_token,
        }
    }
}

/// What a token says. Keys are in alphabetical order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The account's collection.
    pub collection_id: String,
    /// The address that it was sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// The account.
    pub id: String,
    /// Whether it may be exchanged for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshable: Option<bool>,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: Kind,
}

/// What signs the tokens of an account: its own key and its collection's secret.
pub fn signing_key(record: &Record, kind: Kind) -> String {
    let auth = record.collection.def.auth.as_ref();
    let secret = auth.map(|auth| kind.options(auth).secret.as_str());
    format!("{}{}", record.text("tokenKey"), secret.unwrap_or_default())
}

/// A digest of the key that signs the account's tokens: it shows that a token was good without telling how to sign one.
pub fn fingerprint(signing_key: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(signing_key))
}

/// A new token that lets its bearer act as the account.
pub fn auth(record: &Record, now: Moment) -> Result<String> {
    let claims = claims(record, Kind::Auth, now);
    sign(
        record,
        &Claims {
            refreshable: Some(true),
            ..claims
        },
    )
}

/// A new token that lets its bearer act as the account for so many seconds, and not longer; for the usual time when
/// `duration` is 0.
pub fn fixed(record: &Record, duration: i64, now: Moment) -> Result<String> {
    let mut claims = claims(record, Kind::Auth, now);
    if duration > 0 {
        claims.exp = now.unix().saturating_add(duration);
    }
    sign(
        record,
        &Claims {
            refreshable: Some(false),
            ..claims
        },
    )
}

/// A new token with which its bearer is served what the account may see. It ends no later than `expires`, when the token
/// ends that it was asked for with.
pub fn file(record: &Record, expires: i64, now: Moment) -> Result<String> {
    let mut claims = claims(record, Kind::File, now);
    claims.exp = claims.exp.min(expires);
    sign(record, &claims)
}

/// A new token that shows that its bearer reads the account's mails.
pub fn mailed(record: &Record, kind: Kind, now: Moment) -> Result<String> {
    let claims = claims(record, kind, now);
    sign(
        record,
        &Claims {
            email: Some(record.text("email").to_owned()),
            ..claims
        },
    )
}

fn claims(record: &Record, kind: Kind, now: Moment) -> Claims {
    let auth = record.collection.def.auth.as_ref();
    let duration = auth.map_or(0, |auth| kind.options(auth).duration);
    Claims {
        collection_id: record.collection.def.id.clone(),
        email: None,
        exp: now.unix() + duration,
        id: record.id().to_owned(),
        refreshable: None,
        kind,
    }
}

fn sign(record: &Record, claims: &Claims) -> Result<String> {
    let key = EncodingKey::from_secret(signing_key(record, claims.kind).as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).map_err(Error::internal)
}

/// What a token says, if it is one; nothing vouches for it yet.
pub fn peek(token: &str) -> Option<Claims> {
    jsonwebtoken::dangerous::insecure_decode::<Claims>(token)
        .ok()
        .map(|token| token.claims)
}

/// Whether a token, of whatever kind, says to which address it was sent; nothing vouches for it.
pub fn names_address(token: &str) -> bool {
    let claims = jsonwebtoken::dangerous::insecure_decode::<Map<String, Json>>(token);
    let email = claims
        .ok()
        .and_then(|mut token| token.claims.remove("email"));
    email.is_some_and(|email| !email.is_null() && email != "")
}

/// What a token says, if it was signed with `key` and has not ended.
pub fn verify(token: &str, key: &str, now: Moment) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(key.as_bytes());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
        .ok()?
        .claims;
    (claims.exp > now.unix()).then_some(claims)
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
        let now = Moment::parse("2024-01-01 00:00:00Z").unwrap();
        let claims = Claims {
            collection_id: "c".to_owned(),
            email: None,
            exp: now.unix() + 10,
            id: "i".to_owned(),
            refreshable: Some(true),
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
