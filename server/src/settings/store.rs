//! The SQL of settings.

use plinth_sdk::types as wire;
use serde_json::{Map, Value as Json};

use super::{Settings, check};
use crate::db::{Conn, Storage, Value, execute, load, sql};
use crate::error::{Error, Result};
use crate::schema::version::count_change;

/// What was set.
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

/// Changes what the body names; the rest stays.
pub fn update(
    conn: &mut Conn,
    body: &Map<String, Json>,
    configured: &wire::MetaSettings,
) -> Result<wire::Settings> {
    // First: of two changes at once, one sees what the other did.
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

/// Puts these in the place of those that were set.
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
