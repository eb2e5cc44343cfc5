//! Passes subscriptions, and redirects of other services, to the process that the client is connected to. Behind a load
//! balancer they may arrive at another process, which forwards them through the database, and gets the outcome the same way.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

use super::clients::{Outcome, Redirect, SubscriptionRequest};
use super::dispatcher::within;
use crate::app::App;
use crate::db::{Conn, Topology, coordination};
use crate::error::{Error, Result};

/// How often to look for the outcome, and for how long.
const PAUSE: Duration = Duration::from_millis(25);
const MAX_WAIT: Duration = Duration::from_secs(5);

/// A request as it is forwarded.
#[derive(Serialize, Deserialize)]
struct Message {
    id: String,
    #[serde(flatten)]
    request: Forwarded,
}

/// A request that is forwarded to the process that a client is connected to.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Forwarded {
    /// A request for subscriptions.
    Wish(SubscriptionRequest),
    /// A redirect of another service.
    OAuth2(Redirect),
}

impl From<SubscriptionRequest> for Forwarded {
    fn from(wish: SubscriptionRequest) -> Self {
        Self::Wish(wish)
    }
}

impl From<Redirect> for Forwarded {
    fn from(redirect: Redirect) -> Self {
        Self::OAuth2(redirect)
    }
}

impl Forwarded {
    fn client(&self) -> &str {
        match self {
            Self::Wish(wish) => &wish.client,
            Self::OAuth2(redirect) => &redirect.client,
        }
    }
}

/// Forwards a request to the process that the client is connected to.
pub(super) async fn ask(app: &App, request: Forwarded) -> Result<Outcome> {
    let process = app.realtime.listening.other_process(request.client());
    let (Topology::Replicated, Some(process)) = (app.db.topology(), process) else {
        return Ok(Outcome::Unknown);
    };
    let (id, process) = (app.random.id(), process.to_owned());
    let message = Message {
        id: id.clone(),
        request,
    };
    let message = serde_json::to_value(message).map_err(Error::internal)?;
    let ask = move |conn: &mut Conn| {
        let is_there = coordination::is_listening(conn, &process)?;
        if is_there {
            coordination::send(conn, &message)?;
        }
        Ok(is_there)
    };
    if !within(MAX_WAIT, app.db.write(ask)).await? {
        return Ok(Outcome::Unknown);
    }
    let deadline = Instant::now() + MAX_WAIT;
    while Instant::now() < deadline {
        sleep(PAUSE).await;
        let id = id.clone();
        let answer = app
            .db
            .read_inline(move |conn| coordination::answer_to(conn, &id));
        if let Some(code) = within(MAX_WAIT, answer).await? {
            return Ok(Outcome::of(code));
        }
    }
    Ok(Outcome::Unknown)
}

/// Handles a request of another process, if its client is connected to this one.
pub(super) async fn answer(app: &App, message: &Json) -> Result<()> {
    let Ok(Message { id, request }) = Message::deserialize(message) else {
        return Ok(());
    };
    let listening = &app.realtime.listening;
    if listening.other_process(request.client()).is_some() {
        return Ok(());
    }
    let clients = &app.realtime.clients;
    let outcome = match &request {
        Forwarded::Wish(wish) => clients.subscribe(wish),
        Forwarded::OAuth2(redirect) => clients.redirect(redirect),
    };
    let code = outcome.code();
    let answer = app
        .db
        .write(move |conn| coordination::answer(conn, &id, code));
    within(MAX_WAIT, answer).await
}
