//! A queue of costly work in which one caller cannot take the places of others.
//!
//! Work waits in lines: one for each address, and within it one for each identity. The lines take turns, so whoever comes alone
//! waits for one piece of work of each other, however many pieces those have sent. Superusers' work has lines of its own, and those
//! take turns with all the others.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::db::Claimant;

/// How many pieces of work of one address may wait.
const MOST_OF_ONE: usize = 256;
/// How many may wait at all.
const MOST: usize = 2048;

/// Where a piece of work waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whether it is for a superuser.
    pub is_superuser: bool,
    /// The caller, by address or account.
    pub claimant: Claimant,
    /// The account that it is about, as the caller names it: nobody knows yet whether there is one.
    pub identity: String,
}

impl Line {
    /// The line of the server itself.
    pub fn of_server() -> Self {
        Self {
            is_superuser: true,
            claimant: Claimant::Server,
            identity: String::new(),
        }
    }

    /// The line of a caller, for a password of their own choice.
    pub fn of(claimant: Claimant) -> Self {
        Self {
            is_superuser: matches!(claimant, Claimant::Superuser(_) | Claimant::Server),
            claimant,
            identity: String::new(),
        }
    }
}

/// Work of type `T` that waits.
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
    /// Puts work at the end of its line; says whether there was room.
    pub(super) fn push(&mut self, line: Line, work: T) -> bool {
        let lines = self.lines.line(line.is_superuser);
        let of_one = lines.lines.get(&line.claimant);
        let of_one = of_one.map_or(0, |of_one| of_one.lines.values().map(VecDeque::len).sum());
        // Superusers find room whatever the others have sent.
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

    /// The work whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let work = self.lines.pop();
        self.waiting -= usize::from(work.is_some());
        work
    }
}

/// A place where work waits.
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
    /// The line of this key, which takes part from now on.
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
