//! What is known of a request before the database is asked.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use serde_json::Map;

use crate::budget::Holder;
use crate::clock::Moment;
use crate::db::Claimant;
use crate::schema::Record;

/// Who asks.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Nobody that is known; also who sends a token that is not good.
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
    /// Its record.
    pub record: Record,
    /// Whether rules do not apply to it.
    pub is_superuser: bool,
    /// Whether its token may be exchanged for a new one.
    pub refreshable: bool,
    /// When its token ends, in seconds since 1970. What is derived from the token ends no later.
    pub expires: i64,
    /// The ids of its roles.
    pub roles: Vec<String>,
}

impl Account {
    /// Whose share of the database its queries take.
    pub fn claimant(&self) -> Claimant {
        let id = self.record.id().to_owned();
        if self.is_superuser {
            Claimant::Superuser(id)
        } else {
            Claimant::Account(self.record.collection.def.id.clone(), id)
        }
    }
}

/// The network that one client is likely to have all of: a whole IPv4 address, or the first half of an IPv6 one.
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
    /// Whether rules do not apply.
    pub fn is_superuser(&self) -> bool {
        matches!(self, Self::Account(account) if account.is_superuser)
    }

    /// The account, if there is one.
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Guest => None,
            Self::Account(account) => Some(account),
        }
    }
}

/// What rules can ask about the request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// Where it comes from; `None` for the server itself.
    pub address: Option<IpAddr>,
    /// `GET`, `POST`, …
    pub method: String,
    /// What the rule is evaluated for: `default`, `expand`, `password`, …
    pub context: &'static str,
    /// Headers as rules see them, in lower case, with `_` for `-`. A batch's part or a subscription may have brought them: what judges the
    /// client's address or token asks [`Connection`](crate::extract::Connection).
    pub headers: BTreeMap<String, String>,
    /// Query parameters.
    pub query: BTreeMap<String, String>,
    /// The body's fields.
    pub body: Map<String, serde_json::Value>,
    /// When the request came.
    pub now: Moment,
}

impl Request {
    /// A request of the server to itself.
    pub fn internal() -> Self {
        Self {
            caller: Caller::Guest,
            address: None,
            method: String::new(),
            context: "default",
            headers: BTreeMap::new(),
            query: BTreeMap::new(),
            body: Map::new(),
            now: Moment::now(),
        }
    }

    /// Whose share of the database its queries take.
    pub fn claimant(&self) -> Claimant {
        match (&self.caller, self.address) {
            (Caller::Account(account), _) => account.claimant(),
            (Caller::Guest, Some(address)) => Claimant::Guest(network(address)),
            (Caller::Guest, None) => Claimant::Server,
        }
    }

    /// Whoever asks, signed in or not, by address.
    pub fn origin(&self) -> Claimant {
        let address = self.address.map(network);
        address.map_or(Claimant::Server, Claimant::Guest)
    }

    /// The same request, asked for another purpose.
    #[must_use]
    pub fn within(&self, context: &'static str) -> Self {
        Self {
            context,
            ..self.clone()
        }
    }
}
