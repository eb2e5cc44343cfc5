//! From the joins and conditions of a [`Resolver`] to what stands in the statement.

use super::condition::Condition;
use super::resolve::Resolver;
use super::scope::{Join, exists};
use crate::collections::{Collection, Index, Shape};
use crate::db::{Engine, Ident, Sql, dialect, sql};

impl Resolver<'_> {
    /// The joins that belong into the query, and the condition as it stands after `WHERE`.
    pub fn finish(&self, condition: Condition) -> (Sql, Condition) {
        self.place(self.scope.joins.clone(), condition)
    }

    /// The same for a query that looks at all rows. What it asks of one related record alone, SQLite asks once of each
    /// record that may be related, not of each row anew; `are_few` says of which collections that is less. Where an index
    /// may leave few rows it is not. PostgreSQL's planner finds out by itself.
    pub fn finish_for_all(
        &self,
        condition: Condition,
        mut are_few: impl FnMut(&Collection) -> bool,
    ) -> (Sql, Condition) {
        let mut joins = self.scope.joins.clone();
        let Condition::All(mut parts) = condition else {
            return self.place(joins, condition);
        };
        if self.engine == Engine::Sqlite {
            for relation in self.relations_to_one() {
                let (below, others) = relation.split(&joins);
                let (asked, rest): (Vec<Sql>, Vec<Sql>) = parts
                    .iter()
                    .cloned()
                    .partition(|part| mentions(part, &below));
                let is_alone =
                    |part: &Sql| !part.mentions(&self.root_alias) && !mentions(part, &others);
                let is_for_most = !rest.iter().any(|part| self.may_use_index(part));
                if !asked.is_empty()
                    && asked.iter().all(is_alone)
                    && is_for_most
                    && are_few(relation.target)
                {
                    parts = rest;
                    parts.push(self.among_related(&relation, below, asked));
                    joins = others;
                }
            }
        }
        self.place(joins, Condition::All(parts))
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

    /// Whether the database may find the rows for which it holds without a look at the others.
    fn may_use_index(&self, part: &Sql) -> bool {
        let indexed = self.root.indexes.iter().flat_map(Index::mentions);
        let mut indexed = indexed.chain(["id"]).map(Ident::new);
        part.mentions(&self.root_alias) && indexed.any(|column| part.mentions(&column))
    }

    /// The fields by which one other record is joined.
    fn relations_to_one(&self) -> Vec<Relation<'_>> {
        let joins = self.scope.joins.iter().filter(|join| !join.many);
        let relation = |join: &Join| {
            let column = self.root.column(join.path.strip_prefix('.')?)?;
            let Shape::Relation {
                target,
                is_list: false,
            } = &column.shape
            else {
                return None;
            };
            Some(Relation {
                field: &column.ident,
                target: self.schema.find(target)?,
                join: join.clone(),
            })
        };
        joins.filter_map(relation).collect()
    }

    /// Whether the row refers to a record for which all of `asked` hold; or to none, where they hold for that.
    fn among_related(&self, relation: &Relation<'_>, below: Vec<Join>, asked: Vec<Sql>) -> Sql {
        let Relation {
            field,
            target,
            join,
        } = relation;
        let id = Ident::new("id");
        let below = below.into_iter().filter(|other| other.alias != join.alias);
        let (joins, asked) = self.place(below.collect(), Condition::All(asked));
        let asked = asked.into_sql(self.engine);

        let mut out = sql(self.engine, "(");
        out.column(&self.root_alias, field).text(" IN (SELECT ");
        out.column(&join.alias, &id)
            .text(" FROM ")
            .ident(&target.table);
        out.text(" AS ").ident(&join.alias).append(joins.clone());
        out.text(" WHERE ").append(asked.clone());
        out.text(") OR (EXISTS (SELECT 1 FROM (SELECT 1 AS \"one\") AS \"one\"");
        out.append(self.left_join(target, &join.alias, sql(self.engine, "1 = 0")));
        out.append(joins).text(" WHERE ").append(asked);
        out.text(") AND NOT EXISTS (SELECT 1 FROM ")
            .ident(&target.table);
        out.text(" AS ").ident(&join.alias).text(" WHERE ");
        out.column(&join.alias, &id).text(" = ");
        out.column(&self.root_alias, field).text(")))");
        out
    }
}

/// A field of the queried collection that refers to one record.
struct Relation<'r> {
    field: &'r Ident,
    target: &'r Collection,
    join: Join,
}

impl Relation<'_> {
    /// Those of `joins` that bring the record and what is reached through it, and the others.
    fn split(&self, joins: &[Join]) -> (Vec<Join>, Vec<Join>) {
        let is_below = |join: &Join| {
            let rest = join.path.strip_prefix(self.join.path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        joins.iter().cloned().partition(is_below)
    }
}

fn mentions(part: &Sql, joins: &[Join]) -> bool {
    joins.iter().any(|join| part.mentions(&join.alias))
}
