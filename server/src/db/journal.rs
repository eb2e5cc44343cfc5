//! The changes of a transaction, recorded next to its connection until it commits.
//!
//! A journal belongs to the transaction: a rollback takes back what was recorded, and only a commit publishes it. The meaning
//! of an entry is up to `events`; this module only keeps entries and counts their bytes.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Value;

/// The most bytes of values that a journal keeps. Subscribers are then told only that there was more: to list everything
/// again costs them less.
const MAX_BYTES: usize = 64 << 20;

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was inserted.
    Create,
    /// A change of the record's values.
    Update,
    /// It was deleted.
    Delete,
}

/// The owner of changed rows: for `events`, a collection.
pub trait Subject: Any + Debug + Send + Sync {
    /// Writes an entry as JSON for other processes.
    fn encode(&self, entry: &Entry) -> Json;
}

/// One change of a row.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The kind of the change.
    pub kind: Kind,
    /// The owner of the row, as the write knew it.
    pub subject: Arc<dyn Subject>,
    /// The row's values as of the commit; the last ones of a deleted row.
    pub values: Vec<Value>,
    /// Whether the same write changed other rows too.
    pub part_of_bulk: bool,
    /// The fingerprint of the key that signed the tokens of a deleted account. Such an entry is urgent: it must take
    /// effect before the changes that wait in front of it.
    pub revoked: Option<String>,
}

impl Entry {
    /// Roughly the memory that it takes.
    pub fn bytes(&self) -> usize {
        let values: usize = self.values.iter().map(Value::bytes).sum();
        size_of::<Self>() + values
    }
}

/// Entries in the order of their writes.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) list: Vec<Entry>,
    /// Whether there were more than could be kept.
    pub(super) missed: bool,
    /// Roughly the memory that they take.
    pub(super) bytes: usize,
}

impl Entries {
    /// Whether nothing changed.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.missed
    }
}

/// The journal of the transaction that runs on a connection.
#[derive(Debug, Default)]
pub struct Journal {
    /// Whether anybody listens; found out once a transaction.
    has_listeners: Option<bool>,
    /// The schema version that the transaction started under, where other processes have to know.
    version: i64,
    recorded: Entries,
}

/// A position in a journal, to return to with [`Journal::roll_back_to`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    count: usize,
    bytes: usize,
    missed: bool,
}

impl Journal {
    /// Starts a transaction of which it is not known yet whether anybody listens.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Sets the schema version that the transaction runs under, and whether anybody listens.
    pub(super) fn start(&mut self, version: i64, has_listeners: bool) {
        self.version = version;
        self.has_listeners = Some(has_listeners);
    }

    pub(super) fn version(&self) -> i64 {
        self.version
    }

    /// Whether changes have to be recorded; `None` if that is not known yet.
    pub(super) fn has_listeners(&self) -> Option<bool> {
        let is_full = self.recorded.missed;
        self.has_listeners.map(|listen| listen && !is_full)
    }

    /// Records a change.
    pub fn record(&mut self, entry: Entry) {
        self.recorded.bytes = self.recorded.bytes.saturating_add(entry.bytes());
        if self.recorded.bytes > MAX_BYTES {
            self.recorded.missed = true;
        } else {
            self.recorded.list.push(entry);
        }
    }

    /// Returns the current position.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            count: self.recorded.list.len(),
            bytes: self.recorded.bytes,
            missed: self.recorded.missed,
        }
    }

    /// Forgets what was rolled back.
    pub(super) fn roll_back_to(&mut self, mark: Mark) {
        self.recorded.list.truncate(mark.count);
        self.recorded.bytes = mark.bytes;
        self.recorded.missed = mark.missed;
    }

    /// Ends a write that began at `mark`: says of each of its entries whether it is one of several.
    pub(super) fn finish(&mut self, mark: Mark) {
        let entries = &mut self.recorded.list;
        let finished = entries.get_mut(mark.count..).unwrap_or_default();
        let part_of_bulk = finished.len() > 1;
        for entry in finished {
            entry.part_of_bulk = part_of_bulk;
        }
    }

    /// Takes all entries out.
    pub(super) fn drain(&mut self) -> Entries {
        std::mem::take(&mut self.recorded)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A subject of tests.
    #[derive(Debug)]
    struct Table;

    impl Subject for Table {
        fn encode(&self, _: &Entry) -> Json {
            Json::Null
        }
    }

    /// An entry with a text of so many bytes.
    pub(in crate::db) fn entry(bytes: usize) -> Entry {
        Entry {
            kind: Kind::Create,
            subject: Arc::new(Table),
            values: vec![Value::Text("x".repeat(bytes))],
            part_of_bulk: false,
            revoked: None,
        }
    }

    #[test]
    fn what_is_too_much_is_said_and_can_be_taken_back() {
        let mut journal = Journal::default();
        journal.start(1, true);
        journal.record(entry(1));
        let mark = journal.mark();
        journal.record(entry(MAX_BYTES));
        assert_eq!(journal.has_listeners(), Some(false));
        journal.roll_back_to(mark);
        assert_eq!(journal.has_listeners(), Some(true));
        journal.record(entry(1));
        let recorded = journal.drain();
        assert_eq!((recorded.list.len(), recorded.missed), (2, false));
        journal.record(entry(MAX_BYTES + 1));
        assert!(journal.drain().missed);
    }
}
