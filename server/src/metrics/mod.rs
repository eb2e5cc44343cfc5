//! Metrics: for Prometheus at `/metrics`, and by the minute for the console.

pub mod api;
mod backlog;
mod counts;
pub mod minutes;
mod state;
mod store;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::{Method, StatusCode};
use prometheus::core::Collector;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramTimer, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, Opts, Registry, TextEncoder,
};

use crate::accounts::attempts::rules::Purpose;
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::Dialect;
use crate::health::Lifecycle;
use crate::random::Random;
use minutes::Minutes;
use state::State;

/// The label of requests that match no route.
pub const UNMATCHED: &str = "unmatched";
/// The label of preflight requests.
pub const PREFLIGHT: &str = "preflight";
/// The label of requests whose handler panicked. The log says which one.
pub const PANICKED: &str = "panicked";
/// The routes for monitoring, which the console's charts leave out.
const WATCHERS: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// Every metric of a server.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests answered.
    pub requests: IntCounterVec,
    /// The time until an answer.
    pub latency: HistogramVec,
    /// Requests that are being answered.
    pub in_flight: IntGauge,
    /// Panics of threads and tasks, caught or not.
    pub panics: IntCounter,
    /// The number of writes that SQLite committed together.
    pub group_size: Histogram,
    /// The gauges that are read when the metrics are asked for.
    state: State,
    /// Connected realtime clients.
    pub realtime_clients: IntGauge,
    /// Events sent to realtime clients.
    pub realtime_events: IntCounter,
    /// Realtime clients cut off because they did not read, or asked for too much work.
    pub realtime_cut_off: IntCounter,
    /// Runs of jobs that ended.
    pub job_runs: IntCounterVec,
    /// Changes of collections in progress.
    schema_changes: IntGauge,
    /// The time that changes of collections took.
    schema_change: Histogram,
    /// By how many seconds this machine's clock is ahead of the database's.
    pub clock_difference: Gauge,
    /// Attempts to send a mail that ended.
    pub mails: IntCounterVec,
    /// Attempts that were refused because of failures before.
    pub delayed: IntCounterVec,
    /// Entries of the log that were dropped.
    pub log_dropped: IntCounter,
    /// Requests by the minute.
    pub minutes: Arc<Minutes>,
}

