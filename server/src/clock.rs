//! Points in time as the API and the tables hold them, and the clock that tells them.
//!
//! The clock is a part of [`App`](crate::app::App), of every connection to the database and of every request, so that
//! tests can move it. Time limits are measured with the monotonic clock (`Instant`) instead, which this module has no
//! part in.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A point in time in UTC, to the millisecond: its text sorts as the times do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Makes a timestamp of Unix time, in seconds.
    pub fn from_unix(seconds: i64) -> Self {
        Self(jiff::Timestamp::from_second(seconds).unwrap_or_default())
    }

    /// Unix time, in seconds.
    pub fn unix(self) -> i64 {
        self.0.as_second()
    }

    /// Unix time, in milliseconds.
    pub fn unix_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Unix time, in whole minutes.
    pub fn unix_minutes(self) -> i64 {
        self.unix().div_euclid(60)
    }

    /// Converts to jiff's type, for calendars and time zones.
    pub fn to_jiff(self) -> jiff::Timestamp {
        self.0
    }

    /// Reads the text that [`fmt::Display`] writes, and any other form of RFC 3339.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp)
    }
}

/// Saturates at the last timestamp.
impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.0.saturating_add(duration).map_or(self, Self)
    }
}

/// Saturates at the ends of the range.
impl Add<SignedDuration> for Timestamp {
    type Output = Self;

    fn add(self, duration: SignedDuration) -> Self {
        self.0.saturating_add(duration).map_or(self, Self)
    }
}

/// Saturates at the first timestamp.
impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.0.saturating_sub(duration).map_or(self, Self)
    }
}

/// Saturates at the ends of the range.
impl Sub<SignedDuration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: SignedDuration) -> Self {
        self.0.saturating_sub(duration).map_or(self, Self)
    }
}

impl Sub for Timestamp {
    type Output = SignedDuration;

    fn sub(self, earlier: Self) -> SignedDuration {
        self.0.duration_since(earlier.0)
    }
}

/// `2024-01-31 10:00:00.000Z`
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_utc(TimeZone::UTC.to_datetime(self.0)))
    }
}

/// Formats a date and time of UTC as they are stored and sent: `2024-01-31 10:00:00.000Z`.
pub fn format_utc(utc: DateTime) -> String {
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}Z",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second(),
        utc.millisecond()
    )
}

/// Tells the time; clones tell the same. A production server's is the machine's clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Machine,
    /// By how many milliseconds it is ahead of the machine's clock.
    Adjusted(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn machine() -> Self {
        Self(Source::Machine)
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the machine's clock"
        )]
        let now = Timestamp(jiff::Timestamp::now());
        match &self.0 {
            Source::Machine => now,
            Source::Adjusted(_) => self.adjust(now),
        }
    }

    /// Moves a time that another clock told, such as the database's, by as much as this clock was moved.
    pub(crate) fn adjust(&self, told: Timestamp) -> Timestamp {
        match &self.0 {
            Source::Machine => told,
            Source::Adjusted(ahead) => {
                told + SignedDuration::from_millis(ahead.load(Ordering::Relaxed))
            }
        }
    }
}

/// A clock that tests move. It goes on from where it was set.
#[derive(Clone, Debug, Default)]
pub struct AdjustableClock(Arc<AtomicI64>);

impl AdjustableClock {
    /// The clock that is moved.
    pub fn clock(&self) -> Clock {
        Clock(Source::Adjusted(Arc::clone(&self.0)))
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::Relaxed);
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, to: Timestamp) {
        let ahead = (to - Clock::machine().now()).as_millis();
        self.0
            .store(i64::try_from(ahead).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_text_that_sorts() {
        let timestamp = Timestamp::parse("2024-01-31 10:20:30.4567+02:00").unwrap();
        assert_eq!(timestamp.to_string(), "2024-01-31 08:20:30.456Z");
    }

    #[test]
    fn an_adjusted_clock_goes_on_from_where_it_was_set() {
        let adjustable = AdjustableClock::default();
        let (clock, to) = (adjustable.clock(), Timestamp::from_unix(1_000_000_000));
        adjustable.set(to);
        let since = || (clock.now() - to).as_secs();
        assert!((0..5).contains(&since()), "{}", since());
        adjustable.advance(Duration::from_secs(3600));
        assert!((3600..3605).contains(&since()), "{}", since());
        let told = Clock::machine().now();
        assert!((clock.now() - clock.adjust(told)).as_secs() < 5);
    }
}
