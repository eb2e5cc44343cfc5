//! Requests by the minute, for the console's charts. They outlive the process and cover all replicas: each process
//! adds up in memory, and every ten seconds writes down what is new, in rows of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use plinth_sdk::types::Minute;
use tokio::sync::Mutex;

use super::counts::{BUCKETS, Counts, bucket};
use super::store;
use crate::app::App;
use crate::clock::Moment;
use crate::error::Result;
use crate::random;

/// How often it is written down; a minute is a multiple of it.
const INTERVAL: i64 = 10;
/// How many minutes are kept.
pub const KEPT: i64 = 24 * 60;
/// How many minutes wait in memory for a database that is gone.
const MAX_PENDING: usize = 60;

/// What requests came to since the process began. Threads add to it without waiting.
#[derive(Debug)]
pub struct Minutes {
    client_errors: AtomicU64,
    server_errors: AtomicU64,
    latency: [AtomicU64; BUCKETS],
    recorder: Mutex<Recorder>,
}

impl Minutes {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            client_errors: AtomicU64::new(0),
            server_errors: AtomicU64::new(0),
            latency: std::array::from_fn(|_| AtomicU64::new(0)),
            recorder: Mutex::new(Recorder {
                instance: random::id(),
                seen: Counts::default(),
                since: this_minute(),
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

impl Default for Minutes {
    fn default() -> Self {
        Self::new()
    }
}

/// What is still to be written down.
#[derive(Debug)]
struct Recorder {
    /// Whose rows they are: this process's.
    instance: String,
    seen: Counts,
    /// The minute that what comes next belongs to.
    since: i64,
    /// What the minutes came to that are not over or not written.
    pending: BTreeMap<i64, Counts>,
}

impl Recorder {
    /// Takes what came since it last looked; says whether there was anything.
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

    /// Only what may still grow has to be kept.
    fn written(&mut self) {
        let since = self.since;
        self.pending.retain(|minute, _| *minute >= since);
    }
}

/// Writes down what came since the last time, if anything did.
pub async fn flush(app: &App) -> Result<()> {
    let mut recorder = app.metrics.minutes.recorder.lock().await;
    let has_unwritten = recorder
        .pending
        .keys()
        .any(|minute| *minute < recorder.since);
    let is_new = recorder.look(app.metrics.minutes.so_far(), this_minute());
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

/// Does that for as long as the server lives.
pub async fn keep_flushing(app: App) {
    loop {
        // At whole multiples of the interval, so that none belongs to two minutes.
        let now = Moment::now().timestamp().as_millisecond();
        let wait = INTERVAL * 1000 - now.rem_euclid(INTERVAL * 1000) + 20;
        actix_web::rt::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
        if let Err(error) = flush(&app).await {
            tracing::warn!(%error, "cannot write down the minute's requests");
        }
    }
}

/// The last `minutes`, the oldest first.
pub async fn last(app: &App, minutes: i64) -> Result<Vec<Minute>> {
    let first = this_minute() - minutes + 1;
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

fn this_minute() -> i64 {
    Moment::now().unix().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_close() {
        let minutes = Minutes::new();
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
        let minutes = Minutes::new();
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
        // A database that is gone costs the oldest minutes, not the memory.
        for minute in 7..200 {
            minutes.count(StatusCode::OK, took);
            recorder.look(minutes.so_far(), minute);
        }
        assert_eq!(recorder.pending.len(), MAX_PENDING);
        assert_eq!(recorder.pending.keys().last(), Some(&198));
    }
}
