//! Dates in the forms that clients send.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use serde_json::Value as Json;

use super::cast;
use crate::clock::format_utc;
use crate::db::Value;

/// Formats other than ISO 8601, without the day of the week and the zone.
const WORDED: [&str; 5] = [
    "%d %b %Y %H:%M:%S",
    "%d %b %y %H:%M",
    "%d-%b-%y %H:%M:%S",
    "%b %d %H:%M:%S %Y",
    "%d %b %Y",
];

/// Returns the stored form of a date, `2024-01-31 10:00:00.000Z`, or `None` if the text is not a date. Without a zone it
/// is in UTC. The first moment of the year 1 stands for no date.
pub(crate) fn normalise(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let utc = iso(text).or_else(|| worded(text))?;
    let is_none = utc == DateTime::constant(1, 1, 1, 0, 0, 0, 0);
    if is_none || utc.year() < 0 {
        return None;
    }
    Some(format_utc(utc))
}

/// Returns the stored form of what a client sent as a date; empty if it is none.
pub(super) fn value(raw: &Json) -> Value {
    Value::Text(normalise(&cast::text(raw)).unwrap_or_default())
}

/// Returns whether a value is neither empty nor a date.
pub(super) fn is_no_date(value: &Value) -> bool {
    matches!(value, Value::Text(text) if !text.is_empty() && normalise(text).is_none())
}

/// Reads `2024-01-31`, alone or with `T10:00:00`, a fraction and a zone.
fn iso(text: &str) -> Option<DateTime> {
    let mut scan = Scan(text);
    let year = i16::try_from(scan.digits(4, 4)?).ok()?;
    let month = scan.after("-")?.digits(2, 2)?;
    let day = scan.after("-")?.digits(2, 2)?;
    let (mut hour, mut minute, mut second, mut nanos) = (0, 0, 0, 0);
    let mut offset = 0;
    if !scan.0.is_empty() {
        scan.0 = scan.0.strip_prefix(['T', ' '])?;
        hour = scan.digits(1, 2)?;
        minute = scan.after(":")?.digits(2, 2)?;
        second = scan.after(":")?.digits(2, 2)?;
        if let Some(rest) = scan.0.strip_prefix(['.', ',']) {
            scan.0 = rest;
            nanos = scan.fraction()?;
        }
        offset = zone(scan.0)?;
    }
    let small = |number: i32| i8::try_from(number).ok();
    let local = DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        nanos,
    );
    to_utc(local.ok()?, offset)
}

/// Reads `Wed, 31 Jan 2024 10:00:00 GMT` and similar formats.
fn worded(text: &str) -> Option<DateTime> {
    let mut offset = 0;
    let mut words = Vec::with_capacity(6);
    for (position, word) in text.split_whitespace().enumerate() {
        let is_weekday = position == 0 && word.starts_with(|c: char| c.is_ascii_alphabetic());
        let is_abbreviation =
            (3..=4).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase());
        if word.starts_with(['+', '-']) {
            offset = zone(word)?;
        } else if !is_abbreviation && (!is_weekday || is_month(word)) {
            words.push(word);
        }
    }
    let text = words.join(" ");
    // A day that comes first has two digits.
    let day = text.bytes().take_while(u8::is_ascii_digit).count();
    if day == 1 {
        return None;
    }
    let local = WORDED.iter().find_map(|format| {
        let parsed = strtime::parse(format, &text).ok()?;
        let date = || parsed.to_date().map(|date| date.at(0, 0, 0, 0));
        parsed.to_datetime().or_else(|_| date()).ok()
    })?;
    to_utc(local, offset)
}

fn is_month(word: &str) -> bool {
    strtime::parse("%b", word).is_ok()
}

fn to_utc(local: DateTime, offset: i32) -> Option<DateTime> {
    let offset = SignedDuration::from_secs(i64::from(offset));
    local.checked_sub(offset).ok()
}

/// Reads a zone as seconds east of UTC: nothing, `Z`, `+02:00`, `+0200` or `+0200 CEST`.
fn zone(text: &str) -> Option<i32> {
    if matches!(text, "" | "Z") {
        return Some(0);
    }
    let mut scan = Scan(text.strip_prefix(' ').unwrap_or(text));
    let sign = match scan.0.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    scan.0 = &scan.0[1..];
    let hours = scan.digits(2, 2).filter(|hours| *hours <= 24)?;
    scan.0 = scan.0.strip_prefix(':').unwrap_or(scan.0);
    let minutes = scan.digits(2, 2).filter(|minutes| *minutes <= 60)?;
    let name = scan.0.strip_prefix(' ').unwrap_or(scan.0);
    let is_name = name.bytes().all(|byte| byte.is_ascii_uppercase());
    is_name.then_some(sign * (hours * 3600 + minutes * 60))
}

