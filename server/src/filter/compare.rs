//! The operators of comparisons (`=`, `!=`, `<`, `~` …) in SQL that has the same meaning on every engine.
//!
//! The meaning is SQLite's: numbers sort before texts, a text that looks like a number equals the value of a number column,
//! `true` is 1. In addition, `=` and `!=` treat null and the empty text as equal.

use std::cmp::Ordering;

use super::casts::{
    bound_text, coerced_scalar, fit, literal_text, scalar_of, scalar_of_literal, sqlite_text,
    text_of,
};
use super::condition::Condition;
use super::operand::{Column, Kind, Literal, Operand};
use crate::db::dialect::Equality;
use crate::db::{Dialect, Sql, sql};
use crate::expression::Operator;
use crate::json;

/// Returns the condition `left operator right`.
pub(super) fn compare(
    dialect: Dialect,
    operator: Operator,
    left: &Operand,
    right: &Operand,
) -> Condition {
    match operator {
        Operator::Like => like(dialect, Equality::Equal, left, right),
        Operator::NotLike => like(dialect, Equality::Different, left, right),
        Operator::Equal => equal(dialect, Equality::Equal, left, right),
        Operator::NotEqual => equal(dialect, Equality::Different, left, right),
        Operator::Greater | Operator::GreaterOrEqual | Operator::Less | Operator::LessOrEqual => {
            order(dialect, operator, left, right)
        }
    }
}

fn equal(dialect: Dialect, equality: Equality, left: &Operand, right: &Operand) -> Condition {
    match (left, right) {
        (Operand::Literal(a), Operand::Literal(b)) => {
            let same = (a.is_empty() && b.is_empty()) || classes(a, b) == Some(Ordering::Equal);
            Condition::from(same == equality.is_equal())
        }
        (Operand::Column(column), Operand::Literal(literal))
        | (Operand::Literal(literal), Operand::Column(column)) => {
            equal_literal(dialect, equality, column, literal)
        }
        (Operand::Column(a), Operand::Column(b)) => equal_columns(dialect, equality, a, b),
    }
}

fn equal_literal(
    dialect: Dialect,
    equality: Equality,
    column: &Column,
    literal: &Literal,
) -> Condition {
    if column.kind.is_scalar() {
        return same(
            dialect,
            equality,
            scalar_of(dialect, column),
            scalar_of_literal(dialect, literal),
        );
    }
    if literal.is_empty() {
        return empty(dialect, equality, column);
    }
    let Some(value) = fit(column.kind, literal) else {
        return Condition::from(!equality.is_equal());
    };
    let mut value_sql = Sql::new(dialect);
    value_sql.bind(value);
    if equality.is_equal() {
        let signs = (" = ", " = ");
        Condition::from(dialect.compare_indexed(
            column.sql.clone(),
            signs,
            value_sql,
            column.prefix,
        ))
    } else if column.nullable {
        same(dialect, Equality::Different, column.sql.clone(), value_sql)
    } else {
        Condition::from(infix(column.sql.clone(), " <> ", value_sql))
    }
}

fn empty(dialect: Dialect, equality: Equality, column: &Column) -> Condition {
    let positive = equality.is_equal();
    let is_text = column.kind.is_text();
    let mut out = sql(dialect, "(");
    match (is_text, column.nullable) {
        (false, false) => return Condition::from(!equality.is_equal()),
        (true, false) => {
            out.append(column.sql.clone())
                .text(if positive { " = ''" } else { " <> ''" });
        }
        (true, true) => {
            out.append(column.sql.clone())
                .text(if positive { " = '' OR " } else { " <> '' AND " })
                .append(column.sql.clone())
                .text(if positive { " IS NULL" } else { " IS NOT NULL" });
        }
        (false, true) => {
            out.append(column.sql.clone())
                .text(if positive { " IS NULL" } else { " IS NOT NULL" });
        }
    }
    out.text(")");
    Condition::from(out)
}

