//! Resolves an [`Expression`] to SQL, for one collection and one caller.
//!
//! References to one record become `LEFT JOIN`s of the query itself, which adds no rows. References to several
//! (multiple relations, back-relations, `:each`, `@collection`) are joined inside one `EXISTS` around the whole
//! condition: comparisons on the same path see the same related record, and no row comes twice.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::casts::sortable;
use super::compare::compare;
use super::condition::Condition;
use super::operand::{Kind, Operand};
use super::role_scope::RoleScopes;
use super::scope::{Scope, exists, one_row};
use super::{FilterError, Operator, Visibility};
use crate::db::dialect::Order;
use crate::db::{Dialect, Ident, Sql, sql};
use crate::expression::{Comparison, Expression, Token};
use crate::request::Request;
use crate::schema::{Collection, Schema};

/// The author of a filter, which decides what it may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A rule of a collection, or a superuser's filter.
    Full,
    /// A client: the filter may name no hidden fields, no hidden e-mail addresses and no collections that the client may not
    /// list.
    Client,
}

/// Resolves the filters and sorts of one query to SQL.
pub struct Resolver<'a> {
    pub(super) dialect: Dialect,
    pub(super) schema: &'a Schema,
    pub(super) visibility: &'a dyn Visibility,
    pub(super) request: &'a Request,
    pub(super) root: &'a Collection,
    pub(super) root_alias: Ident,
    /// Whether the row may be missing.
    pub(super) root_nullable: bool,
    pub(super) scope: Scope,
    aliases: Rc<Cell<u32>>,
    /// The ids of the collections that paths may not enter.
    closed: Option<&'a BTreeSet<String>>,
    /// What `@role.scope` stands for; `None` outside of permissions.
    pub(super) role_scopes: Option<RoleScopes<'a>>,
}

impl<'a> Resolver<'a> {
    /// Makes a resolver for queries on `root`, whose table is named `alias` in them.
    pub fn new(
        dialect: Dialect,
        schema: &'a Schema,
        visibility: &'a dyn Visibility,
        request: &'a Request,
        root: &'a Collection,
        alias: Ident,
    ) -> Self {
        Self {
            dialect,
            schema,
            visibility,
            request,
            root,
            root_alias: alias,
            root_nullable: false,
            scope: Scope::default(),
            aliases: Rc::default(),
            closed: None,
            role_scopes: None,
        }
    }

    /// Closes collections that the author of a rule must not know.
    #[must_use]
    pub fn closing(self, closed: &'a BTreeSet<String>) -> Self {
        Self {
            closed: Some(closed),
            ..self
        }
    }

    /// Says whether paths must not enter a collection.
    pub(super) fn is_closed(&self, collection: &Collection) -> bool {
        self.closed
            .is_some_and(|closed| closed.contains(&collection.def.id))
    }

    /// Enters a collection. A closed one seems not to exist.
    pub(super) fn enter(&self, collection: &Collection, text: &str) -> Result<(), FilterError> {
        if self.is_closed(collection) {
            return Err(FilterError::UnknownField(text.to_owned()));
        }
        Ok(())
    }

    /// Returns a resolver that adds nothing to the query.
    pub(super) fn detached(&self) -> Self {
        Self {
            root_alias: self.root_alias.clone(),
            scope: Scope::default(),
            aliases: Rc::default(),
            ..*self
        }
    }

    /// Says whether anything resolved so far reads rows of other tables.
    pub fn reads_other_rows(&self) -> bool {
        self.aliases.get() > 0
    }

    /// Notes that a condition reads rows of other tables.
    pub(super) fn count_other_rows(&self) {
        self.aliases.set(self.aliases.get() + 1);
    }

