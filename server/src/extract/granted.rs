//! Who asks, and what the policy says to it.

use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::Either;

use super::{app, request, segment};
use crate::db::Engine;
use crate::error::{Error, Result};
use crate::policy::{self, Action, Grant};
use crate::request::{Caller, Request};

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
    LogsRead "logs:read";
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
    if caller.is_superuser() || schema.policies.sees(&policy::roles::of(caller), A::NAME)? {
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
    let name = segment(http, "collection");
    let collection = schema.find(&name).ok_or(Error::NotFound(A::MISSING))?;
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
