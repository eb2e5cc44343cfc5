//! What handlers take ([`Granted`], [`Superuser`], [`Operator`], [`Query`], [`Body`]) and give ([`Answer`]).
//!
//! actix's own extractors answer outside the protocol's error envelope; these do not.

use std::collections::BTreeMap;
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder};
use futures_util::StreamExt;
use futures_util::future::Either;
use plinth_sdk::types::Page;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::clock::Moment;
use crate::db::Engine;
use crate::error::{Error, GENERIC, Result};
use crate::health::Lifecycle;
use crate::json;
use crate::policy::{self, Action, Grant};
use crate::records::pick::Fields;
use crate::request::{Caller, Request};

/// How long a body may take.
const MAX_BODY_TIME: Duration = Duration::from_secs(300);

/// The most bytes of a body.
const MAX_BODY: usize = 32 << 20;

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

/// Who asks. Without the middleware that finds out, nothing is answered.
pub fn caller(request: &HttpRequest) -> Result<Caller> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| Error::internal(anyhow::anyhow!("nobody was authenticated")))
}

/// What is known of the request without its body.
pub fn request(http: &HttpRequest, with_headers: bool) -> Result<Request> {
    let headers = if with_headers {
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
        method: http.method().as_str().to_owned(),
        context: "default",
        headers,
        query: parameters(http.query_string()),
        body: Map::new(),
        now: Moment::now(),
    })
}

/// The first value of each parameter.
fn parameters(query: &str) -> BTreeMap<String, String> {
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

/// The parameters of the query.
#[derive(Clone, Debug)]
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

/// A part of the path.
fn segment(request: &HttpRequest, name: &str) -> String {
    request
        .match_info()
        .get(name)
        .unwrap_or_default()
        .to_owned()
}

/// The collection in the path, by id or name.
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

/// The record in the path.
#[derive(Clone, Debug)]
pub struct RecordId(pub String);

impl FromRequest for RecordId {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(segment(request, "id"))))
    }
}

/// What is known of the request, and the token that came with it.
#[derive(Clone, Debug)]
pub struct CallerRequest(pub Request, pub String);

impl FromRequest for CallerRequest {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request(http, true).map(|request| {
            let token = request
                .headers
                .get("authorization")
                .map_or("", String::as_str);
            let token = token.rsplit(' ').next().unwrap_or_default().to_owned();
            Self(request, token)
        }))
    }
}

/// The proof that a superuser asks.
#[derive(Debug)]
pub struct Superuser {
    /// What is known of the request.
    pub request: Request,
}

impl FromRequest for Superuser {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(signed_in(http).and_then(|request| {
            if request.caller.is_superuser() {
                Ok(Self { request })
            } else {
                Err(not_allowed())
            }
        }))
    }
}

fn signed_in(http: &HttpRequest) -> Result<Request> {
    let request = request(http, false)?;
    match &request.caller {
        Caller::Guest => Err(Error::Unauthenticated),
        Caller::Account(_) => Ok(request),
    }
}

/// The answer to who is signed in and may not do it.
pub fn not_allowed() -> Error {
    Error::forbidden("The authorized record is not allowed to perform this action.")
}

/// An area of the console, as a type.
pub trait Area {
    /// Its name.
    const NAME: &'static str;
}

macro_rules! areas {
    ($($type:ident $name:literal;)*) => {$(
        #[doc = concat!("The area `", $name, "`.")]
        #[derive(Debug)]
        pub struct $type;

        impl Area for $type {
            const NAME: &'static str = $name;
        }
    )*};
}

areas! {
    CollectionsRead "collections:read";
    CollectionsWrite "collections:write";
    JobsRead "jobs:read";
    JobsWrite "jobs:write";
    MetricsRead "metrics:read";
}

/// The proof that a superuser asks, or an operator whose roles have the area.
#[derive(Debug)]
pub struct Operator<A> {
    /// What is known of the request.
    pub request: Request,
    area: PhantomData<A>,
}

impl<A: Area + 'static> FromRequest for Operator<A> {
    type Error = Error;
    type Future = Decided<Self>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        decide(http, operator)
    }
}

fn operator<A: Area>(http: &HttpRequest) -> Result<Operator<A>> {
    let request = signed_in(http)?;
    let schema = app(http)?.schema.current();
    let caller = &request.caller;
    if caller.is_superuser() || schema.policies.sees(&caller.roles(), A::NAME)? {
        Ok(Operator {
            request,
            area: PhantomData,
        })
    } else {
        Err(not_allowed())
    }
}

/// An action, as a type.
pub trait Does {
    /// The action.
    const ACTION: Action;
    /// The answer when there is no such collection.
    const MISSING: &'static str = "Missing collection context.";
}

