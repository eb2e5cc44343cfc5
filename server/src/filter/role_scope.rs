//! `@role.scope`: the records in whose scope the caller has the role of a permission.

use super::FilterError;
use super::condition::Condition;
use super::operand::{Column, Operand};
use super::path::unknown;
use super::resolve::{Resolver, Trust};
use super::scope::{Scope, exists};
use crate::db::{Sql, sql};
use crate::expression::{Comparison, Operator, Token};
use crate::schema::{self, Collection, Shape};

/// The name of the scopes in conditions of permissions.
pub const ROLE_SCOPE: &str = "@role.scope";

/// The scopes that `@role.scope` stands for.
#[derive(Clone, Copy, Debug)]
pub enum RoleScopes<'a> {
    /// Whatever it is compared with is a scope.
    All,
    /// The scopes in which the caller has one of these roles.
    Of(&'a [String]),
}

impl Resolver<'_> {
    /// Resolves `path = @role.scope`: the path leads to one of the scopes. `None` if the comparison is another one.
    pub(super) fn in_role_scope(
        &mut self,
        comparison: &Comparison,
        trust: Trust,
    ) -> Option<Result<Condition, FilterError>> {
        let token = match (is_scope(&comparison.left), is_scope(&comparison.right)) {
            (false, false) => return None,
            (false, true) => &comparison.left,
            (true, _) => &comparison.right,
        };
        Some(self.one_of_scopes(token, comparison, trust))
    }

    fn one_of_scopes(
        &mut self,
        token: &Token,
        comparison: &Comparison,
        trust: Trust,
    ) -> Result<Condition, FilterError> {
        let roles: &[String] = match self.role_scopes {
            None => return Err(unknown(ROLE_SCOPE)),
            Some(RoleScopes::All) => &[],
            Some(RoleScopes::Of(roles)) => roles,
        };
        if comparison.operator != Operator::Equal || is_scope(token) {
            return Err(FilterError::Scope);
        }
        let mut scope = std::mem::take(&mut self.scope);
        let resolved = self.operand(&mut scope, token, trust);
        self.scope = scope;
        let (operand, many) = resolved?;
        let is_scope = self.is_one_of_scopes(operand, roles)?;
        if matches!(self.role_scopes, Some(RoleScopes::All)) {
            return Ok(Condition::True);
        }
        let Some(is_scope) = is_scope else {
            return Ok(Condition::False);
        };
        let condition = Condition::from(is_scope);
        if comparison.any || !many {
            return Ok(condition);
        }
        // Without a `?`, all related records must be scopes.
        let mut own = Scope::isolated();
        let (operand, _) = self.operand(&mut own, token, trust)?;
        let Some(each) = self.is_one_of_scopes(operand, roles)? else {
            return Ok(Condition::False);
        };
        let mut fails = sql(self.dialect, "(");
        fails.append(each).text(") IS NOT TRUE");
        let mut none = sql(self.dialect, "NOT ");
        none.append(exists(own.joins, fails));
        Ok(Condition::all(vec![condition, Condition::from(none)]))
    }

    /// Returns the condition that a value is the id of a scope of these roles; `None` if there are no scopes.
    fn is_one_of_scopes(
        &self,
        operand: Operand,
        roles: &[String],
    ) -> Result<Option<Sql>, FilterError> {
        let Operand::Column(Column {
            sql,
            names: Some(collection),
            ..
        }) = operand
        else {
            return Err(FilterError::Scope);
        };
        let caller = &self.request.caller;
        let scopes = self
            .visibility
            .scopes(self.dialect, caller, roles, &collection);
        Ok(scopes.map(|scopes| {
            self.count_other_rows();
            let mut out = Sql::new(self.dialect);
            out.append(sql).text(" IN (").append(scopes).text(")");
            out
        }))
    }

    /// Returns the id of the collection whose records the values of a column name, where that matters.
    pub(super) fn named_collection(
        &self,
        collection: &Collection,
        column: &schema::Column,
    ) -> Option<String> {
        self.role_scopes?;
        if let Shape::Relation { target, .. } = &column.shape {
            return Some(self.schema.find(target)?.def.id.clone());
        }
        (column.name == "id").then(|| collection.def.id.clone())
    }
}

fn is_scope(token: &Token) -> bool {
    matches!(token, Token::Identifier(name) if name == ROLE_SCOPE)
}
