//! What committed writes have changed, for whoever follows.
//!
//! Every write of records notes its [`Change`]s in the [`Journal`] beside its connection, while somebody listens at
//! all. What was noted leaves only with the commit: on SQLite through the [`Feed`], in this process; on PostgreSQL as
//! rows that [`store`] writes in the same transaction, for every process.

mod feed;
mod journal;
pub mod store;

use std::sync::Arc;

pub use feed::{Batch, Feed};
pub use journal::{Journal, Mark, Noted};

use crate::db::{Conn, Engine, Value};
use crate::error::Result;
use crate::schema::{Collection, Record, Schema};
use crate::tokens::{self, fingerprint, signing_key};

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
    /// Of an account that is gone, the fingerprint of the key that its tokens were signed with.
    pub ended: Option<String>,
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

    /// Whether it deletes an account.
    pub fn ends_account(&self) -> bool {
        self.ended.is_some()
    }

    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        let values: usize = self.values.iter().map(Value::bytes).sum();
        size_of::<Self>() + values
    }
}

/// Whether anybody wants to know what this transaction changes.
pub fn is_watched(conn: &mut Conn) -> Result<bool> {
    if conn.journal.is_watched().is_none() && conn.engine() == Engine::Postgres {
        store::begin(conn)?;
    }
    Ok(conn.journal.is_watched().unwrap_or(false))
}

/// Notes what happened to a record, if anybody wants to know.
pub fn note(conn: &mut Conn, kind: Kind, record: &Record) -> Result<()> {
    if is_watched(conn)? {
        conn.journal.note(Change {
            kind,
            collection: Arc::clone(&record.collection),
            values: record.values.clone(),
            among_others: false,
            ended: (kind == Kind::Delete && record.collection.is_auth())
                .then(|| fingerprint(&signing_key(record, tokens::Kind::Auth))),
        });
    }
    Ok(())
}