impl Metrics {
    /// Makes metrics that are all zero.
    pub fn new(now: Timestamp, random: &Random) -> anyhow::Result<Self> {
        let registry = Registry::new();
        #[cfg(target_os = "linux")]
        registry.register(Box::new(
            prometheus::process_collector::ProcessCollector::for_self(),
        ))?;
        let in_registry = Make(&registry);
        Ok(Self {
            requests: in_registry.counters(
                "plinth_http_requests_total",
                "Requests answered.",
                &["route", "method", "status"],
            )?,
            latency: in_registry.add(HistogramVec::new(
                HistogramOpts::new(
                    "plinth_http_request_duration_seconds",
                    "Time from a request's head to its answer's head.",
                )
                .buckets(vec![
                    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
                    5.0, 10.0,
                ]),
                &["route", "method"],
            )?)?,
            in_flight: in_registry.gauge(
                "plinth_http_requests_in_flight",
                "Requests that are being answered.",
            )?,
            panics: in_registry.counter(
                "plinth_panics_total",
                "Handlers, writes and tasks that panicked.",
            )?,
            group_size: in_registry.add(Histogram::with_opts(
                HistogramOpts::new(
                    "plinth_sqlite_write_group_size",
                    "Writes that were committed together.",
                )
                .buckets(vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
            )?)?,
            state: State::new(&in_registry)?,
            realtime_clients: in_registry
                .gauge("plinth_realtime_clients", "Connected realtime clients.")?,
            realtime_events: in_registry.counter(
                "plinth_realtime_events_total",
                "Events sent to realtime clients.",
            )?,
            realtime_cut_off: in_registry.counter(
                "plinth_realtime_cut_off_total",
                "Realtime clients cut off because they did not read, or their subscriptions took too much work.",
            )?,
            job_runs: in_registry.counters(
                "plinth_job_runs_total",
                "Runs of jobs that ended.",
                &["outcome"],
            )?,
            schema_changes: in_registry.gauge(
                "plinth_schema_changes_running",
                "Changes of collections that go on, or wait for others.",
            )?,
            schema_change: in_registry.add(Histogram::with_opts(
                HistogramOpts::new(
                    "plinth_schema_change_duration_seconds",
                    "How long changes of collections took.",
                )
                .buckets(vec![0.01, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0]),
            )?)?,
            clock_difference: in_registry.add(Gauge::new(
                "plinth_clock_difference_seconds",
                "By how much this machine's clock is ahead of the database's.",
            )?)?,
            mails: in_registry.counters(
                "plinth_mails_total",
                "Attempts to send a mail that ended.",
                &["outcome"],
            )?,
            delayed: in_registry.counters(
                "plinth_attempts_delayed_total",
                "Sign-ins, codes, links and requests for mails that were refused because of failures before.",
                &["purpose"],
            )?,
            log_dropped: in_registry.counter(
                "plinth_log_dropped_total",
                "Entries of the log that were not kept, because there were too many or the database was away.",
            )?,
            minutes: Arc::new(Minutes::new(now, random)),
            registry,
        }
        .with_outcomes())
    }

    /// Sets the outcomes that have not happened yet to 0, so that the first one is an increase.
    fn with_outcomes(self) -> Self {
        for outcome in ["succeeded", "failed", "lost", "skipped"] {
            self.job_runs.with_label_values(&[outcome]);
        }
        for purpose in Purpose::ALL {
            self.delayed.with_label_values(&[purpose.as_str()]);
        }
        for outcome in ["sent", "retried", "failed", "kept"] {
            self.mails.with_label_values(&[outcome]);
        }
        self
    }

    /// Adds the metric that names the version and the database.
    pub fn describe(&self, dialect: Dialect) -> anyhow::Result<()> {
        let info = Gauge::with_opts(
            Opts::new(
                "plinth_build_info",
                "Always 1; the labels say what this is.",
            )
            .const_label("version", env!("CARGO_PKG_VERSION"))
            .const_label("database", dialect.label()),
        )?;
        info.set(1.0);
        self.registry.register(Box::new(info))?;
        Ok(())
    }

    /// Counts all panics of the process from now on.
    pub fn count_panics(&self) {
        let panics = self.panics.clone();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            panics.inc();
            before(panic);
        }));
    }

    /// Measures a change of collections until the guard is dropped.
    pub fn changing(&self) -> Changing<'_> {
        self.schema_changes.inc();
        Changing {
            running: &self.schema_changes,
            _took: self.schema_change.start_timer(),
        }
    }

    /// Starts to measure a request. One that is dropped before its answer counts only as in flight until then.
    pub fn begin(&self, method: &Method) -> Counting<'_> {
        self.in_flight.inc();
        Counting {
            metrics: self,
            method: known(method),
            started: Instant::now(),
        }
    }

    /// Formats all metrics for Prometheus.
    pub async fn text(&self, app: &App, lifecycle: &Lifecycle) -> anyhow::Result<String> {
        self.state.look(app, lifecycle).await;
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }
}

/// Measures a change of collections.
pub struct Changing<'a> {
    running: &'a IntGauge,
    _took: HistogramTimer,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.running.dec();
    }
}

/// Measures a request.
pub struct Counting<'a> {
    metrics: &'a Metrics,
    method: &'static str,
    started: Instant,
}

impl Counting<'_> {
    /// Counts the answer.
    pub fn answered(self, route: &'static str, status: StatusCode) {
        let took: Duration = self.started.elapsed();
        let metrics = self.metrics;
        metrics
            .requests
            .with_label_values(&[route, self.method, status.as_str()])
            .inc();
        metrics
            .latency
            .with_label_values(&[route, self.method])
            .observe(took.as_secs_f64());
        if !WATCHERS.contains(&route) {
            metrics.minutes.count(status, took);
        }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
    }
}

/// Maps methods to few labels, since clients may invent methods.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"];
    let known = KNOWN.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or("other")
}

/// Makes and registers metrics.
struct Make<'a>(&'a Registry);

impl Make<'_> {
    fn add<T: Collector + Clone + 'static>(&self, metric: T) -> prometheus::Result<T> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.add(IntCounter::new(name, help)?)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn seconds(&self, name: &str, help: &str) -> prometheus::Result<Gauge> {
        self.add(Gauge::new(name, help)?)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.add(IntGauge::new(name, help)?)
    }
}
