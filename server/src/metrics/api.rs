//! `/metrics`, `/api/metrics/overview`

use std::hint::black_box;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse};
use plinth_sdk::types::Overview;

use super::minutes;
use crate::app::App;
use crate::error::{Error, Result};
use crate::extract::{Answer, MetricsRead, Operator, Query};
use crate::health::Lifecycle;
use crate::openapi::{BadRequest, NotFound, OverviewParams, Selection, Unauthorized, tags};
use crate::problems::MINUTES;

/// Read the metrics in Prometheus' text format.
///
/// Takes the value of the setting `metrics_token` as a bearer token; without that setting, the route does not exist.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = tags::STATUS,
    responses((status = 200, body = String, content_type = "text/plain"), Unauthorized, NotFound)
)]
pub async fn with_token(app: App, http: HttpRequest) -> Result<HttpResponse> {
    if app.config.metrics_token.is_empty() {
        return Err(Error::NotFound("File not found."));
    }
    let header = http.headers().get(AUTHORIZATION);
    let given = header
        .and_then(|header| header.as_bytes().split_at_checked(7))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "))
        .map_or(&[][..], |(_, token)| token);
    if !is_same(given, app.config.metrics_token.as_bytes()) {
        return Err(Error::Unauthenticated);
    }
    text(&app, &http).await
}

/// Returns the metrics for Prometheus, to everybody who can reach the address.
pub async fn without_token(app: App, http: HttpRequest) -> Result<HttpResponse> {
    text(&app, &http).await
}

async fn text(app: &App, http: &HttpRequest) -> Result<HttpResponse> {
    let text = app.metrics.text(app, Lifecycle::of(http)?).await;
    let text = text.map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text))
}

/// Compares tokens in constant time for each length.
fn is_same(given: &[u8], expected: &[u8]) -> bool {
    let pairs = given.iter().zip(expected);
    let differs = pairs.fold(0, |differs, (a, b)| black_box(differs | (a ^ b)));
    given.len() == expected.len() && differs == 0
}

/// Count requests per minute.
///
/// Includes the requests to all servers of the database, with a delay of at most ten seconds.
#[utoipa::path(
    get, path = "/api/metrics/overview", operation_id = "metrics_overview", tag = tags::STATUS,
    params(OverviewParams, Selection), responses((status = 200, body = Overview), BadRequest)
)]
pub async fn overview(_: Operator<MetricsRead>, app: App, query: Query) -> Result<Answer> {
    let given = query.get("minutes").map_or("60", String::as_str);
    let minutes = given
        .parse()
        .ok()
        .filter(|minutes| (1..=minutes::KEPT).contains(minutes))
        .ok_or_else(|| Error::field("The query is not valid.", "minutes", MINUTES.problem()))?;
    let overview = Overview {
        minutes: minutes::last(&app, minutes).await?,
    };
    Ok(Answer::picked(&overview, &query))
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn tokens_are_the_same_or_not() {
        assert!(is_same(b"secret", b"secret"));
        for wrong in ["", "s", "secre", "secrets", "Secret", "secreT"] {
            assert!(!is_same(wrong.as_bytes(), b"secret"), "{wrong}");
        }
    }
}
