//! Which statements come again: they are kept prepared, as far as there is room.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Statements that a connection keeps at most, beside those of known shape. One takes up to some ten kilobytes, and
/// clients decide which there are.
const MAX_KEPT: usize = 64;
/// How many of those that came once are remembered.
const MAX_SEEN: usize = 1024;

/// The statements of a connection, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    seen: HashSet<u64>,
    kept: HashSet<u64>,
}

impl Repeated {
    /// Whether a statement is to be kept from now on.
    pub(super) fn comes_again(&mut self, text: &str) -> bool {
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
    fn what_comes_again_is_kept_while_there_is_room() {
        let mut repeated = Repeated::default();
        assert!(!repeated.comes_again("a"));
        assert!(repeated.comes_again("a"));
        assert!(repeated.comes_again("a"));
        for n in 1..MAX_KEPT {
            let text = n.to_string();
            assert!(!repeated.comes_again(&text));
            assert!(repeated.comes_again(&text));
        }
        for n in 0..3 * MAX_SEEN {
            assert!(!repeated.comes_again(&format!("more {n}")));
        }
        assert!(!repeated.comes_again("b"));
        assert!(!repeated.comes_again("b"), "there is no room");
        assert!(repeated.comes_again("a"));
        assert!(repeated.seen.len() <= MAX_SEEN);
    }
}
