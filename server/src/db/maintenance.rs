//! Regular maintenance of a database.

use std::time::Duration;

use super::connection::Access;
use super::database::Permits;
use super::{Conn, Db, Engine};
use crate::error::Result;

/// A sample of each index is enough for its statistics, and does not hold up a write for long.
const SQLITE: &str = "PRAGMA analysis_limit = 1000; ANALYZE;";
/// It may take any time, since it waits for no lock.
const POSTGRES: &str = "SET statement_timeout = 0; ANALYZE;";

/// How long it waits for readers of the write-ahead log.
const MAX_WAIT: Duration = Duration::from_secs(10);

impl Db {
    /// Gathers statistics for the query planner, and empties the write-ahead log of an embedded database. Returns a sentence
    /// about what it did.
    pub async fn optimize(&self) -> Result<String> {
        // On a connection of its own, so that its settings do not stay on a shared one.
        self.run(Permits::default(), |place| {
            place.run_apart(Access::Write, optimize)
        })
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
