//! Gauges of the server and its database, which are read when the metrics are asked for.

use std::time::Duration;

use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts};

use super::Make;
use super::backlog::{self, Backlog};
use crate::app::App;
use crate::db::PoolStats;
use crate::health::Lifecycle;

/// How long to wait for the backlog. Without an answer its gauges keep their values.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// The gauges.
#[derive(Clone, Debug)]
pub(super) struct State {
    ready: IntGauge,
    database_up: IntGauge,
    writable: IntGauge,
    connections: IntGaugeVec,
    oldest_use: Gauge,
    waiting: IntGauge,
    waited_in_vain: IntCounter,
    too_slow: IntCounter,
    write_failures: IntCounterVec,
    queued: IntGauge,
    wal: IntGauge,
    size: IntGauge,
    last_commit: Gauge,
    checkpoint_failures: IntCounter,
    schema: IntGauge,
    realtime_stalled: Gauge,
    free: Gauge,
    capacity: Gauge,
    runs: IntGauge,
    oldest_run: Gauge,
    last_success: GaugeVec,
    mails: IntGauge,
    oldest_mail: Gauge,
}

impl State {
    pub(super) fn new(make: &Make<'_>) -> prometheus::Result<Self> {
        Ok(Self {
            ready: make.gauge("plinth_ready", "Whether requests should be sent here.")?,
            database_up: make.gauge("plinth_database_up", "Whether the database answers.")?,
            writable: make.gauge(
                "plinth_database_writable",
                "Whether the database takes writes, by what became of the last ones.",
            )?,
            connections: make.add(IntGaugeVec::new(
                Opts::new(
                    "plinth_database_connections",
                    "Connections to the database that requests share.",
                ),
                &["state"],
            )?)?,
            oldest_use: make.seconds(
                "plinth_database_oldest_use_seconds",
                "For how long the oldest use of a connection has gone on.",
            )?,
            waiting: make.gauge(
                "plinth_database_waiting",
                "Requests and tasks that wait for a connection.",
            )?,
            waited_in_vain: make.counter(
                "plinth_database_waits_timed_out_total",
                "Requests and tasks that waited for a connection in vain.",
            )?,
            too_slow: make.counter(
                "plinth_statements_timed_out_total",
                "Statements that were ended because they took too long.",
            )?,
            write_failures: make.counters(
                "plinth_write_failures_total",
                "Writes that failed because of the database.",
                &["reason"],
            )?,
            queued: make.gauge(
                "plinth_sqlite_write_queue",
                "Writes that wait for the one writer.",
            )?,
            wal: make.gauge(
                "plinth_sqlite_wal_bytes",
                "Size of the write-ahead log's file.",
            )?,
            size: make.gauge(
                "plinth_sqlite_database_bytes",
                "Size of the database's file.",
            )?,
            last_commit: make.seconds(
                "plinth_sqlite_last_commit_seconds",
                "How long the last commit took.",
            )?,
            checkpoint_failures: make.counter(
                "plinth_sqlite_checkpoint_failures_total",
                "How often the write-ahead log was too long and could not be emptied.",
            )?,
            schema: make.gauge(
                "plinth_schema_version",
                "The version of the collections that the server goes by.",
            )?,
            realtime_stalled: make.seconds(
                "plinth_realtime_stalled_seconds",
                "For how long changes have been waiting to be told to realtime clients.",
            )?,
            free: make.seconds(
                "plinth_data_directory_free_bytes",
                "Room on the disk of the data directory.",
            )?,
            capacity: make.seconds(
                "plinth_data_directory_size_bytes",
                "Size of the disk of the data directory.",
            )?,
            runs: make.gauge(
                "plinth_job_runs_waiting",
                "Runs of jobs that are due and have not begun.",
            )?,
            oldest_run: make.seconds(
                "plinth_job_runs_oldest_waiting_seconds",
                "For how long the oldest of them has been due.",
            )?,
            last_success: make.add(GaugeVec::new(
                Opts::new(
                    "plinth_job_last_success_seconds",
                    "How long ago the last run of a job was due that succeeded, or the job was made.",
                ),
                &["job"],
            )?)?,
            mails: make.gauge(
                "plinth_outbox_mails",
                "Mails that wait to be sent, or are being sent.",
            )?,
            oldest_mail: make.seconds(
                "plinth_outbox_oldest_seconds",
                "How old the oldest of them is.",
            )?,
        })
    }

    /// Reads everything.
    pub(super) async fn look(&self, app: &App, lifecycle: &Lifecycle) {
        let readiness = lifecycle.readiness().await;
        self.ready.set(i64::from(readiness.ready));
        self.database_up.set(i64::from(readiness.database == "ok"));
        self.writable.set(i64::from(readiness.writes == "ok"));
        self.used(&app.db.stats());
        self.schema.set(app.schema.current().version);
        self.realtime_stalled
            .set(app.realtime.stalled().as_secs_f64());
        let (free, capacity) = room(app).unwrap_or((f64::NAN, f64::NAN));
        self.free.set(free);
        self.capacity.set(capacity);
        if readiness.database == "ok"
            && let Ok(Ok(backlog)) =
                tokio::time::timeout(MAX_WAIT, app.db.read_inline(backlog::read)).await
        {
            self.waits(&backlog);
        }
    }

    fn used(&self, usage: &PoolStats) {
        for (state, connections) in [("idle", usage.idle), ("busy", usage.busy)] {
            self.connections
                .with_label_values(&[state])
                .set(i64::try_from(connections).unwrap_or(i64::MAX));
        }
        self.oldest_use.set(usage.oldest.as_secs_f64());
        self.waiting.set(usage.waiting);
        reaches(&self.waited_in_vain, usage.waited_in_vain);
        reaches(&self.too_slow, usage.too_slow);
        for (reason, count) in &usage.write_failures {
            reaches(&self.write_failures.with_label_values(&[*reason]), *count);
        }
        self.queued.set(usage.queued);
        self.wal.set(usage.wal_bytes);
        self.size.set(usage.database_bytes);
        self.last_commit.set(usage.last_commit.as_secs_f64());
        reaches(&self.checkpoint_failures, usage.checkpoint_failures);
    }

    fn waits(&self, backlog: &Backlog) {
        self.runs.set(backlog.runs.count);
        self.oldest_run.set(backlog.runs.oldest);
        self.mails.set(backlog.mails.count);
        self.oldest_mail.set(backlog.mails.oldest);
        // Removes the series of deleted jobs.
        self.last_success.reset();
        for (job, ago) in &backlog.successes {
            self.last_success.with_label_values(&[job]).set(*ago);
        }
    }
}

/// Raises a counter to a count that is kept elsewhere.
fn reaches(counter: &IntCounter, count: u64) {
    counter.inc_by(count.saturating_sub(counter.get()));
}

/// Returns the free and the total bytes of the data directory's disk.
fn room(app: &App) -> Option<(f64, f64)> {
    let disk = rustix::fs::statvfs(&app.config.dir).ok()?;
    let bytes = |blocks: u64| {
        let blocks = u32::try_from(blocks >> 10).ok()?;
        let size = u32::try_from(disk.f_frsize).ok()?;
        Some(f64::from(blocks) * 1024.0 * f64::from(size))
    };
    Some((bytes(disk.f_bavail)?, bytes(disk.f_blocks)?))
}
