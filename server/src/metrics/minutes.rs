//! Counts requests by the minute, for the console's charts. The counts outlive the process and cover all replicas: each
//! process counts in memory and stores new counts every ten seconds, in rows of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use plinth_sdk::types::Minute;
use tokio::sync::Mutex;

use super::counts::{BUCKETS, Counts, bucket};
use super::store;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::random::Random;

/// The seconds between two flushes, of which a minute is a multiple.
const INTERVAL: i64 = 10;
/// How many minutes are kept.
pub const KEPT: i64 = 24 * 60;
/// How many minutes are kept in memory while the database is unreachable.
const MAX_PENDING: usize = 60;

/// The counts since the process started. Counting never blocks.
#[derive(Debug)]
pub struct Minutes {
    client_errors: AtomicU64,
    server_errors: AtomicU64,
    latency: [AtomicU64; BUCKETS],
    recorder: Mutex<Recorder>,
}

impl Minutes {
    /// Makes counters that are all zero.
    pub fn new(now: Timestamp, random: &Random) -> Self {
        Self {
            client_errors: AtomicU64::new(0),
            server_errors: AtomicU64::new(0),
            latency: std::array::from_fn(|_| AtomicU64::new(0)),
            recorder: Mutex::new(Recorder {
                instance: random.id(),
                seen: Counts::default(),
                since: now.unix_minutes(),
                pending: BTreeMap::new(),
            }),
        }
    }

    /// Counts an answer.
    pub fn count(&self, status: StatusCode, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latency[bucket(micros)].fetch_add(1, Ordering::Relaxed);
        if status.is_client_error() {
            self.client_errors.fetch_add(1, Ordering::Relaxed);
        } else if status.is_server_error() {
            self.server_errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn so_far(&self) -> Counts {
        let latency = self
            .latency
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        Counts {
            client_errors: self.client_errors.load(Ordering::Relaxed),
            server_errors: self.server_errors.load(Ordering::Relaxed),
            latency: latency
                .enumerate()
                .filter(|(_, count)| *count > 0)
                .collect(),
        }
    }
}

/// The counts that are not stored yet.
#[derive(Debug)]
struct Recorder {
    /// The id of this process, which its rows have.
    instance: String,
    seen: Counts,
    /// The minute that the next counts belong to.
    since: i64,
    /// The counts of minutes that have not ended or are not stored.
    pending: BTreeMap<i64, Counts>,
}

impl Recorder {
    /// Adds the counts since the last call, and returns whether there were any.
    fn look(&mut self, so_far: Counts, minute: i64) -> bool {
        let new = so_far.since(&self.seen);
        let is_any = new != Counts::default();
        if is_any {
            self.pending.entry(self.since).or_default().add(&new);
        }
        self.seen = so_far;
        self.since = minute;
        while self.pending.len() > MAX_PENDING {
            self.pending.pop_first();
        }
        is_any
    }

    /// Forgets minutes that have ended, after they were stored.
    fn written(&mut self) {
        let since = self.since;
        self.pending.retain(|minute, _| *minute >= since);
    }
}

/// Stores the counts since the last flush, if there are any.
pub async fn flush(app: &App) -> Result<()> {
    let mut recorder = app.metrics.minutes.recorder.lock().await;
    let has_unwritten = recorder
        .pending
        .keys()
        .any(|minute| *minute < recorder.since);
    let is_new = recorder.look(app.metrics.minutes.so_far(), app.clock.now().unix_minutes());
    if !is_new && !has_unwritten {
        return Ok(());
    }
    let (instance, pending) = (recorder.instance.clone(), recorder.pending.clone());
    let oldest = recorder.since - KEPT;
    app.db
        .write(move |conn| store::write(conn, &instance, &pending, oldest))
        .await?;
    recorder.written();
    Ok(())
}

/// Flushes the counts for as long as the server runs.
pub async fn keep_flushing(app: App) {
    loop {
        // At multiples of the interval, so that no flush covers parts of two minutes.
        let now = app.clock.now().unix_millis();
        let wait = INTERVAL * 1000 - now.rem_euclid(INTERVAL * 1000) + 20;
        actix_web::rt::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
        if let Err(error) = flush(&app).await {
            tracing::warn!(%error, "cannot write down the minute's requests");
        }
    }
}

/// Returns the counts of the last `minutes`, the oldest first.
pub async fn last(app: &App, minutes: i64) -> Result<Vec<Minute>> {
    let first = app.clock.now().unix_minutes() - minutes + 1;
    let found = app
        .db
        .read(&crate::db::Claimant::Server, move |conn| {
            store::read(conn, first)
        })
        .await?;
    let none = Counts::default();
    Ok((first..first + minutes)
        .map(|minute| found.get(&minute).unwrap_or(&none).at(minute))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_close() {
        let minutes = Minutes::new(Timestamp::from_unix(0), &Random::seeded(1));
        for millis in 1..=1000 {
            minutes.count(StatusCode::OK, Duration::from_millis(millis));
        }
        let minute = minutes.so_far().at(0);
        assert_eq!(minute.time, "1970-01-01 00:00:00.000Z");
        assert_eq!(minute.requests, 1000);
        for (found, expected) in [
            (minute.p50, 500.0),
            (minute.p95, 950.0),
            (minute.p99, 990.0),
        ] {
            assert!(
                (found - expected).abs() < expected * 0.03,
                "{found} {expected}"
            );
        }
        let none = Counts::default().at(0);
        assert_eq!((none.requests, none.p50, none.p99), (0, 0.0, 0.0));
    }

    #[test]
    fn what_is_new_belongs_to_the_minute_that_it_came_in() {
        let minutes = Minutes::new(Timestamp::from_unix(0), &Random::seeded(1));
        let mut recorder = Recorder {
            instance: String::new(),
            seen: Counts::default(),
            since: 5,
            pending: BTreeMap::new(),
        };
        let took = Duration::from_millis(1);
        assert!(!recorder.look(minutes.so_far(), 5));
        minutes.count(StatusCode::OK, took);
        minutes.count(StatusCode::NOT_FOUND, took);
        assert!(recorder.look(minutes.so_far(), 5));
        minutes.count(StatusCode::BAD_GATEWAY, took);
        assert!(recorder.look(minutes.so_far(), 6));
        let five = recorder.pending[&5].at(5);
        assert_eq!(
            (five.requests, five.client_errors, five.server_errors),
            (3, 1, 1)
        );
        recorder.written();
        assert!(recorder.pending.is_empty());
        // While the database is unreachable, the oldest minutes are dropped.
        for minute in 7..200 {
            minutes.count(StatusCode::OK, took);
            recorder.look(minutes.so_far(), minute);
        }
        assert_eq!(recorder.pending.len(), MAX_PENDING);
        assert_eq!(recorder.pending.keys().last(), Some(&198));
    }
}
