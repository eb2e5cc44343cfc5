//! Encodes mail headers that hold text or a mailbox: folds lines at 76 characters, and writes what is not plain ASCII as
//! encoded words (RFC 2047). No value can become another header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most characters of a line.
const MAX_LINE: usize = 76;
/// The most characters of a word that is not encoded.
const MAX_WORD: usize = 60;
/// The delimiters of an encoded word.
const BEGIN: &str = "=?utf-8?b?";
const END: &str = "?=";

/// Encodes the text that follows a header's name.
pub(super) fn text(name: &str, text: &str) -> String {
    let mut line = Line::after(name);
    line.text(text);
    line.out
}

/// Encodes the mailbox that follows a header's name.
pub(super) fn mailbox(header: &str, name: &str, address: &str) -> String {
    let mut line = Line::after(header);
    if name.is_empty() {
        line.out.push_str(address);
        return line.out;
    }
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    if is_plain(name) && !name.chars().all(is_atom) {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        line.plain(&format!("\"{quoted}\""));
    } else {
        line.text(name);
    }
    line.word(&format!("<{address}>"));
    line.out
}

/// Returns whether a text needs no encoding: no word is too long for a line or looks like an encoded word, and no space
/// is at either end, where it would be lost.
fn is_plain(text: &str) -> bool {
    let is_printable = |c: char| c.is_ascii_graphic() || c == ' ';
    text.chars().all(is_printable)
        && !text.contains("=?")
        && text.trim() == text
        && words(text).all(|word| word.len() <= MAX_WORD)
}

/// Splits a text where a line may be folded: at single spaces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let bytes = text.as_bytes();
        let is_single = |&at: &usize| {
            let is_space = |at: usize| bytes.get(at) == Some(&b' ');
            is_space(at) && !is_space(at + 1) && (at == 0 || !is_space(at - 1))
        };
        let Some(end) = (0..bytes.len()).find(is_single) else {
            return rest.take();
        };
        rest = text.get(end + 1..);
        text.get(..end)
    })
}

/// A header's value that is being written.
struct Line {
    out: String,
    /// The length of the last line.
    length: usize,
}

impl Line {
    fn after(name: &str) -> Self {
        Self {
            out: String::new(),
            length: name.len() + 2,
        }
    }

    fn text(&mut self, text: &str) {
        if is_plain(text) {
            self.plain(text);
        } else {
            self.encoded(text);
        }
    }

    fn plain(&mut self, text: &str) {
        for (at, word) in words(text).enumerate() {
            if at == 0 {
                self.out.push_str(word);
                self.length += word.len();
            } else {
                self.word(word);
            }
        }
    }

    /// Writes a space and a word, on a new line if this one is full.
    fn word(&mut self, word: &str) {
        if self.length + 1 + word.len() > MAX_LINE {
            self.out.push_str("\r\n");
            self.length = 0;
        }
        self.out.push(' ');
        self.out.push_str(word);
        self.length += 1 + word.len();
    }

    /// Writes encoded words, none of which splits a character.
    fn encoded(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let room = MAX_LINE.saturating_sub(self.length + 1 + BEGIN.len() + END.len());
            let most = (room / 4 * 3).max(4).min(rest.len());
            let ends = (1..=most).rev().find(|&at| rest.is_char_boundary(at));
            let end = ends.unwrap_or(rest.len());
            let (now, later) = rest.split_at(end);
            let word = format!("{BEGIN}{}{END}", STANDARD.encode(now));
            if rest.len() == text.len() {
                self.out.push_str(&word);
                self.length += word.len();
            } else {
                self.word(&word);
            }
            if !later.is_empty() {
                self.out.push_str("\r\n");
                self.length = 0;
            }
            rest = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes a header as a mail client does.
    fn read(value: &str) -> String {
        let unfolded = value.replace("\r\n", "");
        let mut out = Vec::new();
        for word in unfolded.split(' ') {
            let encoded = word
                .strip_prefix(BEGIN)
                .and_then(|word| word.strip_suffix(END));
            match encoded {
                Some(encoded) => out.extend(STANDARD.decode(encoded).expect("base64")),
                None => out.extend([b" ", word.as_bytes()].concat()),
            }
        }
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn f17_no_line_is_too_long_and_nothing_is_lost() {
        let long = "a".repeat(990);
        let letters = "日本語のとても長い件名".repeat(40);
        let words = "two words ".repeat(90);
        let look = "=?utf-8?q?Ann?= and =?x";
        let emoji = "👩‍👩‍👧 ".repeat(60);
        for subject in [
            &long,
            &letters,
            &words,
            look,
            &emoji,
            "",
            "Hi",
            "Hi  there",
            " a ",
            "\u{e9}",
            "=?",
            "a=?b",
            "?=",
            "tab\there",
        ] {
            let value = text("Subject", subject);
            let line = format!("Subject: {value}");
            assert!(line.split("\r\n").all(|line| line.len() <= 78), "{line}");
            assert!(
                line.bytes()
                    .all(|byte| byte.is_ascii_graphic() || b" \r\n".contains(&byte))
            );
            let lines: Vec<_> = value.split("\r\n").skip(1).collect();
            assert!(
                lines
                    .iter()
                    .all(|line| line.starts_with(' ') && line.trim() != ""),
                "{value}"
            );
            assert_eq!(
                read(&value).trim_start_matches(' '),
                subject.trim_start_matches(' ')
            );
        }
        assert!(text("Subject", look).starts_with(BEGIN));
        assert_eq!(text("Subject", "Number 1"), "Number 1");
    }

    #[test]
    fn f17_a_name_is_a_name() {
        for (name, value) in [
            ("", "a@b.co"),
            ("Ann", "Ann <a@b.co>"),
            ("Ann B", "Ann B <a@b.co>"),
            ("Ann, \"B\" \\", "\"Ann, \\\"B\\\" \\\\\" <a@b.co>"),
            ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@b.co>"),
            ("Ann <c@d.co>", "\"Ann <c@d.co>\" <a@b.co>"),
        ] {
            assert_eq!(mailbox("To", name, "a@b.co"), value);
        }
        for name in ["n".repeat(990), "é, ".repeat(300), "\"".repeat(900)] {
            let value = mailbox("From", &name, "a@b.co");
            assert!(value.split("\r\n").all(|line| line.len() <= 78), "{value}");
            assert!(value.ends_with(" <a@b.co>"), "{value}");
        }
    }
}
