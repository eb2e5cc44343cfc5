//! Which statements to keep prepared: those that are repeated, while there is room.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most statements that a connection keeps in addition to those of known shape. One takes up to some ten kilobytes, and
/// clients decide which there are.
const MAX_KEPT: usize = 64;
/// How many statements that ran once are remembered.
const MAX_SEEN: usize = 1024;

/// The statements of a connection, by hash.
#[derive(Debug, Default)]
pub(in crate::db) struct StatementCache {
    seen: HashSet<u64>,
    kept: HashSet<u64>,
}

impl StatementCache {
    /// Says whether to keep a statement prepared: whether it runs for the second time.
    pub(in crate::db) fn is_repeated(&mut self, text: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        if self.kept.contains(&hash) {
            return true;
        }
        if self.kept.len() == MAX_KEPT {
            return false;
        }
        if self.seen.remove(&hash) {
            return self.kept.insert(hash);
        }
        if self.seen.len() == MAX_SEEN {
            self.seen.clear();
        }
        self.seen.insert(hash);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cache_is_kept_while_there_is_room() {
        let mut cache = StatementCache::default();
        assert!(!cache.is_repeated("a"));
        assert!(cache.is_repeated("a"));
        assert!(cache.is_repeated("a"));
        for n in 1..MAX_KEPT {
            let text = n.to_string();
            assert!(!cache.is_repeated(&text));
            assert!(cache.is_repeated(&text));
        }
        for n in 0..3 * MAX_SEEN {
            assert!(!cache.is_repeated(&format!("more {n}")));
        }
        assert!(!cache.is_repeated("b"));
        assert!(!cache.is_repeated("b"), "there is no room");
        assert!(cache.is_repeated("a"));
        assert!(cache.seen.len() <= MAX_SEEN);
    }
}
