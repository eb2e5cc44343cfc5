//! Time budgets: how much work of the shared tasks each client, account and address may cause.
//!
//! Each of them has a [`Purse`], a token bucket of seconds. Before a query runs, its time limit is taken from the
//! purses; afterwards its real time is charged to them. A client that has overdrawn its purse is disconnected, and
//! has to wait before it subscribes to anything costly again: [`Budgets::cool_down`].

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::outbound::is_public;

/// The time limit of one query, including its rule, filter, expanded records and rendering.
pub(super) const MAX_QUERY: Duration = Duration::from_millis(250);
/// A query that would get less time than this is not run.
const MIN_QUERY: Duration = Duration::from_millis(1);
/// A query that took no longer than this is cheap: it may overdraw the purse that all guests share.
const CHEAP: Duration = Duration::from_millis(3);
/// A part of a shared query's cost that is too small to be charged to each client.
const NEGLIGIBLE: f64 = 20e-6;
/// The fixed cost of a subscription, in addition to the time for parsing it.
pub(super) const SUBSCRIBING: Duration = Duration::from_millis(1);
/// The first pause of a client that was disconnected, and the longest. The pause doubles while the client is
/// disconnected again.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long a pause is remembered.
const REMEMBERED: Duration = Duration::from_secs(120);
/// How many purses, costs and pauses are kept before those are dropped that are equal to new ones.
const MAX_KEPT: usize = 20_000;

/// The owner of a purse. A guest is a client at an address, and also shares a purse with all guests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Payer {
    /// The connection of a guest, by its id.
    Client(Arc<str>),
    /// An account, by the ids of its collection and record.
    Account(String, String),
    /// All clients at an address.
    Address(IpAddr),
    /// All guests.
    Guests,
    /// All accounts.
    Accounts,
}

/// The size of a purse, and how it is refilled.
struct Terms {
    /// The maximum, in seconds.
    most: f64,
    /// Seconds that are added each second.
    per_second: f64,
    /// Seconds that are added for each change that is delivered.
    per_change: f64,
}

impl Payer {
    fn terms(&self) -> Terms {
        let (most, per_second, per_change) = match self {
            Self::Client(_) | Self::Account(..) => (0.25, 0.1, 0.001),
            Self::Address(_) => (0.5, 0.25, 0.002),
            Self::Guests => (1.0, 0.5, 0.005),
            Self::Accounts => (2.0, 0.75, 0.01),
        };
        Terms {
            most,
            per_second,
            per_change,
        }
    }

    fn is_shared(&self) -> bool {
        matches!(self, Self::Guests | Self::Accounts)
    }
}

/// A guest's connection or an account: their own purses are charged before shared ones.
#[derive(Clone, Debug)]
pub(super) struct Paying {
    own: Payer,
    address: Option<IpAddr>,
}

impl Paying {
    /// A guest at an address.
    pub(super) fn guest(client: &Arc<str>, address: Option<IpAddr>) -> Self {
        Self {
            own: Payer::Client(Arc::clone(client)),
            address,
        }
    }

    /// An account.
    pub(super) fn account(collection: &str, record: &str) -> Self {
        Self {
            own: Payer::Account(collection.to_owned(), record.to_owned()),
            address: None,
        }
    }

    /// Returns the payer's own purses. A private address is that of a proxy: its clients have nothing in common.
    fn purses(&self) -> impl Iterator<Item = Payer> + '_ {
        let address = self.address.filter(|address| is_public(*address));
        std::iter::once(self.own.clone()).chain(address.map(Payer::Address))
    }

    fn all(&self) -> Payer {
        match self.own {
            Payer::Account(..) | Payer::Accounts => Payer::Accounts,
            Payer::Client(_) | Payer::Address(_) | Payer::Guests => Payer::Guests,
        }
    }

    /// Returns the owner that has to wait after it was disconnected. For a guest this is the address, since it would
    /// return as another client.
    fn pausing(&self) -> Payer {
        match (&self.own, self.address) {
            (Payer::Client(_), Some(address)) => Payer::Address(address),
            (own, _) => own.clone(),
        }
    }
}

/// A query that is repeated for each change: a hash of the payer and the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question(u64);

/// Seconds of work that may be used; a negative number means that the purse is overdrawn.
struct Purse {
    left: f64,
    at: Instant,
    changes: u64,
}

/// A pause after a disconnection, and when it ends.
struct Pause {
    until: Instant,
    lasts: Duration,
}

/// All purses, the costs of queries, and the pauses.
#[derive(Default)]
pub(super) struct Budgets {
    kept: Mutex<Kept>,
    hasher: RandomState,
}

#[derive(Default)]
struct Kept {
    purses: HashMap<Payer, Purse>,
    costs: HashMap<Question, (Duration, Instant)>,
    pauses: HashMap<Payer, Pause>,
    /// The number of changes that were delivered.
    changes: u64,
    /// When entries were last dropped.
    forgotten: Option<Instant>,
}

