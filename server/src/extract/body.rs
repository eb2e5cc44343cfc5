//! What a request says: JSON, or a form.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use tokio::time::{Instant, timeout_at};

use super::form::{self, Form};
use super::{app, multipart};
use crate::error::{Error, GENERIC, Result};
use crate::files::Upload;
use crate::records;

/// How long a body may take.
const MAX_TIME: Duration = Duration::from_secs(300);

/// The most bytes of a body.
const MAX_BODY: usize = 32 << 20;

/// The body, of at most `MAX` bytes.
#[derive(Debug)]
pub struct Body<const MAX: usize = MAX_BODY> {
    sent: Sent,
}

/// The body of a create or an update: as large as the collection's fields let it be.
#[derive(Debug)]
pub struct RecordBody {
    sent: Sent,
}

/// What came.
#[derive(Debug)]
enum Sent {
    Nothing,
    Json(Vec<u8>),
    Form(Form),
    /// It says what it is, and is not that.
    Unreadable,
}

/// The most bytes of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Without files: they are kept in memory.
    pub(crate) texts: usize,
    /// With files.
    pub(crate) whole: usize,
}

/// A body on its way.
pub(crate) type Reading<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

impl<const MAX: usize> FromRequest for Body<MAX> {
    type Error = Error;
    type Future = Reading<Self>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limits = Limits {
            texts: MAX,
            whole: MAX,
        };
        let reading = read(http, payload, limits);
        Box::pin(async move {
            Ok(Self {
                sent: reading.await?,
            })
        })
    }
}

impl FromRequest for RecordBody {
    type Error = Error;
    type Future = Reading<Self>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let name = http.match_info().get("collection").unwrap_or_default();
        let collection = app(http)
            .ok()
            .and_then(|app| app.schema.current().find(name).cloned());
        let (texts, files) = collection.map_or((0, 0), |of| records::limits::of(&of.def.fields));
        let texts = MAX_BODY.saturating_add(texts);
        let limits = Limits {
            texts,
            whole: texts.saturating_add(files),
        };
        Self::within(http, payload, limits)
    }
}

impl<const MAX: usize> Body<MAX> {
    /// The fields of the body; none when there is no body. `message` says that it has no fields.
    pub fn object(self, message: &'static str) -> Result<Map<String, Json>> {
        let values = self.sent.values();
        Ok(values.ok_or(Error::invalid(message))?.0)
    }

    /// The body as one of the wire's types; `null` is as good as nothing.
    pub fn typed<T: DeserializeOwned>(self, message: &'static str) -> Result<T> {
        let texts = match &self.sent {
            // Whether a text is a number depends on what is asked for.
            Sent::Form(form) => form.texts().and_then(parse),
            Sent::Nothing | Sent::Json(_) | Sent::Unreadable => None,
        };
        texts.map_or_else(
            || parse(self.object(message)?).ok_or(Error::invalid(message)),
            Ok,
        )
    }
}

fn parse<T: DeserializeOwned>(mut values: Map<String, Json>) -> Option<T> {
    values.retain(|_, value| !value.is_null());
    serde_json::from_value(Json::Object(values)).ok()
}

impl RecordBody {
    /// Reads a body of at most so many bytes.
    pub(crate) fn within(
        http: &HttpRequest,
        payload: &mut Payload,
        limits: Limits,
    ) -> Reading<Self> {
        let reading = read(http, payload, limits);
        Box::pin(async move {
            Ok(Self {
                sent: reading.await?,
            })
        })
    }

    /// The fields of the body, and its files. `message` says that it has no fields.
    pub fn into_parts(self, message: &'static str) -> Result<(Map<String, Json>, Vec<Upload>)> {
        self.sent.values().ok_or(Error::invalid(message))
    }
}

impl Sent {
    fn values(self) -> Option<(Map<String, Json>, Vec<Upload>)> {
        match self {
            Self::Nothing => Some((Map::new(), Vec::new())),
            Self::Json(bytes) => match serde_json::from_slice(&bytes) {
                Ok(Json::Object(object)) => Some((object, Vec::new())),
                Ok(Json::Null) => Some((Map::new(), Vec::new())),
                Ok(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) | Err(_) => {
                    None
                }
            },
            Self::Form(form) => form.values(),
            Self::Unreadable => None,
        }
    }
}

/// Reads a body of any of the kinds that the protocol has.
fn read(http: &HttpRequest, payload: &mut Payload, limits: Limits) -> Reading<Sent> {
    let content_type = http.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let mut incoming = Incoming {
        payload: payload.take(),
        deadline: Instant::now() + MAX_TIME,
        left: limits.whole,
    };
    Box::pin(async move {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind == "multipart/form-data" {
            let form = multipart::read(&mut incoming, &content_type, limits.texts).await?;
            // What comes after the last part means nothing, but a client may hear no answer before it is sent.
            while incoming.next().await?.is_some() {}
            return Ok(form.map_or(Sent::Unreadable, Sent::Form));
        }
        incoming.left = limits.texts;
        let mut bytes = Vec::new();
        while let Some(piece) = incoming.next().await? {
            bytes.extend_from_slice(&piece);
        }
        match kind {
            _ if bytes.is_empty() => Ok(Sent::Nothing),
            "application/json" => Ok(Sent::Json(bytes)),
            "application/x-www-form-urlencoded" => {
                Ok(form::parse(&bytes).map_or(Sent::Unreadable, Sent::Form))
            }
            // PocketBase knows these names, and finds no field of any client's in what they hold.
            "text/xml" | "application/xml" => Ok(Sent::Unreadable),
            _ => Err(Error::invalid("Unsupported Content-Type.")),
        }
    })
}

/// A body while it arrives.
pub(super) struct Incoming {
    payload: Payload,
    deadline: Instant,
    left: usize,
}

impl Incoming {
    /// What comes next, if anything does.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        let piece = timeout_at(self.deadline, self.payload.next()).await;
        let piece = piece.map_err(|_| Error::invalid("The request's body took too long."))?;
        let piece = piece.transpose().map_err(|_| Error::invalid(GENERIC))?;
        let length = piece.as_ref().map_or(0, Bytes::len);
        self.left = self.left.checked_sub(length).ok_or(Error::TooLarge)?;
        Ok(piece)
    }
}
