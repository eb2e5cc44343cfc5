//! What a transaction has changed so far, beside its connection.

use super::Change;

/// The most bytes of values that are kept. Who follows is told only that there was more: what is listed anew costs
/// less than telling it.
const MAX_BYTES: usize = 64 << 20;

/// See the module.
#[derive(Debug, Default)]
pub struct Journal {
    /// Whether anybody listens; asked once a transaction.
    watched: Option<bool>,
    /// Of the collections that it is written under, where other processes have to know.
    version: i64,
    noted: Noted,
}

/// Changes in their order.
#[derive(Debug, Default)]
pub struct Noted {
    /// The changes.
    pub changes: Vec<Change>,
    /// Whether there were more than could be kept.
    pub missed: bool,
    /// How much memory they take, about.
    pub bytes: usize,
}

impl Noted {
    /// Whether nothing has happened.
    pub fn is_nothing(&self) -> bool {
        self.changes.is_empty() && !self.missed
    }
}

/// A place to come back to with [`Journal::back_to`].
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    count: usize,
    bytes: usize,
    missed: bool,
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

    /// Whether changes are to be noted, as far as that is known.
    pub(super) fn is_watched(&self) -> Option<bool> {
        self.watched.map(|watched| watched && !self.noted.missed)
    }

    pub(super) fn note(&mut self, change: Change) {
        self.noted.bytes = self.noted.bytes.saturating_add(change.bytes());
        if self.noted.bytes > MAX_BYTES {
            self.noted.missed = true;
        } else {
            self.noted.changes.push(change);
        }
    }

    /// Where it is, to come back to with [`Journal::back_to`].
    pub fn mark(&self) -> Mark {
        Mark {
            count: self.noted.changes.len(),
            bytes: self.noted.bytes,
            missed: self.noted.missed,
        }
    }

    /// Forgets what was rolled back.
    pub fn back_to(&mut self, mark: Mark) {
        self.noted.changes.truncate(mark.count);
        self.noted.bytes = mark.bytes;
        self.noted.missed = mark.missed;
    }

    /// Ends a transaction, or a part of one that is one write: says of what was noted since `mark` whether it is alone.
    pub fn seal(&mut self, mark: Mark) {
        let sealed = self.noted.changes.get_mut(mark.count..).unwrap_or_default();
        let among_others = sealed.len() > 1;
        for change in sealed {
            change.among_others = among_others;
        }
    }

    /// Everything, which is then no longer here.
    pub fn take(&mut self) -> Noted {
        std::mem::take(&mut self.noted)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::db::Value;
    use crate::events::Kind;
    use crate::schema::Collection;

    #[test]
    fn what_is_too_much_is_said_and_can_be_taken_back() {
        let change = |bytes| Change {
            kind: Kind::Create,
            collection: Arc::new(Collection::of_collections()),
            values: vec![Value::Text("x".repeat(bytes))],
            among_others: false,
            ended: None,
        };
        let mut journal = Journal::default();
        journal.begun(1, true);
        journal.note(change(1));
        let mark = journal.mark();
        journal.note(change(MAX_BYTES));
        assert_eq!(journal.is_watched(), Some(false));
        journal.back_to(mark);
        assert_eq!(journal.is_watched(), Some(true));
        journal.note(change(1));
        let noted = journal.take();
        assert_eq!((noted.changes.len(), noted.missed), (2, false));
        journal.note(change(MAX_BYTES + 1));
        assert!(journal.take().missed);
    }
}
