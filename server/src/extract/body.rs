//! Request bodies: JSON or a form, read within a memory budget that all requests share.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::form::{self, Form};
use super::incoming::Incoming;
use super::{app, caller, multipart, segment};
use crate::budget::Share;
use crate::error::{Error, Result};
use crate::files::Upload;
use crate::json_reader::{self, Bounds, Flaw};
use crate::records;
use crate::records::limits::{BodyLimits, MAX_BODY};

/// A body of at most `MAX` bytes whose keys are all kept.
#[derive(Debug)]
pub struct Body<const MAX: usize = MAX_BODY> {
    read: Read,
    _share: Share,
}

/// The body of a create or an update. Its maximum size depends on the fields of the collection.
#[derive(Debug)]
pub struct RecordBody(Result<Parts, Flaw>);

/// The parts of a body for a record.
#[derive(Debug)]
pub struct Parts {
    /// The fields.
    pub values: Map<String, Json>,
    /// The files.
    pub uploads: Vec<Upload>,
    /// The memory that both take.
    pub share: Share,
}

/// A body before it is interpreted.
#[derive(Debug)]
enum Sent {
    Nothing,
    Json(Vec<u8>),
    Form(Form),
    /// The body does not match its `Content-Type`.
    Unreadable,
}

/// A body whose keys are all kept.
#[derive(Debug)]
enum Read {
    Values(Result<Map<String, Json>, Flaw>),
    /// A form: whether a text becomes a number depends on how the body is used.
    Form(Form),
}

/// A body that is being read.
pub(crate) type Reading<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

impl<const MAX: usize> FromRequest for Body<MAX> {
    type Error = Error;
    type Future = Reading<Self>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limits = BodyLimits {
            texts: MAX,
            whole: MAX,
        };
        let reading = read(http, payload, limits);
        Box::pin(async move {
            let (sent, mut share) = reading.await?;
            let (budget, size) = (share.budget(), share.held());
            let work = move || {
                let read = match sent {
                    Sent::Form(form) => Read::Form(form),
                    other @ (Sent::Nothing | Sent::Json(_) | Sent::Unreadable) => {
                        let parts = other.parts(&|_| true, Bounds::OTHER, &mut share);
                        Read::Values(parts.map(|(values, _)| values))
                    }
                };
                Self {
                    read,
                    _share: share,
                }
            };
            budget.run(size, work).await
        })
    }
}

impl FromRequest for RecordBody {
    type Error = Error;
    type Future = Reading<Self>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let name = segment(http, "collection");
        let schema = app(http).ok().map(|app| app.schema.current());
        let collection = schema
            .as_ref()
            .and_then(|schema| schema.find(&name).cloned());
        // Whoever grants the request says that there is no such collection.
        let fields = collection.as_ref().map(|of| of.def.fields.as_slice());
        let limits = records::limits::of(fields.unwrap_or_default());
        let reading = read(http, payload, limits);
        Box::pin(async move {
            let (sent, share) = reading.await?;
            let keep = move |key: &str| match (&schema, &collection) {
                (Some(schema), Some(collection)) => {
                    collection.takes(key) || schema.body_keys.contains(key)
                }
                _ => false,
            };
            sent.into_record(keep, Bounds::RECORD, share).await
        })
    }
}

impl<const MAX: usize> Body<MAX> {
    /// Returns the fields of the body; none without a body. `message` is the error if the body is no object.
    pub fn object(self, message: &'static str) -> Result<Map<String, Json>> {
        let values = match self.read {
            Read::Values(values) => values,
            Read::Form(form) => form.values(),
        };
        values.map_err(|flaw| flaw.error(message))
    }

    /// Deserializes the body; `null` counts as no body.
    pub fn typed<T: DeserializeOwned>(self, message: &'static str) -> Result<T> {
        let texts = match &self.read {
            // Whether a text is a number depends on what is asked for.
            Read::Form(form) => form.texts().ok().and_then(parse),
            Read::Values(_) => None,
        };
        texts.map_or_else(
            || parse(self.object(message)?).ok_or(Error::invalid(message)),
            Ok,
        )
    }

    /// Deserializes the body, and returns the fields that rules see as well.
    pub fn typed_with_fields<T: DeserializeOwned>(
        self,
        message: &'static str,
    ) -> Result<(T, Map<String, Json>)> {
        let texts = match &self.read {
            Read::Form(form) => form.texts().ok(),
            Read::Values(_) => None,
        };
        let fields = texts.map_or_else(|| self.object(message), Ok)?;
        let typed = parse(fields.clone()).ok_or(Error::invalid(message))?;
        Ok((typed, fields))
    }
}

