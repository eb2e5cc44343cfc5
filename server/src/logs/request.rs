//! What is kept of a request.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, REFERER, USER_AGENT};
use actix_web::http::{Method, StatusCode};
use plinth_sdk::types::{FieldProblem, FieldProblems, LogSettings};
use serde_json::{Map, Value as Json, json};

use super::entry::Data;
use super::{Entry, Level, conceal, keeps, settings};
use crate::app::App;
use crate::error::Error;
use crate::extract::Connection;
use crate::random;
use crate::request::Caller;

/// The most bytes that are kept of the address, and of each header.
const MAX_ADDRESS: usize = 3000;
const MAX_HEADER: usize = 500;
const MAX_METHOD: usize = 32;
/// The most bytes of what is known of a failure, and of its sentence.
const MAX_DETAILS: usize = 4000;
const MAX_SENTENCE: usize = 1000;
/// The most bytes of a field's name, and the least that there is room for behind it.
const MAX_NAME: usize = 100;
const MIN_SENTENCE: usize = 50;
/// The most bytes of who asked.
const MAX_AUTH: usize = 100;

/// What is known of a request before it has an answer.
pub struct Asked {
    settings: LogSettings,
    facts: Facts,
    started: Instant,
    /// Whether it is not worth an entry when all is well with it.
    is_quiet: bool,
}

/// What is known of a request.
#[derive(Clone, Debug)]
pub struct Facts {
    method: String,
    /// Path and query, as they came.
    address: String,
    referer: String,
    agent: String,
    /// Whose connection it was; nobody's when addresses are not kept.
    peer: Option<IpAddr>,
    /// As the answer's header has it.
    id: String,
    status: u16,
    took: Duration,
    /// The caller's collection, and who it was if that is kept.
    auth: String,
    auth_id: Option<String>,
    error: Option<(String, Json)>,
}

impl Asked {
    /// Looks at a request; `None` when nothing is kept of it.
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

    /// The entry of a request that got this answer; `None` when none is kept.
    pub fn answered(
        self,
        status: StatusCode,
        caller: Option<&Caller>,
        error: Option<&Error>,
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
            id: random::id(),
            created: crate::clock::Moment::now(),
            level,
            message: String::new(),
            data: Data::Request(Box::new(facts)),
        })
    }
}

/// What watches the server, and the console's own files.
fn is_no_traffic(path: &str) -> bool {
    matches!(path, "/" | "/_" | "/livez" | "/readyz" | "/metrics") || path.starts_with("/_/")
}

/// Who reads the log would fill it; what looks in again and again would too.
fn is_quiet(method: &Method, path: &str) -> bool {
    path == "/api/logs"
        || path.starts_with("/api/logs/")
        || path == "/api/metrics/overview"
        || (path == "/api/realtime" && method == Method::GET)
}

/// What is known of a failure beyond its sentence.
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
        | Error::Outdated
        | Error::Deadlock
        | Error::Busy(_) => Json::Null,
    }
}

/// What is wrong with each field, in at most `room` bytes.
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

/// At most so many bytes, as text.
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
    /// The message and the data, fit to be read.
    pub(super) fn written(&self) -> (String, Map<String, Json>) {
        let address = conceal::address(&self.address);
        let message = format!(
            "{} {}",
            conceal::text(&self.method),
            conceal::legible(&address)
        );
        let millis = (self.took.as_secs_f64() * 1e6).round() / 1e3;
        let mut data = Map::new();
        let mut put = |name: &str, value: Json| data.insert(name.to_owned(), value);
        put("type", json!("request"));
        put("method", conceal::text(&self.method).into());
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
        put("referer", conceal::address(&self.referer).into());
        put("userAgent", conceal::text(&self.agent).into());
        put("requestId", self.id.as_str().into());
        if let Some((error, details)) = &self.error {
            put("error", conceal::text(error).into());
            put("details", conceal::json(details));
        }
        (message, data)
    }
}
