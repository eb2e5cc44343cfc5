use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Several changes, of which all are made or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Batch {
    /// The changes, in their order.
    pub requests: Vec<BatchRequest>,
}

/// One change of a [`Batch`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchRequest {
    /// `POST`, `PATCH`, `DELETE`, or `PUT` for what may be there already.
    pub method: String,
    /// The path and query of a collection's records, or of one.
    pub url: String,
    /// What rules see beside the headers of the batch.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The values.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub body: Map<String, Value>,
}

/// What became of one change of a [`Batch`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchResult {
    /// The record; `null` when it is gone.
    pub body: Value,
    /// 200, or 204 without a body.
    pub status: u16,
}