impl Budgets {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the query that a guest or this account makes with these options.
    pub(super) fn question(&self, account: Option<(&str, &str)>, options: &str) -> Question {
        Question(self.hasher.hash_one((account, options)))
    }

    /// Counts a change that is to be delivered.
    pub(super) fn changed(&self) {
        self.kept().changes += 1;
    }

    /// Returns the recent cost of a query; `None` if it has not run yet.
    pub(super) fn cost(&self, question: Question) -> Option<Duration> {
        self.kept().costs.get(&question).map(|(cost, _)| *cost)
    }

    /// Returns the time limit of a query for these payers; `None` if they have overdrawn. A query that never ran is
    /// assumed to cost `unknown`.
    pub(super) fn allowance<'p>(
        &self,
        question: Question,
        unknown: Duration,
        paying: impl Iterator<Item = &'p Paying>,
    ) -> Option<Duration> {
        let (now, mut kept) = (Instant::now(), self.kept());
        let most = MAX_QUERY.as_secs_f64();
        let cost = kept.costs.get(&question).map_or(unknown, |(cost, _)| *cost);
        let is_cheap = cost <= CHEAP;
        let (mut own, mut shared) = (0.0, most);
        for paying in paying {
            shared = kept.left(&paying.all(), now);
            if is_cheap {
                shared += paying.all().terms().most;
            }
            let left = paying.purses().map(|payer| kept.left(&payer, now));
            own += left.fold(most, f64::min).max(0.0);
            if own >= most {
                break;
            }
        }
        let left = Duration::try_from_secs_f64(own.min(shared).min(most)).unwrap_or_default();
        (left >= MIN_QUERY).then_some(left)
    }

    /// Charges the time of a query to its payers, in equal parts.
    pub(super) fn charge<'p>(
        &self,
        question: Question,
        took: Duration,
        paying: impl ExactSizeIterator<Item = &'p Paying>,
    ) {
        let (now, mut kept) = (Instant::now(), self.kept());
        let took_before = kept.costs.get(&question).map(|(cost, _)| *cost / 2);
        let cost = took.max(took_before.unwrap_or_default());
        kept.costs.insert(question, (cost, now));
        let count = u32::try_from(paying.len()).unwrap_or(u32::MAX).max(1);
        let share = took.as_secs_f64() / f64::from(count);
        let mut all = None;
        for paying in paying {
            all.get_or_insert_with(|| paying.all());
            if share < NEGLIGIBLE {
                break;
            }
            for payer in paying.purses() {
                kept.charge(payer, share, now);
            }
        }
        if let Some(all) = all {
            kept.charge(all, took.as_secs_f64(), now);
        }
        kept.forget(now);
    }

    /// Charges work to one payer only. Returns `false` if its purse was overdrawn before.
    pub(super) fn charge_one(&self, paying: &Paying, time: Duration) -> bool {
        let (now, mut kept) = (Instant::now(), self.kept());
        let has_some = kept.left(&paying.own, now) > 0.0;
        kept.charge(paying.own.clone(), time.as_secs_f64(), now);
        has_some
    }

    /// Makes a disconnected payer wait before it subscribes again; longer each time.
    pub(super) fn cool_down(&self, paying: &Paying) {
        let (now, mut kept) = (Instant::now(), self.kept());
        let pause = kept.pauses.get(&paying.pausing());
        let lasts = match pause {
            Some(pause) if pause.until > now => return,
            Some(pause) if is_recent(pause.until, now) => (pause.lasts * 2).min(LONGEST_PAUSE),
            Some(_) | None => FIRST_PAUSE,
        };
        let until = now + lasts;
        kept.pauses.insert(paying.pausing(), Pause { until, lasts });
        kept.forget(now);
    }

    /// Whether a disconnected payer still has to wait. It need not if all of its queries are known to be cheap.
    pub(super) fn must_wait(&self, paying: &Paying, questions: &[Question]) -> bool {
        let kept = self.kept();
        let pause = kept.pauses.get(&paying.pausing());
        let cost = |question: &Question| kept.costs.get(question).map(|(cost, _)| *cost);
        let is_cheap = |question: &Question| cost(question).is_some_and(|cost| cost <= CHEAP);
        pause.is_some_and(|pause| pause.until > Instant::now()) && !questions.iter().all(is_cheap)
    }
}

