//! Routes of accounts.

use std::sync::Arc;

use plinth_sdk::types::{AuthResult, FieldProblem, FieldProblems, PasswordAuth, SignIn};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use super::methods::{self, Methods};
use super::password::Verdict;
use super::{is_suspended, of_accounts, store, token};
use crate::app::App;
use crate::collections::Collection;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CallerRequest, CollectionName, Query, Superuser};
use crate::policy::system;
use crate::policy::{own_account, store::roles_of};
use crate::records::api::{complete_one, paths};
use crate::records::{Record, Reveal};
use crate::request::{Caller, Request};

const UNLOADABLE: &str = "An error occurred while loading the submitted data.";
pub(super) const INVALID: &str = "An error occurred while validating the submitted data.";
const FAILED: &str = "Failed to authenticate.";
pub(super) const MAX_LENGTH: usize = 255;
/// The most bytes of a body: it has a few short texts.
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
    let identity = sign_in.identity;
    let find = move |conn: &mut Conn| {
        for field in &fields {
            if let Some(record) = store::find_by(conn, &grant, field, &identity)? {
                let may_sign_in = store::may_sign_in(conn, &grant, &record)?;
                let is_enough = !store::needs_second_factor(conn, &grant, &record)?;
                return Ok(Some((record, may_sign_in, is_enough)));
            }
        }
        Ok(None)
    };
    let found = app.db.read(find).await?;
    let hash = found
        .as_ref()
        .map_or("", |(record, _, _)| record.text("password"))
        .to_owned();
    let verdict = app
        .hasher
        .verify(sign_in.password.clone(), hash.clone())
        .await?;
    let (Some((record, may_sign_in, is_enough)), true) = (found, verdict != Verdict::Wrong) else {
        return Err(Error::invalid(FAILED));
    };
    if !may_sign_in {
        return Err(not_satisfied());
    }
    if !is_enough {
        return Err(Error::forbidden(
            "The collection asks for a second factor, which this version of Plinth can't take.",
        ));
    }
    if verdict == Verdict::Outdated {
        let better = app.hasher.hash(sign_in.password).await?;
        let (collection, id) = (Arc::clone(&collection), record.id().to_owned());
        let replace =
            move |conn: &mut Conn| store::replace_hash(conn, &collection, &id, &hash, &better);
        app.db.write(replace).await?;
    }
    let token = token::auth(&record, request.0.now)?;
    answer(&app, &collection, request.0, record, token, &query).await
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
        .read(move |conn| store::may_sign_in(conn, &grant, &same))
        .await?;
    if !may {
        return Err(not_satisfied());
    }
    let token = if account.refreshable {
        token::auth(&record, request.0.now)?
    } else {
        request.1.clone()
    };
    answer(&app, &collection, request.0, record, token, &query).await
}

fn not_satisfied() -> Error {
    Error::forbidden("The request doesn't satisfy the collection requirements to authenticate.")
}

/// The services whose accounts can be let in.
pub async fn providers(_: Superuser, query: Query) -> Result<Answer> {
    Ok(Answer::picked(&methods::all(), &query))
}

/// How accounts can sign in.
pub async fn auth_methods(app: App, name: CollectionName, query: Query) -> Result<Answer> {
    let schema = app.schema.current();
    let collection = of_accounts(schema.find(&name))?;
    let methods = collection.def.auth.as_deref().map(Methods::of);
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
            problems.insert(name.to_owned(), blank());
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

/// The body as one of the wire's types.
pub(super) fn read<T: DeserializeOwned>(body: Body<MAX_BODY>) -> Result<T> {
    body.typed(UNLOADABLE)
}

pub(super) fn blank() -> FieldProblem {
    FieldProblem::new("validation_required", "Cannot be blank.")
}

pub(super) fn bad_length(min: usize) -> FieldProblem {
    let params = json!({"min": min, "max": MAX_LENGTH});
    FieldProblem::Broken {
        code: "validation_length_out_of_range".to_owned(),
        message: format!("The length must be between {min} and {MAX_LENGTH}."),
        params: params.as_object().cloned(),
    }
}

/// How the collection's accounts sign in with a password, if they may.
fn password_auth(collection: &Collection) -> Result<&PasswordAuth> {
    let password = collection.def.auth.as_ref().map(|auth| &auth.password_auth);
    password.filter(|password| password.enabled).ok_or_else(|| {
        Error::forbidden("The collection is not configured to allow password authentication.")
    })
}

/// The fields to look for the identity in, the likeliest first.
fn identity_fields(password: &PasswordAuth, sign_in: &SignIn) -> Result<Vec<String>> {
    let mut fields = password.identity_fields.clone();
    if !sign_in.identity_field.is_empty() {
        fields.retain(|field| *field == sign_in.identity_field);
        if fields.is_empty() {
            let problem = FieldProblem::new("validation_in_invalid", "Must be a valid value.");
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

/// The account as itself sees it, with its token.
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
        .read_few(move |conn| roles_of(conn, &of, &id))
        .await?;
    let own = Request {
        caller: Caller::Account(Arc::new(crate::request::Account {
            record: record.clone(),
            is_superuser: collection.is_superusers(),
            refreshable: true,
            // Nothing is derived from it.
            expires: request.now.unix(),
            roles,
        })),
        ..request
    };
    let grant = own_account(&schema, collection, own)?;
    let paths = paths(query);
    let answers = app.answers.clone();
    let complete = move |conn: &mut Conn| complete_one(conn, &grant, record, &paths, &answers);
    let mut record = app.db.read(complete).await?;
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
