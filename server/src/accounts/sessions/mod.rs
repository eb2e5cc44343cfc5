//! Sessions: each sign-in is a record of `_authSessions`, whose id is in the token.
//!
//! A token is good while the record exists, which the query that reads the account checks along with it. So a session that is
//! deleted has ended on every server at once, and verifying a token costs no further query. Old tokens, and those that
//! were made while the database took no writes, have no session: they end with the account's key only.

mod store;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plinth_sdk::types::names;
use serde_json::{Map, Value as Json, json};

use super::FAILED;
use crate::app::{App, Effort};
use crate::clock::Timestamp;
use crate::db::{Claimant, Conn};
use crate::error::{Error, Result};
use crate::policy::{Grant, Snapshot};
use crate::records::write::Input;
use crate::records::{account_data, store as records};
use crate::request::{Account, Request};
use crate::schema::Record;
use crate::system::account_data::AUTH_SESSIONS;
use crate::tokens;

/// How exactly it is known when a session was last used.
const PRECISION: Duration = Duration::from_secs(60);
/// How many sessions are remembered as used between two writes. Of the others, it is not known that they were used.
const MAX_SEEN: usize = 100_000;
/// The maximum length of a stored user agent.
const MAX_USER_AGENT: usize = 200;
/// The last second that a date can have.
const LAST_SECOND: i64 = 253_402_300_799;

/// The sessions that were used since this was last stored.
#[derive(Debug, Default)]
pub struct Seen(Mutex<HashSet<String>>);

impl Seen {
    fn ids(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a session is used.
    pub(super) fn note(&self, session: &str) {
        let mut ids = self.ids();
        if ids.len() < MAX_SEEN && !ids.contains(session) {
            ids.insert(session.to_owned());
        }
    }
}

/// Begins a session of an account that has signed in, and returns its token.
pub(crate) async fn open(
    app: &App,
    request: &Request,
    account: &Record,
    method: &str,
) -> Result<String> {
    let mut fields = described(method, tokens::expiry(account, 0, request.now), request.now);
    let address = request.address.map(|address| address.to_canonical());
    let user_agent = request.headers.get("user_agent");
    let user_agent = user_agent.map(|text| text.chars().take(MAX_USER_AGENT).collect::<String>());
    fields.insert("address".to_owned(), json!(address));
    fields.insert("userAgent".to_owned(), json!(user_agent));
    let session = begin(app, request, account, fields).await?;
    tokens::auth(account, session, request.now)
}

/// Begins a session in which a superuser acts as the account, and returns its token. Where the superuser is, is none of the
/// account's business.
pub(crate) async fn impersonate(
    app: &App,
    request: &Request,
    account: &Record,
    duration: i64,
) -> Result<String> {
    let expires = tokens::expiry(account, duration, request.now);
    let fields = described("impersonation", expires, request.now);
    let session = begin(app, request, account, fields).await?;
    tokens::fixed(account, session, duration, request.now)
}

/// Extends the session of a token, and returns a new token. A token without a session gets one.
pub(crate) async fn refresh(app: &App, request: &Request, account: &Account) -> Result<String> {
    let (record, now) = (&account.record, request.now);
    let Some(session) = account.session.clone() else {
        return open(app, request, record, "refresh").await;
    };
    let expires = tokens::expiry(record, 0, now);
    let id = session.clone();
    let extend = move |conn: &mut Conn| store::extend(conn, &id, date(expires), now);
    match app.db.write(extend).await {
        Ok(true) | Err(Error::Unwritable(_)) => tokens::auth(record, Some(session), now),
        // It has ended meanwhile.
        Ok(false) => Err(Error::Unauthenticated),
        Err(error) => Err(error),
    }
}

/// Whether the account has signed in to this session within this time: to be asked before a change that whoever finds an open
/// device must not make.
pub async fn is_fresh(app: &App, account: &Account, max_age: Duration) -> Result<bool> {
    let Some(id) = account.session.clone() else {
        return Ok(false);
    };
    let since = app.clock.now() - max_age;
    let began = move |conn: &mut Conn| store::began_since(conn, &id, since);
    app.db.read(&Claimant::Server, began).await
}

/// Returns the fields of a new session.
fn described(method: &str, expires: i64, now: Timestamp) -> Map<String, Json> {
    Map::from_iter([
        ("method".to_owned(), json!(method)),
        ("lastSeen".to_owned(), json!(now.to_string())),
        ("expires".to_owned(), json!(date(expires).to_string())),
    ])
}

fn date(expires: i64) -> Timestamp {
    Timestamp::from_unix(expires.min(LAST_SECOND))
}

/// Stores a session, and returns its id; `None` if the database takes no writes: whoever may sign in can still do so.
async fn begin(
    app: &App,
    request: &Request,
    account: &Record,
    fields: Map<String, Json>,
) -> Result<Option<String>> {
    let grant = grant(&app.schema.current(), request.now)?;
    let account = account.clone();
    let create = move |conn: &mut Conn, grant: Grant| {
        let session = account_data::create(conn, grant, &account, Input::of(fields.clone()))?;
        store::end_surplus(conn, &account)?;
        Ok(session.id().to_owned())
    };
    match app.write(grant, Effort::Long, create).await {
        Ok(id) => Ok(Some(id)),
        Err(Error::Unwritable(_)) => Ok(None),
        // The account was deleted meanwhile.
        Err(Error::Invalid { .. }) => Err(Error::invalid(FAILED)),
        Err(error) => Err(error),
    }
}

/// Grants the server itself all sessions.
pub(crate) fn grant(schema: &Arc<Snapshot>, now: Timestamp) -> Result<Grant> {
    account_data::grant(schema, AUTH_SESSIONS, now)
}

/// Ends all sessions of an account except this one, with their streams.
pub(crate) fn end_all(
    conn: &mut Conn,
    grant: &Grant,
    account: &Record,
    except: Option<&str>,
) -> Result<()> {
    let sessions = account_data::all_of(conn, grant, account)?;
    let ids = sessions.iter().map(Record::id);
    let ids: Vec<String> = ids
        .filter(|id| Some(*id) != except)
        .map(str::to_owned)
        .collect();
    records::delete(conn, grant, &ids)
}

/// Stores which sessions were used, and deletes those whose tokens have expired.
pub async fn store_seen(app: &App) -> Result<()> {
    let seen: Vec<String> = app.sessions.ids().drain().collect();
    let now = app.clock.now();
    for ids in seen.chunks(store::BATCH) {
        let ids = ids.to_vec();
        let touch = move |conn: &mut Conn| store::touch(conn, &ids, now, now - PRECISION);
        app.db.write(touch).await?;
    }
    app.db
        .write(move |conn| store::delete_expired(conn, now))
        .await
}

/// Keeps the collection of sessions current until the server stops.
pub async fn keep_current(app: App) {
    loop {
        tokio::time::sleep(PRECISION).await;
        if let Err(error) = store_seen(&app).await {
            tracing::debug!(%error, collection = names::AUTH_SESSIONS, "cannot store which sessions were used");
        }
    }
}