fn equal_columns(dialect: Dialect, equality: Equality, a: &Column, b: &Column) -> Condition {
    if a.kind == Kind::Json || b.kind == Kind::Json {
        return same(
            dialect,
            equality,
            coerced_scalar(dialect, a, b.kind),
            coerced_scalar(dialect, b, a.kind),
        );
    }
    let both_text = a.kind.is_text() && b.kind.is_text();
    if a.kind != b.kind && !both_text {
        let (a, b) = (scalar_of(dialect, a), scalar_of(dialect, b));
        return Condition::from(dialect.compare_or_empty(equality, a, b));
    }
    if !a.nullable && !b.nullable {
        let sign = if equality.is_equal() { " = " } else { " <> " };
        return Condition::from(infix(a.sql.clone(), sign, b.sql.clone()));
    }
    if both_text {
        let sign = if equality.is_equal() { " = " } else { " <> " };
        return Condition::from(infix(or_empty(a), sign, or_empty(b)));
    }
    same(dialect, equality, a.sql.clone(), b.sql.clone())
}

fn or_empty(column: &Column) -> Sql {
    let mut out = sql(column.sql.dialect(), "COALESCE(");
    out.append(column.sql.clone()).text(", '')");
    out
}

/// Compares with null as a value: null equals null.
fn same(dialect: Dialect, equality: Equality, a: Sql, b: Sql) -> Condition {
    Condition::from(infix(a, dialect.null_safe(equality), b))
}

fn order(dialect: Dialect, operator: Operator, left: &Operand, right: &Operand) -> Condition {
    match (left, right) {
        (Operand::Literal(a), Operand::Literal(b)) => {
            Condition::from(classes(a, b).is_some_and(|ordering| holds(operator, ordering)))
        }
        (Operand::Column(column), Operand::Literal(literal)) => {
            order_literal(dialect, operator, column, literal)
        }
        (Operand::Literal(literal), Operand::Column(column)) => {
            order_literal(dialect, flip(operator), column, literal)
        }
        (Operand::Column(a), Operand::Column(b))
            if (a.kind == b.kind && !a.kind.is_scalar())
                || (a.kind.is_text() && b.kind.is_text()) =>
        {
            Condition::from(infix(a.sql.clone(), sign(operator), b.sql.clone()))
        }
        (Operand::Column(a), Operand::Column(b)) => order_any(
            dialect,
            operator,
            coerced_scalar(dialect, a, b.kind),
            coerced_scalar(dialect, b, a.kind),
        ),
    }
}

fn order_literal(
    dialect: Dialect,
    operator: Operator,
    column: &Column,
    literal: &Literal,
) -> Condition {
    if *literal == Literal::Null {
        return Condition::False;
    }
    if column.kind.is_scalar() {
        return order_any(
            dialect,
            operator,
            scalar_of(dialect, column),
            scalar_of_literal(dialect, literal),
        );
    }
    if column.kind == Kind::Bool {
        let number = Column {
            sql: dialect.number_of_bool(column.sql.clone()),
            kind: Kind::Number,
            ..column.clone()
        };
        return order_literal(dialect, operator, &number, literal);
    }
    match fit(column.kind, literal) {
        Some(value) => {
            let mut value_sql = Sql::new(dialect);
            value_sql.bind(value);
            let of_prefixes = match operator {
                Operator::Greater | Operator::GreaterOrEqual => " >= ",
                Operator::Less | Operator::LessOrEqual => " <= ",
                Operator::Equal | Operator::NotEqual | Operator::Like | Operator::NotLike => {
                    sign(operator)
                }
            };
            Condition::from(dialect.compare_indexed(
                column.sql.clone(),
                (of_prefixes, sign(operator)),
                value_sql,
                column.prefix,
            ))
        }
        // The literal is a text that the column can never hold; a number is less than any text.
        None if holds(
            operator,
            if column.kind == Kind::ComputedText {
                Ordering::Greater
            } else {
                Ordering::Less
            },
        ) =>
        {
            // Null where the column is null, like any comparison.
            Condition::from(infix(column.sql.clone(), " = ", column.sql.clone()))
        }
        None => Condition::False,
    }
}

/// Orders two values whose types differ from row to row.
fn order_any(dialect: Dialect, operator: Operator, a: Sql, b: Sql) -> Condition {
    Condition::from(dialect.compare_scalars(a, sign(operator), b))
}

