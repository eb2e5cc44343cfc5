//! Queries, made anew: `WITH`, `SELECT`, `UNION` and what belongs to them.

use std::collections::BTreeSet;

use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, LimitClause, ObjectName, OrderBy, OrderByExpr, OrderByKind,
    OrderBySort, Query, Select, SelectItem, SetExpr, SetOperator, SetQuantifier, With,
};

use super::names::{Names, alias};
use super::tables::Mention;
use super::{Column, Outcome, fields, refuse};
use crate::db::{Dialect, Ident, Sql};

/// Deeper queries would not fit on a thread's stack.
const MAX_DEPTH: u32 = 60;

/// Makes SQL of the parts of a query.
pub(super) struct Writer<'a> {
    pub(super) dialect: Dialect,
    pub(super) names: &'a Names,
    /// The ids of the collections that were read so far.
    pub(super) reads: BTreeSet<String>,
    /// Where they are named.
    pub(super) mentions: Vec<Mention>,
    pub(super) ctes: Vec<String>,
    depth: u32,
    /// How many subqueries had no name so far.
    pub(super) unnamed: u32,
    /// The columns that were named so far, with the tables that were named along with them.
    pub(super) columns: Vec<(Option<String>, String)>,
    /// Those that the order of the query names whose select comes next.
    pub(super) ordered_by: Vec<(Option<String>, String)>,
    /// Whether what it writes is only looked at.
    pub(super) is_scratch: bool,
    /// The names that the select gives to its own columns, where its conditions may use them.
    pub(super) aliases: Vec<(String, Expr)>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(dialect: Dialect, names: &'a Names) -> Self {
        Self {
            dialect,
            names,
            reads: BTreeSet::new(),
            mentions: Vec::new(),
            ctes: Vec::new(),
            depth: 0,
            unnamed: 0,
            columns: Vec::new(),
            ordered_by: Vec::new(),
            is_scratch: false,
            aliases: Vec::new(),
        }
    }

    /// The whole query, whose columns get the names that the view's have.
    pub(super) fn view(&mut self, query: &Query, columns: &[Column]) -> Outcome<Sql> {
        let mut out = Sql::new(self.dialect);
        let names: Vec<Ident> = columns
            .iter()
            .map(|column| Ident::new(&column.field.name))
            .collect();
        self.query(&mut out, query, Some(&names))?;
        Ok(out)
    }

    /// One level deeper, as long as there is room.
    pub(super) fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(refuse("the query is nested too deeply"));
        }
        let outcome = work(self);
        self.depth -= 1;
        outcome
    }

    /// A query; `names` are those of its columns, where it is the outermost.
    pub(super) fn query(
        &mut self,
        out: &mut Sql,
        query: &Query,
        names: Option<&[Ident]>,
    ) -> Outcome<()> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch: None,
            locks,
            for_clause: None,
            settings: None,
            format_clause: None,
            pipe_operators,
        } = query
        else {
            return Err(refuse("this kind of SELECT is not supported in views"));
        };
        if !locks.is_empty() || !pipe_operators.is_empty() {
            return Err(refuse("this kind of SELECT is not supported in views"));
        }
        let known = self.ctes.len();
        self.deeper(|this| {
            if let Some(with) = with {
                this.with(out, with)?;
            }
            let order = order_by.as_ref().filter(|_| !this.is_scratch);
            this.ordered_by = order.map_or(Ok(Vec::new()), |order| {
                this.columns_in(|scratch, out| scratch.order(out, order))
            })?;
            this.body(out, body, names)?;
            if let Some(order) = order_by {
                this.order(out, order)?;
            }
            if let Some(limit) = limit_clause {
                this.limit(out, limit)?;
            }
            Ok(())
        })?;
        self.ctes.truncate(known);
        Ok(())
    }

    fn with(&mut self, out: &mut Sql, with: &With) -> Outcome<()> {
        out.text(if with.recursive {
            "WITH RECURSIVE "
        } else {
            "WITH "
        });
        for (position, cte) in with.cte_tables.iter().enumerate() {
            if position > 0 {
                out.text(", ");
            }
            let Cte {
                alias: name,
                query,
                from: None,
                materialized: None,
                ..
            } = cte
            else {
                return Err(refuse("this kind of WITH is not supported in views"));
            };
            if with.recursive {
                self.ctes.push(name.name.value.to_lowercase());
            }
            out.ident(&alias(&name.name.value));
            for (position, column) in name.columns.iter().enumerate() {
                out.text(if position == 0 { "(" } else { ", " });
                out.ident(&self.names.column(&column.name));
            }
            out.text(if name.columns.is_empty() {
                " AS ("
            } else {
                ") AS ("
            });
            self.query(out, query, None)?;
            out.text(")");
            self.ctes.push(name.name.value.to_lowercase());
        }
        out.text(" ");
        Ok(())
    }

    fn body(&mut self, out: &mut Sql, body: &SetExpr, names: Option<&[Ident]>) -> Outcome<()> {
        match body {
            SetExpr::Select(select) => self.select(out, select, names),
            SetExpr::Query(query) => {
                // SQLite takes no brackets here; a subquery is the same to both.
                out.text("SELECT * FROM (");
                self.query(out, query, names)?;
                out.text(") AS \"$part\"");
                Ok(())
            }
            SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => self.deeper(|this| {
                this.body(out, left, names)?;
                out.text(match op {
                    SetOperator::Union => " UNION ",
                    SetOperator::Intersect => " INTERSECT ",
                    SetOperator::Except => " EXCEPT ",
                    SetOperator::Minus => return Err(refuse("write EXCEPT instead of MINUS")),
                });
                match set_quantifier {
                    SetQuantifier::All => out.text("ALL "),
                    SetQuantifier::None => out,
                    SetQuantifier::Distinct
                    | SetQuantifier::ByName
                    | SetQuantifier::AllByName
                    | SetQuantifier::DistinctByName => {
                        return Err(refuse("this kind of UNION is not supported in views"));
                    }
                };
                this.body(out, right, None)
            }),
            SetExpr::Values(_)
            | SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => Err(refuse("a view is made of SELECT statements")),
        }
    }

    fn select(&mut self, out: &mut Sql, select: &Select, names: Option<&[Ident]>) -> Outcome<()> {
        refuse_extras(select)?;
        let GroupByExpr::Expressions(groups, modifiers) = &select.group_by else {
            return Err(refuse("GROUP BY ALL is not supported in views"));
        };
        if !modifiers.is_empty() {
            return Err(refuse("this kind of GROUP BY is not supported in views"));
        }
        let is_complete = groups.is_empty() || !self.dialect.groups_every_column();
        let ungrouped = if is_complete || self.is_scratch {
            Vec::new()
        } else {
            self.ungrouped(select, groups)?
        };
        self.ordered_by.clear();
        out.text(match &select.distinct {
            None | Some(Distinct::All) => "SELECT ",
            Some(Distinct::Distinct) => "SELECT DISTINCT ",
            Some(Distinct::On(_)) => return Err(refuse("DISTINCT ON is not supported in views")),
        });
        for (position, item) in select.projection.iter().enumerate() {
            if position > 0 {
                out.text(", ");
            }
            if matches!(item, SelectItem::Wildcard(_)) && names.is_none() {
                // As in `EXISTS (SELECT * …)`; what a subquery has the view names.
                out.text("*");
                continue;
            }
            let (expr, own) = fields::named(item, self.names)?;
            if names.is_some() {
                self.value(out, expr)?;
            } else {
                self.expr(out, expr)?;
            }
            match names {
                Some(names) => out.text(" AS ").ident(&names[position]),
                None if matches!(item, SelectItem::ExprWithAlias { .. }) => {
                    out.text(" AS ").ident(&Ident::new(&own))
                }
                None => out,
            };
        }
        self.from(out, &select.from)?;
        if let Some(condition) = &select.selection {
            out.text(" WHERE ");
            self.condition(out, select, condition)?;
        }
        if !groups.is_empty() {
            out.text(" GROUP BY ");
            self.exprs(out, groups)?;
        }
        for (table, column) in &ungrouped {
            out.text(", ").ident(table).text(".").ident(column);
        }
        if let Some(condition) = &select.having {
            out.text(" HAVING ");
            self.condition(out, select, condition)?;
        }
        Ok(())
    }

    /// A condition of a select, which may use the names that the select gives to its columns.
    fn condition(&mut self, out: &mut Sql, select: &Select, condition: &Expr) -> Outcome<()> {
        let aliases = if self.dialect.has_aliases_in_conditions() {
            Vec::new()
        } else {
            self.aliases_of(select)
        };
        let before = std::mem::replace(&mut self.aliases, aliases);
        let outcome = self.expr(out, condition);
        self.aliases = before;
        outcome
    }

    fn order(&mut self, out: &mut Sql, order: &OrderBy) -> Outcome<()> {
        let OrderBy {
            kind: OrderByKind::Expressions(terms),
            interpolate: None,
        } = order
        else {
            return Err(refuse("this kind of ORDER BY is not supported in views"));
        };
        out.text(" ORDER BY ");
        self.order_terms(out, terms)
    }

    pub(super) fn order_terms(&mut self, out: &mut Sql, terms: &[OrderByExpr]) -> Outcome<()> {
        for (
            position,
            OrderByExpr {
                expr,
                options,
                with_fill,
            },
        ) in terms.iter().enumerate()
        {
            if position > 0 {
                out.text(", ");
            }
            self.expr(out, expr)?;
            let descends = match options.sort {
                None | Some(OrderBySort::Asc) => false,
                Some(OrderBySort::Desc) => true,
                Some(OrderBySort::Using(_)) => {
                    return Err(refuse("ORDER BY … USING is not supported in views"));
                }
            };
            if with_fill.is_some() {
                return Err(refuse("this kind of ORDER BY is not supported in views"));
            }
            out.text(match (descends, options.nulls_first.unwrap_or(!descends)) {
                (false, true) => " ASC NULLS FIRST",
                (false, false) => " ASC NULLS LAST",
                (true, true) => " DESC NULLS FIRST",
                (true, false) => " DESC NULLS LAST",
            });
        }
        Ok(())
    }

    fn limit(&mut self, out: &mut Sql, limit: &LimitClause) -> Outcome<()> {
        let (limit, offset) = match limit {
            LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            } if limit_by.is_empty() => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            LimitClause::OffsetCommaLimit { offset, limit } => (Some(limit), Some(offset)),
            LimitClause::LimitOffset { .. } => {
                return Err(refuse("LIMIT … BY is not supported in views"));
            }
        };
        if let Some(limit) = limit {
            out.text(" LIMIT ");
            self.expr(out, limit)?;
        }
        if let Some(offset) = offset {
            out.text(" OFFSET ");
            self.expr(out, offset)?;
        }
        Ok(())
    }
}

/// Refuses clauses of a `SELECT` that only other databases have.
fn refuse_extras(select: &Select) -> Outcome<()> {
    let is_plain = select.optimizer_hints.is_empty()
        && select.select_modifiers.is_none()
        && select.top.is_none()
        && select.exclude.is_none()
        && select.into.is_none()
        && select.lateral_views.is_empty()
        && select.prewhere.is_none()
        && select.connect_by.is_empty()
        && select.cluster_by.is_empty()
        && select.distribute_by.is_empty()
        && select.sort_by.is_empty()
        && select.named_window.is_empty()
        && select.qualify.is_none()
        && select.value_table_mode.is_none();
    if is_plain {
        Ok(())
    } else {
        Err(refuse("this kind of SELECT is not supported in views"))
    }
}

/// The names that a query gives by `WITH`.
pub(super) fn cte_names(query: &Query) -> Vec<String> {
    let tables = query.with.iter().flat_map(|with| &with.cte_tables);
    tables.map(|cte| cte.alias.name.value.clone()).collect()
}

/// The only part of a name.
pub(super) fn last(name: &ObjectName) -> Option<&str> {
    match &name.0[..] {
        [part] => part.as_ident().map(|ident| ident.value.as_str()),
        _ => None,
    }
}
