//! The joins of a query or a subquery.

use std::collections::HashMap;

use super::FilterError;
use crate::db::{Dialect, Ident, Sql, sql};

/// The most joins of one query. The engines' own limits are higher.
const MAX_JOINS: usize = 32;

/// The joins of one query or subquery, one for each path.
#[derive(Default)]
pub(super) struct Scope {
    /// Whether it belongs to the subquery of one comparison.
    pub(super) is_isolated: bool,
    pub(super) joins: Vec<Join>,
    by_path: HashMap<String, usize>,
}

/// A `LEFT JOIN`.
#[derive(Clone)]
pub(super) struct Join {
    pub(super) alias: Ident,
    /// Whether it can join several rows.
    pub(super) many: bool,
    pub(super) sql: Sql,
}

impl Scope {
    /// A scope for the subquery of one comparison.
    pub(super) fn isolated() -> Self {
        Self {
            is_isolated: true,
            ..Self::default()
        }
    }

    /// Returns the alias of the join for `path`. If there is none yet, `make` writes it.
    pub(super) fn join(
        &mut self,
        path: &str,
        many: bool,
        alias: Ident,
        make: impl FnOnce(&Ident) -> Result<Sql, FilterError>,
    ) -> Result<Ident, FilterError> {
        if let Some(&index) = self.by_path.get(path) {
            return Ok(self.joins[index].alias.clone());
        }
        if self.joins.len() == MAX_JOINS {
            return Err(FilterError::TooBig("wide"));
        }
        let sql = make(&alias)?;
        self.by_path.insert(path.to_owned(), self.joins.len());
        self.joins.push(Join {
            alias: alias.clone(),
            many,
            sql,
        });
        Ok(alias)
    }

    /// Returns the alias of a join of one row for `path`, if `table`, to which it is joined, belongs to this scope.
    pub(super) fn one(&self, path: &str, table: &Ident, root: &Ident) -> Option<Ident> {
        let is_here = table == root || self.joins.iter().any(|join| join.alias == *table);
        let join = self.by_path.get(path).map(|&index| &self.joins[index]);
        join.filter(|join| is_here && !join.many)
            .map(|join| join.alias.clone())
    }

    /// Forgets the paths of its joins, so that they are joined again.
    pub(super) fn forget_paths(&mut self) {
        self.by_path.clear();
    }

    pub(super) fn forget_from(&mut self, length: usize) {
        self.joins.truncate(length);
        self.by_path.retain(|_, index| *index < length);
    }
}

/// Returns ` FROM` one row and its joins.
pub(super) fn one_row(dialect: Dialect, joins: Vec<Join>) -> Sql {
    let mut out = sql(dialect, " FROM (SELECT 1 AS \"one\") AS \"one\"");
    for join in joins {
        out.append(join.sql);
    }
    out
}

/// Returns `EXISTS` a joined row that meets the condition. If no row matches a join, there is one with nulls.
pub(super) fn exists(joins: Vec<Join>, condition: Sql) -> Sql {
    let dialect = condition.dialect();
    let mut out = sql(dialect, "EXISTS (SELECT 1").searching();
    out.append(one_row(dialect, joins));
    out.text(" WHERE ").append(condition).text(")");
    out
}
