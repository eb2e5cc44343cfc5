//! Indexes that are built while others write: before a schema change, under temporary names, or after it.
//!
//! Only an engine whose transactions run at once needs this: where there is one writer, an index is built in the
//! transaction that changes the schema.

use super::postgres::concurrent as postgres;
use super::{Conn, Engine, Ident, Sql};
use crate::error::{Error, Result};

/// The beginning of temporary names.
const PREFIX: &str = "$new_";

/// Returns the temporary name of an index that this statement builds.
pub fn name(create: &Sql) -> Ident {
    let hash = crc32fast::hash(create.as_str().as_bytes());
    Ident::new(&format!("{PREFIX}{hash:08x}_{}", create.as_str().len()))
}

/// Says whether an index has a temporary name.
pub fn is_new(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Says whether an index of the table should be built while others write.
pub fn is_large(conn: &mut Conn, table: &Ident) -> Result<bool> {
    match conn.engine() {
        Engine::Sqlite => Ok(false),
        Engine::Postgres => postgres::is_large(conn, table),
    }
}

/// Builds indexes by these statements, outside a transaction. If one fails, none is left, and its position tells which it
/// was.
pub fn build(conn: &mut Conn, creates: &[Sql]) -> Result<(), (Option<usize>, Error)> {
    match conn.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => postgres::build(conn, creates),
    }
}

/// Builds the indexes that are missing or incomplete, and removes those with temporary names that were not adopted.
pub fn settle(conn: &mut Conn, wanted: &[(Ident, Sql)]) -> Result<()> {
    match conn.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => postgres::settle(conn, wanted),
    }
}

/// Gives an index that [`build`] has built its final name, in the transaction that changes the schema. Says whether there
/// was one.
pub fn adopt(conn: &mut Conn, table: &Ident, built: &Ident, name: &Ident) -> Result<bool> {
    match conn.engine() {
        Engine::Sqlite => Ok(false),
        Engine::Postgres => postgres::adopt(conn, table, built, name),
    }
}
