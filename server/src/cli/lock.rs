//! Ensures that only one server uses an embedded database, whatever path leads to it.

use std::fs::File;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::Config;

/// Locks that are released when the process ends, for whatever reason.
#[derive(Debug)]
#[must_use = "what is locked is free when it is dropped"]
pub(super) struct Lock {
    _files: Vec<File>,
}

/// Locks the data directory, and the target of `data.db` if it is a link. Locks nothing if the database is elsewhere.
pub(super) fn lock(config: &Config) -> anyhow::Result<Option<Lock>> {
    let location = config.location()?;
    let Some(database) = location.file() else {
        return Ok(None);
    };
    config.make_dir()?;
    let mut files = vec![take(
        &config.dir.join("plinth.lock"),
        "data directory",
        &config.dir,
    )?];
    if let Some(real) = leads_to(database)? {
        files.push(take(&beside(&real), "database", &real)?);
    }
    Ok(Some(Lock { _files: files }))
}

fn take(lock: &Path, kind: &str, of: &Path) -> anyhow::Result<File> {
    let file = File::create(lock)
        .with_context(|| format!("cannot write to the data directory: {}", lock.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another server already uses the {kind} {}", of.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data directory"),
    }
}

/// Returns the target if the database is a link.
fn leads_to(database: &Path) -> anyhow::Result<Option<PathBuf>> {
    let Ok(known) = database.symlink_metadata() else {
        return Ok(None);
    };
    if known.is_symlink() {
        let real = database
            .canonicalize()
            .with_context(|| format!("{} is a link that leads nowhere", database.display()))?;
        has_one_name(&real)?;
        return Ok(Some(real));
    }
    has_one_name(database)?;
    Ok(None)
}

/// Refuses a database with several names: SQLite finds its write-ahead log by the name, and would use two.
#[cfg(unix)]
fn has_one_name(database: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let known = database
        .metadata()
        .with_context(|| format!("cannot look at {}", database.display()))?;
    if known.is_file() && known.nlink() > 1 {
        bail!(
            "{} has a second name (a hard link), by which another server could write to it: remove one",
            database.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as elsewhere")]
fn has_one_name(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Takes the lock that a server in that directory would take.
fn beside(real: &Path) -> PathBuf {
    if real.file_name() == Some("data.db".as_ref()) {
        return real.with_file_name("plinth.lock");
    }
    let mut name = real.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
