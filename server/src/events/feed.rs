//! The way of changes from SQLite's writer to the one who follows. The writer never waits: it appends and goes on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::{Change, Noted};

/// How many changes wait at most, and how many bytes they may take. Beyond that the follower is told that it has missed
/// some.
const MAX_WAITING: usize = 100_000;
const MAX_BYTES: usize = 128 << 20;

/// Changes in the order of their commits, from one writer to one follower.
#[derive(Debug, Default)]
pub struct Feed {
    watched: AtomicBool,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    changes: VecDeque<Change>,
    bytes: usize,
    missed: bool,
    /// How many were published ever.
    published: u64,
}

/// What has arrived.
#[derive(Debug, Default)]
pub struct Batch {
    /// Changes in the order of their commits.
    pub changes: Vec<Change>,
    /// Those behind them that delete accounts.
    pub behind: Vec<Change>,
    /// Whether changes before them were lost, because there were too many.
    pub missed: bool,
    /// How many of all that were published are taken now.
    pub taken: u64,
}

impl Feed {
    /// Whether changes are wanted.
    pub fn is_watched(&self) -> bool {
        self.watched.load(Ordering::SeqCst)
    }

    /// Says whether changes are wanted, from the next write on.
    pub fn watch(&self, watched: bool) {
        self.watched.store(watched, Ordering::SeqCst);
    }

    /// Appends what was committed.
    pub fn publish(&self, noted: Noted) {
        if noted.is_nothing() {
            return;
        }
        let Noted {
            changes,
            missed,
            bytes,
        } = noted;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.published += changes.len() as u64;
        let is_too_many = waiting.changes.len() + changes.len() > MAX_WAITING;
        if missed || is_too_many || waiting.bytes + bytes > MAX_BYTES {
            waiting.changes.clear();
            waiting.bytes = 0;
            waiting.missed = true;
        } else {
            waiting.bytes += bytes;
            waiting.changes.extend(changes);
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// How many changes were published ever.
    pub fn published(&self) -> u64 {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.published
    }

    /// Waits for changes, and gives at most `limit` of them.
    pub async fn next(&self, limit: usize) -> Batch {
        loop {
            let batch = self.take(limit);
            if batch.missed || !batch.changes.is_empty() {
                return batch;
            }
            self.arrived.notified().await;
        }
    }

    fn take(&self, limit: usize) -> Batch {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = limit.min(waiting.changes.len());
        let changes: Vec<Change> = waiting.changes.drain(..count).collect();
        waiting.bytes -= changes.iter().map(Change::bytes).sum::<usize>();
        let behind = waiting
            .changes
            .iter()
            .filter(|change| change.ends_account());
        Batch {
            changes,
            behind: behind.cloned().collect(),
            missed: std::mem::take(&mut waiting.missed),
            taken: waiting.published - waiting.changes.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::events::Kind;
    use crate::schema::Collection;

    #[test]
    fn who_falls_behind_is_told() {
        let change = Change {
            kind: Kind::Create,
            collection: Arc::new(Collection::of_collections()),
            values: Vec::new(),
            among_others: false,
            ended: None,
        };
        let noted = |changes: Vec<Change>| Noted {
            bytes: changes.iter().map(Change::bytes).sum(),
            changes,
            missed: false,
        };
        let feed = Feed::default();
        feed.publish(noted(vec![change.clone(); MAX_WAITING]));
        let batch = feed.take(10);
        assert_eq!((batch.changes.len(), batch.missed), (10, false));
        assert_eq!(batch.taken, 10);
        feed.publish(noted(vec![change.clone(); 11]));
        feed.publish(noted(vec![change]));
        let batch = feed.take(10);
        assert_eq!((batch.changes.len(), batch.missed), (1, true));
        assert_eq!(batch.taken, feed.published());
        let batch = feed.take(10);
        assert_eq!((batch.changes.len(), batch.missed), (0, false));
        let lost = Noted {
            missed: true,
            ..Noted::default()
        };
        feed.publish(lost);
        assert!(feed.take(10).missed);
    }
}
