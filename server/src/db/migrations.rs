//! The system tables.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, bail};
use diesel::backend::Backend;
use diesel::connection::{CacheSize, Connection, SimpleConnection};
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel::{PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Purpose;
use super::postgres::{self, is_plain_language};
use super::slow::Waiting;
use super::{Location, Newer};

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const SQLITE_LOG: EmbeddedMigrations = embed_migrations!("../migrations/sqlite_log");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// How often it asks for the lock that another server has.
const PAUSE: Duration = Duration::from_millis(200);

/// Brings the system tables up to date, on a connection of its own.
pub(super) fn run(
    location: &Location,
    purpose: Purpose,
    newer: Newer,
    waiting: &Waiting,
) -> anyhow::Result<()> {
    match location {
        Location::Sqlite(file) => {
            let path = file
                .to_str()
                .context("the data directory's name is not UTF-8")?;
            let mut conn = SqliteConnection::establish(path)
                .with_context(|| format!("cannot open the database {path}"))?;
            conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL;")
                .with_context(|| format!("cannot use the database {path}"))?;
            let migrations = match purpose {
                Purpose::Data => SQLITE,
                Purpose::Log => SQLITE_LOG,
            };
            let known = known::<Sqlite>(&migrations)?;
            let ask = |query: &'static str| {
                let rows: Vec<Row> = sql_query(query).load(&mut conn)?;
                Ok(rows.into_iter().map(|row| row.value).collect())
            };
            let table =
                "SELECT name AS value FROM sqlite_master WHERE name = '__diesel_schema_migrations'";
            if is_behind(&known, newer, ask, table)? {
                migrate(&mut conn, migrations)?;
            }
            Ok(())
        }
        Location::Postgres(url) => on_postgres(url, newer, waiting),
    }
}

fn on_postgres(url: &str, newer: Newer, waiting: &Waiting) -> anyhow::Result<()> {
    waiting.is_for("PostgreSQL to answer");
    let mut conn = postgres::connect(url)?;
    refuse_pooler(&mut conn, url)?;
    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
    conn.batch_execute(
        "SET client_min_messages = warning; SET TIME ZONE 'UTC'; SET statement_timeout = 0; \
         SET idle_in_transaction_session_timeout = 0",
    )?;
    check_server(&mut conn)?;
    let known = known::<Pg>(&POSTGRES)?;
    let table = "SELECT relname::text AS value FROM pg_class WHERE oid = to_regclass('__diesel_schema_migrations')";
    if !is_behind(&known, newer, |query| ask(&mut conn, query), table)? {
        return Ok(());
    }
    check_rights(&mut conn)?;
    // All of them or none. The lock ends with the transaction, whoever the connection belongs to.
    conn.transaction(|conn| {
        waiting.is_for("another server, which migrates the database");
        // Replicas that start together take turns, however long each takes.
        while ask(
            conn,
            "SELECT pg_try_advisory_xact_lock(7240931)::text AS value",
        )? != ["true"]
        {
            std::thread::sleep(PAUSE);
        }
        waiting.is_for("the database to migrate, or for who uses its tables");
        migrate(conn, POSTGRES)
    })
}

/// A pooler that gives every transaction another connection loses what belongs to a session: prepared statements, limits
/// of time, locks. It shows in that two connections are the same one to the server.
fn refuse_pooler(conn: &mut PgConnection, url: &str) -> anyhow::Result<()> {
    const BACKEND: &str = "SELECT pid::text || ' ' || backend_start::text AS value FROM pg_stat_get_activity(pg_backend_pid())";
    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
    let mut other = postgres::connect(url)?;
    other.set_prepared_statement_cache_size(CacheSize::Disabled);
    if ask(conn, BACKEND)? == ask(&mut other, BACKEND)? {
        bail!(
            "between Plinth and PostgreSQL is a pooler whose connections are shared between transactions; set it to \
             pooling by session (PgBouncer: pool_mode = session), or connect to PostgreSQL itself"
        );
    }
    Ok(())
}

fn check_server(conn: &mut PgConnection) -> anyhow::Result<()> {
    let encoding = ask(conn, "SELECT current_setting('server_encoding') AS value")?;
    if encoding != ["UTF8"] {
        bail!(
            "the database's encoding is {}, and Plinth's texts need UTF8: make the database by CREATE DATABASE … \
             ENCODING 'UTF8' TEMPLATE template0",
            encoding.concat()
        );
    }
    let may_choose = conn.batch_execute("SET lc_messages = 'C'").is_ok();
    let language = ask(conn, "SELECT current_setting('lc_messages') AS value")?.concat();
    if !may_choose && !is_plain_language(&language) {
        tracing::warn!(
            language,
            "PostgreSQL speaks a language by which Plinth can't tell all errors apart; let a superuser run: \
             ALTER ROLE … SET lc_messages = 'C'"
        );
    }
    Ok(())
}

/// Says what is missing before PostgreSQL says it in the middle.
fn check_rights(conn: &mut PgConnection) -> anyhow::Result<()> {
    if ask(
        conn,
        "SELECT current_setting('transaction_read_only') AS value",
    )? == ["on"]
    {
        bail!(
            "the database has to be migrated, and takes no changes: it is a standby, or set to be read-only; migrate \
             the one that is written to"
        );
    }
    let may_create = ask(
        conn,
        "SELECT has_schema_privilege(current_schema(), 'CREATE')::text AS value WHERE current_schema() IS NOT NULL",
    )?;
    match may_create.first().map(String::as_str) {
        Some("true") => Ok(()),
        Some(_) => bail!(
            "the database has to be migrated, and its role may not create tables: run `plinth migrate` as the role \
             that owns the schema, or GRANT CREATE ON SCHEMA"
        ),
        None => bail!("the database's role has no schema in its search_path to create tables in"),
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql_types::Text)]
    value: String,
}

/// The texts that a query finds, as `value`.
fn ask(conn: &mut PgConnection, query: &'static str) -> anyhow::Result<Vec<String>> {
    let rows: Vec<Row> = sql_query(query).load(conn)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// Whether there is something to migrate. Only looks, which needs no right to create tables. What a newer version has
/// done is refused.
fn is_behind(
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

fn known<DB: Backend>(migrations: &EmbeddedMigrations) -> anyhow::Result<BTreeSet<String>> {
    let known = MigrationSource::<DB>::migrations(migrations);
    let known = known.map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(known
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

fn migrate<DB: Backend>(
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
