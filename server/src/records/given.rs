//! The values of a body, converted to the types of a collection's fields.
//!
//! They are converted before the transaction, since the time this takes grows with the body, and SQLite runs one
//! write transaction at a time.

use std::borrow::Cow;
use std::sync::Arc;

use plinth_sdk::types::{FieldKind, FieldProblem};
use serde_json::{Map, Value as Json};

use crate::db::Value;
use crate::fields::{self, Change, split_key};
use crate::schema::{Collection, Shape};

/// The values of a body.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// The collection of the fields.
    collection: Arc<Collection>,
    pub(super) plain: Vec<Plain>,
    /// Changes of existing values, by position.
    pub(super) changes: Vec<(usize, Change)>,
    /// Prefixes of generated texts, by position.
    pub(super) generated: Vec<(usize, String)>,
}

/// The value of a field.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    pub(super) position: usize,
    pub(super) value: Value,
    /// The problem that the field's options find.
    problem: Option<FieldProblem>,
}

impl Given {
    /// Converts the values of a body.
    pub(super) fn of(collection: &Arc<Collection>, body: &Map<String, Json>) -> Self {
        let mut given = Self {
            collection: Arc::clone(collection),
            plain: Vec::with_capacity(body.len()),
            changes: Vec::new(),
            generated: Vec::new(),
        };
        for (key, raw) in body {
            if let Some(position) = collection.position(key) {
                given.plain.push(Plain::of(collection, position, raw));
                continue;
            }
            if let Some(position) = key
                .strip_suffix(":autogenerate")
                .and_then(|name| collection.position(name))
            {
                let prefix = fields::text_of(raw).into_owned();
                given.generated.push((position, prefix));
                continue;
            }
            let (name, modifier) = split_key(key);
            if let (Some(position), Some(modifier)) = (collection.position(name), modifier) {
                let kind = &collection.def.fields[position].kind;
                let change = fields::of(kind).change(modifier, raw);
                given.changes.push((position, change));
            }
        }
        given
    }

    /// Returns the values, converted again if the collection has changed since.
    pub(super) fn under<'a>(
        given: Option<&'a Self>,
        collection: &Arc<Collection>,
        body: &Map<String, Json>,
    ) -> Cow<'a, Self> {
        match given {
            Some(given) if Arc::ptr_eq(&given.collection, collection) => Cow::Borrowed(given),
            _ => Cow::Owned(Self::of(collection, body)),
        }
    }

    /// Validates `value` against the options of the field at `position`. The result is known already if the value is
    /// the one that was given.
    pub(super) fn problem(&self, position: usize, value: &Value) -> Option<FieldProblem> {
        let field = &self.collection.def.fields[position];
        let mut plain = self.plain.iter().filter(|plain| plain.position == position);
        match plain.next() {
            Some(plain) if plain.value == *value => plain.problem.clone(),
            _ => fields::validate(&field.kind, value, None),
        }
    }

    /// Returns the problem of the password that was given for a field.
    pub(super) fn password_problem(&self, position: usize) -> Option<FieldProblem> {
        let field = &self.collection.def.fields[position];
        let mut plain = self.plain.iter().filter(|plain| plain.position == position);
        match plain.next() {
            Some(plain) => plain.problem.clone(),
            None => fields::validate(&field.kind, &Value::from(""), None),
        }
    }

    /// Returns the valid passwords, by field.
    pub(super) fn passwords(&self) -> impl Iterator<Item = (&str, &str)> {
        let secret = |plain: &&Plain| {
            let column = &self.collection.columns[plain.position];
            column.shape == Shape::Secret && plain.problem.is_none()
        };
        let secrets = self.plain.iter().filter(secret);
        secrets.filter_map(|plain| {
            let Value::Text(typed) = &plain.value else {
                return None;
            };
            let name = self.collection.columns[plain.position].name.as_str();
            (!typed.is_empty()).then_some((name, typed.as_str()))
        })
    }
}

impl Plain {
    fn of(collection: &Collection, position: usize, raw: &Json) -> Self {
        let field = &collection.def.fields[position];
        let value = fields::normalise(&field.kind, raw);
        // Files are checked where the stored record and the uploads are known.
        let problem = if matches!(field.kind, FieldKind::File(_)) {
            None
        } else {
            fields::validate(&field.kind, &value, Some(raw))
        };
        Self {
            position,
            value,
            problem,
        }
    }
}
