//! The delays: how many failures are free, and how long the next try has to wait after more. The README has the reasons.

/// The kinds of counters of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One client that claims one identity.
    Pair,
    /// One identity, whoever claims it.
    Identity,
    /// One address, whoever it claims to be.
    Address,
}

impl Kind {
    /// Returns the name in the database and the API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Identity => "identity",
            Self::Address => "address",
        }
    }
}

/// The kinds of secrets that are guessed. Each purpose is counted separately: who knows the password must not clear the count of second
/// factors by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A password.
    Password,
    /// A one-time password from a mail.
    OneTimePassword,
    /// A second factor or a recovery code, by somebody who has shown the first factor.
    SecondFactor,
    /// An address that an account wants to have; the answer tells whether somebody else has it.
    NewAddress,
    /// A mail to an address. Nobody learns what becomes of it, so each request counts.
    Mail,
    /// The token of a link, or the code with which another service tells who somebody is.
    Link,
}

impl Purpose {
    pub(crate) const ALL: [Self; 6] = [
        Self::Password,
        Self::OneTimePassword,
        Self::SecondFactor,
        Self::NewAddress,
        Self::Mail,
        Self::Link,
    ];

    /// Returns the name in the database and the API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::OneTimePassword => "one-time-password",
            Self::SecondFactor => "second-factor",
            Self::NewAddress => "new-address",
            Self::Mail => "mail",
            Self::Link => "link",
        }
    }

    /// Whether the purpose is guessed by identity. Tokens are too long to guess, and mails have a limit of their own.
    pub(super) fn has_identity(self) -> bool {
        match self {
            Self::Password | Self::OneTimePassword | Self::SecondFactor | Self::NewAddress => true,
            Self::Mail | Self::Link => false,
        }
    }

    /// Whether only the account itself can fail.
    pub(super) fn is_ones_own(self) -> bool {
        match self {
            Self::SecondFactor | Self::NewAddress => true,
            Self::Password | Self::OneTimePassword | Self::Mail | Self::Link => false,
        }
    }
}

/// How failures become a delay. Times are in milliseconds.
#[derive(Debug)]
pub(super) struct Rule {
    /// The name in the database.
    pub(super) name: &'static str,
    /// How many failures have no consequence.
    pub(super) free: i64,
    /// The first delay.
    first: i64,
    /// After how many more failures the delay doubles.
    step: i64,
    /// The longest delay.
    max: i64,
    /// The time after which one failure is forgotten.
    pub(super) fade: i64,
    /// How many failures are counted at most.
    most: i64,
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// A client at an address of its own, or a device that is known: nobody else is delayed.
pub(super) const STRICT: Rule = Rule {
    name: "strict",
    free: 10,
    first: 30 * SECOND,
    step: 1,
    max: HOUR,
    fade: HOUR,
    most: 24,
};
/// A client whose address others have too: it may be the owner who is delayed.
pub(super) const SHARED: Rule = Rule {
    name: "shared",
    first: 5 * SECOND,
    max: 5 * SECOND,
    ..STRICT
};
/// An identity that is tried from many addresses.
pub(super) const IDENTITY: Rule = Rule {
    name: "identity",
    free: 20,
    first: SECOND,
    step: 20,
    max: 5 * SECOND,
    fade: 10 * MINUTE,
    most: 144,
};
/// An address at which many identities are tried.
pub(super) const ADDRESS: Rule = Rule {
    name: "address",
    free: 100,
    first: 10 * SECOND,
    step: 10,
    max: MINUTE,
    fade: 30 * SECOND,
    most: 200,
};
/// Requests that cost the server something and can guess nothing.
pub(super) const REQUESTS: Rule = Rule {
    name: "requests",
    free: 100,
    first: 5 * SECOND,
    step: 10,
    max: 5 * SECOND,
    fade: MINUTE,
    most: 200,
};

/// Every rule.
pub(super) static ALL: [&Rule; 5] = [&STRICT, &SHARED, &IDENTITY, &ADDRESS, &REQUESTS];

impl Rule {
    /// Returns the number of failures that are not forgotten.
    pub(super) fn failures(&self, cleared: i64, now: i64) -> i64 {
        let left = (cleared - now).max(0);
        (left + self.fade - self.slack()) / self.fade
    }

    /// Returns how long it takes at least until everything is forgotten, after as many failures as are free.
    pub(super) fn beyond_free(&self) -> i64 {
        (self.free - 1) * self.fade + self.slack()
    }

    /// Returns how much earlier a failure is forgotten: servers whose clocks differ a little must agree on the number.
    fn slack(&self) -> i64 {
        self.fade / 4
    }

    /// Returns how long a try has to wait after this many failures.
    pub(super) fn delay(&self, failures: i64) -> i64 {
        if failures < self.free {
            return 0;
        }
        let doublings = ((failures - self.free) / self.step).min(30);
        (self.first << doublings).min(self.max)
    }

    /// Returns for how long everything counts at most.
    pub(super) fn longest(&self) -> i64 {
        self.most * self.fade
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_their_limit() {
        let delays = |rule: &Rule, failures: &[i64]| -> Vec<i64> {
            failures.iter().map(|n| rule.delay(*n) / SECOND).collect()
        };
        assert_eq!(
            delays(&STRICT, &[0, 9, 10, 11, 12, 16, 17, 24]),
            [0, 0, 30, 60, 120, 1920, 3600, 3600]
        );
        assert_eq!(delays(&SHARED, &[9, 10, 24]), [0, 5, 5]);
        assert_eq!(
            delays(&IDENTITY, &[19, 20, 39, 40, 60, 80, 144]),
            [0, 1, 1, 2, 4, 5, 5]
        );
        assert_eq!(
            delays(&ADDRESS, &[99, 100, 109, 110, 120, 130, 200]),
            [0, 10, 10, 20, 40, 60, 60]
        );
    }

    #[test]
    fn failures_are_forgotten_one_after_the_other() {
        let hours = |hours: i64| STRICT.failures(3 * HOUR, hours * HOUR);
        assert_eq!(
            [hours(0), hours(1), hours(2), hours(3), hours(4)],
            [3, 2, 1, 0, 0]
        );
        let minutes = |minutes: i64| STRICT.failures(3 * HOUR, minutes * MINUTE);
        assert_eq!([minutes(-14), minutes(45), minutes(46)], [3, 3, 2]);
        assert_eq!(STRICT.failures(0, 0), 0);
        for rule in ALL {
            assert_eq!(rule.failures(rule.beyond_free(), 0), rule.free);
            assert_eq!(rule.failures(rule.beyond_free() - 1, 0), rule.free - 1);
        }
    }
}
