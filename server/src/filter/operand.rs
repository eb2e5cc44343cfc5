//! The two sides of a comparison, once it is known what they are.

use serde_json::Value as Json;

use crate::db::{Sql, Value};
use crate::json;

/// An operand.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// Its value is known before the database is asked.
    Known(Known),
    /// The database has it.
    Column(Column),
}

/// A value from the filter's text or from the request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    Null,
    Text(String),
    Number(f64),
    /// A whole number that lies between two doubles, as JSON can hold one.
    Whole(i64),
    Bool(bool),
}

/// Something that the database computes.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) sql: Sql,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
    /// Must hold too, whatever the comparison says.
    pub(super) guard: Option<Sql>,
    /// How much of the text an index has.
    pub(super) prefix: Option<usize>,
}

/// How a column compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    /// A text that an expression makes. Unlike a column's it never equals a number.
    Computed,
    /// A scalar out of JSON, whose type differs from row to row. No value is not the empty text to it.
    Json,
    /// A scalar to which it is, and which has its own type beside any other.
    Scalar,
}

impl Operand {
    /// The one value that each of several is compared with. As `PocketBase` has it, JSON is no longer particular there
    /// about what is no value.
    pub(super) fn beside_many(self) -> Self {
        match self {
            Self::Column(column) if column.kind == Kind::Json => Self::Column(Column {
                kind: Kind::Scalar,
                ..column
            }),
            Self::Column(_) | Self::Known(_) => self,
        }
    }
}

impl Kind {
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Computed)
    }

    /// Whether the type differs from row to row.
    pub(super) fn is_scalar(self) -> bool {
        matches!(self, Self::Json | Self::Scalar)
    }
}

impl Known {
    /// Lists and objects compare by their JSON text.
    pub(super) fn from_json(value: &Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(v) => Self::Bool(*v),
            Json::Number(v) => Self::of_number(v),
            Json::String(v) => Self::Text(v.clone()),
            Json::Array(_) | Json::Object(_) => Self::Text(json::canonical(value)),
        }
    }

    fn of_number(number: &serde_json::Number) -> Self {
        match number.as_i64() {
            Some(whole) if !json::is_double(whole) => Self::Whole(whole),
            _ => Self::Number(number.as_f64().unwrap_or_default()),
        }
    }

    /// `null` and the empty text are the same to `=` and `!=`.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Number(_) | Self::Whole(_) | Self::Bool(_) => false,
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::Text(text),
            Self::Number(number) => Value::Number(number),
            Self::Whole(number) => Value::Int(number),
            Self::Bool(bool) => Value::Number(f64::from(bool)),
        }
    }
}

impl Column {
    pub(super) fn new(sql: Sql, kind: Kind) -> Self {
        Self {
            sql,
            kind,
            nullable: true,
            guard: None,
            prefix: None,
        }
    }
}
