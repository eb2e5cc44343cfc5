//! Handlers of realtime.

pub mod oauth2;

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse};
use plinth_sdk::types::{FieldProblem, FieldProblems};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::error::{Error, GENERIC, Result};
use crate::extract::{Answer, Body, Connection, caller};
use crate::openapi::{BadRequest, Forbidden, NotFound, Subscriptions, tags};
use crate::problems;
use crate::realtime::clients::{Identity, Outcome, SubscriptionRequest};
use crate::realtime::cross_process;
use crate::realtime::queue::Reader;
use crate::realtime::topic::split;
use crate::request::Caller;

/// Limits of a client's subscriptions: their number, the length of each, and their length together.
const MAX_SUBSCRIPTIONS: usize = 1000;
const MAX_LENGTH: usize = 2500;
const MAX_BYTES: usize = 256 << 10;
/// The maximum number of different options of an account's and a guest's subscriptions: each is a separate query for
/// every change.
const MAX_OPTIONS: usize = 50;
const MAX_OPTIONS_OF_GUESTS: usize = 5;
/// The maximum size of a body with a list of subscriptions.
const MAX_BODY: usize = 1 << 20;

/// Open a stream of changes.
///
/// A stream of server-sent events. The first is named `PB_CONNECT` and its data is `{"clientId": …}`; the others have the
/// name of a subscription, and their data is a `RealtimeEvent`. The stream ends after five minutes without an event, and
/// after half an hour: clients then connect again.
#[utoipa::path(
    get, path = "/api/realtime", operation_id = "realtime_connect", tag = tags::REALTIME,
    responses((status = 200, description = "The events.", body = String, content_type = "text/event-stream"))
)]
pub async fn connect(http: HttpRequest, app: App) -> Result<HttpResponse> {
    let id = app.realtime.listening.client_id();
    let queue = app
        .realtime
        .clients
        .connect(&id, Connection::of(&http).address())?;
    let leaving = Leaving(app.clone(), id.clone());
    app.realtime.listening.begin(&app).await?;
    let data = json!({"clientId": id}).to_string().into_bytes();
    queue.push(app.realtime.clients.frame("PB_CONNECT".into(), data));
    let reader = Reader {
        id,
        queue,
        _guard: leaving,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(reader.stream()))
}

/// Reports that the client has disconnected, for whatever reason.
struct Leaving(App, String);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.realtime.clients.disconnect(&self.1);
    }
}

/// Set the subscriptions of a stream.
///
/// Replaces the stream's earlier subscriptions. Must be sent from the same address as the stream. Events are filtered by
/// what this request's caller may see; a stream that has been used by an account cannot be used by another caller.
#[utoipa::path(
    post, path = "/api/realtime", operation_id = "realtime_subscribe", tag = tags::REALTIME,
    request_body = Subscriptions, responses((status = 204), BadRequest, Forbidden, NotFound)
)]
pub async fn subscribe(http: HttpRequest, app: App, body: Body<MAX_BODY>) -> Result<Answer> {
    let caller = caller(&http)?;
    let most = match caller {
        Caller::Guest => MAX_OPTIONS_OF_GUESTS,
        Caller::Account(_) => MAX_OPTIONS,
    };
    let (client, subscriptions) = read(body, most)?;
    let wish = SubscriptionRequest {
        client,
        ip: Connection::of(&http).address(),
        identity: Identity::of(&caller),
        expires: caller.account().map(|account| account.expires),
        subscriptions,
    };
    if !wish.subscriptions.is_empty() && app.realtime.clients.has(&wish.client) {
        app.realtime.listening.catch_up(&app).await;
    }
    let mut outcome = app.realtime.clients.subscribe(&wish);
    if outcome == Outcome::Unknown {
        outcome = cross_process::ask(&app, wish.into()).await?;
    }
    outcome.result()?;
    Ok(Answer::Nothing)
}

fn read(body: Body<MAX_BODY>, max_options: usize) -> Result<(String, Vec<String>)> {
    let mut body = body.object(GENERIC)?;
    let id = match body.remove("clientId") {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(id)) => id,
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            return Err(Error::invalid(GENERIC));
        }
    };
    let names: Option<Vec<String>> =
        serde_json::from_value(body.remove("subscriptions").unwrap_or_default())
            .map_err(|_| Error::invalid(GENERIC))?;
    let mut names = names.unwrap_or_default();
    if let Some(problem) = problems::filled(&id) {
        return Err(Error::field(GENERIC, "clientId", problem));
    }
    if names.len() > MAX_SUBSCRIPTIONS {
        let problem = problems::too_long(MAX_SUBSCRIPTIONS);
        return Err(Error::field(GENERIC, "subscriptions", problem));
    }
    let problems: FieldProblems = names
        .iter()
        .enumerate()
        .filter_map(|(index, name)| Some((index.to_string(), problem(name)?)))
        .collect();
    if !problems.is_empty() {
        let problem = FieldProblem::Inside(problems);
        return Err(Error::field(GENERIC, "subscriptions", problem));
    }
    names.sort_unstable();
    names.dedup();
    if let Some(problem) = problem_of_all(&names, max_options) {
        return Err(Error::field(GENERIC, "subscriptions", problem));
    }
    Ok((id, names))
}

fn problem_of_all(names: &[String], max_options: usize) -> Option<FieldProblem> {
    let options: HashSet<&str> = names.iter().map(|name| split(name).1).collect();
    let bytes: usize = names.iter().map(String::len).sum();
    if options.len() > max_options {
        let max = max_options.to_string();
        return Some(problems::TOO_MANY_OPTIONS.worded([("max", &max)]));
    }
    (bytes > MAX_BYTES).then(|| problems::too_long(MAX_BYTES))
}

fn problem(name: &str) -> Option<FieldProblem> {
    if name.len() > MAX_LENGTH {
        return Some(problems::too_long(MAX_LENGTH));
    }
    // The text becomes a line of the event stream.
    name.contains(['\r', '\n', '\0'])
        .then(|| problems::INVALID_FORMAT.problem())
}
