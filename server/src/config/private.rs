//! File permissions of the data directory, which holds password hashes and signing keys: its own user only.

use std::path::Path;

/// Files with secrets, and those that SQLite creates next to them.
const FILES: [&str; 8] = [
    "data.db",
    "data.db-wal",
    "data.db-shm",
    "logs.db",
    "logs.db-wal",
    "logs.db-shm",
    "plinth.lock",
    "storage",
];

/// Makes files that this process creates readable for its own user only.
pub fn keep_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Removes other users' permissions from files that an older version or another program created, and warns about a
/// directory that other users can read.
#[cfg(unix)]
pub fn tighten(dir: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| {
        let known = std::fs::metadata(path).ok();
        known.map(|known| known.permissions().mode() & 0o7777)
    };
    if let Some(open) = mode(dir)
        && open & 0o007 != 0
    {
        tracing::warn!(
            dir = %dir.display(),
            mode = format!("{open:03o}"),
            "the data directory is open to other users of this machine; its files are not (chmod 700 closes it)"
        );
    }
    for name in FILES {
        let path = dir.join(name);
        let Some(open) = mode(&path).filter(|open| open & 0o077 != 0) else {
            continue;
        };
        let closed = std::fs::Permissions::from_mode(open & !0o077);
        let (path, mode) = (path.display(), format!("{open:03o}"));
        match std::fs::set_permissions(dir.join(name), closed) {
            Ok(()) => tracing::info!(%path, mode, "others could read this; they no longer can"),
            Err(error) => {
                tracing::warn!(%path, mode, %error, "others may read this, and it cannot be changed");
            }
        }
    }
}

/// Permissions are a matter of Unix.
#[cfg(not(unix))]
pub fn tighten(_: &Path) {}
