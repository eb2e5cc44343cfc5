//! `/livez`, `/readyz`, `/api/health`

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::Lifecycle;
use crate::error::Result;
use crate::extract::{Answer, Connection, Headers, Query, request};
use crate::json;

/// Headers in which common proxies pass the client's address.
const PROXY_HEADERS: [&str; 2] = ["CF-Connecting-IP", "Fly-Client-IP"];

#[derive(serde::Serialize)]
struct Health {
    message: &'static str,
    code: u16,
    data: serde_json::Value,
}

/// Tell whether the server is available.
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

/// Tell whether the process is alive, without asking the database.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok")
}

/// Tell whether requests should be sent to this process.
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
