//! What a filter comes to.

use crate::db::{Engine, Sql, sql};

/// What must hold for a row.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Every row.
    True,
    /// No row.
    False,
    /// The rows for which each of these holds.
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
    /// Whether it holds for every row.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::True)
    }

    /// All of them.
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

    /// All of these.
    pub(super) fn all_of(parts: Vec<Sql>) -> Self {
        if parts.is_empty() {
            Self::True
        } else {
            Self::All(parts)
        }
    }

    /// At least one of them.
    pub fn any(engine: Engine, conditions: Vec<Self>) -> Self {
        let mut any = Vec::with_capacity(conditions.len());
        for condition in conditions {
            match condition {
                Self::True => return Self::True,
                Self::False => {}
                Self::All(parts) => any.push(conjunction(engine, parts)),
            }
        }
        if any.is_empty() {
            Self::False
        } else {
            Self::from(joined(engine, " OR ", any))
        }
    }

    /// As it stands after `WHERE`.
    pub fn into_sql(self, engine: Engine) -> Sql {
        match self {
            Self::True => sql(engine, "1 = 1"),
            Self::False => sql(engine, "1 = 0"),
            Self::All(parts) => conjunction(engine, parts),
        }
    }
}

/// All of these parts.
pub fn conjunction(engine: Engine, parts: Vec<Sql>) -> Sql {
    joined(engine, " AND ", parts)
}

/// How many parts stand side by side. SQLite reads them as a tree that is as deep as they are many, and takes trees of a
/// depth of 1,000; roles may give more permissions than that.
const ABREAST: usize = 32;

fn joined(engine: Engine, separator: &'static str, mut parts: Vec<Sql>) -> Sql {
    while parts.len() > ABREAST {
        let mut rest = parts.into_iter();
        let groups = std::iter::from_fn(|| {
            let group: Vec<Sql> = rest.by_ref().take(ABREAST).collect();
            (!group.is_empty()).then(|| joined(engine, separator, group))
        });
        parts = groups.collect();
    }
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut out = sql(engine, "(");
    out.join(separator, parts).text(")");
    out
}