/// The text that is left to read.
struct Scan<'a>(&'a str);

impl Scan<'_> {
    /// Skips `text`.
    fn after(&mut self, text: &str) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(text)?;
        Some(self)
    }

    /// A number of so many digits.
    fn digits(&mut self, least: usize, most: usize) -> Option<i32> {
        let count = self
            .0
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        (count >= least).then(|| digits.parse().ok())?
    }

    /// Nanoseconds, of digits after the point.
    fn fraction(&mut self) -> Option<i32> {
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        if count == 0 {
            return None;
        }
        format!("{:0<9}", &digits[..count.min(9)]).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_moments() {
        for (text, expected) in [
            ("2024-01-02 03:04:05.678Z", "2024-01-02 03:04:05.678Z"),
            ("2024-01-02T03:04:05", "2024-01-02 03:04:05.000Z"),
            ("2024-01-02T3:04:05Z", "2024-01-02 03:04:05.000Z"),
            ("2024-01-02 03:04:05,1Z", "2024-01-02 03:04:05.100Z"),
            (
                "2024-01-02 03:04:05.123456789123Z",
                "2024-01-02 03:04:05.123Z",
            ),
            ("1969-12-31 23:59:59.9999Z", "1969-12-31 23:59:59.999Z"),
            ("2024-01-02T03:04:05+02:00", "2024-01-02 01:04:05.000Z"),
            ("2024-01-02 03:04:05 +0200", "2024-01-02 01:04:05.000Z"),
            (
                "2024-01-02 03:04:05.5 -0700 MST",
                "2024-01-02 10:04:05.500Z",
            ),
            ("2024-01-02 03:04:05 +0000 UTC", "2024-01-02 03:04:05.000Z"),
            ("2024-01-02", "2024-01-02 00:00:00.000Z"),
            ("0000-01-01", "0000-01-01 00:00:00.000Z"),
            ("0001-01-01T00:00:00.5Z", "0001-01-01 00:00:00.500Z"),
            ("9999-12-31 23:59:59.999Z", "9999-12-31 23:59:59.999Z"),
            ("Tue, 02 Jan 2024 03:04:05 GMT", "2024-01-02 03:04:05.000Z"),
            ("Mon, 02 Jan 2024 03:04:05 GMT", "2024-01-02 03:04:05.000Z"),
            (
                "Tue, 02 Jan 2024 03:04:05 +0200",
                "2024-01-02 01:04:05.000Z",
            ),
            (
                "Tuesday, 02-Jan-24 03:04:05 CET",
                "2024-01-02 03:04:05.000Z",
            ),
            ("Tue Jan  2 03:04:05 2024", "2024-01-02 03:04:05.000Z"),
            ("Tue Jan 02 03:04:05 +0200 2024", "2024-01-02 01:04:05.000Z"),
            ("02 Jan 24 03:04 GMT", "2024-01-02 03:04:00.000Z"),
            ("02 jan 2024", "2024-01-02 00:00:00.000Z"),
        ] {
            assert_eq!(normalise(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn no_moments() {
        for text in [
            "",
            "now",
            "2024",
            "2024-01",
            "1704164645",
            "20240102",
            "2024-1-2",
            "2024-02-30",
            "2024-01-02 03:04",
            "2024-01-02T03:04Z",
            "2024-01-02 ",
            " 2024-01-02",
            "2024-01-02 3:4:5",
            "2024-01-02T24:00:00Z",
            "2024-01-02 23:59:60Z",
            "2024-01-02 03:04:05.Z",
            "2024-01-02t03:04:05Z",
            "2024-01-02 03:04:05 UTC",
            "2024-01-02 03:04:05-07",
            "2024-01-02T03:04:05.678+02:00[Europe/Paris]",
            "0001-01-01",
            "0001-01-01 00:00:00.000Z",
            "10000-01-01",
            "01/02/2024",
            "02.01.2024",
            "Jan 2, 2024",
            "2 January 2024",
            "é024-01-01",
        ] {
            assert_eq!(normalise(text), None, "{text}");
        }
    }
}
