//! The schedules that most jobs have, as a person would say them.

use crate::text::jobs as words;

type Words = fn() -> &'static str;

/// A schedule that has words of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Every few minutes.
    Minutes(u32),
    /// Every hour, at this minute.
    Hour(u32),
    /// Every day.
    Day(Time),
    /// Monday to Friday.
    Weekdays(Time),
    /// On this day of every week; Sunday is 0.
    Week(u32, Time),
    /// On this day of every month.
    Month(u32, Time),
}

/// An hour and a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    hour: u32,
    minute: u32,
}

/// The days of a week, by their number in a cron expression.
pub(super) const WEEKDAYS: [(u32, Words); 7] = [
    (1, words::monday),
    (2, words::tuesday),
    (3, words::wednesday),
    (4, words::thursday),
    (5, words::friday),
    (6, words::saturday),
    (0, words::sunday),
];

/// The choice for a schedule that is typed.
pub(super) const OWN: &str = "own";

impl Time {
    /// Reads `09:30`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        Some(Self {
            hour: number(hour, 23)?,
            minute: number(minute, 59)?,
        })
    }

    /// Writes `09:30`.
    pub(super) fn write(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }
}

impl Plan {
    /// The name of the plan that a cron expression is, and [`OWN`] for any other.
    pub(super) fn name(plan: Option<Self>) -> &'static str {
        match plan {
            Some(Self::Minutes(_)) => "minutes",
            Some(Self::Hour(_)) => "hour",
            Some(Self::Day(_)) => "day",
            Some(Self::Weekdays(_)) => "weekdays",
            Some(Self::Week(..)) => "week",
            Some(Self::Month(..)) => "month",
            None => OWN,
        }
    }

    /// The plan of this name, at the time of the one before, as far as that had one.
    pub(super) fn named(name: &str, before: Option<Self>) -> Option<Self> {
        let time = before
            .and_then(Self::time)
            .unwrap_or(Time { hour: 9, minute: 0 });
        match name {
            "minutes" => Some(Self::Minutes(5)),
            "hour" => Some(Self::Hour(0)),
            "day" => Some(Self::Day(time)),
            "weekdays" => Some(Self::Weekdays(time)),
            "week" => Some(Self::Week(1, time)),
            "month" => Some(Self::Month(1, time)),
            _ => None,
        }
    }

    /// It in words.
    pub(super) fn words(self) -> String {
        match self {
            Self::Minutes(1) => words::said_minute().to_owned(),
            Self::Minutes(apart) => words::said_minutes(apart),
            Self::Hour(minute) => words::said_hour(minute),
            Self::Day(time) => words::said_day(&time.write()),
            Self::Weekdays(time) => words::said_weekdays(&time.write()),
            Self::Week(day, time) => {
                let day = WEEKDAYS
                    .iter()
                    .find(|(number, _)| *number == day)
                    .map_or("", |(_, name)| name());
                words::said_week(day, &time.write())
            }
            Self::Month(day, time) => words::said_month(day, &time.write()),
        }
    }

    /// When on a day it is.
    pub(super) fn time(self) -> Option<Time> {
        match self {
            Self::Minutes(_) | Self::Hour(_) => None,
            Self::Day(time) | Self::Weekdays(time) | Self::Week(_, time) | Self::Month(_, time) => {
                Some(time)
            }
        }
    }

    /// Returns the plan at another time of the day.
    pub(super) fn at(self, time: Time) -> Self {
        match self {
            Self::Minutes(_) | Self::Hour(_) => self,
            Self::Day(_) => Self::Day(time),
            Self::Weekdays(_) => Self::Weekdays(time),
            Self::Week(day, _) => Self::Week(day, time),
            Self::Month(day, _) => Self::Month(day, time),
        }
    }

    /// Returns the number besides the time: minutes apart, the minute of the hour, the day of the week or the month.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Minutes(number)
            | Self::Hour(number)
            | Self::Week(number, _)
            | Self::Month(number, _) => number,
            Self::Day(_) | Self::Weekdays(_) => 0,
        }
    }

    /// Returns the plan with another number.
    pub(super) fn numbered(self, number: u32) -> Self {
        match self {
            Self::Minutes(_) => Self::Minutes(number.clamp(1, 59)),
            Self::Hour(_) => Self::Hour(number.min(59)),
            Self::Week(_, time) => Self::Week(number.min(6), time),
            Self::Month(_, time) => Self::Month(number.clamp(1, 31), time),
            Self::Day(_) | Self::Weekdays(_) => self,
        }
    }

    /// Reads a cron expression, if it is a plan.
    pub(super) fn read(cron: &str) -> Option<Self> {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return None;
        };
        let time = || {
            Some(Time {
                hour: number(hour, 23)?,
                minute: number(minute, 59)?,
            })
        };
        match (hour, day, month, weekday) {
            ("*", "*", "*", "*") if minute == "*" => Some(Self::Minutes(1)),
            ("*", "*", "*", "*") => match minute.strip_prefix("*/") {
                Some(apart) => number(apart, 59)
                    .filter(|apart| *apart > 0)
                    .map(Self::Minutes),
                None => number(minute, 59).map(Self::Hour),
            },
            (_, "*", "*", "*") => time().map(Self::Day),
            (_, "*", "*", "1-5" | "MON-FRI") => time().map(Self::Weekdays),
            (_, "*", "*", weekday) => Some(Self::Week(number(weekday, 6)?, time()?)),
            (_, day, "*", "*") => Some(Self::Month(
                number(day, 31).filter(|day| *day > 0)?,
                time()?,
            )),
            _ => None,
        }
    }

    /// Writes the cron expression.
    pub(super) fn write(self) -> String {
        let at = |time: Time, rest: String| format!("{} {} {rest}", time.minute, time.hour);
        match self {
            Self::Minutes(1) => "* * * * *".to_owned(),
            Self::Minutes(apart) => format!("*/{apart} * * * *"),
            Self::Hour(minute) => format!("{minute} * * * *"),
            Self::Day(time) => at(time, "* * *".to_owned()),
            Self::Weekdays(time) => at(time, "* * 1-5".to_owned()),
            Self::Week(day, time) => at(time, format!("* * {day}")),
            Self::Month(day, time) => at(time, format!("{day} * *")),
        }
    }
}

/// A number of digits alone, up to `most`.
fn number(text: &str, most: u32) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_as_they_are_written() {
        let time = Time {
            hour: 23,
            minute: 5,
        };
        let plans = [
            Plan::Minutes(1),
            Plan::Minutes(15),
            Plan::Hour(7),
            Plan::Day(time),
            Plan::Weekdays(time),
            Plan::Week(0, time),
            Plan::Month(31, time),
        ];
        for plan in plans {
            assert_eq!(Plan::read(&plan.write()), Some(plan));
            assert_eq!(
                Plan::name(Plan::named(Plan::name(Some(plan)), None)),
                Plan::name(Some(plan))
            );
        }
        assert_eq!(Time::read(&time.write()), Some(time));
    }

    #[test]
    fn other_schedules_are_left_as_they_are() {
        for cron in [
            "",
            "@daily",
            "0 9 * * 1,3",
            "0 9 1 1 *",
            "0 9 1 * 1",
            "*/0 * * * *",
            "0 9-17 * * *",
            "60 * * * *",
            "+5 9 * * *",
            "0 9 * * 7",
        ] {
            assert_eq!(Plan::read(cron), None, "{cron}");
        }
    }
}
