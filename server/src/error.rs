//! What can go wrong, and how the client hears of it.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use plinth_sdk::types::{FieldProblem, FieldProblems, Problem};
use serde_json::{Map, Value as Json};

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
    /// The client asks for too much, and may come back.
    #[error("{0}")]
    TooManyRequests(&'static str),
    /// The body is larger than the route takes.
    #[error("Request entity too large.")]
    TooLarge,
    /// The part of a file that was asked for is not there.
    #[error("The requested range isn't satisfiable.")]
    RangeNotSatisfiable,
    /// A unique index says no; the columns, or the index.
    #[error("Value must be unique.")]
    Unique(Violation),
    /// A value is too long for an index that holds it whole.
    #[error("A value is too long for an index.")]
    Oversized,
    /// The database cannot be used right now.
    #[error("The server can't reach its database, try again in a moment.")]
    Unavailable,
    /// The database can be read, but not written right now.
    #[error("{0}")]
    Unwritable(Obstacle),
    /// Others use all that there is of something.
    #[error("The server is busy, try again in a moment.")]
    Crowded,
    /// The database was told to give up a query.
    #[error("The query takes too long.")]
    TooSlow,
    /// The answer would be larger than so many MiB.
    #[error(
        "The answer would be larger than {0} MiB: ask for fewer records, fewer fields, or less to expand."
    )]
    AnswerTooLarge(usize),
    /// Other requests hold all the memory that requests may have together.
    #[error("The server has too much to do, try again in a moment.")]
    NoRoom,
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
    /// The database undid the transaction because it and another one waited for each other; writes are tried again.
    #[error("Another change was in the way, try again.")]
    Deadlock,
    /// Another transaction holds a lock for longer than a request waits for it.
    #[error("{0}")]
    Busy(Cow<'static, str>),
    /// The place of files does not do as it is told; logged in full.
    #[error("The server can't reach its storage of files, try again in a moment.")]
    Storage(#[source] anyhow::Error),
    /// Logged in full; the client sees nothing of it.
    #[error("Something went wrong while processing your request.")]
    Internal(#[source] anyhow::Error),
}

/// Why the database cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// There is no room left.
    #[error("The server's disk is full.")]
    Full,
    /// It is a standby, or takes no changes.
    #[error("The server's database takes no changes at the moment, try again later.")]
    ReadOnly,
    /// Another program writes, and takes long.
    #[error("Another program uses the server's database, try again in a moment.")]
    Locked,
    /// A disk or the system fails.
    #[error("The server's database can't be written at the moment, try again later.")]
    Failing,
}

impl Obstacle {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Full, Self::ReadOnly, Self::Locked, Self::Failing];

    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Locked => "locked",
            Self::Failing => "failing",
        }
    }
}

/// Which unique index was violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Named by PostgreSQL, and by SQLite for an index on an expression.
    Index(String),
    /// SQLite names the columns.
    Columns(Vec<String>),
}

/// The message for whoever uses all that one caller may have of something.
pub const TOO_MANY: &str = "Too many of your requests take long at once, try again in a moment.";
/// The message for a request that is wrong in a way that is not told.
pub const GENERIC: &str = "Something went wrong while processing your request.";
/// The message for what does not exist.
pub const MISSING: &str = "The requested resource wasn't found.";
/// The message for a body that cannot be read.
pub const UNREADABLE: &str = "Failed to load the submitted data due to invalid formatting.";

/// The most characters of a client's text where it is quoted.
pub const MAX_QUOTE: usize = 100;
/// The most characters of a message, whatever it quotes.
const MAX_MESSAGE: usize = 1000;
/// The most of several values that are quoted.
const MAX_QUOTES: usize = 100;

/// A text as it is quoted: its first characters.
pub fn quoted(text: &str, most: usize) -> Cow<'_, str> {
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
fn shorten(problem: &mut FieldProblem) {
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

impl Error {
    /// A request that is wrong as a whole.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(message, FieldProblems::new())
    }

    /// A request that is wrong in these fields.
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

    /// What the log says of it: what is behind the sentence, if anything is.
    pub fn cause(&self) -> String {
        if let Self::Storage(error) | Self::Internal(error) = self {
            return format!("{error:#}");
        }
        self.to_string()
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid { .. } | Self::Unique(_) | Self::Oversized | Self::AnswerTooLarge(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unavailable
            | Self::Unwritable(_)
            | Self::Crowded
            | Self::TooSlow
            | Self::NoRoom
            | Self::Starting
            | Self::Disconnected
            | Self::Storage(_)
            | Self::Outdated
            | Self::Deadlock
            | Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
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
            | Self::TooManyRequests(_)
            | Self::TooLarge
            | Self::RangeNotSatisfiable
            | Self::Unique(_)
            | Self::Oversized
            | Self::Unavailable
            | Self::Unwritable(_)
            | Self::Crowded
            | Self::TooSlow
            | Self::AnswerTooLarge(_)
            | Self::NoRoom
            | Self::Starting
            | Self::Disconnected
            | Self::Storage(_)
            | Self::Outdated
            | Self::Deadlock
            | Self::Busy(_)
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
            response.insert_header(("Retry-After", "1"));
        }
        response.body(json::body(&self.problem()))
    }
}

/// A text as a sentence: with a full stop, where it does not end in one already. Messages that are made of parts come from
/// several places, and some of those write sentences.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{text}{end}")
}
