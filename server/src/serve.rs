//! The HTTP server around the routes.

use std::net::TcpListener;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    VARY,
};
use actix_web::middleware::{Next, from_fn};
use actix_web::{HttpMessage, HttpResponse, HttpServer};
use anyhow::Context;
use futures_util::FutureExt;
use serde_json::json;
use tracing::Instrument;

use crate::app::App;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::extract::{Answer, Query, request};
use crate::records::generate;
use crate::request::Caller;
use crate::{accounts, routes};

/// How often other processes' changes of collections are looked for.
const REFRESH: Duration = Duration::from_secs(1);

/// Serves until it is told to stop.
pub async fn run(app: App, config: &Config, listener: TcpListener) -> anyhow::Result<()> {
    let refreshing = actix_web::rt::spawn(refresh_schema(app.clone()));
    let served = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            .wrap(from_fn(around))
            .configure(routes::configure)
    })
    .workers(config.workers)
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(60))
    .shutdown_timeout(10)
    .listen(listener)
    .context("cannot serve")?
    .run()
    .await;
    refreshing.abort();
    served.context("the server failed")
}

async fn refresh_schema(app: App) {
    loop {
        actix_web::rt::time::sleep(REFRESH).await;
        if let Err(error) = app.refresh_schema().await {
            tracing::warn!(%error, "cannot look for changed collections");
        }
    }
}

#[derive(serde::Serialize)]
struct Health {
    message: &'static str,
    code: u16,
    data: serde_json::Value,
}

/// Whether the server is there.
pub async fn health(http: actix_web::HttpRequest, query: Query) -> Result<Answer> {
    let caller = request(&http, false)?.caller;
    let data = if caller.is_superuser() {
        let address = http.peer_addr().map(|address| address.ip().to_string());
        json!({"canBackup": false, "realIP": address.unwrap_or_default(), "possibleProxyHeader": ""})
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

/// Around every request: a request id, who asks, a panic's end, headers.
async fn around(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let request_id = generate::id();
    let headers = request.headers();
    let has_origin = headers.contains_key(ORIGIN);
    let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    if request.method() == "OPTIONS" {
        let mut response = request.into_response(HttpResponse::NoContent().finish());
        cors(response.headers_mut(), has_origin);
        if has_origin {
            preflight(response.headers_mut(), asked);
        }
        return Ok(response.map_into_boxed_body());
    }
    // What is logged on the way carries the id that the answer carries.
    let span = tracing::info_span!("request", id = request_id);
    let mut response = answer(request, next).instrument(span).await?;
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-xss-protection", "1; mode=block"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    cors(headers, has_origin);
    Ok(response)
}

/// The route's answer. actix wants the request to itself, so what comes after a panic cannot name it.
async fn answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let caller = match AssertUnwindSafe(who_asks(&request)).catch_unwind().await {
        Ok(Ok(caller)) => caller,
        Ok(Err(error)) => return Ok(request.error_response(error)),
        Err(_) => return Ok(request.error_response(panicked())),
    };
    request.extensions_mut().insert(caller);
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(answered) => Ok(answered?.map_into_boxed_body()),
        Err(_) => Err(panicked().into()),
    }
}

fn panicked() -> Error {
    Error::internal(anyhow::anyhow!("a handler panicked"))
}

async fn who_asks(request: &ServiceRequest) -> Result<Caller> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let (Some(header), Some(app)) = (header, request.app_data::<App>()) else {
        return Ok(Caller::Guest);
    };
    accounts::authenticate(app, header).await
}

/// Every origin may ask; no credentials are kept in cookies.
fn cors(headers: &mut HeaderMap, has_origin: bool) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if has_origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
}

/// What a browser asks before the request itself.
fn preflight(headers: &mut HeaderMap, asked: Option<HeaderValue>) {
    headers.append(
        VARY,
        HeaderValue::from_static("Access-Control-Request-Method"),
    );
    headers.append(
        VARY,
        HeaderValue::from_static("Access-Control-Request-Headers"),
    );
    let methods = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(asked) = asked {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked);
    }
}
