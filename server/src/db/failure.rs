//! What a database says went wrong, and what that means.
//!
//! PostgreSQL gives every error a code. The driver turns some of them into kinds, which are used wherever there is one, and
//! keeps the others to itself. For those a connection has its server speak the language of its source, which does not
//! change; a server that refuses that to the role is judged by what else is known of the error: see [`guess`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as Diesel};
use rusqlite::{Error as Rusqlite, ErrorCode, ffi};

use crate::error::{Error, GENERIC, Obstacle, Violation};

/// The message for a lock that could not be had in time.
const IN_USE: &str = "Another transaction uses what is to be changed, try again in a moment.";

/// What a driver gives in place of an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// PostgreSQL's.
    #[error("{1}")]
    Postgres(Cause, #[source] Diesel),
    /// SQLite's.
    #[error(transparent)]
    Sqlite(#[from] Rusqlite),
    /// The work has used up its budget, so the statement was not run, or its rows not read.
    #[error("over the budget")]
    OverBudget,
}

/// What an error of PostgreSQL means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Unique,
    /// A table is not as the statement has it, or another transaction was in the way.
    Outdated,
    /// Another transaction and this one waited for each other.
    Deadlock,
    /// Another transaction held a lock for too long.
    InUse,
    Disconnected,
    TooSlow,
    Unwritable(Obstacle),
    /// A value is too large for an index.
    TooLarge,
    Other,
}

impl Failure {
    /// What a driver's error means.
    pub(super) fn of_postgres(error: Diesel, attempt: Attempt) -> Self {
        let cause = if let Diesel::DatabaseError(kind, info) = &error {
            of_kind(*kind).unwrap_or_else(|| {
                let cause = of_words(info.message());
                if cause == Cause::Other && !attempt.is_plain {
                    guess(info.as_ref(), attempt)
                } else {
                    cause
                }
            })
        } else {
            Cause::Other
        };
        Self::Postgres(cause, error)
    }

    /// The database's own words, if it is what failed.
    fn words(&self) -> Option<String> {
        match self {
            Self::Postgres(_, Diesel::DatabaseError(_, info)) => Some(info.message().to_owned()),
            Self::Sqlite(Rusqlite::SqliteFailure(_, words)) => words.clone(),
            Self::Postgres(..) | Self::Sqlite(_) | Self::OverBudget => None,
        }
    }

    /// For a statement that somebody wrote: they are told why the database refuses it.
    pub(super) fn in_its_words(self) -> Error {
        // Such a statement may not write: that it tries to is its own fault.
        let is_own = matches!(
            self,
            Self::Postgres(Cause::Unwritable(Obstacle::ReadOnly), _)
        );
        let words = self.words();
        match (Error::from(self), words) {
            (
                error @ (Error::Disconnected
                | Error::Unavailable
                | Error::Unwritable(_)
                | Error::TooSlow
                | Error::Deadlock
                | Error::Busy(_)),
                _,
            ) if !is_own => error,
            (error, None) => error,
            (_, Some(words)) => Error::invalid(words),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Postgres(cause, error) => of_postgres(cause, error),
            Failure::Sqlite(error) => of_sqlite(error),
            Failure::OverBudget => Self::TooSlow,
        }
    }
}

fn of_kind(kind: DatabaseErrorKind) -> Option<Cause> {
    match kind {
        DatabaseErrorKind::UniqueViolation => Some(Cause::Unique),
        DatabaseErrorKind::SerializationFailure => Some(Cause::Outdated),
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            Some(Cause::Disconnected)
        }
        DatabaseErrorKind::ReadOnlyTransaction => Some(Cause::Unwritable(Obstacle::ReadOnly)),
        DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::RestrictViolation
        | DatabaseErrorKind::ExclusionViolation => Some(Cause::Other),
        // And kinds that later versions know.
        DatabaseErrorKind::Unknown | _ => None,
    }
}

/// The beginnings of messages in PostgreSQL's source, by what they mean.
const WORDS: [(&str, Cause); 13] = [
    // 55P03
    ("canceling statement due to lock timeout", Cause::InUse),
    // 57014
    ("canceling statement due to ", Cause::TooSlow),
    // 40P01
    ("deadlock detected", Cause::Deadlock),
    // 0A000, of a statement that was prepared before a table changed
    ("cached plan must not", Cause::Outdated),
    // 53100, 53200, 58030
    ("could not extend file", Cause::Unwritable(Obstacle::Full)),
    ("could not write", Cause::Unwritable(Obstacle::Full)),
    ("disk full", Cause::Unwritable(Obstacle::Full)),
    ("out of memory", Cause::Unwritable(Obstacle::Failing)),
    ("could not read", Cause::Unwritable(Obstacle::Failing)),
    ("could not fsync", Cause::Unwritable(Obstacle::Failing)),
    ("could not open file", Cause::Unwritable(Obstacle::Failing)),
    // A standby, or a server that starts or stops
    (
        "cannot assign TransactionIds during recovery",
        Cause::Unwritable(Obstacle::ReadOnly),
    ),
    // 54000
    ("index row ", Cause::TooLarge),
];