fn parse<T: DeserializeOwned>(mut values: Map<String, Json>) -> Option<T> {
    values.retain(|_, value| !value.is_null());
    serde_json::from_value(Json::Object(values)).ok()
}

impl RecordBody {
    /// Reads a body within limits, and keeps all keys.
    pub(crate) fn within(
        http: &HttpRequest,
        payload: &mut Payload,
        limits: BodyLimits,
        bounds: Bounds,
    ) -> Reading<Self> {
        let reading = read(http, payload, limits);
        Box::pin(async move {
            let (sent, share) = reading.await?;
            sent.into_record(|_: &str| true, bounds, share).await
        })
    }

    /// Returns the fields and files of the body. `message` is the error if the body is no object.
    pub fn into_parts(self, message: &'static str) -> Result<Parts> {
        self.0.map_err(|flaw| flaw.error(message))
    }

    /// Returns the fields and files of the body, or why it cannot be read.
    pub(crate) fn read(self) -> Result<Parts, Flaw> {
        self.0
    }
}

impl Sent {
    async fn into_record(
        self,
        keep: impl Fn(&str) -> bool + Send + 'static,
        bounds: Bounds,
        mut share: Share,
    ) -> Result<RecordBody> {
        let (budget, size) = (share.budget(), share.held());
        let work = move || {
            let read = self.parts(&keep, bounds, &mut share);
            RecordBody(read.map(|(values, uploads)| Parts {
                values,
                uploads,
                share,
            }))
        };
        budget.run(size, work).await
    }

    fn parts(
        self,
        keep: &dyn Fn(&str) -> bool,
        bounds: Bounds,
        share: &mut Share,
    ) -> Result<(Map<String, Json>, Vec<Upload>), Flaw> {
        match self {
            Self::Nothing => Ok((Map::new(), Vec::new())),
            Self::Json(bytes) => {
                let values = json_reader::object(&bytes, keep, bounds, Some(share))?;
                Ok((values, Vec::new()))
            }
            Self::Form(form) => form.parts(keep, bounds, share),
            Self::Unreadable => Err(Flaw::Malformed),
        }
    }
}

/// Reads a body of any kind that the protocol has, and accounts for its memory.
fn read(http: &HttpRequest, payload: &mut Payload, limits: BodyLimits) -> Reading<(Sent, Share)> {
    let text = |name| {
        let value = http.headers().get(name);
        value.and_then(|value| value.to_str().ok())
    };
    let content_type = text(CONTENT_TYPE).unwrap_or_default().to_owned();
    let declared = text(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    let share = app(http).and_then(|app| Ok(app.bodies.share(&caller(http)?)));
    let payload = payload.take();
    Box::pin(async move {
        let share = share?;
        // A body for which there can never be memory is too large; one for which there is none now may try again.
        let texts = limits.texts.min(share.ceiling());
        let mut incoming = Incoming::new(payload, limits.whole, share);
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind == "multipart/form-data" {
            let form = multipart::read(&mut incoming, &content_type, texts).await?;
            // What comes after the last part means nothing, but a client may hear no answer before it is sent.
            while incoming.next().await?.is_some() {}
            let sent = form.map_or(Sent::Unreadable, Sent::Form);
            return Ok((sent, incoming.share));
        }
        incoming.left = texts;
        // A buffer that grows would take half as much again while it moves.
        let mut bytes = Vec::with_capacity(declared.unwrap_or_default().min(texts));
        while let Some(piece) = incoming.next().await? {
            incoming.share.take(piece.len())?;
            bytes.extend_from_slice(&piece);
        }
        let sent = match kind {
            _ if bytes.is_empty() => Sent::Nothing,
            "application/json" => Sent::Json(bytes),
            "application/x-www-form-urlencoded" => {
                form::parse(&bytes).map_or(Sent::Unreadable, Sent::Form)
            }
            // PocketBase knows these names, and finds no field of any client's in what they hold.
            "text/xml" | "application/xml" => Sent::Unreadable,
            _ => return Err(Error::invalid("Unsupported Content-Type.")),
        };
        Ok((sent, incoming.share))
    })
}
