//! What handlers give.

use actix_web::{HttpRequest, HttpResponse, Responder};
use plinth_sdk::types::Page;
use serde::Serialize;

use super::Query;
use crate::json;
use crate::records::pick::Fields;

/// What a handler answers.
#[derive(Debug)]
pub enum Answer {
    /// 200 with JSON.
    Json(Vec<u8>),
    /// 204.
    Nothing,
}

impl Answer {
    /// A value.
    pub fn json(value: &impl Serialize) -> Self {
        Self::Json(json::body(value))
    }

    /// A value, of which `?fields=` may pick.
    pub fn picked(value: &impl Serialize, query: &Query) -> Self {
        match query.get("fields") {
            None => Self::json(value),
            Some(fields) => {
                let value = serde_json::to_value(value).unwrap_or_default();
                Self::json(&Fields::parse(fields).pick(&value))
            }
        }
    }

    /// A page; `fields` picks from its items.
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

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        match self {
            Self::Json(body) => HttpResponse::Ok()
                .content_type("application/json")
                .body(body),
            Self::Nothing => HttpResponse::NoContent().finish(),
        }
    }
}
