//! Entries about requests.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, REFERER, USER_AGENT};
use actix_web::http::{Method, StatusCode};
use plinth_sdk::types::{FieldProblem, FieldProblems, LogSettings};
use serde_json::{Map, Value as Json, json};

use super::entry::Data;
use super::{Entry, Level, Queue, keeps, redact, settings};
use crate::app::App;
use crate::error::Error;
use crate::extract::Connection;
use crate::request::Caller;

/// The most bytes that are stored of the address, and of each header.
const MAX_ADDRESS: usize = 3000;
const MAX_HEADER: usize = 500;
const MAX_METHOD: usize = 32;
/// The most bytes of an error's details, and of its message.
const MAX_DETAILS: usize = 4000;
const MAX_SENTENCE: usize = 1000;
/// The most bytes of a field's name, and the least room for its problem.
const MAX_NAME: usize = 100;
const MIN_SENTENCE: usize = 50;
/// The most bytes of the caller's collection and id.
const MAX_AUTH: usize = 100;

/// A request that is being answered, as it will be logged.
pub struct RequestLog {
    settings: LogSettings,
    facts: Facts,
    started: Instant,
    /// Whether only a failure is logged.
    is_quiet: bool,
}

/// The facts about a request that are logged.
#[derive(Clone, Debug)]
pub struct Facts {
    method: String,
    /// The path and query, unredacted.
    address: String,
    referer: String,
    agent: String,
    /// The client's address; `None` if the settings exclude addresses.
    peer: Option<IpAddr>,
    /// The request id, which the response has as a header.
    id: String,
    status: u16,
    took: Duration,
    /// The caller's collection, and id if the settings include it.
    auth: String,
    auth_id: Option<String>,
    error: Option<(String, Json)>,
}

impl RequestLog {
    /// Starts to log a request; `None` if it is not logged.
    pub fn of(app: &App, request: &ServiceRequest, id: &str) -> Option<Self> {
        let settings = settings(app);
        let path = request.path();
        if settings.max_days <= 0 || is_no_traffic(path) {
            return None;
        }
        let address = request.uri().path_and_query();
        let connection = Connection::of(request.request());
        let header = |name: HeaderName| {
            let value = connection.header(name.as_str());
            value.map_or_else(String::new, |value| cut(value, MAX_HEADER))
        };
        let peer = connection.address();
        Some(Self {
            settings,
            facts: Facts {
                method: cut(request.method().as_str().as_bytes(), MAX_METHOD),
                address: address.map_or_else(String::new, |address| {
                    cut(address.as_str().as_bytes(), MAX_ADDRESS)
                }),
                referer: header(REFERER),
                agent: header(USER_AGENT),
                peer: peer.filter(|_| settings.log_ip),
                id: id.to_owned(),
                status: 0,
                took: Duration::ZERO,
                auth: String::new(),
                auth_id: None,
                error: None,
            },
            started: Instant::now(),
            is_quiet: is_quiet(request.method(), path),
        })
    }

    /// Makes the entry of a request from its answer; `None` if it is not logged.
    pub fn answered(
        self,
        status: StatusCode,
        caller: Option<&Caller>,
        error: Option<&Error>,
        queue: &Queue,
    ) -> Option<Entry> {
        let is_failure = error.is_some() || status.is_client_error() || status.is_server_error();
        let level = if is_failure {
            Level::Error
        } else {
            Level::Info
        };
        if (self.is_quiet && !is_failure) || !keeps(self.settings, level) {
            return None;
        }
        let mut facts = self.facts;
        facts.status = status.as_u16();
        facts.took = self.started.elapsed();
        if let Some(account) = caller.and_then(Caller::account) {
            facts.auth = cut(account.record.collection.def.name.as_bytes(), MAX_AUTH);
            let is_kept = self.settings.log_auth_id;
            facts.auth_id = is_kept.then(|| cut(account.record.id().as_bytes(), MAX_AUTH));
        }
        facts.error = is_failure.then(|| {
            if let Some(error) = error {
                let sentence = cut(error.to_string().as_bytes(), MAX_SENTENCE);
                return (sentence, details(error));
            }
            let reason = status.canonical_reason().unwrap_or_default();
            (reason.to_owned(), Json::Null)
        });
        Some(Entry {
            data: Data::Request(Box::new(facts)),
            ..queue.entry(level, String::new())
        })
    }
}

