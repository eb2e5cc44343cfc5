//! Statistics of a database's use, and whether it answers.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::database::Permits;
use super::sqlite::writer::Writer;
use super::{ColumnType, Conn, Db, load, sql};
use crate::error::Result;

/// How the database is used at the moment.
#[derive(Clone, Debug, Default)]
pub struct PoolStats {
    /// Idle connections.
    pub idle: usize,
    /// Connections in use.
    pub busy: usize,
    /// The age of the oldest use.
    pub oldest: Duration,
    /// How many uses wait for a connection.
    pub waiting: i64,
    /// How many uses waited for one in vain.
    pub waited_in_vain: u64,
    /// Writes that failed, by reason.
    pub write_failures: Vec<(&'static str, u64)>,
    /// Statements of this process that took too long and were cancelled.
    pub too_slow: u64,
    /// How long the last commit of an embedded database took.
    pub last_commit: Duration,
    /// How often its write-ahead log could not be emptied.
    pub checkpoint_failures: u64,
    /// Writes that wait for its writer.
    pub queued: i64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: i64,
    /// Bytes of its file.
    pub database_bytes: i64,
}

impl Db {
    /// Notes that the database answered.
    pub(super) fn answered(&self) {
        let now = self.inner.opened.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.inner.answered.store(now, Ordering::Relaxed);
    }

    /// Says whether the database answered anything in this time.
    pub fn answered_within(&self, time: Duration) -> bool {
        let answered = self.inner.answered.load(Ordering::Relaxed);
        let now = self.inner.opened.elapsed();
        answered > 0 && now.saturating_sub(Duration::from_millis(answered)) < time
    }

    /// Says whether it is known not to answer.
    pub fn is_down(&self) -> bool {
        self.inner.pool.is_down()
    }

    /// Runs a query to find out whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let ask = |conn: &mut Conn| {
            load(conn, sql(conn.dialect(), "SELECT 1"), &[ColumnType::Int]).map(drop)
        };
        self.run(Permits::default(), move |place| place.run(ask))
            .await
    }

    /// Returns how it is used at the moment.
    pub fn stats(&self) -> PoolStats {
        let bytes = |suffix: &str| {
            let mut file = self.inner.file.clone()?.into_os_string();
            file.push(suffix);
            i64::try_from(std::fs::metadata(file).ok()?.len()).ok()
        };
        let (idle, busy) = self.inner.pool.counts();
        PoolStats {
            idle,
            busy,
            oldest: self.inner.pool.oldest(),
            waiting: self.inner.waiting.load(Ordering::Relaxed),
            waited_in_vain: self.inner.waited_in_vain.load(Ordering::Relaxed),
            write_failures: self.inner.writes.failures(),
            too_slow: super::failure::too_slow_so_far(),
            last_commit: self
                .inner
                .writer
                .as_ref()
                .map_or(Duration::ZERO, Writer::last_commit),
            checkpoint_failures: self.inner.checkpoint_failures.load(Ordering::Relaxed),
            queued: self.inner.writer.as_ref().map_or(0, Writer::queued),
            wal_bytes: bytes("-wal").unwrap_or(0),
            database_bytes: bytes("").unwrap_or(0),
        }
    }
}

/// Counts one for as long as it lives.
pub(super) struct Waiting<'a>(&'a AtomicI64);

impl<'a> Waiting<'a> {
    pub(super) fn among(count: &'a AtomicI64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
