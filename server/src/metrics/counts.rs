//! Counts of requests in some period.

use std::collections::BTreeMap;

use plinth_sdk::types::Minute;

use crate::clock::Timestamp;

/// The histogram of latencies has eight buckets between each power of two microseconds and the next, up to two minutes.
const STEPS: u64 = 8;
pub(super) const BUCKETS: usize = 200;

/// Counts of requests in some period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Answers with a status 4xx.
    pub client_errors: u64,
    /// Answers with a status 5xx.
    pub server_errors: u64,
    /// The histogram of latencies: answers by bucket.
    pub latency: BTreeMap<usize, u64>,
}

impl Counts {
    /// Adds other counts.
    pub(super) fn add(&mut self, other: &Self) {
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        for (bucket, count) in &other.latency {
            *self.latency.entry(*bucket).or_default() += count;
        }
    }

    /// Subtracts earlier counts of the same counters.
    pub(super) fn since(&self, before: &Self) -> Self {
        let mut latency = self.latency.clone();
        for (bucket, count) in &before.latency {
            if let Some(now) = latency.get_mut(bucket) {
                *now -= count;
            }
        }
        latency.retain(|_, count| *count > 0);
        Self {
            client_errors: self.client_errors - before.client_errors,
            server_errors: self.server_errors - before.server_errors,
            latency,
        }
    }

    /// Returns the number of requests.
    pub(super) fn requests(&self) -> u64 {
        self.latency.values().sum()
    }

    /// Converts the counts of a minute to their wire type.
    pub(super) fn at(&self, minute: i64) -> Minute {
        Minute {
            time: Timestamp::from_unix(minute * 60).to_string(),
            requests: self.requests(),
            client_errors: self.client_errors,
            server_errors: self.server_errors,
            p50: self.percentile(50),
            p95: self.percentile(95),
            p99: self.percentile(99),
        }
    }

    /// Estimates a percentile of the latencies, in milliseconds; 0 without requests.
    fn percentile(&self, percent: u64) -> f64 {
        let rank = (self.requests() * percent).div_ceil(100);
        let mut before = 0;
        for (bucket, count) in &self.latency {
            if before + count >= rank && *count > 0 {
                let (from, to) = (beginning(*bucket), beginning(bucket + 1));
                // Interpolates linearly inside the bucket.
                let micros = from + (to - from) * (rank - before) / count;
                return rounded(micros);
            }
            before += count;
        }
        0.0
    }
}

/// Converts microseconds to milliseconds with two decimals.
#[expect(clippy::cast_precision_loss, reason = "a minute has few microseconds")]
fn rounded(micros: u64) -> f64 {
    ((micros as f64) / 10.0).round() / 100.0
}

/// Returns the bucket of a latency in microseconds.
pub(super) fn bucket(micros: u64) -> usize {
    if micros < STEPS {
        return usize::try_from(micros).unwrap_or(0);
    }
    // The exponent, and the three bits after the leading one.
    let power = u64::from(micros.ilog2());
    let index = (power - 2) * STEPS + ((micros >> (power - 3)) % STEPS);
    usize::try_from(index).map_or(BUCKETS - 1, |index| index.min(BUCKETS - 1))
}

/// Returns the lower bound of a bucket, in microseconds.
fn beginning(bucket: usize) -> u64 {
    let bucket = bucket.min(BUCKETS) as u64;
    if bucket < STEPS {
        bucket
    } else {
        (STEPS + bucket % STEPS) << (bucket / STEPS - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_are_narrow() {
        for micros in (0..100_000).chain([1 << 20, 59_000_000]) {
            let bucket = bucket(micros);
            let (from, to) = (beginning(bucket), beginning(bucket + 1));
            assert!((from..to).contains(&micros), "{micros}: {from}..{to}");
            assert!((to - from) * 8 <= from.max(8), "{micros}: {from}..{to}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert!(beginning(BUCKETS - 1) > 60_000_000);
    }
}
