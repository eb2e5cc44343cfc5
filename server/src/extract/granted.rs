//! Extractors that authorize the caller before the body is read.

use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::Either;

use super::{Headers, app, request, segment};
use crate::db::Topology;
use crate::error::{Error, Result};
use crate::policy::{self, Action, Grant};
use crate::request::{Caller, Request};

/// The proof that the caller is a superuser.
#[derive(Debug)]
pub struct Superuser {
    /// The request.
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
    let request = request(http, Headers::Omitted)?;
    match &request.caller {
        Caller::Guest => Err(Error::Unauthenticated),
        Caller::Account(_) => Ok(request),
    }
}

/// The error for an account that may not do this.
pub fn not_allowed() -> Error {
    Error::forbidden("The authorized record is not allowed to perform this action.")
}

/// A type that stands for an area of the console.
pub trait Area {
    /// The name of the area.
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
    LogsRead "logs:read";
    MetricsRead "metrics:read";
}

/// The proof that the caller is a superuser, or has a role with the area.
#[derive(Debug)]
pub struct Operator<A> {
    /// The request.
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
    if caller.is_superuser() || schema.policies.sees(&policy::roles::of(caller), A::NAME)? {
        Ok(Operator {
            request,
            area: PhantomData,
        })
    } else {
        Err(not_allowed())
    }
}

/// A type that stands for an action on records.
pub trait ActionType {
    /// The action.
    const ACTION: Action;
    /// The message if there is no such collection.
    const MISSING: &'static str = "Missing collection context.";
}

macro_rules! actions {
    ($($name:ident $(, $missing:literal)?;)*) => {$(
        #[doc = concat!("See [`Action::", stringify!($name), "`].")]
        #[derive(Debug)]
        pub struct $name;

        impl ActionType for $name {
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

/// The proof that the policy allows the action.
#[derive(Debug)]
pub struct Granted<A> {
    /// The grant.
    pub grant: Grant,
    action: PhantomData<A>,
}

impl<A: ActionType + 'static> FromRequest for Granted<A> {
    type Error = Error;
    type Future = Decided<Self>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        decide(http, granted)
    }
}

/// A decision, made at once or after a refresh of the schema.
type Decided<T> = Either<Ready<Result<T>>, Pin<Box<dyn Future<Output = Result<T>>>>>;

/// Runs `ask`. With several processes, retries a refusal once with a refreshed schema, since another process may have just
/// changed it. A grant needs no retry: [`App::read`](crate::app::App::read) and [`App::write`](crate::app::App::write)
/// revalidate it.
fn decide<T: 'static>(http: &HttpRequest, ask: fn(&HttpRequest) -> Result<T>) -> Decided<T> {
    match (ask(http), app(http)) {
        (Err(_), Ok(app)) if app.db.topology() == Topology::Replicated => {
            let http = http.clone();
            Either::Right(Box::pin(async move {
                app.refresh_schema().await?;
                ask(&http)
            }))
        }
        (decided, _) => Either::Left(ready(decided)),
    }
}

fn granted<A: ActionType>(http: &HttpRequest) -> Result<Granted<A>> {
    let schema = app(http)?.schema.current();
    let name = segment(http, "collection");
    let collection = schema.find(&name).ok_or(Error::NotFound(A::MISSING))?;
    let query = http.query_string();
    let ask_headers = schema.ask_headers || query.contains("headers");
    let request = request(http, Headers::included_if(ask_headers))?;
    let collection = collection.def.id.clone();
    let grant = policy::grant(schema, request, &collection, A::ACTION)?;
    Ok(Granted {
        grant,
        action: PhantomData,
    })
}
