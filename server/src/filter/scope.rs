//! The other tables that a query or a subquery looks at.

use std::collections::HashMap;

use super::FilterError;
use crate::db::{Engine, Ident, Sql, sql};

/// Other tables in one query at most; the databases' own limits are higher.
const MAX_JOINS: usize = 32;

/// Joins of one query or subquery, each made once for its path.
#[derive(Default)]
pub(super) struct Scope {
    /// Whether it is of one comparison alone.
    pub(super) is_own: bool,
    pub(super) joins: Vec<Join>,
    by_path: HashMap<String, usize>,
}

/// A `LEFT JOIN`.
#[derive(Clone)]
pub(super) struct Join {
    pub(super) alias: Ident,
    /// Whether it can bring several rows.
    pub(super) many: bool,
    pub(super) sql: Sql,
}

impl Scope {
    pub(super) fn own() -> Self {
        Self {
            is_own: true,
            ..Self::default()
        }
    }

    /// The alias of the join for `path`; `make` says how it is joined, when it is not yet.
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

    /// The one row that is joined for `path` to what goes by `table` here.
    pub(super) fn one(&self, path: &str, table: &Ident, root: &Ident) -> Option<Ident> {
        let is_here = table == root || self.joins.iter().any(|join| join.alias == *table);
        let join = self.by_path.get(path).map(|&index| &self.joins[index]);
        join.filter(|join| is_here && !join.many)
            .map(|join| join.alias.clone())
    }

    /// Forgets by which paths it joined, so that they are joined anew.
    pub(super) fn forget_paths(&mut self) {
        self.by_path.clear();
    }

    pub(super) fn forget_from(&mut self, length: usize) {
        self.joins.truncate(length);
        self.by_path.retain(|_, index| *index < length);
    }
}

/// ` FROM` one row and what is joined to it.
pub(super) fn one_row(engine: Engine, joins: Vec<Join>) -> Sql {
    let mut out = sql(engine, " FROM (SELECT 1 AS \"one\") AS \"one\"");
    for join in joins {
        out.append(join.sql);
    }
    out
}

/// Whether there are joined rows for which the condition holds. They are one row without values where nothing matches.
pub(super) fn exists(joins: Vec<Join>, condition: Sql) -> Sql {
    let engine = condition.engine();
    let mut out = sql(engine, "EXISTS (SELECT 1").searching();
    out.append(one_row(engine, joins));
    out.text(" WHERE ").append(condition).text(")");
    out
}
