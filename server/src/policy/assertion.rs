//! Assertions about the policy: sentences such as `ann@example.com may not delete posts where published = true`.
//! `docs/policy-assertions.md` has the grammar.

use serde_json::{Map, Value as Json};

use super::Action;
use crate::filter::{Expression, parse};

/// An assertion.
#[derive(Debug, PartialEq)]
pub(super) struct Assertion {
    /// The number of its line, from 1.
    pub(super) line: u64,
    /// The sentence.
    pub(super) text: String,
    /// The subject, as it was written.
    pub(super) subject: String,
    /// Whether the subject may, or may not.
    pub(super) may: bool,
    pub(super) action: Action,
    /// The id or name of the collection.
    pub(super) collection: String,
    pub(super) about: About,
}

/// The objects of an assertion.
#[derive(Debug, PartialEq)]
pub(super) enum About {
    /// The collection as a whole.
    Collection,
    /// The stored records that meet a filter: its text, and what it means.
    Where(String, Expression),
    /// A new record with these values.
    With(Map<String, Json>),
}

/// Parses a text with an assertion on each line. An error has the number of its line.
pub(super) fn parse_all(text: &str) -> Result<Vec<Assertion>, (u64, String)> {
    let mut all = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if !text.is_empty() && !text.starts_with('#') {
            all.push(sentence(line, text).map_err(|reason| (line, reason))?);
        }
    }
    Ok(all)
}

fn sentence(line: u64, text: &str) -> Result<Assertion, String> {
    let (subject, rest) = word(text);
    let (verb, rest) = word(rest);
    if verb != "may" {
        return Err("after the subject comes may, or may not".to_owned());
    }
    let (may, rest) = match word(rest) {
        ("not", rest) => (false, rest),
        _ => (true, rest),
    };
    let (action, rest) = word(rest);
    let Some(action) = Action::parse(action) else {
        return Err("the actions are list, view, create, update and delete".to_owned());
    };
    let (collection, rest) = word(rest);
    if collection.is_empty() {
        return Err("the name of a collection is missing".to_owned());
    }
    let about = match (word(rest), action) {
        (("", _), _) => About::Collection,
        (("with", values), Action::Create) => {
            let values = serde_json::from_str(values);
            let values =
                values.map_err(|error| format!("after with comes a JSON object: {error}"))?;
            About::With(values)
        }
        (("where", _), Action::Create) => {
            return Err(
                "a record that is created is described by with and a JSON object".to_owned(),
            );
        }
        (("where", filter), _) => {
            let meaning =
                parse(filter).map_err(|error| format!("after where comes a filter: {error}"))?;
            About::Where(filter.to_owned(), meaning)
        }
        ((other, _), Action::Create) => return Err(format!("{other:?} stands where with could")),
        ((other, _), _) => return Err(format!("{other:?} stands where where could")),
    };
    Ok(Assertion {
        line,
        text: text.to_owned(),
        subject: subject.to_owned(),
        may,
        action,
        collection: collection.to_owned(),
        about,
    })
}

/// Returns the first word, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_read_line_by_line() {
        let text = "# who may what\n\n guest may list posts\nann@example.com  may not update  posts where title = \"a b\" && n > 1\r\nusers/ann may create posts with {\"n\": 1}";
        let all = parse_all(text).unwrap();
        let read: Vec<_> = all
            .iter()
            .map(|one| {
                let about = match &one.about {
                    About::Collection => String::new(),
                    About::Where(filter, _) => filter.clone(),
                    About::With(values) => Json::from(values.clone()).to_string(),
                };
                (one.line, &*one.subject, one.may, one.action.name(), about)
            })
            .collect();
        assert_eq!(
            read,
            [
                (3, "guest", true, "list", String::new()),
                (
                    4,
                    "ann@example.com",
                    false,
                    "update",
                    "title = \"a b\" && n > 1".to_owned()
                ),
                (5, "users/ann", true, "create", "{\"n\":1}".to_owned()),
            ]
        );
    }

    #[test]
    fn what_is_no_sentence_is_refused_with_its_line() {
        for (text, reason) in [
            ("guest", "after the subject"),
            ("guest can list posts", "after the subject"),
            ("guest may", "the actions are"),
            ("guest may not", "the actions are"),
            ("guest may read posts", "the actions are"),
            ("guest may list", "the name of a collection"),
            ("guest may list posts if n = 1", "\"if\" stands"),
            ("guest may list posts where", "after where"),
            ("guest may list posts where n =", "after where"),
            (
                "guest may create posts where n = 1",
                "a record that is created",
            ),
            ("guest may create posts with n", "after with"),
            ("guest may create posts with [1]", "after with"),
            ("guest may list posts with {}", "\"with\" stands"),
        ] {
            let (line, found) = parse_all(&format!("\n{text}")).unwrap_err();
            assert_eq!(line, 2, "{text}");
            assert!(found.starts_with(reason), "{text}: {found}");
        }
    }
}
