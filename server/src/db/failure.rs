//! The failures of the drivers.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{postgres, sqlite};
use crate::error::Error;

/// The failure of a statement.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// PostgreSQL's.
    #[error(transparent)]
    Postgres(#[from] postgres::Failure),
    /// SQLite's.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The work has used up its budget, so the statement was not run, or its rows not read.
    #[error("over the budget")]
    OverBudget,
}

impl Failure {
    fn message(&self) -> Option<String> {
        match self {
            Self::Postgres(failure) => failure.message(),
            Self::Sqlite(error) => sqlite::failure::message(error),
            Self::OverBudget => None,
        }
    }

    /// Turns the failure of a statement that a user wrote into an error that quotes the database's message.
    pub(super) fn user_facing(self) -> Error {
        // Such a statement must not write: that it tries to is its author's fault.
        let is_authors = matches!(&self, Self::Postgres(failure) if failure.is_read_only());
        let message = self.message();
        match (Error::from(self), message) {
            (
                error @ (Error::Disconnected
                | Error::Unavailable
                | Error::Unwritable(_)
                | Error::TooSlow
                | Error::Deadlock
                | Error::Busy(_)),
                _,
            ) if !is_authors => error,
            (error, None) => error,
            (_, Some(message)) => Error::invalid(message),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Postgres(failure) => failure.into(),
            Failure::Sqlite(error) => sqlite::failure::meaning(error),
            Failure::OverBudget => Self::TooSlow,
        }
    }
}

static TOO_SLOW: AtomicU64 = AtomicU64::new(0);

/// Returns how many statements of this process took too long.
pub(super) fn too_slow_so_far() -> u64 {
    TOO_SLOW.load(Ordering::Relaxed)
}

/// Counts and logs a statement that took too long.
pub(super) fn too_slow() -> Error {
    TOO_SLOW.fetch_add(1, Ordering::Relaxed);
    tracing::warn!("a statement took too long");
    Error::TooSlow
}
