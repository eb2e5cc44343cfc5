//! What a server says of itself.

use serde::{Deserialize, Serialize};

/// Whether requests should be sent to a server, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether they should.
    pub ready: bool,
    /// `ok`, `starting` while it brings the database up to date, or `draining` before it stops.
    pub server: String,
    /// `ok`, `unreachable`, or `unknown` while the server starts.
    pub database: String,
    /// `ok`, why the database refuses writes (`full`, `read_only`, `locked`, `failing`), or `unknown` while it is not asked.
    #[serde(default)]
    pub writes: String,
    /// `ok`, `stalled` while clients do not hear of changes, or `unknown` while the server starts.
    #[serde(default)]
    pub realtime: String,
}

/// Requests by the minute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The oldest first; those without requests too. The last is not over yet.
    pub minutes: Vec<Minute>,
}

/// What the requests of a minute came to, at all servers of one database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Minute {
    /// When it began.
    pub time: String,
    /// How many there were.
    pub requests: u64,
    /// How many got an answer 4xx.
    pub client_errors: u64,
    /// How many got an answer 5xx.
    pub server_errors: u64,
    /// The milliseconds that half of them took at most; 0 when there were none.
    pub p50: f64,
    /// The milliseconds that 95 in 100 took at most.
    pub p95: f64,
    /// The milliseconds that 99 in 100 took at most.
    pub p99: f64,
}
