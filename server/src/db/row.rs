//! Values that are borrowed from the row that is being read.

use std::borrow::Cow;

use super::Value;

/// A borrowed [`Value`].
#[derive(Clone, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// No value.
    Null,
    /// Text, dates and single references.
    Text(Cow<'a, str>),
    /// A double.
    Number(f64),
    /// A whole number of a system column.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// JSON text, written without spaces and with sorted keys.
    Json(Cow<'a, str>),
}

impl ValueRef<'_> {
    /// Returns roughly the memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        let text = match self {
            Self::Text(text) | Self::Json(text) => text.len(),
            Self::Null | Self::Number(_) | Self::Int(_) | Self::Bool(_) => 0,
        };
        text + size_of::<Self>()
    }
}

/// A callback for each row of a query.
pub type Each<'a> = dyn FnMut(Vec<ValueRef<'_>>) + 'a;

/// Copies a row so that it can be kept.
pub fn owned(row: Vec<ValueRef<'_>>) -> Vec<Value> {
    row.into_iter().map(Value::from).collect()
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Text(text) => Self::Text(text.into_owned()),
            ValueRef::Number(number) => Self::Number(number),
            ValueRef::Int(number) => Self::Int(number),
            ValueRef::Bool(bool) => Self::Bool(bool),
            ValueRef::Json(text) => Self::Json(text.into_owned()),
        }
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(text) => Self::Text(Cow::Borrowed(text)),
            Value::Number(number) => Self::Number(*number),
            Value::Int(number) => Self::Int(*number),
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Json(text) => Self::Json(Cow::Borrowed(text)),
        }
    }
}
