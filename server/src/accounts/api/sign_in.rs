//! The common end of every sign-in: the auth rule, the second factor, the token, and the response.

use std::sync::Arc;

use plinth_sdk::types::AuthResult;
use serde_json::{Map, Value as Json};

use crate::accounts::methods::Method;
use crate::accounts::origins::{self, Place};
use crate::accounts::sign_in::{Decision, Factors, decide};
use crate::accounts::{not_satisfied, sessions, store, totp};
use crate::app::{App, Effort};
use crate::db::{Claimant, Conn};
use crate::error::{Error, Result};
use crate::extract::{Answer, Query};
use crate::passwords::Line;
use crate::policy::store::roles_of;
use crate::policy::{Grant, own_account, system};
use crate::records::answer::complete_one;
use crate::records::api::paths;
use crate::request::{Account, Caller, Request};
use crate::schema::{Collection, Record, Reveal};

/// An account that has shown with one method who it is.
pub(crate) struct Authenticated {
    /// The request, with the fields of its body.
    pub(crate) request: Request,
    /// The account.
    pub(crate) record: Record,
    /// The method.
    pub(crate) method: Method,
    /// The email address at which the method has reached the account.
    pub(crate) address: Option<String>,
    /// Further data for the response, such as the user of an OAuth2 provider.
    pub(crate) meta: Option<Json>,
}

/// Signs an account in: asks the collection's auth rule, then whether a second factor is needed, and responds with a
/// token.
pub(crate) async fn finish(app: &App, proven: Authenticated, query: &Query) -> Result<Answer> {
    let Authenticated {
        request,
        record,
        method,
        address,
        meta,
    } = proven;
    let grant = system(
        &app.schema.current(),
        &record.collection,
        request.within(method.name()),
        "the rules of the collection decide who may sign in",
    );
    let needs_code = needs_code(app, &record).await?;
    let takes_two = needs_code || asks_for_two(&record.collection);
    let mfa_id = if takes_two {
        given_mfa_id(&request, query)?
    } else {
        None
    };
    // An earlier factor may have shown the address.
    let may_verify = !record.is("verified") && (address.is_some() || mfa_id.is_some());
    let factors = Factors {
        method,
        mfa_id,
        takes_two,
        unknown_password: if may_verify {
            Some(unknown_password(app, &request).await?)
        } else {
            None
        },
        address,
    };
    let record = match ask(app, grant, record, factors).await? {
        Decision::SignedIn(record) => record,
        Decision::SecondFactor(id) => return Ok(Answer::second_factor(&id)),
        Decision::Refused(error) => return Err(error),
    };
    note_place(app, &request, &record).await;
    let token = sessions::open(app, &request, &record, method.name()).await?;
    // The rules about the account itself see an ordinary request.
    let request = Request {
        body: Map::new(),
        ..request
    };
    answer_with(app, request, record, token, meta, query).await
}

/// Asks whether the account is signed in. Where nothing is to be written, a database that takes no writes can answer too.
async fn ask(app: &App, grant: Grant, record: Record, factors: Factors) -> Result<Decision> {
    if factors.address.is_some() || factors.takes_two {
        let meta = app.meta();
        let decide =
            move |conn: &mut Conn, grant: Grant| decide(conn, &grant, &meta, &record, &factors);
        return app.write(grant, Effort::Long, decide).await;
    }
    let may_sign_in = move |conn: &mut Conn| {
        Ok(if store::may_sign_in(conn, &grant, &record)? {
            Decision::SignedIn(record)
        } else {
            Decision::Refused(not_satisfied())
        })
    };
    app.db.read(&Claimant::Server, may_sign_in).await
}

/// Stores where the account signs in from, if its collection asks for it. That it cannot be stored keeps nobody out.
async fn note_place(app: &App, request: &Request, record: &Record) {
    let auth = record.collection.def.auth.as_ref();
    if auth.is_none_or(|auth| !auth.auth_alert.enabled) {
        return;
    }
    let grant = system(
        &app.schema.current(),
        &record.collection,
        Request::internal(request.now),
        "the account has just signed in",
    );
    let (meta, id, place) = (app.meta(), record.id().to_owned(), Place::of(request));
    let note = move |conn: &mut Conn, grant: Grant| origins::note(conn, &grant, &meta, &id, &place);
    if let Err(error) = app.write(grant, Effort::Long, note).await {
        tracing::warn!(
            error = error.cause(),
            "cannot store where an account signs in from"
        );
    }
}

/// Whether the account has an authenticator app.
async fn needs_code(app: &App, account: &Record) -> Result<bool> {
    let (schema, account) = (app.schema.current(), account.clone());
    app.db
        .read_inline(move |conn| totp::is_enabled(conn, &schema, &account))
        .await
}

/// Whether accounts of the collection may need a second factor.
fn asks_for_two(collection: &Collection) -> bool {
    let auth = collection.def.auth.as_ref();
    auth.is_some_and(|auth| auth.mfa.enabled)
}

/// Returns the id that the first factor led to.
pub(super) fn given_mfa_id(request: &Request, query: &Query) -> Result<Option<String>> {
    if let Some(id) = query.get("mfaId").filter(|id| !id.is_empty()) {
        return Ok(Some(id.clone()));
    }
    match request.body.get("mfaId") {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(id)) => Ok(Some(id.clone()).filter(|id| !id.is_empty())),
        Some(_) => Err(Error::invalid("Failed to read MFA Id.")),
    }
}

/// Makes the hash of a password that nobody knows.
async fn unknown_password(app: &App, request: &Request) -> Result<String> {
    let password = app.random.alphanumeric(30);
    app.hasher.hash(Line::of(request.origin()), password).await
}

/// Makes the response to a sign-in: the account with its own visibility, and the token.
pub(crate) async fn answer(
    app: &App,
    request: Request,
    record: Record,
    token: String,
    query: &Query,
) -> Result<Answer> {
    answer_with(app, request, record, token, None, query).await
}

async fn answer_with(
    app: &App,
    request: Request,
    record: Record,
    token: String,
    meta: Option<Json>,
    query: &Query,
) -> Result<Answer> {
    let result = AuthResult {
        meta,
        record: own_view(app, request, record, query).await?,
        token,
    };
    Ok(Answer::picked(&result, query))
}

/// Returns an account as it sees itself.
pub(crate) async fn own_view(
    app: &App,
    request: Request,
    record: Record,
    query: &Query,
) -> Result<Json> {
    let schema = app.schema.current();
    let collection = Arc::clone(&record.collection);
    let (of, id) = (collection.def.id.clone(), record.id().to_owned());
    let roles = app
        .db
        .read_inline(move |conn| roles_of(conn, &of, &id))
        .await?;
    let own = Request {
        caller: Caller::Account(Arc::new(Account {
            record: record.clone(),
            is_superuser: collection.is_superusers(),
            refreshable: true,
            // No token is derived from it.
            expires: request.now.unix(),
            session: None,
            roles,
        })),
        ..request
    };
    let grant = own_account(&schema, &collection, own)?;
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
    Ok(record.to_json())
}
