//! Operators between expressions, casts and collations. The databases order, compare and convert otherwise.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL, views have only what is named"
)]

use sqlparser::ast::{BinaryOperator, DataType, Expr, ObjectName, UnaryOperator, Value as Literal};

use super::expr::text_of;
use super::functions::json_path;
use super::query::{Writer, last};
use super::{Outcome, refuse};
use crate::db::{Engine, Sql};

impl Writer<'_> {
    /// `a AND b AND c …`: what is long on its left side is not deep.
    pub(super) fn chain(&mut self, out: &mut Sql, expr: &Expr) -> Outcome<()> {
        let mut rest = expr;
        let mut links = Vec::new();
        while let Expr::BinaryOp { left, op, right } = rest {
            links.push((op, left.as_ref(), right.as_ref()));
            rest = left;
        }
        let mut whole = Sql::new(self.engine);
        self.deeper(|this| {
            this.expr(&mut whole, rest)?;
            for (op, left, right) in links.into_iter().rev() {
                let left_side = std::mem::replace(&mut whole, Sql::new(this.engine));
                // SQLite reads it as it was written; PostgreSQL has another order of its operators.
                match this.engine {
                    Engine::Sqlite => this.binary(&mut whole, left_side, op, left, right)?,
                    Engine::Postgres => {
                        whole.text("(");
                        this.binary(&mut whole, left_side, op, left, right)?;
                        whole.text(")");
                    }
                }
            }
            Ok(())
        })?;
        out.append(whole);
        Ok(())
    }

    fn binary(
        &mut self,
        out: &mut Sql,
        left_side: Sql,
        op: &BinaryOperator,
        left: &Expr,
        right: &Expr,
    ) -> Outcome<()> {
        let words = match op {
            BinaryOperator::Plus => " + ",
            BinaryOperator::Minus => " - ",
            BinaryOperator::Multiply => " * ",
            BinaryOperator::Divide => " / ",
            BinaryOperator::Modulo => " % ",
            BinaryOperator::StringConcat => " || ",
            BinaryOperator::Gt => " > ",
            BinaryOperator::Lt => " < ",
            BinaryOperator::GtEq => " >= ",
            BinaryOperator::LtEq => " <= ",
            BinaryOperator::Eq => " = ",
            BinaryOperator::NotEq => " <> ",
            BinaryOperator::And => " AND ",
            BinaryOperator::Or => " OR ",
            BinaryOperator::Arrow => " -> ",
            BinaryOperator::LongArrow => " ->> ",
            _ => return Err(refuse(format!("{op} is not supported in views"))),
        };
        let is_arrow = matches!(op, BinaryOperator::Arrow | BinaryOperator::LongArrow);
        if self.engine == Engine::Postgres && is_arrow {
            return self.inside_json(out, left_side, op, right);
        }
        if self.engine == Engine::Postgres
            && matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq)
        {
            // SQLite's bools are numbers, and its authors write them so.
            if let (true, Some(known)) = (self.is_bool(left), as_bool(right)) {
                out.append(left_side).text(words).text(known);
                return Ok(());
            }
            if let (true, Some(known)) = (self.is_bool(right), as_bool(left)) {
                out.text(known).text(words);
                return self.expr(out, right);
            }
        }
        out.append(left_side).text(words);
        self.expr(out, right)
    }

    /// `j -> 'a'`, and with a path as SQLite has it: `j -> '$.a[0]'`.
    fn inside_json(
        &mut self,
        out: &mut Sql,
        left_side: Sql,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Outcome<()> {
        let is_text = matches!(op, BinaryOperator::LongArrow);
        out.append(left_side);
        match text_of(right) {
            Some(path) if path.starts_with('$') => {
                out.text(if is_text { " #>> " } else { " #> " });
                out.literal(&json_path(path)?).text("::text[]");
                Ok(())
            }
            _ => {
                out.text(if is_text { " ->> " } else { " -> " });
                self.expr(out, right)
            }
        }
    }

    fn is_bool(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Identifier(name) => self.names.is_bool(&name.value),
            Expr::CompoundIdentifier(parts) => {
                let name = parts.last();
                name.is_some_and(|name| self.names.is_bool(&name.value))
            }
            _ => false,
        }
    }

    pub(super) fn cast(&mut self, out: &mut Sql, expr: &Expr, data_type: &DataType) -> Outcome<()> {
        let name = data_type.to_string().to_lowercase();
        let name = name.split(['(', ' ']).next().unwrap_or_default();
        let (sqlite, before, after) = match name {
            "text" | "varchar" | "char" | "character" | "nvarchar" | "string" | "clob" => {
                (" AS TEXT)", "CAST(", " AS TEXT)")
            }
            "int" | "integer" | "bigint" | "smallint" | "tinyint" | "mediumint" | "int8"
            | "int4" | "int2" => (
                " AS INTEGER)",
                "CAST(trunc(CAST(",
                " AS DOUBLE PRECISION)) AS BIGINT)",
            ),
            "real" | "float" | "double" => (" AS REAL)", "CAST(", " AS DOUBLE PRECISION)"),
            "numeric" | "decimal" => (" AS NUMERIC)", "CAST(", " AS DOUBLE PRECISION)"),
            "bool" | "boolean" => {
                let before = "\"_as_bool\"(to_jsonb(";
                return match self.engine {
                    Engine::Sqlite => self.around(out, "CAST(", expr, " AS BOOLEAN)"),
                    Engine::Postgres => self.around(out, before, expr, "))"),
                };
            }
            "json" | "jsonb" => (" AS JSON)", "CAST(", " AS JSONB)"),
            _ => {
                return Err(refuse(format!(
                    "CAST to {data_type} is not supported in views"
                )));
            }
        };
        match self.engine {
            Engine::Sqlite => self.around(out, "CAST(", expr, sqlite),
            Engine::Postgres => self.around(out, before, expr, after),
        }
    }

    pub(super) fn collate(
        &mut self,
        out: &mut Sql,
        expr: &Expr,
        collation: &ObjectName,
    ) -> Outcome<()> {
        let name = last(collation).unwrap_or_default().to_lowercase();
        match (self.engine, name.as_str()) {
            (Engine::Sqlite, "nocase") => self.around(out, "(", expr, ") COLLATE NOCASE"),
            (Engine::Postgres, "nocase") => self.around(out, "lower((", expr, ") COLLATE \"C\")"),
            (Engine::Sqlite, "binary") => self.around(out, "(", expr, ") COLLATE BINARY"),
            (Engine::Postgres, "binary") => self.around(out, "(", expr, ") COLLATE \"C\""),
            _ => Err(refuse(format!("no such collation sequence: {collation}"))),
        }
    }
}

