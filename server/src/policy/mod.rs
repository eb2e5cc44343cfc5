//! Authorization. This module alone makes a [`Grant`], which reads and writes of records take.
//!
//! A grant allows an action on a collection, and carries the conditions that limit it to certain rows: the collection's
//! rule and the permissions of the caller's roles. The store adds these conditions to its SQL. Start with [`grant`] and
//! [`Reach`]; [`roles`] has the decisions of casbin, [`check`] the validation of roles and permissions.

pub mod api;
mod assertion;
pub mod check;
mod covered;
mod permission;
pub(crate) mod preset;
mod reach;
mod rule_check;
mod snapshot;
pub mod roles;
pub mod store;

use std::sync::Arc;

pub use permission::{Held, Permission};
pub use reach::{Part, Reach};
pub use rule_check::RuleCheck;
pub use snapshot::{Shared, Snapshot};

use crate::clock::Timestamp;
use crate::db::{Dialect, Ident};
use crate::error::{Error, GENERIC, Result};
use crate::filter::{Condition, Expression, Resolver, Trust};
use crate::request::Request;
use crate::schema::{Collection, Rule};

/// An action on records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// List records.
    List,
    /// View a record.
    View,
    /// Create a record.
    Create,
    /// Update a record.
    Update,
    /// Delete a record.
    Delete,
}

/// The permission to do something with the records of a collection.
#[derive(Clone, Debug)]
pub struct Grant {
    schema: Arc<Snapshot>,
    collection: Arc<Collection>,
    /// The request. Its body is added once it is read.
    pub request: Request,
    reach: Reach,
    basis: Basis,
    /// The id of the record for which the conditions were evaluated, and hold.
    covered: Option<String>,
}

/// The reason why a grant was given.
#[derive(Clone, Copy, Debug)]
enum Basis {
    /// The policy allows the action.
    Policy(Action),
    /// The server acts on its own account, for the reason given.
    Bypass(&'static str),
}

/// The message for callers that may not try an action at all.
pub const LOCKED: &str = "Only superusers can perform this action.";

/// Grants `action` if the caller may try it on some records.
pub fn grant(
    schema: Arc<Snapshot>,
    request: Request,
    collection: &str,
    action: Action,
) -> Result<Grant> {
    let collection = Arc::clone(schema.find(collection).ok_or_else(Error::missing)?);
    if collection.is_view() && !action.reads() {
        return Err(Error::invalid("Unsupported collection type."));
    }
    let reach = Reach::of(&schema.policies, &request.caller, &collection, action)?;
    if reach.is_nothing() {
        return Err(Error::forbidden(LOCKED));
    }
    Ok(Grant {
        schema,
        collection,
        request,
        reach,
        basis: Basis::Policy(action),
        covered: None,
    })
}

/// Grants everything, for what the server does on its own account. The reason is traced.
pub fn system(
    schema: &Arc<Snapshot>,
    collection: &Arc<Collection>,
    request: Request,
    reason: &'static str,
) -> Grant {
    tracing::debug!(
        collection = collection.def.name,
        reason,
        "the access rules are bypassed"
    );
    Grant {
        schema: Arc::clone(schema),
        collection: Arc::clone(collection),
        request,
        reach: Reach::everything(),
        basis: Basis::Bypass(reason),
        covered: None,
    }
}

/// Grants an account to read itself, for the response to a sign-in: all fields except those that roles deny.
pub fn own_account(
    schema: &Arc<Snapshot>,
    collection: &Arc<Collection>,
    request: Request,
) -> Result<Grant> {
    let reach = Reach::of(&schema.policies, &request.caller, collection, Action::View)?;
    Ok(Grant {
        schema: Arc::clone(schema),
        collection: Arc::clone(collection),
        request,
        reach: reach.of_own(),
        basis: Basis::Policy(Action::View),
        covered: None,
    })
}

/// Grants superusers to list definitions: all except those of built-in collections.
pub fn collections(schema: &Arc<Snapshot>, meta: &Arc<Collection>, request: Request) -> Grant {
    let why = "superusers list every collection";
    let mut grant = system(schema, meta, request, why);
    grant.reach = Reach::by_rule(Rule::parse(Some(NOT_OWN)).unwrap_or_default());
    grant
}

/// Grants to find the records that a superuser's filter matches, whoever the request is of.
pub(crate) fn matching(
    schema: &Arc<Snapshot>,
    collection: &Arc<Collection>,
    request: Request,
    filter: Expression,
) -> Grant {
    let why = "superusers ask about any record";
    let mut grant = system(schema, collection, request, why);
    grant.reach = Reach::by_rule(Rule::Filter(filter));
    grant
}

/// Grants to list the log. Filters of it have the trust of a client's, even a superuser's.
pub fn log(schema: &Arc<Snapshot>, meta: &Arc<Collection>, now: Timestamp) -> Grant {
    let why = "who may read the log reads all of it";
    system(schema, meta, Request::internal(now), why)
}

/// The filter for collections that are not built in.
const NOT_OWN: &str = "id !~ '\\_pl\\_%'";

impl Action {
    /// Returns the name of the action in permissions.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::View => "view",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether the action changes nothing.
    pub fn reads(self) -> bool {
        matches!(self, Self::List | Self::View)
    }