fn like(dialect: Dialect, equality: Equality, left: &Operand, right: &Operand) -> Condition {
    let text = match left {
        Operand::Literal(Literal::Null) => return Condition::False,
        Operand::Literal(literal) => bound_text(dialect, sqlite_text(literal)),
        Operand::Column(column) => text_of(dialect, column),
    };
    let pattern = match right {
        Operand::Literal(Literal::Null) => return Condition::False,
        Operand::Literal(literal) => bound_text(dialect, pattern(&literal_text(literal))),
        Operand::Column(column) => {
            let mut out = sql(dialect, "('%' || ");
            out.append(text_of(dialect, column)).text(" || '%')");
            out
        }
    };
    Condition::from(dialect.like(equality, text, pattern))
}

/// Escapes a pattern. Without a wildcard of its own it matches anywhere, and every character stands for itself.
fn pattern(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    let mut is_wild = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(&next @ ('%' | '_' | '\\'))) => {
                escaped.extend(['\\', next]);
                chars.next();
            }
            ('%', _) => {
                is_wild = true;
                escaped.push(c);
            }
            ('_', _) if !text.contains('%') => escaped.extend(['\\', '_']),
            // The engines refuse a pattern that ends in an incomplete escape.
            ('\\', _) => escaped.push_str("\\\\"),
            _ => escaped.push(c),
        }
    }
    if is_wild {
        escaped
    } else {
        format!("%{escaped}%")
    }
}

/// Orders two values as SQLite does; `None` if one is null.
fn classes(a: &Literal, b: &Literal) -> Option<Ordering> {
    let number = |literal: &Literal| match literal {
        Literal::Number(number) => Some(*number),
        Literal::Whole(number) => Some(json::to_double(*number)),
        Literal::Bool(bool) => Some(f64::from(*bool)),
        Literal::Null | Literal::Text(_) => None,
    };
    match (a, b) {
        (Literal::Null, _) | (_, Literal::Null) => None,
        (Literal::Text(a), Literal::Text(b)) => Some(a.cmp(b)),
        (Literal::Text(_), _) => Some(Ordering::Greater),
        (_, Literal::Text(_)) => Some(Ordering::Less),
        (Literal::Whole(a), Literal::Whole(b)) => Some(a.cmp(b)),
        (a, b) => number(a)?.partial_cmp(&number(b)?),
    }
}

fn holds(operator: Operator, ordering: Ordering) -> bool {
    match operator {
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Equal | Operator::Like => ordering.is_eq(),
        Operator::NotEqual | Operator::NotLike => ordering.is_ne(),
    }
}

fn flip(operator: Operator) -> Operator {
    match operator {
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Equal | Operator::NotEqual | Operator::Like | Operator::NotLike => operator,
    }
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Greater => " > ",
        Operator::GreaterOrEqual => " >= ",
        Operator::Less => " < ",
        Operator::LessOrEqual => " <= ",
        Operator::Equal => " = ",
        Operator::NotEqual => " <> ",
        Operator::Like => " LIKE ",
        Operator::NotLike => " NOT LIKE ",
    }
}

fn infix(mut left: Sql, sign: &'static str, right: Sql) -> Sql {
    left.text(sign).append(right);
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::dialect::ANY;

    #[test]
    fn patterns_match_anywhere_unless_they_say_where() {
        assert_eq!(pattern("a"), "%a%");
        assert_eq!(pattern("a%"), "a%");
        assert_eq!(pattern("50\\%"), "%50\\%%");
        assert_eq!(pattern("a_b\\"), "%a\\_b\\\\%");
        assert_eq!(pattern("%a\\"), "%a\\\\");
    }

    #[test]
    fn known_values_need_no_database() {
        let literal = |k: Literal| Operand::Literal(k);
        let holds = |operator, a: Literal, b: Literal| {
            compare(ANY, operator, &literal(a), &literal(b)).is_true()
        };
        let text = |t: &str| Literal::Text(t.to_owned());
        assert!(holds(Operator::Equal, Literal::Null, text("")));
        assert!(!holds(Operator::NotEqual, Literal::Null, text("")));
        assert!(holds(Operator::NotEqual, text("x"), text("")));
        assert!(!holds(Operator::Equal, text("5"), Literal::Number(5.0)));
        assert!(holds(Operator::Less, Literal::Number(5.0), text("a")));
        assert!(holds(
            Operator::Equal,
            Literal::Bool(true),
            Literal::Number(1.0)
        ));
        assert!(!holds(Operator::Less, Literal::Null, Literal::Number(1.0)));
    }
}
