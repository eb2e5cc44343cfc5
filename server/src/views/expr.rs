//! Expressions, made anew. Where the databases would answer differently to the same words, PostgreSQL gets others.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL, views have only what is named"
)]

use sqlparser::ast::{
    CastKind, CeilFloorKind, Expr, Ident as Name, TrimWhereField, UnaryOperator, Value as Literal,
};

use super::names::alias;
use super::operators::is_condition;
use super::query::Writer;
use super::{Outcome, refuse};
use crate::db::Sql;
use crate::db::dialect::Equality;

impl Writer<'_> {
    /// The expression of a column: SQLite's comparisons are numbers.
    pub(super) fn value(&mut self, out: &mut Sql, expr: &Expr) -> Outcome<()> {
        if !self.dialect.has_numeric_bools() && is_condition(expr) {
            out.text("CAST((");
            self.expr(out, expr)?;
            out.text(") AS INTEGER)");
            return Ok(());
        }
        self.expr(out, expr)
    }

    pub(super) fn exprs(&mut self, out: &mut Sql, exprs: &[Expr]) -> Outcome<()> {
        for (position, expr) in exprs.iter().enumerate() {
            if position > 0 {
                out.text(", ");
            }
            self.expr(out, expr)?;
        }
        Ok(())
    }

    pub(super) fn expr(&mut self, out: &mut Sql, expr: &Expr) -> Outcome<()> {
        if let Expr::BinaryOp { .. } = expr {
            return self.chain(out, expr);
        }
        self.deeper(|this| this.one(out, expr))
    }

    #[expect(clippy::too_many_lines, reason = "a line or two for each kind")]
    fn one(&mut self, out: &mut Sql, expr: &Expr) -> Outcome<()> {
        match expr {
            Expr::Identifier(name) => self.name(out, None, name),
            Expr::CompoundIdentifier(parts) => match &parts[..] {
                [table, name] => self.name(out, Some(table), name),
                [schema, table, name] if schema.value.eq_ignore_ascii_case("main") => {
                    self.name(out, Some(table), name)
                }
                _ => Err(refuse(format!("no such column: {expr}"))),
            },
            Expr::Value(value) => literal(out, &value.value),
            Expr::Nested(inner) => self.around(out, "(", inner, ")"),
            Expr::UnaryOp { op, expr } => match op {
                UnaryOperator::Not => self.around(out, "NOT (", expr, ")"),
                UnaryOperator::Minus => self.around(out, "-(", expr, ")"),
                UnaryOperator::Plus => self.around(out, "(", expr, ")"),
                _ => Err(refuse(format!("{op} is not supported in views"))),
            },
            Expr::IsNull(inner) => self.around(out, "(", inner, ") IS NULL"),
            Expr::IsNotNull(inner) => self.around(out, "(", inner, ") IS NOT NULL"),
            Expr::IsTrue(inner) => self.around(out, "(", inner, ") IS TRUE"),
            Expr::IsNotTrue(inner) => self.around(out, "(", inner, ") IS NOT TRUE"),
            Expr::IsFalse(inner) => self.around(out, "(", inner, ") IS FALSE"),
            Expr::IsNotFalse(inner) => self.around(out, "(", inner, ") IS NOT FALSE"),
            Expr::IsDistinctFrom(left, right) => self.pair(out, left, " IS DISTINCT FROM ", right),
            Expr::IsNotDistinctFrom(left, right) => {
                self.pair(out, left, " IS NOT DISTINCT FROM ", right)
            }
            Expr::InList {
                expr,
                list,
                negated,
            } => {
                self.around(out, "(", expr, ")")?;
                out.text(if *negated { " NOT IN (" } else { " IN (" });
                if list.is_empty() {
                    out.text("NULL");
                }
                self.exprs(out, list)?;
                out.text(")");
                Ok(())
            }
            Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => {
                self.around(out, "(", expr, ")")?;
                out.text(if *negated { " NOT IN (" } else { " IN (" });
                self.query(out, subquery, None)?;
                out.text(")");
                Ok(())
            }
            Expr::Exists { subquery, negated } => {
                out.text(if *negated { "NOT EXISTS (" } else { "EXISTS (" });
                self.query(out, subquery, None)?;
                out.text(")");
                Ok(())
            }
            Expr::Subquery(subquery) => {
                out.text("(");
                self.query(out, subquery, None)?;
                out.text(")");
                Ok(())
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                self.around(out, "(", expr, ")")?;
                out.text(if *negated {
                    " NOT BETWEEN ("
                } else {
                    " BETWEEN ("
                });
                self.expr(out, low)?;
                self.around(out, ") AND (", high, ")")
            }
            Expr::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => {
                self.around(out, "(", expr, ")")?;
                out.text(self.dialect.view_like(if *negated {
                    Equality::Different
                } else {
                    Equality::Equal
                }));
                self.expr(out, pattern)?;
                out.text(")");
                if let Some(escape) = escape_char {
                    return self.around(out, " ESCAPE ", escape, "");
                }
                out.text(self.dialect.no_escape());
                Ok(())
            }
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                out.text("CASE ");
                if let Some(operand) = operand {
                    self.expr(out, operand)?;
                }
                for when in conditions {
                    self.around(out, " WHEN ", &when.condition, " THEN ")?;
                    self.expr(out, &when.result)?;
                }
                if let Some(otherwise) = else_result {
                    self.around(out, " ELSE ", otherwise, "")?;
                }
                out.text(" END");
                Ok(())
            }
            Expr::Cast {
                kind: CastKind::Cast,
                expr,
                data_type,
                format: None,
            } => self.cast(out, expr, data_type),
            Expr::Collate { expr, collation } => self.collate(out, expr, collation),
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => {
                self.around(out, "substr(", expr, "")?;
                for part in [substring_from, substring_for].into_iter().flatten() {
                    self.around(out, ", ", part, "")?;
                }
                out.text(")");
                Ok(())
            }
            Expr::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters,
            } => {
                out.text(match trim_where {
                    None | Some(TrimWhereField::Both) => "trim(",
                    Some(TrimWhereField::Leading) => "ltrim(",
                    Some(TrimWhereField::Trailing) => "rtrim(",
                });
                self.expr(out, expr)?;
                let what = trim_what.as_deref().into_iter();
                for what in what.chain(trim_characters.iter().flatten()) {
                    self.around(out, ", ", what, "")?;
                }
                out.text(")");
                Ok(())
            }
            Expr::Ceil {
                expr,
                field: CeilFloorKind::DateTimeField(_),
            } => self.around(out, "ceil(", expr, ")"),
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(_),
            } => self.around(out, "floor(", expr, ")"),
            Expr::Function(function) => self.function(out, function),
            _ => Err(refuse(format!("{expr} is not supported in views"))),
        }
    }

    fn name(&mut self, out: &mut Sql, table: Option<&Name>, name: &Name) -> Outcome<()> {
        if table.is_none() && self.names.is_text(name) {
            out.literal(&name.value);
            return Ok(());
        }
        let is_it = |(alias, _): &&(String, Expr)| alias.eq_ignore_ascii_case(&name.value);
        if table.is_none()
            && let Some((_, expr)) = self.aliases.iter().find(is_it).cloned()
        {
            // In there, the names are those of columns.
            let aliases = std::mem::take(&mut self.aliases);
            let outcome = self.around(out, "(", &expr, ")");
            self.aliases = aliases;
            return outcome;
        }
        let of = table.map(|table| table.value.clone());
        self.columns.push((of, name.value.clone()));
        if let Some(table) = table {
            out.ident(&alias(&table.value)).text(".");
        }
        out.ident(&self.names.column(name));
        Ok(())
    }

    pub(super) fn around(
        &mut self,
        out: &mut Sql,
        before: &'static str,
        expr: &Expr,
        after: &'static str,
    ) -> Outcome<()> {
        out.text(before);
        self.expr(out, expr)?;
        out.text(after);
        Ok(())
    }

    pub(super) fn pair(
        &mut self,
        out: &mut Sql,
        left: &Expr,
        between: &'static str,
        right: &Expr,
    ) -> Outcome<()> {
        self.around(out, "(", left, ")")?;
        out.text(between);
        self.around(out, "(", right, ")")
    }
}

fn literal(out: &mut Sql, value: &Literal) -> Outcome<()> {
    match value {
        Literal::Number(digits, _) => {
            if !out.numeral(digits) {
                return Err(refuse(format!("{digits} is no number")));
            }
        }
        Literal::SingleQuotedString(text) | Literal::DoubleQuotedString(text) => {
            out.literal(text);
        }
        Literal::Boolean(true) => {
            out.text("TRUE");
        }
        Literal::Boolean(false) => {
            out.text("FALSE");
        }
        Literal::Null => {
            out.text("NULL");
        }
        Literal::Placeholder(_) => return Err(refuse("parameters are not allowed in views")),
        _ => return Err(refuse(format!("{value} is not supported in views"))),
    }
    Ok(())
}

/// The text that a literal is.
pub(super) fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Literal::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
