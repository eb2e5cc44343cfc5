//! Parses `Range` headers.

use std::ops::Range;

/// The range of a file to serve.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The full file.
    All,
    /// A range.
    Part(Range<u64>),
    /// A range that does not exist.
    Nothing,
}

/// Returns the range that `header` requests of a file of `size` bytes. Several ranges are answered with the full
/// file, which HTTP allows.
pub(super) fn wanted(header: &str, size: u64) -> Wanted {
    let Some(list) = header.strip_prefix("bytes=") else {
        return Wanted::Nothing;
    };
    let mut parts = Vec::new();
    let mut is_beyond = false;
    for one in list.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        match part(one, size) {
            None => return Wanted::Nothing,
            Some(part) if part.is_empty() => is_beyond = true,
            Some(part) => parts.push(part),
        }
    }
    match (parts.pop(), parts.len()) {
        (Some(part), 0) => Wanted::Part(part),
        (None, _) if is_beyond => Wanted::Nothing,
        (_, _) => Wanted::All,
    }
}

/// Parses `a-b`, `a-` or `-n`; returns an empty range if nothing is there, `None` if it is invalid.
fn part(text: &str, size: u64) -> Option<Range<u64>> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (from.trim(), to.trim());
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number that overflows is larger than any file.
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    if from.is_empty() {
        return Some(size.saturating_sub(number(to)?)..size);
    }
    let from: u64 = number(from)?;
    let to = if to.is_empty() {
        size
    } else {
        let last: u64 = number(to)?;
        if last < from {
            return None;
        }
        last.saturating_add(1).min(size)
    };
    Some(from..to.max(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n35_ranges_of_a_hundred_bytes() {
        for (header, expected) in [
            ("bytes=0-9", Wanted::Part(0..10)),
            ("bytes=90-", Wanted::Part(90..100)),
            ("bytes=-5", Wanted::Part(95..100)),
            ("bytes=-500", Wanted::Part(0..100)),
            ("bytes=0-99999999999999999999999", Wanted::Part(0..100)),
            ("bytes= 0 - 9 ", Wanted::Part(0..10)),
            ("bytes=0-9,200-", Wanted::Part(0..10)),
            ("bytes=0-0,5-6", Wanted::All),
            ("bytes=", Wanted::All),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=9-0", Wanted::Nothing),
            ("bytes=--5", Wanted::Nothing),
            ("bytes=5", Wanted::Nothing),
            ("bytes=a-b", Wanted::Nothing),
            ("items=0-9", Wanted::Nothing),
            ("x", Wanted::Nothing),
            ("", Wanted::Nothing),
        ] {
            assert_eq!(wanted(header, 100), expected, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
    }
}
