//! A fair queue for costly work: one caller cannot displace others.
//!
//! Work waits in one line per address, and within it in one per identity. The lines take turns, so a caller with one
//! piece of work waits for at most one piece of each other caller. Work for superusers has lines of its own, which
//! take turns with all others.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::db::Claimant;

/// The maximum of waiting pieces of one address.
const MOST_OF_ONE: usize = 256;
/// The maximum of waiting pieces.
const MOST: usize = 2048;

/// The line of a piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whether it is for a superuser.
    pub is_superuser: bool,
    /// The caller, by address or account.
    pub claimant: Claimant,
    /// The identity that the caller claims: it is not known yet whether such an account exists.
    pub identity: String,
}

impl Line {
    /// Returns the line of the server itself.
    pub fn of_server() -> Self {
        Self {
            is_superuser: true,
            claimant: Claimant::Server,
            identity: String::new(),
        }
    }

    /// Returns the line of a caller for hashing a new password.
    pub fn of(claimant: Claimant) -> Self {
        Self {
            is_superuser: matches!(claimant, Claimant::Superuser(_) | Claimant::Server),
            claimant,
            identity: String::new(),
        }
    }
}

/// A queue of work of type `T`.
pub(super) struct Queue<T> {
    lines: Turns<bool, Turns<Claimant, Turns<String, VecDeque<T>>>>,
    waiting: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            lines: Turns::default(),
            waiting: 0,
        }
    }
}

impl<T> Queue<T> {
    /// Appends work to its line; returns whether there was room.
    pub(super) fn push(&mut self, line: Line, work: T) -> bool {
        let lines = self.lines.line(line.is_superuser);
        let of_one = lines.lines.get(&line.claimant);
        let of_one = of_one.map_or(0, |of_one| of_one.lines.values().map(VecDeque::len).sum());
        // There is always room for superusers, however much others have sent.
        let is_full = self.waiting >= MOST && !line.is_superuser;
        let has_room = of_one < MOST_OF_ONE && !is_full;
        if has_room {
            lines
                .line(line.claimant)
                .line(line.identity)
                .push_back(work);
            self.waiting += 1;
        }
        has_room
    }

    /// Takes the work whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let work = self.lines.pop();
        self.waiting -= usize::from(work.is_some());
        work
    }
}

/// A node of the queue.
trait Waiting {
    type Work;

    fn pop(&mut self) -> Option<Self::Work>;

    fn is_empty(&self) -> bool;
}

impl<T> Waiting for VecDeque<T> {
    type Work = T;

    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn is_empty(&self) -> bool {
        VecDeque::is_empty(self)
    }
}

/// Lines that take turns.
struct Turns<K, L> {
    lines: HashMap<K, L>,
    /// The lines with work, the next one first.
    turns: VecDeque<K>,
}

impl<K, L> Default for Turns<K, L> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            turns: VecDeque::new(),
        }
    }
}

impl<K: Clone + Eq + Hash, L: Default> Turns<K, L> {
    /// Returns the line with this key, and adds it if it is missing.
    fn line(&mut self, key: K) -> &mut L {
        if !self.lines.contains_key(&key) {
            self.turns.push_back(key.clone());
        }
        self.lines.entry(key).or_default()
    }
}

impl<K: Eq + Hash, L: Waiting> Waiting for Turns<K, L> {
    type Work = L::Work;

    fn pop(&mut self) -> Option<L::Work> {
        while let Some(key) = self.turns.pop_front() {
            let work = self.lines.get_mut(&key).and_then(Waiting::pop);
            if self.lines.get(&key).is_some_and(|line| !line.is_empty()) {
                self.turns.push_back(key);
            } else {
                self.lines.remove(&key);
            }
            if work.is_some() {
                return work;
            }
        }
        None
    }

    fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(last: u8, identity: &str) -> Line {
        Line {
            is_superuser: false,
            claimant: Claimant::Guest([10, 0, 0, last].into()),
            identity: identity.to_owned(),
        }
    }

    fn superuser(last: u8) -> Line {
        Line {
            is_superuser: true,
            ..line(last, "root")
        }
    }

    fn all(mut queue: Queue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(move || queue.pop()).collect()
    }

    #[test]
    fn n72_who_comes_alone_waits_for_one_of_each_other() {
        let mut queue = Queue::default();
        for work in ["a1", "a2", "a3"] {
            assert!(queue.push(line(1, "a"), work));
        }
        assert!(queue.push(line(1, "b"), "b1"));
        assert!(queue.push(line(2, "c"), "c1"));
        assert!(queue.push(superuser(1), "s1"));
        assert_eq!(all(queue), ["a1", "s1", "c1", "b1", "a2", "a3"]);
    }

    #[test]
    fn n72_one_address_leaves_room_for_others_and_all_leave_some_for_superusers() {
        let mut queue = Queue::default();
        let fill = |queue: &mut Queue<&'static str>, last| {
            std::iter::repeat_with(|| queue.push(line(last, "a"), "work"))
                .take_while(|has_room| *has_room)
                .count()
        };
        assert_eq!(fill(&mut queue, 1), MOST_OF_ONE);
        assert_eq!(fill(&mut queue, 2), MOST_OF_ONE);
        for last in 3..20 {
            fill(&mut queue, last);
        }
        assert!(!queue.push(line(99, "a"), "work"));
        assert!(queue.push(superuser(1), "work"));
        assert_eq!(all(queue).len(), MOST + 1);
    }
}
