//! Time limits of reads. An embedded database checks them itself; a server is told to cancel the query.
//!
//! PostgreSQL has `statement_timeout`, but to set it before each query would take another round trip, and it would limit each
//! statement of a read separately. A query that exceeds its limit is rare and costs a round trip only then, on another
//! connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Conn, Db, postgres};
use crate::error::Result;

/// The pause before a cancellation is repeated.
const PAUSE: Duration = Duration::from_millis(250);
/// How often it is repeated. A connection that is still busy then ends by its `statement_timeout`.
const MAX_TRIES: usize = 20;

/// The time limit of one read; clones share it.
#[derive(Clone)]
pub(super) struct ReadLimit(Arc<State>);

struct State {
    deadline: Instant,
    /// Whether nobody waits for the answer any more.
    is_abandoned: AtomicBool,
    /// The server process that runs the read, while it does.
    process: Mutex<Option<i64>>,
}

impl ReadLimit {
    pub(super) fn after(time: Duration) -> Self {
        Self(Arc::new(State {
            deadline: Instant::now() + time,
            is_abandoned: AtomicBool::new(false),
            process: Mutex::default(),
        }))
    }

    pub(super) fn deadline(&self) -> Instant {
        self.0.deadline
    }

    /// Says whether no further statement may run.
    pub(super) fn is_over(&self) -> bool {
        self.0.is_abandoned.load(Ordering::Relaxed) || Instant::now() > self.0.deadline
    }

    /// Sets the server process that runs the read from now on, or that none does any more.
    pub(super) fn set_process(&self, process: Option<i64>) {
        *self.process() = process;
    }

    fn process(&self) -> MutexGuard<'_, Option<i64>> {
        self.0
            .process
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancels the query; says whether there still was one. The read cannot end meanwhile, so no other query on the same
    /// connection is cancelled instead.
    fn cancel(&self, conn: &mut Conn) -> Result<bool> {
        let running = self.process();
        let Some(process) = *running else {
            return Ok(false);
        };
        postgres::time_limit::cancel(conn, process)?;
        Ok(true)
    }
}

impl Db {
    /// Cancels a read on a server that has used up its time, or that nobody waits for.
    pub(super) async fn cancel(self, limit: ReadLimit) {
        for _ in 0..MAX_TRIES {
            let told = limit.clone();
            match self.read_inline(move |conn| told.cancel(conn)).await {
                Ok(true) => tokio::time::sleep(PAUSE).await,
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "cannot cancel a query");
                    return;
                }
            }
        }
    }
}

/// Cancels a read if it is dropped before the read has ended.
pub(super) struct CancelOnDrop {
    pub(super) db: Db,
    pub(super) limit: ReadLimit,
    pub(super) has_ended: bool,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        self.limit.0.is_abandoned.store(true, Ordering::Relaxed);
        // If it is locked, it is being cancelled already.
        let runs = self.limit.0.process.try_lock();
        if runs.is_ok_and(|process| process.is_some())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(self.db.clone().cancel(self.limit.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use prometheus::{Histogram, HistogramOpts};

    use super::*;
    use crate::db::{Claimant, ColumnType, Location, Newer, Sources, load, sql};
    use crate::error::Error;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    fn endless(conn: &mut Conn) -> Result<()> {
        load(conn, sql(conn.dialect(), ENDLESS), &[ColumnType::Int]).map(drop)
    }

    #[tokio::test]
    async fn n67_a_read_that_nobody_waits_for_ends_and_holds_its_place_until_then() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::embedded(folder.path().join("data.db"));
        let group_size = Histogram::with_opts(HistogramOpts::new("groups", "Units.")).unwrap();
        let db = Db::open(
            &location,
            Newer::Refused,
            2,
            2,
            group_size,
            Sources::system(),
        )
        .unwrap();
        let guest = Claimant::Guest([10, 0, 0, 1].into());
        let mut abandoned = Box::pin(db.read(&guest, endless));
        assert!(abandoned.as_mut().now_or_never().is_none());
        // There is one place for such reads: this one gets it because the other has ended.
        drop(abandoned);
        let second = db.read(&guest, |conn| {
            load(conn, sql(conn.dialect(), "SELECT 1"), &[ColumnType::Int])
        });
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn n67_no_statement_begins_after_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::embedded(folder.path().join("data.db"));
        let group_size = Histogram::with_opts(HistogramOpts::new("groups", "Units.")).unwrap();
        let db = Db::open(
            &location,
            Newer::Refused,
            2,
            2,
            group_size,
            Sources::system(),
        )
        .unwrap();
        let read = db.read(&Claimant::Server, |conn| {
            let over = conn.within(&ReadLimit::after(Duration::ZERO), |conn| {
                load(conn, sql(conn.dialect(), "SELECT 1"), &[ColumnType::Int])
            });
            assert!(matches!(over, Err(Error::TooSlow)), "{over:?}");
            load(conn, sql(conn.dialect(), "SELECT 1"), &[ColumnType::Int])
        });
        assert!(read.await.is_ok());
    }
}