/// Returns whether a path is for monitoring or for the console's own files, which are never logged.
fn is_no_traffic(path: &str) -> bool {
    matches!(path, "/" | "/_" | "/livez" | "/readyz" | "/metrics") || path.starts_with("/_/")
}

/// Returns whether only failures of a request are logged: reading the log would fill it, and polling would, too.
fn is_quiet(method: &Method, path: &str) -> bool {
    path == "/api/logs"
        || path.starts_with("/api/logs/")
        || path == "/api/metrics/overview"
        || (path == "/api/realtime" && method == Method::GET)
}

/// Returns the details of an error.
fn details(error: &Error) -> Json {
    match error {
        Error::Invalid { data, .. } if !data.is_empty() => sentences(data, &mut { MAX_DETAILS }),
        Error::Internal(error) | Error::Storage(error) => {
            Json::from(cut(format!("{error:#}").as_bytes(), MAX_DETAILS))
        }
        Error::Invalid { .. }
        | Error::Unauthenticated
        | Error::Forbidden(_)
        | Error::NotFound(_)
        | Error::TooManyRequests(_)
        | Error::TooLarge
        | Error::RangeNotSatisfiable
        | Error::Unique(_)
        | Error::Oversized
        | Error::Unavailable
        | Error::Unwritable(_)
        | Error::Crowded
        | Error::TooSlow
        | Error::AnswerTooLarge(_)
        | Error::NoRoom
        | Error::Starting
        | Error::Disconnected
        | Error::SchemaChanged
        | Error::Deadlock
        | Error::Delayed(_)
        | Error::Busy(_) => Json::Null,
    }
}

/// Formats the problem of each field, in at most `room` bytes.
fn sentences(problems: &FieldProblems, room: &mut usize) -> Json {
    let mut sentences = Map::new();
    for (field, problem) in problems {
        let field = cut(field.as_bytes(), MAX_NAME);
        let Some(left) = room.checked_sub(field.len() + MIN_SENTENCE) else {
            sentences.insert("…".to_owned(), Json::Null);
            break;
        };
        *room = left;
        let mut sentence = |text: &str| {
            let text = cut(text.as_bytes(), *room);
            *room = room.saturating_sub(text.len());
            Json::from(text)
        };
        let sentence = match problem {
            FieldProblem::Failed {
                message, response, ..
            } if response.data.is_empty() => sentence(&format!("{message} {}", response.message)),
            FieldProblem::Failed { response, .. } => self::sentences(&response.data, room),
            FieldProblem::Broken { message, .. } => sentence(message),
            FieldProblem::Inside(problems) => self::sentences(problems, room),
        };
        sentences.insert(field, sentence);
    }
    Json::Object(sentences)
}

/// Converts bytes to text, at most `max` of them.
fn cut(bytes: &[u8], most: usize) -> String {
    let is_whole = bytes.len() <= most;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(most)]);
    if is_whole {
        text.into_owned()
    } else {
        format!("{}…", text.trim_end_matches('\u{fffd}'))
    }
}

impl Facts {
    /// Returns the message and the details, redacted.
    pub(super) fn written(&self) -> (String, Map<String, Json>) {
        let address = redact::address(&self.address);
        let message = format!(
            "{} {}",
            redact::text(&self.method),
            redact::legible(&address)
        );
        let millis = (self.took.as_secs_f64() * 1e6).round() / 1e3;
        let mut data = Map::new();
        let mut put = |name: &str, value: Json| data.insert(name.to_owned(), value);
        put("type", json!("request"));
        put("method", redact::text(&self.method).into());
        put("url", address.into());
        put("status", self.status.into());
        put("execTime", json!(millis));
        put("auth", self.auth.as_str().into());
        if let Some(id) = &self.auth_id {
            put("authId", id.as_str().into());
        }
        if let Some(peer) = self.peer {
            put("userIP", peer.to_string().into());
            put("remoteIP", peer.to_string().into());
        }
        put("referer", redact::address(&self.referer).into());
        put("userAgent", redact::text(&self.agent).into());
        put("requestId", self.id.as_str().into());
        if let Some((error, details)) = &self.error {
            put("error", redact::text(error).into());
            put("details", redact::json(details));
        }
        (message, data)
    }
}
