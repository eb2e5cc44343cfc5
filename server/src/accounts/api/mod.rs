//! Handlers of accounts.

pub mod confirm;
pub mod delays;
pub mod email_change;
pub mod impersonate;
pub mod issuer;
pub mod oauth2;
pub mod otp;
pub mod sessions;
pub(crate) mod sign_in;
pub mod totp;

use std::sync::Arc;

use plinth_sdk::types::{FieldProblem, FieldProblems, OAuth2Offer, PasswordAuth, SignIn};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::attempts::rules::Purpose;
use super::attempts::{self, Attempt};
use super::methods::{self, Method, Methods};
use super::{FAILED, is_suspended, not_satisfied, of_accounts, of_another_collection, store};
use crate::app::App;
use crate::db::{Claimant, Conn};
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CallerRequest, CollectionName, Query, Superuser};
use crate::openapi::{Selection, tags};
use crate::passwords::{Line, Verdict};
use crate::policy::system;
use crate::problems::{self, INVALID, UNLOADABLE};
use crate::request::{Account, Caller, Request};
use crate::schema::Collection;
use sign_in::{Authenticated, answer, finish};

pub(super) const MAX_LENGTH: usize = 255;
/// The maximum size of a body, which has a few short texts.
pub(super) const MAX_BODY: usize = 64 << 10;

/// Sign in with a password.
pub async fn auth_with_password(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    query: Query,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let schema = app.schema.current();
    let collection = of_accounts(schema.find(&name))?;
    let password = password_auth(&collection)?;
    let (sign_in, fields_sent) = read_sign_in(body)?;
    let fields = identity_fields(password, &sign_in)?;
    let grant = system(
        &schema,
        &collection,
        Request::internal(request.0.now),
        "an account is looked for before anybody is signed in",
    );
    // The hash is queued by address and not by account, since an attacker could create an account for each guess.
    let line = Line {
        is_superuser: collection.is_superusers(),
        claimant: request.0.origin(),
        identity: sign_in.identity.to_lowercase(),
    };
    let (purpose, identity) = (Purpose::Password, sign_in.identity);
    let attempt = Attempt::new(&app, purpose, &collection, &identity, &request.0);
    let find = move |conn: &mut Conn| {
        for field in &fields {
            if let Some(record) = store::find_by(conn, &grant, field, &identity)? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    };
    // A lookup by unique indexes, so that a sign-in does not wait for other queries.
    let found = app.db.read_inline(find).await?;
    let attempt = attempt.with_token(&request.1, found.as_ref());
    attempts::check(&app, &attempt).await?;
    let hash = found.as_ref().map_or("", |record| record.text("password"));
    let hash = hash.to_owned();
    learn_hashes(&app, &collection).await?;
    let id = &collection.def.id;
    let verdict = app
        .hasher
        .verify(line.clone(), id, sign_in.password.clone(), hash.clone())
        .await?;
    let (Some(record), true) = (found, verdict != Verdict::Wrong) else {
        attempts::record_failure(&app, &attempt).await?;
        return Err(Error::invalid(FAILED));
    };
    attempts::record_success(&app, &attempt).await?;
    if verdict == Verdict::Outdated {
        let better = app.hasher.hash(line, sign_in.password).await?;
        let (collection, id) = (Arc::clone(&collection), record.id().to_owned());
        let replace =
            move |conn: &mut Conn| store::replace_hash(conn, &collection, &id, &hash, &better);
        app.db.write(replace).await?;
    }
    // The rules of the collection are evaluated after the password, so that the duration of a refusal does not
    // disclose whether the account exists.
    let proven = Authenticated {
        request: Request {
            body: fields_sent,
            ..request.0
        },
        record,
        method: Method::Password,
        address: None,
        meta: None,
    };
    finish(&app, proven, &query).await
}

/// Finds out once which kinds of hashes a collection has: see [`Hasher::verify`](crate::passwords::Hasher::verify).
async fn learn_hashes(app: &App, collection: &Arc<Collection>) -> Result<()> {
    if !app.hasher.knows(&collection.def.id) {
        let of = Arc::clone(collection);
        let cost = app
            .db
            .read(&Claimant::Server, move |conn| store::bcrypt_cost(conn, &of))
            .await?;
        app.hasher.learn(&collection.def.id, cost);
    }
    Ok(())
}

/// Exchange a token for a new one.
pub async fn auth_refresh(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    query: Query,
) -> Result<Answer> {
    let account = own_account(&app, &name, &request.0);
    if let Err(Error::Unauthenticated) = account
        && is_suspended(&app, &request.1).await?
    {
        return Err(not_satisfied());
    }
    let account = account?;
    let record = account.record.clone();
    let (schema, collection) = (app.schema.current(), Arc::clone(&record.collection));
    let grant = system(
        &schema,
        &collection,
        request.0.clone(),
        "the account itself asks",
    );
    let same = record.clone();
    let may = app
        .db
        .read(&Claimant::Server, move |conn| {
            store::may_sign_in(conn, &grant, &same)
        })
        .await?;
    if !may {
        return Err(not_satisfied());
    }
    let token = if account.refreshable {
        super::sessions::refresh(&app, &request.0, &account).await?
    } else {
        request.1.clone()
    };
    answer(&app, request.0, record, token, &query).await
}

/// Returns the caller's account, which must be one of the collection with this name.
fn own_account(app: &App, name: &str, request: &Request) -> Result<Arc<Account>> {
    let schema = app.schema.current();
    let missing = Error::NotFound("Missing or invalid collection context.");
    let collection = schema.find(name).ok_or(missing)?;
    let Caller::Account(account) = &request.caller else {
        return Err(Error::Unauthenticated);
    };
    if account.record.collection.def.id != collection.def.id {
        return Err(of_another_collection(account));
    }
    Ok(Arc::clone(account))
}

/// List the supported OAuth2 providers.
#[utoipa::path(
    get, path = "/api/collections/meta/oauth2-providers", operation_id = "collections_oauth2_providers",
    tag = tags::COLLECTIONS, params(Selection), responses((status = 200, body = Vec<OAuth2Offer>))
)]
pub async fn providers(_: Superuser, query: Query) -> Result<Answer> {
    Ok(Answer::picked(&methods::all(), &query))
}

