//! Who may do what: the only way to a [`Grant`], which every access to records needs.
//!
//! A grant says that the caller may try the action on the collection, and carries what narrows it to rows: the
//! collection's rule, and the permissions of the caller's roles. The store puts that into its SQL. Start with
//! [`grant`] and [`Reach`]; [`roles`] has what casbin decides, [`check`] what roles and permissions may be.

pub mod api;
pub mod check;
mod permission;
mod reach;
mod rule_check;
mod snapshot;
pub mod roles;
pub mod store;

use std::sync::Arc;

pub use permission::Permission;
pub use reach::{Part, Reach};
pub use rule_check::RuleCheck;
pub use snapshot::{Shared, Snapshot};

use crate::db::{Engine, Ident};
use crate::error::{Error, GENERIC, Result};
use crate::filter::{Condition, Expression, Resolver, Trust};
use crate::request::Request;
use crate::schema::{Collection, Rule};

/// What can be done with records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// List them.
    List,
    /// View one.
    View,
    /// Create one.
    Create,
    /// Update one.
    Update,
    /// Delete one.
    Delete,
}

/// The permission to do something with the records of a collection.
#[derive(Clone, Debug)]
pub struct Grant {
    schema: Arc<Snapshot>,
    collection: Arc<Collection>,
    /// What is known of the request; the body is added once it is read.
    pub request: Request,
    reach: Reach,
    /// What for; nothing in particular when it is the server's own.
    action: Option<Action>,
}

/// The answer to who is locked out.
pub const LOCKED: &str = "Only superusers can perform this action.";

/// Asks whether the request's caller may try `action`.
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
        action: Some(action),
    })
}

/// A grant that nothing narrows, for what the server does on its own account; `why` is for the reader.
pub fn system(
    schema: &Arc<Snapshot>,
    collection: &Arc<Collection>,
    request: Request,
    _why: &'static str,
) -> Grant {
    Grant {
        schema: Arc::clone(schema),
        collection: Arc::clone(collection),
        request,
        reach: Reach::everything(),
        action: None,
    }
}

/// The grant of an account to read itself, as the answer to a sign-in: every field but those that roles deny.
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
        action: Some(Action::View),
    })
}

/// The grant to list definitions: all but those of the server's own collections.
pub fn collections(schema: &Arc<Snapshot>, meta: &Arc<Collection>, request: Request) -> Grant {
    let why = "superusers list every collection";
    let mut grant = system(schema, meta, request, why);
    grant.reach = Reach::by_rule(Rule::parse(Some(NOT_OWN)).unwrap_or_default());
    grant
}

/// The grant to list the log. Filters reach nothing else: they are a client's, whoever asks.
pub fn log(schema: &Arc<Snapshot>, meta: &Arc<Collection>) -> Grant {
    let why = "who may read the log reads all of it";
    system(schema, meta, Request::internal(), why)
}

/// Which collections are not the server's own, as a filter.
const NOT_OWN: &str = "id !~ '\\_pl\\_%'";

impl Action {
    /// Its name in permissions.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::View => "view",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether it changes nothing.
    pub fn reads(self) -> bool {
        matches!(self, Self::List | Self::View)
    }

    /// The action of this name.
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
    /// The rule for an action.
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
    /// The collections as the request sees them.
    pub fn schema(&self) -> &Arc<Snapshot> {
        &self.schema
    }

    /// The collection.
    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    /// Whether it is a superuser's, or the server's own.
    pub fn is_superior(&self) -> bool {
        self.action.is_none() || self.request.caller.is_superuser()
    }

    /// How far filters of the caller may reach.
    pub fn trust(&self) -> Trust {
        if self.request.caller.is_superuser() {
            Trust::Full
        } else {
            Trust::Client
        }
    }

    /// Whether its records are found by key, or the first of them, in microseconds: they are rows of a table, and
    /// nothing narrows which.
    pub fn is_quick(&self) -> bool {
        self.reach.is_all_rows() && !self.collection().is_view()
    }

    /// What decides which fields of its records the caller sees: for who changes records by a role, or where roles
    /// have a say in viewing, what the caller may view. `None` when it is all fields.
    pub fn sight(&self) -> Result<Option<Reach>> {
        if self.is_superior() {
            return Ok(None);
        }
        if matches!(self.action, Some(Action::List | Action::View)) {
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

    /// What it reaches.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The same grant, for those accounts alone that may be signed in.
    #[must_use]
    pub fn for_session(&self) -> Self {
        Self {
            reach: Reach::by_rule(self.collection.rules.session.clone()),
            ..self.clone()
        }
    }

    /// A grant to follow relations into another collection, as far as the caller may view it. `None` when the
    /// caller may not view it at all.
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
            action: Some(Action::View),
        }))
    }

    /// Asks again, with the collections as they are now.
    pub fn again(&self, schema: Arc<Snapshot>) -> Result<Self> {
        let Some(action) = self.action else {
            let collection = schema
                .find(&self.collection.def.id)
                .ok_or_else(Error::missing)?;
            let why = "it was the server's own before";
            return Ok(system(&schema, collection, self.request.clone(), why));
        };
        let id = self.collection.def.id.clone();
        grant(schema, self.request.clone(), &id, action)
    }

    /// A resolver for this collection, which goes by `alias`.
    pub fn resolver(&self, engine: Engine, alias: Ident) -> Resolver<'_> {
        Resolver::new(
            engine,
            &self.schema,
            &self.schema.policies,
            &self.request,
            &self.collection,
            alias,
        )
    }

    /// A resolver for this collection, which goes by `alias`, and what the grant's rule asks of a row.
    pub fn narrow(&self, engine: Engine, alias: Ident) -> Result<(Resolver<'_>, Condition)> {
        let mut resolver = self.resolver(engine, alias);
        let condition = self.reach.condition(&mut resolver)?;
        Ok((resolver, condition))
    }

    /// What the collection's manage rule asks of an account; nobody's when there is none.
    pub fn manages(&self, engine: Engine, alias: Ident) -> Result<(Resolver<'_>, Condition)> {
        let mut resolver = self.resolver(engine, alias);
        let condition = match &self.collection.rules.manage {
            _ if self.is_superior() => Condition::True,
            Rule::Locked | Rule::Open => Condition::False,
            Rule::Filter(rule) => holds(&mut resolver, rule)?,
        };
        Ok((resolver, condition))
    }
}

/// A rule was checked when it was saved. When it names what has gone since, the request is refused.
fn holds(resolver: &mut Resolver<'_>, rule: &Expression) -> Result<Condition> {
    match resolver.condition(rule, Trust::Full) {
        Ok(condition) => Ok(condition),
        Err(error) => {
            tracing::warn!(%error, "a rule can't be asked any more");
            Err(Error::invalid(GENERIC))
        }
    }
}
