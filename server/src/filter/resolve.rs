//! From [`Expression`] to SQL, for one collection and one caller.
//!
//! References to one record become `LEFT JOIN`s of the query itself, which adds no rows. References to several
//! (multiple relations, back-relations, `:each`, `@collection`) are joined inside one `EXISTS` around the whole
//! condition: comparisons on the same path see the same related record, and no row comes twice.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::compare::compare;
use super::condition::Condition;
use super::forms::sortable;
use super::operand::{Kind, Operand};
use super::scope::{Scope, exists, one_row};
use super::{FilterError, Operator, Visibility};
use crate::db::{Engine, Ident, Sql, dialect, sql};
use crate::expression::{Comparison, Expression, Token};
use crate::request::Request;
use crate::schema::{Collection, Schema};

/// Whose filter it is, which decides what it may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A rule of a collection, or a superuser's filter.
    Full,
    /// A client's: no hidden fields, no hidden e-mail addresses, no collections that the client may not list.
    Client,
}

/// Makes SQL of filters and sorts of one query.
pub struct Resolver<'a> {
    pub(super) engine: Engine,
    pub(super) schema: &'a Schema,
    pub(super) visibility: &'a dyn Visibility,
    pub(super) request: &'a Request,
    pub(super) root: &'a Collection,
    pub(super) root_alias: Ident,
    /// Whether there may be no row of it.
    pub(super) root_nullable: bool,
    pub(super) scope: Scope,
    aliases: Rc<Cell<u32>>,
    /// The ids of the collections that paths may not enter.
    closed: Option<&'a BTreeSet<String>>,
}

impl<'a> Resolver<'a> {
    /// A resolver for queries on `root`, which goes by `alias` in them.
    pub fn new(
        engine: Engine,
        schema: &'a Schema,
        visibility: &'a dyn Visibility,
        request: &'a Request,
        root: &'a Collection,
        alias: Ident,
    ) -> Self {
        Self {
            engine,
            schema,
            visibility,
            request,
            root,
            root_alias: alias,
            root_nullable: false,
            scope: Scope::default(),
            aliases: Rc::default(),
            closed: None,
        }
    }

    /// The same, for the rule of an author who may not know these collections.
    #[must_use]
    pub fn closing(self, closed: &'a BTreeSet<String>) -> Self {
        Self {
            closed: Some(closed),
            ..self
        }
    }

    /// Whether paths may not enter a collection.
    pub(super) fn is_closed(&self, collection: &Collection) -> bool {
        self.closed
            .is_some_and(|closed| closed.contains(&collection.def.id))
    }

    /// Enters a collection. To whoever may not know it, it is as if it did not exist.
    pub(super) fn enter(&self, collection: &Collection, text: &str) -> Result<(), FilterError> {
        if self.is_closed(collection) {
            return Err(FilterError::UnknownField(text.to_owned()));
        }
        Ok(())
    }

    /// A resolver of which nothing comes into the query.
    pub(super) fn apart_from_query(&self) -> Self {
        Self {
            root_alias: self.root_alias.clone(),
            scope: Scope::default(),
            aliases: Rc::default(),
            ..*self
        }
    }

    /// Whether anything that it was asked so far looks at other rows.
    pub fn looks_elsewhere(&self) -> bool {
        self.aliases.get() > 0
    }

