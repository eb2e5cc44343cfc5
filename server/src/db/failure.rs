//! What a database says went wrong, and what that means.

use diesel::result::{DatabaseErrorKind, Error as Diesel};
use rusqlite::{Error as Rusqlite, ErrorCode, ffi};

use crate::error::{Error, GENERIC, Violation};

/// The message for a lock that could not be had in time.
const IN_USE: &str = "Another transaction uses what is to be changed, try again in a moment.";

/// What a driver gives in place of an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// PostgreSQL's.
    #[error(transparent)]
    Postgres(#[from] Diesel),
    /// SQLite's.
    #[error(transparent)]
    Sqlite(#[from] Rusqlite),
}

impl Failure {
    /// The database's own words, if it is what failed.
    fn words(&self) -> Option<String> {
        match self {
            Self::Postgres(Diesel::DatabaseError(_, info)) => Some(info.message().to_owned()),
            Self::Sqlite(Rusqlite::SqliteFailure(_, words)) => words.clone(),
            Self::Postgres(_) | Self::Sqlite(_) => None,
        }
    }

    /// For a statement that somebody wrote: they are told why the database refuses it.
    pub(super) fn in_its_words(self) -> Error {
        let words = self.words();
        match (Error::from(self), words) {
            (
                error @ (Error::Disconnected
                | Error::Unavailable
                | Error::TooSlow
                | Error::Deadlock
                | Error::Busy(_)),
                _,
            )
            | (error, None) => error,
            (_, Some(words)) => Error::invalid(words),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Postgres(error) => of_postgres(error),
            Failure::Sqlite(error) => of_sqlite(error),
        }
    }
}

fn of_postgres(error: Diesel) -> Error {
    let Diesel::DatabaseError(kind, info) = &error else {
        return Error::Internal(error.into());
    };
    let message = info.message();
    if matches!(kind, DatabaseErrorKind::UniqueViolation) {
        let index = info.constraint_name().unwrap_or_default();
        Error::Unique(Violation::Index(index.to_owned()))
    } else if matches!(kind, DatabaseErrorKind::SerializationFailure) {
        Error::Outdated
    } else if message.starts_with("deadlock detected") {
        Error::Deadlock
    } else if message.starts_with("canceling statement due to lock timeout") {
        Error::Busy(IN_USE.into())
    } else if matches!(
        kind,
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand
    ) || is_disconnect(message)
    {
        tracing::error!(message, "lost the database connection");
        Error::Disconnected
    } else if message.starts_with("canceling statement due to") {
        tracing::warn!(message, "a statement took too long");
        Error::TooSlow
    } else if starts_with_any(message, &["could not extend file", "could not write"]) {
        tracing::error!(message, "the database cannot be written");
        Error::Unavailable
    } else if is_outdated(message) {
        tracing::warn!(message, "a table changed under a request");
        Error::Outdated
    } else if message.starts_with("index row ") {
        Error::Oversized
    } else {
        Error::Internal(error.into())
    }
}

fn of_sqlite(error: Rusqlite) -> Error {
    let Rusqlite::SqliteFailure(code, message) = &error else {
        return Error::Internal(error.into());
    };
    let message = message.as_deref().unwrap_or_default();
    if matches!(
        code.extended_code,
        ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID
    ) {
        return Error::Unique(violation(message));
    }
    if code.code == ErrorCode::OperationInterrupted {
        tracing::warn!("a query took too long");
        Error::TooSlow
    } else if matches!(
        code.code,
        ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::DatabaseBusy
    ) {
        tracing::error!(message, "the database cannot be written");
        Error::Unavailable
    } else if is_outdated(message) {
        tracing::warn!(message, "a table changed under a request");
        Error::Outdated
    } else if message.starts_with("LIKE or GLOB pattern too complex") {
        Error::invalid(GENERIC)
    } else {
        Error::Internal(error.into())
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

/// SQLite names the columns, or an index on an expression.
fn violation(message: &str) -> Violation {
    let detail = message
        .strip_prefix("UNIQUE constraint failed: ")
        .unwrap_or_default();
    if let Some(name) = detail.strip_prefix("index ") {
        return Violation::Index(name.trim_matches('\'').to_owned());
    }
    let columns = detail
        .split(", ")
        .filter_map(|column| column.split_once('.'));
    Violation::Columns(columns.map(|(_, column)| column.to_owned()).collect())
}
