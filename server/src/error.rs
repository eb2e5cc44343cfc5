//! The error type, and the responses to errors.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use plinth_sdk::types::{FieldProblem, FieldProblems, Problem};

use crate::json;
use crate::problems::{MAX_MESSAGE, quoted, shorten};

/// The result of an operation that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is invalid.
    #[error("{message}")]
    Invalid {
        /// A sentence.
        message: Cow<'static, str>,
        /// The problems by field.
        data: FieldProblems,
    },
    /// The caller is not signed in.
    #[error("The request requires valid record authorization token.")]
    Unauthenticated,
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// The resource does not exist, or the caller may not know that it does.
    #[error("{0}")]
    NotFound(&'static str),
    /// The client has reached a limit, and may try again.
    #[error("{0}")]
    TooManyRequests(&'static str),
    /// The client has failed too often, and may try again after this many seconds.
    #[error("Too many failed attempts, try again later.")]
    Delayed(u64),
    /// The body is too large for the route.
    #[error("Request entity too large.")]
    TooLarge,
    /// The requested range of a file does not exist.
    #[error("The requested range isn't satisfiable.")]
    RangeNotSatisfiable,
    /// A unique index was violated: its name, or its columns.
    #[error("Value must be unique.")]
    Unique(Violation),
    /// A value is too long for an index that contains it in full.
    #[error("A value is too long for an index.")]
    Oversized,
    /// The database is unavailable.
    #[error("The server can't reach its database, try again in a moment.")]
    Unavailable,
    /// The database is read-only at present.
    #[error("{0}")]
    Unwritable(Obstacle),
    /// Others use all capacity.
    #[error("The server is busy, try again in a moment.")]
    Crowded,
    /// A query exceeded its time limit.
    #[error("The query takes too long.")]
    TooSlow,
    /// The response would be larger than this limit, in MiB.
    #[error(
        "The answer would be larger than {0} MiB: ask for fewer records, fewer fields, or less to expand."
    )]
    AnswerTooLarge(usize),
    /// Other requests use all the memory of the budget.
    #[error("The server has too much to do, try again in a moment.")]
    NoRoom,
    /// The server is starting.
    #[error("The server is starting, try again in a moment.")]
    Starting,
    /// The connection to the database was lost; becomes [`Error::Unavailable`] in the pool.
    #[error("The server can't reach its database, try again in a moment.")]
    Disconnected,
    /// The schema has changed after the grant was made, or a write conflicts with another one; the operation is tried
    /// again.
    #[error("Another change was in the way, try again.")]
    SchemaChanged,
    /// A deadlock: the database rolled the transaction back; writes are tried again.
    #[error("Another change was in the way, try again.")]
    Deadlock,
    /// Another transaction holds a lock for too long.
    #[error("{0}")]
    Busy(Cow<'static, str>),
    /// The storage of files failed; logged in full.
    #[error("The server can't reach its storage of files, try again in a moment.")]
    Storage(#[source] anyhow::Error),
    /// An internal error: logged in full, not shown to the client.
    #[error("Something went wrong while processing your request.")]
    Internal(#[source] anyhow::Error),
}

/// The reason why the database is read-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The disk is full.
    #[error("The server's disk is full.")]
    Full,
    /// It is a standby, or in read-only mode.
    #[error("The server's database takes no changes at the moment, try again later.")]
    ReadOnly,
    /// Another program holds the write lock.
    #[error("Another program uses the server's database, try again in a moment.")]
    Locked,
    /// The disk or the system fails.
    #[error("The server's database can't be written at the moment, try again later.")]
    Failing,
}

impl Obstacle {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::Full, Self::ReadOnly, Self::Locked, Self::Failing];

    /// Returns the name of the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Locked => "locked",
            Self::Failing => "failing",
        }
    }
}

/// Says whether another attempt can succeed after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The request is to blame: another attempt fails in the same way. Nothing has changed.
    Client,
    /// The server could not serve the request now: another attempt may succeed. Nothing has changed.
    Retry,
    /// Another attempt may succeed, and it is unknown whether this one has changed something.
    Unknown,
}

