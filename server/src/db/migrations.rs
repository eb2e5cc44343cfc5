//! The system tables.

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationVersion;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Conn;

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// Brings the system tables up to date.
pub(super) fn run(conn: &mut Conn) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(conn) => log(conn.run_pending_migrations(SQLITE)),
        Conn::Postgres(conn) => {
            // Replicas that start together take turns.
            conn.batch_execute("SELECT pg_advisory_lock(7240931)")?;
            let applied = log(conn.run_pending_migrations(POSTGRES));
            conn.batch_execute("SELECT pg_advisory_unlock(7240931)")?;
            applied
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
