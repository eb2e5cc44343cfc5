//! Shares of the connections: how many queries of unknown cost one caller may run at once, and for how long.
//!
//! Filters, sorts and expansions come from clients, so their cost is unknown before they run. They share a part of the
//! connections; the rest is for what the server always needs: sign-ins, tokens, lookups by key, writes. Within that part each
//! kind of caller has a lane, and each caller a few slots: fewer for a while after a query that took long. So ordinary clients
//! notice nothing, and a client that sends slow queries waits for its own.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::error::{Error, Result, TOO_MANY};

/// A query that takes longer counts as slow.
const SLOW: Duration = Duration::from_millis(250);
/// How long a caller then has fewer slots.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How long a request waits for a slot of its own caller.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// How long a request waits for other callers.
const MAX_WAIT_FOR_OTHERS: Duration = Duration::from_secs(10);
/// How many callers are remembered before idle ones are forgotten.
const MANY: usize = 1024;

/// The caller that a query counts against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Claimant {
    /// The server itself, for queries that it or its operators wrote. It takes no caller's slot.
    Server,
    /// A guest, by address.
    Guest(IpAddr),
    /// A signed-in account, by collection and id.
    Account(String, String),
    /// A superuser, by id.
    Superuser(String),
}

impl Claimant {
    /// Returns how long its queries may take.
    pub(super) fn max_time(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Guest(_) => 3,
            Self::Account(..) => 10,
            Self::Server | Self::Superuser(_) => 30,
        })
    }
}

/// The slots of all callers.
pub(super) struct Shares {
    /// The lane of all callers.
    all: Arc<Semaphore>,
    /// The lane of guests and accounts.
    accounts: Arc<Semaphore>,
    /// The lane of guests.
    guests: Arc<Semaphore>,
    places: [Places; 3],
    callers: Mutex<HashMap<Claimant, Caller>>,
    max_wait: Duration,
}

/// How many slots a caller of one kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Places {
    usual: usize,
    when_slow: usize,
}

#[derive(Default)]
struct Caller {
    running: usize,
    /// Waiting requests are handed the slot itself, so that no other overtakes them.
    waiting: VecDeque<oneshot::Sender<Slot>>,
    /// When its last slow query ended.
    slow: Option<Instant>,
}

impl Caller {
    fn is_slow(&self) -> bool {
        self.slow.is_some_and(|slow| slow.elapsed() < REMEMBERED)
    }

    fn is_idle(&self) -> bool {
        self.running == 0 && self.waiting.is_empty() && !self.is_slow()
    }

    fn has_place(&self, places: Places) -> bool {
        let most = if self.is_slow() {
            places.when_slow
        } else {
            places.usual
        };
        self.running < most
    }
}

/// One of a caller's slots, until it is dropped.
struct Slot {
    shares: Arc<Shares>,
    claimant: Claimant,
    /// When its query began.
    begun: Option<Instant>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let was_slow = self.begun.is_some_and(|begun| begun.elapsed() > SLOW);
        self.shares.release(&self.claimant, was_slow);
    }
}

/// A slot and a permit of each lane, until it is dropped. The permits are dropped first, so that the next holder of the slot
/// finds them free.
pub(super) struct Share {
    _lanes: Vec<OwnedSemaphorePermit>,
    slot: Slot,
}

impl Share {
    /// Marks the start of the query.
    pub(super) fn begin(&mut self) {
        self.slot.begun = Some(Instant::now());
    }
}

/// Waits for a permit of a lane; returns `too_long` if that takes too long.
pub(super) async fn enter(lane: &Arc<Semaphore>, too_long: Error) -> Result<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(lane).try_acquire_owned() {
        return Ok(place);
    }
    let place = Arc::clone(lane).acquire_owned();
    let place = tokio::time::timeout(MAX_WAIT_FOR_OTHERS, place).await;
    place.map_err(|_| too_long)?.map_err(Error::internal)
}

impl Shares {
    /// Makes the shares of `open` connections. The guests of one address have `slow_guest` slots for slow queries.
    pub(super) fn of(open: usize, slow_guest: usize) -> Self {
        let accounts = open - open / 6;
        let guests = (open * 2 / 3).max(1);
        let places = |usual: usize, when_slow: usize, lane: usize| Places {
            usual: usual.max(when_slow).clamp(1, lane),
            when_slow: when_slow.clamp(1, lane),
        };
        Self {
            all: Arc::new(Semaphore::new(open)),
            accounts: Arc::new(Semaphore::new(accounts)),
            guests: Arc::new(Semaphore::new(guests)),
            places: [
                places(open / 3, slow_guest, guests),
                places(open * 2 / 3, 4, accounts),
                places(open, 8, open),
            ],
            callers: Mutex::default(),
            max_wait: MAX_WAIT,
        }
    }

    /// Waits for a share for a query of this caller.
    pub(super) async fn share(self: &Arc<Self>, claimant: &Claimant) -> Result<Share> {
        let places = self.places_of(claimant);
        let slot = match self.slot(claimant, places) {
            Ok(slot) => slot,
            Err(waiting) => {
                let waited = tokio::time::timeout(self.max_wait, waiting).await;
                waited
                    .map_err(|_| Error::TooManyRequests(TOO_MANY))?
                    .map_err(Error::internal)?
            }
        };
        let lanes: &[&Arc<Semaphore>] = match claimant {
            Claimant::Guest(_) => &[&self.guests, &self.accounts, &self.all],
            Claimant::Account(..) => &[&self.accounts, &self.all],
            Claimant::Superuser(_) | Claimant::Server => &[&self.all],
        };
        let mut held = Vec::with_capacity(lanes.len());
        for lane in lanes {
            held.push(enter(lane, Error::Crowded).await?);
        }
        Ok(Share { _lanes: held, slot })
    }

