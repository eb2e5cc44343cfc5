//! The operands of a comparison, after their paths have been resolved.

use serde_json::Value as Json;

use crate::db::{Sql, Value};
use crate::json;

/// An operand of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// A value that is known before the query runs.
    Literal(Literal),
    /// An expression that the database computes.
    Column(Column),
}

/// A value from the filter's text or from the request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Text(String),
    Number(f64),
    /// A whole number that no double holds exactly.
    Whole(i64),
    Bool(bool),
}

/// An expression that the database computes.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) sql: Sql,
    pub(super) kind: Kind,
    pub(super) nullable: bool,
    /// A condition that must hold as well: the client may see the value only then.
    pub(super) visibility_check: Option<Sql>,
    /// The length of the prefix that an index holds of the text.
    pub(super) prefix: Option<usize>,
    /// The id of the collection of which it is a record's id.
    pub(super) names: Option<String>,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    /// A text that an expression computes. Unlike the text of a column, it never equals a number.
    ComputedText,
    /// A JSON scalar, whose type differs from row to row. Null does not equal the empty text.
    Json,
    /// Like [`Kind::Json`], but null equals the empty text, and the value keeps its own type when compared with any other
    /// kind.
    JsonScalar,
}

impl Operand {
    /// Returns this operand for a comparison with a multi-valued one. As in `PocketBase`, a JSON null then equals the empty
    /// text.
    pub(super) fn against_many(self) -> Self {
        match self {
            Self::Column(column) if column.kind == Kind::Json => Self::Column(Column {
                kind: Kind::JsonScalar,
                ..column
            }),
            Self::Column(_) | Self::Literal(_) => self,
        }
    }
}

impl Kind {
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::ComputedText)
    }

    /// Says whether the type differs from row to row.
    pub(super) fn is_scalar(self) -> bool {
        matches!(self, Self::Json | Self::JsonScalar)
    }
}

impl Literal {
    /// Reads a JSON value. Lists and objects are compared by their JSON text.
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

    /// Says whether it is null or the empty text, which are equal for `=` and `!=`.
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
            visibility_check: None,
            prefix: None,
            names: None,
        }
    }
}
