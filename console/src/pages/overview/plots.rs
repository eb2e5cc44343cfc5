//! From minutes to what charts show.

use plinth_sdk::types::Minute;

use crate::components::{Plot, Series, Stroke};
use crate::moments;
use crate::text::overview as words;

/// Some minutes together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Point {
    time: String,
    requests: u64,
    client_errors: u64,
    server_errors: u64,
    p50: f64,
    p95: f64,
    p99: f64,
}

/// So many minutes make a point, the last ones the last point. Counts add up; of the latencies, those of the slowest
/// minute stand for all.
pub(super) fn points(minutes: &[Minute], step: usize) -> Vec<Point> {
    // The first point may have fewer, so that the last has all.
    let first = minutes.len() % step;
    let (first, others) = minutes.split_at(first);
    let groups = std::iter::once(first).chain(others.chunks(step));
    groups
        .filter(|group| !group.is_empty())
        .map(together)
        .collect()
}

fn together(minutes: &[Minute]) -> Point {
    let time = minutes
        .first()
        .map(|minute| minute.time.clone())
        .unwrap_or_default();
    minutes.iter().fold(
        Point {
            time,
            ..Point::default()
        },
        |sum, minute| Point {
            time: sum.time,
            requests: sum.requests + minute.requests,
            client_errors: sum.client_errors + minute.client_errors,
            server_errors: sum.server_errors + minute.server_errors,
            p50: sum.p50.max(minute.p50),
            p95: sum.p95.max(minute.p95),
            p99: sum.p99.max(minute.p99),
        },
    )
}

/// How many requests there were.
pub(super) fn requests(points: &[Point]) -> Plot {
    plot(
        points,
        4.0,
        vec![counts(points, words::requests(), Stroke::First, |point| {
            point.requests
        })],
    )
}

/// How long they took.
pub(super) fn latency(points: &[Point]) -> Plot {
    let line = |name, stroke, of: fn(&Point) -> f64| Series {
        name,
        stroke,
        values: points
            .iter()
            .map(|point| (point.requests > 0).then(|| of(point)))
            .collect(),
    };
    let series = vec![
        line(words::p50(), Stroke::First, |point| point.p50),
        line(words::p95(), Stroke::Second, |point| point.p95),
        line(words::p99(), Stroke::Third, |point| point.p99),
    ];
    plot(points, 4.0, series)
}

/// How many went wrong.
pub(super) fn errors(points: &[Point]) -> Plot {
    let series = vec![
        counts(points, words::client_errors(), Stroke::Warning, |point| {
            point.client_errors
        }),
        counts(points, words::server_errors(), Stroke::Bad, |point| {
            point.server_errors
        }),
    ];
    plot(points, 4.0, series)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below")]
fn counts(points: &[Point], name: &'static str, stroke: Stroke, of: fn(&Point) -> u64) -> Series {
    let values = points.iter().map(|point| Some(of(point) as f64)).collect();
    Series {
        name,
        stroke,
        values,
    }
}

fn plot(points: &[Point], least: f64, series: Vec<Series>) -> Plot {
    let times = points
        .iter()
        .map(|point| moments::clock(&point.time))
        .collect();
    Plot {
        times,
        series,
        least,
        // The last is not over yet: it has less than it will have.
        told: points.len().saturating_sub(2),
    }
}

/// A latency: `0.8 ms`, `12 ms`, `1.2 s`.
pub(in crate::pages) fn milliseconds(number: f64) -> String {
    if number >= 1000.0 {
        format!("{:.1} s", number / 1000.0)
    } else if number >= 10.0 || number.fract() == 0.0 {
        format!("{number:.0} ms")
    } else {
        format!("{number:.1} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(time: &str, requests: u64, p95: f64) -> Minute {
        Minute {
            time: time.to_owned(),
            requests,
            p95,
            ..Minute::default()
        }
    }

    #[test]
    fn minutes_are_put_together_from_the_end() {
        let minutes = [
            minute("a", 1, 5.0),
            minute("b", 2, 1.0),
            minute("c", 4, 3.0),
        ];
        let points = points(&minutes, 2);
        let seen: Vec<_> = points
            .iter()
            .map(|point| (&*point.time, point.requests, point.p95))
            .collect();
        assert_eq!(seen, [("a", 1, 5.0), ("b", 6, 3.0)]);
        assert_eq!(super::points(&minutes, 1).len(), 3);
        assert!(super::points(&[], 5).is_empty());
    }

    #[test]
    fn latencies_are_told_as_exactly_as_matters() {
        let told = [0.0, 0.75, 4.0, 12.4, 999.4, 1234.0].map(milliseconds);
        assert_eq!(told, ["0 ms", "0.8 ms", "4 ms", "12 ms", "999 ms", "1.2 s"]);
    }
}
