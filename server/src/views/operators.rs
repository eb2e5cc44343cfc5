//! Operators between expressions, casts and collations.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL, views have only what is named"
)]

use sqlparser::ast::{BinaryOperator, DataType, Expr, ObjectName, UnaryOperator, Value as Literal};

use super::expr::text_of;
use super::query::{Writer, last};
use super::{Outcome, refuse};
use crate::db::Sql;
use crate::db::dialect::view::{Cast, Collation, Piece};

impl Writer<'_> {
    /// `a AND b AND c …`: what is long on its left side is not deep.
    pub(super) fn chain(&mut self, out: &mut Sql, expr: &Expr) -> Outcome<()> {
        let mut rest = expr;
        let mut links = Vec::new();
        while let Expr::BinaryOp { left, op, right } = rest {
            links.push((op, left.as_ref(), right.as_ref()));
            rest = left;
        }
        let mut whole = Sql::new(self.dialect);
        self.deeper(|this| {
            this.expr(&mut whole, rest)?;
            for (op, left, right) in links.into_iter().rev() {
                let left_side = std::mem::replace(&mut whole, Sql::new(this.dialect));
                if this.dialect.has_sqlite_precedence() {
                    this.binary(&mut whole, left_side, op, left, right)?;
                } else {
                    whole.text("(");
                    this.binary(&mut whole, left_side, op, left, right)?;
                    whole.text(")");
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
        if matches!(op, BinaryOperator::Arrow | BinaryOperator::LongArrow) {
            return self.inside_json(out, left_side, op, right);
        }
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
            _ => return Err(refuse(format!("{op} is not supported in views"))),
        };
        if !self.dialect.has_numeric_bools()
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

    /// `j -> 'a'`, or with a path: `j -> '$.a[0]'`.
    fn inside_json(
        &mut self,
        out: &mut Sql,
        left_side: Sql,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Outcome<()> {
        let is_text = matches!(op, BinaryOperator::LongArrow);
        let step = self.dialect.json_arrow(is_text, text_of(right));
        out.append(left_side);
        for piece in step.map_err(refuse)? {
            match piece {
                Piece::Text(text) => drop(out.text(text)),
                Piece::Literal(text) => drop(out.literal(&text)),
                Piece::Argument(_) | Piece::Arguments => self.expr(out, right)?,
            }
        }
        Ok(())
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
        let target = match name {
            "text" | "varchar" | "char" | "character" | "nvarchar" | "string" | "clob" => {
                Cast::Text
            }
            "int" | "integer" | "bigint" | "smallint" | "tinyint" | "mediumint" | "int8"
            | "int4" | "int2" => Cast::Integer,
            "real" | "float" | "double" => Cast::Real,
            "numeric" | "decimal" => Cast::Numeric,
            "bool" | "boolean" => Cast::Bool,
            "json" | "jsonb" => Cast::Json,
            _ => {
                return Err(refuse(format!(
                    "CAST to {data_type} is not supported in views"
                )));
            }
        };
        let (before, after) = self.dialect.cast(target);
        self.around(out, before, expr, after)
    }

    pub(super) fn collate(
        &mut self,
        out: &mut Sql,
        expr: &Expr,
        collation: &ObjectName,
    ) -> Outcome<()> {
        let collation = match last(collation).unwrap_or_default().to_lowercase().as_str() {
            "nocase" => Collation::NoCase,
            "binary" => Collation::Binary,
            _ => return Err(refuse(format!("no such collation sequence: {collation}"))),
        };
        let (before, after) = self.dialect.collate(collation);
        self.around(out, before, expr, after)
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
