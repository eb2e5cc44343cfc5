//! Changes as JSON, on their way to other processes.

use std::sync::Arc;

use plinth_sdk::types::Field;
use serde_json::{Map, Value as Json, json};

use super::{Change, Kind};
use crate::db::coordination::Row;
use crate::db::journal::{Entry, Subject};
use crate::db::{ColumnType, GeoPoint, Value};
use crate::fields;
use crate::schema::{Collection, Column, Schema, Shape, to_json};

impl Subject for Collection {
    fn encode(&self, entry: &Entry) -> Json {
        json!({
            "kind": entry.kind.name(),
            "collection": self.def.id,
            "record": to_record(self, &entry.values),
            "amongOthers": entry.part_of_bulk,
            "ended": entry.revoked,
        })
    }
}

/// Reads the changes in a row. Those whose collections are gone are left out.
pub fn changes_of(row: &Row, schema: &Schema) -> Vec<Change> {
    let changes = row.changes.as_array().into_iter().flatten();
    changes
        .filter_map(|change| decode(schema, change))
        .collect()
}

fn decode(schema: &Schema, change: &Json) -> Option<Change> {
    let kind = Kind::of(change["kind"].as_str()?)?;
    let collection = Arc::clone(schema.find(change["collection"].as_str()?)?);
    let values = from_record(&collection, change["record"].as_object()?);
    Some(Change {
        kind,
        collection,
        values,
        part_of_bulk: change["amongOthers"].as_bool().unwrap_or(true),
        revoked: change["ended"].as_str().map(str::to_owned),
    })
}

/// Returns the values of a change in the columns of another version of its collection.
pub(super) fn converted(change: &Change, collection: &Collection) -> Vec<Value> {
    from_record(collection, &to_record(&change.collection, &change.values))
}

/// Writes a record's values as JSON, without the hashes of passwords.
fn to_record(collection: &Collection, values: &[Value]) -> Map<String, Json> {
    collection
        .columns
        .iter()
        .zip(values)
        .filter(|(column, _)| column.shape != Shape::Secret)
        .map(|(column, value)| (column.name.clone(), to_json(value)))
        .collect()
}

/// Reads a record's values. A field that was added since is empty.
fn from_record(collection: &Collection, record: &Map<String, Json>) -> Vec<Value> {
    let fields = collection.def.fields.iter().zip(&collection.columns);
    let value = |(field, column): (&Field, &Column)| {
        let stored = record.get(&field.name);
        let stored = stored.and_then(|json| match (column.storage, json) {
            (ColumnType::Text, Json::String(text)) => Some(Value::Text(text.clone())),
            (ColumnType::Number, Json::Number(number)) => number.as_f64().map(Value::Number),
            (ColumnType::Int, Json::Number(number)) => number.as_i64().map(Value::Int),
            (ColumnType::Bool, Json::Bool(bool)) => Some(Value::Bool(*bool)),
            (ColumnType::Json, Json::Null) => Some(Value::Null),
            (ColumnType::GeoPoint, json) => Some(Value::Json(GeoPoint::of(json).to_json())),
            (ColumnType::Json, json) => Some(Value::Json(crate::json::canonical(json))),
            (ColumnType::Text | ColumnType::Number | ColumnType::Int | ColumnType::Bool, _) => None,
        });
        stored.unwrap_or_else(|| fields::zero(&field.kind))
    };
    fields.map(value).collect()
}