impl Kept {
    /// Returns the seconds in a purse.
    fn left(&mut self, payer: &Payer, now: Instant) -> f64 {
        let terms = payer.terms();
        let Some(purse) = self.purses.get_mut(payer) else {
            return terms.most;
        };
        let elapsed = now.saturating_duration_since(purse.at).as_secs_f64();
        #[expect(
            clippy::cast_precision_loss,
            reason = "changes since the last look are few"
        )]
        let changes = (self.changes - purse.changes) as f64;
        let filled = elapsed * terms.per_second + changes * terms.per_change;
        purse.left = (purse.left + filled).min(terms.most);
        purse.at = now;
        purse.changes = self.changes;
        purse.left
    }

    /// Takes seconds out of a purse. A shared purse is never overdrawn by more than its size.
    fn charge(&mut self, payer: Payer, seconds: f64, now: Instant) {
        let mut left = self.left(&payer, now) - seconds;
        if payer.is_shared() {
            left = left.max(-payer.terms().most);
        }
        let purse = Purse {
            left,
            at: now,
            changes: self.changes,
        };
        self.purses.insert(payer, purse);
    }

    /// Drops entries that are equal to new ones, once there are many. Since this takes time, it is not done too
    /// often.
    fn forget(&mut self, now: Instant) {
        let count = self.purses.len() + self.costs.len() + self.pauses.len();
        if count < MAX_KEPT || self.forgotten.is_some_and(|at| is_recent(at, now)) {
            return;
        }
        self.forgotten = Some(now);
        self.purses.retain(|_, purse| is_recent(purse.at, now));
        self.costs.retain(|_, (_, at)| is_recent(*at, now));
        self.pauses.retain(|_, pause| is_recent(pause.until, now));
    }
}

fn is_recent(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(client: &str, address: &str) -> Paying {
        Paying::guest(&client.into(), address.parse().ok())
    }

    const SLOW: Duration = Duration::from_millis(200);

    #[test]
    fn n66_a_guest_that_has_spent_its_time_waits_and_others_do_not() {
        let budgets = Budgets::default();
        let (hostile, honest) = (guest("a", "1.1.1.1"), guest("b", "8.8.8.8"));
        let (slow, quick) = (
            budgets.question(None, "slow"),
            budgets.question(None, "quick"),
        );
        assert_eq!(
            budgets.allowance(slow, SLOW, [&hostile].into_iter()),
            Some(MAX_QUERY)
        );
        for _ in 0..2 {
            budgets.charge(slow, SLOW, [&hostile].into_iter());
        }
        assert_eq!(budgets.allowance(slow, SLOW, [&hostile].into_iter()), None);
        let left = budgets.allowance(quick, SLOW, [&honest].into_iter());
        assert_eq!(left, Some(MAX_QUERY));

        budgets.cool_down(&hostile);
        let again = guest("c", "1.1.1.1");
        assert!(budgets.must_wait(&again, &[slow]));
        assert!(
            !budgets.must_wait(&again, &[]),
            "what is no work need not wait"
        );
        assert!(!budgets.must_wait(&honest, &[slow]));
    }

    #[test]
    fn n66_many_guests_share_one_purse_and_what_is_cheap_comes_through() {
        let budgets = Budgets::default();
        let quick = budgets.question(None, "quick");
        let honest = guest("honest", "8.8.8.8");
        budgets.charge(quick, Duration::from_micros(200), [&honest].into_iter());
        for n in 0..6 {
            let slow = budgets.question(None, &format!("slow {n}"));
            let hostile = guest(&format!("hostile {n}"), &format!("1.1.1.{n}"));
            budgets.charge(slow, SLOW, [&hostile].into_iter());
        }
        let fresh = budgets.question(None, "fresh");
        let newcomer = guest("newcomer", "9.9.9.9");
        assert_eq!(
            budgets.allowance(fresh, SLOW, [&newcomer].into_iter()),
            None
        );
        assert!(
            budgets
                .allowance(quick, SLOW, [&honest].into_iter())
                .is_some()
        );
        let account = Paying::account("users", "ann");
        assert!(
            budgets
                .allowance(fresh, SLOW, [&account].into_iter())
                .is_some()
        );
    }

    #[test]
    fn n66_guests_at_one_public_address_share_a_purse_and_behind_a_proxy_do_not() {
        for (address, shared) in [("1.1.1.1", true), ("10.0.0.1", false), ("127.0.0.1", false)] {
            let budgets = Budgets::default();
            for n in 0..3 {
                let slow = budgets.question(None, &format!("slow {n}"));
                budgets.charge(slow, SLOW, [&guest(&n.to_string(), address)].into_iter());
            }
            let fresh = budgets.question(None, "fresh");
            let left = budgets.allowance(fresh, SLOW, [&guest("fresh", address)].into_iter());
            assert_eq!(left.is_none(), shared, "{address}: {left:?}");
        }
    }

    #[test]
    fn n66_who_is_cut_off_again_waits_longer() {
        let budgets = Budgets::default();
        let hostile = guest("a", "127.0.0.1");
        let lasts = || budgets.kept().pauses[&hostile.pausing()].lasts;
        let is_over = || {
            let mut kept = budgets.kept();
            let pause = kept.pauses.get_mut(&hostile.pausing());
            pause.unwrap().until = Instant::now();
        };
        for expected in [5, 10, 20] {
            budgets.cool_down(&hostile);
            budgets.cool_down(&hostile);
            assert_eq!(lasts(), Duration::from_secs(expected));
            is_over();
        }
    }
}
