//! Moments, as the wire and the tables hold them: UTC, to the millisecond, sortable as text.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Timestamp);

impl Moment {
    /// The present moment.
    pub fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = Timestamp::now();
        Self(now)
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0.as_second()
    }

    /// As jiff has it.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// Reads a moment in RFC 3339 or a shorter form of it (`2024-01-31`, `2024-01-31 10:00`); without a zone it
    /// is UTC. Whole numbers are seconds since 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(seconds) = text.parse::<i64>() {
            return Timestamp::from_second(seconds).ok().map(Self);
        }
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Some(Self(moment));
        }
        let civil: DateTime = text.parse().ok()?;
        let moment = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(Self(moment))
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
        let utc = TimeZone::UTC.to_datetime(self.0);
        write!(
            f,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_send() {
        for (text, expected) in [
            ("2024-01-31", Some("2024-01-31 00:00:00.000Z")),
            ("2024-01-31 10:20", Some("2024-01-31 10:20:00.000Z")),
            ("2024-01-31 10:20:30.4567Z", Some("2024-01-31 10:20:30.456Z")),
            ("2024-01-31T10:20:30+02:00", Some("2024-01-31 08:20:30.000Z")),
            ("1700000000", Some("2023-11-14 22:13:20.000Z")),
            ("soon", None),
            ("", None),
            ("2024-13-01", None),
        ] {
            let moment = Moment::parse(text).map(|m| m.to_string());
            assert_eq!(moment.as_deref(), expected, "{text}");
        }
    }
}
