//! Excerpts of HTML: the beginning of its text, without markup.

use std::borrow::Cow;

use html_escape::decode_html_entities;
use serde_json::Value as Json;

/// Elements whose content is not text.
const HIDDEN: [&str; 19] = [
    "applet", "button", "dialog", "embed", "form", "iframe", "img", "input", "noscript", "object",
    "option", "picture", "script", "select", "style", "svg", "template", "textarea", "title",
];
/// Elements of those that are always empty.
const EMPTY: [&str; 3] = ["embed", "img", "input"];
/// Elements of those that contain no tags.
const RAW: [&str; 6] = ["iframe", "noscript", "script", "style", "textarea", "title"];
/// Inline elements, which do not separate words.
const INLINE: [&str; 24] = [
    "a", "abbr", "acronym", "b", "bdo", "big", "body", "br", "cite", "code", "em", "head", "html",
    "i", "label", "q", "small", "span", "strike", "strong", "sub", "sup", "time", COMMENT,
];

/// The name that stands for a comment.
const COMMENT: &str = "!";

/// `:excerpt(max,withEllipsis)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    max: usize,
    with_ellipsis: bool,
}

impl Excerpt {
    /// Parses the modifier after the colon.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, arguments) = text.split_once('(')?;
        let (arguments, _) = arguments.rsplit_once(')')?;
        let mut arguments = arguments.split(',').map(str::trim);
        let max = arguments.next()?.split('.').next()?.parse().ok()?;
        let with_ellipsis = match arguments.next() {
            None => false,
            Some(text) => matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True"),
        };
        let is_valid = name.trim() == "excerpt" && max > 0 && arguments.next().is_none();
        is_valid.then_some(Self { max, with_ellipsis })
    }

    /// Returns the excerpt of a text; other values are unchanged.
    pub(super) fn of(&self, value: &Json) -> Json {
        let Json::String(html) = value else {
            return value.clone();
        };
        let text = plain(html, self.max);
        let text = text.trim();
        let Some((end, _)) = text.char_indices().nth(self.max) else {
            return text.into();
        };
        let ellipsis = if self.with_ellipsis { "..." } else { "" };
        format!("{}{ellipsis}", text[..end].trim()).into()
    }
}

/// Extracts the text of HTML: without tags, with entities decoded and whitespace collapsed. Beyond `max` characters
/// it may be incomplete.
fn plain(html: &str, max: usize) -> String {
    let mut out = Text::new(max);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.push(&rest[..start]);
        if out.is_enough {
            return out.chars;
        }
        rest = &rest[start..];
        let Some(tag) = Tag::read(rest) else {
            out.push("<");
            rest = &rest[1..];
            continue;
        };
        rest = tag.rest;
        if HIDDEN.contains(&&*tag.name) {
            rest = if tag.is_end || EMPTY.contains(&&*tag.name) {
                rest
            } else {
                tag.after_content()
            };
        } else if !INLINE.contains(&&*tag.name) {
            out.space();
        }
    }
    out.push(rest);
    out.chars
}

struct Text {
    chars: String,
    ends_in_space: bool,
    /// The number of characters, without leading whitespace.
    length: usize,
    max: usize,
    /// Whether there are more than `max` characters, without whitespace at both ends.
    is_enough: bool,
}

impl Text {
    fn new(max: usize) -> Self {
        Self {
            chars: String::new(),
            ends_in_space: false,
            length: 0,
            max,
            is_enough: false,
        }
    }

    fn push(&mut self, html: &str) {
        for c in decode_html_entities(html).chars() {
            match c {
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.space(),
                _ => {
                    self.add(c);
                    self.ends_in_space = false;
                }
            }
            if self.is_enough {
                return;
            }
        }
    }

    fn space(&mut self) {
        if !self.ends_in_space {
            self.add(' ');
            self.ends_in_space = true;
        }
    }

    fn add(&mut self, c: char) {
        self.chars.push(c);
        self.length += usize::from(self.length > 0 || !c.is_whitespace());
        self.is_enough = self.length > self.max && !c.is_whitespace();
    }
}

/// A tag, or a comment.
struct Tag<'a> {
    name: Cow<'a, str>,
    is_end: bool,
    is_closed: bool,
    rest: &'a str,
}

impl<'a> Tag<'a> {
    /// Parses a tag that begins with `<`; returns `None` if it is a plain character.
    fn read(html: &'a str) -> Option<Self> {
        let inner = &html[1..];
        let comment = |end: &str| Self {
            name: COMMENT.into(),
            is_end: false,
            is_closed: false,
            rest: inner.split_once(end).map_or("", |(_, rest)| rest),
        };
        if inner.starts_with("!--") {
            return Some(comment("-->"));
        }
        let (is_end, inner) = inner
            .strip_prefix('/')
            .map_or((false, inner), |inner| (true, inner));
        match inner.chars().next()? {
            '!' | '?' => return Some(comment(">")),
            c if c.is_ascii_alphabetic() => {}
            _ if is_end => return Some(comment(">")),
            _ => return None,
        }
        let (name, attributes) = inner.split_at(inner.find(is_delimiter).unwrap_or(inner.len()));
        let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        let end = end_of_tag(attributes);
        Some(Self {
            name,
            is_end,
            is_closed: end.is_some_and(|end| attributes[..end].ends_with('/')),
            rest: end.map_or("", |end| &attributes[end + 1..]),
        })
    }

