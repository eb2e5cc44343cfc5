//! Tables that a query reads: `FROM` and its joins. They are collections, without their secret columns.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL, views have only what is named"
)]

use std::sync::Arc;

use sqlparser::ast::{Join, JoinConstraint, JoinOperator, ObjectName, TableFactor, TableWithJoins};
use sqlparser::tokenizer::Span;

use super::names::{alias, is_open};
use super::query::Writer;
use super::{Outcome, refuse};
use crate::db::{Ident, Sql};
use crate::schema::Collection;

/// A place where a query names a collection.
pub(super) struct Mention {
    pub(super) collection: String,
    pub(super) span: Span,
    /// Whether it goes by another name from there on.
    pub(super) is_named: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn from(&mut self, out: &mut Sql, from: &[TableWithJoins]) -> Outcome<()> {
        for (position, TableWithJoins { relation, joins }) in from.iter().enumerate() {
            out.text(if position == 0 { " FROM " } else { ", " });
            self.table(out, relation)?;
            for Join {
                relation,
                global,
                join_operator,
            } in joins
            {
                if *global {
                    return Err(refuse("GLOBAL JOIN is not supported in views"));
                }
                self.join(out, relation, join_operator)?;
            }
        }
        Ok(())
    }

    fn join(
        &mut self,
        out: &mut Sql,
        relation: &TableFactor,
        operator: &JoinOperator,
    ) -> Outcome<()> {
        let (words, constraint) = match operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) => (" JOIN ", on),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (" LEFT JOIN ", on),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (" RIGHT JOIN ", on),
            JoinOperator::FullOuter(on) => (" FULL JOIN ", on),
            JoinOperator::CrossJoin(on) => (" CROSS JOIN ", on),
            _ => return Err(refuse("this kind of JOIN is not supported in views")),
        };
        out.text(words);
        self.table(out, relation)?;
        match constraint {
            JoinConstraint::On(condition) => {
                out.text(" ON ");
                self.expr(out, condition)
            }
            JoinConstraint::None if matches!(operator, JoinOperator::CrossJoin(_)) => Ok(()),
            // SQLite joins every row then.
            JoinConstraint::None => {
                out.text(" ON 1 = 1");
                Ok(())
            }
            JoinConstraint::Using(_) | JoinConstraint::Natural => Err(refuse(
                "USING and NATURAL are not supported in views - write ON",
            )),
        }
    }

    fn table(&mut self, out: &mut Sql, factor: &TableFactor) -> Outcome<()> {
        match factor {
            TableFactor::Table {
                name,
                alias: given,
                args,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                let table = table_name(name)?;
                let goes_by = match given {
                    Some(given) if given.columns.is_empty() => alias(&given.name.value),
                    Some(_) => return Err(refuse("a table's alias has no list of columns")),
                    None => alias(&table),
                };
                if let Some(args) = args {
                    return self.rows_of_json(out, &table, args, &goes_by);
                }
                let last = name.0.last().and_then(|part| part.as_ident());
                if let (Some(last), Some(collection)) = (last, self.collection(&table)) {
                    let collection = collection.def.id.clone();
                    self.mentions.push(Mention {
                        collection,
                        span: last.span,
                        is_named: given.is_some(),
                    });
                }
                self.rows(out, &table, &goes_by)
            }
            TableFactor::Derived {
                lateral: false,
                subquery,
                alias: given,
                sample: None,
            } => {
                out.text("(");
                self.query(out, subquery, None)?;
                out.text(") AS ");
                match given {
                    Some(given) if given.columns.is_empty() => {
                        out.ident(&alias(&given.name.value));
                    }
                    Some(_) => return Err(refuse("a subquery's alias has no list of columns")),
                    None => {
                        // PostgreSQL wants a name, SQLite does not.
                        self.unnamed += 1;
                        out.ident(&Ident::new(&format!("$part{}", self.unnamed)));
                    }
                }
                Ok(())
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => {
                out.text("(");
                let mut inner = Sql::new(self.dialect);
                self.table(&mut inner, &table_with_joins.relation)?;
                for join in &table_with_joins.joins {
                    self.join(&mut inner, &join.relation, &join.join_operator)?;
                }
                out.append(inner).text(")");
                Ok(())
            }
            _ => Err(refuse("a view reads collections and subqueries")),
        }
    }

    /// The collection of this name, unless the query itself has given the name away.
    fn collection(&self, table: &str) -> Option<&'a Arc<Collection>> {
        let is_cte = self.ctes.contains(&table.to_lowercase());
        (!is_cte).then(|| self.names.collection(table)).flatten()
    }

    /// `"posts" AS "p"`, or what may be read of it.
    fn rows(&mut self, out: &mut Sql, table: &str, goes_by: &Ident) -> Outcome<()> {
        if self.ctes.contains(&table.to_lowercase()) {
            out.ident(&alias(table)).text(" AS ").ident(goes_by);
            return Ok(());
        }
        let names = self.names;
        let Some(collection) = names.collection(table) else {
            return Err(refuse(format!("no such table: {table}")));
        };
        self.reads.insert(collection.def.id.clone());
        if has_secrets(collection) {
            // Without its secrets: what is not there cannot be asked for.
            out.text("(SELECT ");
            let open = collection
                .columns
                .iter()
                .filter(|column| is_open(collection, column));
            for (position, column) in open.enumerate() {
                if position > 0 {
                    out.text(", ");
                }
                out.ident(&column.ident);
            }
            out.text(" FROM ").ident(&collection.table).text(")");
        } else {
            out.ident(&collection.table);
        }
        out.text(" AS ").ident(goes_by);
        Ok(())
    }
}

fn has_secrets(collection: &Collection) -> bool {
    let mut columns = collection.columns.iter();
    columns.any(|column| !is_open(collection, column))
}

/// `posts`, `main.posts`
pub(super) fn table_name(name: &ObjectName) -> Outcome<String> {
    let parts: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).collect();
    match &parts[..] {
        [schema, table] if schema.value.eq_ignore_ascii_case("main") => Ok(table.value.clone()),
        [table] => Ok(table.value.clone()),
        _ => Err(refuse(format!("no such table: {name}"))),
    }
}