/// List the sign-in methods.
pub async fn auth_methods(app: App, name: CollectionName, query: Query) -> Result<Answer> {
    let collection = oauth2::current(&app, &name).await?;
    let starts = oauth2::starts(&app, &collection).await?;
    let methods = collection.def.auth.as_deref();
    let methods = methods.map(|auth| Methods::of(auth, starts));
    Ok(Answer::picked(&methods, &query))
}

fn read_sign_in(body: Body<MAX_BODY>) -> Result<(SignIn, Map<String, Json>)> {
    let (sign_in, fields): (SignIn, _) = body.typed_with_fields(UNLOADABLE)?;
    let mut problems = FieldProblems::new();
    for (name, value) in [
        ("identity", &sign_in.identity),
        ("password", &sign_in.password),
    ] {
        if value.is_empty() {
            problems.insert(name.to_owned(), problems::REQUIRED.problem());
        } else if value.chars().count() > MAX_LENGTH {
            problems.insert(name.to_owned(), bad_length(1));
        }
    }
    if problems.is_empty() {
        Ok((sign_in, fields))
    } else {
        Err(invalid(problems))
    }
}

/// Deserializes a body.
pub(super) fn read<T: DeserializeOwned>(body: Body<MAX_BODY>) -> Result<T> {
    body.typed(UNLOADABLE)
}

pub(super) fn bad_length(min: usize) -> FieldProblem {
    problems::out_of_range(min, MAX_LENGTH)
}

/// Returns the options for sign-ins with a password, if they are enabled.
fn password_auth(collection: &Collection) -> Result<&PasswordAuth> {
    let password = collection.def.auth.as_ref().map(|auth| &auth.password_auth);
    password.filter(|password| password.enabled).ok_or_else(|| {
        Error::forbidden("The collection is not configured to allow password authentication.")
    })
}

/// Returns the fields to look for the identity in, the most likely first.
fn identity_fields(password: &PasswordAuth, sign_in: &SignIn) -> Result<Vec<String>> {
    let mut fields = password.identity_fields.clone();
    if !sign_in.identity_field.is_empty() {
        fields.retain(|field| *field == sign_in.identity_field);
        if fields.is_empty() {
            let problem = problems::NOT_ALLOWED.problem();
            return Err(invalid(FieldProblems::from([(
                "identityField".to_owned(),
                problem,
            )])));
        }
    }
    if sign_in.identity.contains('@') {
        fields.sort_by_key(|field| field != "email");
    }
    Ok(fields)
}

pub(super) fn invalid(data: FieldProblems) -> Error {
    Error::refused(INVALID, data)
}
