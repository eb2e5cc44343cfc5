//! The migrations of PostgreSQL, and the checks of a server before its first use.

use std::time::Duration;

use anyhow::bail;
use diesel::connection::{CacheSize, Connection, SimpleConnection};
use diesel::pg::Pg;
use diesel::{PgConnection, RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::{connect, is_plain_language};
use crate::db::Newer;
use crate::db::migrations::{Row, is_behind, known, migrate};
use crate::db::start_log::Waiting;

pub(in crate::db) const MIGRATIONS: EmbeddedMigrations =
    embed_migrations!("../migrations/postgres");

/// How often it asks for the lock that another server has.
const PAUSE: Duration = Duration::from_millis(200);

/// Brings the system tables up to date.
pub(in crate::db) fn run(url: &str, newer: Newer, waiting: &Waiting) -> anyhow::Result<()> {
    waiting.is_for("PostgreSQL to answer");
    let mut conn = connect(url)?;
    refuse_pooler(&mut conn, url)?;
    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
    conn.batch_execute(
        "SET client_min_messages = warning; SET TIME ZONE 'UTC'; SET statement_timeout = 0; \
         SET idle_in_transaction_session_timeout = 0",
    )?;
    check_server(&mut conn)?;
    let known = known::<Pg>(&MIGRATIONS)?;
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
        migrate(conn, MIGRATIONS)
    })
}

/// A pooler that gives every transaction another connection loses what belongs to a session: prepared statements, limits
/// of time, locks. It shows in that two connections are the same one to the server.
fn refuse_pooler(conn: &mut PgConnection, url: &str) -> anyhow::Result<()> {
    const BACKEND: &str = "SELECT pid::text || ' ' || backend_start::text AS value FROM pg_stat_get_activity(pg_backend_pid())";
    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
    let mut other = connect(url)?;
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

/// Returns the texts in the column `value` of a query.
fn ask(conn: &mut PgConnection, query: &'static str) -> anyhow::Result<Vec<String>> {
    let rows: Vec<Row> = sql_query(query).load(conn)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}
