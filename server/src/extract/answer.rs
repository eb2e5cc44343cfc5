//! The results of handlers, and how they become responses.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use plinth_sdk::types::{Page, SecondFactor};
use serde::Serialize;

use super::{Query, app, caller};
use crate::budget::{Room, SMALL, Share};
use crate::error::Result;
use crate::json;
use crate::projection::Fields;

/// The result of a handler.
#[derive(Debug)]
pub enum Answer {
    /// Status 200 with JSON.
    Json(Vec<u8>),
    /// Status 200 with JSON, after a write. Since the write has happened, the response is sent even if the budget has no room.
    Written(Vec<u8>),
    /// Status 200 with JSON whose memory is accounted for already.
    Counted(Vec<u8>, Room),
    /// Status 401 with JSON: a second factor is needed.
    SecondFactor(Vec<u8>),
    /// Status 204.
    Nothing,
}

impl Answer {
    /// A value.
    pub fn json(value: &impl Serialize) -> Self {
        Self::Json(json::body(value))
    }

    /// The id to send with a second factor.
    pub fn second_factor(id: &str) -> Self {
        Self::SecondFactor(json::body(&SecondFactor {
            mfa_id: id.to_owned(),
        }))
    }

    /// The result of a write, reduced to `?fields=`.
    pub fn written(json: Vec<u8>, query: &Query) -> Self {
        match query.get("fields") {
            None => Self::Written(json::escape(json)),
            Some(fields) => {
                let value = serde_json::from_slice(&json).unwrap_or_default();
                Self::Written(json::body(&Fields::parse(fields).pick(&value)))
            }
        }
    }

    /// A value, reduced to `?fields=`.
    pub fn picked(value: &impl Serialize, query: &Query) -> Self {
        match query.get("fields") {
            None => Self::json(value),
            Some(fields) => {
                let value = serde_json::to_value(value).unwrap_or_default();
                Self::json(&Fields::parse(fields).pick(&value))
            }
        }
    }

    /// A page whose items are reduced to `?fields=`.
    pub fn page<T: Serialize>(page: &Page<T>, fields: Option<&String>) -> Self {
        let Some(fields) = fields else {
            return Self::json(page);
        };
        let fields = Fields::parse(fields);
        let pick = |item| fields.pick(&serde_json::to_value(item).unwrap_or_default());
        Self::json(&Page {
            items: page.items.iter().map(pick).collect::<Vec<_>>(),
            page: page.page,
            per_page: page.per_page,
            total_items: page.total_items,
            total_pages: page.total_pages,
            next_cursor: page.next_cursor.clone(),
        })
    }
}

impl Responder for Answer {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, http: &HttpRequest) -> HttpResponse {
        match self.share(http) {
            Ok((Self::Nothing, _)) => HttpResponse::NoContent().finish(),
            Ok((Self::SecondFactor(body), _)) => HttpResponse::Unauthorized()
                .content_type("application/json")
                .body(body),
            Ok((Self::Json(body) | Self::Written(body) | Self::Counted(body, _), share)) => {
                let mut response = HttpResponse::Ok();
                response.content_type("application/json");
                match share {
                    Some(share) => response.body(Pieces {
                        rest: body.into(),
                        _share: share,
                    }),
                    None => response.body(body),
                }
            }
            Err(error) => HttpResponse::from_error(error),
        }
    }
}

impl Answer {
    /// Accounts for the memory of a large response until it is sent.
    fn share(self, http: &HttpRequest) -> Result<(Self, Option<Share>)> {
        match self {
            Self::Json(body) if body.len() > SMALL => {
                let mut room = app(http)?.answers.room(&caller(http)?);
                room.reaches(body.len());
                room.check()?;
                Ok((Self::Json(body), room.into_share()))
            }
            Self::Counted(body, mut room) if body.len() > SMALL => {
                room.reaches(body.len());
                room.check()?;
                Ok((Self::Json(body), room.into_share()))
            }
            Self::Written(body) if body.len() > SMALL => {
                let mut room = app(http)?.answers.room(&caller(http)?);
                let has_room = room.reaches(body.len());
                Ok((Self::Json(body), room.into_share().filter(|_| has_room)))
            }
            small @ (Self::Json(_)
            | Self::Written(_)
            | Self::Counted(..)
            | Self::SecondFactor(_)
            | Self::Nothing) => Ok((small, None)),
        }
    }
}

/// A large body, sent in pieces. The connection copies what it sends: this way it does not copy all of it for a client that
/// does not read.
struct Pieces {
    rest: Bytes,
    _share: Share,
}

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let rest = &mut self.get_mut().rest;
        let piece = rest.split_to(rest.len().min(SMALL));
        Poll::Ready((!piece.is_empty()).then_some(Ok(piece)))
    }
}
