//! Budgets of time: how much work of the shared tasks each client, account and address may claim.
//!
//! Each has a [`Purse`], a token bucket of seconds. The work of a question is limited by what the purses hold before it begins, and charged to them
//! afterwards. Who has overdrawn is cut off, and waits before the next subscription that is work: [`Budgets::cool_down`].

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::outbound::is_public;

/// The most time that one question may take: the rule, the filter, what is expanded and rendered.
pub(super) const MAX_QUESTION: Duration = Duration::from_millis(250);
/// Less time than this is not worth a question.
const MIN_QUESTION: Duration = Duration::from_millis(1);
/// A question that took no longer is cheap: it may overdraw what all guests share.
const CHEAP: Duration = Duration::from_millis(3);
/// A share of a shared question that is not worth charging to each of those who have it.
const NEGLIGIBLE: f64 = 20e-6;
/// What a subscription costs besides the time to read it.
pub(super) const SUBSCRIBING: Duration = Duration::from_millis(1);
/// The first pause of who was cut off, and the longest. It doubles while they are cut off again.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long a pause is remembered.
const REMEMBERED: Duration = Duration::from_secs(120);
/// How many purses, costs and pauses are kept before those are forgotten that are as good as new.
const MAX_KEPT: usize = 20_000;

/// Whose work it is. A guest is a client at an address, and shares with all guests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Payer {
    /// A guest's connection, by its id.
    Client(Arc<str>),
    /// An account, by the ids of its collection and its own.
    Account(String, String),
    /// Everybody at an address.
    Address(IpAddr),
    /// All guests.
    Guests,
    /// All accounts.
    Accounts,
}

/// How much a purse holds, and how it fills again.
struct Terms {
    /// The most seconds in it.
    most: f64,
    /// Seconds that come back each second.
    per_second: f64,
    /// Seconds that come with each change that there is to be told.
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

/// A guest's connection or an account: those who pay for themselves, before what they share.
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

    /// The purses of its own. A private address is a proxy's: those behind it have nothing in common.
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

    /// Who waits after it was cut off: a guest would come back as another client.
    fn pausing(&self) -> Payer {
        match (&self.own, self.address) {
            (Payer::Client(_), Some(address)) => Payer::Address(address),
            (own, _) => own.clone(),
        }
    }
}

/// A question that comes again with each change: a hash of whose it is and of its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question(u64);

/// Seconds of work that may be claimed; below zero it is overdrawn.
struct Purse {
    left: f64,
    at: Instant,
    changes: u64,
}

/// Who was cut off waits until then.
struct Pause {
    until: Instant,
    lasts: Duration,
}

/// The purses of everybody, the costs of questions, and the pauses.
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
    /// How many changes there were to tell.
    changes: u64,
    /// When there was last so much that some was forgotten.
    forgotten: Option<Instant>,
}

impl Budgets {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The question that these options are, asked by a guest or by this account.
    pub(super) fn question(&self, account: Option<(&str, &str)>, options: &str) -> Question {
        Question(self.hasher.hash_one((account, options)))
    }

    /// Says that there is another change to tell.
    pub(super) fn changed(&self) {
        self.kept().changes += 1;
    }

    /// What the question cost the last times; `None` when it is new.
    pub(super) fn cost(&self, question: Question) -> Option<Duration> {
        self.kept().costs.get(&question).map(|(cost, _)| *cost)
    }

    /// The time that a question of these may take now; `None` when they have overdrawn. It is taken to cost `unknown`
    /// if it was never asked.
    pub(super) fn allowance<'p>(
        &self,
        question: Question,
        unknown: Duration,
        paying: impl Iterator<Item = &'p Paying>,
    ) -> Option<Duration> {
        let (now, mut kept) = (Instant::now(), self.kept());
        let most = MAX_QUESTION.as_secs_f64();
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
        (left >= MIN_QUESTION).then_some(left)
    }

    /// Charges the time that a question took to those who asked it, in equal parts.
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

    /// Charges work to one who pays, and to nobody else. Gives `false` when it had overdrawn before.
    pub(super) fn charge_one(&self, paying: &Paying, time: Duration) -> bool {
        let (now, mut kept) = (Instant::now(), self.kept());
        let has_some = kept.left(&paying.own, now) > 0.0;
        kept.charge(paying.own.clone(), time.as_secs_f64(), now);
        has_some
    }

    /// Lets who was cut off wait before it subscribes again; longer each time.
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

    /// Whether one that was cut off still has to wait, unless all of its questions are known to be cheap.
    pub(super) fn must_wait(&self, paying: &Paying, questions: &[Question]) -> bool {
        let kept = self.kept();
        let pause = kept.pauses.get(&paying.pausing());
        let cost = |question: &Question| kept.costs.get(question).map(|(cost, _)| *cost);
        let is_cheap = |question: &Question| cost(question).is_some_and(|cost| cost <= CHEAP);
        pause.is_some_and(|pause| pause.until > Instant::now()) && !questions.iter().all(is_cheap)
    }
}

impl Kept {
    /// The seconds that a purse holds.
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

    /// Takes seconds out of a purse. What is shared by many is never overdrawn by more than it may hold.
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

    /// Forgets what makes no difference any more, once there is much; that takes time, so not too often.
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
            Some(MAX_QUESTION)
        );
        for _ in 0..2 {
            budgets.charge(slow, SLOW, [&hostile].into_iter());
        }
        assert_eq!(budgets.allowance(slow, SLOW, [&hostile].into_iter()), None);
        let left = budgets.allowance(quick, SLOW, [&honest].into_iter());
        assert_eq!(left, Some(MAX_QUESTION));

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
