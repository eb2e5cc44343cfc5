//! Schedules of jobs: cron expressions in a time zone.
//!
//! When daylight saving time begins or ends, a job for one time of the day still runs once that day: right after a time
//! that is skipped, and the first time that a repeated time occurs. A job for many times of the day, such as
//! `*/15 * * * *`, keeps its pace: skipped times are skipped, and repeated times run twice.

use chrono::{DateTime, NaiveDate, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::clock::Timestamp;
use crate::problems::sentence;

/// Nicknames of common schedules.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The fields, each with the largest valid step.
const FIELDS: [(&str, u32); 5] = [
    ("minutes", 59),
    ("hours", 23),
    ("days of the month", 31),
    ("months", 12),
    ("days of the week", 6),
];

/// Longer than any change of daylight saving time.
const FOLD: TimeDelta = TimeDelta::hours(2);

/// The schedule of a job.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
    timezone: Tz,
}

/// Parses a cron expression of five fields, or a nickname such as `@daily`.
pub fn parse(schedule: &str) -> Result<Cron, String> {
    let schedule = schedule.trim();
    let nickname = NICKNAMES.iter().find(|(name, _)| *name == schedule);
    let schedule = nickname.map_or(schedule, |(_, meaning)| meaning);
    match schedule.split_whitespace().count() {
        1 if schedule.starts_with('@') => {
            let names = NICKNAMES.map(|(name, _)| name).join(", ");
            return Err(format!("Is not one of {names}."));
        }
        5 => {}
        6 => {
            return Err("Must have five fields; seconds are not supported.".to_owned());
        }
        _ => {
            return Err(
                "Must have five fields: minute, hour, day of month, month, day of week.".to_owned(),
            );
        }
    }
    if schedule
        .split_whitespace()
        .flat_map(|field| field.split(','))
        .any(str::is_empty)
    {
        return Err("Has a comma with nothing next to it.".to_owned());
    }
    check_steps(schedule)?;
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    let cron = parser
        .parse(schedule)
        .map_err(|error| sentence(&format!("Is not a valid cron expression: {error}")))?;
    if comes(&cron) {
        Ok(cron)
    } else {
        Err("Is a day that never comes.".to_owned())
    }
}

/// Rejects steps that are larger than their field: the library reads `*/61` as "at 0".
fn check_steps(schedule: &str) -> Result<(), String> {
    let fields = schedule.split_whitespace().zip(FIELDS);
    let steps = fields.flat_map(|(text, (field, most))| {
        let terms = text.split(',').filter_map(|term| term.split_once('/'));
        terms.map(move |(range, step)| (field, most, range, step))
    });
    for (field, most, range, step) in steps {
        let is_step = step
            .parse::<u32>()
            .is_ok_and(|step| (1..=most).contains(&step));
        if !is_step {
            return Err(format!("The step of the {field} must be from 1 to {most}."));
        }
        if range != "*" && !range.contains('-') {
            return Err(format!(
                "A step of the {field} needs a range or * before it."
            ));
        }
    }
    Ok(())
}

/// Returns whether the schedule is ever due, by looking at forty years, after which the calendar repeats its days and
/// weekdays. The library would search thousands.
fn comes(cron: &Cron) -> bool {
    let is_day = |year, month, day| {
        NaiveDate::from_ymd_opt(year, month, day).is_some()
            && cron.pattern.day_match(year, month, day).unwrap_or(false)
    };
    let is_month = |month: &u32| cron.pattern.month_match(*month).unwrap_or(false);
    (2000..2040).any(|year| {
        let mut months = (1..=12).filter(is_month);
        months.any(|month| (1..=31).any(|day| is_day(year, month, day)))
    })
}

/// Parses the name of a time zone; UTC if it is empty.
pub fn parse_timezone(name: &str) -> Result<Tz, String> {
    if name.is_empty() {
        return Ok(Tz::UTC);
    }
    name.parse()
        .map_err(|_| "Is not a known time zone, such as Europe/Berlin.".to_owned())
}

impl Schedule {
    /// Makes a schedule.
    pub fn new(cron: Cron, timezone: Tz) -> Self {
        Self { cron, timezone }
    }

    /// Describes the expression in English.
    pub fn describe(&self) -> String {
        self.cron.describe()
    }

    /// Returns the last time that the job is due after `after` and not after `until`.
    pub fn due(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let (after, until) = (self.local(after)?, self.local(until)?);
        let slack = if self.is_turning(&after, &until) {
            FOLD
        } else {
            TimeDelta::zero()
        };
        let due = self
            .cron
            .iter_after(after - slack)
            .take_while(|moment| *moment <= until + slack)
            .filter(|moment| *moment > after && *moment <= until)
            .max()?;
        moment(&due)
    }

