//! Reads directories without following links.
//!
//! The author of a data directory may not be the operator who imports it: a link must not lead to the operator's own
//! files. Each step is opened relative to the directory before it, so a name that is replaced by a link in the
//! meantime leads nowhere either.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, open, openat, statat};
use rustix::io::Errno;

/// An open directory.
#[derive(Debug)]
pub(super) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

/// The reason why an entry of a directory cannot be read.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It does not exist.
    Missing,
    /// It is a link, which is not followed.
    Link,
    /// It is neither a file nor a directory, or not of the requested kind.
    Other,
    /// The operating system denies access.
    Unreadable(io::Error),
}

impl Refusal {
    /// Returns the reason as text.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Missing => "it is gone".to_owned(),
            Self::Link => "it is a link, and links are not followed".to_owned(),
            Self::Other => "it is no file".to_owned(),
            Self::Unreadable(error) => format!("it can't be read: {error}"),
        }
    }
}

impl From<Errno> for Refusal {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT => Self::Missing,
            Errno::LOOP => Self::Link,
            Errno::NOTDIR => Self::Other,
            error => Self::Unreadable(error.into()),
        }
    }
}

impl Dir {
    /// Opens the directory that the operator has named. A link is followed, since it is the operator's own.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            fd: open(path, flags, Mode::empty())?,
            path: path.to_owned(),
        })
    }

    /// Returns the path of an entry, for messages.
    pub(super) fn path_of(&self, name: &OsStr) -> String {
        self.path.join(name).display().to_string()
    }

    /// Opens a subdirectory.
    pub(super) fn dir(&self, name: &OsStr) -> Result<Self, Refusal> {
        self.expect(name, FileType::Directory)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self {
            fd: openat(&self.fd, name, flags, Mode::empty())?,
            path: self.path.join(name),
        })
    }

    /// Opens a file. Pipes and devices are never opened, since this could block or have effects.
    pub(super) fn file(&self, name: &OsStr) -> Result<File, Refusal> {
        self.expect(name, FileType::RegularFile)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = openat(&self.fd, name, flags, Mode::empty())?;
        let opened = FileType::from_raw_mode(fstat(&fd)?.st_mode);
        if opened == FileType::RegularFile {
            Ok(File::from(fd))
        } else {
            Err(Refusal::Other)
        }
    }

    /// Whether an entry is a directory, without following links.
    pub(super) fn is_dir(&self, name: &OsStr) -> bool {
        self.expect(name, FileType::Directory).is_ok()
    }

    /// Returns the names of the entries, sorted.
    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        use std::os::unix::ffi::OsStrExt as _;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn expect(&self, name: &OsStr, expected: FileType) -> Result<(), Refusal> {
        let known = statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = FileType::from_raw_mode(known.st_mode);
        if kind == expected {
            Ok(())
        } else if kind == FileType::Symlink {
            Err(Refusal::Link)
        } else {
            Err(Refusal::Other)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn n70_only_files_below_the_directory_are_opened() {
        let outer = tempfile::tempdir().unwrap();
        let secret = outer.path().join("secret");
        fs::write(&secret, b"secret").unwrap();
        let below = outer.path().join("below");
        fs::create_dir_all(below.join("dir")).unwrap();
        fs::write(below.join("file"), b"file").unwrap();
        symlink(&secret, below.join("link")).unwrap();
        symlink(outer.path(), below.join("outer")).unwrap();
        symlink("nowhere", below.join("broken")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(below.join("socket")).unwrap();
        let dir = Dir::open(&below).unwrap();
        let file = |name: &str| dir.file(name.as_ref());
        assert!(file("file").is_ok());
        for name in ["link", "broken"] {
            assert!(matches!(file(name), Err(Refusal::Link)), "{name}");
        }
        for name in ["dir", "socket"] {
            assert!(matches!(file(name), Err(Refusal::Other)), "{name}");
        }
        assert!(matches!(file("missing"), Err(Refusal::Missing)));
        assert!(dir.dir("dir".as_ref()).is_ok());
        assert!(matches!(dir.dir("outer".as_ref()), Err(Refusal::Link)));
        assert!(matches!(dir.dir("file".as_ref()), Err(Refusal::Other)));
        assert_eq!(dir.names().unwrap().len(), 6);
    }
}
