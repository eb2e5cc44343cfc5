//! From the samples of all rounds to their medians.

use serde::Serialize;

use crate::product::POCKETBASE;

/// One measurement. Latencies and CPU are in milliseconds, memory is in megabytes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) workload: String,
    pub(crate) load: String,
    /// Requests came at a fixed rate.
    pub(crate) is_open: bool,
    pub(crate) server: &'static str,
    pub(crate) round: u32,
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    /// Of the server, for a request.
    pub(crate) cpu: f64,
    /// Of the server, right after.
    pub(crate) memory: f64,
}

/// A figure of all rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

/// A workload on a server.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) workload: String,
    pub(crate) load: String,
    pub(crate) server: &'static str,
    pub(crate) per_second: Figure,
    pub(crate) p50: Figure,
    pub(crate) p99: Figure,
    pub(crate) p999: Figure,
    pub(crate) cpu: Figure,
    pub(crate) memory: Figure,
    /// How many times better than `PocketBase`: by requests a second, or by the median latency where the rate is fixed.
    pub(crate) ratio: Option<f64>,
}

/// In the order of the samples.
pub(crate) fn summarise(samples: &[Sample]) -> Vec<Summary> {
    let mut summaries: Vec<Summary> = Vec::new();
    for sample in samples {
        let is_same = |other: &Summary| {
            other.workload == sample.workload
                && other.load == sample.load
                && other.server == sample.server
        };
        if summaries.iter().any(is_same) {
            continue;
        }
        let of = |server: &str, value: fn(&Sample) -> f64| {
            let rounds = samples.iter().filter(|other| {
                other.workload == sample.workload
                    && other.load == sample.load
                    && other.server == server
            });
            figure(rounds.map(value).collect())
        };
        let own = |value| of(sample.server, value).unwrap_or_default();
        let ratio = if sample.is_open {
            of(POCKETBASE, |it| it.p50).map(|peer| peer.median / own(|it| it.p50).median)
        } else {
            of(POCKETBASE, |it| it.per_second)
                .map(|peer| own(|it| it.per_second).median / peer.median)
        };
        summaries.push(Summary {
            workload: sample.workload.clone(),
            load: sample.load.clone(),
            server: sample.server,
            per_second: own(|it| it.per_second),
            p50: own(|it| it.p50),
            p99: own(|it| it.p99),
            p999: own(|it| it.p999),
            cpu: own(|it| it.cpu),
            memory: own(|it| it.memory),
            ratio: ratio.filter(|_| sample.server != POCKETBASE),
        });
    }
    summaries
}

/// The median and the range, if there is any value.
pub(crate) fn figure(mut values: Vec<f64>) -> Option<Figure> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let median = if values.len().is_multiple_of(2) {
        f64::midpoint(*values.get(middle.checked_sub(1)?)?, *values.get(middle)?)
    } else {
        values[middle]
    };
    Some(Figure {
        median,
        lowest: *values.first()?,
        highest: *values.last()?,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A measurement at 16 connections, or at a fixed rate.
    pub(crate) fn sample(server: &'static str, per_second: f64, p50: f64, is_open: bool) -> Sample {
        Sample {
            workload: "get one".to_owned(),
            load: if is_open { "100/s" } else { "c=16" }.to_owned(),
            is_open,
            server,
            round: 1,
            requests: 1000,
            per_second,
            p50,
            p99: 9.0,
            p999: 99.0,
            cpu: 0.25,
            memory: 20.0,
        }
    }

    #[test]
    fn a_figure_is_the_median_of_its_rounds_with_the_range() {
        let figure_of = |values: &[f64]| figure(values.to_vec());
        let of_three = Figure {
            median: 2.0,
            lowest: 1.0,
            highest: 9.0,
        };
        assert_eq!(figure_of(&[9.0, 1.0, 2.0]), Some(of_three));
        assert_eq!(figure_of(&[4.0, 1.0]).map(|it| it.median), Some(2.5));
        assert_eq!(figure_of(&[]), None);
    }

    #[test]
    fn the_ratio_is_of_medians_and_by_latency_where_the_rate_is_fixed() {
        let mut samples = vec![
            sample("Plinth, SQLite", 300.0, 1.0, false),
            sample(POCKETBASE, 100.0, 3.0, false),
            sample("Plinth, SQLite", 500.0, 1.0, false),
            sample("Plinth, SQLite", 400.0, 1.0, false),
            sample("Plinth, SQLite", 100.0, 2.0, true),
            sample(POCKETBASE, 100.0, 3.0, true),
        ];
        let ratios: Vec<_> = summarise(&samples).iter().map(|it| it.ratio).collect();
        assert_eq!(ratios, [Some(4.0), None, Some(1.5), None]);
        samples.retain(|sample| sample.server != POCKETBASE);
        assert!(summarise(&samples).iter().all(|it| it.ratio.is_none()));
    }
}
