//! From the joins and conditions of a [`Resolver`] to what stands in the statement.

use super::condition::Condition;
use super::resolve::Resolver;
use super::scope::{Join, exists};
use crate::db::{Ident, Sql, dialect, sql};
use crate::schema::Shape;

impl Resolver<'_> {
    /// The joins that belong into the query, and the condition as it stands after `WHERE`.
    pub fn finish(&self, condition: Condition) -> (Sql, Condition) {
        self.place(self.scope.joins.clone(), condition)
    }

    /// The query for how many rows there are for which the condition holds. What it asks of a record that a row refers to
    /// is the same for all rows that refer to that one: they are counted first, by the index of the reference, and then
    /// it is asked once.
    pub fn count(&self, condition: Condition) -> Sql {
        let Condition::All(parts) = condition else {
            return self.count_rows(Vec::new(), condition);
        };
        let joins = needed(&self.scope.joins, &parts);
        let (of_others, of_row): (Vec<Sql>, Vec<Sql>) = parts
            .iter()
            .cloned()
            .partition(|part| mentions(part, &joins));
        let Some(reference) = self.only_reference(&joins, &of_others) else {
            return self.count_rows(joins, Condition::All(parts));
        };
        let number = Ident::new("count(*)");
        let (joins, condition) = self.place(joins, Condition::All(of_others));
        let (row_joins, of_row) = self.place(Vec::new(), Condition::all_of(of_row));

        let mut out = sql(self.engine, "SELECT CAST(COALESCE(SUM(");
        out.column(&self.root_alias, &number);
        out.text("), 0) AS BIGINT) FROM (SELECT ");
        out.column(&self.root_alias, reference)
            .text(", count(*) AS ")
            .ident(&number);
        self.push_from(&mut out, row_joins, of_row);
        out.text(" GROUP BY ").column(&self.root_alias, reference);
        out.text(") AS ").ident(&self.root_alias).append(joins);
        out.text(" WHERE ").append(condition.into_sql(self.engine));
        out
    }

    fn count_rows(&self, joins: Vec<Join>, condition: Condition) -> Sql {
        let (joins, condition) = self.place(joins, condition);
        let mut out = sql(self.engine, "SELECT count(*)");
        self.push_from(&mut out, joins, condition);
        out
    }

    fn push_from(&self, query: &mut Sql, joins: Sql, condition: Condition) {
        query
            .text(" FROM ")
            .ident(&self.root.table)
            .text(" AS ")
            .ident(&self.root_alias);
        query.append(joins);
        if !condition.is_true() {
            query
                .text(" WHERE ")
                .append(condition.into_sql(self.engine));
        }
    }

    /// Like [`Resolver::finish`], with every join inside the condition.
    pub(super) fn finish_inside(self, condition: Condition) -> Condition {
        match condition {
            Condition::All(_) if !self.scope.joins.is_empty() => {
                let condition = condition.into_sql(self.engine);
                Condition::from(exists(self.scope.joins, condition))
            }
            Condition::True | Condition::False | Condition::All(_) => condition,
        }
    }

    /// Joins of one row each belong into the query, the others into an `EXISTS` around what asks of them.
    fn place(&self, joins: Vec<Join>, condition: Condition) -> (Sql, Condition) {
        let (many, one): (Vec<_>, Vec<_>) = joins.into_iter().partition(|join| join.many);
        let mut joins = Sql::new(self.engine);
        for join in one {
            joins.append(join.sql);
        }
        let Condition::All(parts) = condition else {
            return (joins, condition);
        };
        let (inside, mut parts): (Vec<Sql>, Vec<Sql>) =
            parts.into_iter().partition(|part| mentions(part, &many));
        if !inside.is_empty() {
            let inside = Condition::All(inside).into_sql(self.engine);
            parts.push(exists(many, inside));
        }
        for part in &mut parts {
            if part.is_searching() {
                let (join, holds) = dialect::once_for_equal(part.clone(), &self.alias());
                joins.append(join);
                *part = holds;
            }
        }
        (joins, Condition::All(parts))
    }

    /// The reference to one record that is all that the joins and conditions need of a row.
    fn only_reference(&self, joins: &[Join], conditions: &[Sql]) -> Option<&Ident> {
        let joins = joins.iter().map(|join| &join.sql);
        let all: Vec<&Sql> = joins.chain(conditions).collect();
        let columns = self.root.columns.iter().filter(|column| {
            let mentions = |sql: &&Sql| sql.mentions_column(&self.root_alias, &column.ident);
            all.iter().any(mentions)
        });
        let needed: Vec<_> = columns.collect();
        match needed.as_slice() {
            [column] if !conditions.is_empty() && !self.root.is_view() => {
                let is_reference = matches!(column.shape, Shape::Relation { is_list: false, .. });
                is_reference.then_some(&column.ident)
            }
            _ => None,
        }
    }
}

/// Those of `joins` without which the conditions can't be asked; the others, which a sort needs, bring no row and take none.
fn needed(joins: &[Join], conditions: &[Sql]) -> Vec<Join> {
    let mut needed: Vec<Join> = Vec::new();
    for join in joins.iter().rev() {
        let of = |sql: &Sql| sql.mentions(&join.alias);
        if conditions.iter().any(of) || needed.iter().any(|later| of(&later.sql)) {
            needed.push(join.clone());
        }
    }
    needed.reverse();
    needed
}

fn mentions(part: &Sql, joins: &[Join]) -> bool {
    joins.iter().any(|join| part.mentions(&join.alias))
}