    /// Returns the action with this name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::List,
            Self::View,
            Self::Create,
            Self::Update,
            Self::Delete,
        ];
        all.into_iter().find(|action| action.name() == name)
    }
}

impl crate::schema::Rules {
    /// Returns the rule for an action.
    pub fn of(&self, action: Action) -> &Rule {
        match action {
            Action::List => &self.list,
            Action::View => &self.view,
            Action::Create => &self.create,
            Action::Update => &self.update,
            Action::Delete => &self.delete,
        }
    }
}

impl Grant {
    /// Returns the snapshot that the grant was made with.
    pub fn schema(&self) -> &Arc<Snapshot> {
        &self.schema
    }

    /// Returns the collection of the grant.
    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    /// Whether the caller is a superuser or the server itself.
    pub fn is_superior(&self) -> bool {
        matches!(self.basis, Basis::Bypass(_)) || self.request.caller.is_superuser()
    }

    /// Returns how much filters of the caller are trusted.
    pub fn trust(&self) -> Trust {
        if self.request.caller.is_superuser() {
            Trust::Full
        } else {
            Trust::Client
        }
    }

    /// Whether a record is found by its id, or the first ones in order, within microseconds: the collection is a table, and no
    /// condition limits the rows.
    pub fn is_point_lookup(&self) -> bool {
        self.reach.is_all_rows() && !self.collection().is_view()
    }

    /// Returns the decision that limits which fields are visible: for a read, that of this grant; for a write by a role, the
    /// decision about viewing. `None`: all fields are visible.
    pub fn sight(&self) -> Result<Option<Reach>> {
        if self.is_superior() {
            return Ok(None);
        }
        if matches!(self.basis, Basis::Policy(Action::List | Action::View)) {
            let reach = self.reach.has_field_limits().then(|| self.reach.clone());
            return Ok(reach);
        }
        let view = Reach::of(
            &self.schema.policies,
            &self.request.caller,
            &self.collection,
            Action::View,
        )?;
        let has_say = !(view.is_by_rule_alone() && self.reach.is_by_rule_alone());
        Ok(has_say.then_some(view))
    }

    /// Returns the rows and fields that the grant covers.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Limits the grant to accounts that may be signed in.
    #[must_use]
    pub fn for_session(&self) -> Self {
        Self {
            reach: Reach::by_rule(self.collection.rules.session.clone()),
            covered: None,
            ..self.clone()
        }
    }

    /// Grants to view records of another collection that relations lead to. `None` if the caller may view none.
    pub fn expanding(&self, collection: &Arc<Collection>) -> Result<Option<Self>> {
        let reach = Reach::of(
            &self.schema.policies,
            &self.request.caller,
            collection,
            Action::View,
        )?;
        Ok((!reach.is_nothing()).then(|| Self {
            schema: Arc::clone(&self.schema),
            collection: Arc::clone(collection),
            request: self.request.within("expand"),
            reach,
            basis: Basis::Policy(Action::View),
            covered: None,
        }))
    }

    /// Decides again, with a newer snapshot.
    pub fn revalidate(&self, schema: Arc<Snapshot>) -> Result<Self> {
        let (id, request) = (&self.collection.def.id, self.request.clone());
        match self.basis {
            Basis::Policy(action) => grant(schema, request, id, action),
            Basis::Bypass(reason) => {
                let collection = schema.find(id).ok_or_else(Error::missing)?;
                Ok(system(&schema, collection, request, reason))
            }
        }
    }

    /// Returns a resolver for the rows of this collection, whose table has the given alias.
    pub fn resolver(&self, dialect: Dialect, alias: Ident) -> Resolver<'_> {
        Resolver::new(
            dialect,
            &self.schema,
            &self.schema.policies,
            &self.request,
            &self.collection,
            alias,
        )
    }

    /// Returns a resolver, and the condition that a row must meet to be covered by the grant.
    pub fn narrow(&self, dialect: Dialect, alias: Ident) -> Result<(Resolver<'_>, Condition)> {
        let mut resolver = self.resolver(dialect, alias);
        let condition = self.reach.condition(&mut resolver)?;
        Ok((resolver, condition))
    }

    /// Returns a resolver, and the condition of the manage rule; without such a rule, no account meets it.
    pub fn manages(&self, dialect: Dialect, alias: Ident) -> Result<(Resolver<'_>, Condition)> {
        let mut resolver = self.resolver(dialect, alias);
        let condition = match &self.collection.rules.manage {
            _ if self.is_superior() => Condition::True,
            Rule::Locked | Rule::Open => Condition::False,
            Rule::Filter(rule) => holds(&mut resolver, rule)?,
        };
        Ok((resolver, condition))
    }
}

/// Resolves a rule. It was validated when it was saved; if it names a field that is gone by now, the request is refused.
fn holds(resolver: &mut Resolver<'_>, rule: &Expression) -> Result<Condition> {
    match resolver.condition(rule, Trust::Full) {
        Ok(condition) => Ok(condition),
        Err(error) => {
            tracing::warn!(%error, "a rule can't be asked any more");
            Err(Error::invalid(GENERIC))
        }
    }
}
