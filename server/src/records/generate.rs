//! Random texts: ids, keys, and what an `autogeneratePattern` describes.

use rand::{CryptoRng, RngExt};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::validate::pattern;

/// The pattern of ids, unless a collection has another.
const ID_PATTERN: &str = "[a-z0-9]{15}";
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH: usize = 15;
/// The most repetitions where a pattern sets no limit.
const MOST_REPETITIONS: u32 = 6;
/// The most bytes of a text, whatever its pattern says.
const MOST_BYTES: usize = 20_000;
/// Classes with more characters are those that say what is excluded; of them only letters and digits are taken.
const LARGE_CLASS: u32 = 1024;

/// An id: 15 small letters and digits.
pub fn id() -> String {
    small_letters(ID_LENGTH)
}

/// So many small letters and digits, each equally likely.
pub fn small_letters(length: usize) -> String {
    pick(&mut rng(), &ALPHANUMERIC[26..], length)
}

/// So many letters and digits, each equally likely.
pub fn alphanumeric(length: usize) -> String {
    pick(&mut rng(), ALPHANUMERIC, length)
}

/// A text that matches `pattern`; `None` when the pattern is no regular expression, asks for a place rather than
/// a character (`^`, `\b`), or describes too long a text.
pub fn generate(pattern: &str) -> Option<String> {
    if pattern == ID_PATTERN {
        return Some(id());
    }
    let pattern = regex_syntax::parse(&pattern::translate(pattern)).ok()?;
    let mut out = String::with_capacity(32);
    write(&pattern, &mut rng(), &mut out)?;
    Some(out)
}

fn rng() -> impl CryptoRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes random texts"
    )]
    rand::rng()
}

fn pick(rng: &mut impl CryptoRng, symbols: &[u8], length: usize) -> String {
    (0..length)
        .map(|_| char::from(symbols[rng.random_range(0..symbols.len())]))
        .collect()
}

fn write(pattern: &Hir, rng: &mut impl CryptoRng, out: &mut String) -> Option<()> {
    if out.len() > MOST_BYTES {
        return None;
    }
    match pattern.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => out.push(character(class, rng)?),
        HirKind::Look(_) => return None,
        HirKind::Repetition(repetition) => {
            let least = repetition.min;
            let most = repetition.max.unwrap_or(MOST_REPETITIONS).max(least);
            for _ in 0..rng.random_range(least..=most) {
                write(&repetition.sub, rng, out)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, rng, out)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, rng, out)?;
            }
        }
        HirKind::Alternation(choices) => {
            write(&choices[rng.random_range(0..choices.len())], rng, out)?;
        }
    }
    Some(())
}

fn character(class: &Class, rng: &mut impl CryptoRng) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let ranges: Vec<(u32, u32)> = class
        .iter()
        .map(|range| (u32::from(range.start()), u32::from(range.end())))
        .collect();
    let total: u32 = ranges.iter().map(|(first, last)| last - first + 1).sum();
    if total > LARGE_CLASS {
        let has = |symbol: u8| {
            let symbol = u32::from(symbol);
            ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&symbol))
        };
        let symbols: Vec<u8> = ALPHANUMERIC
            .iter()
            .copied()
            .filter(|symbol| has(*symbol))
            .collect();
        if !symbols.is_empty() {
            return Some(char::from(symbols[rng.random_range(0..symbols.len())]));
        }
    }
    if total == 0 {
        return None;
    }
    let mut left = rng.random_range(0..total);
    for (first, last) in ranges {
        let size = last - first + 1;
        if left < size {
            return char::from_u32(first + left);
        }
        left -= size;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_match_their_patterns() {
        for source in [
            "[a-z0-9]{15}",
            "[a-zA-Z0-9]{50}",
            "abc",
            r"\d{3}-\w{2}\s",
            "(ab|cd)x",
            "a?b*c+",
            "(a(b|c){2}){2}",
            "x{2,4}y{2,}z{0}",
            "(?i)abc",
            ".{4}[^a]{3}",
            r"\pL{2}",
            "[é-ü]{3}",
            r"\Qa.b\E",
            r"[[:alpha:]\d-]{4}",
            "",
        ] {
            for _ in 0..20 {
                let text = generate(source).unwrap();
                assert!(
                    pattern::matches(&format!("^(?:{source})$"), &text),
                    "{source}: {text}"
                );
            }
        }
        assert!(
            generate("[^a]{9}")
                .unwrap()
                .chars()
                .all(|c| c.is_ascii_alphanumeric())
        );
    }

    #[test]
    fn patterns_that_describe_no_text() {
        for pattern in [
            "^abc$",
            r"\bx",
            "[a-z",
            r"\1",
            "(?=a)",
            "((a{1000}){1000}){1000}",
            "[^\\s\\S]",
        ] {
            assert_eq!(generate(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn ids_and_keys() {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!((0..100).all(|_| id().len() == 15 && id().chars().all(is_id)));
        assert_eq!(alphanumeric(50).len(), 50);
        assert!(
            alphanumeric(500)
                .bytes()
                .any(|byte| byte.is_ascii_uppercase())
        );
    }
}
