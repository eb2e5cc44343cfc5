//! A memory budget that many requests share, so that together they stay below the operator's limit.
//!
//! Each request takes a [`Share`], which grows while bytes arrive or are written, and is returned when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result};
use crate::tasks::LowPriority;

/// The first bytes of each share come from a separate pool: large requests do not keep small ones out.
pub const SMALL: usize = 64 << 10;

/// A memory budget.
#[derive(Debug)]
pub struct Budget {
    /// The pool for the first bytes of each share.
    small: Pool,
    /// The pool for all other bytes.
    large: Pool,
    /// The threads that work on large bodies.
    workers: LowPriority,
}

#[derive(Debug)]
struct Pool {
    most: usize,
    taken: AtomicUsize,
}

impl Pool {
    fn new(most: usize) -> Self {
        Self {
            most,
            taken: AtomicUsize::new(0),
        }
    }

    /// Takes `bytes`, unless the total would exceed `most`.
    fn take(&self, bytes: usize, most: usize) -> bool {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed);
        let fits = taken.saturating_add(bytes) <= most;
        if !fits {
            self.give_back(bytes);
        }
        fits
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The kind of caller that a share is for: guests together may take less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A caller that is not signed in.
    Guest,
    /// An account.
    Account,
}

impl Budget {
    /// Makes a budget of `bytes`.
    pub fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            small: Pool::new(bytes / 4),
            large: Pool::new(bytes - bytes / 4),
            workers: LowPriority::new(),
        })
    }

    /// Runs work whose cost grows with a body of `size` bytes. A small body is worked on at once, large ones on threads
    /// that give way to other requests.
    pub async fn run<T: Send + 'static>(
        &self,
        size: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        if size <= SMALL {
            return Ok(work());
        }
        self.workers.run(work).await.map_err(Error::internal)
    }

    /// Returns an empty share. Guests together get at most half of the pool for large shares.
    pub fn share(self: &Arc<Self>, holder: impl Into<Holder>) -> Share {
        let most = self.large.most;
        Share {
            budget: Arc::clone(self),
            held: 0,
            ceiling: match holder.into() {
                Holder::Guest => most / 2,
                Holder::Account => most,
            },
        }
    }
}

/// The share of a request.
#[derive(Debug)]
#[must_use = "the bytes are given back when it is dropped"]
pub struct Share {
    budget: Arc<Budget>,
    held: usize,
    ceiling: usize,
}

impl Share {
    /// Returns the budget that it is a share of.
    pub fn budget(&self) -> Arc<Budget> {
        Arc::clone(&self.budget)
    }

    /// Returns the bytes of the share.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Returns the maximum size of the share.
    pub fn ceiling(&self) -> usize {
        self.ceiling
    }

    /// Grows by `bytes`; fails if the budget is used up.
    pub fn take(&mut self, bytes: usize) -> Result<()> {
        self.grow_to(self.held.saturating_add(bytes))
    }

    /// Grows to `bytes`; fails if the budget is used up.
    pub fn grow_to(&mut self, bytes: usize) -> Result<()> {
        if bytes <= self.held {
            return Ok(());
        }
        let small = bytes.min(SMALL).saturating_sub(self.held);
        let large = bytes - self.held - small;
        if small > 0 && !self.budget.small.take(small, self.budget.small.most) {
            return Err(Error::NoRoom);
        }
        if large > 0 && !self.budget.large.take(large, self.ceiling) {
            self.budget.small.give_back(small);
            return Err(Error::NoRoom);
        }
        self.held = bytes;
        Ok(())
    }

    /// Shrinks to `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        if bytes >= self.held {
            return;
        }
        let small = self.held.min(SMALL) - bytes.min(SMALL);
        self.budget.small.give_back(small);
        self.budget.large.give_back(self.held - bytes - small);
        self.held = bytes;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// The limits of responses: the size of each, and the memory that all take until they are sent.