    /// The database that it is for.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// A resolver for a condition on another collection inside this query.
    pub(super) fn nested<'b>(&self, root: &'b Collection, alias: Ident) -> Resolver<'b>
    where
        'a: 'b,
    {
        Resolver {
            engine: self.engine,
            schema: self.schema,
            visibility: self.visibility,
            request: self.request,
            root,
            root_alias: alias,
            root_nullable: true,
            scope: Scope::default(),
            aliases: Rc::clone(&self.aliases),
            closed: self.closed,
        }
    }

    /// What a rule's `expression` asks of a row, with all that it joins inside the condition.
    pub fn apart(&self, expression: &Expression) -> Result<Condition, FilterError> {
        let mut nested = self.nested(self.root, self.root_alias.clone());
        let condition = nested.condition(expression, Trust::Full)?;
        Ok(nested.finish_inside(condition))
    }

    /// What `expression` asks of a row. Joins that it needs come with [`Resolver::finish`].
    pub fn condition(
        &mut self,
        expression: &Expression,
        trust: Trust,
    ) -> Result<Condition, FilterError> {
        match expression {
            Expression::Comparison(comparison) => self.comparison(comparison, trust),
            Expression::All(parts) => Ok(Condition::all(self.each(parts, trust)?)),
            Expression::Any(parts) => Ok(Condition::any(self.engine, self.each(parts, trust)?)),
        }
    }

    fn each(&mut self, parts: &[Expression], trust: Trust) -> Result<Vec<Condition>, FilterError> {
        parts
            .iter()
            .map(|part| self.condition(part, trust))
            .collect()
    }

    /// What to order by: a path, or `@random`, `@rowid`. A path to several values orders by the least of them, or
    /// descending by the greatest.
    pub fn order(
        &mut self,
        path: &str,
        descending: bool,
        trust: Trust,
    ) -> Result<Vec<Sql>, FilterError> {
        let engine = self.engine;
        if path == "@random" {
            return Ok(vec![sql(engine, "RANDOM()")]);
        }
        let (keys, nullable) = if path == "@rowid" {
            if self.root.is_view() {
                return Err(FilterError::UnknownField(path.to_owned()));
            }
            let mut row = Sql::new(engine);
            row.column(&self.root_alias, &Ident::new("_rowid_"));
            (vec![row], false)
        } else {
            self.order_keys(path, descending, trust)?
        };
        let direction = dialect::direction(engine, descending, nullable);
        Ok(keys
            .into_iter()
            .map(|mut key| {
                key.text(direction);
                key
            })
            .collect())
    }

    /// The expressions to order by, and whether they may be null.
    fn order_keys(
        &mut self,
        path: &str,
        descending: bool,
        trust: Trust,
    ) -> Result<(Vec<Sql>, bool), FilterError> {
        let engine = self.engine;
        let mut scope = std::mem::take(&mut self.scope);
        let known_joins = scope.joins.len();
        let resolved = self.path(&mut scope, path, trust);
        self.scope = scope;
        let (operand, many) = resolved?;
        let Operand::Column(column) = operand else {
            return Err(FilterError::Misused(path.to_owned()));
        };
        if many {
            self.scope.forget_from(known_joins);
            let mut own = Scope::own();
            let (Operand::Column(column), _) = self.path(&mut own, path, trust)? else {
                return Err(FilterError::Misused(path.to_owned()));
            };
            let least = if descending {
                "(SELECT MAX("
            } else {
                "(SELECT MIN("
            };
            let mut out = sql(engine, least);
            let value = sortable(engine, &column);
            out.append(where_guarded(value, column.guard)).text(")");
            out.append(one_row(engine, own.joins)).text(")");
            return Ok((vec![out], true));
        }
        let nullable = column.nullable || column.guard.is_some();
        let value = where_guarded(column.sql, column.guard);
        let keys = match column.kind {
            Kind::Json | Kind::Scalar => dialect::order_keys_of_json(engine, value),
            Kind::Text | Kind::Computed | Kind::Number | Kind::Bool => {
                dialect::order_keys_of_indexed(engine, value, column.prefix)
            }
        };
        Ok((keys, nullable))
    }

    pub(super) fn alias(&self) -> Ident {
        self.aliases.set(self.aliases.get() + 1);
        Ident::new(&format!("j{}", self.aliases.get()))
    }

    fn comparison(
        &mut self,
        comparison: &Comparison,
        trust: Trust,
    ) -> Result<Condition, FilterError> {
        let mut scope = std::mem::take(&mut self.scope);
        let resolved = self.both(&mut scope, comparison, trust);
        self.scope = scope;
        let [(left, left_many), (right, right_many)] = resolved?;
        let condition = self.compare(comparison.operator, &left, &right);
        if comparison.any || !(left_many || right_many) {
            return Ok(condition);
        }
        // Without a `?`, every one of the related values must do: of both sides, each with each.
        let mut own = Scope::own();
        let mut each_of = |operand: Operand, many: bool, token: &Token| {
            if !many {
                return Ok(operand.beside_many());
            }
            own.forget_paths();
            let (operand, _) = self.operand(&mut own, token, trust)?;
            Ok(operand)
        };
        let left = each_of(left, left_many, &comparison.left)?;
        let right = each_of(right, right_many, &comparison.right)?;
        let each = self.compare(comparison.operator, &left, &right);
        let fails = match each {
            Condition::True => return Ok(condition),
            Condition::False => return Ok(Condition::False),
            Condition::All(_) => {
                let mut fails = sql(self.engine, "NOT (");
                fails.append(each.into_sql(self.engine)).text(")");
                fails
            }
        };
        let mut none = sql(self.engine, "NOT ");
        none.append(exists(own.joins, fails));
        Ok(Condition::all(vec![condition, Condition::from(none)]))
    }

    /// The operands, and whether each is several values.
    fn both(
        &mut self,
        scope: &mut Scope,
        comparison: &Comparison,
        trust: Trust,
    ) -> Result<[(Operand, bool); 2], FilterError> {
        let left = self.operand(scope, &comparison.left, trust)?;
        let right = self.operand(scope, &comparison.right, trust)?;
        Ok([left, right])
    }

    /// What the operator asks, of operands that the client may see.
    fn compare(&self, operator: Operator, left: &Operand, right: &Operand) -> Condition {
        let mut parts = vec![compare(self.engine, operator, left, right)];
        for operand in [left, right] {
            if let Operand::Column(column) = operand {
                parts.extend(column.guard.clone().map(Condition::from));
            }
        }
        Condition::all(parts)
    }

    pub(super) fn operand(
        &mut self,
        scope: &mut Scope,
        token: &Token,
        trust: Trust,
    ) -> Result<(Operand, bool), FilterError> {
        use super::operand::Known;
        let known = match token {
            Token::Text(text) if text.contains('\0') => return Err(FilterError::Syntax(1)),
            Token::Text(text) => Known::Text(text.clone()),
            Token::Number(number) => Known::Number(*number),
            Token::Whole(number) => Known::Whole(*number),
            Token::Call(call) => return self.call(scope, call, trust),
            Token::Identifier(name) => match name.to_ascii_lowercase().as_str() {
                "null" => Known::Null,
                "true" => Known::Bool(true),
                "false" => Known::Bool(false),
                _ => return self.path(scope, name, trust),
            },
        };
        Ok((Operand::Known(known), false))
    }

    /// A condition that `left` differs from `right`.
    pub(super) fn differ(&self, left: &Operand, right: &Operand) -> Condition {
        compare(self.engine, Operator::NotEqual, left, right)
    }
}

/// The value, where the client may see it.
fn where_guarded(value: Sql, guard: Option<Sql>) -> Sql {
    let Some(guard) = guard else {
        return value;
    };
    let mut out = sql(value.engine(), "(CASE WHEN ");
    out.append(guard).text(" THEN ").append(value).text(" END)");
    out
}
