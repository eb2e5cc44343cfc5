//! Texts of messages: quoting a client's text, and cutting what is too long for an answer.

use std::borrow::Cow;

use plinth_sdk::types::FieldProblem;
use serde_json::{Map, Value as Json};

/// The most characters of a client's text where it is quoted.
pub(crate) const MAX_QUOTE: usize = 100;
/// The most characters of a message, whatever it quotes.
pub(crate) const MAX_MESSAGE: usize = 1000;
/// The most values of a list that a problem quotes.
const MAX_QUOTES: usize = 100;

/// Returns the first characters of a text.
pub(crate) fn quoted(text: &str, most: usize) -> Cow<'_, str> {
    // No character has less than a byte.
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// Cuts what a problem quotes: it goes into answers and into the log.
pub(crate) fn shorten(problem: &mut FieldProblem) {
    let cut = |text: &mut String, most| {
        if let Cow::Owned(short) = quoted(text, most) {
            *text = short;
        }
    };
    match problem {
        FieldProblem::Broken {
            message, params, ..
        } => {
            cut(message, MAX_MESSAGE);
            for value in params.iter_mut().flat_map(Map::values_mut) {
                match value {
                    Json::String(text) => cut(text, MAX_MESSAGE),
                    Json::Array(items) => items.truncate(MAX_QUOTES),
                    Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => {}
                }
            }
        }
        FieldProblem::Failed { message, .. } => cut(message, MAX_MESSAGE),
        FieldProblem::Inside(problems) => problems.values_mut().for_each(shorten),
    }
}

/// Returns a text with a full stop at its end, unless it has one. Messages are made of parts from several places,
/// and some of those are sentences already.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{text}{end}")
}

/// Formats a problem in one line, for reports.
pub(crate) fn in_one_line(problem: &FieldProblem) -> String {
    match problem {
        FieldProblem::Broken { message, .. } | FieldProblem::Failed { message, .. } => {
            message.clone()
        }
        FieldProblem::Inside(inside) => {
            let parts = inside.iter().map(|(key, problem)| match problem {
                FieldProblem::Inside(_) => format!("{key}.{}", in_one_line(problem)),
                FieldProblem::Broken { .. } | FieldProblem::Failed { .. } => {
                    format!("{key}: {}", in_one_line(problem))
                }
            });
            parts.collect::<Vec<_>>().join(" ")
        }
    }
}
