//! What committed writes have changed, for whoever follows.
//!
//! Every write of records notes its [`Change`]s in the [`Journal`] beside its connection, while somebody listens at
//! all. What was noted leaves only with the commit: on SQLite through the [`Feed`], in this process; on PostgreSQL as
//! rows that [`store`] writes in the same transaction, for every process.

mod feed;
pub mod store;

use std::sync::Arc;

pub use feed::{Batch, Feed};

use crate::collections::{Collection, Schema};
use crate::db::{Conn, Engine, Value};
use crate::error::Result;
use crate::records::Record;

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is new.
    Create,
    /// It has other values.
    Update,
    /// It is gone.
    Delete,
}

impl Kind {
    /// As events have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The kind of this name.
    pub fn of(name: &str) -> Option<Self> {
        let all = [Self::Create, Self::Update, Self::Delete];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// A record that a committed write has changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// What happened.
    pub kind: Kind,
    /// The record's collection as the write knew it.
    pub collection: Arc<Collection>,
    /// The record's values as of the commit; of a deleted one, the last.
    pub values: Vec<Value>,
    /// Whether the same write changed other records too.
    pub among_others: bool,
}

impl Change {
    /// The record, in the columns that its collection has by now. `None` when the collection is gone.
    pub fn record(&self, schema: &Schema) -> Option<Record> {
        let collection = schema.find(&self.collection.def.id)?;
        let values = if Arc::ptr_eq(collection, &self.collection) {
            self.values.clone()
        } else {
            store::converted(self, collection)
        };
        Some(Record::new(Arc::clone(collection), values))
    }
}

/// What the transaction of a connection has changed so far.
#[derive(Debug, Default)]
pub struct Journal {
    /// Whether anybody listens; asked once a transaction.
    watched: Option<bool>,
    /// Of the collections that it is written under, where other processes have to know.
    version: i64,
    changes: Vec<Change>,
}

impl Journal {
    /// Begins a transaction of which is not known yet whether anybody listens.
    pub fn begin(&mut self) {
        *self = Self::default();
    }

    /// Says under which version of the collections the transaction is, and whether anybody listens.
    pub fn begun(&mut self, version: i64, watched: bool) {
        self.version = version;
        self.watched = Some(watched);
    }

    /// See [`Journal::begun`].
    pub fn version(&self) -> i64 {
        self.version
    }

    /// How much there is, to come back to with [`Journal::back_to`].
    pub fn mark(&self) -> usize {
        self.changes.len()
    }

    /// Forgets what was rolled back.
    pub fn back_to(&mut self, mark: usize) {
        self.changes.truncate(mark);
    }

    /// Ends a transaction, or a part of one that is one write: says of what was noted since `mark` whether it is alone.
    pub fn seal(&mut self, mark: usize) {
        let sealed = self.changes.get_mut(mark..).unwrap_or_default();
        let among_others = sealed.len() > 1;
        for change in sealed {
            change.among_others = among_others;
        }
    }

    /// Everything, which is then no longer here.
    pub fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }
}

/// Whether anybody wants to know what this transaction changes.
pub fn is_watched(conn: &mut Conn) -> Result<bool> {
    if let Some(watched) = conn.journal.watched {
        return Ok(watched);
    }
    if conn.engine() == Engine::Postgres {
        store::begin(conn)?;
    }
    Ok(conn.journal.watched.unwrap_or(false))
}

/// Notes what happened to a record, if anybody wants to know.
pub fn note(conn: &mut Conn, kind: Kind, record: &Record) -> Result<()> {
    if is_watched(conn)? {
        conn.journal.changes.push(Change {
            kind,
            collection: Arc::clone(&record.collection),
            values: record.values.clone(),
            among_others: false,
        });
    }
    Ok(())
}
