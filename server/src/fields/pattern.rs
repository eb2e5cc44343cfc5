//! Regular expressions of definitions: translated from Go's syntax, and cached in compiled form.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use regex::{Regex, RegexBuilder};

/// The default pattern of ids.
pub(crate) const ID: &str = "^[a-z0-9]+$";

/// The most patterns that are cached: more than a server's collections have.
const MOST_KEPT: usize = 1000;
/// The most bytes that a compiled pattern takes.
const MOST_BYTES: usize = 4 << 20;

/// Compiled patterns; `None` for those that cannot be compiled.
static COMPILED: LazyLock<RwLock<HashMap<String, Option<Regex>>>> = LazyLock::new(RwLock::default);

/// Returns whether a pattern can be compiled.
pub(crate) fn is_valid(pattern: &str) -> bool {
    compile(pattern).is_some()
}

/// Returns whether a part of `text` matches. Every text matches the empty pattern, none an invalid one.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    if pattern.is_empty() {
        return true;
    }
    if pattern == ID {
        let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        return !text.is_empty() && text.bytes().all(is_valid);
    }
    let holds = |regex: &Option<Regex>| regex.as_ref().is_some_and(|regex| regex.is_match(text));
    let compiled = COMPILED.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = compiled.get(pattern) {
        return holds(regex);
    }
    drop(compiled);
    let regex = compile(pattern);
    let is_match = holds(&regex);
    let mut compiled = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
    if compiled.len() >= MOST_KEPT {
        compiled.clear();
    }
    compiled.insert(pattern.to_owned(), regex);
    is_match
}

fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&translate(pattern))
        .size_limit(MOST_BYTES)
        .build()
        .ok()
}

/// Translates Go's syntax to that of the `regex` crate: `\d`, `\w`, `\s` and `\b` are about ASCII, classes have no operators and no classes
/// inside, a `{` that counts nothing is a character, and `\Q…\E` is literal.
pub(crate) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' => escape(after, in_class, &mut out),
            '[' if in_class => inner_bracket(after, &mut out),
            '[' => {
                in_class = true;
                open_class(after, &mut out)
            }
            '&' | '~' if in_class => {
                out.extend(['\\', c]);
                after
            }
            '{' if !in_class && !counts(after) => {
                out.push_str(r"\{");
                after
            }
            _ => {
                in_class &= c != ']';
                out.push(c);
                after
            }
        };
    }
    out
}

/// Writes the escape that follows a backslash, and returns the rest.
fn escape<'a>(after: &'a str, in_class: bool, out: &mut String) -> &'a str {
    let Some(c) = after.chars().next() else {
        out.push('\\');
        return after;
    };
    if c == 'Q' {
        let (literal, rest) = after[1..].split_once(r"\E").unwrap_or((&after[1..], ""));
        out.push_str(&regex::escape(literal));
        return rest;
    }
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[\t\n\f\r ]"),
        'S' => out.push_str(r"[^\t\n\f\r ]"),
        'b' if !in_class => out.push_str(r"(?-u:\b)"),
        '_' => out.push('_'),
        // `\p{Greek}`, `\x{41}`
        'p' | 'P' | 'x' if after[1..].starts_with('{') => {
            let (name, rest) = after.split_at(after.find('}').unwrap_or(after.len()));
            out.push('\\');
            out.push_str(name);
            return rest;
        }
        _ => out.extend(['\\', c]),
    }
    &after[c.len_utf8()..]
}

/// Writes the bracket that opens a class, and a `]` that is its first member.
fn open_class<'a>(after: &'a str, out: &mut String) -> &'a str {
    out.push('[');
    let mut rest = after;
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    if let Some(after) = rest.strip_prefix(']') {
        out.push_str(r"\]");
        rest = after;
    }
    rest
}

/// Writes a `[:name:]` inside a class, or a bracket that is a member.
fn inner_bracket<'a>(after: &'a str, out: &mut String) -> &'a str {
    let name = after
        .strip_prefix(':')
        .and_then(|name| name.split_once(":]"));
    if let Some((name, rest)) = name {
        out.extend(["[:", name, ":]"]);
        return rest;
    }
    out.push_str(r"\[");
    after
}

/// Returns whether a `{` followed by this text is a repetition.
fn counts(after: &str) -> bool {
    let Some((counts, _)) = after.split_once('}') else {
        return false;
    };
    let (least, most) = counts.split_once(',').unwrap_or((counts, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (pattern, matching, others) in [
            (r"^\d+$", "1 42", "\u{665} a"),
            (r"^\w+$", "a _ 1", "é -"),
            (r"^[^\W]+$", "a", "é"),
            ("^[[a]$", "[ a", "b"),
            ("^[a&&b]$", "a & b", "c"),
            ("^[a~~]$", "a ~", "b"),
            (r"^\Qa.b\E$", "a.b", "axb"),
            (r"^[\w-]+$", "a-b", "é"),
            ("(?i)^k$", "k K \u{212a}", "a"),
            (r"\bx\b", "x éxé", "ax"),
            ("^[[:word:]]+$", "a_1", "é"),
            ("^[]a]+$", "] a", "b"),
            ("^a{,3}$", "a{,3}", "aa"),
            ("^{$", "{", "a"),
            ("^a{2}$", "aa", "a"),
            (r"^\p{Greek}\x{41}$", "αA", "aA"),
            ("^(?<n>a)$", "a", "b"),
            (r"^\_\/\@$", "_/@", "a"),
            ("^[a-z0-9]+$", "a 0", "A é"),
            ("", "a é", ""),
        ] {
            assert!(is_valid(pattern), "{pattern}");
            for text in matching.split_whitespace() {
                assert!(matches(pattern, text), "{pattern} {text}");
            }
            for text in others.split_whitespace() {
                assert!(!matches(pattern, text), "{pattern} {text}");
            }
        }
        assert!(!matches("^[a-z0-9]+$", ""));
        for pattern in ["[a", r"\1", "(?=a)", "a)", r"\", r"[\", "[[:x", "*"] {
            assert!(!is_valid(pattern) && !matches(pattern, "a"), "{pattern}");
        }
    }
}
