//! When requests are due that come at a fixed rate, whatever became of the ones before.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::load::Load;

/// Who may send the next request, and when.
pub(crate) enum Pace {
    /// Whoever is ready, until then.
    Until(Instant),
    /// Whoever is ready, so many times.
    Count(u64),
    /// One at each time of the schedule.
    Due(Schedule, Arc<Semaphore>),
}

impl Pace {
    pub(crate) fn new(load: Load, start: Instant, duration: Duration) -> Self {
        match load {
            Load::Closed { .. } => Self::Until(start + duration),
            Load::Count { requests, .. } => Self::Count(requests),
            Load::Open { per_second, .. } => {
                let schedule = Schedule::new(start, per_second, duration);
                Self::Due(schedule, schedule.permits())
            }
        }
    }

    /// Waits for the turn of request `n`; gives the time from which its latency counts, or nothing when that was the last.
    pub(crate) async fn turn(&self, n: u64) -> Option<Instant> {
        let now = Instant::now();
        match self {
            Self::Until(end) => (now < *end).then_some(now),
            Self::Count(requests) => (n < *requests).then_some(now),
            Self::Due(schedule, permits) => {
                let due = schedule.due(n)?;
                permits.acquire().await.ok()?.forget();
                Some(due)
            }
        }
    }
}

/// Request `n` is due `n` intervals after the start.
#[derive(Clone, Copy)]
pub(crate) struct Schedule {
    start: Instant,
    per_second: u32,
    duration: Duration,
}

impl Schedule {
    pub(crate) fn new(start: Instant, per_second: u32, duration: Duration) -> Self {
        Self {
            start,
            per_second,
            duration,
        }
    }

    /// When it is due, unless the run is over by then.
    pub(crate) fn due(&self, n: u64) -> Option<Instant> {
        let after = Duration::from_nanos(n * 1_000_000_000 / u64::from(self.per_second));
        (after < self.duration).then(|| self.start + after)
    }

    /// Permits that come when requests are due. A thread gives them, because the runtime's timers know milliseconds only.
    pub(crate) fn permits(self) -> Arc<Semaphore> {
        let permits = Arc::new(Semaphore::new(0));
        let given = Arc::clone(&permits);
        thread::spawn(move || {
            for due in (0..).map_while(|n| self.due(n)) {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                given.add_permits(1);
            }
        });
        permits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_equal_distances_until_the_end() {
        let start = Instant::now();
        let schedule = Schedule::new(start, 3, Duration::from_secs(2));
        let due: Vec<_> = (0..)
            .map_while(|n| schedule.due(n))
            .map(|due| due.duration_since(start).as_millis())
            .collect();
        assert_eq!(due, [0, 333, 666, 1000, 1333, 1666]);
    }

    #[test]
    fn no_request_is_let_go_before_it_is_due() {
        let schedule = Schedule::new(Instant::now(), 200, Duration::from_millis(50));
        let permits = schedule.permits();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {
            for n in 0..10 {
                permits.acquire().await.expect("a permit").forget();
                assert!(schedule.due(n).expect("a time") <= Instant::now());
            }
        });
        assert_eq!(schedule.due(10), None);
    }
}
