//! The middleware of every request: request id, authentication, CORS and security headers, metrics, the request log, and
//! panics, which become a 500.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, VARY,
};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt;
use tracing::Instrument;

use super::connections::Standing;
use crate::accounts;
use crate::app::App;
use crate::error::{Error, Result};
use crate::files::Framed;
use crate::health::Lifecycle;
use crate::logs::request::RequestLog;
use crate::metrics::{Counting, PANICKED, PREFLIGHT, UNMATCHED};
use crate::random::Random;
use crate::request::Caller;
use crate::routes::Pattern;

/// The routes that are answered on connections beyond the limit.
const PROBES: [&str; 4] = ["/livez", "/readyz", "/api/health", "/metrics"];

/// Handles a request around its route.
pub(super) async fn handle(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let lifecycle = request.app_data::<Lifecycle>().cloned().unwrap_or_default();
    let app = lifecycle.app().ok();
    let counting = app.map(|app| app.metrics.begin(request.method()));
    let wanted_headers = request
        .headers()
        .get(ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned();
    let is_beyond = request.conn_data::<Standing>() == Some(&Standing::Beyond);
    let mut headers = ResponseHeaders {
        has_origin: request.headers().contains_key(ORIGIN),
        request_id: match app {
            Some(app) => app.random.id(),
            // The server is starting.
            None => Random::system().id(),
        },
        closes: false,
    };
    if request.method() == "OPTIONS" {
        let mut response = request.into_response(HttpResponse::NoContent().finish());
        cors(response.headers_mut(), headers.has_origin);
        if headers.has_origin {
            preflight(response.headers_mut(), wanted_headers);
        }
        if let Some(counting) = counting {
            counting.answered(PREFLIGHT, response.status());
        }
        return Ok(response);
    }
    let asked =
        app.and_then(|app| Some((app, RequestLog::of(app, &request, &headers.request_id)?)));
    // Log messages of the handler carry the request id of the response.
    let span = tracing::info_span!("request", id = headers.request_id);
    let answered = answer(&lifecycle, request, next).instrument(span).await;
    // A client that kept its connection to a stopping server would lose its next request.
    headers.closes = is_beyond || lifecycle.is_draining();
    match answered {
        Ok(mut response) => {
            headers.apply(response.response_mut());
            count(counting, &response);
            log(asked, &response);
            Ok(response)
        }
        Err(error) => {
            if let Some(counting) = counting {
                counting.answered(PANICKED, StatusCode::INTERNAL_SERVER_ERROR);
            }
            if let Some((app, asked)) = asked
                && let Some(entry) =
                    asked.answered(error.status_code(), None, Some(&error), &app.logs.queue)
            {
                app.logs.queue.push(entry);
            }
            Err(PanicResponse { error, headers }.into())
        }
    }
}

fn count(counting: Option<Counting<'_>>, response: &ServiceResponse) {
    if let Some(counting) = counting {
        counting.answered(route(response), response.status());
    }
}

/// Returns the pattern of the route that answered.
fn route<B>(response: &ServiceResponse<B>) -> &'static str {
    let route = response.request().app_data::<Pattern>();
    route.map_or(UNMATCHED, |route| route.0)
}

fn log<B>(asked: Option<(&App, RequestLog)>, response: &ServiceResponse<B>) {
    let Some((app, asked)) = asked else {
        return;
    };
    let extensions = response.request().extensions();
    let error = response.response().error();
    let error = error.and_then(|error| error.as_error::<Error>());
    let caller = extensions.get::<Caller>();
    // Anybody can send requests that fail: of those, only a sample is logged.
    let is_of_guest = !matches!(caller, Some(Caller::Account(_)));
    if is_of_guest
        && response.status().is_client_error()
        && !app.logs.sampling.keeps(route(response))
    {
        return;
    }
    if let Some(entry) = asked.answered(response.status(), caller, error, &app.logs.queue) {
        app.logs.queue.push(entry);
    }
}

/// Authenticates the caller and calls the route. A panic is an error, since the request has moved into the route by then.
async fn answer(
    lifecycle: &Lifecycle,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse> {
    let is_beyond = request.conn_data::<Standing>() == Some(&Standing::Beyond);
    if is_beyond && !PROBES.contains(&request.path()) {
        return Ok(request.error_response(Error::Crowded));
    }
    // Probes are answered even while the database is not.
    let is_probe = ["/livez", "/readyz"].contains(&request.path());
    let app = if is_probe {
        None
    } else {
        Some(lifecycle.started().await)
    };
    let caller = match app {
        None => Ok(Caller::Guest),
        Some(Ok(app)) => AssertUnwindSafe(authenticate(app, &request))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(panicked())),
        Some(Err(starting)) => Err(starting),
    };
    match caller {
        Ok(caller) => request.extensions_mut().insert(caller),
        Err(error) => return Ok(request.error_response(error)),
    };
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => Ok(response.map_into_boxed_body()),
        Ok(Err(error)) => Err(Error::internal(anyhow::anyhow!("{error}"))),
        Err(_) => Err(panicked()),
    }
}

