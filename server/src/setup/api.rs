//! Handlers of the first start.

use std::sync::Arc;

use plinth_sdk::types::{AuthResult, FirstSuperuser, Setup};
use serde_json::json;

use super::store;
use crate::accounts::api::sign_in;
use crate::accounts::sessions;
use crate::app::App;
use crate::db::{Conn, coordination};
use crate::error::{Error, Result, UNREADABLE};
use crate::extract::{Answer, Body, CallerRequest, Query};
use crate::openapi::{BadRequest, Forbidden, Selection, tags};
use crate::passwords::Line;
use crate::passwords::common::is_common;
use crate::policy::system;
use crate::problems::{COMMON_PASSWORD, SETUP_TOKEN};
use crate::records::write::{self, Input};
use crate::request::Request;
use crate::schema::{Collection, SUPERUSERS, Schema};

/// The maximum size of a body.
const MAX_BODY: usize = 64 << 10;
const FAILED: &str = "Failed to create the first superuser.";
const DONE: &str = "There is a superuser already.";

/// See whether the first superuser still has to be created.
#[utoipa::path(
    get, path = "/api/setup", operation_id = "setup", tag = tags::SETUP,
    params(Selection), responses((status = 200, body = Setup))
)]
pub async fn state(app: App, query: Query) -> Result<Answer> {
    let superusers = superusers(&app.schema.current())?;
    let read = move |conn: &mut Conn| store::is_needed(conn, &superusers);
    let needed = app.db.read_inline(read).await?;
    Ok(Answer::picked(&Setup { needed }, &query))
}

/// Create the first superuser, and sign in.
///
/// Takes the one-time token that the server printed when it started. Refused once there is a superuser.
#[utoipa::path(
    post, path = "/api/setup", operation_id = "setup_create", tag = tags::SETUP,
    params(Selection), request_body = FirstSuperuser,
    responses((status = 200, body = AuthResult<serde_json::Value>), BadRequest, Forbidden)
)]
pub async fn create(
    app: App,
    request: CallerRequest,
    query: Query,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let given = read(body)?;
    let schema = app.schema.current();
    let superusers = superusers(&schema)?;
    // Checked before the password is hashed, and again in the transaction.
    let (collection, token) = (Arc::clone(&superusers), given.token.clone());
    let check = move |conn: &mut Conn| check(conn, &collection, &token);
    app.db.read_inline(check.clone()).await?;
    let grant = system(
        &schema,
        &superusers,
        Request::internal(app.clock.now()),
        "whoever has the one-time token makes the first superuser",
    );
    let input = input(&app, given).await?;
    let create = move |conn: &mut Conn| {
        coordination::lock_first_run(conn)?;
        check(conn)?;
        store::forget(conn)?;
        write::create(conn, grant, &input)
    };
    let (_, record) = app.db.write(create).await?;
    let token = sessions::open(&app, &request.0, &record, "setup").await?;
    sign_in::answer(&app, request.0, record, token, &query).await
}

fn superusers(schema: &Schema) -> Result<Arc<Collection>> {
    schema.find(SUPERUSERS).cloned().ok_or_else(Error::missing)
}

fn check(conn: &mut Conn, superusers: &Collection, token: &str) -> Result<()> {
    if !store::is_needed(conn, superusers)? {
        return Err(Error::forbidden(DONE));
    }
    if !store::is_token(conn, token)? {
        return Err(Error::field(FAILED, "token", SETUP_TOKEN.problem()));
    }
    Ok(())
}

fn read(body: Body<MAX_BODY>) -> Result<FirstSuperuser> {
    body.typed(UNREADABLE)
}

async fn input(app: &App, given: FirstSuperuser) -> Result<Input> {
    let FirstSuperuser {
        email, password, ..
    } = given;
    if is_common(&password) {
        return Err(Error::field(FAILED, "password", COMMON_PASSWORD.problem()));
    }
    let body = json!({"email": email, "password": password, "passwordConfirm": password});
    let mut input = Input::of(body.as_object().cloned().unwrap_or_default());
    let hash = app.hasher.hash(Line::of_server(), password).await?;
    input.hashes.insert("password".to_owned(), hash);
    Ok(input)
}
