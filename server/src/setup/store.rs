//! The SQL of the first start.

use subtle::ConstantTimeEq;

use crate::db::{ColumnType, Conn, Value, execute, load, sql};
use crate::error::Result;
use crate::records::store as records;
use crate::schema::Collection;

/// Returns the token for the one-time link; `None` if there is a superuser already. All servers of a database, and
/// later starts, have the same token.
pub fn token(conn: &mut Conn, superusers: &Collection) -> Result<Option<String>> {
    if !is_needed(conn, superusers)? {
        // The command line may have created a superuser.
        forget(conn)?;
        return Ok(None);
    }
    let mut insert = sql(
        conn.dialect(),
        "INSERT INTO \"_params\" (\"id\", \"value\") VALUES ('setup_token', ",
    );
    insert.bind(Value::Text(conn.random.alphanumeric(32)));
    insert.text(") ON CONFLICT (\"id\") DO NOTHING");
    execute(conn, insert)?;
    stored(conn)
}

fn stored(conn: &mut Conn) -> Result<Option<String>> {
    let select = sql(
        conn.dialect(),
        "SELECT \"value\" FROM \"_params\" WHERE \"id\" = 'setup_token'",
    );
    let row = load(conn, select, &[ColumnType::Text])?.pop();
    Ok(row.and_then(|row| match row.into_iter().next() {
        Some(Value::Text(token)) => Some(token),
        _ => None,
    }))
}

/// Whether there is no superuser yet.
pub fn is_needed(conn: &mut Conn, superusers: &Collection) -> Result<bool> {
    Ok(records::total(conn, superusers)? == 0)
}

/// Compares the token in constant time.
pub fn is_token(conn: &mut Conn, given: &str) -> Result<bool> {
    let token = stored(conn)?;
    Ok(token.is_some_and(|token| token.as_bytes().ct_eq(given.as_bytes()).into()))
}

/// Deletes the token.
pub fn forget(conn: &mut Conn) -> Result<()> {
    let delete = sql(
        conn.dialect(),
        "DELETE FROM \"_params\" WHERE \"id\" = 'setup_token'",
    );
    execute(conn, delete)?;
    Ok(())
}
