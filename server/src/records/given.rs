//! The values of a body as the fields of a collection take them.
//!
//! They are worked out before the transaction, since how long that takes grows with the body: on SQLite one
//! transaction at a time writes.

use std::borrow::Cow;
use std::sync::Arc;

use plinth_sdk::types::{FieldKind, FieldProblem};
use serde_json::{Map, Value as Json};

use super::validate;
use super::values::{self, Change, split_key};
use crate::db::Value;
use crate::schema::{Collection, Shape};

/// The values of a body.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// The collection whose fields they are for.
    collection: Arc<Collection>,
    pub(super) plain: Vec<Plain>,
    /// Changes of the values that fields have, by position.
    pub(super) changes: Vec<(usize, Change)>,
    /// Beginnings of texts that make themselves, by position.
    pub(super) generated: Vec<(usize, String)>,
}

/// The value of a field.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    pub(super) position: usize,
    pub(super) value: Value,
    /// What the field's options say of it.
    problem: Option<FieldProblem>,
}

impl Given {
    /// Works out the values of a body.
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
                let prefix = values::text(raw).into_owned();
                given.generated.push((position, prefix));
                continue;
            }
            let (name, modifier) = split_key(key);
            if let (Some(position), Some(modifier)) = (collection.position(name), modifier) {
                let kind = &collection.def.fields[position].kind;
                let change = Change::of(kind, modifier, raw);
                given.changes.push((position, change));
            }
        }
        given
    }

    /// These values, or those of the same body for a collection that has changed since.
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

    /// What the options of the field at `position` say of `value`: as it was worked out, if that is the value given.
    pub(super) fn problem(&self, position: usize, value: &Value) -> Option<FieldProblem> {
        let field = &self.collection.def.fields[position];
        let mut plain = self.plain.iter().filter(|plain| plain.position == position);
        match plain.next() {
            Some(plain) if plain.value == *value => plain.problem.clone(),
            _ => validate::validate(field, value, None),
        }
    }

    /// What the options of a password's field say of the one that was typed.
    pub(super) fn password_problem(&self, position: usize) -> Option<FieldProblem> {
        let field = &self.collection.def.fields[position];
        let mut plain = self.plain.iter().filter(|plain| plain.position == position);
        match plain.next() {
            Some(plain) => plain.problem.clone(),
            None => validate::validate(field, &Value::from(""), None),
        }
    }

    /// The passwords that were typed and will be accepted, by field.
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
        let value = values::normalise(&field.kind, raw);
        // Whether they are files is known where the stored record and the uploads are.
        let problem = if matches!(field.kind, FieldKind::File(_)) {
            None
        } else {
            validate::validate(field, &value, Some(raw))
        };
        Self {
            position,
            value,
            problem,
        }
    }
}
