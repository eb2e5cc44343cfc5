//! Combines the rule of a collection with the permissions of a caller's roles: rows = (rule OR any allow) AND NOT any
//! deny; fields likewise.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::permission::{Effect, Held, not};
use super::roles::{self, Decision, Policies};
use super::{Action, holds, store};
use crate::db::{Dialect, Sql};
use crate::error::Result;
use crate::filter::{Condition, Listable, Resolver, RowCondition, Visibility};
use crate::request::Caller;
use crate::schema::{Collection, FieldAccess, Rule};

/// The rows and fields of a collection that an action of a caller covers.
#[derive(Clone, Debug)]
pub struct Reach {
    pub(super) rule: Rule,
    decision: Arc<Decision>,
}

/// A clause of a decision about a row.
#[derive(Clone, Debug)]
pub enum Part {
    /// The collection's rule.
    Rule,
    /// A permission.
    Permission(Arc<Held>),
}

impl Reach {
    /// Decides what an action of `caller` covers.
    pub fn of(
        policies: &Policies,
        caller: &Caller,
        collection: &Collection,
        action: Action,
    ) -> Result<Self> {
        if caller.is_superuser() {
            return Ok(Self::everything());
        }
        if policies.is_empty() {
            return Ok(Self::by_rule(collection.rules.of(action).clone()));
        }
        let decision = policies.decide(&roles::of(caller), collection, action)?;
        Ok(Self {
            rule: collection.rules.of(action).clone(),
            decision,
        })
    }

    /// Covers everything.
    pub fn everything() -> Self {
        Self {
            rule: Rule::Open,
            decision: Arc::default(),
        }
    }

    /// Covers the rows of a rule.
    pub(super) fn by_rule(rule: Rule) -> Self {
        Self {
            rule,
            decision: Arc::default(),
        }
    }

    /// Covers the caller's own account, whatever the rule says, with the fields that roles leave.
    pub(super) fn of_own(self) -> Self {
        Self {
            rule: Rule::Open,
            ..self
        }
    }

    /// Whether no permission of a role applies.
    pub fn is_by_rule_alone(&self) -> bool {
        self.decision.allows.is_empty() && self.decision.denies.is_empty()
    }

    /// Whether no row is covered, whatever its values are.
    pub fn is_nothing(&self) -> bool {
        (self.rule == Rule::Locked && self.decision.allows.is_empty())
            || self.row_denies().any(|deny| deny.is_for_all_rows())
    }

    /// Whether all rows are covered, whatever their values are.
    pub fn is_all_rows(&self) -> bool {
        let mut allows = self.decision.allows.iter();
        let allowed = self.rule == Rule::Open || allows.any(|allow| allow.is_for_all_rows());
        allowed && self.row_denies().next().is_none()
    }

    /// Returns the permissions that allow the action.
    pub(super) fn allows(&self) -> &[Arc<Held>] {
        &self.decision.allows
    }

    fn row_denies(&self) -> impl Iterator<Item = &Arc<Held>> {
        let denies = self.decision.denies.iter();
        denies.filter(|deny| deny.fields.is_none())
    }

    /// Returns the condition that a covered row meets.
    pub fn condition(&self, resolver: &mut Resolver<'_>) -> Result<Condition> {
        let dialect = resolver.dialect();
        let rule = match &self.rule {
            Rule::Locked => Condition::False,
            Rule::Open => Condition::True,
            Rule::Filter(rule) => holds(resolver, rule)?,
        };
        if self.is_by_rule_alone() {
            return Ok(rule);
        }
        let allows = self.decision.allows.iter();
        let allows = allows.map(|allow| allow.condition(resolver));
        let given = Condition::any(dialect, std::iter::once(rule).chain(allows).collect());
        let denies = self.row_denies();
        let denies = denies.map(|deny| not(dialect, deny.condition(resolver)));
        Ok(Condition::all(
            std::iter::once(given).chain(denies).collect(),
        ))
    }

    /// Whether the covered fields depend on the row, or are not all fields.
    pub fn has_field_limits(&self) -> bool {
        let limits = |permissions: &[Arc<Held>]| permissions.iter().any(|p| p.fields.is_some());
        limits(&self.decision.allows) || limits(&self.decision.denies)
    }

    /// Returns the clauses, each of which holds for a row or not.
    pub fn parts(&self) -> Vec<Part> {
        let rule = (self.rule != Rule::Locked).then_some(Part::Rule);
        let permissions = self.decision.allows.iter().chain(&self.decision.denies);
        rule.into_iter()
            .chain(permissions.map(|permission| Part::Permission(Arc::clone(permission))))
            .collect()
    }