    /// Returns the first `count` times after `after` at which the job is due.
    pub fn upcoming(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        let Some(after) = self.local(after) else {
            return Vec::new();
        };
        let mut found: Vec<DateTime<Tz>> = Vec::new();
        for moment in self.cron.iter_after(after - FOLD) {
            // The library iterates over local times: a repeated time is followed by its second occurrence at once,
            // before the times in between.
            if count == 0
                || found
                    .get(count - 1)
                    .is_some_and(|last| moment > *last + FOLD)
            {
                break;
            }
            if moment > after {
                let place = found.partition_point(|earlier| *earlier <= moment);
                found.insert(place, moment);
            }
        }
        found.truncate(count);
        found.iter().filter_map(moment).collect()
    }

    /// Converts a timestamp to local time, without the fraction of the second: the library would keep the fraction, and a
    /// run's time must be the same for whichever process finds it.
    fn local(&self, moment: Timestamp) -> Option<DateTime<Tz>> {
        let utc = DateTime::from_timestamp(moment.unix(), 0)?;
        Some(utc.with_timezone(&self.timezone))
    }

    /// Returns whether the offset of the time zone changes around these times.
    fn is_turning(&self, from: &DateTime<Tz>, to: &DateTime<Tz>) -> bool {
        let offset = |moment: DateTime<Tz>| {
            let offset = self.timezone.offset_from_utc_datetime(&moment.naive_utc());
            offset.fix()
        };
        offset(*from - FOLD) != offset(*to + FOLD)
    }
}

