//! The SQL of first run.

use crate::collections::{defaults::SUPERUSERS, store};
use crate::db::{Conn, Engine, execute, sql};
use crate::error::{Error, Result};
use crate::records::store as records;

/// Whether there is no superuser yet.
pub fn is_needed(conn: &mut Conn) -> Result<bool> {
    let schema = store::read(conn)?;
    let collection = schema.find(SUPERUSERS).ok_or_else(Error::missing)?;
    Ok(records::total(conn, collection)? == 0)
}

/// Waits for others who are making the first superuser. SQLite has one writer.
pub fn wait_for_others(conn: &mut Conn) -> Result<()> {
    if conn.engine() == Engine::Postgres {
        let lock = "SELECT pg_advisory_xact_lock(7240933)";
        execute(conn, &sql(Engine::Postgres, lock))?;
    }
    Ok(())
}
