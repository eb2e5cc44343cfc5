//! The migrations of the system tables, which are the same on every engine.

use std::collections::BTreeSet;

use anyhow::bail;
use diesel::backend::Backend;
use diesel::migration::MigrationSource;
use diesel::{QueryableByName, sql_types};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use super::connection::Purpose;
use super::location::Target;
use super::start_log::Waiting;
use super::{Location, Newer, postgres, sqlite};

/// Brings the system tables up to date, on a connection of its own.
pub(super) fn run(
    location: &Location,
    purpose: Purpose,
    newer: Newer,
    waiting: &Waiting,
) -> anyhow::Result<()> {
    match location.target() {
        Target::Sqlite(file) => sqlite::migrations::run(file, purpose, newer),
        Target::Postgres(url) => postgres::migrations::run(url, newer, waiting),
    }
}

/// A row of a query for texts.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = sql_types::Text)]
    pub(super) value: String,
}

/// Says whether there is something to migrate. It only reads, which needs no right to create tables. Migrations of a newer
/// version are refused. `table`: finds the table of migrations.
pub(super) fn is_behind(
    known: &BTreeSet<String>,
    newer: Newer,
    mut ask: impl FnMut(&'static str) -> anyhow::Result<Vec<String>>,
    table: &'static str,
) -> anyhow::Result<bool> {
    if ask(table)?.is_empty() {
        return Ok(true);
    }
    let applied = ask("SELECT version AS value FROM __diesel_schema_migrations")?;
    let applied = BTreeSet::from_iter(applied);
    let unknown: Vec<_> = applied.difference(known).cloned().collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        if newer == Newer::Refused {
            bail!(
                "a newer Plinth has migrated the database: this one, {}, does not know of {unknown}. Run the newer one; \
                 or set allow_newer_database, if its notes say that this one may run beside it",
                env!("CARGO_PKG_VERSION")
            );
        }
        tracing::warn!(unknown, "a newer Plinth has migrated the database");
    }
    Ok(!known.is_subset(&applied))
}

/// Returns the versions of these migrations.
pub(super) fn known<DB: Backend>(
    migrations: &EmbeddedMigrations,
) -> anyhow::Result<BTreeSet<String>> {
    let known = MigrationSource::<DB>::migrations(migrations);
    let known = known.map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(known
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

/// Runs the migrations that have not run yet.
pub(super) fn migrate<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> anyhow::Result<()> {
    let applied = conn
        .run_pending_migrations(migrations)
        .map_err(|error| anyhow::anyhow!("cannot migrate the database: {error}"))?;
    for version in applied {
        tracing::debug!(%version, "migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use diesel::connection::{Connection, SimpleConnection};
    use diesel::{PgConnection, SqliteConnection};

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
            there_and_back(&mut conn, || postgres::migrations::MIGRATIONS);
        }
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        there_and_back(&mut conn, || sqlite::migrations::MIGRATIONS);
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        there_and_back(&mut conn, || sqlite::migrations::LOG_MIGRATIONS);
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
