//! Jobs of kind `http`, which send a request to another server.

use std::str::FromStr;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value as Json};
use url::Url;

use super::Outcome;
use super::payload::Payload;
use super::store::MAX_OUTPUT;
use crate::outbound::{Outbound, causes, parse_url};
use crate::problems::sentence;

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
/// The most bytes of a URL.
const MAX_URL: usize = 2000;
/// The most headers, and the most bytes of one.
const MAX_HEADERS: usize = 50;
const MAX_HEADER: usize = 8 << 10;
/// The most bytes of a body.
const MAX_BODY: usize = 256 << 10;
/// Headers that the server sets itself, since they are about the connection.
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A request to send.
pub(super) struct Call {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: String,
}

impl Call {
    /// Reads `{url, method, headers, body}`.
    pub(super) fn parse(payload: &Map<String, Json>) -> Result<Self, String> {
        let payload = Payload::new(payload, &["url", "method", "headers", "body"])?;
        let url = parse_url(payload.required("url", MAX_URL)?);
        let method = match payload.text("method", 20)?.to_ascii_uppercase().as_str() {
            "" => Method::GET,
            method if METHODS.contains(&method) => Method::from_str(method).unwrap_or_default(),
            _ => return Err(format!("method: Must be one of {}.", METHODS.join(", "))),
        };
        Ok(Self {
            url: url.map_err(|message| format!("url: {message}"))?,
            method,
            headers: headers(&payload.texts("headers")?)?,
            body: payload.text("body", MAX_BODY)?.to_owned(),
        })
    }

    /// Sends the request, and returns the beginning of the response. A large one is not read to its end.
    pub(super) async fn run(self, outbound: &Outbound) -> Outcome {
        let client = outbound.client(&self.url).await?;
        let mut request = client.request(self.method, self.url).headers(self.headers);
        if !self.body.is_empty() {
            request = request.body(self.body);
        }
        let mut response = request.send().await.map_err(|error| {
            sentence(&format!(
                "The request failed: {}",
                causes(&error.without_url())
            ))
        })?;
        let status = response.status();
        let mut body = Vec::new();
        // Reading more than is stored shows that there is more.
        while body.len() <= MAX_OUTPUT {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    let error = causes(&error.without_url());
                    let why = format!("{status}\n\nThe response was cut off: {error}");
                    return Err(sentence(&why));
                }
            }
        }
        let output = format!("{status}\n\n{}", String::from_utf8_lossy(&body));
        if status.is_success() {
            Ok(output)
        } else {
            Err(output)
        }
    }
}

fn headers(given: &[(&str, &str)]) -> Result<HeaderMap, String> {
    if given.len() > MAX_HEADERS {
        return Err(format!("headers: There can be {MAX_HEADERS} at most."));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let shown: String = name.chars().take(50).collect();
        let wrong = |what: &str| format!("headers: {shown:?} {what}.");
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(wrong("is set by the server"));
        }
        if value.len() > MAX_HEADER {
            return Err(wrong("is too long"));
        }
        let key = HeaderName::from_str(name).map_err(|_| wrong("is not a header's name"))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| wrong("has a value that no header can have"))?;
        headers.insert(key, value);
    }
    Ok(headers)
}
