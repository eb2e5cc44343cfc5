//! Exchanges the code of a sign-in for the tokens of the service.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};
use url::form_urlencoded;

use super::Token;
use super::call::{Call, Fetched};
use super::discovery::Endpoints;
use super::settings::Service;
use crate::app::App;
use crate::clock::Timestamp;

/// The code that the client has brought from the service.
pub(crate) struct Brought<'a> {
    /// The code.
    pub(crate) code: &'a str,
    /// The code verifier; empty without PKCE.
    pub(crate) verifier: &'a str,
    /// The URL that the service has redirected to.
    pub(crate) redirect_url: &'a str,
}

/// How the server authenticates with a service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Header,
    Body,
}

/// Exchanges a code. The client's secret is sent in the header first, as the standard prefers, and in the body if the service
/// refuses that.
pub(crate) async fn exchange(
    app: &App,
    service: &Service,
    endpoints: &Endpoints,
    brought: &Brought<'_>,
) -> Result<Token, String> {
    let client = (endpoints.token_url.clone(), service.client_id.clone());
    let now = app.clock.now();
    if !app.oauth2.sends_in_body(&client) {
        let answer = ask(app, service, endpoints, brought, Style::Header).await?;
        if let Ok(token) = read(&answer, now) {
            return Ok(token);
        }
    }
    let answer = ask(app, service, endpoints, brought, Style::Body).await?;
    let token = read(&answer, now)?;
    app.oauth2.remember_in_body(client);
    Ok(token)
}

async fn ask(
    app: &App,
    service: &Service,
    endpoints: &Endpoints,
    brought: &Brought<'_>,
    style: Style,
) -> Result<Fetched, String> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code");
    form.append_pair("code", brought.code);
    form.append_pair("redirect_uri", brought.redirect_url);
    if service.pkce {
        form.append_pair("code_verifier", brought.verifier);
    }
    if style == Style::Body {
        form.append_pair("client_id", &service.client_id);
        form.append_pair("client_secret", &service.client_secret);
    }
    let content_type = "application/x-www-form-urlencoded";
    let mut call = Call::post(&endpoints.token_url, content_type, form.finish());
    if style == Style::Header {
        let encoded =
            |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let pair = format!(
            "{}:{}",
            encoded(&service.client_id),
            encoded(&service.client_secret)
        );
        call = call.header("authorization", &format!("Basic {}", STANDARD.encode(pair)))?;
    }
    call.send(&app.outbound).await
}

fn read(answer: &Fetched, now: Timestamp) -> Result<Token, String> {
    let object: Map<String, Json> = answer.object()?;
    let text = |key: &str| {
        let value = object.get(key).and_then(Json::as_str);
        value.unwrap_or_default().to_owned()
    };
    let access = text("access_token");
    if access.is_empty() {
        return Err(format!("no access token: {}", answer.refusal()));
    }
    let seconds = match object.get("expires_in") {
        Some(Json::Number(seconds)) => seconds.as_i64(),
        Some(Json::String(seconds)) => seconds.parse().ok(),
        _ => None,
    };
    let seconds = seconds.filter(|seconds| *seconds > 0);
    let expires = seconds.map(|seconds| Timestamp::from_unix(now.unix().saturating_add(seconds)));
    Ok(Token {
        access,
        refresh: text("refresh_token"),
        expires,
        id: text("id_token"),
        answer: Json::Object(object),
    })
}
