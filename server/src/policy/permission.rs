//! One permission of a role.

use std::collections::BTreeSet;

use crate::db::Engine;
use crate::filter::{Condition, Expression, Resolver, parse};

/// Whether a permission gives or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It gives.
    Allow,
    /// It takes, and wins.
    Deny,
}

/// For which rows it is.
#[derive(Debug, PartialEq)]
enum Rows {
    All,
    Where(Expression),
    /// Its condition cannot be read any more.
    Unknown,
}

/// A permission of a role.
#[derive(Debug, PartialEq)]
pub struct Permission {
    /// Its id.
    pub id: String,
    /// The role's id.
    pub role: String,
    /// A collection's id, or `*`.
    pub collection: String,
    /// The actions that it is about.
    pub actions: Vec<String>,
    /// Whether it gives or takes.
    pub effect: Effect,
    /// The condition as it was written.
    pub condition: String,
    /// The fields that it is about; all when `None`.
    pub fields: Option<BTreeSet<String>>,
    rows: Rows,
}

impl Permission {
    /// A permission as it is stored.
    pub fn new(
        (id, role, collection): (String, String, String),
        actions: Vec<String>,
        is_deny: bool,
        condition: String,
        fields: Vec<String>,
    ) -> Self {
        let rows = match condition.as_str() {
            "" => Rows::All,
            text => parse(text).map_or(Rows::Unknown, Rows::Where),
        };
        Self {
            id,
            role,
            collection,
            actions,
            effect: if is_deny { Effect::Deny } else { Effect::Allow },
            condition,
            fields: (!fields.is_empty()).then(|| fields.into_iter().collect()),
            rows,
        }
    }

    /// What seeing an area of the console comes to.
    pub(super) fn of_area(area: &str) -> Self {
        let names = (area.to_owned(), String::new(), String::new());
        Self::new(names, Vec::new(), false, String::new(), Vec::new())
    }

    /// Whether it is for all rows.
    pub fn is_for_all_rows(&self) -> bool {
        self.rows == Rows::All
    }

    /// The rows that it is for. When its condition cannot be asked any more, it gives nothing, or takes everything.
    pub(super) fn condition(&self, resolver: &Resolver<'_>) -> Condition {
        let condition = match &self.rows {
            Rows::All => return Condition::True,
            Rows::Where(expression) => resolver.apart(expression).ok(),
            Rows::Unknown => None,
        };
        condition.unwrap_or_else(|| {
            tracing::warn!(
                permission = self.id,
                "its condition can't be asked any more"
            );
            (self.effect == Effect::Deny).into()
        })
    }
}

/// The rows that it is not for.
pub(super) fn not(engine: Engine, condition: Condition) -> Condition {
    match condition {
        Condition::True => Condition::False,
        Condition::False => Condition::True,
        Condition::All(_) => {
            // Where it is neither true nor false, it does not hold.
            let mut out = crate::db::sql(engine, "(");
            out.append(condition.into_sql(engine)).text(") IS NOT TRUE");
            Condition::from(out)
        }
    }
}
