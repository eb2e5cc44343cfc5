//! One-time codes of an authenticator app (TOTP, RFC 6238) as a second factor, and recovery codes for whoever has lost it.
//!
//! A record of `_totps` has the secret of an account, which no response contains after the first, and the step of the last
//! code, so that each counts once. An account with a confirmed record needs a code at every sign-in. The records of
//! `_recoveryCodes` are digests of codes that count once.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Secret, Totp};

use crate::clock::Timestamp;
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
use crate::policy::{Grant, Snapshot};
use crate::random::Random;
use crate::records::account_data;
use crate::records::store::{self as records, Lock};
use crate::records::write::Input;
use crate::schema::Record;
use crate::system::account_data::{RECOVERY_CODES, TOTPS};

/// The number of recovery codes.
const RECOVERY: usize = 10;
/// The characters of a recovery code: 80 bits, so that a plain digest cannot be reversed.
const RECOVERY_LENGTH: usize = 16;
/// The characters of base32, which codes and secrets are written in.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The characters that a URL leaves as they are.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// Returns a grant of the server itself for the records of TOTP.
pub(super) fn grant(schema: &Arc<Snapshot>, now: Timestamp) -> Result<Grant> {
    account_data::grant(schema, TOTPS, now)
}

/// Whether the account needs a code to sign in.
pub(super) fn is_enabled(
    conn: &mut Conn,
    schema: &Arc<Snapshot>,
    account: &Record,
) -> Result<bool> {
    let grant = grant(schema, conn.clock.now())?;
    Ok(find(conn, &grant, account)?.is_some_and(|totp| totp.is("confirmed")))
}

/// Returns the account's record, locked.
fn find(conn: &mut Conn, grant: &Grant, account: &Record) -> Result<Option<Record>> {
    Ok(account_data::all_of(conn, grant, account)?.pop())
}

fn find_locked(conn: &mut Conn, grant: &Grant, account: &Record) -> Result<Option<Record>> {
    let Some(totp) = find(conn, grant, account)? else {
        return Ok(None);
    };
    records::find(conn, grant, totp.id(), Some(Lock::Update))
}

/// Stores a secret that is not confirmed yet, in place of an earlier one of that kind. Returns whether there is none that
/// is confirmed.
pub(super) fn enrol(
    conn: &mut Conn,
    grant: &Grant,
    account: &Record,
    secret: &[u8; 20],
) -> Result<bool> {
    if let Some(earlier) = find_locked(conn, grant, account)? {
        if earlier.is("confirmed") {
            return Ok(false);
        }
        records::delete(conn, grant, &[earlier.id().to_owned()])?;
    }
    let secret = STANDARD.encode(secret);
    let mut input = Input::of(Map::from_iter([("secret".to_owned(), json!(secret))]));
    // It is no password: it has to be known to compute codes.
    input.hashes.insert("secret".to_owned(), secret);
    account_data::create(conn, grant.clone(), account, input)?;
    Ok(true)
}

/// Confirms the secret by a code, and returns new recovery codes; `None` if the code is wrong.
pub(super) fn confirm(
    conn: &mut Conn,
    grant: &Grant,
    account: &Record,
    code: &str,
) -> Result<Option<Vec<String>>> {
    let Some(totp) = find_locked(conn, grant, account)?.filter(|totp| !totp.is("confirmed")) else {
        return Ok(None);
    };
    if !take_step(conn, grant, &totp, code)? {
        return Ok(None);
    }
    let codes: Vec<String> = (0..RECOVERY).map(|_| recovery_code(&conn.random)).collect();
    account_data::forget(conn, grant.schema(), account, &[RECOVERY_CODES])?;
    let of_codes = account_data::grant(grant.schema(), RECOVERY_CODES, conn.clock.now())?;
    for code in &codes {
        let mut input = Input::of(Map::from_iter([("code".to_owned(), json!("-"))]));
        input.hashes.insert("code".to_owned(), digest(code));
        account_data::create(conn, of_codes.clone(), account, input)?;
    }
    Ok(Some(codes))
}

/// Takes a code of the app or a recovery code; returns whether it is good. It counts only once.
pub(super) fn take(conn: &mut Conn, grant: &Grant, account: &Record, code: &str) -> Result<bool> {
    // The row's lock makes concurrent requests take turns, for recovery codes too.
    let Some(totp) = find_locked(conn, grant, account)?.filter(|totp| totp.is("confirmed")) else {
        return Ok(false);
    };
    if take_step(conn, grant, &totp, code)? {
        return Ok(true);
    }
    let wanted = digest(code);
    let of_codes = account_data::grant(grant.schema(), RECOVERY_CODES, conn.clock.now())?;
    let codes = account_data::all_of(conn, &of_codes, account)?;
    let Some(taken) = codes.iter().find(|known| known.text("code") == wanted) else {
        return Ok(false);
    };
    records::delete(conn, &of_codes, &[taken.id().to_owned()])?;
    Ok(true)
}

