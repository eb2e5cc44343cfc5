//! Errors of the client.

use std::fmt::Write as _;

use reqwest::StatusCode;
use serde_json::Value;

use crate::types::{FieldProblem, FieldProblems, Problem};

/// The result of everything that talks to the server.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request failed.
///
/// ```no_run
/// # use plinth_sdk::{Client, Error, Record};
/// # async fn example(client: Client) {
/// let movies = client.collection::<Record>("movies");
/// match movies.get("film42").await {
///     Ok(movie) => println!("{}", movie["title"]),
///     Err(error) if error.is_not_found() => println!("no such film"),
///     Err(Error::Transport(_)) => println!("the server is down, try again"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request could not be made, so nothing was sent: a bad URL, id or token, or a body that
    /// cannot be written as JSON.
    #[error("the request is not valid: {0}")]
    Request(String),
    /// No answer came: the server is down, the network failed or it took too long. Whether the
    /// server has done what was asked is unknown.
    #[error("the server did not answer")]
    Transport(#[source] reqwest::Error),
    /// The server refused.
    #[error("{}", describe(.0))]
    Problem(Problem),
    /// The server did what was asked, and its answer does not fit the expected type.
    #[error("the server's answer does not fit the expected type")]
    Decode(#[source] serde_json::Error),
}

impl Error {
    /// Returns the server's answer, if it refused the request.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            Self::Request(_) | Self::Transport(_) | Self::Decode(_) => None,
        }
    }

    /// The HTTP status, when the server refused.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.problem().map(|problem| problem.status)
    }

    /// Returns the problem of a field. A dot leads inside: `fields.1.name`.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<&FieldProblem> {
        find(&self.problem()?.data, path)
    }

    /// The code of the rule that a field breaks, such as `validation_not_unique`.
    #[must_use]
    pub fn code(&self, path: &str) -> Option<&str> {
        self.field(path)?.code()
    }

    /// Whether what was sent is wrong (400); [`Error::field`] says where.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.status() == Some(400)
    }

    /// Whether one has to sign in for this (401).
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        self.status() == Some(401)
    }

    /// Whether whoever is signed in may not do this (403).
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(403)
    }

    /// Whether there is no such thing, or none that one may see (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether to slow down (429).
    #[must_use]
    pub fn is_too_many_requests(&self) -> bool {
        self.status() == Some(429)
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        if error.is_builder() {
            let cause = std::error::Error::source(&error);
            Self::Request(cause.map_or_else(|| error.to_string(), ToString::to_string))
        } else {
            Self::Transport(error)
        }
    }
}

fn find<'a>(problems: &'a FieldProblems, path: &str) -> Option<&'a FieldProblem> {
    if let Some(problem) = problems.get(path) {
        return Some(problem);
    }
    let (first, rest) = path.split_once('.')?;
    match problems.get(first)? {
        FieldProblem::Inside(problems) => find(problems, rest),
        // What is behind it is a request of a batch.
        FieldProblem::Failed { response, .. } => find(&response.data, rest),
        FieldProblem::Broken { .. } => None,
    }
}

/// The problem as one line: the message, then each field's.
fn describe(problem: &Problem) -> String {
    let mut line = format!("{} ({})", problem.message, problem.status);
    describe_fields(&problem.data, "", &mut line);
    line
}

fn describe_fields(problems: &FieldProblems, parent: &str, line: &mut String) {
    for (name, problem) in problems {
        match problem {
            FieldProblem::Broken { message, .. } => {
                // Writing to a string cannot fail.
                let _ = write!(line, " {parent}{name}: {message}");
            }
            FieldProblem::Failed { response, .. } => {
                let _ = write!(line, " {parent}{name}: {}", describe(response));
            }
            FieldProblem::Inside(inside) => {
                describe_fields(inside, &format!("{parent}{name}."), line);
            }
        }
    }
}

/// The problem in an answer, even when a proxy in between has made it.
pub(super) fn problem(status: StatusCode, answer: &[u8]) -> Problem {
    serde_json::from_slice(answer).unwrap_or_else(|_| {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let reason = status.canonical_reason().unwrap_or("The request failed.");
        Problem {
            data: FieldProblems::new(),
            message: answer["message"].as_str().unwrap_or(reason).to_owned(),
            status: status.as_u16(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, answer: &str) -> Error {
        let status = StatusCode::from_u16(status).expect("a status");
        Error::Problem(problem(status, answer.as_bytes()))
    }

    #[test]
    fn fields_are_found_by_path() {
        let error = error(
            400,
            r#"{"data": {
                "title": {"code": "validation_required", "message": "Cannot be blank."},
                "fields": {"1": {"name": {"code": "validation_not_unique", "message": "Taken."}}}
            }, "message": "Failed.", "status": 400}"#,
        );
        assert!(error.is_invalid() && !error.is_not_found());
        assert_eq!(error.code("title"), Some("validation_required"));
        assert_eq!(error.code("fields.1.name"), Some("validation_not_unique"));
        assert!(error.field("fields.1").is_some());
        assert_eq!(error.code("fields.1"), None);
        assert_eq!(error.field("title.x"), None);
        assert_eq!(error.field("year"), None);
        assert_eq!(
            error.to_string(),
            "Failed. (400) fields.1.name: Taken. title: Cannot be blank."
        );
    }

    #[test]
    fn answers_of_proxies_are_problems_too() {
        let bad_gateway = error(502, "<html>nginx</html>");
        assert_eq!(bad_gateway.status(), Some(502));
        assert_eq!(bad_gateway.to_string(), "Bad Gateway (502)");

        let odd = error(
            404,
            r#"{"data": null, "message": "Gone fishing.", "status": 404}"#,
        );
        assert_eq!(odd.to_string(), "Gone fishing. (404)");
    }
}
