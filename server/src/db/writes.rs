//! Whether the database can be written, judged by the outcomes of the last writes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Conn, Db, Value, execute, sql};
use crate::error::{Error, Obstacle, Result};

/// How long a failure counts, even if other writes succeed: on a full disk, small writes still find room.
const COUNTS: Duration = Duration::from_secs(5);
/// The time between two log lines about the same failure.
const REPEAT: Duration = Duration::from_secs(60);

/// The minute of the row that is written to try whether writes work; no server counts in it.
const NEVER: i64 = -1;

/// The outcomes of a database's writes.
#[derive(Default)]
pub(super) struct Writes {
    /// Whether there is a failure. A write that succeeds looks at nothing else.
    is_failing: AtomicBool,
    failing: Mutex<Option<Failing>>,
    /// By the order of [`Obstacle::ALL`].
    refused: [AtomicU64; Obstacle::ALL.len()],
    unreachable: AtomicU64,
}

#[derive(Clone, Copy)]
struct Failing {
    obstacle: Obstacle,
    last: Instant,
    logged: Instant,
}

impl Writes {
    /// Records the outcome of a write.
    pub(super) fn note<T>(&self, outcome: &Result<T>) {
        match outcome {
            Ok(_) => {
                if self.is_failing.load(Ordering::Relaxed) && !self.failed_within(COUNTS) {
                    self.works();
                }
            }
            Err(Error::Unwritable(obstacle)) => self.failed(*obstacle),
            Err(Error::Unavailable | Error::Disconnected) => {
                self.unreachable.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {}
        }
    }

    fn failed(&self, obstacle: Obstacle) {
        let positions = Obstacle::ALL.iter().zip(&self.refused);
        for (_, count) in positions.filter(|(known, _)| **known == obstacle) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let now = Instant::now();
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = failing
            .filter(|before| before.obstacle == obstacle && before.logged.elapsed() < REPEAT);
        if before.is_none() {
            tracing::error!(reason = %obstacle, "the database cannot be written");
        }
        *failing = Some(Failing {
            obstacle,
            last: now,
            logged: before.map_or(now, |before| before.logged),
        });
        self.is_failing.store(true, Ordering::Relaxed);
    }

    fn works(&self) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if failing.take().is_some() {
            tracing::info!("the database can be written again");
        }
        self.is_failing.store(false, Ordering::Relaxed);
    }

    fn failing(&self) -> Option<Failing> {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed_within(&self, time: Duration) -> bool {
        self.failing()
            .is_some_and(|failing| failing.last.elapsed() < time)
    }

    /// Returns how many writes failed, by reason.
    pub(super) fn failures(&self) -> Vec<(&'static str, u64)> {
        let reasons = Obstacle::ALL.iter().map(|obstacle| obstacle.as_str());
        let refused = reasons.zip(&self.refused);
        refused
            .chain([("unreachable", &self.unreachable)])
            .map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
            .collect()
    }
}

impl Db {
    /// Returns what prevents writes. While they succeed, nothing is tried.
    pub async fn obstacle(&self) -> Option<Obstacle> {
        let failing = self.inner.writes.failing()?;
        if failing.last.elapsed() < COUNTS {
            return Some(failing.obstacle);
        }
        match self.write(attempt).await {
            Ok(()) => {
                self.inner.writes.works();
                None
            }
            Err(Error::Unwritable(obstacle)) => Some(obstacle),
            Err(_) => Some(failing.obstacle),
        }
    }
}

/// Writes a row and deletes it.
fn attempt(conn: &mut Conn) -> Result<()> {
    let mut insert = sql(
        conn.dialect(),
        "INSERT INTO \"_minutes\" (\"minute\", \"instance\", \"client_errors\", \"server_errors\", \"latency\") VALUES (",
    );
    insert
        .bind(Value::Int(NEVER))
        .text(", '', 0, 0, '{}')")
        .skip_existing(&["minute", "instance"]);
    execute(conn, insert)?;
    let mut delete = sql(
        conn.dialect(),
        "DELETE FROM \"_minutes\" WHERE \"minute\" = ",
    );
    delete.bind(Value::Int(NEVER));
    execute(conn, delete).map(drop)
}
