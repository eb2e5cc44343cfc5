//! Builds indexes while others write, which PostgreSQL does only outside a transaction.

use std::collections::BTreeSet;

use crate::db::concurrent::is_new;
use crate::db::dialect::POSTGRES;
use crate::db::{ColumnType, Conn, Ident, Sql, Value, execute, load, sql};
use crate::error::{Error, Result};

/// A table with fewer bytes is indexed at once.
const LARGE: i64 = 4 << 20;

/// Says whether an index of the table takes long to build.
pub(in crate::db) fn is_large(conn: &mut Conn, table: &Ident) -> Result<bool> {
    let mut select = sql(
        POSTGRES,
        "SELECT COALESCE(pg_relation_size(to_regclass(quote_ident(",
    );
    select.bind(Value::from(table.as_str())).text("))), 0)");
    let rows = load(conn, select, &[ColumnType::Int])?;
    Ok(matches!(rows.first().map(Vec::as_slice), Some([Value::Int(size)]) if *size >= LARGE))
}

/// Builds indexes. If one fails, none is left, and its position tells which it was.
pub(in crate::db) fn build(conn: &mut Conn, creates: &[Sql]) -> Result<(), (Option<usize>, Error)> {
    let mut failed = None;
    let built = in_turn(conn, |conn| {
        remove_left(conn)?;
        for (position, create) in creates.iter().enumerate() {
            if let Err(error) = execute(conn, create.clone()) {
                failed = Some(position);
                remove_left(conn)?;
                return Err(error);
            }
        }
        Ok(())
    });
    built.map_err(|error| (failed, error))
}

/// Builds the indexes that are missing or incomplete, and removes those with temporary names that were not adopted.
pub(in crate::db) fn settle(conn: &mut Conn, wanted: &[(Ident, Sql)]) -> Result<()> {
    if unbuilt(conn, wanted)?.is_empty() && left(conn)?.is_empty() {
        return Ok(());
    }
    in_turn(conn, |conn| {
        remove_left(conn)?;
        // Another process may have built them meanwhile.
        for (name, create) in unbuilt(conn, wanted)? {
            tracing::info!(name = name.as_str(), "building an index");
            remove(conn, &name)?;
            execute(conn, create)?;
        }
        Ok(())
    })
}

/// Runs `work` outside a transaction, in one process at a time. An index is complete only after the long transactions of
/// others have ended; no other process waits for it meanwhile.
fn in_turn<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    run(conn, "SET statement_timeout = 0")?;
    run(conn, "SET lock_timeout = '30s'")?;
    let outcome = run(conn, "SELECT pg_advisory_lock(7240933)").and_then(|()| work(conn));
    // The connection goes back to others.
    run(conn, "SELECT pg_advisory_unlock_all()")?;
    run(conn, "SET lock_timeout = 0")?;
    run(conn, "SET statement_timeout = '30s'")?;
    outcome
}

fn run(conn: &mut Conn, statement: &'static str) -> Result<()> {
    execute(conn, sql(POSTGRES, statement)).map(drop)
}

/// The indexes that are complete.
const VALID: &str = "SELECT c.relname::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indisvalid AND c.relnamespace = current_schema()::regnamespace";
/// All indexes.
const ALL: &str = "SELECT relname::text FROM pg_class WHERE relkind = 'i' AND relnamespace = current_schema()::regnamespace";

fn names(conn: &mut Conn, select: &'static str) -> Result<BTreeSet<String>> {
    let rows = load(conn, sql(POSTGRES, select), &[ColumnType::Text])?;
    let name = |value| match value {
        Value::Text(name) => Some(name),
        Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) | Value::Json(_) => None,
    };
    Ok(rows.into_iter().flatten().filter_map(name).collect())
}

fn unbuilt(conn: &mut Conn, wanted: &[(Ident, Sql)]) -> Result<Vec<(Ident, Sql)>> {
    let built = names(conn, VALID)?;
    let unbuilt = wanted.iter().filter(|one| !built.contains(one.0.as_str()));
    Ok(unbuilt.cloned().collect())
}

fn left(conn: &mut Conn) -> Result<BTreeSet<String>> {
    let mut names = names(conn, ALL)?;
    names.retain(|name| is_new(name));
    Ok(names)
}

fn remove_left(conn: &mut Conn) -> Result<()> {
    let left = left(conn)?;
    left.iter()
        .try_for_each(|name| remove(conn, &Ident::exact(name)))
}

fn remove(conn: &mut Conn, name: &Ident) -> Result<()> {
    let mut drop = sql(POSTGRES, "DROP INDEX CONCURRENTLY IF EXISTS ");
    drop.ident(name);
    execute(conn, drop)?;
    Ok(())
}

/// Renames an index that [`build`] has built; says whether there was one.
pub(in crate::db) fn adopt(
    conn: &mut Conn,
    table: &Ident,
    built: &Ident,
    name: &Ident,
) -> Result<bool> {
    let mut select = sql(
        POSTGRES,
        "SELECT CAST(1 AS BIGINT) FROM pg_index WHERE indisvalid AND indexrelid = to_regclass(quote_ident(",
    );
    select.bind(Value::from(built.as_str()));
    select
        .text(")) AND indrelid = to_regclass(quote_ident(")
        .bind(Value::from(table.as_str()))
        .text("))");
    if load(conn, select, &[ColumnType::Int])?.is_empty() {
        return Ok(false);
    }
    let mut rename = sql(POSTGRES, "ALTER INDEX ");
    rename.ident(built).text(" RENAME TO ").ident(name);
    execute(conn, rename)?;
    Ok(true)
}
