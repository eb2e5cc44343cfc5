//! The engines.

use super::dialect::{Dialect, POSTGRES, SQLITE};

/// A database engine. Nothing above `db` can name one: it asks a [`Dialect`] for SQL, and a [`Topology`] whether other
/// processes matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// How many processes may use a database at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One. It knows of every change as soon as it is committed, and runs one write at a time.
    Single,
    /// Several. A process hears of the changes of others through the database.
    Replicated,
}

impl Engine {
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::Sqlite => SQLITE,
            Self::Postgres => POSTGRES,
        }
    }

    pub(super) fn topology(self) -> Topology {
        match self {
            Self::Sqlite => Topology::Single,
            Self::Postgres => Topology::Replicated,
        }
    }

    /// Whether the database is a file of this process. A lookup by key then takes less time than to hand it to another
    /// thread, and a read looks at its own time limit. A server is asked over a connection that may break, keeps prepared
    /// statements that a schema change makes useless, and has to be told to cancel a read.
    pub(super) fn is_embedded(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => false,
        }
    }
}