    /// Returns the rest after the matching end tag.
    fn after_content(&self) -> &'a str {
        if self.is_closed && self.name == "svg" {
            return self.rest;
        }
        if RAW.contains(&&*self.name) {
            return self.after_raw_content();
        }
        let mut depth = 1_usize;
        let mut rest = self.rest;
        while let Some(start) = rest.find('<') {
            rest = &rest[start..];
            let Some(tag) = Tag::read(rest) else {
                rest = &rest[1..];
                continue;
            };
            rest = tag.rest;
            if tag.name != self.name {
                continue;
            }
            if !tag.is_end {
                depth += 1;
                continue;
            }
            depth -= 1;
            if depth == 0 {
                return rest;
            }
        }
        ""
    }

    /// Returns the rest after the end tag of an element that contains no tags: others are not even parsed, since they
    /// may be long.
    fn after_raw_content(&self) -> &'a str {
        let mut rest = self.rest;
        while let Some(start) = rest.find("</") {
            rest = &rest[start..];
            let end = 2 + self.name.len();
            let bytes = rest.as_bytes();
            let is_alike = bytes
                .get(2..end)
                .is_some_and(|name| name.eq_ignore_ascii_case(self.name.as_bytes()));
            let is_whole = bytes
                .get(end)
                .is_none_or(|byte| is_delimiter((*byte).into()));
            if is_alike && is_whole {
                return Tag::read(rest).map_or("", |tag| tag.rest);
            }
            rest = &rest[2..];
        }
        ""
    }
}

/// Whether a character ends the name of a tag.
fn is_delimiter(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '/' | '>')
}

/// Returns the position of the `>` that ends a tag, outside of quoted values.
fn end_of_tag(attributes: &str) -> Option<usize> {
    let mut quote = None;
    let mut after_equals = false;
    for (position, byte) in attributes.bytes().enumerate() {
        match quote {
            Some(open) if open == byte => quote = None,
            Some(_) => {}
            None if byte == b'>' => return Some(position),
            None if after_equals && matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None => after_equals = byte == b'=' || (after_equals && byte.is_ascii_whitespace()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_of_html() {
        for (html, expected) in [
            ("é漢😀ab", "é漢😀ab"),
            ("  a \n\n b ", "a b"),
            ("a < b & c", "a < b & c"),
            ("1 <2 and 3> 2", "1 <2 and 3> 2"),
            ("a &lt; b &copy;&#65;&#x42;&bogus;", "a < b ©AB&bogus;"),
            ("&nbsp;a&nbsp;&nbsp;b", "a\u{a0}\u{a0}b"),
            ("<p>a</p><p>b</p>", "a b"),
            ("<P>a<P>b", "a b"),
            ("a<br>b<br/>c", "abc"),
            ("<div>a<span>b</span>c</div>d", "abc d"),
            ("<a href='x>y'>l</a>k", "lk"),
            ("<p class=\">\">x</p>", "x"),
            ("x<!-- c > -->y<!DOCTYPE html>z<?php x ?>", "xyz"),
            (
                "a<script>if (a<b) '</p>'</script>b<style>p{}</style>c",
                "abc",
            ),
            ("a<SCRIPT>x", "a"),
            ("<svg><text>q</text></svg>z<svg/>y", "zy"),
            ("<form><form>q</form>r</form>z<input>y", "zy"),
            ("<ul><li>1</li><li>2</li></ul>", "1 2"),
            ("<table><tr><td>1<td>2</table>", "1 2"),
            ("<label>a</label><small>b</small><u>c</u>", "ab c"),
            ("<head><title>x</title></head><body>q</body>r", "qr"),
            ("a<b", "a"),
            ("<<a", "<"),
            ("</p>x</b>y", "xy"),
            ("<", "<"),
            ("a</", "a</"),
            ("<svg", ""),
        ] {
            let excerpt = Excerpt {
                max: 1000,
                with_ellipsis: true,
            };
            assert_eq!(excerpt.of(&html.into()), Json::from(expected), "{html}");
        }
    }

    #[test]
    fn what_is_hostile_takes_no_longer() {
        let excerpt = Excerpt {
            max: 10,
            with_ellipsis: false,
        };
        for (start, part, end, expected) in [
            ("<script>", "<a ", "", ""),
            ("<script>", "</scripty ", "</SCRIPT >x", "x"),
            ("<script>", "</a <", "", ""),
            ("<svg>", "<a ", "", ""),
            ("<svg>", "<svg>", "</svg>", ""),
            ("", "<a ", "", ""),
            ("", "<!--", "", ""),
            ("", "&", "", "&&&&&&&&&&"),
            ("", "&#x", "", "&#x&#x&#x&"),
            ("", "\u{a0}", "x", "x"),
            ("x", " \u{a0}", "y", "x"),
        ] {
            let html = format!("{start}{}{end}", part.repeat(200_000));
            let started = std::time::Instant::now();
            assert_eq!(excerpt.of(&html.into()), Json::from(expected), "{part}");
            assert!(started.elapsed().as_secs() < 5, "{start}{part}");
        }
    }

    #[test]
    fn lengths() {
        for (modifier, expected) in [
            ("excerpt(5)", "Title"),
            ("excerpt(18,true)", "Title Some bold wo..."),
            ("excerpt(6,1)", "Title..."),
            ("excerpt(1.5)", "T"),
            ("excerpt(100,true)", "Title Some bold words & more end."),
        ] {
            let html = "<h1>Title</h1>\n<p>Some   <b>bold</b> words &amp; <script>alert(1)</script> more</p> end.";
            let excerpt = Excerpt::parse(modifier).unwrap();
            assert_eq!(excerpt.of(&html.into()), Json::from(expected), "{modifier}");
        }
        assert_eq!(
            Excerpt {
                max: 1,
                with_ellipsis: true
            }
            .of(&5.into()),
            Json::from(5)
        );
    }
}
