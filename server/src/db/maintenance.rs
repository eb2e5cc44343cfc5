//! What a database needs now and then.

use std::time::Duration;

use super::{Conn, Db, Engine, Held};
use crate::error::Result;

/// A look at a part of each index is enough for its statistics, and holds up no write for long.
const SQLITE: &str = "PRAGMA analysis_limit = 1000; ANALYZE;";
/// It takes as long as it takes, and waits for nothing.
const POSTGRES: &str = "SET statement_timeout = 0; ANALYZE;";

/// How long it waits for those who read in SQLite's log.
const MAX_WAIT: Duration = Duration::from_secs(10);

impl Db {
    /// Gathers the statistics that queries are planned by, and moves SQLite's write-ahead log into the database. Says
    /// what it did.
    pub async fn optimize(&self) -> Result<String> {
        // A connection of its own: no pool waits for it, and none of its settings stay.
        self.run(Held::default(), |place| place.run_apart(true, optimize))
            .await
    }
}

fn optimize(conn: &mut Conn) -> Result<String> {
    match conn.engine() {
        Engine::Postgres => {
            conn.batch(POSTGRES)?;
            Ok("Gathered statistics.".to_owned())
        }
        Engine::Sqlite => {
            conn.batch(SQLITE)?;
            let is_empty = conn
                .sqlite()
                .map_or(Ok(true), |lite| lite.empty_log(MAX_WAIT))?;
            Ok(if is_empty {
                "Gathered statistics and emptied the write-ahead log.".to_owned()
            } else {
                "Gathered statistics; the write-ahead log is in use and stays.".to_owned()
            })
        }
    }
}
