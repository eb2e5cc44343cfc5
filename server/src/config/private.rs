//! Keeps what is in the data directory to the server's own user: hashes, and what signs tokens, are in it.

use std::path::Path;

/// What has secrets in it, or lies beside what has.
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

/// From now on, what this process makes is its user's alone.
pub fn keep_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Takes others' rights away on what an earlier version, or another program, has made; and warns of a directory that
/// others can look into.
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

/// Other systems have other ways.
#[cfg(not(unix))]
pub fn tighten(_: &Path) {}
