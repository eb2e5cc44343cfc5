//! Filters of lists, with values in them.

use std::fmt;

/// A filter of a list, such as `rating >= 8 && genre = 'Drama'`.
///
/// Filters with values in them come from [`filter!`](crate::filter!), fixed ones from a string
/// literal; a `String` is not accepted, so that nobody pastes one together by accident. The
/// default filter lets everything through.
///
/// ```
/// use plinth_sdk::{Filter, filter};
///
/// let mut wanted = Filter::from("rating >= 8");
/// if let Some(name) = Some("Ridley Scott") {
///     wanted = wanted.and(filter!("director = {} || producer = {}", name, name));
/// }
/// assert_eq!(
///     wanted.as_str(),
///     "(rating >= 8) && (director = 'Ridley Scott' || producer = 'Ridley Scott')",
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Filter(String);

impl Filter {
    /// A filter in the filter language, taken as it is. What comes from a person belongs into
    /// [`filter!`](crate::filter!) instead.
    pub fn raw(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Combines two filters: both must match.
    pub fn and(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        match (self.lets_all_through(), other.lets_all_through()) {
            (true, _) => other,
            (_, true) => self,
            (false, false) => Self(format!("({self}) && ({other})")),
        }
    }

    /// Combines two filters: one of them must match.
    pub fn or(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        if self.lets_all_through() || other.lets_all_through() {
            Self::default()
        } else {
            Self(format!("({self}) || ({other})"))
        }
    }

    /// The filter as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn lets_all_through(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&'static str> for Filter {
    fn from(text: &'static str) -> Self {
        Self::raw(text)
    }
}

/// A [`Filter`] with values in it: each `{}` takes one, as a
/// [`Literal`](crate::Literal). The values are [`ToLiteral`](crate::ToLiteral), and are not moved.
///
/// ```
/// use plinth_sdk::filter;
///
/// let (title, year) = ("Ocean's", 1990);
/// let found = filter!("title ~ {} && year > {}", title, year);
/// assert_eq!(found.as_str(), r"title ~ 'Ocean\'s' && year > 1990");
/// ```
///
/// A value stays one value, whatever it contains:
///
/// ```
/// # use plinth_sdk::filter;
/// let found = filter!("title = {}", "' || 1=1 //");
/// assert_eq!(found.as_str(), r"title = '\' || 1=1 //'");
/// ```
///
/// Templates in which it would not are refused when compiling. A `{}` brings its own quotes:
///
/// ```compile_fail
/// # use plinth_sdk::filter;
/// filter!("title = '{}'", "x");
/// ```
///
/// Comments are refused, and so is everything but `{}` in braces:
///
/// ```compile_fail
/// # use plinth_sdk::filter;
/// filter!("year > 1990 // and title = {}", "x");
/// ```
///
/// ```compile_fail
/// # use plinth_sdk::filter;
/// let title = "x";
/// filter!("title = {title}");
/// ```
///
/// As many values as there are `{}`:
///
/// ```compile_fail
/// # use plinth_sdk::filter;
/// filter!("title = {} && year = {}", "x");
/// ```
#[macro_export]
macro_rules! filter {
    ($template:literal $(, $value:expr)* $(,)?) => {{
        const _: () = $crate::check_template($template);
        $crate::Filter::raw(::std::format!(
            // Through `concat!`, `format!` takes no variables from around it.
            ::std::concat!($template)
            $(, $crate::ToLiteral::to_literal(&$value))*
        ))
    }};
}

/// Stops the compilation if a value could break out of a template of [`filter!`](crate::filter!).
///
/// # Panics
///
/// When it could.
pub const fn check_template(template: &str) {
    let text = template.as_bytes();
    let mut quote = None;
    let mut i = 0;
    while i < text.len() {
        let next = if i + 1 < text.len() { text[i + 1] } else { 0 };
        match (quote, text[i]) {
            (_, b'{') if next == b'{' => i += 1,
            (_, b'}') if next == b'}' => i += 1,
            (None, b'{') => {
                assert!(next == b'}', "a placeholder has nothing between its braces");
                i += 1;
            }
            (Some(_), b'{') => panic!("a placeholder brings its own quotes"),
            (Some(_), b'\\') if next != b'{' => i += 1,
            (Some(end), byte) if byte == end => quote = None,
            (None, byte @ (b'\'' | b'"')) => quote = Some(byte),
            (None, b'/') if next == b'/' => panic!("a filter takes no comments"),
            _ => {}
        }
        i += 1;
    }
    assert!(quote.is_none(), "a quote is not closed");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a filter's text the way the server does: where each quoted value ends, and what is
    /// outside of quotes.
    fn read(filter: &Filter) -> (Vec<String>, String) {
        let (mut values, mut outside) = (Vec::new(), String::new());
        let mut chars = filter.as_str().chars();
        while let Some(c) = chars.next() {
            if c != '\'' {
                outside.push(c);
                continue;
            }
            let mut value = String::new();
            loop {
                match chars.next().expect("the quote is closed") {
                    '\\' => value.push(chars.next().expect("something is escaped")),
                    '\'' => break,
                    c => value.push(c),
                }
            }
            values.push(value);
        }
        (values, outside)
    }

    #[test]
    fn no_value_breaks_out() {
        for attempt in [
            "'",
            "\\",
            "\\'",
            "\\\\'",
            "' || 1=1 //",
            "\\' || 1=1 //",
            "\\\\' || 1=1 || '",
            "\n' || 1=1\n//",
            "'\r\n\\",
            "{} {0} {{",
            "\" || 1=1 || \"",
            "\u{2019} \u{ff07} \0",
            "",
        ] {
            let filter = filter!("title = {} && owner = {}", attempt, String::from(attempt));
            let (values, outside) = read(&filter);
            assert_eq!(values, [attempt, attempt]);
            assert_eq!(outside, "title =  && owner = ");
        }
    }

    #[test]
    fn values_of_all_types_stand_in_one_filter() {
        let filter = filter!(
            "a = {} && b > {} && c = {} && d = {} && e < {}",
            "x",
            1.5,
            true,
            None::<i32>,
            std::time::UNIX_EPOCH,
        );
        assert_eq!(
            filter.as_str(),
            "a = 'x' && b > 1.5 && c = true && d = null && e < '1970-01-01 00:00:00.000Z'"
        );
    }

    #[test]
    fn templates_may_have_quotes_and_braces_of_their_own() {
        assert_eq!(
            filter!("a = 'it\\'s // {{}}' && b = {}", 1).as_str(),
            "a = 'it\\'s // {}' && b = 1"
        );
        assert_eq!(
            filter!("a = \"'\" && b = {}", 1).as_str(),
            "a = \"'\" && b = 1"
        );
    }

    #[test]
    fn templates_that_let_values_out_are_refused() {
        for template in [
            "a = '{}'",
            "a = \"{}\"",
            "a = '\\{}'",
            "a = 'b",
            "a = 'b\\' && c = {}",
            "a = 1 // {}",
            "a = {b}",
            "a = {0}",
            "a = {:?}",
            "a = {",
        ] {
            let refused = std::panic::catch_unwind(|| check_template(template));
            assert!(refused.is_err(), "{template}");
        }
    }

    #[test]
    fn parts_keep_their_own_precedence() {
        let either = Filter::from("a = 1 || b = 2");
        let both = either.clone().and("c = 3");
        assert_eq!(both.as_str(), "(a = 1 || b = 2) && (c = 3)");
        assert_eq!(
            both.or("d = 4").as_str(),
            "((a = 1 || b = 2) && (c = 3)) || (d = 4)"
        );
        assert_eq!(Filter::default().and(either.clone()), either);
        assert_eq!(either.clone().and(Filter::default()), either);
        assert_eq!(either.or(Filter::default()), Filter::default());
    }
}
