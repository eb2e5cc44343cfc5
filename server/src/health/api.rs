//! `/livez`, `/readyz`, `/api/health`

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use plinth_sdk::types::Readiness;
use serde_json::json;

use super::Lifecycle;
use crate::error::Result;
use crate::extract::{Answer, Connection, Headers, Query, request};
use crate::json;
use crate::openapi::{Selection, tags};

/// Headers in which common proxies pass the client's address.
const PROXY_HEADERS: [&str; 2] = ["CF-Connecting-IP", "Fly-Client-IP"];

#[derive(serde::Serialize, utoipa::ToSchema)]
struct Health {
    message: &'static str,
    code: u16,
    /// Details for superusers; empty for others.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// Check that the server answers.
#[utoipa::path(
    get, path = "/api/health", operation_id = "health", tag = tags::STATUS,
    params(Selection), responses((status = 200, body = Health))
)]
pub async fn health(http: HttpRequest, query: Query) -> Result<Answer> {
    let caller = request(&http, Headers::Omitted)?.caller;
    let data = if caller.is_superuser() {
        let connection = Connection::of(&http);
        let address = connection.address().map(|address| address.to_string());
        let proxy = PROXY_HEADERS
            .iter()
            .find(|name| connection.header(name).is_some());
        json!({
            // No backup is running, so another could start.
            "canBackup": true,
            "realIP": address,
            "possibleProxyHeader": proxy.copied().unwrap_or_default(),
        })
    } else {
        json!({})
    };
    let health = Health {
        message: "API is healthy.",
        code: 200,
        data,
    };
    Ok(Answer::picked(&health, &query))
}

/// Check that the process is alive.
///
/// Does not depend on the database, and answers from the start of the process to its end.
#[utoipa::path(
    get, path = "/livez", operation_id = "live", tag = tags::STATUS,
    responses((status = 200, description = "`ok`", body = String, content_type = "text/plain"))
)]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok")
}

/// Check that the server is ready for requests.
#[utoipa::path(
    get, path = "/readyz", operation_id = "ready", tag = tags::STATUS,
    responses(
        (status = 200, description = "The server is ready.", body = Readiness),
        (status = 503, description = "The server is not ready.", body = Readiness),
    )
)]
pub async fn ready(http: HttpRequest) -> Result<HttpResponse> {
    let readiness = Lifecycle::of(&http)?.readiness().await;
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok(HttpResponse::build(status)
        .content_type("application/json")
        .insert_header(("Cache-Control", "no-store"))
        .body(json::body(&readiness)))
}
