//! Limits how many failed requests of guests are logged each minute, since anybody can send any number of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;

/// How many are logged for each route and minute.
const MOST: u64 = 100;

/// Counts the failed requests of guests, by route.
#[derive(Debug, Default)]
pub struct Sampling(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    minute: i64,
    by_route: HashMap<&'static str, u64>,
}

impl Sampling {
    /// Counts a request, and returns whether it is logged.
    pub fn keeps(&self, route: &'static str) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.by_route.entry(route).or_default();
        *count += 1;
        *count <= MOST
    }

    /// Once a minute is over, returns a message for each route of which some requests were not logged.
    pub(super) fn skipped(&self, now: Timestamp) -> Vec<String> {
        let minute = now.unix() / 60;
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.minute == minute {
            return Vec::new();
        }
        counts.minute = minute;
        let over = std::mem::take(&mut counts.by_route);
        drop(counts);
        over.into_iter()
            .filter(|(_, count)| *count > MOST)
            .map(|(route, count)| {
                let skipped = count - MOST;
                format!("{skipped} more failed requests of guests to {route} are not in the log")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n74_some_of_each_minute_are_kept_and_the_rest_is_counted() {
        let sampling = Sampling::default();
        let at = |seconds: i64| Timestamp::from_unix(6_000 + seconds);
        assert!(sampling.skipped(at(0)).is_empty());
        let kept = (0..250).filter(|_| sampling.keeps("/a")).count();
        assert_eq!(kept, 100);
        assert!(sampling.keeps("/b"));
        assert!(sampling.skipped(at(59)).is_empty());
        let skipped = sampling.skipped(at(60));
        assert_eq!(skipped.len(), 1);
        assert!(skipped[0].starts_with("150 more"));
        assert!(sampling.keeps("/a"));
        assert!(sampling.skipped(at(120)).is_empty());
    }
}
