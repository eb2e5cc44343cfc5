//! Keeps SQLite's write-ahead log small.
//!
//! SQLite itself restarts the log when all of it has been copied into the database (a checkpoint) and nobody reads from it. If
//! somebody always does, because a query takes long or many overlap, the log would keep growing. Past a limit, such queries
//! are interrupted and the log is emptied before the next write.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::ReadTimeout;
use crate::db::Conn;

/// The length past which the log is emptied, in bytes.
const LIMIT: u64 = 32 * 1024 * 1024;
/// How long writes wait for interrupted queries to end. Queries of other programs are not interrupted, so writes wait no
/// longer for them either.
const MAX_WAIT: Duration = Duration::from_millis(500);

/// The write-ahead log of a database.
pub(in crate::db) struct Wal {
    file: PathBuf,
    database: PathBuf,
    /// The inodes of the log and of the database, once known. SQLite keeps using the files that it has opened.
    inodes: [AtomicU64; 2],
    is_gone: bool,
    read_timeout: Arc<ReadTimeout>,
    /// The length past which it is emptied.
    limit: u64,
    /// How often it could not be emptied.
    failures: Arc<AtomicU64>,
}

impl Wal {
    pub(in crate::db) fn new(
        database: &Path,
        read_timeout: Arc<ReadTimeout>,
        failures: Arc<AtomicU64>,
    ) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        Self {
            file: file.into(),
            database: database.to_owned(),
            inodes: [AtomicU64::new(0), AtomicU64::new(0)],
            is_gone: false,
            read_timeout,
            limit: LIMIT,
            failures,
        }
    }

    /// Says whether [`Wal::is_gone`] or [`Wal::keep_small`] has something to do before the next write.
    pub(in crate::db) fn needs_care(&self) -> bool {
        if self.is_gone {
            return true;
        }
        let is_long = |file: &Metadata| file.len() >= self.limit;
        !self.is_there(0, &self.file, is_long) || !self.is_there(1, &self.database, |_| false)
    }

    /// Says whether the log or the database was removed or replaced: everything written from now on would be lost. The log
    /// that is still open is then copied into the database.
    pub(in crate::db) fn is_gone(&mut self, conn: &mut Conn) -> bool {
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

    /// Says whether the file is still the first one, and not `wrong`. A file that never existed is not missed.
    fn is_there(&self, at: usize, file: &Path, wrong: impl Fn(&Metadata) -> bool) -> bool {
        match std::fs::metadata(file) {
            Ok(file) => self.is_known(at, &file) && !wrong(&file),
            Err(_) => self.inodes[at].load(Ordering::Relaxed) == 0,
        }
    }

    /// Says whether it is the first file.
    fn is_known(&self, at: usize, file: &Metadata) -> bool {
        let inode = inode(file);
        let first =
            self.inodes[at].compare_exchange(0, inode, Ordering::Relaxed, Ordering::Relaxed);
        first.is_ok() || first == Err(inode)
    }

    fn length(&self) -> u64 {
        std::fs::metadata(&self.file).map_or(0, |file| file.len())
    }

    /// Empties the log if it has become long. Must be called between transactions.
    pub(in crate::db) fn keep_small(&mut self, conn: &mut Conn) {
        let length = self.length();
        if length < self.limit {
            if length < LIMIT {
                self.limit = LIMIT;
            }
            return;
        }
        self.read_timeout.shorten(true);
        let emptied = conn.sqlite().map(|lite| lite.empty_log(MAX_WAIT));
        self.read_timeout.shorten(false);
        if !matches!(emptied, Some(Ok(true))) {
            self.failures.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(bytes = length, "the write-ahead log is in use and grows");
            // Not again at each write, while another program reads from it.
            self.limit = length + LIMIT;
        }
    }
}

#[cfg(unix)]
fn inode(file: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

/// On other systems an open file cannot be removed.
#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}