fn of_words(message: &str) -> Cause {
    let known = WORDS.iter().find(|(words, _)| message.starts_with(words));
    match known {
        Some((_, cause)) => *cause,
        None if is_missing(message) => Cause::Outdated,
        None => Cause::Other,
    }
}

/// 42P01, 42703: the statement names a table or a column that is gone or not there yet.
fn is_missing(message: &str) -> bool {
    ["column ", "relation "]
        .iter()
        .any(|words| message.starts_with(words))
        && message
            .lines()
            .next()
            .is_some_and(|line| line.ends_with("does not exist"))
}

/// No limit of a statement's time is shorter.
const MIN_LIMIT: Duration = Duration::from_secs(3);
/// Who waits for so long waits for another transaction: PostgreSQL looks for deadlocks after a second.
const WAITED: Duration = Duration::from_millis(500);

/// How a statement failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// Whether the server speaks the language of its source.
    pub(super) is_plain: bool,
    pub(super) is_prepared: bool,
    pub(super) took: Duration,
}

/// What an error in an unknown language is taken for. Whoever takes longer than any limit is stopped by it. A place in
/// the statement means that it does not fit the tables, which only a change of theirs can do to statements of this
/// program; so does a prepared one that fails at once; and one that has waited was in another's way. These are tried
/// again, which does no harm if it was something else.
fn guess(info: &(dyn DatabaseErrorInformation + Send + Sync), attempt: Attempt) -> Cause {
    if attempt.took >= MIN_LIMIT {
        Cause::TooSlow
    } else if info.statement_position().is_some() || attempt.is_prepared || attempt.took >= WAITED {
        Cause::Outdated
    } else {
        Cause::Other
    }
}

fn of_postgres(cause: Cause, error: Diesel) -> Error {
    let Diesel::DatabaseError(_, info) = &error else {
        return Error::Internal(error.into());
    };
    let message = info.message();
    match cause {
        Cause::Unique => {
            let index = info.constraint_name().unwrap_or_default();
            Error::Unique(Violation::Index(index.to_owned()))
        }
        Cause::Outdated => {
            tracing::warn!(message, "a table changed under a request");
            Error::SchemaChanged
        }
        Cause::Deadlock => Error::Deadlock,
        Cause::InUse => Error::Busy(IN_USE.into()),
        Cause::Disconnected => {
            tracing::debug!(message, "lost a database connection");
            Error::Disconnected
        }
        Cause::TooSlow => too_slow(),
        Cause::Unwritable(obstacle) => {
            tracing::debug!(message, "the database refuses a write");
            Error::Unwritable(obstacle)
        }
        Cause::TooLarge => Error::Oversized,
        Cause::Other => Error::Internal(error.into()),
    }
}

static TOO_SLOW: AtomicU64 = AtomicU64::new(0);

/// How many statements of this process took too long.
pub(super) fn too_slow_so_far() -> u64 {
    TOO_SLOW.load(Ordering::Relaxed)
}

fn too_slow() -> Error {
    TOO_SLOW.fetch_add(1, Ordering::Relaxed);
    tracing::warn!("a statement took too long");
    Error::TooSlow
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
        too_slow()
    } else if let Some(obstacle) = obstacle(code.code) {
        tracing::debug!(message, "the database refuses a write");
        Error::Unwritable(obstacle)
    } else if is_changed(message) {
        tracing::warn!(message, "a table changed under a request");
        Error::SchemaChanged
    } else if message.starts_with("LIKE or GLOB pattern too complex") {
        Error::invalid(GENERIC)
    } else {
        Error::Internal(error.into())
    }
}

/// What is in the way of a write, by SQLite's code.
fn obstacle(code: ErrorCode) -> Option<Obstacle> {
    let obstacles = [
        (ErrorCode::DiskFull, Obstacle::Full),
        (ErrorCode::ReadOnly, Obstacle::ReadOnly),
        (ErrorCode::DatabaseBusy, Obstacle::Locked),
        (ErrorCode::SystemIoFailure, Obstacle::Failing),
        (ErrorCode::CannotOpen, Obstacle::Failing),
        (ErrorCode::OutOfMemory, Obstacle::Failing),
    ];
    let found = obstacles.into_iter().find(|(known, _)| *known == code);
    found.map(|(_, obstacle)| obstacle)
}

/// SQLite has one code for whatever is wrong with a statement, and says the rest in words, which are in no other language:
/// the request began before a collection changed, and names what is gone or not there yet.
fn is_changed(message: &str) -> bool {
    message.starts_with("no such column")
        || message.starts_with("no such table")
        || (message.starts_with("table ") && message.contains("has no column named"))
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
