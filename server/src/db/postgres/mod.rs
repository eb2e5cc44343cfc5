//! PostgreSQL: a server that several processes use.

mod blocker;
pub(super) mod changes;
pub(super) mod concurrent;
mod conn;
pub(super) mod coordination;
mod failure;
pub(super) mod migrations;
mod statement_cache;
pub(super) mod time_limit;
pub(super) mod url;
pub(super) mod watch;

pub(super) use blocker::blocker;
pub(super) use conn::{Activity, PostgresConn, connect, is_plain_language};
pub(super) use failure::Failure;