    /// Returns the condition of a clause.
    pub fn part_condition(&self, part: &Part, resolver: &mut Resolver<'_>) -> Condition {
        match (part, &self.rule) {
            (Part::Permission(permission), _) => permission.condition(resolver),
            (Part::Rule, Rule::Open) => Condition::True,
            (Part::Rule, Rule::Locked) => Condition::False,
            (Part::Rule, Rule::Filter(rule)) => resolver.subquery(rule).unwrap_or(Condition::False),
        }
    }

    /// Whether an update may change a row for which the clauses `before` hold into one for which `after` hold. The
    /// rule applies to the row before the update, permissions to both.
    pub fn is_kept(&self, before: &[Part], after: &[Part]) -> bool {
        let by_rule = before.iter().any(|part| matches!(part, Part::Rule));
        let permissions = |effect| {
            after.iter().filter_map(move |part| match part {
                Part::Permission(permission) if permission.effect == effect => Some(permission),
                Part::Permission(_) | Part::Rule => None,
            })
        };
        let denied = permissions(Effect::Deny).any(|deny| deny.fields.is_none());
        (by_rule || permissions(Effect::Allow).next().is_some()) && !denied
    }

    /// Returns the fields by which clients may filter and sort: a filter must not disclose a field that is hidden in
    /// some rows.
    pub fn common_fields(&self) -> FieldAccess {
        if !self.has_field_limits() {
            return FieldAccess::default();
        }
        let unlimited = |allow: &&Arc<Held>| allow.fields.is_none();
        let everywhere = self.decision.allows.iter().filter(|a| a.is_for_all_rows());
        let is_whole = self.rule == Rule::Open || everywhere.clone().any(|a| unlimited(&a));
        let limited = self
            .decision
            .allows
            .iter()
            .filter_map(|a| a.fields.as_ref());
        let shared = limited
            .cloned()
            .reduce(|a, b| a.intersection(&b).cloned().collect());
        let given = shared.filter(|_| !is_whole).map(|mut given| {
            given.extend(everywhere.filter_map(|a| a.fields.clone()).flatten());
            given
        });
        FieldAccess {
            given,
            taken: self.denied_fields(|_| true),
        }
    }

    /// Returns the covered fields of a row for which these clauses hold; none if the row is not covered.
    pub fn fields(&self, held: &[Part]) -> FieldAccess {
        let mut given = Some(BTreeSet::new());
        let mut denied = BTreeSet::new();
        let takes_row = |deny: &Arc<Held>| {
            let same = |part: &Part| matches!(part, Part::Permission(p) if p.id == deny.id);
            held.iter().any(same)
        };
        if self.row_denies().any(takes_row) {
            return FieldAccess {
                given,
                taken: denied,
            };
        }
        for part in held {
            let Part::Permission(permission) = part else {
                given = None;
                continue;
            };
            if permission.effect == Effect::Deny {
                denied.insert(permission.id.clone());
                continue;
            }
            given = match (given, &permission.fields) {
                (Some(mut given), Some(more)) => {
                    given.extend(more.iter().cloned());
                    Some(given)
                }
                (None, _) | (_, None) => None,
            };
        }
        FieldAccess {
            given,
            taken: self.denied_fields(|deny| denied.contains(&deny.id)),
        }
    }

    fn denied_fields(&self, counts: impl Fn(&Held) -> bool) -> BTreeSet<String> {
        let denies = self.decision.denies.iter().filter(|deny| counts(deny));
        denies
            .filter_map(|deny| deny.fields.clone())
            .flatten()
            .collect()
    }
}

impl Visibility for Policies {
    fn scopes(
        &self,
        dialect: Dialect,
        caller: &Caller,
        roles: &[String],
        collection: &str,
    ) -> Option<Sql> {
        let account = caller.account().filter(|_| !roles.is_empty())?;
        Some(store::scopes(dialect, account, roles, collection))
    }

    fn listable(&self, caller: &Caller, collection: &Collection) -> Listable {
        match Reach::of(self, caller, collection, Action::List) {
            Ok(reach) if reach.is_nothing() => Listable::Nothing,
            Ok(reach) if reach.is_all_rows() => Listable::All,
            Ok(reach) => Listable::Some(Box::new(reach)),
            Err(_) => Listable::Nothing,
        }
    }

    fn hides(&self, caller: &Caller, collection: &Collection, column: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        let hides = |action| {
            let reach = Reach::of(self, caller, collection, action);
            let reach = reach.map(|r| !r.is_nothing() && !r.common_fields().has(column));
            reach.unwrap_or(true)
        };
        hides(Action::List) || hides(Action::View)
    }
}

impl RowCondition for Reach {
    fn resolve(&self, resolver: &mut Resolver<'_>) -> Result<Condition> {
        self.condition(resolver)
    }
}
