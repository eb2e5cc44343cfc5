//! Asking the server.

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;
use plinth_sdk::Client;
use plinth_sdk::types::{FieldProblem, FieldProblems};

use crate::session::Session;
use crate::text;

/// Why something was not done, for a person to read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Failure {
    /// The HTTP status, when the server refused.
    pub(crate) status: Option<u16>,
    /// One sentence.
    pub(crate) message: String,
    /// The problems of fields.
    pub(crate) fields: FieldProblems,
}

/// An answer that is on its way. Boxed, so that the code around it is compiled once for each type of answers, and not for
/// each request.
type Pending<T> = Pin<Box<dyn Future<Output = T>>>;

/// The result of a request.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl From<plinth_sdk::Error> for Failure {
    fn from(error: plinth_sdk::Error) -> Self {
        use plinth_sdk::Error;
        let message = match &error {
            Error::Problem(problem) => {
                return Self {
                    status: Some(problem.status),
                    message: problem.message.clone(),
                    fields: problem.data.clone(),
                };
            }
            Error::Transport(_) => text::no_answer().to_owned(),
            Error::Request(_) | Error::Decode(_) => error.to_string(),
        };
        Self {
            message,
            ..Self::default()
        }
    }
}

impl Failure {
    /// Returns the problem of a field as text. A dot leads inside: `fields.1.name`.
    pub(crate) fn at(&self, path: &str) -> Option<String> {
        in_words(&self.fields, path)
    }

    /// Whether anything is wrong with this field or inside it.
    pub(crate) fn is_within(&self, path: &str) -> bool {
        let mut problems = &self.fields;
        let mut rest = path;
        loop {
            let (first, inside) = match rest.split_once('.') {
                Some((first, inside)) => (first, Some(inside)),
                None => (rest, None),
            };
            match (problems.get(first), inside) {
                (Some(_), None) => return true,
                (Some(FieldProblem::Inside(deeper)), Some(inside)) => {
                    (problems, rest) = (deeper, inside);
                }
                (None, _) | (Some(_), Some(_)) => return false,
            }
        }
    }

    /// The sentence, and what is wrong with fields that no input shows.
    pub(crate) fn summary(&self, shown: impl Fn(&str) -> bool) -> String {
        let mut lines = vec![self.message.clone()];
        collect(&self.fields, "", &mut |path, message| {
            if !shown(path) {
                lines.push(format!("{path}: {message}"));
            }
        });
        lines.join(" ")
    }
}

fn in_words(problems: &FieldProblems, path: &str) -> Option<String> {
    if let Some(FieldProblem::Broken { message, .. }) = problems.get(path) {
        return Some(message.clone());
    }
    let (first, rest) = path.split_once('.')?;
    match problems.get(first)? {
        FieldProblem::Inside(inside) => in_words(inside, rest),
        FieldProblem::Failed { .. } | FieldProblem::Broken { .. } => None,
    }
}

fn collect(problems: &FieldProblems, parent: &str, take: &mut impl FnMut(&str, &str)) {
    for (name, problem) in problems {
        match problem {
            FieldProblem::Failed { message, .. } | FieldProblem::Broken { message, .. } => {
                take(&format!("{parent}{name}"), message);
            }
            FieldProblem::Inside(inside) => collect(inside, &format!("{parent}{name}."), take),
        }
    }
}

/// Asks the server now, and again whenever a signal that `ask` reads has changed. `ask` reads its signals before it
/// gives the future.
pub(crate) fn load<T, F, A>(ask: F) -> LocalResource<Outcome<T>>
where
    T: Clone + 'static,
    F: Fn(Client) -> A + 'static,
    A: Future<Output = plinth_sdk::Result<T>> + 'static,
{
    resource(Box::new(move |client| Box::pin(ask(client))))
}

fn resource<T: Clone + 'static>(
    ask: Box<dyn Fn(Client) -> Pending<plinth_sdk::Result<T>>>,
) -> LocalResource<Outcome<T>> {
    let session = Session::here();
    LocalResource::new(move || {
        let answer = ask(session.client());
        async move { session.outcome(answer.await) }
    })
}

/// Asks the server once, because a person wants something done, and hands on what became of it.
pub(crate) fn act<T, A>(answer: A, then: impl FnOnce(Outcome<T>) + 'static)
where
    T: 'static,
    A: Future<Output = plinth_sdk::Result<T>> + 'static,
{
    run(Box::pin(answer), Box::new(then));
}

fn run<T: 'static>(answer: Pending<plinth_sdk::Result<T>>, then: Box<dyn FnOnce(Outcome<T>)>) {
    let session = Session::here();
    leptos::task::spawn_local(async move {
        then(session.outcome(answer.await));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_found_at_their_field_and_told_when_no_field_shows_them() {
        let inside = FieldProblems::from([(
            "name".to_owned(),
            FieldProblem::new("validation_required", "Cannot be blank."),
        )]);
        let fields = FieldProblems::from([("1".to_owned(), FieldProblem::Inside(inside))]);
        let failure = Failure {
            status: Some(400),
            message: "Failed.".to_owned(),
            fields: FieldProblems::from([("fields".to_owned(), FieldProblem::Inside(fields))]),
        };
        assert_eq!(
            failure.at("fields.1.name").as_deref(),
            Some("Cannot be blank.")
        );
        assert_eq!(failure.at("fields.1"), None);
        for (path, expected) in [
            ("fields", true),
            ("fields.1", true),
            ("fields.1.name", true),
            ("fields.1.name.more", false),
            ("fields.2", false),
            ("rules", false),
        ] {
            assert_eq!(failure.is_within(path), expected, "{path}");
        }
        assert_eq!(failure.summary(|_| true), "Failed.");
        assert_eq!(
            failure.summary(|_| false),
            "Failed. fields.1.name: Cannot be blank."
        );
    }
}
