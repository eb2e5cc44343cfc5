//! Moments as a person reads them: by some clock, or from now.

use js_sys::{Date, Function, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::text::moments as text;

/// Seconds since 1970.
fn now() -> f64 {
    Date::now() / 1000.0
}

/// Seconds since 1970 of a moment of the wire, `2026-01-31 12:30:45.678Z`.
pub(crate) fn seconds(moment: &str) -> Option<f64> {
    let seconds = Date::parse(&moment.replacen(' ', "T", 1)) / 1000.0;
    seconds.is_finite().then_some(seconds)
}

/// So many seconds ago, as the server writes it.
pub(crate) fn ago(seconds: f64) -> String {
    let then = Date::new(&JsValue::from_f64((now() - seconds) * 1000.0));
    String::from(then.to_iso_string()).replacen('T', " ", 1)
}

/// The hour and minute on the clock of whoever looks.
pub(crate) fn clock(moment: &str) -> String {
    shown(moment, "", &[("hour", "2-digit"), ("minute", "2-digit")])
}

/// Day and time on the clock of a time zone; of UTC when it is empty.
pub(crate) fn in_zone(moment: &str, zone: &str) -> String {
    let zone = if zone.is_empty() { "UTC" } else { zone };
    shown(moment, zone, &DAY_AND_TIME)
}

/// Day and time on the clock of whoever looks.
pub(crate) fn here(moment: &str) -> String {
    shown(moment, "", &DAY_AND_TIME)
}

const DAY_AND_TIME: [(&str, &str); 6] = [
    ("weekday", "short"),
    ("day", "numeric"),
    ("month", "short"),
    ("year", "numeric"),
    ("hour", "2-digit"),
    ("minute", "2-digit"),
];

/// Day and time to the second, on the clock of whoever looks.
pub(crate) fn to_the_second(moment: &str) -> String {
    let parts = [
        ("day", "numeric"),
        ("month", "short"),
        ("hour", "2-digit"),
        ("minute", "2-digit"),
        ("second", "2-digit"),
    ];
    shown(moment, "", &parts)
}

/// Day and hour on the clock of whoever looks.
pub(crate) fn day_and_hour(moment: &str) -> String {
    let parts = [
        ("day", "numeric"),
        ("month", "short"),
        ("hour", "2-digit"),
        ("minute", "2-digit"),
    ];
    shown(moment, "", &parts)
}

/// The last hours as the server names them, the oldest first and the present one last.
pub(crate) fn hours(count: u32) -> Vec<String> {
    let begins = |hours: u32| {
        let moment = ago(f64::from(hours) * 3600.0);
        format!("{}:00:00.000Z", moment.get(..13).unwrap_or_default())
    };
    (0..count).rev().map(begins).collect()
}

/// An empty zone is that of whoever looks.
fn shown(moment: &str, zone: &str, parts: &[(&str, &str)]) -> String {
    let Some(seconds) = seconds(moment) else {
        return moment.to_owned();
    };
    let options = Object::new();
    let put = |name: &str, value: &str| {
        let _ = Reflect::set(&options, &name.into(), &value.into());
    };
    for (name, value) in parts {
        put(name, value);
    }
    put("hourCycle", "h23");
    if !zone.is_empty() {
        put("timeZone", zone);
    }
    // A zone that the browser does not know throws.
    let date = Date::new(&JsValue::from_f64(seconds * 1000.0));
    let shown = Reflect::get(&date, &"toLocaleString".into())
        .and_then(JsCast::dyn_into::<Function>)
        .and_then(|function| function.call2(&date, &"en-GB".into(), &options));
    shown
        .ok()
        .and_then(|shown| shown.as_string())
        .unwrap_or_else(|| moment.to_owned())
}

/// How long until a moment, or since: `in 3 min`, `2 h ago`.
pub(crate) fn distance(moment: &str) -> String {
    seconds(moment).map_or_else(String::new, |seconds| from_now(seconds - now()))
}

/// Returns how much is left of a number of seconds that began at a moment.
pub(crate) fn left(moment: &str, length: i64) -> i64 {
    let passed = seconds(moment).map_or(0.0, |then| now() - then);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds; a cast of floats saturates"
    )]
    let passed = passed as i64;
    length.saturating_sub(passed.max(0)).max(0)
}

fn from_now(seconds: f64) -> String {
    let far = span(seconds.abs());
    if far.is_empty() {
        text::now().to_owned()
    } else if seconds > 0.0 {
        text::ahead(&far)
    } else {
        text::past(&far)
    }
}

/// A span in its largest unit; nothing below ten seconds.
fn span(seconds: f64) -> String {
    let units = [
        (86_400.0, 2.0, "d"),
        (3600.0, 1.0, "h"),
        (60.0, 1.0, "min"),
        (1.0, 10.0, "s"),
    ];
    let unit = units
        .into_iter()
        .find(|(length, from, _)| seconds >= length * from);
    unit.map_or_else(String::new, |(length, _, name)| {
        format!("{} {name}", (seconds / length).floor())
    })
}

/// How long something took, from one moment to another: `340 ms`, `12.4 s`, `3 min 5 s`.
pub(crate) fn took(from: &str, to: &str) -> Option<String> {
    Some(length(seconds(to)? - seconds(from)?))
}

fn length(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{} ms", (seconds.max(0.0) * 1000.0).round())
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else if seconds < 3600.0 {
        format!(
            "{} min {} s",
            (seconds / 60.0).floor(),
            (seconds % 60.0).floor()
        )
    } else {
        format!(
            "{} h {} min",
            (seconds / 3600.0).floor(),
            (seconds % 3600.0 / 60.0).floor()
        )
    }
}

/// All time zones that the browser knows, UTC first.
pub(crate) fn zones() -> Vec<String> {
    let mut zones = vec!["UTC".to_owned()];
    let intl = Reflect::get(&js_sys::global(), &"Intl".into());
    let known = intl.and_then(|intl| {
        Reflect::get(&intl, &"supportedValuesOf".into())?
            .dyn_into::<Function>()?
            .call1(&intl, &"timeZone".into())
    });
    if let Ok(known) = known {
        let known = js_sys::Array::from(&known);
        zones.extend(
            known
                .iter()
                .filter_map(|zone| zone.as_string())
                .filter(|zone| zone != "UTC"),
        );
    }
    zones
}

/// The time zone of whoever looks.
pub(crate) fn zone() -> String {
    let format = Intl::DateTimeFormat::new(&js_sys::Array::new(), &Object::new());
    Reflect::get(&format.resolved_options(), &"timeZone".into())
        .ok()
        .and_then(|zone| zone.as_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        let told = [3.0, 12.0, -60.0, 3599.0, -3600.0, 86_400.0, 172_800.0].map(from_now);
        assert_eq!(
            told,
            [
                "now",
                "in 12 s",
                "1 min ago",
                "in 59 min",
                "1 h ago",
                "in 24 h",
                "in 2 d"
            ]
        );
    }

    #[test]
    fn lengths_are_told_as_exactly_as_matters() {
        let told = [-1.0, 0.0, 0.34, 1.0, 59.94, 185.0, 7265.0].map(length);
        assert_eq!(
            told,
            [
                "0 ms",
                "0 ms",
                "340 ms",
                "1.0 s",
                "59.9 s",
                "3 min 5 s",
                "2 h 1 min"
            ]
        );
    }
}