/// Takes a code of the app, if it is of a later step than the last one, and stores its step.
fn take_step(conn: &mut Conn, grant: &Grant, totp: &Record, code: &str) -> Result<bool> {
    let now = conn.clock.now().unix().unsigned_abs();
    let secret = STANDARD.decode(totp.text("secret"));
    let Some(step) = secret.ok().and_then(|secret| step(secret, code, now)) else {
        return Ok(false);
    };
    let last = totp.text("lastStep").parse::<u64>().unwrap_or_default();
    if step <= last {
        return Ok(false);
    }
    let mut taken = totp.clone();
    taken.set("lastStep", Value::Text(step.to_string()));
    taken.set("confirmed", Value::Bool(true));
    records::update(conn, grant, totp, &taken)?;
    Ok(true)
}

/// Returns the step of a code: of the present 30 seconds, the ones before or the ones after.
fn step(secret: Vec<u8>, code: &str, now: u64) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| app_of(secret).check(&code, now)).flatten()
}

fn app_of(secret: Vec<u8>) -> Totp {
    Builder::new()
        .with_secret(Secret::new(secret.into_boxed_slice()))
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .build_noncompliant()
}

/// Deletes the secret and the recovery codes of an account; returns whether there was a secret.
pub(crate) fn remove(conn: &mut Conn, schema: &Arc<Snapshot>, account: &Record) -> Result<bool> {
    let grant = grant(schema, conn.clock.now())?;
    let is_there = find_locked(conn, &grant, account)?.is_some();
    account_data::forget(conn, schema, account, &[TOTPS, RECOVERY_CODES])?;
    Ok(is_there)
}

/// Writes a secret as authenticator apps take it.
pub(super) fn base32(secret: &[u8; 20]) -> String {
    let mut out = String::new();
    for chunk in secret.chunks(5) {
        let word = chunk
            .iter()
            .fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let index = usize::try_from(word >> (5 * place) & 31).unwrap_or_default();
            out.push(char::from(BASE32[index]));
        }
    }
    out
}

/// Returns the URL that authenticator apps read from a QR code.
pub(super) fn url(secret: &str, issuer: &str, account: &str) -> String {
    let issuer = utf8_percent_encode(issuer, PLAIN);
    let account = utf8_percent_encode(account, PLAIN);
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}")
}

/// Draws a QR code as SVG.
pub(super) fn qr(text: &str) -> Result<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(Error::internal)?;
    let (size, border) = (code.size(), 4);
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            // Writing to a text never fails.
            let _ = write!(path, "M{},{}h1v1h-1z", x + border, y + border);
        }
    }
    let width = size + 2 * border;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {width}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0,0h{width}v{width}h-{width}z\"/><path d=\"{path}\"/></svg>"
    ))
}

/// Makes a recovery code: `ABCD-EFGH-IJKL-MNOP`.
fn recovery_code(random: &Random) -> String {
    let bytes: [u8; RECOVERY_LENGTH] = random.bytes();
    let mut code = String::new();
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(BASE32[usize::from(byte % 32)]));
    }
    code
}

/// Returns the digest of a recovery code, however it is written.
fn digest(code: &str) -> String {
    let plain = code.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = plain.map(|c| c.to_ascii_uppercase()).collect();
    STANDARD.encode(Sha256::digest(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n24_codes_are_those_of_rfc_6238_within_one_step() {
        // The last six digits of the RFC's codes of eight.
        let secret = b"12345678901234567890";
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = |now: u64| step(secret.to_vec(), code, now);
            for now in [time - 30, time, time + 30] {
                assert_eq!(at(now), Some(time / 30), "{code}");
            }
            assert_eq!(at(time + 60), None);
        }
        for bad in [
            "",
            "28708",
            "2870821",
            "28708a",
            "２８７０８２",
            "-87082",
            "+87082",
        ] {
            assert_eq!(step(secret.to_vec(), bad, 59), None, "{bad}");
        }
        assert_eq!(step(secret.to_vec(), "287 082", 59), Some(1));
        assert_eq!(base32(secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn urls_escape_what_they_contain() {
        assert_eq!(
            url("ABC", "Tom & Ann: App", "ann@example.com"),
            "otpauth://totp/Tom%20%26%20Ann%3A%20App:ann@example.com?secret=ABC&issuer=Tom%20%26%20Ann%3A%20App"
        );
        assert!(qr("otpauth://totp/a").unwrap().ends_with("z\"/></svg>"));
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_written() {
        let code = recovery_code(&Random::seeded(1));
        assert_eq!(code.len(), RECOVERY_LENGTH + 3);
        assert_eq!(
            digest(&code),
            digest(&code.to_lowercase().replace('-', " "))
        );
        assert_ne!(digest(&code), digest(&recovery_code(&Random::seeded(2))));
    }
}