/// Which unique index was violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The name of the index: from PostgreSQL, and from SQLite for an index on an expression.
    Index(String),
    /// The columns of the index: from SQLite.
    Columns(Vec<String>),
}

/// The message for a caller that uses all of its capacity.
pub const TOO_MANY: &str = "Too many of your requests take long at once, try again in a moment.";
/// The message for an invalid request, without details.
pub const GENERIC: &str = "Something went wrong while processing your request.";
/// The message for a resource that does not exist.
pub const MISSING: &str = "The requested resource wasn't found.";
/// The message for a body that cannot be parsed.
pub const UNREADABLE: &str = "Failed to load the submitted data due to invalid formatting.";

impl Error {
    /// Makes the error of an invalid request.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(message, FieldProblems::new())
    }

    /// Makes the error of a request with invalid fields.
    pub fn refused(message: impl Into<Cow<'static, str>>, mut data: FieldProblems) -> Self {
        data.values_mut().for_each(shorten);
        let message = match message.into() {
            Cow::Owned(text) if text.len() > MAX_MESSAGE => {
                Cow::Owned(quoted(&text, MAX_MESSAGE).into_owned())
            }
            message @ (Cow::Borrowed(_) | Cow::Owned(_)) => message,
        };
        Self::Invalid { message, data }
    }

    /// Makes the error of a request with one invalid field.
    pub fn field(
        message: impl Into<Cow<'static, str>>,
        field: &str,
        problem: FieldProblem,
    ) -> Self {
        Self::refused(message, FieldProblems::from([(field.to_owned(), problem)]))
    }

    /// Makes the error for a resource that does not exist.
    pub fn missing() -> Self {
        Self::NotFound(MISSING)
    }

    /// Makes the error for an action that is not allowed.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden(message.into())
    }

    /// Makes an internal error: logged in full, not shown to the client.
    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }

    /// Returns the cause for the log, if there is more to say than the message.
    pub fn cause(&self) -> String {
        if let Self::Storage(error) | Self::Internal(error) = self {
            return format!("{error:#}");
        }
        self.to_string()
    }

    /// Returns the status of the answer, and whether to try again.
    fn parts(&self) -> (StatusCode, Class) {
        use Class::{Client, Retry, Unknown};
        match self {
            Self::Invalid { .. } | Self::Unique(_) | Self::Oversized | Self::AnswerTooLarge(_) => {
                (StatusCode::BAD_REQUEST, Client)
            }
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, Client),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, Client),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, Client),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Client),
            Self::RangeNotSatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, Client),
            Self::TooManyRequests(_) | Self::Delayed(_) => (StatusCode::TOO_MANY_REQUESTS, Retry),
            Self::Crowded
            | Self::TooSlow
            | Self::NoRoom
            | Self::Starting
            // Files are stored before anything is written.
            | Self::Storage(_)
            | Self::SchemaChanged
            | Self::Deadlock
            | Self::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, Retry),
            Self::Unavailable | Self::Unwritable(_) | Self::Disconnected => {
                (StatusCode::SERVICE_UNAVAILABLE, Unknown)
            }
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, Unknown),
        }
    }

    fn status(&self) -> StatusCode {
        self.parts().0
    }

    /// Returns what the error means for another attempt.
    pub fn class(&self) -> Class {
        self.parts().1
    }

    /// Returns the body of the answer.
    pub fn problem(&self) -> Problem {
        let data = if let Self::Invalid { data, .. } = self {
            data.clone()
        } else {
            FieldProblems::new()
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
        if let Self::Internal(_) = self {
            tracing::error!(error = self.cause(), "internal error");
        }
        if let Self::Storage(_) = self {
            tracing::error!(error = self.cause(), "the storage of files failed");
        }
        let mut response = HttpResponse::build(self.status());
        response.content_type("application/json");
        if matches!(
            self.status(),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        ) {
            let seconds = if let Self::Delayed(seconds) = self {
                *seconds
            } else {
                1
            };
            response.insert_header(("Retry-After", seconds.to_string()));
        }
        response.body(json::body(&self.problem()))
    }
}
