//! The parameters of handlers ([`Granted`], [`Superuser`], [`Operator`], [`Query`], [`Body`]) and their result
//! ([`Answer`]).
//!
//! The extractors of actix are not used: their errors do not have the format of the protocol.

mod answer;
pub(crate) mod body;
mod connection;
pub(crate) mod form;
mod granted;
mod incoming;
mod multipart;

use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use percent_encoding::percent_decode_str;
use serde_json::Map;

use crate::accounts;
use crate::app::App;
use crate::error::{Error, Result};
use crate::health::Lifecycle;
use crate::request::{Caller, Request};

pub use answer::Answer;
pub use body::{Body, Parts, RecordBody};
pub use connection::Connection;
pub use granted::*;

impl FromRequest for App {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(app(request))
    }
}

fn app(request: &HttpRequest) -> Result<App> {
    let lifecycle = request.app_data::<Lifecycle>();
    let lifecycle = lifecycle.ok_or_else(|| Error::internal(anyhow::anyhow!("no lifecycle")))?;
    lifecycle.app().cloned()
}

/// Returns the caller that the middleware has authenticated. Fails if the middleware did not run.
pub fn caller(request: &HttpRequest) -> Result<Caller> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| Error::internal(anyhow::anyhow!("nobody was authenticated")))
}

/// Returns the address of the client, for limits per address.
pub fn address(http: &HttpRequest) -> IpAddr {
    let address = Connection::of(http).address();
    address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}

/// Tells whether a [`Request`] gets a copy of the headers, which only rules need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    /// The headers are copied.
    Included,
    /// They are left out.
    Omitted,
}

impl Headers {
    /// Returns `Included` if `is_needed`.
    pub fn included_if(is_needed: bool) -> Self {
        if is_needed {
            Self::Included
        } else {
            Self::Omitted
        }
    }
}

/// Describes an HTTP request for rules and the policy, without its body.
pub fn request(http: &HttpRequest, headers: Headers) -> Result<Request> {
    let headers = if headers == Headers::Included {
        let name = |name: &str| name.to_ascii_lowercase().replace('-', "_");
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        http.headers()
            .iter()
            .map(|(key, value)| (name(key.as_str()), text(value.as_bytes())))
            .collect()
    } else {
        BTreeMap::new()
    };
    Ok(Request {
        caller: caller(http)?,
        address: Some(address(http)),
        method: http.method().as_str().to_owned(),
        context: "default",
        headers,
        query: parameters(http.query_string()),
        body: Map::new(),
        now: Lifecycle::of(http)?.app()?.clock.now(),
    })
}

/// Parses a query string. Of parameters with the same name, the first one counts.
pub fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    if !query.is_empty() {
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            parameters
                .entry(name.into_owned())
                .or_insert_with(|| value.into_owned());
        }
    }
    parameters
}

/// The parameters of the query string.
#[derive(Clone, Debug, Default)]
pub struct Query(BTreeMap<String, String>);

impl FromRequest for Query {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(parameters(request.query_string()))))
    }
}

impl Deref for Query {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Returns a decoded segment of the path. The router decodes all escapes except `%25`, `%2B` and `%2F`, so only those are
/// left to decode.
pub fn segment(request: &HttpRequest, name: &str) -> String {
    decoded(request.match_info().get(name).unwrap_or_default())
}

/// Decodes a segment of a path.
pub fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// The id or name of a collection, from the path.
#[derive(Clone, Debug)]
pub struct CollectionName(String);

impl FromRequest for CollectionName {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(segment(request, "collection"))))
    }
}

impl Deref for CollectionName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The id of a record, from the path.
#[derive(Clone, Debug)]
pub struct RecordId(pub String);

impl FromRequest for RecordId {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(segment(request, "id"))))
    }
}

/// The request, and the token that came with it.
#[derive(Clone, Debug)]
pub struct CallerRequest(pub Request, pub String);

impl FromRequest for CallerRequest {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request(http, Headers::Included).map(|request| {
            let header = Connection::of(http).header("authorization");
            let header = String::from_utf8_lossy(header.unwrap_or_default());
            let token = accounts::token_in(&header).to_owned();
            Self(request, token)
        }))
    }
}
