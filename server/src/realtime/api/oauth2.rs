//! Handler of the URL that other services redirect to after a sign-in: passes the code on to the client that waits for it.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::accounts::oauth2::apple;
use crate::app::App;
use crate::error::{Error, Result};
use crate::extract::{Body, Connection, Query};
use crate::openapi::tags;
use crate::problems::UNLOADABLE;
use crate::realtime::clients::{Outcome, Redirect};
use crate::realtime::cross_process;

/// The maximum size of a body.
const MAX_BODY: usize = 64 << 10;
/// The pages of the console that tell the person how it went; relative, so that they work behind any path.
const SUCCESS: &str = "../_/#/auth/oauth2-redirect-success";
const FAILURE: &str = "../_/#/auth/oauth2-redirect-failure";

/// The parameters of a redirect by a service.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Redirected {
    /// The id of the realtime client that waits for the code.
    state: String,
    /// The code.
    code: String,
    /// Why there is no code.
    error: String,
    /// Apple's description of a new user, in JSON.
    user: String,
}

/// The data of the event that the client gets.
#[derive(Serialize)]
struct Event<'a> {
    state: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

/// Return from another service.
///
/// Sends the code to the realtime client whose id is `state`, as an event `@oauth2`, once. The client has to be subscribed to
/// `@oauth2` from the address that this request comes from. Redirects to a page that tells how it went.
#[utoipa::path(
    get, path = "/api/oauth2-redirect", operation_id = "realtime_oauth2_redirect", tag = tags::REALTIME,
    params(Redirected), responses((status = 307, description = "How it went."))
)]
pub async fn returned(http: HttpRequest, app: App, query: Query) -> HttpResponse {
    let text = |name: &str| query.get(name).cloned().unwrap_or_default();
    let redirected = Redirected {
        state: text("state"),
        code: text("code"),
        error: text("error"),
        user: String::new(),
    };
    let outcome = pass_on(&app, &http, &redirected).await;
    redirect(StatusCode::TEMPORARY_REDIRECT, outcome)
}

/// Return from another service that posts a form.
///
/// Like the `GET`, for services that send the code in the body.
#[utoipa::path(
    post, path = "/api/oauth2-redirect", operation_id = "realtime_oauth2_redirect_form", tag = tags::REALTIME,
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "How it went."))
)]
pub async fn posted(http: HttpRequest, app: App, body: Result<Body<MAX_BODY>>) -> HttpResponse {
    let read = async {
        let redirected: Redirected = body?.typed(UNLOADABLE)?;
        let is_passed_on = pass_on(&app, &http, &redirected).await?;
        // Strangers can send any form. What nobody waits for is not written.
        if is_passed_on && !redirected.user.is_empty() {
            apple::keep_name(&app, &redirected.code, &redirected.user).await?;
        }
        Ok(is_passed_on)
    };
    redirect(StatusCode::SEE_OTHER, read.await)
}

/// Passes the code on, to a client of any process. Returns whether there is a code.
async fn pass_on(app: &App, http: &HttpRequest, redirected: &Redirected) -> Result<bool> {
    let Redirected {
        state, code, error, ..
    } = redirected;
    let data = serde_json::to_string(&Event { state, code, error });
    let message = Redirect {
        client: state.clone(),
        ip: Connection::of(http).address(),
        data: data.map_err(Error::internal)?,
    };
    let mut outcome = app.realtime.clients.redirect(&message);
    if outcome == Outcome::Unknown {
        outcome = cross_process::ask(app, message.into()).await?;
    }
    Ok(outcome == Outcome::Done && error.is_empty() && !code.is_empty())
}

fn redirect(status: StatusCode, outcome: Result<bool>) -> HttpResponse {
    if let Err(error) = &outcome {
        tracing::debug!(%error, "a redirect of another service was not passed on");
    }
    let page = if outcome.unwrap_or(false) {
        SUCCESS
    } else {
        FAILURE
    };
    HttpResponse::build(status)
        .insert_header((LOCATION, page))
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .finish()
}
