//! SQLite: a file that one process uses.

mod conn;
pub(super) mod failure;
mod functions;
pub(super) mod migrations;
pub(super) mod wal;
pub(super) mod writer;

pub(super) use conn::{Definitions, ReadTimeout, SqliteConn};
pub use functions::as_number;
