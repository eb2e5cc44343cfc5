//! Writes the joins and conditions of a [`Resolver`] as SQL.

use super::condition::Condition;
use super::resolve::Resolver;
use super::scope::{Join, exists};
use crate::db::{Ident, Sql, sql};
use crate::schema::Shape;

impl Resolver<'_> {
    /// Returns the joins of the query, and the condition that follows `WHERE`.
    pub fn emit(&self, condition: Condition) -> (Sql, Condition) {
        self.place(self.scope.joins.clone(), condition)
    }

    /// Returns a query that counts the rows that meet a condition. A condition on a referenced record has the same result for
    /// all rows that refer to that record: they are counted first, by the index of the reference, and the condition is then
    /// evaluated once for each record.
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

        let (before, after) = self.dialect.whole_number();
        let mut out = sql(self.dialect, "SELECT ");
        out.text(before).text("COALESCE(SUM(");
        out.column(&self.root_alias, &number);
        out.text("), 0)").text(after).text(" FROM (SELECT ");
        out.column(&self.root_alias, reference)
            .text(", count(*) AS ")
            .ident(&number);
        self.push_from(&mut out, row_joins, of_row);
        out.text(" GROUP BY ").column(&self.root_alias, reference);
        out.text(") AS ").ident(&self.root_alias).append(joins);
        out.text(" WHERE ").append(condition.into_sql(self.dialect));
        out
    }

    fn count_rows(&self, joins: Vec<Join>, condition: Condition) -> Sql {
        let (joins, condition) = self.place(joins, condition);
        let mut out = sql(self.dialect, "SELECT count(*)");
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
                .append(condition.into_sql(self.dialect));
        }
    }

    /// Like [`Resolver::emit`], with every join inside the condition.
    pub(super) fn emit_inside(self, condition: Condition) -> Condition {
        match condition {
            Condition::All(_) if !self.scope.joins.is_empty() => {
                let condition = condition.into_sql(self.dialect);
                Condition::from(exists(self.scope.joins, condition))
            }
            Condition::True | Condition::False | Condition::All(_) => condition,
        }
    }

    /// Puts joins of one row into the query, and the others into an `EXISTS` around the conditions that use them.
    fn place(&self, joins: Vec<Join>, condition: Condition) -> (Sql, Condition) {
        let (many, one): (Vec<_>, Vec<_>) = joins.into_iter().partition(|join| join.many);
        let mut joins = Sql::new(self.dialect);
        for join in one {
            joins.append(join.sql);
        }
        let Condition::All(parts) = condition else {
            return (joins, condition);
        };
        let (inside, mut parts): (Vec<Sql>, Vec<Sql>) =
            parts.into_iter().partition(|part| mentions(part, &many));
        if !inside.is_empty() {
            let inside = Condition::All(inside).into_sql(self.dialect);
            parts.push(exists(many, inside));
        }
        for part in &mut parts {
            if part.is_searching() {
                let (join, holds) = self.dialect.memoized(part.clone(), &self.alias());
                joins.append(join);
                *part = holds;
            }
        }
        (joins, Condition::All(parts))
    }

    /// Returns the reference to one record, if it is the only column of a row that the joins and conditions use.
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

/// Returns the joins that the conditions use. The others, which a sort uses, neither add nor remove rows.
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
