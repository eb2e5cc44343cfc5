//! The system tables.

use anyhow::Context;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationVersion;
use diesel::{Connection, PgConnection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Location;
use super::connection::Purpose;

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const SQLITE_LOG: EmbeddedMigrations = embed_migrations!("../migrations/sqlite_log");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// Brings the system tables up to date, on a connection of its own.
pub(super) fn run(location: &Location, purpose: Purpose) -> anyhow::Result<()> {
    match location {
        Location::Sqlite(file) => {
            let path = file
                .to_str()
                .context("the data directory's name is not UTF-8")?;
            let mut conn = SqliteConnection::establish(path)
                .with_context(|| format!("cannot open the database {path}"))?;
            conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL;")
                .with_context(|| format!("cannot use the database {path}"))?;
            log(conn.run_pending_migrations(match purpose {
                Purpose::Data => SQLITE,
                Purpose::Log => SQLITE_LOG,
            }))
        }
        Location::Postgres(url) => {
            let mut conn = PgConnection::establish(url).context("cannot connect to PostgreSQL")?;
            // Replicas that start together take turns, however long each takes.
            conn.batch_execute(
                "SET client_min_messages = warning; SET TIME ZONE 'UTC'; SET statement_timeout = 0; \
                 SET idle_in_transaction_session_timeout = 0; SELECT pg_advisory_lock(7240931)",
            )?;
            log(conn.run_pending_migrations(POSTGRES))
        }
    }
}

fn log(applied: diesel::migration::Result<Vec<MigrationVersion<'_>>>) -> anyhow::Result<()> {
    let applied =
        applied.map_err(|error| anyhow::anyhow!("cannot migrate the database: {error}"))?;
    for version in applied {
        tracing::debug!(%version, "migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(engine: &str) -> BTreeSet<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/");
        let entries = std::fs::read_dir(format!("{folder}{engine}")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn both_databases_have_the_same_migrations() {
        assert_eq!(names("sqlite"), names("postgres"));
    }

    /// On the database that the tests run on; what a migration makes, its way back removes.
    #[test]
    fn migrations_go_up_and_down_and_up() {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests are told of their database so"
        )]
        let cluster = std::env::var("PLINTH_TEST_POSTGRES");
        if let Ok(cluster) = cluster {
            let name = format!("migrations_{}", std::process::id());
            let mut outside = PgConnection::establish(&format!("{cluster}/postgres")).unwrap();
            outside
                .batch_execute(&format!("CREATE DATABASE {name}"))
                .unwrap();
            let mut conn = PgConnection::establish(&format!("{cluster}/{name}")).unwrap();
            there_and_back(&mut conn, || POSTGRES);
        }
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        there_and_back(&mut conn, || SQLITE);
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        there_and_back(&mut conn, || SQLITE_LOG);
    }

    fn there_and_back<DB: diesel::backend::Backend>(
        conn: &mut impl MigrationHarness<DB>,
        migrations: fn() -> EmbeddedMigrations,
    ) {
        conn.run_pending_migrations(migrations()).unwrap();
        conn.revert_all_migrations(migrations()).unwrap();
        conn.run_pending_migrations(migrations()).unwrap();
    }
}
