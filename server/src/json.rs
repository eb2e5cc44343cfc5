//! JSON in the format of the protocol: numbers without needless fractions or exponents, and `<`, `>`, `&` escaped, so
//! that a response can be embedded into a page.

use std::io::{self, Write};

use memchr::{memchr, memchr3};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// Returns the body of a response: JSON and a newline.
pub fn body(value: &impl Serialize) -> Vec<u8> {
    let mut out = text(value);
    out.push(b'\n');
    escape(out)
}

/// Returns JSON without the escapes for pages.
pub fn text(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let written = value.serialize(&mut Serializer::with_formatter(&mut out, Numbers));
    debug_assert!(written.is_ok(), "a value that JSON cannot hold");
    out
}

/// Returns canonical JSON: sorted keys, no spaces, numbers in their shortest form.
pub fn canonical(value: &Value) -> String {
    String::from_utf8(text(value)).unwrap_or_default()
}

/// Like [`canonical`], for JSON text.
pub fn normalise(text: &str) -> Option<String> {
    serde_json::from_str::<Value>(text)
        .ok()
        .map(|value| canonical(&value))
}

/// Escapes what a browser could parse as markup. In JSON, these characters occur in strings only.
pub fn escape(json: Vec<u8>) -> Vec<u8> {
    if memchr3(b'<', b'>', b'&', &json).is_none() && memchr(0xe2, &json).is_none() {
        return json;
    }
    let mut out = Vec::with_capacity(json.len() + 32);
    let mut rest = json.as_slice();
    while let Some((&byte, after)) = rest.split_first() {
        let (escaped, length): (&[u8], usize) = match byte {
            b'<' => (b"\\u003c", 1),
            b'>' => (b"\\u003e", 1),
            b'&' => (b"\\u0026", 1),
            0xe2 if after.starts_with(&[0x80, 0xa8]) => (b"\\u2028", 3),
            0xe2 if after.starts_with(&[0x80, 0xa9]) => (b"\\u2029", 3),
            _ => (&rest[..1], 1),
        };
        out.extend_from_slice(escaped);
        rest = &rest[length..];
    }
    out
}

/// Appends a JSON string.
pub fn push_str(out: &mut Vec<u8>, value: &str) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "writing to memory failed");
}

/// Appends a number.
pub fn push_number(out: &mut Vec<u8>, value: f64) {
    let written = write_number(out, value);
    debug_assert!(written.is_ok(), "writing to memory failed");
}

struct Numbers;

impl Formatter for Numbers {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write_number(writer, value)
    }

    // SQLite's integers end at 2^63: larger numbers are doubles, on both databases.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the nearest double is the value"
    )]
    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        match i64::try_from(value) {
            Ok(whole) => writer.write_all(itoa::Buffer::new().format(whole).as_bytes()),
            Err(_) => write_number(writer, value as f64),
        }
    }
}

/// Whether a double represents this integer and its neighbors exactly.
pub fn is_double(whole: i64) -> bool {
    whole.unsigned_abs() <= 1 << 53
}

/// Returns the double nearest to an integer.
#[expect(
    clippy::cast_precision_loss,
    reason = "the nearest double is the value"
)]
pub fn to_double(whole: i64) -> f64 {
    whole as f64
}

/// Writes the shortest form that is parsed as the same double, as in JavaScript: with an exponent from 21 digits
/// before the point or 6 zeros after it, and without a sign before zero, which jsonb cannot keep.
fn write_number<W: ?Sized + Write>(writer: &mut W, value: f64) -> io::Result<()> {
    if let Some(whole) = whole(value) {
        return writer.write_all(itoa::Buffer::new().format(whole).as_bytes());
    }
    let size = value.abs();
    if !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return match text.split_once("e-") {
            Some(_) => write!(writer, "{text}"),
            None => write!(writer, "{}", text.replace('e', "e+")),
        };
    }
    write!(writer, "{value}")
}

/// Returns the number as an integer if it has no fraction, and doubles represent it and its neighbors exactly.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it has no fraction and fits"
    )]
    let whole = (value.fract() == 0.0 && value.abs() < EXACT).then_some(value as i64);
    whole
}

/// Returns the JSON of a number.
pub fn number_text(value: f64) -> String {
    let mut out = Vec::with_capacity(8);
    push_number(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (5.0, "5"),
            (2.5, "2.5"),
            (-0.1, "-0.1"),
            (0.0, "0"),
            (-0.0, "0"),
            (-12.0, "-12"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-7"),
            (9_007_199_254_740_993.0, "9007199254740992"),
        ] {
            assert_eq!(number_text(value), expected);
        }
    }

    #[test]
    fn keys_are_sorted_and_markup_is_escaped() {
        let value: Value = serde_json::from_str(r#"{"b":"<a & b>","a":1e3}"#).unwrap();
        assert_eq!(
            String::from_utf8(body(&value)).unwrap(),
            "{\"a\":1000,\"b\":\"\\u003ca \\u0026 b\\u003e\"}\n"
        );
    }
}
