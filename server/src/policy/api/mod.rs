//! Handlers of policies. Roles, permissions and members themselves are records.

pub(crate) mod assertions;
mod explain;

use plinth_sdk::types::{AREAS, Areas, AssertionResults, Assertions, PolicyAnswer, PolicyQuestion};

use explain::explain;

use super::roles;
use crate::app::App;
use crate::db::Conn;
use crate::error::{Error, Result, UNREADABLE};
use crate::extract::{Answer, Body, CallerRequest, Query, Superuser};
use crate::openapi::{BadRequest, Selection, tags};

/// Explain whether an account may perform an action.
#[utoipa::path(
    post, path = "/api/policy/check", operation_id = "policy_check", tag = tags::POLICY,
    params(Selection), request_body = PolicyQuestion, responses((status = 200, body = PolicyAnswer), BadRequest)
)]
pub async fn check(superuser: Superuser, app: App, query: Query, body: Body) -> Result<Answer> {
    let body = body.object(UNREADABLE)?;
    let question: PolicyQuestion =
        serde_json::from_value(body.into()).map_err(|_| Error::invalid(UNREADABLE))?;
    let schema = app.schema.current();
    let read = move |conn: &mut Conn| explain(conn, &schema, &question);
    let claimant = superuser.request.claimant();
    let answer = app.db.read(&claimant, read).await?;
    Ok(Answer::picked(&answer, &query))
}

/// Check assertions about who may do what.
#[utoipa::path(
    post, path = "/api/policy/assertions", operation_id = "policy_assertions", tag = tags::POLICY,
    params(Selection), request_body = Assertions, responses((status = 200, body = AssertionResults), BadRequest)
)]
pub async fn assert(superuser: Superuser, app: App, query: Query, body: Body) -> Result<Answer> {
    let body = body.object(UNREADABLE)?;
    let asked: Assertions =
        serde_json::from_value(body.into()).map_err(|_| Error::invalid(UNREADABLE))?;
    let schema = app.schema.current();
    let read = move |conn: &mut Conn| assertions::check(conn, &schema, &asked.assertions);
    let claimant = superuser.request.claimant();
    let results = app.db.read(&claimant, read).await?;
    Ok(Answer::picked(&results, &query))
}

/// List the areas of the console that the caller can see.
#[utoipa::path(
    get, path = "/api/policy/areas", operation_id = "policy_areas", tag = tags::POLICY,
    params(Selection), responses((status = 200, body = Areas))
)]
pub async fn areas(app: App, caller: CallerRequest, query: Query) -> Result<Answer> {
    let caller = caller.0.caller;
    let seen = if caller.is_superuser() {
        AREAS.to_vec()
    } else if caller.account().is_some() {
        app.schema.current().policies.areas(&roles::of(&caller))?
    } else {
        return Err(Error::Unauthenticated);
    };
    let areas = Areas {
        areas: seen.into_iter().map(str::to_owned).collect(),
    };
    Ok(Answer::picked(&areas, &query))
}
