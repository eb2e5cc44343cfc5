//! Log entries.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A log entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Log {
    /// The id of the entry.
    pub id: String,
    /// Time of the event.
    pub created: String,
    /// Severity: -4 debug, 0 info, 4 warning, 8 error.
    pub level: i64,
    /// The event in one line.
    pub message: String,
    /// Details. Of a request, whose `type` is `request`: `method`, `url`, `status`, `execTime` in milliseconds, `auth`,
    /// `userIP`, `remoteIP`, `referer`, `userAgent`, `requestId`; if it failed, also `error` and `details`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub data: Map<String, Value>,
}

/// The number of log entries in one hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct LogHour {
    /// Start of the hour.
    pub date: String,
    /// The number of entries.
    pub total: i64,
}
