//! Views on SQLite, whose language they are written in.

use super::{Around, Cast, Collation, Equality, Function, Piece, Sql, ViewDialect, ViewType};
use crate::db::dialect::sqlite::{SQLITE, Sqlite};
use crate::db::dialect::wrap;
use crate::db::sql;

impl ViewDialect for Sqlite {
    fn view_column(&self, value: Sql, view_type: ViewType) -> Sql {
        match view_type {
            ViewType::Number | ViewType::Bool => value,
            ViewType::Text => wrap("CAST(", value, " AS TEXT)"),
            ViewType::Json => {
                let mut out = sql(SQLITE, "CASE WHEN json_valid(");
                out.append(value.clone()).text(") THEN ");
                out.append(value.clone()).text(" ELSE json_quote(");
                out.append(value).text(") END");
                out
            }
        }
    }

    fn has_numeric_bools(&self) -> bool {
        true
    }

    fn groups_every_column(&self) -> bool {
        false
    }

    fn has_aliases_in_conditions(&self) -> bool {
        true
    }

    fn has_sqlite_precedence(&self) -> bool {
        true
    }

    fn view_like(&self, equality: Equality) -> &'static str {
        match equality {
            Equality::Equal => " LIKE (",
            Equality::Different => " NOT LIKE (",
        }
    }

    fn no_escape(&self) -> &'static str {
        ""
    }

    fn cast(&self, target: Cast) -> Around {
        let after = match target {
            Cast::Text => " AS TEXT)",
            Cast::Integer => " AS INTEGER)",
            Cast::Real => " AS REAL)",
            Cast::Numeric => " AS NUMERIC)",
            Cast::Bool => " AS BOOLEAN)",
            Cast::Json => " AS JSON)",
        };
        ("CAST(", after)
    }

    fn collate(&self, collation: Collation) -> Around {
        match collation {
            Collation::NoCase => ("(", ") COLLATE NOCASE"),
            Collation::Binary => ("(", ") COLLATE BINARY"),
        }
    }

    fn json_each(&self) -> Around {
        ("json_each(", ")")
    }

    fn json_arrow(&self, is_text: bool, _: Option<&str>) -> Result<Vec<Piece>, String> {
        let arrow = if is_text { " ->> " } else { " -> " };
        Ok(vec![Piece::Text(arrow), Piece::Argument(0)])
    }

    fn function(&self, name: &'static str) -> Function {
        Function::Named(name)
    }

    fn call(&self, _: &str, _: &[Option<&str>]) -> Result<Vec<Piece>, String> {
        Ok(Vec::new())
    }
}
