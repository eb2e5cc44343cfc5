//! The common end of every sign-in: the auth rule, the second factor, the token, and the response.

use std::sync::Arc;

use plinth_sdk::types::AuthResult;
use serde_json::{Map, Value as Json};

use crate::accounts::methods::Method;
use crate::accounts::store;
use crate::app::App;
use crate::db::{Claimant, Conn};
use crate::error::{Error, Result};
use crate::extract::{Answer, Query};
use crate::policy::store::roles_of;
use crate::policy::{own_account, system};
use crate::records::answer::complete_one;
use crate::records::api::paths;
use crate::request::{Account, Caller, Request};
use crate::schema::{Record, Reveal};
use crate::tokens;

/// An account that has shown with one method who it is.
pub(crate) struct Authenticated {
    /// The request, with the fields of its body.
    pub(crate) request: Request,
    /// The account.
    pub(crate) record: Record,
    /// The method.
    pub(crate) method: Method,
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
        meta,
    } = proven;
    let grant = system(
        &app.schema.current(),
        &record.collection,
        request.within(method.name()),
        "the rules of the collection decide who may sign in",
    );
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
    let token = tokens::auth(&record, request.now)?;
    // The rules about the account itself see an ordinary request.
    let request = Request {
        body: Map::new(),
        ..request
    };
    answer_with(app, request, record, token, meta, query).await
}

/// Makes the error for an account that the auth rule does not allow to sign in.
pub(super) fn not_satisfied() -> Error {
    Error::forbidden("The request doesn't satisfy the collection requirements to authenticate.")
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
    let result = AuthResult {
        meta,
        record: record.to_json(),
        token,
    };
    Ok(Answer::picked(&result, query))
}
