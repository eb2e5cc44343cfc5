//! Entries that are not stored yet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus::IntCounter;
use serde_json::Map;
use tokio::sync::Notify;

use super::entry::Data;
use super::{Entry, Level};
use crate::clock::Clock;
use crate::random::Random;

/// The most entries that wait; none is larger than a few kilobytes.
pub const MAX_WAITING: usize = 8192;

/// Entries that wait to be stored. Adding one never blocks.
#[derive(Debug)]
pub struct Queue {
    waiting: Mutex<VecDeque<Entry>>,
    dropped: IntCounter,
    added: Notify,
    clock: Clock,
    random: Random,
}

impl Queue {
    /// Makes an empty queue, which counts the entries that it drops.
    pub fn new(dropped: IntCounter, clock: Clock, random: Random) -> Self {
        Self {
            waiting: Mutex::default(),
            dropped,
            added: Notify::new(),
            clock,
            random,
        }
    }

    /// Makes an entry with the current time.
    pub fn entry(&self, level: Level, message: String) -> Entry {
        Entry {
            id: self.random.id(),
            created: self.clock.now(),
            level,
            message,
            data: Data::Program(Map::new()),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry, or drops it if the queue is full.
    pub fn push(&self, entry: Entry) {
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_WAITING {
            drop(waiting);
            self.dropped.inc();
            return;
        }
        waiting.push_back(entry);
        let is_many = waiting.len() == super::BATCH;
        drop(waiting);
        if is_many {
            self.added.notify_one();
        }
    }

    /// Waits until `count` entries wait.
    pub(super) async fn many(&self, count: usize) {
        while self.waiting().len() < count {
            self.added.notified().await;
        }
    }

    /// Removes at most `most` entries, the oldest first.
    pub(super) fn take(&self, most: usize) -> Vec<Entry> {
        let mut waiting = self.waiting();
        let count = most.min(waiting.len());
        waiting.drain(..count).collect()
    }

    /// Returns entries that could not be stored to the front. If there is no room for all, the oldest are dropped.
    pub(super) fn put_back(&self, entries: Vec<Entry>) {
        let mut waiting = self.waiting();
        let room = MAX_WAITING.saturating_sub(waiting.len());
        let lost = entries.len().saturating_sub(room);
        for entry in entries.into_iter().skip(lost).rev() {
            waiting.push_front(entry);
        }
        drop(waiting);
        self.dropped.inc_by(lost as u64);
    }

    /// Counts entries as dropped.
    pub(super) fn give_up(&self, entries: &[Entry]) {
        self.dropped.inc_by(entries.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn queue(dropped: IntCounter) -> Queue {
        Queue::new(dropped, Clock::machine(), Random::seeded(1))
    }

    fn entry(queue: &Queue, n: usize) -> Entry {
        queue.entry(Level::Info, n.to_string())
    }

    fn seen(queue: &Queue) -> Vec<String> {
        queue
            .take(usize::MAX)
            .into_iter()
            .map(|e| e.message)
            .collect()
    }

    #[test]
    fn what_is_too_much_is_counted_and_not_kept() {
        let dropped = IntCounter::new("dropped", "Dropped.").unwrap();
        let queue = queue(dropped.clone());
        for n in 0..MAX_WAITING + 5 {
            queue.push(entry(&queue, n));
        }
        assert_eq!(dropped.get(), 5);
        let taken = queue.take(10);
        assert_eq!(taken[0].message, "0");
        for n in 0..7 {
            queue.push(entry(&queue, 100_000 + n));
        }
        // There is room for three: the newest of them.
        queue.put_back(taken);
        assert_eq!(dropped.get(), 12);
        let kept = seen(&queue);
        assert_eq!(kept.len(), MAX_WAITING);
        assert_eq!(kept[..4], ["7", "8", "9", "10"]);
        assert_eq!(kept.last().unwrap(), "100006");
        queue.give_up(&[entry(&queue, 1)]);
        assert_eq!((dropped.get(), seen(&queue).len()), (13, 0));
    }

    #[tokio::test]
    async fn many_are_not_waited_for() {
        let queue = queue(IntCounter::new("dropped", "Dropped.").unwrap());
        for n in 0..crate::logs::BATCH {
            queue.push(entry(&queue, n));
        }
        queue.many(crate::logs::BATCH).await;
    }
}