fn as_bool(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Literal::Number(digits, _) if digits == "1" => Some("TRUE"),
            Literal::Number(digits, _) if digits == "0" => Some("FALSE"),
            _ => None,
        },
        _ => None,
    }
}

/// Whether it holds or not.
pub(super) fn is_condition(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_condition(inner),
        Expr::BinaryOp { op, .. } => matches!(
            op,
            BinaryOperator::Gt
                | BinaryOperator::Lt
                | BinaryOperator::GtEq
                | BinaryOperator::LtEq
                | BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::And
                | BinaryOperator::Or
        ),
        Expr::UnaryOp { op, .. } => matches!(op, UnaryOperator::Not),
        Expr::Value(value) => matches!(value.value, Literal::Boolean(_)),
        _ => matches!(
            expr,
            Expr::IsNull(_)
                | Expr::IsNotNull(_)
                | Expr::IsTrue(_)
                | Expr::IsNotTrue(_)
                | Expr::IsFalse(_)
                | Expr::IsNotFalse(_)
                | Expr::IsDistinctFrom(..)
                | Expr::IsNotDistinctFrom(..)
                | Expr::InList { .. }
                | Expr::InSubquery { .. }
                | Expr::Exists { .. }
                | Expr::Between { .. }
                | Expr::Like { .. }
        ),
    }
}
