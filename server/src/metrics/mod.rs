//! What the server counts, for Prometheus.

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

/// Every metric of a server.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Where they are gathered.
    pub registry: Registry,
    /// Requests answered.
    pub requests: IntCounterVec,
    /// How long answers took.
    pub latency: HistogramVec,
    /// Handlers, writes and tasks that panicked.
    pub panics: IntCounter,
    /// Writes that SQLite committed together.
    pub group_size: Histogram,
    /// Connected realtime clients.
    pub realtime_clients: IntGauge,
    /// Events sent to realtime clients.
    pub realtime_events: IntCounter,
    /// Realtime clients cut off because they did not read.
    pub realtime_cut_off: IntCounter,
    /// Runs of jobs that ended.
    pub job_runs: IntCounterVec,
    /// Attempts to send a mail that ended.
    pub mails: IntCounterVec,
}

impl Metrics {
    /// Metrics that are all zero.
    pub fn new() -> anyhow::Result<Self> {
        let seconds = vec![
            0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        ];
        let units = vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new("plinth_http_requests_total", "Requests answered."),
                &["route", "method", "status"],
            )?,
            latency: HistogramVec::new(
                HistogramOpts::new(
                    "plinth_http_request_duration_seconds",
                    "Time from a request's head to its answer's head.",
                )
                .buckets(seconds),
                &["route", "method"],
            )?,
            panics: IntCounter::new(
                "plinth_panics_total",
                "Handlers, writes and tasks that panicked.",
            )?,
            group_size: Histogram::with_opts(
                HistogramOpts::new(
                    "plinth_sqlite_write_group_size",
                    "Writes that were committed together.",
                )
                .buckets(units),
            )?,
            realtime_clients: IntGauge::new(
                "plinth_realtime_clients",
                "Connected realtime clients.",
            )?,
            realtime_events: IntCounter::new(
                "plinth_realtime_events_total",
                "Events sent to realtime clients.",
            )?,
            realtime_cut_off: IntCounter::new(
                "plinth_realtime_cut_off_total",
                "Realtime clients cut off because they did not read.",
            )?,
            job_runs: IntCounterVec::new(
                Opts::new("plinth_job_runs_total", "Runs of jobs that ended."),
                &["outcome"],
            )?,
            mails: IntCounterVec::new(
                Opts::new("plinth_mails_total", "Attempts to send a mail that ended."),
                &["outcome"],
            )?,
        };
        metrics.register()?;
        Ok(metrics)
    }

    fn register(&self) -> anyhow::Result<()> {
        let all: [Box<dyn prometheus::core::Collector>; 9] = [
            Box::new(self.requests.clone()),
            Box::new(self.latency.clone()),
            Box::new(self.panics.clone()),
            Box::new(self.group_size.clone()),
            Box::new(self.realtime_clients.clone()),
            Box::new(self.realtime_events.clone()),
            Box::new(self.realtime_cut_off.clone()),
            Box::new(self.job_runs.clone()),
            Box::new(self.mails.clone()),
        ];
        for metric in all {
            self.registry.register(metric)?;
        }
        Ok(())
    }
}
