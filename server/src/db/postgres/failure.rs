//! The meaning of PostgreSQL's errors.
//!
//! PostgreSQL gives every error a code. The driver turns some codes into kinds, which are used wherever there is one, and
//! does not pass the others on. To tell those apart, a connection has its server speak the language of its source, which
//! does not change; a server that refuses that to the role is judged by what else is known of the error: see [`guess`].

use std::time::Duration;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as Diesel};

use crate::db::failure::too_slow;
use crate::error::{Error, Obstacle, Violation};

/// The message for a lock that could not be had in time.
const IN_USE: &str = "Another transaction uses what is to be changed, try again in a moment.";

/// An error of PostgreSQL, and its meaning.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub(in crate::db) struct Failure {
    cause: Cause,
    #[source]
    error: Diesel,
}

/// The meaning of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Unique,
    /// A table is not as the statement expects it, or another transaction was in the way.
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
    /// Judges an error of the driver.
    pub(super) fn new(error: Diesel, attempt: Attempt) -> Self {
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
        Self { cause, error }
    }

    /// PostgreSQL's message.
    pub(in crate::db) fn message(&self) -> Option<String> {
        let Diesel::DatabaseError(_, info) = &self.error else {
            return None;
        };
        Some(info.message().to_owned())
    }

    /// Whether the statement tried to write in a transaction that may only read.
    pub(in crate::db) fn is_read_only(&self) -> bool {
        self.cause == Cause::Unwritable(Obstacle::ReadOnly)
    }

    /// Whether it may be a cancelled statement, reported in a language that is not understood.
    pub(in crate::db) fn may_be_cancelled(&self) -> bool {
        matches!(self.cause, Cause::Other | Cause::Outdated)
    }
}

impl From<Failure> for Error {
    fn from(Failure { cause, error }: Failure) -> Self {
        of_cause(cause, error)
    }
}

fn of_cause(cause: Cause, error: Diesel) -> Error {
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

/// The beginnings of messages in PostgreSQL's source, and their meanings.
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

/// 42P01, 42703: the statement names a table or a column that does not exist, any more or yet.
fn is_missing(message: &str) -> bool {
    ["column ", "relation "]
        .iter()
        .any(|words| message.starts_with(words))
        && message
            .lines()
            .next()
            .is_some_and(|line| line.ends_with("does not exist"))
}

/// The shortest time limit of a statement.
const MIN_LIMIT: Duration = Duration::from_secs(3);
/// A statement that takes so long has waited for another transaction: PostgreSQL looks for deadlocks after a second.
const WAITED: Duration = Duration::from_millis(500);

/// The circumstances of a failed statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// Whether the server's messages are in the language of the source.
    pub(super) is_plain: bool,
    pub(super) is_prepared: bool,
    pub(super) took: Duration,
}

/// Guesses the meaning of an error in an unknown language. A statement that took longer than the shortest limit was stopped by
/// one. An error position means that the statement does not fit the tables, which happens to statements of this program only
/// when tables change; the same goes for a prepared statement that fails at once. A statement that has waited was in the way of
/// another transaction. All of these are tried again, which does no harm if the guess is wrong.
fn guess(info: &(dyn DatabaseErrorInformation + Send + Sync), attempt: Attempt) -> Cause {
    if attempt.took >= MIN_LIMIT {
        Cause::TooSlow
    } else if info.statement_position().is_some() || attempt.is_prepared || attempt.took >= WAITED {
        Cause::Outdated
    } else {
        Cause::Other
    }
}