fn moment(moment: &DateTime<Tz>) -> Option<Timestamp> {
    let timestamp = jiff::Timestamp::from_millisecond(moment.timestamp_millis());
    timestamp.ok().map(Timestamp::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(cron: &str, timezone: &str) -> Schedule {
        Schedule::new(parse(cron).unwrap(), parse_timezone(timezone).unwrap())
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(&format!("{text}:00Z")).unwrap()
    }

    fn upcoming(cron: &str, timezone: &str, after: &str, count: usize) -> Vec<String> {
        let moments = schedule(cron, timezone).upcoming(at(after), count);
        moments
            .iter()
            .map(|moment| moment.to_string()[..16].to_owned())
            .collect()
    }

    /// The due times that a server finds, minute by minute.
    fn ticks(cron: &str, timezone: &str, from: &str, minutes: i64) -> Vec<String> {
        let schedule = schedule(cron, timezone);
        let at_minute = |minute: i64| {
            let span = jiff::SignedDuration::from_mins(minute);
            at(from) + span
        };
        (0..minutes)
            .filter_map(|minute| schedule.due(at_minute(minute), at_minute(minute + 1)))
            .map(|moment| moment.to_string()[..16].to_owned())
            .collect()
    }

    #[test]
    fn what_is_no_schedule() {
        for text in [
            "",
            " ",
            "*",
            "* * * *",
            "* * * * * *",
            "0 * * * * * 2030",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "a b c d e",
            "*/0 * * * *",
            "5-1 * * * *",
            "1,,2 * * * *",
            "-1 * * * *",
            "99999999999999999999 * * * *",
            "* * * * *; DROP TABLE x",
            "@never",
            "@Daily",
            "@reboot",
            "*/60 * * * *",
            "*/61 * * * *",
            "0-59/61 * * * *",
            "0 */24 * * *",
            "* * */32 * *",
            "* * * */13 *",
            "* * * * */7",
            "1,*/61 * * * *",
            "5/2 * * * *",
            "*/2-5 * * * *",
            "*/+ * * * *",
            "@every 1s",
            "@daily * * * *",
            "0 0 30 2 *",
            "0 0 31 4,6,9,11 *",
            "é * * * *",
            "* * * * +",
            "* * * * #",
            "* * L-L W *",
            "\u{0} * * * *",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        for name in ["Mars/Olympus", "europe", "UTC+1", "../etc", "é"] {
            assert!(parse_timezone(name).is_err(), "{name}");
        }
    }

    #[test]
    fn f22_nicknames_and_steps_mean_what_they_do_elsewhere() {
        let monday = "2026-01-05T00:00";
        for (nickname, next) in [
            ("@yearly", "2027-01-01 00:00"),
            ("@annually", "2027-01-01 00:00"),
            ("@monthly", "2026-02-01 00:00"),
            ("@weekly", "2026-01-11 00:00"),
            ("@daily", "2026-01-06 00:00"),
            ("@midnight", "2026-01-06 00:00"),
            ("@hourly", "2026-01-05 01:00"),
            (" @hourly ", "2026-01-05 01:00"),
            ("*/59 * * * *", "2026-01-05 00:59"),
            ("0 */23 * * *", "2026-01-05 23:00"),
            ("0-5/6 * * * *", "2026-01-05 01:00"),
            ("10-20/11 * * * *", "2026-01-05 00:10"),
        ] {
            assert_eq!(upcoming(nickname, "", monday, 1), [next], "{nickname}");
        }
    }

    #[test]
    fn f22_refusals_end_in_one_full_stop() {
        for text in [
            "a b c d e",
            "60 * * * *",
            "*/61 * * * *",
            "* *",
            "@never",
            "5-1 * * * *",
            "é * * * *",
        ] {
            let reason = parse(text).unwrap_err();
            assert!(reason.ends_with('.') && !reason.ends_with(".."), "{reason}");
        }
    }

    #[test]
    fn what_a_schedule_means() {
        let monday = "2026-01-05T00:00";
        assert_eq!(
            upcoming("30 9 * * MON-FRI", "", "2026-01-09T09:30", 2),
            ["2026-01-12 09:30", "2026-01-13 09:30"]
        );
        assert_eq!(
            upcoming("@daily", "Asia/Tokyo", monday, 1),
            ["2026-01-05 15:00"]
        );
        assert_eq!(
            upcoming("0 0 29 2 *", "", monday, 2),
            ["2028-02-29 00:00", "2032-02-29 00:00"]
        );
        assert!(upcoming("* * * * *", "", monday, 0).is_empty());
        let weekdays = schedule("0 9 * * 1-5", "").describe();
        assert!(weekdays.contains("09:00"), "{weekdays}");
    }

    #[test]
    fn clocks_are_set_forward() {
        // In Berlin, 29 March 2026 has no time from 2:00 to 3:00: 1:59 is 00:59 in UTC, 3:00 is 01:00.
        let day = "2026-03-28T12:00";
        let berlin = "Europe/Berlin";
        assert_eq!(
            ticks("30 2 * * *", berlin, day, 48 * 60),
            ["2026-03-29 01:00", "2026-03-30 00:30"]
        );
        let hours = ticks("0 * * * *", berlin, "2026-03-28T23:59", 4 * 60);
        assert_eq!(hours.len(), 4);
        assert_eq!(
            upcoming("30 2 * * *", berlin, day, 2),
            ["2026-03-29 01:00", "2026-03-30 00:30"]
        );
    }

    #[test]
    fn clocks_are_set_back() {
        // In Berlin, 25 October 2026 has the time from 2:00 to 3:00 twice: from 00:00 and from 01:00 in UTC.
        let berlin = "Europe/Berlin";
        assert_eq!(
            ticks("30 2 * * *", berlin, "2026-10-24T12:00", 48 * 60),
            ["2026-10-25 00:30", "2026-10-26 01:30"]
        );
        let all = ticks("*/20 * * * *", berlin, "2026-10-24T22:59", 5 * 60);
        assert_eq!(all.len(), 15, "{all:?}");
        assert_eq!(
            upcoming("*/20 * * * *", berlin, "2026-10-24T22:59", 15),
            all
        );
        let minutes = ticks("* * * * *", berlin, "2026-10-24T23:00", 4 * 60);
        assert_eq!(minutes.len(), 4 * 60);
    }

    #[test]
    fn a_late_tick_finds_the_last_time_only() {
        let every = schedule("* * * * *", "");
        let due = every.due(at("2026-01-05T10:00"), at("2026-01-05T10:05"));
        assert_eq!(due, Some(at("2026-01-05T10:05")));
        let daily = schedule("0 9 * * *", "");
        let fraction = |text| Timestamp::parse(text).unwrap();
        let (before, after) = ("2026-01-05T08:59:00.7Z", "2026-01-05T09:00:00.2Z");
        let due = daily.due(fraction(before), fraction(after));
        assert_eq!(due, Some(at("2026-01-05T09:00")));
        assert_eq!(
            daily.due(fraction(after), fraction("2026-01-05T09:01:00.2Z")),
            None
        );
        assert_eq!(
            daily.due(at("2026-01-05T09:00"), at("2026-01-05T09:05")),
            None
        );
    }
}
