//! The migrations of SQLite.

use std::path::Path;

use anyhow::Context;
use diesel::connection::{Connection, SimpleConnection};
use diesel::sqlite::Sqlite;
use diesel::{RunQueryDsl, SqliteConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::db::Newer;
use crate::db::connection::Purpose;
use crate::db::migrations::{Row, is_behind, known, migrate};

pub(in crate::db) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
pub(in crate::db) const LOG_MIGRATIONS: EmbeddedMigrations =
    embed_migrations!("../migrations/sqlite_log");

/// Brings the system tables up to date.
pub(in crate::db) fn run(file: &Path, purpose: Purpose, newer: Newer) -> anyhow::Result<()> {
    let path = file
        .to_str()
        .context("the data directory's name is not UTF-8")?;
    let mut conn = SqliteConnection::establish(path)
        .with_context(|| format!("cannot open the database {path}"))?;
    conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL;")
        .with_context(|| format!("cannot use the database {path}"))?;
    let migrations = match purpose {
        Purpose::Data => MIGRATIONS,
        Purpose::Log => LOG_MIGRATIONS,
    };
    let known = known::<Sqlite>(&migrations)?;
    let ask = |query: &'static str| {
        let rows: Vec<Row> = sql_query(query).load(&mut conn)?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    };
    let table = "SELECT name AS value FROM sqlite_master WHERE name = '__diesel_schema_migrations'";
    if is_behind(&known, newer, ask, table)? {
        migrate(&mut conn, migrations)?;
    }
    Ok(())
}
