//! A request as rules and the policy see it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use serde_json::Map;

use crate::budget::Holder;
use crate::clock::Timestamp;
use crate::db::Claimant;
use crate::schema::Record;

/// The caller.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A caller without a valid token.
    Guest,
    /// A signed-in account.
    Account(Arc<Account>),
}

impl From<&Caller> for Holder {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::Guest => Self::Guest,
            Caller::Account(_) => Self::Account,
        }
    }
}

/// A signed-in account.
#[derive(Debug)]
pub struct Account {
    /// The record.
    pub record: Record,
    /// Whether rules do not apply to the account.
    pub is_superuser: bool,
    /// Whether the token may be exchanged for a new one.
    pub refreshable: bool,
    /// When the token expires, in seconds since 1970. Tokens derived from it expire no later.
    pub expires: i64,
    /// The id of the session that the token belongs to.
    pub session: Option<String>,
    /// The roles of the account.
    pub roles: Roles,
}

/// The ids of a caller's roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roles {
    /// The roles that the caller has everywhere.
    pub everywhere: Vec<String>,
    /// The roles that the caller has in some scopes: for records, and what belongs to them.
    pub scoped: Vec<String>,
}

impl Account {
    /// Returns the claimant of the database's time for its queries.
    pub fn claimant(&self) -> Claimant {
        let id = self.record.id().to_owned();
        if self.is_superuser {
            Claimant::Superuser(id)
        } else {
            Claimant::Account(self.record.collection.def.id.clone(), id)
        }
    }
}

/// Returns the network that a single client is assumed to control: an IPv4 address, or the /64 of an IPv6 address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

impl Caller {
    /// Whether rules do not apply to the caller.
    pub fn is_superuser(&self) -> bool {
        matches!(self, Self::Account(account) if account.is_superuser)
    }

    /// Returns the account, if the caller is signed in.
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Guest => None,
            Self::Account(account) => Some(account),
        }
    }
}

/// A request as rules see it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The caller.
    pub caller: Caller,
    /// The client's address; `None` for the server itself.
    pub address: Option<IpAddr>,
    /// `GET`, `POST`, …
    pub method: String,
    /// The context of the rule: `default`, `expand`, `password`, …
    pub context: &'static str,
    /// The headers, in lower case, with `_` for `-`. They may be those of a batch's part or of a subscription: for
    /// decisions that depend on the client's own headers, use [`Connection`](crate::extract::Connection).
    pub headers: BTreeMap<String, String>,
    /// The query parameters.
    pub query: BTreeMap<String, String>,
    /// The fields of the body.
    pub body: Map<String, serde_json::Value>,
    /// The time of the request.
    pub now: Timestamp,
}

impl Request {
    /// Makes a request of the server itself.
    pub fn internal(now: Timestamp) -> Self {
        Self {
            caller: Caller::Guest,
            address: None,
            method: String::new(),
            context: "default",
            headers: BTreeMap::new(),
            query: BTreeMap::new(),
            body: Map::new(),
            now,
        }
    }

    /// Returns the claimant of the database's time for its queries.
    pub fn claimant(&self) -> Claimant {
        match (&self.caller, self.address) {
            (Caller::Account(account), _) => account.claimant(),
            (Caller::Guest, Some(address)) => Claimant::Guest(network(address)),
            (Caller::Guest, None) => Claimant::Server,
        }
    }

    /// Returns the claimant for limits per address, whether or not the caller is signed in.
    pub fn origin(&self) -> Claimant {
        let address = self.address.map(network);
        address.map_or(Claimant::Server, Claimant::Guest)
    }

    /// Returns the request in another context.
    #[must_use]
    pub fn within(&self, context: &'static str) -> Self {
        Self {
            context,
            ..self.clone()
        }
    }
}
