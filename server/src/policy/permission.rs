//! A permission of a role.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use super::preset::{self, Presets};
use crate::db::Dialect;
use crate::filter::{Condition, Expression, ROLE_SCOPE, Resolver, RoleScopes, parse};

/// The effect of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies; a denial takes precedence.
    Deny,
}

/// The rows that a permission applies to.
#[derive(Debug, PartialEq)]
enum Rows {
    All,
    Where(Expression),
    /// None that is known: the condition cannot be parsed any more.
    Unknown,
}

/// A permission of a role.
#[derive(Debug, PartialEq)]
pub struct Permission {
    /// The id.
    pub id: String,
    /// The id of the role.
    pub role: String,
    /// The id of the collection, or `*`.
    pub collection: String,
    /// The actions.
    pub actions: Vec<String>,
    /// The effect.
    pub effect: Effect,
    /// The text of the condition.
    pub condition: String,
    /// The fields; `None`: all.
    pub fields: Option<BTreeSet<String>>,
    /// The values that records get which are created by the permission.
    pub(super) presets: Presets,
    rows: Rows,
    /// The part of the condition that asks for the scope; `None` if there is none.
    in_scope: Option<Expression>,
}

impl Permission {
    /// Makes a permission of its stored form.
    pub fn new(
        (id, role, collection): (String, String, String),
        actions: Vec<String>,
        is_deny: bool,
        condition: String,
        fields: Vec<String>,
        presets: &str,
    ) -> Self {
        let rows = match condition.as_str() {
            "" => Rows::All,
            text => parse(text).map_or(Rows::Unknown, Rows::Where),
        };
        let in_scope = match &rows {
            Rows::Where(expression) => expression.where_compared(ROLE_SCOPE),
            Rows::All | Rows::Unknown => None,
        };
        Self {
            id,
            role,
            collection,
            actions,
            effect: if is_deny { Effect::Deny } else { Effect::Allow },
            condition,
            fields: (!fields.is_empty()).then(|| fields.into_iter().collect()),
            presets: preset::read(presets),
            rows,
            in_scope,
        }
    }

    /// Makes the permission to see an area of the console, limited to records that meet the condition.
    pub(super) fn of_area(area: &str, condition: &str) -> Self {
        let names = (area.to_owned(), String::new(), String::new());
        Self::new(
            names,
            Vec::new(),
            false,
            condition.to_owned(),
            Vec::new(),
            "",
        )
    }

    /// Whether the permission applies to all rows.
    pub fn is_for_all_rows(&self) -> bool {
        self.rows == Rows::All
    }

    /// Whether the permission depends on the scopes in which a caller has the role.
    pub fn asks_for_scope(&self) -> bool {
        self.in_scope.is_some()
    }
}

/// A permission that applies to a caller.
#[derive(Debug, PartialEq)]
pub struct Held {
    pub(super) permission: Arc<Permission>,
    /// Whether the caller has a role with this permission everywhere.
    pub(super) is_everywhere: bool,
    /// The ids of the roles with this permission that the caller has in some scopes.
    pub(super) scoped_roles: Vec<String>,
}

impl Deref for Held {
    type Target = Permission;

    fn deref(&self) -> &Permission {
        &self.permission
    }
}

impl Held {
    /// Makes a permission of a role that the caller has everywhere.
    pub(super) fn everywhere(permission: Permission) -> Self {
        Self {
            permission: Arc::new(permission),
            is_everywhere: true,
            scoped_roles: Vec::new(),
        }
    }

    /// Returns the condition for rows that the permission applies to. Who has the role in scopes only is allowed what is in
    /// these; who has it everywhere is denied what is in any. If the condition cannot be resolved any more, an allow applies
    /// to no rows, and a deny to all.
    pub(super) fn condition(&self, resolver: &Resolver<'_>) -> Condition {
        let of_roles = RoleScopes::Of(&self.scoped_roles);
        let resolve = |expression, scopes| resolver.subquery_of_role(expression, scopes).ok();
        let condition = match (&self.rows, self.effect, self.is_everywhere) {
            (Rows::All, ..) => return Condition::True,
            (Rows::Where(all), Effect::Deny, true) => resolve(all, RoleScopes::All),
            (Rows::Where(all), Effect::Allow, false) if self.in_scope.as_ref() != Some(all) => {
                let in_scope = self.in_scope.as_ref();
                resolve(all, of_roles).and_then(|_| resolve(in_scope?, of_roles))
            }
            (Rows::Where(all), ..) => resolve(all, of_roles),
            (Rows::Unknown, ..) => None,
        };
        condition.unwrap_or_else(|| {
            tracing::warn!(
                permission = self.id,
                "its condition can't be asked any more"
            );
            (self.effect == Effect::Deny).into()
        })
    }
}

/// Negates a condition.
pub(super) fn not(dialect: Dialect, condition: Condition) -> Condition {
    match condition {
        Condition::True => Condition::False,
        Condition::False => Condition::True,
        Condition::All(_) => {
            // A condition that is NULL does not hold.
            let mut out = crate::db::sql(dialect, "(");
            out.append(condition.into_sql(dialect))
                .text(") IS NOT TRUE");
            Condition::from(out)
        }
    }
}
