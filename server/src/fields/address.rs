//! E-mail addresses and URLs, and lists of domains for both.
//!
//! PocketBase's rules, but stricter where those are careless (quoted mailboxes, URLs that run scripts), and with a
//! few host names that PocketBase refuses (`http://x.y.com`).

use std::net::{Ipv4Addr, Ipv6Addr};

use plinth_sdk::types::{EmailOptions, FieldProblem, UrlOptions};

use super::schema::{Context, Notes};
use crate::problems::{NOT_DOMAIN, NOT_EMPTY, inside, numbered};

const SCHEMES: [&str; 7] = ["http", "https", "ftp", "ws", "wss", "tcp", "udp"];
/// Without `//` these would pass as a host with a port: `javascript:1/…`.
const SCRIPTS: [&str; 3] = ["javascript:", "vbscript:", "data:"];
/// The first number of characters that is too many for a URL.
const URL_LIMIT: usize = 2083;

/// The domains that a field accepts and refuses. A definition has one of the lists at most.
#[derive(Clone, Copy)]
pub(super) struct Domains<'a> {
    only: &'a [String],
    except: &'a [String],
}

/// Options with lists of domains.
pub(super) trait HasDomains {
    /// Returns the lists.
    fn domains(&self) -> Domains<'_>;
}

macro_rules! has_domains {
    ($($options:ident),+) => {$(
        impl HasDomains for $options {
            fn domains(&self) -> Domains<'_> {
                Domains {
                    only: self.only_domains.as_deref().unwrap_or_default(),
                    except: self.except_domains.as_deref().unwrap_or_default(),
                }
            }
        }
    )+};
}

has_domains!(EmailOptions, UrlOptions);

impl Domains<'_> {
    pub(super) fn allow(self, domain: &str) -> bool {
        let lists = |list: &[String]| list.iter().any(|item| item == domain);
        (self.only.is_empty() || lists(self.only)) && !lists(self.except)
    }

    pub(super) fn problems(self) -> Option<FieldProblem> {
        let check = |list: &[String], other: &[String]| {
            if !list.is_empty() && !other.is_empty() {
                return Some(NOT_EMPTY.problem());
            }
            let is_wrong = |domain: &str| !domain.is_empty() && !is_domain(domain);
            let problem = |domain: &String| is_wrong(domain).then(|| NOT_DOMAIN.problem());
            numbered(list.iter().map(problem))
        };
        inside([
            ("onlyDomains", check(self.only, self.except)),
            ("exceptDomains", check(self.except, self.only)),
        ])
    }

    pub(super) fn note(self, notes: Notes, context: &Context<'_>) -> Notes {
        let (only, except) = (self.only.join(", "), self.except.join(", "));
        notes
            .add_if(
                context.is_body() && !only.is_empty(),
                &format!("Only of these domains: {only}."),
            )
            .add_if(
                context.is_body() && !except.is_empty(),
                &format!("Not of these domains: {except}."),
            )
    }
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.rsplit_once('.').is_some_and(|(rest, last)| {
        let is_top = last.bytes().all(|b| b.is_ascii_alphabetic()) || last.starts_with("xn--");
        is_top && is_label(last) && rest.split('.').all(is_label)
    })
}

/// Returns whether a text is an address such as `a@b.co`.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((mailbox, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| !atom.is_empty() && atom.chars().all(is_mailbox_character);
    if !mailbox.split('.').all(is_atom) {
        return false;
    }
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let Some((names, top)) = domain.rsplit_once('.') else {
        return false;
    };
    let is_name = |c: char| is_letter(c) || c.is_ascii_digit();
    let is_inner = |c: char| is_name(c) || matches!(c, '-' | '_' | '~');
    names
        .split('.')
        .all(|name| is_bounded(name, is_name, is_inner))
        && is_bounded(top, is_letter, is_inner)
}

fn is_mailbox_character(c: char) -> bool {
    is_letter(c) || c.is_ascii_digit() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic()
        || matches!(c, '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}')
}

/// Returns whether the first and last characters are of one kind, and those between of another.
fn is_bounded(text: &str, is_edge: impl Fn(char) -> bool, is_inner: impl Fn(char) -> bool) -> bool {
    text.starts_with(&is_edge) && text.ends_with(&is_edge) && text.chars().all(is_inner)
}

/// Returns whether a text is a URL such as `https://a.co/b`; the scheme may be missing.
pub(super) fn is_url(text: &str) -> bool {
    let has_control = text.bytes().any(|byte| byte <= b' ' || byte == 0x7f);
    if text.len() <= 3 || has_control || text.chars().count() >= URL_LIMIT {
        return false;
    }
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if SCHEMES.contains(&scheme) => rest,
        Some((scheme, _)) if !scheme.contains(['/', '?', '#']) => return false,
        _ => {
            let path = text.split(['?', '#']).next().unwrap_or_default();
            let lower = path.to_ascii_lowercase();
            let is_script = SCRIPTS.iter().any(|script| lower.starts_with(script));
            if is_script || !(path.contains('.') || text.contains(':')) {
                return false;
            }
            text
        }
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (path, fragment) = tail.split_once('#').unwrap_or((tail, ""));
    let path = path.split('?').next().unwrap_or_default();
    is_host_and_port(host) && [user, path, fragment].into_iter().all(has_valid_escapes)
}

