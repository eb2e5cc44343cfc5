//! What `=`, `!=`, `<`, `~` and their like mean, in SQL that answers alike on both databases.
//!
//! The meaning is SQLite's: numbers sort before texts, a text that looks like a number equals a number column's
//! value, `true` is 1; and for `=` and `!=` an empty text is the same as no value.

use std::cmp::Ordering;

use super::condition::Condition;
use super::forms::{
    beside, bound_text, double_text, fit, json_form, json_value, known_text, text_form,
};
use super::operand::{Column, Kind, Known, Operand};
use crate::db::{Engine, Sql, dialect, sql};
use crate::expression::Operator;
use crate::json;

/// The condition that `left operator right` holds.
pub(super) fn compare(
    engine: Engine,
    operator: Operator,
    left: &Operand,
    right: &Operand,
) -> Condition {
    match operator {
        Operator::Like => like(engine, true, left, right),
        Operator::NotLike => like(engine, false, left, right),
        Operator::Equal => equal(engine, true, left, right),
        Operator::NotEqual => equal(engine, false, left, right),
        Operator::Greater | Operator::GreaterOrEqual | Operator::Less | Operator::LessOrEqual => {
            order(engine, operator, left, right)
        }
    }
}

fn equal(engine: Engine, positive: bool, left: &Operand, right: &Operand) -> Condition {
    match (left, right) {
        (Operand::Known(a), Operand::Known(b)) => {
            let same = (a.is_empty() && b.is_empty()) || classes(a, b) == Some(Ordering::Equal);
            Condition::from(same == positive)
        }
        (Operand::Column(column), Operand::Known(known))
        | (Operand::Known(known), Operand::Column(column)) => {
            equal_known(engine, positive, column, known)
        }
        (Operand::Column(a), Operand::Column(b)) => equal_columns(engine, positive, a, b),
    }
}

fn equal_known(engine: Engine, positive: bool, column: &Column, known: &Known) -> Condition {
    if column.kind.is_scalar() {
        return same(
            engine,
            positive,
            json_form(engine, column),
            json_value(engine, known),
        );
    }
    if known.is_empty() {
        return empty(engine, positive, column);
    }
    let Some(value) = fit(column.kind, known) else {
        return Condition::from(!positive);
    };
    let mut value_sql = Sql::new(engine);
    value_sql.bind(value);
    if positive {
        let signs = (" = ", " = ");
        Condition::from(dialect::compare_indexed(
            column.sql.clone(),
            signs,
            value_sql,
            column.prefix,
        ))
    } else if column.nullable {
        same(engine, false, column.sql.clone(), value_sql)
    } else {
        Condition::from(infix(column.sql.clone(), " <> ", value_sql))
    }
}

