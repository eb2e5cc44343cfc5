//! Keeps SQLite's write-ahead log small.
//!
//! SQLite itself begins the log anew once all of it is in the database and nobody reads in it. Where somebody always does, because a
//! query takes long or because many overlap, the log would grow for as long. Past a limit, queries that are in the way are
//! interrupted, and the log is emptied before the next write.

use std::fs::Metadata;
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
    database: PathBuf,
    /// The inodes of the log and of the database, once they are known: SQLite goes on with what it has opened.
    inodes: [AtomicU64; 2],
    is_gone: bool,
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
            database: database.to_owned(),
            inodes: [AtomicU64::new(0), AtomicU64::new(0)],
            is_gone: false,
            patience,
            limit: LIMIT,
            failures,
        }
    }

    /// Whether somebody has to look after it before the next write.
    pub(super) fn needs_care(&self) -> bool {
        if self.is_gone {
            return true;
        }
        let is_long = |file: &Metadata| file.len() >= self.limit;
        !self.is_there(0, &self.file, is_long) || !self.is_there(1, &self.database, |_| false)
    }

    /// Whether the log or the database was removed, or another put in its place: what is written from now on would be
    /// lost. What is in the log that is still open is moved into the database then.
    pub(super) fn is_gone(&mut self, conn: &mut Conn) -> bool {
        if self.is_gone {
            return true;
        }
        self.is_gone = !self.is_there(0, &self.file, |_| false)
            || !self.is_there(1, &self.database, |_| false);
        if self.is_gone {
            let saved = conn.sqlite().map(|lite| lite.empty_log(MAX_WAIT));
            let is_saved = matches!(saved, Some(Ok(true)));
            tracing::error!(
                database = %self.database.display(),
                is_saved,
                "the database or its write-ahead log (-wal) was removed or replaced while the server runs: it takes no \
                 more writes. If is_saved is true, all that was acknowledged is in the file that was opened. Restart it"
            );
        }
        self.is_gone
    }

    /// Whether the file that was there first is, unless something is `wrong` with it; one that was never there is not missed.
    fn is_there(&self, at: usize, file: &Path, wrong: impl Fn(&Metadata) -> bool) -> bool {
        match std::fs::metadata(file) {
            Ok(file) => self.is_known(at, &file) && !wrong(&file),
            Err(_) => self.inodes[at].load(Ordering::Relaxed) == 0,
        }
    }

    /// Whether it is the file that was there first.
    fn is_known(&self, at: usize, file: &Metadata) -> bool {
        let inode = inode(file);
        let first =
            self.inodes[at].compare_exchange(0, inode, Ordering::Relaxed, Ordering::Relaxed);
        first.is_ok() || first == Err(inode)
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

#[cfg(unix)]
fn inode(file: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}
