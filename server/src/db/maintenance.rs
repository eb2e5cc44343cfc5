//! What a database needs now and then.

use std::sync::Arc;

use diesel::connection::SimpleConnection;

use super::{Conn, Db, Storage, Value, blocking, load, sql};
use crate::db::Engine;
use crate::db::connection::{Manager, Purpose};
use crate::error::{Error, Result};

/// A look at a part of each index is enough for its statistics, and holds up no write for long.
const SQLITE: &str = "PRAGMA analysis_limit = 1000; ANALYZE;";
/// It takes as long as it takes, and waits for nothing.
const POSTGRES: &str = "SET statement_timeout = 0; ANALYZE;";

impl Db {
    /// Gathers the statistics that queries are planned by, and moves SQLite's write-ahead log into the database. Says
    /// what it did.
    pub async fn optimize(&self) -> Result<String> {
        let (location, epoch) = (self.inner.location.clone(), Arc::clone(&self.inner.epoch));
        let manager = Manager::new(Purpose::Data, location, epoch);
        blocking(move || {
            // A connection of its own: no pool waits for it, and none of its settings stay.
            let mut conn = manager.open(true).map_err(Error::internal)?;
            match conn.engine() {
                Engine::Postgres => {
                    conn.driver.batch_execute(POSTGRES)?;
                    Ok("Gathered statistics.".to_owned())
                }
                Engine::Sqlite => {
                    conn.driver.batch_execute(SQLITE)?;
                    let is_empty = checkpoint(&mut conn)?;
                    Ok(if is_empty {
                        "Gathered statistics and emptied the write-ahead log.".to_owned()
                    } else {
                        "Gathered statistics; the write-ahead log is in use and stays.".to_owned()
                    })
                }
            }
        })
        .await
    }
}

/// Moves the whole log into the database; says whether nothing was in the way.
fn checkpoint(conn: &mut Conn) -> Result<bool> {
    let checkpoint = sql(Engine::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
    let rows = load(conn, checkpoint, &[Storage::Int; 3])?;
    Ok(matches!(
        rows.first().and_then(|row| row.first()),
        Some(Value::Int(0))
    ))
}
