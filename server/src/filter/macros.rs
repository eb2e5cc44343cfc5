//! Macros for time (`@now` …), in UTC. The time is that of the request's arrival.

use jiff::{ToSpan, Unit, Zoned, tz::TimeZone};

use super::operand::Literal;
use crate::clock::Timestamp;

/// Returns the value of a macro, whose name is without its `@`.
pub(super) fn value(name: &str, now: Timestamp) -> Option<Literal> {
    let now = now.to_jiff().to_zoned(TimeZone::UTC);
    let number = |n: i16| Some(Literal::Number(f64::from(n)));
    let start = |unit: Unit| {
        now.round(
            jiff::ZonedRound::new()
                .smallest(unit)
                .mode(jiff::RoundMode::Trunc),
        )
    };
    let moment = match name {
        "now" => Ok(now.clone()),
        "yesterday" => now.checked_sub(1.day()),
        "tomorrow" => now.checked_add(1.day()),
        "second" => return number(now.second().into()),
        "minute" => return number(now.minute().into()),
        "hour" => return number(now.hour().into()),
        "day" => return number(now.day().into()),
        "month" => return number(now.month().into()),
        "weekday" => return number(now.weekday().to_sunday_zero_offset().into()),
        "year" => return number(now.year()),
        "todayStart" => start(Unit::Day),
        "todayEnd" => end(&start(Unit::Day), 1.day()),
        "monthStart" => now.first_of_month().and_then(|day| day.start_of_day()),
        "monthEnd" => end(
            &now.first_of_month().and_then(|day| day.start_of_day()),
            1.month(),
        ),
        "yearStart" => now.first_of_year().and_then(|day| day.start_of_day()),
        "yearEnd" => end(
            &now.first_of_year().and_then(|day| day.start_of_day()),
            1.year(),
        ),
        _ => return None,
    };
    let moment = moment.ok()?;
    Some(Literal::Text(
        Timestamp::from(moment.timestamp()).to_string(),
    ))
}

/// Returns the last millisecond of the period that begins at `start`.
fn end(start: &Result<Zoned, jiff::Error>, period: jiff::Span) -> Result<Zoned, jiff::Error> {
    start
        .clone()?
        .checked_add(period)?
        .checked_sub(1.millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_macro() {
        let now = Timestamp::parse("2024-02-29 13:45:06.789Z").unwrap();
        for (name, expected) in [
            ("now", "2024-02-29 13:45:06.789Z"),
            ("yesterday", "2024-02-28 13:45:06.789Z"),
            ("tomorrow", "2024-03-01 13:45:06.789Z"),
            ("todayStart", "2024-02-29 00:00:00.000Z"),
            ("todayEnd", "2024-02-29 23:59:59.999Z"),
            ("monthStart", "2024-02-01 00:00:00.000Z"),
            ("monthEnd", "2024-02-29 23:59:59.999Z"),
            ("yearStart", "2024-01-01 00:00:00.000Z"),
            ("yearEnd", "2024-12-31 23:59:59.999Z"),
        ] {
            assert_eq!(
                value(name, now),
                Some(Literal::Text(expected.to_owned())),
                "{name}"
            );
        }
        for (name, expected) in [
            ("second", 6.0),
            ("minute", 45.0),
            ("hour", 13.0),
            ("day", 29.0),
            ("month", 2.0),
            ("weekday", 4.0),
            ("year", 2024.0),
        ] {
            assert_eq!(value(name, now), Some(Literal::Number(expected)), "{name}");
        }
        assert_eq!(value("nope", now), None);
    }
}