#[derive(Clone, Debug)]
pub struct Answers {
    budget: Arc<Budget>,
    /// The maximum size of a response.
    most: usize,
}

impl Answers {
    /// Makes limits for all responses together, and for each.
    pub fn new(together: usize, each: usize) -> Self {
        Self {
            budget: Budget::new(together),
            most: each,
        }
    }

    /// Returns the room for a response, or for the data it is made of.
    pub fn room(&self, holder: impl Into<Holder>) -> Room {
        let share = self.budget.share(holder);
        Room {
            most: self.most.min(share.ceiling()),
            share: Some(share),
            taken: 0,
            failure: None,
        }
    }
}

/// The room for a response, counted while it is written.
#[derive(Debug)]
pub struct Room {
    most: usize,
    share: Option<Share>,
    taken: usize,
    /// The reason why the room is used up.
    failure: Option<Error>,
}

/// How many bytes are taken from the budget at once.
const STEP: usize = 16 << 10;

impl Room {
    /// Returns unlimited room, for data that no client can make large.
    pub fn unlimited() -> Self {
        Self {
            most: usize::MAX,
            share: None,
            taken: 0,
            failure: None,
        }
    }

    /// Returns room for `bytes` outside any budget.
    pub fn of(most: usize) -> Self {
        Self {
            most,
            ..Self::unlimited()
        }
    }

    /// Takes `bytes`; returns whether there is room for them.
    pub fn has(&mut self, bytes: usize) -> bool {
        self.reaches(self.taken.saturating_add(bytes))
    }

    /// Grows to `bytes` in total; returns whether there is room for them.
    pub fn reaches(&mut self, bytes: usize) -> bool {
        if self.failure.is_some() {
            return false;
        }
        if bytes > self.most {
            self.failure = Some(Error::AnswerTooLarge(self.most >> 20));
        } else if let Some(share) = &mut self.share
            && bytes > share.held()
        {
            self.failure = share.grow_to(bytes.next_multiple_of(STEP)).err();
        }
        self.taken = self.taken.max(bytes);
        self.failure.is_none()
    }

    /// Whether the room is used up.
    pub fn is_full(&self) -> bool {
        self.failure.is_some()
    }

    /// Fails if the room is used up.
    pub fn check(&mut self) -> Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Returns the bytes that were taken from the budget.
    pub fn into_share(self) -> Option<Share> {
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n68_an_answer_has_room_as_long_as_there_is_some() {
        let answers = Answers::new(8 << 20, 1 << 20);
        let mut room = answers.room(Holder::Guest);
        assert!(room.reaches(1 << 20));
        assert!(!room.has(1));
        assert!(matches!(room.check(), Err(Error::AnswerTooLarge(1))));
        let mut others: Vec<Room> = Vec::new();
        let refused = loop {
            let mut other = answers.room(Holder::Guest);
            if !other.has(1 << 20) {
                break other.check();
            }
            others.push(other);
        };
        assert!(matches!(refused, Err(Error::NoRoom)));
        assert_eq!(others.len(), 2);
        drop(room);
        assert!(answers.room(Holder::Guest).has(1 << 20));
    }

    #[test]
    fn shares_come_from_one_budget_and_go_back() {
        let budget = Budget::new(4 << 20);
        let mut first = budget.share(Holder::Guest);
        first.grow_to(1 << 20).unwrap();
        assert_eq!(first.held(), 1 << 20);
        let mut second = budget.share(Holder::Guest);
        // Guests get half of the three quarters for large shares.
        assert!(second.grow_to(1 << 20).is_err());
        assert_eq!(second.held(), 0);
        // A small share still has room.
        second.grow_to(SMALL).unwrap();
        assert!(second.take(1 << 20).is_err());
        assert_eq!(second.held(), SMALL);
        first.shrink_to(100);
        second.take(1 << 20).unwrap();
        drop((first, second));
        let mut again = budget.share(Holder::Guest);
        again.grow_to((3 << 19) + SMALL).unwrap();
        assert!(again.take(1).is_err());
    }
}
