//! The SQL of settings.

use plinth_sdk::types as wire;
use serde_json::{Map, Value as Json};

use super::{Settings, check};
use crate::db::{ColumnType, Conn, Value, execute, load, sql};
use crate::error::{Error, Result};
use crate::schema::version::count_change;

/// Reads the settings.
pub fn read(conn: &mut Conn) -> Result<Settings> {
    let select = sql(
        conn.dialect(),
        "SELECT \"value\" FROM \"_params\" WHERE \"id\" = 'settings'",
    );
    match load(conn, select, &[ColumnType::Text])?.pop().as_deref() {
        Some([Value::Text(text)]) => serde_json::from_str(text).map_err(Error::internal),
        _ => Ok(Settings::default()),
    }
}

/// Changes the settings that the body names.
pub fn update(
    conn: &mut Conn,
    body: &Map<String, Json>,
    configured: &wire::MetaSettings,
) -> Result<wire::Settings> {
    // Done first, so that one of two concurrent changes sees the other.
    count_change(conn)?;
    let mut settings = read(conn)?;
    let before = settings.over(configured);
    let changed = check::merged(&before, body)?;
    settings.meta.change(&before.meta, changed.meta);
    settings.batch = changed.batch;
    settings.logs = changed.logs;
    write(conn, &settings)?;
    Ok(settings.over(configured))
}

/// Replaces the settings.
pub fn write(conn: &mut Conn, settings: &Settings) -> Result<()> {
    let text = serde_json::to_string(settings).map_err(Error::internal)?;
    let mut insert = sql(
        conn.dialect(),
        "INSERT INTO \"_params\" (\"id\", \"value\") VALUES ('settings', ",
    );
    insert.bind(Value::Text(text));
    insert.text(")").update_existing(&["id"], &["value"]);
    execute(conn, insert)?;
    Ok(())
}
