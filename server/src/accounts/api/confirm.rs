//! Handlers of password resets and verifications, which are confirmed by mail.
//!
//! A request is answered before the account is looked up.

use std::sync::Arc;

use plinth_sdk::types::{
    FieldKind, FieldProblem, FieldProblems, MailRequest, PasswordReset, Verification,
};
use serde_json::json;

use super::{MAX_BODY, MAX_LENGTH, bad_length, invalid, read};
use crate::accounts::attempts::rules::Purpose;
use crate::accounts::attempts::{self, Attempt};
use crate::accounts::{emails, of_accounts};
use crate::app::{App, Effort};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CallerRequest, CollectionName};
use crate::fields::address::is_email;
use crate::passwords::Line;
use crate::policy::{Grant, system};
use crate::problems::{self, INVALID};
use crate::records::store;
use crate::records::write::{self, Input};
use crate::request::Request;
use crate::schema::{Collection, Record};
use crate::tokens::{self, Claims, Kind};

/// Request a mail for choosing a new password.
pub async fn request_password_reset(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let collection = of_accounts(app.schema.current().find(&name))?;
    let auth = collection.def.auth.as_ref();
    if auth.is_none_or(|auth| !auth.password_auth.enabled) {
        return Err(Error::invalid(
            "The collection is not configured to allow password authentication.",
        ));
    }
    let MailRequest { email } = read(body)?;
    let email = read_address("email", email)?;
    count_request(&app, &collection, &email, &request.0).await?;
    emails::ask(&app, &collection, email, Kind::PasswordReset)?;
    Ok(Answer::Nothing)
}

/// Choose a new password.
pub async fn confirm_password_reset(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let collection = of_accounts(app.schema.current().find(&name))?;
    let reset: PasswordReset = read(body)?;
    let mut problems = password_problems(&collection, &reset);
    let bearer = if reset.token.is_empty() {
        Err(problems::REQUIRED.problem())
    } else {
        let kind = Kind::PasswordReset;
        bearer(&app, &collection, &request.0, &reset.token, kind).await?
    };
    let claims = bearer.map_err(|problem| problems.insert("token".to_owned(), problem));
    let (Ok(claims), true) = (claims, problems.is_empty()) else {
        return Err(invalid(problems));
    };
    let hash = app
        .hasher
        .hash(Line::of(request.0.origin()), reset.password.clone())
        .await?;
    let mut input = Input::default();
    input.hashes.insert("password".to_owned(), hash);
    let given = [reset.password, reset.password_confirm];
    for (name, value) in ["password", "passwordConfirm"].into_iter().zip(given) {
        input.body.insert(name.to_owned(), value.into());
    }
    let work = move |conn: &mut Conn, grant: Grant| {
        // Of several concurrent requests with the token, one still finds the key that it was signed with.
        let account = still_bearer(conn, &grant, &reset.token, &claims)?;
        let mut input = input.clone();
        if claims.email.as_deref() == Some(account.text("email")) {
            input.body.insert("verified".to_owned(), json!(true));
        }
        let changed = write::update(conn, grant, account.id(), &input);
        changed.map_err(|error| about(error, "Failed to set new password."))?;
        Ok(account.text("email").to_owned())
    };
    let grant = of_the_server(&app, &collection);
    let email = app.write(grant, Effort::Long, work).await?;
    // Whoever reads the account's mails is its owner, however often the old password was guessed here.
    let attempt = Attempt::new(&app, Purpose::Password, &collection, &email, &request.0);
    attempts::forgive(&app, &attempt).await?;
    Ok(Answer::Nothing)
}

/// Request a mail for verifying the email address.
pub async fn request_verification(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let collection = to_verify(&app, &name)?;
    let MailRequest { email } = read(body)?;
    let email = read_address("email", email)?;
    count_request(&app, &collection, &email, &request.0).await?;
    emails::ask(&app, &collection, email, Kind::Verification)?;
    Ok(Answer::Nothing)
}

/// Verify the email address.
pub async fn confirm_verification(
    app: App,
    name: CollectionName,
    request: CallerRequest,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let collection = to_verify(&app, &name)?;
    let Verification { token } = read(body)?;
    let refuse = |problem| invalid(FieldProblems::from([("token".to_owned(), problem)]));
    if token.is_empty() {
        return Err(refuse(problems::REQUIRED.problem()));
    }
    if !tokens::names_address(&token) {
        return Err(refuse(problems::TOKEN_CLAIMS.problem()));
    }
    let claims = bearer(&app, &collection, &request.0, &token, Kind::Verification)
        .await?
        .map_err(refuse)?;
    let work = move |conn: &mut Conn, grant: Grant| {
        let account = still_bearer(conn, &grant, &token, &claims)?;
        if claims.email.as_deref() != Some(account.text("email")) {
            let problem = problems::TOKEN_ADDRESS.problem();
            return Err(Error::field(INVALID, "token", problem));
        }
        if account.is("verified") {
            return Ok(());
        }
        let mut input = Input::default();
        input.body.insert("verified".to_owned(), json!(true));
        write::update(conn, grant, account.id(), &input)
            .map(drop)
            .map_err(|error| about(error, "An error occurred while saving the verified state."))
    };
    app.write(of_the_server(&app, &collection), Effort::Long, work)
        .await?;
    Ok(Answer::Nothing)
}

