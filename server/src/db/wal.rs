//! Keeps SQLite's write-ahead log small.
//!
//! SQLite itself begins the log anew once all of it is in the database and nobody reads in it. Where somebody always does, because a
//! query takes long or because many overlap, the log would grow for as long. Past a limit, queries that are in the way are
//! interrupted, and the log is emptied before the next write.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Conn;
use super::sqlite::Patience;

/// Bytes.
const LIMIT: u64 = 32 * 1024 * 1024;
/// How long writes wait for queries that are told to end. Somebody else's are not, so nobody waits for them longer.
const MAX_WAIT: Duration = Duration::from_millis(500);

/// The log of a database.
pub(super) struct Wal {
    file: PathBuf,
    patience: Arc<Patience>,
    /// The length past which it is emptied.
    limit: u64,
    /// How often it could not be.
    failures: Arc<AtomicU64>,
}

impl Wal {
    pub(super) fn new(database: &Path, patience: Arc<Patience>, failures: Arc<AtomicU64>) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        Self {
            file: file.into(),
            patience,
            limit: LIMIT,
            failures,
        }
    }

    /// Whether it is to be emptied.
    pub(super) fn is_long(&self) -> bool {
        self.length() >= self.limit
    }

    fn length(&self) -> u64 {
        std::fs::metadata(&self.file).map_or(0, |file| file.len())
    }

    /// Empties it if it has become long. To be called between transactions.
    pub(super) fn keep_small(&mut self, conn: &mut Conn) {
        let length = self.length();
        if length < self.limit {
            if length < LIMIT {
                self.limit = LIMIT;
            }
            return;
        }
        self.patience.shorten(true);
        let emptied = conn.sqlite().map(|lite| lite.empty_log(MAX_WAIT));
        self.patience.shorten(false);
        if !matches!(emptied, Some(Ok(true))) {
            self.failures.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(bytes = length, "the write-ahead log is in use and grows");
            // Not at each write: another program reads in it.
            self.limit = length + LIMIT;
        }
    }
}
