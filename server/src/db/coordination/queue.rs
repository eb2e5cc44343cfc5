//! The queue of changes inside one process: from the writer, which never waits, to one consumer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::db::journal::{Entries, Entry};

/// How many entries wait at most, and how many bytes they may take. Beyond that the consumer is told that it has missed
/// some.
const MAX_WAITING: usize = 100_000;
const MAX_BYTES: usize = 128 << 20;

/// Committed changes in the order of their commits, from one writer to one consumer.
#[derive(Debug, Default)]
pub struct ChangeQueue {
    is_active: AtomicBool,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    bytes: usize,
    missed: bool,
    /// How many were ever published.
    published: u64,
}

/// Entries taken out of a [`ChangeQueue`].
#[derive(Debug, Default)]
pub struct Batch {
    /// Entries in the order of their commits.
    pub entries: Vec<Entry>,
    /// Copies of the urgent ones behind them: those that revoke tokens.
    pub urgent: Vec<Entry>,
    /// Whether entries before them were lost, because there were too many.
    pub missed: bool,
    /// How many of all entries ever published have been taken by now.
    pub taken: u64,
}

impl ChangeQueue {
    /// Whether anybody consumes the changes.
    pub(in crate::db) fn is_active(&self) -> bool {
        self.is_active.load(Ordering::SeqCst)
    }

    /// Sets whether anybody consumes the changes, from the next write on.
    pub fn set_active(&self, is_active: bool) {
        self.is_active.store(is_active, Ordering::SeqCst);
    }

    /// Appends what was committed.
    pub(in crate::db) fn publish(&self, committed: Entries) {
        if committed.is_empty() {
            return;
        }
        let Entries {
            list: entries,
            missed,
            bytes,
        } = committed;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.published += entries.len() as u64;
        let is_too_many = waiting.entries.len() + entries.len() > MAX_WAITING;
        if missed || is_too_many || waiting.bytes + bytes > MAX_BYTES {
            waiting.entries.clear();
            waiting.bytes = 0;
            waiting.missed = true;
        } else {
            waiting.bytes += bytes;
            waiting.entries.extend(entries);
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// How many entries were ever published.
    pub fn published(&self) -> u64 {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.published
    }

    /// Waits for changes and takes at most `limit` of them.
    pub async fn next(&self, limit: usize) -> Batch {
        loop {
            let batch = self.take(limit);
            if batch.missed || !batch.entries.is_empty() {
                return batch;
            }
            self.arrived.notified().await;
        }
    }

    fn take(&self, limit: usize) -> Batch {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = limit.min(waiting.entries.len());
        let entries: Vec<Entry> = waiting.entries.drain(..count).collect();
        waiting.bytes -= entries.iter().map(Entry::bytes).sum::<usize>();
        let urgent = waiting
            .entries
            .iter()
            .filter(|entry| entry.revoked.is_some());
        Batch {
            entries,
            urgent: urgent.cloned().collect(),
            missed: std::mem::take(&mut waiting.missed),
            taken: waiting.published - waiting.entries.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::journal::tests::entry;

    #[test]
    fn who_falls_behind_is_told() {
        let committed = |entries: Vec<Entry>| Entries {
            bytes: entries.iter().map(Entry::bytes).sum(),
            list: entries,
            missed: false,
        };
        let queue = ChangeQueue::default();
        queue.publish(committed(vec![entry(0); MAX_WAITING]));
        let batch = queue.take(10);
        assert_eq!((batch.entries.len(), batch.missed), (10, false));
        assert_eq!(batch.taken, 10);
        queue.publish(committed(vec![entry(0); 11]));
        queue.publish(committed(vec![entry(0)]));
        let batch = queue.take(10);
        assert_eq!((batch.entries.len(), batch.missed), (1, true));
        assert_eq!(batch.taken, queue.published());
        let batch = queue.take(10);
        assert_eq!((batch.entries.len(), batch.missed), (0, false));
        let lost = Entries {
            missed: true,
            ..Entries::default()
        };
        queue.publish(lost);
        assert!(queue.take(10).missed);
    }
}
