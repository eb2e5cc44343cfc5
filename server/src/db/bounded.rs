//! Reads of queries that somebody has just written, which may never end: they get a few seconds, and change nothing.

use std::time::Duration;

use super::{Conn, Db, Engine, Rows, Sql, Storage, load_given, run_cached};
use crate::error::Result;

/// How long such a query may take.
const MAX_TIME: Duration = Duration::from_secs(3);

impl Db {
    /// Runs a query without bound values. What is wrong with it is told; one that takes too long is
    /// [`Error::TooSlow`].
    pub async fn read_bounded(&self, query: Sql, columns: Vec<Storage>) -> Result<Rows> {
        if self.engine() == Engine::Postgres {
            let run = move |conn: &mut Conn| on_postgres(conn, query, &columns);
            return self.read(run).await;
        }
        let turn = self.turn(&self.inner.open_ended).await?;
        let query = move |conn: &mut Conn| {
            if let Some(lite) = conn.sqlite() {
                lite.limit(|| MAX_TIME);
            }
            load_given(conn, query, &columns)
        };
        // A connection of its own: none of the query's settings stay.
        self.run(vec![turn], |place| place.run_apart(false, query))
            .await
    }
}

fn on_postgres(conn: &mut Conn, query: Sql, columns: &[Storage]) -> Result<Rows> {
    run_cached(conn, "BEGIN READ ONLY")?;
    let rows = run_cached(conn, "SET LOCAL statement_timeout = '3s'")
        .and_then(|()| load_given(conn, query, columns));
    run_cached(conn, "ROLLBACK")?;
    rows
}
