//! Indexes that PostgreSQL builds while others write: outside a transaction, under a name of their own. A change of
//! collections then gives them theirs.

use super::{Conn, Engine, Ident, Sql, Storage, Value, execute, load, sql};
use crate::error::{Error, Result};

/// What the names of such indexes begin with.
const PREFIX: &str = "$new_";

/// A table with fewer bytes is indexed at once.
const LARGE: i64 = 4 << 20;

/// The name of an index that is built by this statement.
pub fn name(create: &Sql) -> Ident {
    let hash = crc32fast::hash(create.as_str().as_bytes());
    Ident::new(&format!("{PREFIX}{hash:08x}_{}", create.as_str().len()))
}

/// Whether an index of this name is not in use yet.
pub fn is_new(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Whether an index of the table is better built while others write.
pub fn is_large(conn: &mut Conn, table: &Ident) -> Result<bool> {
    if conn.engine() == Engine::Sqlite {
        return Ok(false);
    }
    let mut select = sql(
        Engine::Postgres,
        "SELECT COALESCE(pg_relation_size(to_regclass(quote_ident(",
    );
    select.bind(Value::from(table.as_str())).text("))), 0)");
    let rows = load(conn, select, &[Storage::Int])?;
    Ok(matches!(rows.first().map(Vec::as_slice), Some([Value::Int(size)]) if *size >= LARGE))
}

/// Builds indexes by these statements, one such build at a time in the database. Where one fails, none is left, and its
/// position tells which it was.
pub fn build(conn: &mut Conn, creates: &[Sql]) -> Result<(), (Option<usize>, Error)> {
    let unplaced = |error| (None, error);
    // Long transactions of others have to end before an index is complete; nobody waits for it meanwhile.
    run(conn, "SET statement_timeout = 0").map_err(unplaced)?;
    run(conn, "SET lock_timeout = '30s'").map_err(unplaced)?;
    let built = run(conn, "SELECT pg_advisory_lock(7240933)")
        .map_err(unplaced)
        .and_then(|()| build_locked(conn, creates));
    // The connection goes back to others.
    run(conn, "SELECT pg_advisory_unlock_all()").map_err(unplaced)?;
    run(conn, "SET lock_timeout = 0").map_err(unplaced)?;
    run(conn, "SET statement_timeout = '30s'").map_err(unplaced)?;
    built
}

fn build_locked(conn: &mut Conn, creates: &[Sql]) -> Result<(), (Option<usize>, Error)> {
    remove_left(conn).map_err(|error| (None, error))?;
    for (position, create) in creates.iter().enumerate() {
        if let Err(error) = execute(conn, create.clone()) {
            remove_left(conn).map_err(|error| (None, error))?;
            return Err((Some(position), error));
        }
    }
    Ok(())
}

fn run(conn: &mut Conn, statement: &'static str) -> Result<()> {
    execute(conn, sql(Engine::Postgres, statement)).map(drop)
}

/// Removes what builds have left that failed or were not used, unless one goes on.
pub fn clean(conn: &mut Conn) -> Result<()> {
    if conn.engine() == Engine::Sqlite {
        return Ok(());
    }
    let lock = sql(Engine::Postgres, "SELECT pg_try_advisory_lock(7240933)");
    let rows = load(conn, lock, &[Storage::Bool])?;
    if !matches!(rows.first().map(Vec::as_slice), Some([Value::Bool(true)])) {
        return Ok(());
    }
    let removed = remove_left(conn);
    run(conn, "SELECT pg_advisory_unlock_all()")?;
    removed
}

fn remove_left(conn: &mut Conn) -> Result<()> {
    let mut select = sql(
        Engine::Postgres,
        "SELECT relname::text FROM pg_class WHERE relkind = 'i' AND relnamespace = current_schema()::regnamespace AND starts_with(relname, ",
    );
    select.bind(Value::from(PREFIX)).text(")");
    for row in load(conn, select, &[Storage::Text])? {
        let [Value::Text(name)] = row.as_slice() else {
            return Err(Error::internal(anyhow::anyhow!("an index without a name")));
        };
        let mut drop = sql(Engine::Postgres, "DROP INDEX CONCURRENTLY IF EXISTS ");
        drop.ident(&Ident::exact(name));
        execute(conn, drop)?;
    }
    Ok(())
}

/// Gives an index that was built by [`build`] its name; says whether there was one.
pub fn take(conn: &mut Conn, table: &Ident, built: &Ident, name: &Ident) -> Result<bool> {
    if conn.engine() == Engine::Sqlite {
        return Ok(false);
    }
    let mut select = sql(
        Engine::Postgres,
        "SELECT CAST(1 AS BIGINT) FROM pg_index WHERE indisvalid AND indexrelid = to_regclass(quote_ident(",
    );
    select.bind(Value::from(built.as_str()));
    select
        .text(")) AND indrelid = to_regclass(quote_ident(")
        .bind(Value::from(table.as_str()))
        .text("))");
    if load(conn, select, &[Storage::Int])?.is_empty() {
        return Ok(false);
    }
    let mut rename = sql(Engine::Postgres, "ALTER INDEX ");
    rename.ident(built).text(" RENAME TO ").ident(name);
    execute(conn, rename)?;
    Ok(true)
}
