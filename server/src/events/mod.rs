//! The changes that committed writes have made to records, for whoever subscribes to them.
//!
//! Every write of a record calls [`record`], which puts an entry into the journal of its transaction
//! ([`db::journal`](crate::db::journal)) while anybody listens. The journal publishes it when the transaction commits: inside
//! this process, or through the database to every process. A consumer turns entries and rows back into [`Change`]s.

mod encoding;

use std::any::Any;
use std::sync::Arc;

pub use crate::db::journal::Kind;
pub use encoding::changes_of;

use crate::db::journal::Entry;
use crate::db::{Conn, Value, coordination};
use crate::error::Result;
use crate::schema::{Collection, Record, Schema};
use crate::system::account_data::AUTH_SESSIONS;
use crate::tokens::{self, fingerprint, signing_key};

impl Kind {
    /// The name of the event.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The kind with this name.
    pub fn of(name: &str) -> Option<Self> {
        let all = [Self::Create, Self::Update, Self::Delete];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// A change that a committed write has made to a record.
#[derive(Clone, Debug)]
pub struct Change {
    /// The kind of the change.
    pub kind: Kind,
    /// The record's collection as the write knew it.
    pub collection: Arc<Collection>,
    /// The record's values as of the commit; the last ones of a deleted record.
    pub values: Vec<Value>,
    /// Whether the same write changed other records too.
    pub part_of_bulk: bool,
    /// The fingerprint of the key that signed the tokens of a deleted account.
    pub revoked: Option<String>,
}

impl Change {
    /// Reads an entry of a journal. `None` if it was not made by [`record`].
    pub fn of(entry: Entry) -> Option<Self> {
        let subject: Arc<dyn Any + Send + Sync> = entry.subject;
        Some(Self {
            kind: entry.kind,
            collection: subject.downcast().ok()?,
            values: entry.values,
            part_of_bulk: entry.part_of_bulk,
            revoked: entry.revoked,
        })
    }

    /// Returns the record in the columns that its collection has now. `None` if the collection is gone.
    pub fn record(&self, schema: &Schema) -> Option<Record> {
        let collection = schema.find(&self.collection.def.id)?;
        let values = if Arc::ptr_eq(collection, &self.collection) {
            self.values.clone()
        } else {
            encoding::converted(self, collection)
        };
        Some(Record::new(Arc::clone(collection), values))
    }

    /// Whether it changes the record with this id, of the collection with this id.
    pub fn is_of(&self, collection: &str, record: &str) -> bool {
        let mut columns = self.collection.columns.iter().zip(&self.values);
        self.collection.def.id == collection
            && columns.any(|(column, value)| {
                column.name == "id" && matches!(value, Value::Text(id) if id == record)
            })
    }

    /// Estimates the memory that it takes.
    pub fn bytes(&self) -> usize {
        let values: usize = self.values.iter().map(Value::bytes).sum();
        size_of::<Self>() + values
    }

    /// Whether it ends a session of an account.
    pub fn ends_session(&self) -> bool {
        self.kind == Kind::Delete && self.collection.def.id == AUTH_SESSIONS
    }

    /// Whether it deletes an account.
    pub fn ends_account(&self) -> bool {
        self.revoked.is_some()
    }
}

/// Records what happened to a record, if anybody listens.
pub fn record(conn: &mut Conn, kind: Kind, record: &Record) -> Result<()> {
    if coordination::has_listeners(conn)? {
        conn.journal.record(Entry {
            kind,
            subject: Arc::<Collection>::clone(&record.collection),
            values: record.values.clone(),
            part_of_bulk: false,
            revoked: (kind == Kind::Delete && record.collection.is_auth())
                .then(|| fingerprint(&signing_key(record, tokens::Kind::Auth))),
        });
    }
    Ok(())
}
