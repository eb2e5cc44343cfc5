//! Running statements and reading their rows, by the declared type of each column.

use diesel::connection::{Connection, LoadConnection};
use diesel::deserialize::FromSql;
use diesel::result::Error as Diesel;
use diesel::row::{Field, Row};
use diesel::sql_types::{BigInt, Bool, Double, Text};

use super::{Conn, Engine, MultiBackend, Point, Sql, Storage, Value};
use crate::error::{Error, Result};
use crate::json;

/// Rows of a statement.
pub type Rows = Vec<Vec<Value>>;

/// Runs a statement and says how many rows it touched.
pub fn execute(conn: &mut Conn, statement: Sql) -> Result<usize> {
    let statement = statement.cached_if(|text| conn.repeated.comes_again(text));
    Ok(conn.driver.execute_returning_count(&statement)?)
}

/// Like [`execute`], for what somebody wrote: they are told why the database refuses it.
pub fn execute_given(conn: &mut Conn, statement: &Sql) -> Result<usize> {
    conn.driver
        .execute_returning_count(statement)
        .map_err(in_its_words)
}

/// What is wrong with a statement that somebody wrote, as the database says it.
fn in_its_words(error: Diesel) -> Error {
    let words = if let Diesel::DatabaseError(_, info) = &error {
        Some(info.message().to_owned())
    } else {
        None
    };
    match (Error::from(error), words) {
        (error @ (Error::Disconnected | Error::Unavailable), _) | (error, None) => error,
        (_, Some(words)) => Error::invalid(words),
    }
}

/// Runs a query. `columns` says how its columns are stored, in order.
pub fn load(conn: &mut Conn, query: Sql, columns: &[Storage]) -> Result<Rows> {
    load_or(conn, query, columns, Error::from)
}

/// Like [`load`], from a database that is not the server's own: what goes wrong there says so in its own words.
pub fn load_foreign(conn: &mut Conn, query: Sql, columns: &[Storage]) -> Result<Rows> {
    load_or(conn, query, columns, Error::internal)
}

/// Like [`load`], for what somebody wrote: they are told why the database refuses it.
pub fn load_given(conn: &mut Conn, query: Sql, columns: &[Storage]) -> Result<Rows> {
    load_or(conn, query, columns, in_its_words)
}

fn load_or(
    conn: &mut Conn,
    query: Sql,
    columns: &[Storage],
    failed: fn(Diesel) -> Error,
) -> Result<Rows> {
    let engine = conn.engine();
    let query = query.cached_if(|text| conn.repeated.comes_again(text));
    let mut rows = Vec::new();
    for row in LoadConnection::load(&mut conn.driver, query).map_err(failed)? {
        let row = row.map_err(failed)?;
        let mut values = Vec::with_capacity(columns.len());
        for (index, storage) in columns.iter().enumerate() {
            values.push(read(&row, index, *storage, engine)?);
        }
        rows.push(values);
    }
    Ok(rows)
}

fn read<'a>(
    row: &impl Row<'a, MultiBackend>,
    index: usize,
    storage: Storage,
    engine: Engine,
) -> Result<Value> {
    let field = row
        .get(index)
        .ok_or_else(|| Error::internal(anyhow::anyhow!("the row has no column {index}")))?;
    let Some(raw) = field.value() else {
        return Ok(Value::Null);
    };
    let value = match storage {
        Storage::Text => FromSql::<Text, MultiBackend>::from_sql(raw).map(Value::Text),
        Storage::Number => FromSql::<Double, MultiBackend>::from_sql(raw).map(Value::Number),
        Storage::Int => FromSql::<BigInt, MultiBackend>::from_sql(raw).map(Value::Int),
        Storage::Bool => FromSql::<Bool, MultiBackend>::from_sql(raw).map(Value::Bool),
        Storage::Json => FromSql::<Text, MultiBackend>::from_sql(raw).map(|text: String| {
            // PostgreSQL writes jsonb in its own layout.
            Value::Json(if engine == Engine::Postgres {
                json::normalise(&text).unwrap_or(text)
            } else {
                text
            })
        }),
        Storage::Point => FromSql::<Text, MultiBackend>::from_sql(raw)
            .map(|text: String| Value::Json(Point::stored(&text).to_json())),
    };
    value.map_err(|error| Error::internal(anyhow::anyhow!(error)))
}
