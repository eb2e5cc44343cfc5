//! Requests of guests that fail: anybody can make any number of them, so only some of each minute are kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Entry, Level};
use crate::clock::Moment;

/// How many of a route and a minute are kept.
const MOST: u64 = 100;

/// Counts the requests of guests that failed, by route.
#[derive(Debug, Default)]
pub struct Sampling(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    minute: i64,
    by_route: HashMap<&'static str, u64>,
}

impl Sampling {
    /// Counts one, and says whether it is kept.
    pub fn keeps(&self, route: &'static str) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.by_route.entry(route).or_default();
        *count += 1;
        *count <= MOST
    }

    /// An entry for each route of which some were not kept, once a minute is over.
    pub(super) fn skipped(&self, now: Moment) -> Vec<Entry> {
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
                let message = format!(
                    "{skipped} more failed requests of guests to {route} are not in the log"
                );
                Entry::new(Level::Warn, message)
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
        let at = |seconds: i64| Moment::from_unix(6_000 + seconds);
        assert!(sampling.skipped(at(0)).is_empty());
        let kept = (0..250).filter(|_| sampling.keeps("/a")).count();
        assert_eq!(kept, 100);
        assert!(sampling.keeps("/b"));
        assert!(sampling.skipped(at(59)).is_empty());
        let skipped = sampling.skipped(at(60));
        assert_eq!(skipped.len(), 1);
        assert!(skipped[0].message.starts_with("150 more"));
        assert!(sampling.keeps("/a"));
        assert!(sampling.skipped(at(120)).is_empty());
    }
}
