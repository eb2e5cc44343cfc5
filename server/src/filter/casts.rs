//! Casts of operands: to text, to a number, to a JSON scalar, or to the type of the other operand.

use super::operand::{Column, Kind, Literal, Operand};
use crate::db::{self, ColumnType, Dialect, Sql, Value};
use crate::json;

/// Returns a literal as text.
pub(super) fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Null => String::new(),
        Literal::Text(text) => text.clone(),
        Literal::Number(number) => json::number_text(*number),
        Literal::Whole(number) => number.to_string(),
        Literal::Bool(bool) => i32::from(*bool).to_string(),
    }
}

/// Returns the text that SQLite makes of a value where it needs a text. Its numbers are doubles, so 1 becomes `1.0`.
pub(super) fn sqlite_text(literal: &Literal) -> String {
    match literal {
        Literal::Number(number) => format!("{number:?}"),
        Literal::Whole(number) => format!("{:?}", json::to_double(*number)),
        Literal::Null | Literal::Text(_) | Literal::Bool(_) => literal_text(literal),
    }
}

pub(super) fn bound_text(dialect: Dialect, text: String) -> Sql {
    let mut out = Sql::new(dialect);
    out.bind(Value::Text(text));
    out
}

/// Casts a column to text.
pub(super) fn text_of(dialect: Dialect, column: &Column) -> Sql {
    match column.kind {
        Kind::Text | Kind::ComputedText => column.sql.clone(),
        Kind::Number => dialect.text(column.sql.clone(), ColumnType::Number),
        Kind::Bool => dialect.text(column.sql.clone(), ColumnType::Bool),
        Kind::Json | Kind::JsonScalar => dialect.text_of_scalar(scalar_of(dialect, column)),
    }
}

/// Casts a column to a type that has a minimum and a maximum.
pub(super) fn sortable(dialect: Dialect, column: &Column) -> Sql {
    match column.kind {
        Kind::Text | Kind::ComputedText | Kind::Number => column.sql.clone(),
        Kind::Bool | Kind::Json | Kind::JsonScalar => text_of(dialect, column),
    }
}

/// Casts a column to a JSON scalar, which compares with values of any type.
pub(super) fn scalar_of(dialect: Dialect, column: &Column) -> Sql {
    let value = column.sql.clone();
    match column.kind {
        Kind::Json | Kind::JsonScalar => dialect.scalar_of_json(value),
        Kind::Bool => dialect.scalar_of_bool(value),
        Kind::Text | Kind::ComputedText | Kind::Number => dialect.scalar(value),
    }
}

/// Like [`scalar_of`], for comparison with a column of kind `other`. Emulates SQLite's type affinity, by which an untyped
/// operand takes the type of the other one.
pub(super) fn coerced_scalar(dialect: Dialect, column: &Column, other: Kind) -> Sql {
    let json = scalar_of(dialect, column);
    match (column.kind, other) {
        (
            Kind::Text | Kind::ComputedText | Kind::Json | Kind::JsonScalar,
            Kind::Number | Kind::Bool,
        ) => dialect.scalar_beside_number(json),
        (Kind::Json | Kind::JsonScalar, Kind::Text) => dialect.scalar_beside_text(json),
        _ => json,
    }
}

/// Casts a literal to a JSON scalar.
pub(super) fn scalar_of_literal(dialect: Dialect, literal: &Literal) -> Sql {
    dialect.scalar_of_value(literal.clone().into_value())
}

/// Converts a literal to the type of a column; `None` if the column can never hold it.
pub(super) fn fit(kind: Kind, literal: &Literal) -> Option<Value> {
    let number = match literal {
        Literal::Null => None,
        Literal::Text(text) => db::as_number(text),
        Literal::Number(number) => Some(*number),
        Literal::Whole(number) => Some(json::to_double(*number)),
        Literal::Bool(bool) => Some(f64::from(*bool)),
    };
    match (kind, literal) {
        (Kind::ComputedText, Literal::Text(text)) => Some(Value::Text(text.clone())),
        (Kind::Text, _) => Some(Value::Text(sqlite_text(literal))),
        (Kind::Number, _) => number.map(Value::Number),
        (Kind::Bool, _) => match number {
            Some(0.0) => Some(Value::Bool(false)),
            Some(1.0) => Some(Value::Bool(true)),
            _ => None,
        },
        (Kind::ComputedText | Kind::Json | Kind::JsonScalar, _) => None,
    }
}

/// Casts an operand to a number, as an argument of a function; null if it is not a number.
pub(super) fn number_of(dialect: Dialect, operand: &Operand) -> Sql {
    let column = match operand {
        Operand::Literal(literal) => {
            let number = match literal {
                Literal::Null => None,
                Literal::Number(number) => Some(*number),
                Literal::Whole(number) => Some(json::to_double(*number)),
                Literal::Bool(bool) => Some(f64::from(*bool)),
                Literal::Text(text) => db::as_number(text),
            };
            return dialect.number(number);
        }
        Operand::Column(column) => column,
    };
    match column.kind {
        Kind::Number => column.sql.clone(),
        Kind::Bool => dialect.number_of_bool(column.sql.clone()),
        Kind::Text | Kind::ComputedText | Kind::Json | Kind::JsonScalar => {
            dialect.number_of_scalar(scalar_of_operand(dialect, operand))
        }
    }
}

/// Casts an operand to a JSON scalar.
pub(super) fn scalar_of_operand(dialect: Dialect, operand: &Operand) -> Sql {
    match operand {
        Operand::Literal(literal) => scalar_of_literal(dialect, literal),
        Operand::Column(column) => scalar_of(dialect, column),
    }
}
