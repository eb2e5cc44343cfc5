//! Handlers of accounts.

pub mod confirm;
pub mod impersonate;

use std::sync::Arc;

use plinth_sdk::types::{AuthResult, FieldProblem, FieldProblems, PasswordAuth, SignIn};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::methods::{self, Methods, Offer};
use super::{is_suspended, of_accounts, store};
use crate::app::App;
use crate::db::{Claimant, Conn};
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CallerRequest, CollectionName, Query, Superuser};
use crate::openapi::{Selection, tags};
use crate::passwords::{Line, Verdict};
use crate::policy::store::roles_of;
use crate::policy::{own_account, system};
use crate::problems::{self, INVALID, UNLOADABLE};
use crate::records::answer::complete_one;
use crate::records::api::paths;
use crate::request::{Caller, Request};
use crate::schema::{Collection, Record, Reveal};
use crate::tokens;

const FAILED: &str = "Failed to authenticate.";
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
        Request {
            body: fields_sent,
            ..request.0.within("password")
        },
        "an account is looked for before anybody is signed in",
    );
    // The hash is queued by address and not by account, since an attacker could create an account for each guess.
    let line = Line {
        is_superuser: collection.is_superusers(),
        claimant: request.0.origin(),
        identity: sign_in.identity.to_lowercase(),
    };
    let (finder, identity) = (grant.clone(), sign_in.identity);
    let find = move |conn: &mut Conn| {
        for field in &fields {
            if let Some(record) = store::find_by(conn, &finder, field, &identity)? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    };
    // A lookup by unique indexes, so that a sign-in does not wait for other queries.
    let found = app.db.read_inline(find).await?;
    let hash = found.as_ref().map_or("", |record| record.text("password"));
    let hash = hash.to_owned();
    learn_hashes(&app, &collection).await?;
    let id = &collection.def.id;
    let verdict = app
        .hasher
        .verify(line.clone(), id, sign_in.password.clone(), hash.clone())
        .await?;
    let (Some(record), true) = (found, verdict != Verdict::Wrong) else {
        return Err(Error::invalid(FAILED));
    };
    // The rules of the collection are evaluated after the password, so that the duration of a refusal does not
    // disclose whether the account exists.
    let asked = record.clone();
    let ask = move |conn: &mut Conn| {
        let may_sign_in = store::may_sign_in(conn, &grant, &asked)?;
        let is_enough = !store::needs_second_factor(conn, &grant, &asked)?;
        Ok((may_sign_in, is_enough))
    };
    let (may_sign_in, is_enough) = app.db.read(&Claimant::Server, ask).await?;
    if !may_sign_in {
        return Err(not_satisfied());
    }
    if !is_enough {
        return Err(Error::forbidden(
            "The collection asks for a second factor, which this version of Plinth can't take.",
        ));
    }
    if verdict == Verdict::Outdated {
        let better = app.hasher.hash(line, sign_in.password).await?;
        let (collection, id) = (Arc::clone(&collection), record.id().to_owned());
        let replace =
            move |conn: &mut Conn| store::replace_hash(conn, &collection, &id, &hash, &better);
        app.db.write(replace).await?;
    }
    let token = tokens::auth(&record, request.0.now)?;
    answer(&app, &collection, request.0, record, token, &query).await
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
    let schema = app.schema.current();
    let missing = Error::NotFound("Missing or invalid collection context.");
    let collection = Arc::clone(schema.find(&name).ok_or(missing)?);
    let Caller::Account(account) = request.0.caller.clone() else {
        let is_suspended = is_suspended(&app, &request.1).await?;
        return Err(if is_suspended {
            not_satisfied()
        } else {
            Error::Unauthenticated
        });
    };
    if account.record.collection.def.id != collection.def.id {
        return Err(Error::forbidden(format!(
            "The request requires auth record from {} collection.",
            account.record.collection.def.name
        )));
    }
    let record = account.record.clone();
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
        tokens::auth(&record, request.0.now)?
    } else {
        request.1.clone()
    };
    answer(&app, &collection, request.0, record, token, &query).await
}

fn not_satisfied() -> Error {
    Error::forbidden("The request doesn't satisfy the collection requirements to authenticate.")
}

/// List the supported OAuth2 providers.
#[utoipa::path(
    get, path = "/api/collections/meta/oauth2-providers", operation_id = "collections_oauth2_providers",
    tag = tags::COLLECTIONS, params(Selection), responses((status = 200, body = Vec<Offer>))
)]
pub async fn providers(_: Superuser, query: Query) -> Result<Answer> {
    Ok(Answer::picked(&methods::all(), &query))
}

/// List the sign-in methods.
pub async fn auth_methods(app: App, name: CollectionName, query: Query) -> Result<Answer> {
    let schema = app.schema.current();
    let collection = of_accounts(schema.find(&name))?;
    let methods = collection.def.auth.as_deref();
    let methods = methods.map(|auth| Methods::of(auth, &app.random));
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

/// Makes the response to a sign-in: the account with its own visibility, and the token.
pub(crate) async fn answer(
    app: &App,
    collection: &Arc<Collection>,
    request: Request,
    record: Record,
    token: String,
    query: &Query,
) -> Result<Answer> {
    let schema = app.schema.current();
    let (of, id) = (collection.def.id.clone(), record.id().to_owned());
    let roles = app
        .db
        .read_inline(move |conn| roles_of(conn, &of, &id))
        .await?;
    let own = Request {
        caller: Caller::Account(Arc::new(crate::request::Account {
            record: record.clone(),
            is_superuser: collection.is_superusers(),
            refreshable: true,
            // No token is derived from it.
            expires: request.now.unix(),
            roles,
        })),
        ..request
    };
    let grant = own_account(&schema, collection, own)?;
    let paths = paths(query);
    let claimant = if paths.is_empty() {
        Claimant::Server
    } else {
        grant.request.claimant()
    };
    let answers = app.answers.clone();
    let complete = move |conn: &mut Conn| complete_one(conn, &grant, record, &paths, &answers);
    let mut record = app.db.read(&claimant, complete).await?;
    record.reveal = Reveal {
        email: true,
        ..record.reveal
    };
    let result = AuthResult {
        record: record.to_json(),
        token,
    };
    Ok(Answer::picked(&result, query))
}
