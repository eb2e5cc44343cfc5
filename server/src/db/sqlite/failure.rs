//! The meaning of SQLite's errors.

use rusqlite::{Error as Rusqlite, ErrorCode, ffi};

use crate::db::failure::too_slow;
use crate::error::{Error, GENERIC, Obstacle, Violation};

/// Returns SQLite's message.
pub(in crate::db) fn message(error: &Rusqlite) -> Option<String> {
    let Rusqlite::SqliteFailure(_, message) = error else {
        return None;
    };
    message.clone()
}

/// Returns what an error means to a request.
pub(in crate::db) fn meaning(error: Rusqlite) -> Error {
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

/// Returns what prevents a write, by SQLite's code.
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

/// Says whether the statement names a table or column that does not exist, any more or yet: the schema changed since the
/// request began. SQLite has one code for everything that is wrong with a statement; its messages are in one language only.
fn is_changed(message: &str) -> bool {
    message.starts_with("no such column")
        || message.starts_with("no such table")
        || (message.starts_with("table ") && message.contains("has no column named"))
}

/// Reads which unique index was violated: SQLite names the columns, or an index on an expression.
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