fn panicked() -> Error {
    Error::internal(anyhow::anyhow!("a handler panicked"))
}

/// The headers that every response carries.
#[derive(Debug)]
struct ResponseHeaders {
    has_origin: bool,
    request_id: String,
    /// Whether the connection is closed after the response.
    closes: bool,
}

impl ResponseHeaders {
    fn apply<B>(&self, response: &mut HttpResponse<B>) {
        if self.closes {
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
        let is_framed = response.extensions().get::<Framed>().is_some();
        let headers = response.headers_mut();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "SAMEORIGIN"),
            ("x-xss-protection", "1; mode=block"),
        ] {
            if is_framed && name == "x-frame-options" {
                continue;
            }
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        // Nearly every response depends on the caller.
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            headers.insert(HeaderName::from_static("x-request-id"), value);
        }
        cors(headers, self.has_origin);
    }
}

/// The response to a request whose handler panicked.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct PanicResponse {
    error: Error,
    headers: ResponseHeaders,
}

impl ResponseError for PanicResponse {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.error.error_response();
        self.headers.apply(&mut response);
        response
    }
}

async fn authenticate(app: &App, request: &ServiceRequest) -> Result<Caller> {
    let header = request.headers().get(AUTHORIZATION);
    match header.and_then(|value| value.to_str().ok()) {
        Some(header) => accounts::authenticate(app, header).await,
        None => Ok(Caller::Guest),
    }
}

/// Allows every origin: no credentials are kept in cookies.
fn cors(headers: &mut HeaderMap, has_origin: bool) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if has_origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
}

/// Answers a CORS preflight request.
fn preflight(headers: &mut HeaderMap, wanted_headers: Option<HeaderValue>) {
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
    if let Some(wanted) = wanted_headers {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::CONTENT_TYPE;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service, try_call_service};
    use actix_web::web;

    use super::*;
    use crate::config::Config;

    async fn broken() -> HttpResponse {
        panic!("on purpose")
    }

    /// A panic is answered with an ordinary 500 and counted; the next request is answered.
    #[test]
    fn n44_a_handler_that_panics_is_a_500_and_a_metric() {
        actix_web::rt::System::new().block_on(panics_are_answered());
    }

    async fn panics_are_answered() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            dir: dir.path().to_owned(),
            ..Config::default()
        };
        let app = App::build(&config).await.unwrap();
        app.metrics.count_panics();
        let lifecycle = Lifecycle::default();
        lifecycle.serve(app.clone());
        let service = actix_web::App::new()
            .app_data(lifecycle)
            .wrap(from_fn(handle))
            .route("/broken", web::get().to(broken))
            .route("/whole", web::get().to(HttpResponse::Ok));
        let service = init_service(service).await;
        let request = |path| {
            TestRequest::get()
                .uri(path)
                .insert_header((ORIGIN, "http://a"))
        };
        for n in 1..=2 {
            let outcome = try_call_service(&service, request("/broken").to_request()).await;
            let response = outcome.err().expect("a panic").error_response();
            assert_eq!(response.status(), 500);
            let headers = response.headers();
            for name in ["x-request-id", "x-content-type-options", "vary"] {
                assert!(headers.contains_key(name), "{name}");
            }
            assert_eq!(headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "*");
            assert_eq!(headers.get(CONTENT_TYPE).unwrap(), "application/json");
            let body = actix_web::body::to_bytes(response.into_body()).await;
            let body = String::from_utf8(body.unwrap_or_default().to_vec()).unwrap();
            assert!(body.contains("Something went wrong"), "{body}");
            assert!(!body.contains("on purpose"), "{body}");
            assert!(app.metrics.panics.get() >= n);
            let counted = ["panicked", "GET", "500"];
            assert_eq!(app.metrics.requests.with_label_values(&counted).get(), n);
            assert_eq!(app.metrics.in_flight.get(), 0);
        }
        let whole = try_call_service(&service, request("/whole").to_request()).await;
        assert_eq!(whole.unwrap().status(), 200);
    }
}
