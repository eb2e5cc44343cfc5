//! Sends traffic and measures what comes back.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::http::Connection;
use crate::pace::Pace;
use crate::traffic::Traffic;

/// A server that does not answer for so long has failed.
const PATIENCE: Duration = Duration::from_secs(300);

/// How requests follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// Each connection sends the next one when it has the answer to the last, until the time is over.
    Closed { connections: usize },
    /// They are due at a fixed rate. One that finds all connections busy waits, and its waiting is part of its latency.
    Open { per_second: u32, connections: usize },
    /// So many, each connection one after the other.
    Count { requests: u64, connections: usize },
}

impl Load {
    pub(crate) fn connections(self) -> usize {
        match self {
            Self::Closed { connections }
            | Self::Open { connections, .. }
            | Self::Count { connections, .. } => connections,
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { connections } => write!(f, "c={connections}"),
            Self::Open { per_second, .. } => write!(f, "{per_second}/s"),
            Self::Count {
                requests,
                connections,
            } => write!(f, "{requests} at c={connections}"),
        }
    }
}

/// What a run of requests took.
#[derive(Clone)]
pub(crate) struct Measured {
    /// Latencies in microseconds.
    pub(crate) latencies: Histogram<u64>,
    pub(crate) elapsed: Duration,
}

struct Run {
    traffic: Rc<Traffic>,
    pace: Pace,
    next: Cell<u64>,
    latencies: RefCell<Histogram<u64>>,
}

/// Sends `traffic` to a server. Any answer that is not the expected one ends it.
pub(crate) async fn run(
    address: SocketAddr,
    traffic: &Rc<Traffic>,
    load: Load,
    duration: Duration,
) -> Result<Measured> {
    let mut connections = Vec::new();
    for _ in 0..load.connections() {
        connections.push(Connection::open(address, traffic.token.as_deref()).await?);
    }
    let started = Instant::now();
    let run = Rc::new(Run {
        traffic: Rc::clone(traffic),
        pace: Pace::new(load, started, duration),
        next: Cell::new(0),
        latencies: RefCell::new(Histogram::new(3)?),
    });
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn_local(Rc::clone(&run).work(connection));
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    // After the last request that was due, the rest of its interval belongs to the run too.
    let least = match load {
        Load::Open { .. } => duration,
        Load::Closed { .. } | Load::Count { .. } => Duration::ZERO,
    };
    Ok(Measured {
        latencies: run.latencies.borrow().clone(),
        elapsed: started.elapsed().max(least),
    })
}

impl Run {
    async fn work(self: Rc<Self>, mut connection: Connection) -> Result<()> {
        loop {
            let turn = self.next.replace(self.next.get() + 1);
            let Some(due) = self.pace.turn(turn).await else {
                return Ok(());
            };
            let n = self.traffic.number();
            let request = (self.traffic.request)(n);
            let answer = timeout(PATIENCE, connection.send(request)).await;
            let latency = due.elapsed();
            let answer = answer.context("no answer")??;
            (self.traffic.check)(n, &answer)?;
            let microseconds = u64::try_from(latency.as_micros())?;
            *self.latencies.borrow_mut() += microseconds;
        }
    }
}

impl Measured {
    pub(crate) fn requests(&self) -> u64 {
        self.latencies.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        as_f64(self.requests()) / self.elapsed.as_secs_f64()
    }

    /// The latency in milliseconds that so many percent of the requests did not exceed.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        as_f64(self.latencies.value_at_percentile(percent)) / 1000.0
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_in_milliseconds_and_rates_in_seconds() {
        let mut latencies = Histogram::new(3).expect("a histogram");
        for microseconds in 1..=1000 {
            latencies += microseconds;
        }
        let measured = Measured {
            latencies,
            elapsed: Duration::from_millis(500),
        };
        assert!((measured.per_second() - 2000.0).abs() < f64::EPSILON);
        assert!((measured.percentile(50.0) - 0.5).abs() < 0.002);
        assert!((measured.percentile(99.9) - 0.999).abs() < 0.002);
    }
}
