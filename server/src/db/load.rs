//! Running statements and reading their rows, by the declared type of each column.

use super::failure::Failure;
use super::{Conn, Each, Sql, Storage, Value};
use crate::error::{Error, Result};

/// Rows of a statement.
pub type Rows = Vec<Vec<Value>>;

/// Runs a statement and says how many rows it touched.
pub fn execute(conn: &mut Conn, statement: Sql) -> Result<usize> {
    Ok(conn.execute(statement)?)
}

/// Like [`execute`], for what somebody wrote: they are told why the database refuses it.
pub fn execute_given(conn: &mut Conn, statement: Sql) -> Result<usize> {
    conn.execute(statement).map_err(Failure::in_its_words)
}

/// Runs a query. `columns` says how its columns are stored, in order.
pub fn load(conn: &mut Conn, query: Sql, columns: &[Storage]) -> Result<Rows> {
    Ok(conn.load(query, columns)?)
}

/// Runs a query and looks at its rows as they come.
pub fn each(conn: &mut Conn, query: Sql, columns: &[Storage], look: &mut Each<'_>) -> Result<()> {
    Ok(conn.each(query, columns, look)?)
}

/// Like [`load`], from a database that is not the server's own: what goes wrong there says so in its own words.
pub fn load_foreign(conn: &mut Conn, query: Sql, columns: &[Storage]) -> Result<Rows> {
    conn.load(query, columns).map_err(Error::internal)
}

/// Like [`load`], for what somebody wrote: they are told why the database refuses it.
pub fn load_given(conn: &mut Conn, query: Sql, columns: &[Storage]) -> Result<Rows> {
    conn.load(query, columns).map_err(Failure::in_its_words)
}

/// Returns the first column of the first row; 0 when there is none.
pub fn first_int(rows: &[Vec<Value>]) -> Result<i64> {
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(value)) => Ok(*value),
        _ => Ok(0),
    }
}
