use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Several changes of records that succeed or fail together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Batch {
    /// The changes, in the order in which they are applied.
    #[cfg_attr(feature = "openapi", schema(required, min_items = 1))]
    pub requests: Vec<BatchRequest>,
}

/// A change of a record, as part of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct BatchRequest {
    /// `POST`, `PATCH`, `DELETE`, or `PUT`, which updates the record if it exists and creates it if not.
    #[cfg_attr(feature = "openapi", schema(required, value_type = super::schema::BatchMethod))]
    pub method: String,
    /// Path and query of a records endpoint, such as `/api/collections/posts/records?expand=author`.
    #[cfg_attr(
        feature = "openapi",
        schema(
            required,
            max_length = 2000,
            pattern = "^/api/collections/[^/?]+/records(/[^/?]+)?([?].*)?$"
        )
    )]
    pub url: String,
    /// Headers of this change, in addition to those of the batch; rules can refer to them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The record's values.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub body: Map<String, Value>,
}

/// The result of one change of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct BatchResult {
    /// The record, or `null` after a deletion.
    pub body: Value,
    /// The HTTP status: 200, or 204 for an empty body.
    pub status: u16,
}
