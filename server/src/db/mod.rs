//! The database. This is the only module that knows which engines there are.
//!
//! Start with [`Db::read`] and [`Db::write`], which run a closure on a connection. Statements are written as [`Sql`], in the
//! [`Dialect`] of the connection. [`coordination`] is what processes agree on. `sqlite` and `postgres` hold what belongs to
//! one engine; `docs/design/adding-an-engine.md` says what a third one needs.

mod budgeted;
pub mod concurrent;
mod connection;
pub mod coordination;
mod database;
pub mod dialect;
mod engine;
mod failure;
mod geo_point;
pub mod journal;
mod limit;
mod load;
mod location;
mod maintenance;
mod migrations;
mod page;
mod pool;
mod postgres;
mod row;
mod shares;
mod sources;
mod sqlite;
mod start_log;
mod statement;
mod stats;
mod transaction;
mod writes;

pub use budgeted::{Budget, Budgeted, with_time_limit};
pub use connection::Conn;
pub use coordination::now;
pub use database::{Db, Effort};
pub use dialect::{Dialect, Lock};
pub use engine::Topology;
pub use geo_point::GeoPoint;
pub use load::{
    Rows, each, execute, execute_user_sql, first_int, load, load_external, load_user_sql,
};
pub use location::Location;
pub use page::{Page, Sorted};
pub use row::{Each, ValueRef, owned};
pub use shares::Claimant;
pub use sources::Sources;
pub use sqlite::as_number;
pub use statement::{ColumnType, Ident, Sql, Value, sql};
pub use stats::PoolStats;
pub use transaction::savepoint;

use engine::Engine;

/// Whether to use a database that a newer version has migrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newer {
    /// Refuse it: its tables may not be as this version expects them.
    Refused,
    /// Use it all the same.
    Allowed,
}