macro_rules! actions {
    ($($name:ident $(, $missing:literal)?;)*) => {$(
        #[doc = concat!("See [`Action::", stringify!($name), "`].")]
        #[derive(Debug)]
        pub struct $name;

        impl Does for $name {
            const ACTION: Action = Action::$name;
            $(const MISSING: &'static str = $missing;)?
        }
    )*};
}

actions! {
    List;
    View;
    Create, "Missing or invalid collection context.";
    Update, "Missing or invalid collection context.";
    Delete;
}

/// The policy said yes, before the body is read.
#[derive(Debug)]
pub struct Granted<A> {
    /// What it allows.
    pub grant: Grant,
    action: PhantomData<A>,
}

impl<A: Does + 'static> FromRequest for Granted<A> {
    type Error = Error;
    type Future = Decided<Self>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        decide(http, granted)
    }
}

/// A decision, at once or after another look.
type Decided<T> = Either<Ready<Result<T>>, Pin<Box<dyn Future<Output = Result<T>>>>>;

/// What `ask` says. Before it says no for good, it is asked with the collections and roles as another process may
/// just have changed them; whoever it says yes to is checked again beside the work.
fn decide<T: 'static>(http: &HttpRequest, ask: fn(&HttpRequest) -> Result<T>) -> Decided<T> {
    match (ask(http), app(http)) {
        (Err(_), Ok(app)) if app.db.engine() == Engine::Postgres => {
            let http = http.clone();
            Either::Right(Box::pin(async move {
                app.refresh_schema().await?;
                ask(&http)
            }))
        }
        (decided, _) => Either::Left(ready(decided)),
    }
}

fn granted<A: Does>(http: &HttpRequest) -> Result<Granted<A>> {
    let schema = app(http)?.schema.current();
    let name = http.match_info().get("collection").unwrap_or_default();
    let collection = schema.find(name).ok_or(Error::NotFound(A::MISSING))?;
    let query = http.query_string();
    let ask_headers = schema.ask_headers || query.contains("headers");
    let request = request(http, ask_headers)?;
    let collection = collection.def.id.clone();
    let grant = policy::grant(schema, request, &collection, A::ACTION)?;
    Ok(Granted {
        grant,
        action: PhantomData,
    })
}

/// The body, of at most `MAX` bytes.
#[derive(Debug)]
pub struct Body<const MAX: usize = MAX_BODY> {
    bytes: Vec<u8>,
}

impl<const MAX: usize> FromRequest for Body<MAX> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = request.headers().get(CONTENT_TYPE).cloned();
        let mut payload = payload.take();
        Box::pin(async move {
            let mut bytes = Vec::new();
            let deadline = Instant::now() + MAX_BODY_TIME;
            while let Some(chunk) = timeout_at(deadline, payload.next())
                .await
                .map_err(|_| Error::invalid("The request's body took too long."))?
            {
                let chunk = chunk.map_err(|_| Error::invalid(GENERIC))?;
                if bytes.len() + chunk.len() > MAX {
                    return Err(Error::TooLarge);
                }
                bytes.extend_from_slice(&chunk);
            }
            let is_json = content_type.is_some_and(|content_type| {
                let content_type = content_type.to_str().unwrap_or_default();
                content_type.split(';').next().map(str::trim) == Some("application/json")
            });
            if !bytes.is_empty() && !is_json {
                return Err(Error::invalid("Unsupported Content-Type."));
            }
            Ok(Self { bytes })
        })
    }
}

impl<const MAX: usize> Body<MAX> {
    /// The fields of the body's object; none when there is no body. `message` says that it is no object.
    pub fn object(self, message: &'static str) -> Result<Map<String, Json>> {
        if self.bytes.is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.bytes) {
            Ok(Json::Object(object)) => Ok(object),
            Ok(Json::Null) => Ok(Map::new()),
            Ok(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) | Err(_) => {
                Err(Error::invalid(message))
            }
        }
    }
}

/// What a handler answers.
#[derive(Debug)]
pub enum Answer {
    /// 200 with JSON.
    Json(Vec<u8>),
    /// 204.
    Nothing,
}

impl Answer {
    /// A value.
    pub fn json(value: &impl Serialize) -> Self {
        Self::Json(json::body(value))
    }

    /// A value, of which `?fields=` may pick.
    pub fn picked(value: &impl Serialize, query: &Query) -> Self {
        match query.get("fields") {
            None => Self::json(value),
            Some(fields) => {
                let value = serde_json::to_value(value).unwrap_or_default();
                Self::json(&Fields::parse(fields).pick(&value))
            }
        }
    }

    /// A page; `fields` picks from its items.
    pub fn page<T: Serialize>(page: &Page<T>, fields: Option<&String>) -> Self {
        let Some(fields) = fields else {
            return Self::json(page);
        };
        let fields = Fields::parse(fields);
        let pick = |item| fields.pick(&serde_json::to_value(item).unwrap_or_default());
        Self::json(&Page {
            items: page.items.iter().map(pick).collect::<Vec<_>>(),
            page: page.page,
            per_page: page.per_page,
            total_items: page.total_items,
            total_pages: page.total_pages,
        })
    }
}

impl Responder for Answer {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        match self {
            Self::Json(body) => HttpResponse::Ok()
                .content_type("application/json")
                .body(body),
            Self::Nothing => HttpResponse::NoContent().finish(),
        }
    }
}
