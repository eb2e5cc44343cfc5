//! Which columns have one value in each group of a `GROUP BY`, though they are not among those that it names.
//!
//! SQLite takes any column beside aggregates. A database that wants every column grouped gets those that cannot differ
//! within a group: the columns of a collection whose id is grouped, and of what is joined to it by id.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of all SQL, a few forms say what is the same"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlparser::ast::{
    BinaryOperator, Expr, Ident as Name, JoinConstraint, JoinOperator, Select, SelectItem,
    Value as Literal,
};

use super::names::alias;
use super::query::Writer;
use super::{Outcome, fields};
use crate::db::{Ident, Sql};
use crate::schema::Collection;

/// A column of a table in `FROM`: the table's position there, and the column's name.
type Place = (usize, String);

/// The tables in the `FROM` of a select.
struct Tables<'a>(Vec<(String, Option<&'a Arc<Collection>>)>);

/// Columns that have one value in each group.
struct Known {
    columns: BTreeSet<Place>,
    /// Of these tables, every column.
    tables: BTreeSet<usize>,
}

impl Known {
    fn has(&self, place: &Place) -> bool {
        self.tables.contains(&place.0) || self.columns.contains(place)
    }
}

impl Tables<'_> {
    /// The column of a collection that a name means, unless it may be something else.
    fn place(&self, table: Option<&str>, name: &str) -> Option<Place> {
        let column = |collection: Option<&Arc<Collection>>| {
            let columns = collection.into_iter().flat_map(|one| &one.columns);
            let mut same = columns.filter(|column| column.name.eq_ignore_ascii_case(name));
            same.next().map(|column| column.name.clone())
        };
        let mut found = self
            .0
            .iter()
            .enumerate()
            .filter_map(|(at, (goes_by, collection))| {
                let is_it = table.is_none_or(|table| goes_by.eq_ignore_ascii_case(table));
                is_it
                    .then(|| column(*collection))
                    .flatten()
                    .map(|name| (at, name))
            });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    fn place_of(&self, expr: &Expr) -> Option<Place> {
        match expr {
            Expr::Nested(inner) => self.place_of(inner),
            Expr::Identifier(name) => self.place(None, &name.value),
            Expr::CompoundIdentifier(parts) => match &parts[..] {
                [.., table, name] => self.place(Some(&table.value), &name.value),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether no two rows of the table have the same id.
    fn has_key(&self, at: usize) -> bool {
        let collection = self.0.get(at).and_then(|(_, collection)| *collection);
        collection.is_some_and(|collection| !collection.is_view())
    }
}

impl<'a> Writer<'a> {
    /// The columns that have one value in each group, of those that the select or its order names.
    pub(super) fn ungrouped(
        &self,
        select: &Select,
        groups: &[Expr],
    ) -> Outcome<Vec<(Ident, Ident)>> {
        let tables = Tables(fields::tables(select, &self.ctes, self.names));
        let mut known = Known {
            columns: groups
                .iter()
                .filter_map(|group| grouped(group, select, &tables))
                .collect(),
            tables: BTreeSet::new(),
        };
        let named = known.columns.clone();
        self.spread(select, &tables, &mut known)?;
        let mut mentioned = self.columns_in(|scratch, out| {
            for item in &select.projection {
                if let Ok((expr, _)) = fields::named(item, scratch.names) {
                    scratch.expr(out, expr)?;
                }
            }
            select
                .having
                .iter()
                .try_for_each(|having| scratch.expr(out, having))
        })?;
        mentioned.extend(self.ordered_by.iter().cloned());
        let mut places = BTreeSet::new();
        for (table, name) in mentioned {
            let place = tables.place(table.as_deref(), &name);
            places.extend(place.filter(|place| known.has(place) && !named.contains(place)));
        }
        let ident = |(at, name): Place| {
            let (goes_by, collection) = &tables.0[at];
            let column = collection.and_then(|collection| collection.column(&name))?;
            Some((alias(goes_by), column.ident.clone()))
        };
        Ok(places.into_iter().filter_map(ident).collect())
    }

    /// The names that a select gives to its own columns and that are no columns of what it reads.
    pub(super) fn aliases_of(&self, select: &Select) -> Vec<(String, Expr)> {
        let tables = Tables(fields::tables(select, &self.ctes, self.names));
        if tables.0.iter().any(|(_, collection)| collection.is_none()) {
            // Nobody knows what columns there are.
            return Vec::new();
        }
        let own = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => Some((alias.value.clone(), expr.clone())),
            _ => None,
        });
        let is_column = |name: &str| {
            let all = tables.0.iter().filter_map(|(_, collection)| *collection);
            let mut columns = all.flat_map(|collection| &collection.columns);
            columns.any(|column| column.name.eq_ignore_ascii_case(name))
        };
        own.filter(|(name, _)| !is_column(name)).collect()
    }

    /// Follows equalities and keys from what is known to what follows from it.
    fn spread(&self, select: &Select, tables: &Tables<'_>, known: &mut Known) -> Outcome<()> {
        // Conditions that hold for every row.
        let mut always: Vec<&Expr> = select.selection.iter().collect();
        // Those that decide which one row of a table is joined, or none.
        let mut outer = Vec::new();
        let mut at = 0;
        for from in &select.from {
            for join in &from.joins {
                at += 1;
                match &join.join_operator {
                    JoinOperator::Join(JoinConstraint::On(on))
                    | JoinOperator::Inner(JoinConstraint::On(on)) => always.push(on),
                    JoinOperator::Left(JoinConstraint::On(on))
                    | JoinOperator::LeftOuter(JoinConstraint::On(on)) => outer.push((at, on)),
                    _ => {}
                }
            }
            at += 1;
        }
        let is_outer = select.from.iter().flat_map(|from| &from.joins).any(|join| {
            matches!(
                join.join_operator,
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_)
            )
        });
        if is_outer {
            // Any table may be missing in a row, whatever it was joined by.
            always = select.selection.iter().collect();
            outer.clear();
        }
        let mut equal = Vec::new();
        for condition in always {
            equalities(condition, tables, &mut equal);
        }
        loop {
            let before = (known.columns.len(), known.tables.len());
            for (left, right) in &equal {
                if known.has(left) || known.has(right) {
                    known.columns.extend([left.clone(), right.clone()]);
                }
            }
            for at in 0..tables.0.len() {
                if tables.has_key(at) && known.columns.contains(&(at, "id".to_owned())) {
                    known.tables.insert(at);
                }
            }
            for (at, on) in &outer {
                if !known.tables.contains(at) && self.is_one_row(*at, on, tables, known)? {
                    known.tables.insert(*at);
                }
            }
            if before == (known.columns.len(), known.tables.len()) {
                return Ok(());
            }
        }
    }

    /// Whether all rows of a group are joined to the same row of this table, or to none.
    fn is_one_row(
        &self,
        at: usize,
        on: &Expr,
        tables: &Tables<'_>,
        known: &Known,
    ) -> Outcome<bool> {
        let mut equal = Vec::new();
        equalities(on, tables, &mut equal);
        let key = (at, "id".to_owned());
        let is_key = tables.has_key(at)
            && equal.iter().any(|(left, right)| {
                (*left == key && known.has(right)) || (*right == key && known.has(left))
            });
        if !is_key {
            return Ok(false);
        }
        let all = self.columns_in(|scratch, out| scratch.expr(out, on))?;
        Ok(all.iter().all(|(table, name)| {
            let place = tables.place(table.as_deref(), name);
            place.is_some_and(|place| place.0 == at || known.has(&place))
        }))
    }

    /// The columns that are named in what `write` writes.
    pub(super) fn columns_in(
        &self,
        write: impl FnOnce(&mut Writer<'a>, &mut Sql) -> Outcome<()>,
    ) -> Outcome<Vec<(Option<String>, String)>> {
        let mut scratch = Writer::new(self.dialect, self.names);
        scratch.ctes.clone_from(&self.ctes);
        scratch.is_scratch = true;
        write(&mut scratch, &mut Sql::new(self.dialect))?;
        Ok(scratch.columns)
    }
}

/// The column that a term of `GROUP BY` names, by its name, by that of the view's column, or by its number.
fn grouped(group: &Expr, select: &Select, tables: &Tables<'_>) -> Option<Place> {
    if let place @ Some(_) = tables.place_of(group) {
        return place;
    }
    let item = match group {
        Expr::Nested(inner) => return grouped(inner, select, tables),
        Expr::Identifier(name) => select
            .projection
            .iter()
            .find(|item| is_called(item, name))?,
        Expr::Value(value) => match &value.value {
            Literal::Number(digits, _) => {
                let number: usize = digits.parse().ok()?;
                select.projection.get(number.checked_sub(1)?)?
            }
            _ => return None,
        },
        _ => return None,
    };
    match item {
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => {
            tables.place_of(expr)
        }
        _ => None,
    }
}

fn is_called(item: &SelectItem, name: &Name) -> bool {
    matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value.eq_ignore_ascii_case(&name.value))
}

/// The pairs of columns that a condition says are equal.
fn equalities(condition: &Expr, tables: &Tables<'_>, found: &mut Vec<(Place, Place)>) {
    match condition {
        Expr::Nested(inner) => equalities(inner, tables, found),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::And,
            right,
        } => {
            equalities(left, tables, found);
            equalities(right, tables, found);
        }
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Eq,
            right,
        } => {
            if let (Some(left), Some(right)) = (tables.place_of(left), tables.place_of(right)) {
                found.push((left, right));
            }
        }
        _ => {}
    }
}
