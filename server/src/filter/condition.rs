//! Conditions: the result of resolving a filter.

use crate::db::{Dialect, Sql, sql};

/// A condition on rows.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Holds for every row.
    True,
    /// Holds for no row.
    False,
    /// Holds for the rows for which each of these holds.
    All(Vec<Sql>),
}

impl From<bool> for Condition {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl From<Sql> for Condition {
    fn from(condition: Sql) -> Self {
        Self::All(vec![condition])
    }
}

impl Condition {
    /// Says whether it holds for every row.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::True)
    }

    /// Returns the conjunction of conditions.
    pub fn all(conditions: Vec<Self>) -> Self {
        let mut all = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match condition {
                Self::True => {}
                Self::False => return Self::False,
                Self::All(parts) => all.extend(parts),
            }
        }
        Self::all_of(all)
    }

    /// Returns the conjunction of these parts.
    pub(super) fn all_of(parts: Vec<Sql>) -> Self {
        if parts.is_empty() {
            Self::True
        } else {
            Self::All(parts)
        }
    }

    /// Returns the disjunction of conditions.
    pub fn any(dialect: Dialect, conditions: Vec<Self>) -> Self {
        let mut any = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match condition {
                Self::True => return Self::True,
                Self::False => {}
                Self::All(parts) => any.push(conjunction(dialect, parts)),
            }
        }
        if any.is_empty() {
            Self::False
        } else {
            Self::from(joined(dialect, " OR ", any))
        }
    }

    /// Returns the condition as it follows `WHERE`.
    pub fn into_sql(self, dialect: Dialect) -> Sql {
        match self {
            Self::True => sql(dialect, "1 = 1"),
            Self::False => sql(dialect, "1 = 0"),
            Self::All(parts) => conjunction(dialect, parts),
        }
    }
}

/// Joins parts with `AND`.
pub fn conjunction(dialect: Dialect, parts: Vec<Sql>) -> Sql {
    joined(dialect, " AND ", parts)
}

/// How many parts are joined without parentheses. SQLite parses `a AND b AND c …` to a tree as deep as there are parts, and
/// refuses trees deeper than 1,000; roles may give more permissions than that.
const ABREAST: usize = 32;

fn joined(dialect: Dialect, separator: &'static str, mut parts: Vec<Sql>) -> Sql {
    while parts.len() > ABREAST {
        let mut rest = parts.into_iter();
        let groups = std::iter::from_fn(|| {
            let group: Vec<Sql> = rest.by_ref().take(ABREAST).collect();
            (!group.is_empty()).then(|| joined(dialect, separator, group))
        });
        parts = groups.collect();
    }
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut out = sql(dialect, "(");
    out.join(separator, parts).text(")");
    out
}