/// Returns the host and port of a URL, as they are written; empty when the scheme is missing.
pub(super) fn host(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return "";
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

fn is_host_and_port(text: &str) -> bool {
    let (is_valid, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return false;
        };
        let address = address.split("%25").next().unwrap_or_default();
        (address.parse::<Ipv6Addr>().is_ok(), port)
    } else {
        let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        (is_host(host), port)
    };
    let is_port = |port: &str| {
        (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit())
    };
    is_valid && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn is_host(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return address.octets()[0] != 0;
    }
    let is_edge = |c: char| c.is_ascii_alphanumeric() || matches!(c, '\u{a1}'..='\u{ffff}');
    let is_inner = |c: char| is_edge(c) || matches!(c, '-' | '_');
    // Numbers with points between them would be an IPv4 address.
    let ends_in_number = host
        .rsplit_once('.')
        .is_some_and(|(_, top)| top.starts_with(|c: char| c.is_ascii_digit()));
    !ends_in_number
        && host
            .split('.')
            .all(|name| is_bounded(name, is_edge, is_inner))
}

fn has_valid_escapes(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    parts.all(|part| {
        let digits = part.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_valid: fn(&str) -> bool, expected: bool, texts: &str) {
        for text in texts.split_whitespace() {
            assert_eq!(is_valid(text), expected, "{text}");
        }
    }

    #[test]
    fn emails() {
        let good = "
            a@b.co A@B.CO a@b.c a+b@c.de a.b@c.de a!#$%&'*+/=?^_`{|}~-@c.de -@b.co é@b.co 漢@漢.漢
            a@é.com a@b.comé a@b_c.co a@b--c.co a@b.co_m a@b.c0m a@b~c.co a@b.xn--p1ai a@123.com
            1@2.de a@b.co. a@a.b.c.d.e.fg a/b@c.de";
        let bad = "
            @b.co a@ a@b a@localhost a@1.2 a@1.1.1.1 a@[1.1.1.1] a@b.c1 a@b.123 .a@c.de a.@c.de
            a..b@c.de a@b..co a@.b.co a@-b.co a@b-.co a@b.-co a@b.co- a@b.~m a@b.c_ a@b@c.de
            a(b)@c.de a,b@c.de a:b@c.de a<b@c.de mailto:a@b.co <a@b.co> 😀@b.co a@😀.co a@b。co
            a@b%c.co a@b.co..";
        check(is_email, true, good);
        check(is_email, false, bad);
        assert!(is_email(&format!("{}@b.co", "a".repeat(300))));
        for email in [
            "",
            "a b@c.de",
            " a@b.co",
            "a@b.co\n",
            "Ann <a@b.co>",
            "\"a b\"@c.de",
            "a\u{1}@c.de",
            "a\0@b.co",
        ] {
            assert!(!is_email(email), "{email}");
        }
    }

    #[test]
    fn urls() {
        let good = r#"
            http://a.co https://a.co/p?q=1#f ftp://a.co ws://a udp://a a.co www.a.co/x a.co:80/x
            a.co?b a.bc 1.1.1.1 localhost:80 mailto:a@b.co user:pw@a.co http://localhost:80/x
            http://127.0.0.1 http://[::1]:80/ http://[fe80::1%25eth0]/ [::1] http://a:65536
            http://a-b http://a--b.co http://a_b.co http://a. http://A http://a.CO http://1
            http://é.com http://漢字.jp http://a/漢 a.漢字 http://a/b%20c http://a/<b> http://a/"b"
            http://a/[b] http://user:p%40w@a http://:pw@a tel:123 http://a.co/http://b.co
            http://a.co/../b http://xn--a.co www. http://a.co?x=%"#;
        let bad = "
            a text a.b http:// http: http:a https:// http:///a http://? //a.co /path ./a a/b ?a
            localhost HTTP://A.CO Http://a file:///a foo://a.co ssh://a mailto:a about:blank urn:a:b
            blob:http://a.co data:text/plain,x javascript:alert(1) javascript:1/alert(1)
            JavaScript:1/x javascript://x@b.co/%0aalert(1) http://a: http://a:x http://a:123456
            http://:80 http://a:80:90 http://-a http://a- http://a.-co http://a..b http://.a
            http://a.co.. http://1.1.1.256 256.1.1.1 1.1.1 0.0.0.0 http://127.1 http://0x7f.1
            http://a.123 a.1co http://::1 http://[::1 http://[::g] http://[1.1.1.1] http://a/%zz
            http://a/% http://%61.co http://a+b.co http://*.a.co http://😀.com http://http://a.co";
        check(is_url, true, good);
        check(is_url, false, bad);
        assert!(is_url(&format!("http://a.co/{}", "é".repeat(2070))));
        assert!(!is_url(&format!("http://a.co/{}", "é".repeat(2071))));
        for url in [
            "",
            "http://a b.co",
            "http://a.co/ x",
            " http://a.co",
            "http://a.co\n",
            "http://a.co/\u{7f}",
            "a.co/\0",
        ] {
            assert!(!is_url(url), "{url}");
        }
    }

    #[test]
    fn hosts() {
        for (url, expected) in [
            ("http://a.com", "a.com"),
            ("http://user@a.com:80/x@y", "a.com:80"),
            ("http://a.com?x", "a.com"),
            ("a.com/x", ""),
            ("mailto:x@a.com", ""),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }
}
