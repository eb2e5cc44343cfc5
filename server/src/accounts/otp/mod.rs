//! One-time passwords: digits that are sent to an account's address, and sign in once.
//!
//! A code is a record of `_otps`, which has a keyed digest of the digits. Who asks for one gets an id for every address, so
//! that nobody learns who has an account: it begins with letters that are derived from the address, and tries are counted by
//! these, whether or not there is an account ([`codes`](super::attempts::codes)).

mod issue;
mod redeem;

pub(super) use issue::request;
pub(super) use redeem::{Attempt, Redeemed, owner, redeem, stored_hash};

use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::records::account_data;
use crate::schema::{Collection, Record};
use crate::tokens::{self, Kind};

/// How many letters of an id are derived from the address.
const DERIVED: usize = 5;
/// How many letters of an id are random.
const RANDOM: usize = 10;
/// Marks digests of the server's own codes.
const PREFIX: &str = "hmac-sha256:";

/// Returns the letters with which the ids of all codes for an address begin.
fn derived(collection: &Collection, email: &str) -> Result<String> {
    let auth = collection.def.auth.as_ref();
    let key = auth.map_or("", |auth| auth.auth_token.secret.as_str());
    let digest = tokens::digest(&format!("otp address {}", email.to_lowercase()), key)?;
    let letters = digest.chars().filter(char::is_ascii_alphanumeric);
    Ok(letters.take(DERIVED).collect::<String>().to_lowercase())
}

/// Returns the letters of an id that are derived from the address.
pub(super) fn derived_part(id: &str) -> String {
    id.chars().take(DERIVED).collect()
}

/// Returns the digest of a code of the account.
fn digest(account: &Record, code: &str) -> Result<String> {
    let key = tokens::signing_key(account, Kind::Auth);
    let digest = tokens::digest(&format!("otp code {code}"), &key)?;
    Ok(format!("{PREFIX}{digest}"))
}

/// Whether a code has expired.
fn has_expired(code: &Record, account: &Record, now: Timestamp) -> bool {
    let auth = account.collection.def.auth.as_ref();
    let seconds = auth.map_or(0, |auth| auth.otp.duration);
    account_data::is_older(code, Duration::from_secs(seconds.unsigned_abs()), now)
}
