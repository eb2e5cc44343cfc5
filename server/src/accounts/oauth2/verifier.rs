//! Code verifiers (PKCE), which bind a sign-in to this server, its collection and its service.
//!
//! A verifier contains the time, randomness, and a MAC of both under a secret that all replicas share. So nothing is
//! stored when a client asks for one, and no other verifier is taken. What is stored is which ones were used.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::settings::Service;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::random::Random;
use crate::schema::Collection;

/// How long a sign-in may take, in seconds.
pub(crate) const MAX_AGE: i64 = 600;
/// How far the clocks of two replicas may differ, in seconds.
const LEEWAY: i64 = 60;

const TIME: usize = 4;
const RANDOM: usize = 12;
const MAC: usize = 16;

/// Makes a verifier.
pub(crate) fn make(
    collection: &Collection,
    service: &Service,
    random: &Random,
    now: Timestamp,
) -> Result<String> {
    let mut bytes = Vec::with_capacity(TIME + RANDOM + MAC);
    let time = u32::try_from(now.unix()).unwrap_or_default();
    bytes.extend_from_slice(&time.to_be_bytes());
    bytes.extend_from_slice(&random.bytes::<RANDOM>());
    let mac = mac(collection, service, &bytes)?;
    bytes.extend_from_slice(&mac);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether a verifier was made here, for this collection and service, and not long ago.
pub(crate) fn is_good(
    verifier: &str,
    collection: &Collection,
    service: &Service,
    now: Timestamp,
) -> Result<bool> {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(verifier) else {
        return Ok(false);
    };
    let Some((made, given)) = bytes.split_at_checked(TIME + RANDOM) else {
        return Ok(false);
    };
    let Some((time, _)) = made.split_first_chunk::<TIME>() else {
        return Ok(false);
    };
    let age = now.unix() - i64::from(u32::from_be_bytes(*time));
    let is_same = bool::from(mac(collection, service, made)?.ct_eq(given));
    Ok(is_same && (-LEEWAY..=MAX_AGE).contains(&age))
}

/// Returns the challenge of a verifier.
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// Returns the nonce that goes with a verifier, for the ID token of OpenID Connect.
pub(crate) fn nonce(verifier: &str) -> String {
    labelled("nonce", verifier)
}

/// Returns the key under which the use of a verifier is stored.
pub(crate) fn used(verifier: &str) -> String {
    labelled("used", verifier)
}

fn labelled(label: &str, verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{label}\0{verifier}")))
}

fn mac(collection: &Collection, service: &Service, made: &[u8]) -> Result<Vec<u8>> {
    let auth = collection.def.auth.as_deref();
    let secret = auth.map_or("", |auth| auth.auth_token.secret.as_str());
    if secret.is_empty() {
        let why = anyhow::anyhow!("the collection has no secret to sign with");
        return Err(Error::internal(why));
    }
    let mut message = format!(
        "oauth2 code verifier\0{}\0{}\0",
        collection.def.id, service.provider.name
    )
    .into_bytes();
    message.extend_from_slice(made);
    let key = EncodingKey::from_secret(secret.as_bytes());
    let mac = crypto::sign(&message, &key, Algorithm::HS256).map_err(Error::internal)?;
    let mut mac = URL_SAFE_NO_PAD.decode(mac).map_err(Error::internal)?;
    mac.truncate(MAC);
    Ok(mac)
}
