//! The log.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An entry of the log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Log {
    /// The id.
    pub id: String,
    /// When it happened.
    pub created: String,
    /// How much it matters: -4 debug, 0 info, 4 warnings, 8 errors.
    pub level: i64,
    /// What happened, in a line.
    pub message: String,
    /// What is known of it. Of a request, whose `type` is `request`: `method`, `url`, `status`, `execTime` in
    /// milliseconds, `auth`, `userIP`, `userAgent` and so on; `error` and `details` if it failed.
    pub data: Map<String, Value>,
}

/// How many entries there are of an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogHour {
    /// When it began.
    pub date: String,
    /// How many there are.
    pub total: i64,
}