/// Returns the collection, if its accounts can be verified.
fn to_verify(app: &App, name: &str) -> Result<Arc<Collection>> {
    let collection = of_accounts(app.schema.current().find(name))?;
    if collection.is_superusers() {
        return Err(Error::invalid("All superusers are verified by default."));
    }
    Ok(collection)
}

/// Validates the address in the field with this name.
pub(super) fn read_address(name: &str, address: String) -> Result<String> {
    let problem = if address.is_empty() {
        problems::REQUIRED.problem()
    } else if address.len() > MAX_LENGTH {
        bad_length(1)
    } else if !is_email(&address) {
        problems::NOT_EMAIL.problem()
    } else {
        return Ok(address);
    };
    Err(invalid(FieldProblems::from([(name.to_owned(), problem)])))
}

/// Validates a new password as far as this is possible before the record is written.
fn password_problems(collection: &Collection, reset: &PasswordReset) -> FieldProblems {
    let mut min = 1;
    for field in &collection.def.fields {
        if let FieldKind::Password(options) = &field.kind
            && field.name == "password"
        {
            min = usize::try_from(options.min).unwrap_or_default().max(1);
        }
    }
    let mut problems = FieldProblems::new();
    let mut refuse = |name: &str, problem| problems.insert(name.to_owned(), problem);
    if reset.password.is_empty() {
        refuse("password", problems::REQUIRED.problem());
    } else if !(min..=MAX_LENGTH).contains(&reset.password.len()) {
        refuse("password", bad_length(min));
    }
    if reset.password_confirm.is_empty() {
        refuse("passwordConfirm", problems::REQUIRED.problem());
    } else if reset.password_confirm != reset.password {
        refuse("passwordConfirm", problems::MISMATCH.problem());
    }
    problems
}

/// Counts a request for a mail: nobody learns whether there was one, so each may be a guess.
pub(super) async fn count_request(
    app: &App,
    collection: &Collection,
    email: &str,
    request: &Request,
) -> Result<()> {
    let attempt = Attempt::new(app, Purpose::Mail, collection, email, request);
    attempts::record_failure(app, &attempt).await
}

/// Returns the claims of a token if it is valid for this purpose, or else the problem. An invalid token counts as a
/// guess; a valid one is taken however many others were sent.
pub(super) async fn bearer(
    app: &App,
    collection: &Arc<Collection>,
    request: &Request,
    token: &str,
    kind: Kind,
) -> Result<Result<Claims, FieldProblem>> {
    let bearer = find_bearer(app, collection, token, kind).await?;
    if bearer.is_err() {
        let attempt = Attempt::new(app, Purpose::Link, collection, "", request);
        attempts::record_failure(app, &attempt).await?;
    }
    Ok(bearer)
}

async fn find_bearer(
    app: &App,
    collection: &Arc<Collection>,
    token: &str,
    kind: Kind,
) -> Result<Result<Claims, FieldProblem>> {
    let Some(claims) = tokens::peek(token).filter(|claims| claims.kind == kind) else {
        return Ok(Err(problems::TOKEN.problem()));
    };
    let schema = app.schema.current();
    let own = schema.find(&claims.collection_id).filter(|c| c.is_auth());
    let Some(own) = own.cloned() else {
        return Ok(Err(problems::TOKEN.problem()));
    };
    let (grant, id) = (of_the_server(app, &own), claims.id.clone());
    let find = move |conn: &mut Conn| store::find(conn, &grant, &id, None);
    let account = app.db.read_inline(find).await?;
    let now = app.clock.now();
    let is_good = account.is_some_and(|account| is_good(token, &account, kind, now));
    Ok(if !is_good {
        Err(problems::TOKEN.problem())
    } else if own.def.id != collection.def.id {
        Err(problems::TOKEN_COLLECTION.problem())
    } else {
        Ok(claims)
    })
}

/// Returns the account of a token, locked, if the token is still valid.
pub(super) fn still_bearer(
    conn: &mut Conn,
    grant: &Grant,
    token: &str,
    claims: &Claims,
) -> Result<Record> {
    let now = conn.clock.now();
    store::find(conn, grant, &claims.id, Some(store::Lock::Update))?
        .filter(|account| is_good(token, account, claims.kind, now))
        .ok_or_else(|| Error::field(INVALID, "token", problems::TOKEN.problem()))
}

fn is_good(token: &str, account: &Record, kind: Kind, now: Timestamp) -> bool {
    let key = tokens::signing_key(account, kind);
    tokens::verify(token, &key, now).is_some()
}

pub(super) fn of_the_server(app: &App, collection: &Arc<Collection>) -> Grant {
    system(
        &app.schema.current(),
        collection,
        Request::internal(app.clock.now()),
        "the token shows whose account it is",
    )
}

/// Words a refusal for this route.
fn about(error: Error, message: &'static str) -> Error {
    if let Error::Invalid { data, .. } = error {
        return Error::refused(message, data);
    }
    error
}
