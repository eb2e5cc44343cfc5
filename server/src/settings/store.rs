//! The SQL of settings.

use super::Settings;
use crate::db::{Conn, Storage, Value, execute, load, sql};
use crate::error::{Error, Result};

/// Reads the settings.
pub fn read(conn: &mut Conn) -> Result<Settings> {
    let select = sql(
        conn.engine(),
        "SELECT \"value\" FROM \"_params\" WHERE \"id\" = 'settings'",
    );
    match load(conn, select, &[Storage::Text])?.pop().as_deref() {
        Some([Value::Text(text)]) => serde_json::from_str(text).map_err(Error::internal),
        _ => Ok(Settings::default()),
    }
}

/// Replaces the settings.
pub fn write(conn: &mut Conn, settings: &Settings) -> Result<()> {
    let text = serde_json::to_string(settings).map_err(Error::internal)?;
    let mut insert = sql(
        conn.engine(),
        "INSERT INTO \"_params\" (\"id\", \"value\") VALUES ('settings', ",
    );
    insert.bind(Value::Text(text));
    insert.text(") ON CONFLICT (\"id\") DO UPDATE SET \"value\" = excluded.\"value\"");
    execute(conn, insert)?;
    Ok(())
}