    /// Returns the dialect of its SQL.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns a resolver for a condition on another collection inside this query.
    pub(super) fn nested<'b>(&self, root: &'b Collection, alias: Ident) -> Resolver<'b>
    where
        'a: 'b,
    {
        Resolver {
            dialect: self.dialect,
            schema: self.schema,
            visibility: self.visibility,
            request: self.request,
            root,
            root_alias: alias,
            root_nullable: true,
            scope: Scope::default(),
            aliases: Rc::clone(&self.aliases),
            closed: self.closed,
            role_scopes: None,
        }
    }

    /// Resolves the condition of a permission, which the caller has in these scopes, to one that contains all of its joins.
    pub fn subquery_of_role(
        &self,
        expression: &Expression,
        scopes: RoleScopes<'_>,
    ) -> Result<Condition, FilterError> {
        let mut nested = self.nested(self.root, self.root_alias.clone());
        nested.role_scopes = Some(scopes);
        let condition = nested.condition(expression, Trust::Full)?;
        Ok(nested.emit_inside(condition))
    }

    /// Resolves a rule to a condition that contains all of its joins.
    pub fn subquery(&self, expression: &Expression) -> Result<Condition, FilterError> {
        let mut nested = self.nested(self.root, self.root_alias.clone());
        let condition = nested.condition(expression, Trust::Full)?;
        Ok(nested.emit_inside(condition))
    }

    /// Resolves an expression to a condition. Its joins are returned by [`Resolver::emit`].
    pub fn condition(
        &mut self,
        expression: &Expression,
        trust: Trust,
    ) -> Result<Condition, FilterError> {
        match expression {
            Expression::Comparison(comparison) => self.comparison(comparison, trust),
            Expression::All(parts) => Ok(Condition::all(self.each(parts, trust)?)),
            Expression::Any(parts) => Ok(Condition::any(self.dialect, self.each(parts, trust)?)),
        }
    }

    fn each(&mut self, parts: &[Expression], trust: Trust) -> Result<Vec<Condition>, FilterError> {
        parts
            .iter()
            .map(|part| self.condition(part, trust))
            .collect()
    }

    /// Resolves a sort key: a path, `@random` or `@rowid`. A path to several values sorts by their minimum, or, descending, by
    /// their maximum.
    pub fn order(
        &mut self,
        path: &str,
        descending: bool,
        trust: Trust,
    ) -> Result<Vec<Sql>, FilterError> {
        let dialect = self.dialect;
        if path == "@random" {
            return Ok(vec![sql(dialect, "RANDOM()")]);
        }
        let (keys, nullable) = if path == "@rowid" {
            if self.root.is_view() {
                return Err(FilterError::UnknownField(path.to_owned()));
            }
            let mut row = Sql::new(dialect);
            row.column(&self.root_alias, &Ident::new("_rowid_"));
            (vec![row], false)
        } else {
            self.order_keys(path, descending, trust)?
        };
        let direction = dialect.direction(Order {
            descending,
            nullable,
        });
        Ok(keys
            .into_iter()
            .map(|mut key| {
                key.text(direction);
                key
            })
            .collect())
    }

    /// Returns the expressions to sort by, and whether they may be null.
    fn order_keys(
        &mut self,
        path: &str,
        descending: bool,
        trust: Trust,
    ) -> Result<(Vec<Sql>, bool), FilterError> {
        let dialect = self.dialect;
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
            let mut own = Scope::isolated();
            let (Operand::Column(column), _) = self.path(&mut own, path, trust)? else {
                return Err(FilterError::Misused(path.to_owned()));
            };
            let least = if descending {
                "(SELECT MAX("
            } else {
                "(SELECT MIN("
            };
            let mut out = sql(dialect, least);
            let value = sortable(dialect, &column);
            out.append(where_visible(value, column.visibility_check))
                .text(")");
            out.append(one_row(dialect, own.joins)).text(")");
            return Ok((vec![out], true));
        }
        let nullable = column.nullable || column.visibility_check.is_some();
        let value = where_visible(column.sql, column.visibility_check);
        let keys = match column.kind {
            Kind::Json | Kind::JsonScalar => dialect.scalar_sort_keys(value),
            Kind::Text | Kind::ComputedText | Kind::Number | Kind::Bool => {
                dialect.indexed_sort_keys(value, column.prefix)
            }
        };
        Ok((keys, nullable))
    }

    pub(super) fn alias(&self) -> Ident {
        self.count_other_rows();
        Ident::new(&format!("j{}", self.aliases.get()))
    }

    fn comparison(
        &mut self,
        comparison: &Comparison,
        trust: Trust,
    ) -> Result<Condition, FilterError> {
        if let Some(condition) = self.in_role_scope(comparison, trust) {
            return condition;
        }
        let mut scope = std::mem::take(&mut self.scope);
        let resolved = self.both(&mut scope, comparison, trust);
        self.scope = scope;
        let [(left, left_many), (right, right_many)] = resolved?;
        let condition = self.compare(comparison.operator, &left, &right);
        if comparison.any || !(left_many || right_many) {
            return Ok(condition);
        }
        // Without a `?`, all related values must meet the comparison: each of one side with each of the other.
        let mut own = Scope::isolated();
        let mut each_of = |operand: Operand, many: bool, token: &Token| {
            if !many {
                return Ok(operand.against_many());
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
                let mut fails = sql(self.dialect, "NOT (");
                fails.append(each.into_sql(self.dialect)).text(")");
                fails
            }
        };
        let mut none = sql(self.dialect, "NOT ");
        none.append(exists(own.joins, fails));
        Ok(Condition::all(vec![condition, Condition::from(none)]))
    }

    /// Resolves both operands, and says of each whether it has several values.
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

    /// Compares operands, and requires that the client may see them.
    fn compare(&self, operator: Operator, left: &Operand, right: &Operand) -> Condition {
        let mut parts = vec![compare(self.dialect, operator, left, right)];
        for operand in [left, right] {
            if let Operand::Column(column) = operand {
                parts.extend(column.visibility_check.clone().map(Condition::from));
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
        use super::operand::Literal;
        let known = match token {
            Token::Text(text) if text.contains('\0') => return Err(FilterError::Syntax(1)),
            Token::Text(text) => Literal::Text(text.clone()),
            Token::Number(number) => Literal::Number(*number),
            Token::Whole(number) => Literal::Whole(*number),
            Token::Call(call) => return self.call(scope, call, trust),
            Token::Identifier(name) => match name.to_ascii_lowercase().as_str() {
                "null" => Literal::Null,
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                _ => return self.path(scope, name, trust),
            },
        };
        Ok((Operand::Literal(known), false))
    }

    /// Returns the condition that `left` differs from `right`.
    pub(super) fn differ(&self, left: &Operand, right: &Operand) -> Condition {
        compare(self.dialect, Operator::NotEqual, left, right)
    }
}

/// Returns the value where the client may see it, else null.
fn where_visible(value: Sql, visibility_check: Option<Sql>) -> Sql {
    let Some(visibility_check) = visibility_check else {
        return value;
    };
    let mut out = sql(value.dialect(), "(CASE WHEN ");
    out.append(visibility_check)
        .text(" THEN ")
        .append(value)
        .text(" END)");
    out
}
