//! Moments, as the wire and the tables hold them: UTC, to the millisecond, sortable as text.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Timestamp);

impl Moment {
    /// The present moment.
    pub fn now() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the clock"
        )]
        let now = Timestamp::now();
        Self(now)
    }

    /// So many seconds after 1970 began.
    pub fn from_unix(seconds: i64) -> Self {
        Self(Timestamp::from_second(seconds).unwrap_or_default())
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0.as_second()
    }

    /// As jiff has it.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// The moment that is this much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        self.0.saturating_add(duration).map_or(self, Self)
    }

    /// The moment that is this much earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        self.0.saturating_sub(duration).map_or(self, Self)
    }

    /// Reads what [`Moment`] is displayed as.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp)
    }
}

/// `2024-01-31 10:00:00.000Z`
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&written(TimeZone::UTC.to_datetime(self.0)))
    }
}

/// The form in which moments are stored and sent: `2024-01-31 10:00:00.000Z`.
pub fn written(utc: DateTime) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_text_that_sorts() {
        let moment = Moment::parse("2024-01-31 10:20:30.4567+02:00").unwrap();
        assert_eq!(moment.to_string(), "2024-01-31 08:20:30.456Z");
    }
}
