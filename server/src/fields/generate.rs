//! Random texts that match an `autogeneratePattern`.

use rand::{CryptoRng, RngExt};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::pattern;
use crate::random::{ALPHANUMERIC, Random};

/// The default pattern of ids.
const ID_PATTERN: &str = "[a-z0-9]{15}";
/// The maximum of repetitions where a pattern has no limit.
const MOST_REPETITIONS: u32 = 6;
/// The maximum size of a generated text.
const MOST_BYTES: usize = 20_000;
/// Larger classes are negated ones: of them, only letters and digits are used.
const LARGE_CLASS: u32 = 1024;

/// Generates a text that matches `pattern`. Returns `None` if the pattern is invalid, contains assertions (`^`,
/// `\b`), or describes too long a text.
pub(crate) fn generate(pattern: &str, random: &Random) -> Option<String> {
    if pattern == ID_PATTERN {
        return Some(random.id());
    }
    let pattern = regex_syntax::parse(&pattern::translate(pattern)).ok()?;
    let mut out = String::with_capacity(32);
    random.with(|generator| write(&pattern, generator, &mut out))?;
    Some(out)
}

fn write(pattern: &Hir, rng: &mut dyn CryptoRng, out: &mut String) -> Option<()> {
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

fn character(class: &Class, rng: &mut dyn CryptoRng) -> Option<char> {
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
        let random = Random::seeded(1);
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
                let text = generate(source, &random).unwrap();
                assert!(
                    pattern::matches(&format!("^(?:{source})$"), &text),
                    "{source}: {text}"
                );
            }
        }
        assert!(
            generate("[^a]{9}", &random)
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
            assert_eq!(generate(pattern, &Random::seeded(1)), None, "{pattern}");
        }
    }
}
