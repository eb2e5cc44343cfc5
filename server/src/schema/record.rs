//! Records in memory, and their JSON.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Collection, FieldAccess, Key, Shape};
use crate::budget::Room;
use crate::db::{Value, ValueRef};
use crate::json;

/// A record, with its visibility for a reader.
#[derive(Clone, Debug)]
pub struct Record {
    /// The collection.
    pub collection: Arc<Collection>,
    /// The values, in the order of the columns.
    pub values: Vec<Value>,
    /// The expanded relations as JSON, if they were requested.
    pub expand: Option<Vec<u8>>,
    /// The visibility for the reader.
    pub reveal: Reveal,
}

/// The visibility of a record for a reader: more than for everybody, or less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reveal {
    /// Whether hidden fields are visible.
    pub hidden: bool,
    /// Whether the email address is visible regardless of `emailVisibility`.
    pub email: bool,
    /// The fields that the reader's roles leave; `None`: all.
    pub fields: Option<FieldAccess>,
}

impl Record {
    /// Makes a record of values.
    pub fn new(collection: Arc<Collection>, values: Vec<Value>) -> Self {
        Self {
            collection,
            values,
            expand: None,
            reveal: Reveal::default(),
        }
    }

    /// Returns the id.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// Returns the value of a text field; empty if there is no such field.
    pub fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// Returns the value of a bool field.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Bool(true)))
    }

    /// Returns the value of a field.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(self.collection.position(name)?)
    }

    /// Sets the value of a field, if there is such a field.
    pub fn set(&mut self, name: &str, value: Value) {
        if let Some(position) = self.collection.position(name) {
            self.values[position] = value;
        }
    }

    /// Returns a value as rules see it.
    pub fn known(&self, name: &str) -> Option<Json> {
        match name {
            "collectionId" => Some(self.collection.def.id.as_str().into()),
            "collectionName" => Some(self.collection.def.name.as_str().into()),
            _ => {
                let key = self.collection.keys.iter().find(|(key, _)| key == name)?;
                match key.1 {
                    Key::Column(index) if self.collection.columns[index].shape == Shape::Secret => {
                        Some(Json::from(""))
                    }
                    Key::Column(index) => Some(to_json(&self.values[index])),
                    Key::CollectionId | Key::CollectionName | Key::Expand => None,
                }
            }
        }
    }

    /// Writes the record as JSON, with its keys in alphabetical order.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.write_with(out, self.expand.as_deref());
    }

    /// Writes the record as JSON with these expanded relations.
    pub fn write_with(&self, out: &mut Vec<u8>, expand: Option<&[u8]>) {
        let keys = self.collection.keys.iter();
        let keys = keys.filter(|(name, key)| self.shows(name, *key, expand.is_some()));
        self.write_keys(out, keys, expand, |out, column| {
            write_value(out, &ValueRef::from(&self.values[column]));
        });
    }

    /// Returns a sink that writes each row as a JSON object with the same visible keys as this record, while there is
    /// room.
    pub fn like_this<'a>(
        &'a self,
        out: &'a mut Vec<u8>,
        room: &'a mut Room,
    ) -> impl FnMut(Vec<ValueRef<'_>>) + 'a {
        let keys: Vec<_> = self.shown_keys().collect();
        let mut is_first = true;
        move |row| {
            if !room.reaches(out.len()) {
                return;
            }
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            self.write_keys(out, keys.iter().copied(), None, |out, column| {
                write_value(out, &row[column]);
            });
        }
    }

    fn write_keys<'a>(
        &self,
        out: &mut Vec<u8>,
        keys: impl Iterator<Item = &'a (String, Key)>,
        expand: Option<&[u8]>,
        write_column: impl Fn(&mut Vec<u8>, usize),
    ) {
        out.push(b'{');
        let mut first = true;
        for (name, key) in keys {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            out.push(b'"');
            // Names of fields need no escapes.
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            match key {
                // Nobody sees the hash, but the key is present.
                Key::Column(index) if self.collection.columns[*index].shape == Shape::Secret => {
                    out.extend_from_slice(b"\"\"");
                }
                Key::Column(index) => write_column(out, *index),
                Key::CollectionId => json::push_str(out, &self.collection.def.id),
                Key::CollectionName => json::push_str(out, &self.collection.def.name),
                Key::Expand => out.extend_from_slice(expand.unwrap_or(b"null")),
            }
        }
        out.push(b'}');
    }

    /// Converts the record to a JSON value.
    pub fn to_json(&self) -> Json {
        let mut object = Map::new();
        for (name, key) in self.shown_keys() {
            let value = match key {
                Key::Column(index) if self.collection.columns[*index].shape == Shape::Secret => {
                    Json::from("")
                }
                Key::Column(index) => to_json(&self.values[*index]),
                Key::CollectionId => Json::from(self.collection.def.id.as_str()),
                Key::CollectionName => Json::from(self.collection.def.name.as_str()),
                Key::Expand => {
                    let expand = self.expand.as_deref().unwrap_or(b"null");
                    serde_json::from_slice(expand).unwrap_or_default()
                }
            };
            object.insert(name.clone(), value);
        }
        Json::Object(object)
    }

    /// Returns the keys that the reader sees.
    fn shown_keys(&self) -> impl Iterator<Item = &(String, Key)> {
        let keys = self.collection.keys.iter();
        keys.filter(|(name, key)| self.shows(name, *key, self.expand.is_some()))
    }

    /// Whether the reader's roles leave a field visible.
    pub fn reaches(&self, name: &str) -> bool {
        self.reveal
            .fields
            .as_ref()
            .is_none_or(|fields| fields.has(name))
    }

    fn shows(&self, name: &str, key: Key, is_expanded: bool) -> bool {
        match key {
            Key::CollectionId | Key::CollectionName => true,
            Key::Expand => is_expanded,
            Key::Column(index) => {
                if (self.collection.columns[index].hidden && !self.reveal.hidden)
                    || !self.reaches(name)
                {
                    return false;
                }
                let is_private = self.collection.is_auth() && name == "email";
                !is_private || self.reveal.email || self.is("emailVisibility")
            }
        }
    }
}

/// Converts a stored value to JSON.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => Json::String(text.clone()),
        Value::Number(number) => {
            serde_json::from_str(&json::number_text(*number)).unwrap_or_default()
        }
        Value::Int(number) => Json::from(*number),
        Value::Bool(bool) => Json::Bool(*bool),
        Value::Json(text) => serde_json::from_str(text).unwrap_or_default(),
    }
}

fn write_value(out: &mut Vec<u8>, value: &ValueRef<'_>) {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Text(text) => json::push_str(out, text),
        ValueRef::Number(number) => json::push_number(out, *number),
        ValueRef::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        ValueRef::Bool(true) => out.extend_from_slice(b"true"),
        ValueRef::Bool(false) => out.extend_from_slice(b"false"),
        ValueRef::Json(text) => out.extend_from_slice(text.as_bytes()),
    }
}