fn empty(engine: Engine, positive: bool, column: &Column) -> Condition {
    let is_text = column.kind.is_text();
    let mut out = sql(engine, "(");
    match (is_text, column.nullable) {
        (false, false) => return Condition::from(!positive),
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

fn equal_columns(engine: Engine, positive: bool, a: &Column, b: &Column) -> Condition {
    if a.kind == Kind::Json || b.kind == Kind::Json {
        return same(
            engine,
            positive,
            beside(engine, a, b.kind),
            beside(engine, b, a.kind),
        );
    }
    let both_text = a.kind.is_text() && b.kind.is_text();
    if a.kind != b.kind && !both_text {
        return match engine {
            Engine::Sqlite => same(engine, positive, or_empty(a), or_empty(b)),
            Engine::Postgres => {
                // No value equals the empty text, and so no value.
                let mut out = sql(engine, "(\"_compare\"(COALESCE(");
                out.append(json_form(engine, a))
                    .text(", '\"\"'), COALESCE(");
                out.append(json_form(engine, b));
                out.text(if positive {
                    ", '\"\"')) = 0)"
                } else {
                    ", '\"\"')) <> 0)"
                });
                Condition::from(out)
            }
        };
    }
    if !a.nullable && !b.nullable {
        let sign = if positive { " = " } else { " <> " };
        return Condition::from(infix(a.sql.clone(), sign, b.sql.clone()));
    }
    if both_text {
        let sign = if positive { " = " } else { " <> " };
        return Condition::from(infix(or_empty(a), sign, or_empty(b)));
    }
    same(engine, positive, a.sql.clone(), b.sql.clone())
}

fn or_empty(column: &Column) -> Sql {
    let mut out = sql(column.sql.engine(), "COALESCE(");
    out.append(column.sql.clone()).text(", '')");
    out
}

/// `IS` / `IS NOT`: equal, and no value equals no value.
fn same(engine: Engine, positive: bool, a: Sql, b: Sql) -> Condition {
    let sign = match (engine, positive) {
        (Engine::Sqlite, true) => " IS ",
        (Engine::Sqlite, false) => " IS NOT ",
        (Engine::Postgres, true) => " IS NOT DISTINCT FROM ",
        (Engine::Postgres, false) => " IS DISTINCT FROM ",
    };
    Condition::from(infix(a, sign, b))
}

fn order(engine: Engine, operator: Operator, left: &Operand, right: &Operand) -> Condition {
    match (left, right) {
        (Operand::Known(a), Operand::Known(b)) => {
            Condition::from(classes(a, b).is_some_and(|ordering| holds(operator, ordering)))
        }
        (Operand::Column(column), Operand::Known(known)) => {
            order_known(engine, operator, column, known)
        }
        (Operand::Known(known), Operand::Column(column)) => {
            order_known(engine, flip(operator), column, known)
        }
        (Operand::Column(a), Operand::Column(b))
            if (a.kind == b.kind && !a.kind.is_scalar())
                || (a.kind.is_text() && b.kind.is_text()) =>
        {
            Condition::from(infix(a.sql.clone(), sign(operator), b.sql.clone()))
        }
        (Operand::Column(a), Operand::Column(b)) => order_any(
            engine,
            operator,
            beside(engine, a, b.kind),
            beside(engine, b, a.kind),
        ),
    }
}

fn order_known(engine: Engine, operator: Operator, column: &Column, known: &Known) -> Condition {
    if *known == Known::Null {
        return Condition::False;
    }
    if column.kind.is_scalar() {
        return order_any(
            engine,
            operator,
            json_form(engine, column),
            json_value(engine, known),
        );
    }
    if column.kind == Kind::Bool {
        let number = Column {
            sql: dialect::number_of_bool(engine, column.sql.clone()),
            kind: Kind::Number,
            ..column.clone()
        };
        return order_known(engine, operator, &number, known);
    }
    match fit(column.kind, known) {
        Some(value) => {
            let mut value_sql = Sql::new(engine);
            value_sql.bind(value);
            let of_prefixes = match operator {
                Operator::Greater | Operator::GreaterOrEqual => " >= ",
                Operator::Less | Operator::LessOrEqual => " <= ",
                Operator::Equal | Operator::NotEqual | Operator::Like | Operator::NotLike => {
                    sign(operator)
                }
            };
            Condition::from(dialect::compare_indexed(
                column.sql.clone(),
                (of_prefixes, sign(operator)),
                value_sql,
                column.prefix,
            ))
        }
        // A number is less than any text.
        None if holds(
            operator,
            if column.kind == Kind::Computed {
                Ordering::Greater
            } else {
                Ordering::Less
            },
        ) =>
        {
            // Unknown where there is no value, as any comparison.
            Condition::from(infix(column.sql.clone(), " = ", column.sql.clone()))
        }
        None => Condition::False,
    }
}

/// Orders two values whose types are not known before.
fn order_any(engine: Engine, operator: Operator, a: Sql, b: Sql) -> Condition {
    match engine {
        Engine::Sqlite => Condition::from(infix(a, sign(operator), b)),
        Engine::Postgres => {
            let mut out = sql(engine, "\"_compare\"(");
            out.append(a).text(", ").append(b).text(")");
            out.text(sign(operator)).text("0");
            Condition::from(out)
        }
    }
}

fn like(engine: Engine, positive: bool, left: &Operand, right: &Operand) -> Condition {
    let text = match left {
        Operand::Known(Known::Null) => return Condition::False,
        Operand::Known(known) => bound_text(engine, double_text(known)),
        Operand::Column(column) => text_form(engine, column),
    };
    let pattern = match right {
        Operand::Known(Known::Null) => return Condition::False,
        Operand::Known(known) => bound_text(engine, pattern(&known_text(known))),
        Operand::Column(column) => {
            let mut out = sql(engine, "('%' || ");
            out.append(text_form(engine, column)).text(" || '%')");
            out
        }
    };
    Condition::from(dialect::like(engine, positive, text, pattern))
}

/// Without a wildcard of its own, a pattern matches anywhere, and every character stands for itself.
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
            // The databases take no pattern that ends in the middle of an escape.
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

/// How SQLite orders two values; `None` when one is no value.
fn classes(a: &Known, b: &Known) -> Option<Ordering> {
    let number = |known: &Known| match known {
        Known::Number(number) => Some(*number),
        Known::Whole(number) => Some(json::to_double(*number)),
        Known::Bool(bool) => Some(f64::from(*bool)),
        Known::Null | Known::Text(_) => None,
    };
    match (a, b) {
        (Known::Null, _) | (_, Known::Null) => None,
        (Known::Text(a), Known::Text(b)) => Some(a.cmp(b)),
        (Known::Text(_), _) => Some(Ordering::Greater),
        (_, Known::Text(_)) => Some(Ordering::Less),
        (Known::Whole(a), Known::Whole(b)) => Some(a.cmp(b)),
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
        let known = |k: Known| Operand::Known(k);
        let holds = |operator, a: Known, b: Known| {
            compare(Engine::Sqlite, operator, &known(a), &known(b)).is_true()
        };
        let text = |t: &str| Known::Text(t.to_owned());
        assert!(holds(Operator::Equal, Known::Null, text("")));
        assert!(!holds(Operator::NotEqual, Known::Null, text("")));
        assert!(holds(Operator::NotEqual, text("x"), text("")));
        assert!(!holds(Operator::Equal, text("5"), Known::Number(5.0)));
        assert!(holds(Operator::Less, Known::Number(5.0), text("a")));
        assert!(holds(
            Operator::Equal,
            Known::Bool(true),
            Known::Number(1.0)
        ));
        assert!(!holds(Operator::Less, Known::Null, Known::Number(1.0)));
    }
}
