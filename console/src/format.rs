//! Values as a person reads them.

use serde_json::Value;

use crate::text::durations as text;

/// The most characters of a value in a table.
const MOST: usize = 120;
/// The elements of HTML that a word goes on after.
const WITHIN_WORDS: [&str; 12] = [
    "a", "b", "code", "em", "i", "mark", "s", "span", "strong", "sub", "sup", "u",
];
/// How HTML writes what has a meaning in it; `&amp;` last, since what it stands for may begin another.
const WRITTEN: [(&str, &str); 6] = [
    ("&nbsp;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&amp;", "&"),
];

/// A number with its thousands apart: `12,345`.
pub(crate) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many bytes, to one place: `1.5 MB`.
pub(crate) fn size(bytes: f64) -> String {
    let units = ["bytes", "KB", "MB", "GB"];
    let mut units = units.into_iter();
    let (mut number, mut unit) = (bytes, units.next());
    while number >= 1024.0
        && let Some(next) = units.next()
    {
        (number, unit) = (number / 1024.0, Some(next));
    }
    let rounded = (number * 10.0).round() / 10.0;
    format!("{rounded} {}", unit.unwrap_or_default())
}

/// Returns a size in bytes as a float, as browsers have sizes of files.
pub(crate) fn bytes(size: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no limit comes near to 2^53")]
    let size = size as f64;
    size
}

/// Returns a length of time in its two largest units: `5 days`, `1 h 30 min`.
pub(crate) fn duration(seconds: i64) -> String {
    let days = |count| match count {
        1 => text::one_day().to_owned(),
        count => text::days(count),
    };
    let parts = [
        (seconds / 86_400, days(seconds / 86_400)),
        (seconds / 3600 % 24, text::hours(seconds / 3600 % 24)),
        (seconds / 60 % 60, text::minutes(seconds / 60 % 60)),
        (seconds % 60, text::seconds(seconds % 60)),
    ];
    let said = parts.into_iter().skip_while(|(count, _)| *count == 0);
    let said = said.take(2).filter(|(count, _)| *count != 0);
    said.map(|(_, said)| said).collect::<Vec<_>>().join(" ")
}

/// A moment of the wire, `2026-01-31 12:30:45.678Z`, to the second; anything else as it is.
pub(crate) fn moment(text: &str) -> String {
    match text.get(..19) {
        Some(start) if text.ends_with('Z') => start.to_owned(),
        _ => text.to_owned(),
    }
}

/// A text on one line, cut when it is long.
pub(crate) fn line(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}

/// Returns the text of HTML, on one line.
pub(crate) fn words(html: &str) -> String {
    let mut pieces = html.split('<');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.trim_start_matches('/').split_whitespace().next();
        if !name.is_some_and(|name| WITHIN_WORDS.contains(&name)) {
            out.push(' ');
        }
        out.push_str(text);
    }
    for (written, meant) in WRITTEN {
        out = out.replace(written, meant);
    }
    line(&out.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Any JSON value on one line.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => line(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            line(&value.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn html_is_read_without_its_tags() {
        let read = [
            "<p>Up <strong class=\"a\">ear</strong>ly.</p>\n<p>Then<br>down.</p>",
            "3 &lt; 5&nbsp;&amp;amp;",
            "cut <off",
            "",
        ]
        .map(words);
        assert_eq!(read, ["Up early. Then down.", "3 < 5 &amp;", "cut", ""]);
    }

    #[test]
    fn lengths_of_time_have_two_units() {
        for (seconds, said) in [
            (0, ""),
            (59, "59 s"),
            (60, "1 min"),
            (5400, "1 h 30 min"),
            (86_400, "1 day"),
            (86_460, "1 day"),
            (432_000, "5 days"),
            (439_200, "5 days 2 h"),
        ] {
            assert_eq!(duration(seconds), said, "{seconds}");
        }
    }

    #[test]
    fn thousands_are_apart() {
        let counts = [0, 7, 999, 1000, 12345, 1_234_567, -1000].map(count);
        assert_eq!(
            counts,
            ["0", "7", "999", "1,000", "12,345", "1,234,567", "-1,000"]
        );
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        let sizes = [0.0, 1023.0, 1024.0, 1_600_000.0, 5_242_880.0, 3e12].map(size);
        assert_eq!(
            sizes,
            ["0 bytes", "1023 bytes", "1 KB", "1.5 MB", "5 MB", "2794 GB"]
        );
    }

    #[test]
    fn moments_are_shown_to_the_second() {
        assert_eq!(moment("2026-01-31 12:30:45.678Z"), "2026-01-31 12:30:45");
        assert_eq!(moment(""), "");
        assert_eq!(moment("öööööööööööööööööööööZ"), "öööööööööööööööööööööZ");
    }

    #[test]
    fn values_take_one_line() {
        assert_eq!(value(&json!("a\nb")), "a b");
        assert_eq!(value(&json!(null)), "");
        assert_eq!(value(&json!([1, "x"])), r#"[1,"x"]"#);
        assert_eq!(value(&json!("x".repeat(500))).chars().count(), MOST + 1);
    }
}
