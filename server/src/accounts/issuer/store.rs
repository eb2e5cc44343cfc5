//! The SQL of the keys that sign tokens for other services.

use super::keys::Key;
use crate::db::{ColumnType, Conn, Value, execute, load, sql};
use crate::error::Result;

/// Returns all keys, in their order.
pub(super) fn all(conn: &mut Conn) -> Result<Vec<Key>> {
    let select = sql(
        conn.dialect(),
        "SELECT \"number\", \"kid\", \"secret\", \"since\" FROM \"_signing_keys\" ORDER BY \"number\"",
    );
    let columns = [
        ColumnType::Int,
        ColumnType::Text,
        ColumnType::Text,
        ColumnType::Int,
    ];
    let rows = load(conn, select.cached(), &columns)?;
    let key = |row: Vec<Value>| match <[Value; 4]>::try_from(row) {
        Ok(
            [
                Value::Int(number),
                Value::Text(kid),
                Value::Text(secret),
                Value::Int(since),
            ],
        ) => Some(Key {
            number,
            kid,
            secret: secret.into(),
            since,
        }),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(key).collect())
}

/// Stores a key, unless there is one of this number.
pub(super) fn insert(conn: &mut Conn, key: &Key) -> Result<()> {
    let mut insert = sql(
        conn.dialect(),
        "INSERT INTO \"_signing_keys\" (\"number\", \"kid\", \"secret\", \"since\") VALUES (",
    );
    insert.bind(Value::Int(key.number)).text(", ");
    insert.bind(Value::from(key.kid.as_str())).text(", ");
    insert.bind(Value::from(key.secret.as_str())).text(", ");
    insert.bind(Value::Int(key.since));
    insert.text(") ON CONFLICT DO NOTHING");
    execute(conn, insert.cached()).map(drop)
}

/// Deletes the keys before this number.
pub(super) fn delete_before(conn: &mut Conn, number: i64) -> Result<()> {
    let mut delete = sql(
        conn.dialect(),
        "DELETE FROM \"_signing_keys\" WHERE \"number\" < ",
    );
    delete.bind(Value::Int(number));
    execute(conn, delete.cached()).map(drop)
}
