//! How an operand stands in SQL: as text, as a number, as JSON, or as a value of another one's type.

use super::operand::{Column, Kind, Known, Operand};
use crate::db::{self, Engine, Sql, Value, dialect};
use crate::json;

pub(super) fn known_text(known: &Known) -> String {
    match known {
        Known::Null => String::new(),
        Known::Text(text) => text.clone(),
        Known::Number(number) => json::number_text(*number),
        Known::Whole(number) => number.to_string(),
        Known::Bool(bool) => i32::from(*bool).to_string(),
    }
}

/// The text that SQLite makes of a value where it needs one. Its numbers are doubles, and show it.
pub(super) fn double_text(known: &Known) -> String {
    match known {
        Known::Number(number) => format!("{number:?}"),
        Known::Whole(number) => format!("{:?}", json::to_double(*number)),
        Known::Null | Known::Text(_) | Known::Bool(_) => known_text(known),
    }
}

pub(super) fn bound_text(engine: Engine, text: String) -> Sql {
    let mut out = Sql::new(engine);
    out.bind(Value::Text(text));
    out
}

/// The column's value as text.
pub(super) fn text_form(engine: Engine, column: &Column) -> Sql {
    let mut out = Sql::new(engine);
    match (engine, column.kind) {
        (Engine::Sqlite, _) | (_, Kind::Text | Kind::Computed) => out.append(column.sql.clone()),
        (Engine::Postgres, Kind::Number) => {
            out.text("(").append(column.sql.clone()).text(")::text")
        }
        (Engine::Postgres, Kind::Bool) => out
            .text("(")
            .append(column.sql.clone())
            .text(")::int::text"),
        (Engine::Postgres, Kind::Json | Kind::Scalar) => out
            .text("((")
            .append(json_form(engine, column))
            .text(") #>> '{}')"),
    };
    out
}

/// The column's value such that there is a least and a greatest of several.
pub(super) fn sortable(engine: Engine, column: &Column) -> Sql {
    match column.kind {
        Kind::Text | Kind::Computed | Kind::Number => column.sql.clone(),
        Kind::Bool | Kind::Json | Kind::Scalar => text_form(engine, column),
    }
}

/// The column's value such that it compares with values of any type.
pub(super) fn json_form(engine: Engine, column: &Column) -> Sql {
    if engine == Engine::Sqlite {
        return column.sql.clone();
    }
    let mut out = Sql::new(engine);
    match column.kind {
        Kind::Json | Kind::Scalar => {
            out.text("\"_scalar\"(")
                .append(column.sql.clone())
                .text(")");
        }
        Kind::Bool => {
            out.text("to_jsonb((")
                .append(column.sql.clone())
                .text(")::int)");
        }
        Kind::Text | Kind::Computed | Kind::Number => {
            out.text("to_jsonb(").append(column.sql.clone()).text(")");
        }
    }
    out
}

/// The same, beside a column of another type: SQLite gives a value without a type that of the other side.
pub(super) fn beside(engine: Engine, column: &Column, other: Kind) -> Sql {
    let json = json_form(engine, column);
    if engine == Engine::Sqlite {
        return json;
    }
    let mut out = Sql::new(engine);
    match (column.kind, other) {
        (Kind::Text | Kind::Computed | Kind::Json | Kind::Scalar, Kind::Number | Kind::Bool) => {
            out.text("\"_as_number\"(").append(json).text(")");
        }
        (Kind::Json | Kind::Scalar, Kind::Text) => {
            out.text("to_jsonb((").append(json).text(") #>> '{}')");
        }
        _ => return json,
    }
    out
}

pub(super) fn json_value(engine: Engine, known: &Known) -> Sql {
    let value = known.clone().into_value();
    let mut out = Sql::new(engine);
    match (engine, &value) {
        (Engine::Sqlite, _) => out.bind(value),
        // The text that JSON is stored with: PostgreSQL has another one for some doubles.
        (Engine::Postgres, Value::Number(number)) => {
            out.bind(Value::Json(json::number_text(*number)))
        }
        (Engine::Postgres, Value::Null) => out.text("NULL::jsonb"),
        (Engine::Postgres, _) => out.text("to_jsonb(").bind(value).text(")"),
    };
    out
}

/// The value as the column's type has it; `None` when the column can never hold it.
pub(super) fn fit(kind: Kind, known: &Known) -> Option<Value> {
    let number = match known {
        Known::Null => None,
        Known::Text(text) => db::as_number(text),
        Known::Number(number) => Some(*number),
        Known::Whole(number) => Some(json::to_double(*number)),
        Known::Bool(bool) => Some(f64::from(*bool)),
    };
    match (kind, known) {
        (Kind::Computed, Known::Text(text)) => Some(Value::Text(text.clone())),
        (Kind::Text, _) => Some(Value::Text(double_text(known))),
        (Kind::Number, _) => number.map(Value::Number),
        (Kind::Bool, _) => match number {
            Some(0.0) => Some(Value::Bool(false)),
            Some(1.0) => Some(Value::Bool(true)),
            _ => None,
        },
        (Kind::Computed | Kind::Json | Kind::Scalar, _) => None,
    }
}

/// The number that an operand is, for a function's argument; no value for what is no number.
pub(super) fn as_number(engine: Engine, operand: &Operand) -> Sql {
    let column = match operand {
        Operand::Known(known) => {
            let number = match known {
                Known::Null => None,
                Known::Number(number) => Some(*number),
                Known::Whole(number) => Some(json::to_double(*number)),
                Known::Bool(bool) => Some(f64::from(*bool)),
                Known::Text(text) => db::as_number(text),
            };
            return dialect::number(engine, number);
        }
        Operand::Column(column) => column,
    };
    match column.kind {
        Kind::Number => column.sql.clone(),
        Kind::Bool => dialect::number_of_bool(engine, column.sql.clone()),
        Kind::Text | Kind::Computed | Kind::Json | Kind::Scalar => {
            dialect::number_of_scalar(engine, as_scalar(engine, operand))
        }
    }
}

/// An operand as a value whose type differs from row to row.
pub(super) fn as_scalar(engine: Engine, operand: &Operand) -> Sql {
    match operand {
        Operand::Known(known) => json_value(engine, known),
        Operand::Column(column) => json_form(engine, column),
    }
}