    fn places_of(&self, claimant: &Claimant) -> Places {
        let [guest, account, superuser] = self.places;
        match claimant {
            Claimant::Guest(_) => guest,
            Claimant::Account(..) => account,
            Claimant::Superuser(_) | Claimant::Server => superuser,
        }
    }

    /// Takes one of the caller's slots, or a place in the queue for one.
    fn slot(
        self: &Arc<Self>,
        claimant: &Claimant,
        places: Places,
    ) -> Result<Slot, oneshot::Receiver<Slot>> {
        let mut callers = self.callers();
        if callers.len() >= MANY {
            callers.retain(|_, caller| !caller.is_idle());
        }
        let caller = callers.entry(claimant.clone()).or_default();
        if caller.waiting.is_empty() && caller.has_place(places) {
            caller.running += 1;
            return Ok(self.held(claimant));
        }
        let (turn, waiting) = oneshot::channel();
        caller.waiting.push_back(turn);
        Err(waiting)
    }

    fn held(self: &Arc<Self>, claimant: &Claimant) -> Slot {
        Slot {
            shares: Arc::clone(self),
            claimant: claimant.clone(),
            begun: None,
        }
    }

    /// Returns a slot, to the next request that waits for one.
    fn release(self: &Arc<Self>, claimant: &Claimant, was_slow: bool) {
        let mut is_released = false;
        loop {
            let mut callers = self.callers();
            let Some(caller) = callers.get_mut(claimant) else {
                return;
            };
            if !is_released {
                caller.running = caller.running.saturating_sub(1);
                caller.slow = was_slow.then(Instant::now).or(caller.slow);
                is_released = true;
            }
            let has_place = caller.has_place(self.places_of(claimant));
            if has_place {
                while caller
                    .waiting
                    .front()
                    .is_some_and(oneshot::Sender::is_closed)
                {
                    caller.waiting.pop_front();
                }
            }
            let turn = has_place.then(|| caller.waiting.pop_front()).flatten();
            let Some(turn) = turn else {
                if caller.is_idle() {
                    callers.remove(claimant);
                }
                return;
            };
            caller.running += 1;
            drop(callers);
            // A request that no longer waits drops the slot, which hands it to the next.
            drop(turn.send(self.held(claimant)));
        }
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<Claimant, Caller>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn guest(last: u8) -> Claimant {
        Claimant::Guest([10, 0, 0, last].into())
    }

    fn account(id: &str) -> Claimant {
        Claimant::Account("users".to_owned(), id.to_owned())
    }

    /// As many places as there are at once.
    fn all(shares: &Arc<Shares>, claimant: &Claimant) -> Vec<Share> {
        let mut places = Vec::new();
        while let Some(share) = shares.share(claimant).now_or_never() {
            places.push(share.unwrap());
        }
        places
    }

    #[tokio::test]
    async fn n67_guests_leave_places_to_accounts_and_accounts_to_superusers() {
        let shares = Arc::new(Shares::of(12, 2));
        let one = all(&shares, &guest(1));
        let two = all(&shares, &guest(2));
        let three = all(&shares, &guest(3));
        assert_eq!([one.len(), two.len(), three.len()], [4, 4, 0]);
        let account = all(&shares, &account("a"));
        let superuser = all(&shares, &Claimant::Superuser("s".to_owned()));
        assert_eq!([account.len(), superuser.len()], [2, 2]);
        drop(one);
        assert_eq!(all(&shares, &guest(3)).len(), 4);
    }

    #[tokio::test]
    async fn n67_a_caller_of_slow_queries_has_fewer_places() {
        let shares = Arc::new(Shares::of(12, 2));
        let mut slow = shares.share(&guest(1)).await.unwrap();
        slow.slot.begun = Instant::now().checked_sub(SLOW * 2);
        drop(slow);
        assert_eq!(all(&shares, &guest(1)).len(), 2);
        assert_eq!(all(&shares, &guest(2)).len(), 4);
    }

    #[tokio::test]
    async fn n67_even_the_smallest_pool_has_a_place_for_everybody() {
        let shares = Arc::new(Shares::of(1, 2));
        for claimant in [guest(1), account("a"), Claimant::Superuser("s".to_owned())] {
            assert_eq!(all(&shares, &claimant).len(), 1);
        }
    }

    #[tokio::test]
    async fn n67_who_waits_gets_the_next_place_and_who_waits_too_long_is_told() {
        let mut shares = Shares::of(12, 2);
        shares.max_wait = Duration::from_millis(20);
        let shares = Arc::new(shares);
        let mut places = all(&shares, &guest(1));
        let caller = guest(1);
        let mut waiting = Box::pin(shares.share(&caller));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(places.pop());
        places.push(waiting.await.unwrap());
        let refused = shares.share(&caller).await;
        assert!(matches!(refused, Err(Error::TooManyRequests(_))));
        drop(places);
        assert!(shares.callers().is_empty());
    }
}
