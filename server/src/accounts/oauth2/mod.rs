//! Sign-in with other services: OAuth2, and OpenID Connect.
//!
//! The handler is `api/oauth2.rs`. [`settings`] reads a service of a definition, [`verifier`] binds a sign-in to this server,
//! [`exchange`] gets the service's token and [`profile`] its user; [`id_token`] and [`discovery`] are what OpenID Connect
//! adds. [`link`] decides whose account it is. Which services there are is in [`crate::system::providers`].
//!
//! What is remembered here saves requests only: every process could do without.

pub(crate) mod apple;
pub(crate) mod avatar;
mod call;
pub(crate) mod discovery;
pub(crate) mod exchange;
mod id_token;
pub(crate) mod link;
pub(crate) mod profile;
pub(crate) mod settings;
pub(crate) mod store;
pub(crate) mod verifier;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plinth_sdk::types::OAuth2User;
use serde_json::Value as Json;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use discovery::Discovery;

/// How many sign-ins may wait for other services at the same time.
const MAX_WAITING: usize = 64;
/// How many of them may be from one network of a client.
const MAX_OF_CLIENT: usize = 4;
/// How many of them may wait for one service.
const MAX_OF_SERVICE: usize = 16;
/// How many clients are remembered that authenticate in the body.
const MAX_REMEMBERED: usize = 1000;

/// State of a process about the services.
#[derive(Default)]
pub struct OAuth2 {
    /// The configurations that services publish.
    pub(crate) discovery: Discovery,
    /// The clients that authenticate in the body: their token URLs and ids.
    in_body: Mutex<HashSet<(String, String)>>,
    /// The requests that wait for each service.
    waiting: Mutex<Vec<Waiter>>,
}

/// The requests that wait for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    /// The client's network, if it is its own.
    pub(crate) client: Option<IpAddr>,
    /// The URL of the service.
    pub(crate) service: String,
}

/// A place among those who wait, until it is dropped.
pub(crate) struct Turn<'a> {
    of: &'a OAuth2,
    waiter: Waiter,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut waiting = self.of.waiting();
        if let Some(position) = waiting.iter().position(|other| *other == self.waiter) {
            waiting.swap_remove(position);
        }
    }
}

impl OAuth2 {
    /// Takes one of the places for sign-ins that wait for other services. Neither one client nor one service that says
    /// nothing can take all of them.
    pub(crate) fn turn(&self, waiter: Waiter) -> Result<Turn<'_>> {
        let mut waiting = self.waiting();
        let count = |is_same: &dyn Fn(&Waiter) -> bool| {
            waiting.iter().filter(|other| is_same(other)).count()
        };
        let of_client = count(&|other| other.client.is_some() && other.client == waiter.client);
        let of_service = count(&|other| other.service == waiter.service);
        if waiting.len() >= MAX_WAITING
            || of_client >= MAX_OF_CLIENT
            || of_service >= MAX_OF_SERVICE
        {
            return Err(Error::Crowded);
        }
        waiting.push(waiter.clone());
        drop(waiting);
        Ok(Turn { of: self, waiter })
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sends_in_body(&self, client: &(String, String)) -> bool {
        let known = self.in_body.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(client)
    }

    fn remember_in_body(&self, client: (String, String)) {
        let mut known = self.in_body.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(client);
    }
}

/// The tokens of a service.
#[derive(Clone, Default)]
pub(crate) struct Token {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) expires: Option<Timestamp>,
    /// The ID token of OpenID Connect, not verified yet; empty if there is none.
    id: String,
    /// The whole answer.
    answer: Json,
}

/// A user of a service.
#[derive(Clone, Default)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) avatar_url: String,
    /// The address; empty if the service says that it is not verified.
    pub(crate) email: String,
    /// Whether the service says that the address is verified.
    pub(crate) is_email_verified: bool,
    /// The user as the service describes it.
    pub(crate) raw: Json,
    pub(crate) token: Token,
}

impl User {
    /// Returns the address if the service has verified it, or else an empty text.
    pub(crate) fn verified_email(&self) -> &str {
        if self.is_email_verified {
            &self.email
        } else {
            ""
        }
    }

    /// Returns the user as clients see it.
    pub(crate) fn meta(&self, is_new: bool) -> Result<Json> {
        let expires = self.token.expires.map(|expires| expires.to_string());
        serde_json::to_value(OAuth2User {
            access_token: self.token.access.clone(),
            avatar_url: self.avatar_url.clone(),
            avatar_url_of_old: self.avatar_url.clone(),
            email: self.email.clone(),
            expiry: expires.unwrap_or_default(),
            id: self.id.clone(),
            is_new,
            name: self.name.clone(),
            raw_user: self.raw.clone(),
            refresh_token: self.token.refresh.clone(),
            username: self.username.clone(),
        })
        .map_err(Error::internal)
    }
}
