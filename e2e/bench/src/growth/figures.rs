//! From the readings of all rounds to their medians.

use serde::Serialize;

use super::axis::Axis;
use super::meter::Reading;
use crate::summary::{Figure, figure};

/// One round of one kind of request.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    pub(super) axis: Axis,
    pub(super) request: &'static str,
    pub(super) server: &'static str,
    pub(super) size: u64,
    pub(super) round: u32,
    #[serde(flatten)]
    pub(super) reading: Reading,
}

/// The figures of all rounds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Point {
    pub(super) axis: Axis,
    pub(super) request: &'static str,
    pub(super) server: &'static str,
    pub(super) size: u64,
    pub(super) per_second: Option<Figure>,
    pub(super) p50: Figure,
    pub(super) cpu: Option<Figure>,
    pub(super) kilobytes: Option<Figure>,
}

/// In the order of the samples.
pub(super) fn points(samples: &[Sample]) -> Vec<Point> {
    let key = |sample: &Sample| (sample.axis, sample.request, sample.server, sample.size);
    let mut points = Vec::new();
    for (place, sample) in samples.iter().enumerate() {
        if samples[..place].iter().any(|it| key(it) == key(sample)) {
            continue;
        }
        let of = |value: fn(&Reading) -> Option<f64>| {
            let rounds = samples.iter().filter(|it| key(it) == key(sample));
            figure(rounds.filter_map(|it| value(&it.reading)).collect())
        };
        points.push(Point {
            axis: sample.axis,
            request: sample.request,
            server: sample.server,
            size: sample.size,
            per_second: of(|it| it.per_second),
            p50: of(|it| Some(it.p50)).unwrap_or_default(),
            cpu: of(|it| it.cpu),
            kilobytes: of(|it| it.kilobytes),
        });
    }
    points
}

/// What there are points of, each once, in their order.
pub(super) fn each_once<T: PartialEq>(points: &[&Point], of: impl Fn(&Point) -> T) -> Vec<T> {
    let mut found = Vec::new();
    for point in points {
        let value = of(point);
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two rounds on a collection of this size.
    pub(in crate::growth) fn rounds(
        request: &'static str,
        server: &'static str,
        size: u64,
        p50: [f64; 2],
    ) -> Vec<Sample> {
        let sample = |(round, p50)| Sample {
            axis: Axis::Records,
            request,
            server,
            size,
            round,
            reading: Reading {
                per_second: Some(16_000.0 / p50),
                p50,
                cpu: Some(p50 / 8.0),
                kilobytes: None,
            },
        };
        [1, 2].into_iter().zip(p50).map(sample).collect()
    }

    #[test]
    fn rounds_of_the_same_become_one_point_and_others_do_not() {
        let samples = [
            rounds("get one", "Plinth, SQLite", 1000, [1.0, 3.0]),
            rounds("get one", "Plinth, SQLite", 10_000, [4.0, 4.0]),
            rounds("get one", "Plinth, PostgreSQL", 1000, [5.0, 5.0]),
            rounds("create", "Plinth, SQLite", 1000, [6.0, 6.0]),
        ]
        .concat();
        let points = points(&samples);
        let medians: Vec<_> = points.iter().map(|point| point.p50.median).collect();
        assert_eq!(medians, [2.0, 4.0, 5.0, 6.0]);
        assert_eq!((points[0].p50.lowest, points[0].p50.highest), (1.0, 3.0));
        assert_eq!(points[1].cpu.map(|it| it.median), Some(0.5));
        assert!(points.iter().all(|point| point.kilobytes.is_none()));
        let all: Vec<_> = points.iter().collect();
        assert_eq!(each_once(&all, |point| point.size), [1000, 10_000]);
    }
}
