//! What can go wrong, and how the client hears of it.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use diesel::result::{DatabaseErrorKind, Error as Diesel};
use plinth_sdk::types::{FieldProblem, FieldProblems, Problem};

use crate::json;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, at the edge.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is not valid; the fields say why.
    #[error("{message}")]
    Invalid {
        /// One sentence.
        message: Cow<'static, str>,
        /// By field.
        data: FieldProblems,
    },
    /// Nobody is signed in.
    #[error("The request requires valid record authorization token.")]
    Unauthenticated,
    /// Somebody is, but may not do this.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// It does not exist, or the caller may not know that it does.
    #[error("{0}")]
    NotFound(&'static str),
    /// The body is larger than the route takes.
    #[error("Request entity too large.")]
    TooLarge,
    /// The part of a file that was asked for is not there.
    #[error("The requested range isn't satisfiable.")]
    RangeNotSatisfiable,
    /// A unique index says no; the columns, or the index.
    #[error("Value must be unique.")]
    Unique(Violation),
    /// The database cannot be used right now.
    #[error("The server can't reach its database, try again in a moment.")]
    Unavailable,
    /// The server cannot answer yet.
    #[error("The server is starting, try again in a moment.")]
    Starting,
    /// The connection was lost; becomes [`Error::Unavailable`] at the pool.
    #[error("The server can't reach its database, try again in a moment.")]
    Disconnected,
    /// A collection changed after the request was allowed, or another write was in the way; writes are allowed anew
    /// and tried again.
    #[error("Another change was in the way, try again.")]
    Outdated,
    /// Logged in full; the client sees nothing of it.
    #[error("Something went wrong while processing your request.")]
    Internal(#[source] anyhow::Error),
}

/// Which unique index was violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Named by PostgreSQL, and by SQLite for an index on an expression.
    Index(String),
    /// SQLite names the columns.
    Columns(Vec<String>),
}

/// The message for a request that is wrong in a way that is not told.
pub const GENERIC: &str = "Something went wrong while processing your request.";
/// The message for what does not exist.
pub const MISSING: &str = "The requested resource wasn't found.";
/// The message for a body that cannot be read.
pub const UNREADABLE: &str = "Failed to load the submitted data due to invalid formatting.";

impl Error {
    /// A request that is wrong as a whole.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(message, FieldProblems::new())
    }

    /// A request that is wrong in these fields.
    pub fn refused(message: impl Into<Cow<'static, str>>, data: FieldProblems) -> Self {
        Self::Invalid {
            message: message.into(),
            data,
        }
    }

    /// A request with one wrong field.
    pub fn field(
        message: impl Into<Cow<'static, str>>,
        field: &str,
        problem: FieldProblem,
    ) -> Self {
        Self::refused(message, FieldProblems::from([(field.to_owned(), problem)]))
    }

    /// What does not exist.
    pub fn missing() -> Self {
        Self::NotFound(MISSING)
    }

    /// What the caller may not do.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden(message.into())
    }

    /// A failure that is nobody's business but the operator's.
    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid { .. } | Self::Unique(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unavailable | Self::Starting | Self::Disconnected | Self::Outdated => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer's body.
    pub fn problem(&self) -> Problem {
        let data = match self {
            Self::Invalid { data, .. } => data.clone(),
            Self::Unauthenticated
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::TooLarge
            | Self::RangeNotSatisfiable
            | Self::Unique(_)
            | Self::Unavailable
            | Self::Starting
            | Self::Disconnected
            | Self::Outdated
            | Self::Internal(_) => FieldProblems::new(),
        };
        Problem {
            data,
            message: self.to_string(),
            status: self.status().as_u16(),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Internal(error) = self {
            tracing::error!(error = format!("{error:#}"), "internal error");
        }
        let mut response = HttpResponse::build(self.status());
        response.content_type("application/json");
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header(("Retry-After", "1"));
        }
        response.body(json::body(&self.problem()))
    }
}

impl From<Diesel> for Error {
    fn from(error: Diesel) -> Self {
        let Diesel::DatabaseError(kind, info) = &error else {
            return Self::Internal(error.into());
        };
        let message = info.message();
        if matches!(kind, DatabaseErrorKind::UniqueViolation) {
            Self::Unique(violation(info.constraint_name(), message))
        } else if matches!(kind, DatabaseErrorKind::SerializationFailure)
            || message.starts_with("deadlock detected")
        {
            Self::Outdated
        } else if matches!(
            kind,
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand
        ) || is_disconnect(message)
        {
            tracing::error!(message, "lost the database connection");
            Self::Disconnected
        } else if message.starts_with("canceling statement due to") {
            tracing::warn!(message, "a statement took too long");
            Self::Unavailable
        } else if is_out_of_space(message) {
            tracing::error!(message, "the database cannot be written");
            Self::Unavailable
        } else if is_outdated(message) {
            tracing::warn!(message, "a table changed under a request");
            Self::Outdated
        } else if starts_with_any(message, &["LIKE or GLOB pattern too complex", "index row "]) {
            Self::invalid(GENERIC)
        } else {
            Self::Internal(error.into())
        }
    }
}

/// libpq reports a lost connection as an ordinary error, in words. Only the beginning is the library's own: what
/// follows may quote a client.
fn is_disconnect(message: &str) -> bool {
    let message = message.trim_start_matches("FATAL:").trim_start();
    starts_with_any(
        message,
        &[
            "server closed the connection",
            "terminating connection",
            "no connection to the server",
            "connection to server",
            "could not receive data from server",
            "could not send data to server",
            "SSL connection has been closed",
            "SSL error",
            "the database system is",
        ],
    )
}

fn is_out_of_space(message: &str) -> bool {
    starts_with_any(
        message,
        &[
            "database or disk is full",
            "disk I/O error",
            "database is locked",
            "could not extend file",
            "could not write",
        ],
    )
}

/// The request began before a collection changed, and names what is gone or not there yet.
fn is_outdated(message: &str) -> bool {
    let is_missing = starts_with_any(message, &["column ", "relation "])
        && message
            .lines()
            .next()
            .is_some_and(|line| line.ends_with("does not exist"));
    let is_missing_column =
        message.starts_with("table ") && message.contains("has no column named");
    is_missing
        || is_missing_column
        || starts_with_any(
            message,
            &["no such column", "no such table", "cached plan must not"],
        )
}

fn starts_with_any(message: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|words| message.starts_with(words))
}

/// Both databases' words, brought into one form.
fn violation(constraint: Option<&str>, message: &str) -> Violation {
    if let Some(name) = constraint {
        return Violation::Index(name.to_owned());
    }
    let detail = message
        .strip_prefix("UNIQUE constraint failed: ")
        .unwrap_or_default();
    if let Some(name) = detail.strip_prefix("index ") {
        return Violation::Index(name.trim_matches('\'').to_owned());
    }
    Violation::Columns(
        detail
            .split(", ")
            .filter_map(|column| column.split_once('.'))
            .map(|(_, column)| column.to_owned())
            .collect(),
    )
}
