use std::ops::Index;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A record of any collection.
///
/// Indexing reads a field: `record["title"]`, which is `null` when there is none.
///
/// ```
/// use plinth_sdk::Record;
/// use serde_json::json;
///
/// let record: Record = serde_json::from_value(json!({ "id": "r1", "title": "Alien" }))?;
/// assert_eq!(record["title"], "Alien");
/// assert!(record["year"].is_null());
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    /// The id.
    pub id: String,
    /// The id of its collection.
    pub collection_id: String,
    /// The name of its collection.
    pub collection_name: String,
    /// All other fields, and `expand`, by name.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Index<&str> for Record {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }
}
