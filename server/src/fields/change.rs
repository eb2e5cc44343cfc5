//! Modifiers: keys of a body that change the value that a field has.

use std::collections::HashSet;

use crate::db::Value;

use super::cast;
use super::choice::{Choice, items};

/// A modifier of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modifier {
    /// `field+`: adds, or appends.
    Append,
    /// `+field`: prepends.
    Prepend,
    /// `field-`: subtracts, or removes.
    Remove,
}

/// The modifiers that a field's values are described with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modifiers {
    /// None.
    Nothing,
    /// `field+` and `field-`, which add and subtract.
    Arithmetic,
    /// `field+`, `+field` and `field-`, which append, prepend and remove.
    List,
}

/// Splits a key of a body into a field's name and a modifier. No name of a field has a `+` or `-` in it.
pub(crate) fn split_key(key: &str) -> (&str, Option<Modifier>) {
    if let Some(name) = key.strip_suffix('+') {
        (name, Some(Modifier::Append))
    } else if let Some(name) = key.strip_suffix('-') {
        (name, Some(Modifier::Remove))
    } else if let Some(name) = key.strip_prefix('+') {
        (name, Some(Modifier::Prepend))
    } else {
        (key, None)
    }
}

/// A change of the value that a field has.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Adds to a number.
    Add(f64),
    /// Appends values.
    Append(Choice, Vec<String>),
    /// Prepends values.
    Prepend(Choice, Vec<String>),
    /// Removes values.
    Remove(Choice, HashSet<String>),
    /// Keeps the value: the type has no such modifier.
    Nothing,
}

impl Change {
    /// Returns what becomes of a value.
    pub(crate) fn apply(&self, current: &Value) -> Value {
        let (choice, values) = match (self, current) {
            (Self::Add(number), Value::Number(before)) => return Value::Number(before + number),
            (Self::Append(choice, given), _) => {
                let mut values = items(current);
                values.extend_from_slice(given);
                (choice, values)
            }
            (Self::Prepend(choice, given), _) => {
                let mut values = given.clone();
                values.append(&mut items(current));
                (choice, values)
            }
            (Self::Remove(choice, given), _) => {
                let mut values = items(current);
                values.retain(|value| !given.contains(value));
                (choice, values)
            }
            (Self::Add(_) | Self::Nothing, _) => return current.clone(),
        };
        choice.value(&cast::distinct(values))
    }
}
