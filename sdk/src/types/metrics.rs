//! Readiness and metrics of a server.

use serde::{Deserialize, Serialize};

/// Whether a server is ready for requests, with the reason if it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// Whether the server is ready.
    pub ready: bool,
    /// `ok`, `starting` while the database is migrated, or `draining` before the server stops.
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::ServerState))]
    pub server: String,
    /// `ok`, `unreachable`, or `unknown` while the server starts.
    #[cfg_attr(feature = "openapi", schema(value_type = super::schema::DatabaseState))]
    pub database: String,
    /// `ok`, the reason why the database refuses writes (`full`, `read_only`, `locked`, `failing`), or `unknown` while
    /// that is not checked.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = super::schema::WriteState))]
    pub writes: String,
    /// `ok`, `stalled` while changes are not delivered to clients, or `unknown` while the server starts.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = super::schema::RealtimeState))]
    pub realtime: String,
}

/// Requests per minute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The minutes in ascending order, including those without requests. The last one is not over yet.
    pub minutes: Vec<Minute>,
}

/// Totals of the requests of one minute, over all servers of the database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Minute {
    /// Start of the minute.
    pub time: String,
    /// The number of requests.
    pub requests: u64,
    /// The number of responses with a status of 4xx.
    pub client_errors: u64,
    /// The number of responses with a status of 5xx.
    pub server_errors: u64,
    /// Median response time in milliseconds; 0 without requests.
    pub p50: f64,
    /// 95th percentile of response times in milliseconds.
    pub p95: f64,
    /// 99th percentile of response times in milliseconds.
    pub p99: f64,
}
