//! Redacts log entries: removes secrets, and makes characters visible that could fake another line of the log.

use percent_encoding::percent_decode_str;
use serde_json::Value as Json;

/// The replacement for a secret.
const REDACTED: &str = "***";
/// A parameter is secret if its name contains one of these.
const PARTS: [&str; 10] = [
    "token",
    "passw",
    "secret",
    "authoriz",
    "apikey",
    "api_key",
    "api-key",
    "jwt",
    "signature",
    "credential",
];
/// A parameter is also secret if it has one of these names.
const NAMES: [&str; 6] = ["auth", "code", "key", "otp", "state", "mfaid"];
/// The least bytes of a token: a shorter text that begins like a token is none.
const MIN_TOKEN: usize = 12;
/// How many times a value may be percent-encoded inside another one.
const MAX_NESTED: usize = 4;

/// Redacts a path with its query.
pub(super) fn address(address: &str) -> String {
    let (path, query) = match address.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (address, None),
    };
    let mut out = text(&without_user(path));
    if let Some(query) = query {
        out.push('?');
        let shown: Vec<String> = query.split('&').map(parameter).collect();
        out.push_str(&shown.join("&"));
    }
    out
}

/// Redacts a path with its query, and decodes it for people.
pub(super) fn legible(address: &str) -> String {
    text(&percent_decode_str(address).decode_utf8_lossy())
}

/// Redacts a text: removes tokens, and makes one line of visible characters of it.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, from) = rest.split_at(at);
        let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
        let end = from.find(|c| !is_token(c)).unwrap_or(from.len());
        visible(&mut out, before);
        out.push_str(if end < MIN_TOKEN {
            &from[..end]
        } else {
            REDACTED
        });
        rest = &from[end..];
    }
    visible(&mut out, rest);
    out
}

/// Redacts every text inside a JSON value.
pub(super) fn json(value: &Json) -> Json {
    match value {
        Json::String(inner) => Json::String(text(inner)),
        Json::Array(items) => items.iter().map(json).collect(),
        Json::Object(fields) => fields
            .iter()
            .map(|(name, value)| (text(name), json(value)))
            .collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
    }
}

/// Redacts the user and password of `https://user:password@host/`.
fn without_user(path: &str) -> String {
    let Some((scheme, rest)) = path.split_once("://") else {
        return path.to_owned();
    };
    let host = rest.split('/').next().unwrap_or_default();
    match host.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://{REDACTED}@{}", &rest[user.len() + 1..]),
        None => path.to_owned(),
    }
}

fn parameter(parameter: &str) -> String {
    let (name, value) = match parameter.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (parameter, None),
    };
    let is_secret = is_name_of_secret(&decoded(name));
    match value {
        None => text(parameter),
        Some(value) if is_secret || has_secret(value) => format!("{}={REDACTED}", text(name)),
        Some(value) => format!("{}={}", text(name), text(value)),
    }
}

fn is_name_of_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    NAMES.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part))
}

/// Returns whether a value contains a secret: a token, a comparison with a secret, or an address that contains one.
fn has_secret(value: &str) -> bool {
    let mut value = value.to_lowercase();
    for _ in 0..MAX_NESTED {
        let names_one = value.contains('=') && PARTS.iter().any(|part| value.contains(part));
        if names_one || text(&value.replace("eyj", "eyJ")).contains(REDACTED) {
            return true;
        }
        let inner = decoded(&value);
        if inner == value {
            return false;
        }
        value = inner;
    }
    // What is encoded so many times is meant to be hidden.
    true
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Escapes characters that are invisible or change the direction of text.
fn visible(out: &mut String, text: &str) {
    for c in text.chars() {
        let is_odd = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if is_odd {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6InQifQ.c2lnbmF0dXJl";

    #[test]
    fn n56_secrets_in_addresses_are_not_shown() {
        for (given, shown) in [
            (
                "/api/files/a/b/c.png?token=abc&thumb=1x1".to_owned(),
                "/api/files/a/b/c.png?token=***&thumb=1x1",
            ),
            (
                "/a?access_token=1&PassWord=2&client_secret=3".to_owned(),
                "/a?access_token=***&PassWord=***&client_secret=***",
            ),
            ("/a?%74oken=abc".to_owned(), "/a?%74oken=***"),
            (
                "/a?code=1&state=2&country_code=de".to_owned(),
                "/a?code=***&state=***&country_code=de",
            ),
            (format!("/a?x={TOKEN}&y=1"), "/a?x=***&y=1"),
            (format!("/a/{TOKEN}/b"), "/a/***/b"),
            (format!("/a?x={}", TOKEN.replace('.', "%2E")), "/a?x=***"),
            (
                "/a?to=https%3A%2F%2Fb%2F%3Ftoken%3Dabc".to_owned(),
                "/a?to=***",
            ),
            (
                "/a?to=https%253A%252F%252Fb%252F%253Ftoken%253Dabc".to_owned(),
                "/a?to=***",
            ),
            (
                "/a?filter=tokenKey%20%3D%20'abc'".to_owned(),
                "/a?filter=***",
            ),
            (
                "/a?filter=title%20%3D%20'abc'&sort=-eyJ".to_owned(),
                "/a?filter=title%20%3D%20'abc'&sort=-eyJ",
            ),
            (
                "https://ann:pw@host/x?a=1".to_owned(),
                "https://***@host/x?a=1",
            ),
            ("https://host/@x".to_owned(), "https://host/@x"),
            ("/a?token".to_owned(), "/a?token"),
            ("/?".to_owned(), "/?"),
        ] {
            assert_eq!(address(&given), shown, "{given}");
        }
        assert_eq!(
            text(&format!("Bearer {TOKEN}, and more")),
            "Bearer ***, and more"
        );
        assert_eq!(text("eyJ"), "eyJ");
        // Cut off, it is still one.
        assert_eq!(text(&TOKEN[..TOKEN.len() - 30]), "***");
    }

    #[test]
    fn n19_a_log_is_one_line_an_entry() {
        let given = "/a%0A2026-01-01%20ERROR%0D%1B%5B31mred%E2%80%AE";
        assert_eq!(
            legible(given),
            "/a\\u{a}2026-01-01 ERROR\\u{d}\\u{1b}[31mred\\u{202e}"
        );
        assert_eq!(text("a\u{2028}b\tc\0"), "a\\u{2028}b\\u{9}c\\u{0}");
        assert_eq!(text("schön 日本 🎉"), "schön 日本 🎉");
    }
}
