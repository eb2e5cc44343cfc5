//! Runs statements and reads their rows by the declared type of each column.

use super::failure::Failure;
use super::{ColumnType, Conn, Each, Sql, Value};
use crate::error::{Error, Result};

/// Rows of a statement.
pub type Rows = Vec<Vec<Value>>;

/// Runs a statement; returns the number of rows that it changed.
pub fn execute(conn: &mut Conn, statement: Sql) -> Result<usize> {
    Ok(conn.execute(statement)?)
}

/// Like [`execute`], for a statement that a user wrote: errors quote the database's message.
pub fn execute_user_sql(conn: &mut Conn, statement: Sql) -> Result<usize> {
    conn.execute(statement).map_err(Failure::user_facing)
}

/// Runs a query with columns of these types.
pub fn load(conn: &mut Conn, query: Sql, columns: &[ColumnType]) -> Result<Rows> {
    Ok(conn.load(query, columns)?)
}

/// Runs a query with a callback for each row.
pub fn each(
    conn: &mut Conn,
    query: Sql,
    columns: &[ColumnType],
    look: &mut Each<'_>,
) -> Result<()> {
    Ok(conn.each(query, columns, look)?)
}

/// Like [`load`], from another program's database: every error is internal and quotes that database's message.
pub fn load_external(conn: &mut Conn, query: Sql, columns: &[ColumnType]) -> Result<Rows> {
    conn.load(query, columns).map_err(Error::internal)
}

/// Like [`load`], for a query that a user wrote: errors quote the database's message.
pub fn load_user_sql(conn: &mut Conn, query: Sql, columns: &[ColumnType]) -> Result<Rows> {
    conn.load(query, columns).map_err(Failure::user_facing)
}

/// Returns the first column of the first row; 0 when there is none.
pub fn first_int(rows: &[Vec<Value>]) -> Result<i64> {
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(value)) => Ok(*value),
        _ => Ok(0),
    }
}
