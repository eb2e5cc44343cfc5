//! Where a database is: a URL names the engine, and no URL means a file in the data directory.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use super::{Dialect, Engine, postgres};
use crate::secret::Secret;

/// The file of an embedded database.
const FILE: &str = "data.db";

/// Where a database is.
#[derive(Clone, Debug)]
pub struct Location(Target);

/// See [`Location`], for the modules of the engines.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Sqlite(PathBuf),
    Postgres(Secret),
}

impl Location {
    /// Reads a database URL. If it is empty, the database is a file in the data directory.
    pub fn of(url: &Secret, data_dir: &Path) -> anyhow::Result<Self> {
        if url.is_empty() {
            return Ok(Self::embedded(data_dir.join(FILE)));
        }
        postgres::url::check(url)?;
        Ok(Self(Target::Postgres(url.clone())))
    }

    /// An embedded database in this file.
    pub(super) fn embedded(file: PathBuf) -> Self {
        Self(Target::Sqlite(file))
    }

    pub(super) fn target(&self) -> &Target {
        &self.0
    }

    /// The file of an embedded database.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Target::Sqlite(file) => Some(file),
            Target::Postgres(_) => None,
        }
    }

    /// The dialect of the SQL there.
    pub fn dialect(&self) -> Dialect {
        self.engine().dialect()
    }

    pub(super) fn engine(&self) -> Engine {
        match self.0 {
            Target::Sqlite(_) => Engine::Sqlite,
            Target::Postgres(_) => Engine::Postgres,
        }
    }
}

/// Names the engine, and the file of an embedded one.
impl Display for Location {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let name = self.dialect().name();
        match self.file() {
            Some(file) => write!(out, "{} ({name})", file.display()),
            None => out.write_str(name),
        }
    }
}
