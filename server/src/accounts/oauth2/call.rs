//! Calls of services: within limits of time and size, and never into the internal network.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use tokio::time::timeout;
use url::form_urlencoded;

use crate::outbound::{Outbound, causes, parse_url};

/// The maximum size of an answer.
const MAX_ANSWER: usize = 1 << 20;
/// The maximum time of one call.
const MAX_TIME: Duration = Duration::from_secs(20);

/// A request to a service.
pub(super) struct Call {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: String,
}

/// An answer of a service.
pub(super) struct Fetched {
    pub(super) status: StatusCode,
    is_form: bool,
    body: Vec<u8>,
}

impl Call {
    /// Makes a `GET`.
    pub(super) fn get(url: &str) -> Self {
        Self {
            method: Method::GET,
            url: url.to_owned(),
            headers: HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]),
            body: String::new(),
        }
    }

    /// Makes a `POST` with a body.
    pub(super) fn post(url: &str, content_type: &'static str, body: String) -> Self {
        let mut call = Self::get(url);
        call.method = Method::POST;
        call.body = body;
        let content_type = HeaderValue::from_static(content_type);
        call.headers.insert(CONTENT_TYPE, content_type);
        call
    }

    /// Adds a header. It is marked as sensitive, since most are secrets.
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Result<Self, String> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the header {name} cannot have this value"))?;
        value.set_sensitive(true);
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// Sends the request.
    pub(super) async fn send(self, outbound: &Outbound) -> Result<Fetched, String> {
        let answer = timeout(MAX_TIME, self.send_patiently(outbound)).await;
        answer.unwrap_or_else(|_| Err("the service does not answer in time".to_owned()))
    }

    async fn send_patiently(self, outbound: &Outbound) -> Result<Fetched, String> {
        let url = parse_url(&self.url).map_err(|why| format!("the URL of the service: {why}"))?;
        let client = outbound.client(&url).await?;
        let mut request = client.request(self.method, url).headers(self.headers);
        if !self.body.is_empty() {
            request = request.body(self.body);
        }
        let failed = |error: reqwest::Error| causes(&error.without_url());
        let mut response = request.send().await.map_err(failed)?;
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default();
        let is_form = content_type.starts_with("application/x-www-form-urlencoded")
            || content_type.starts_with("text/plain");
        let status = response.status();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > MAX_ANSWER {
                return Err("the answer is larger than 1 MiB".to_owned());
            }
            body.extend_from_slice(&piece);
        }
        Ok(Fetched {
            status,
            is_form,
            body,
        })
    }
}

impl Fetched {
    /// Returns the answer if it is a success with JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        if !self.status.is_success() {
            return Err(self.refusal());
        }
        serde_json::from_slice(&self.body).map_err(|_| "the answer cannot be read".to_owned())
    }

    /// Returns the answer if it is a success with a JSON object or a form.
    pub(super) fn object(&self) -> Result<Map<String, Json>, String> {
        match self.json() {
            Err(_) if self.status.is_success() && self.is_form => {
                let pairs = form_urlencoded::parse(&self.body);
                Ok(pairs
                    .map(|(name, value)| (name.into_owned(), Json::from(value)))
                    .collect())
            }
            answer => answer,
        }
    }

    /// Describes an answer that is not what was expected, for the log: by its status and what OAuth2 says about errors.
    pub(super) fn refusal(&self) -> String {
        let answer: Json = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |key: &str| {
            let text = answer[key].as_str().unwrap_or_default();
            text.chars().take(200).collect::<String>()
        };
        let text = format!(
            "{} {} {}",
            self.status,
            text("error"),
            text("error_description")
        );
        text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(is_form: bool, body: &str) -> Fetched {
        Fetched {
            status: StatusCode::OK,
            is_form,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn answers_are_json_or_forms() {
        let json = fetched(false, r#"{"a":"b"}"#).object();
        let form = fetched(true, "a=b").object();
        assert_eq!(json.unwrap()["a"], "b");
        assert_eq!(form.unwrap()["a"], "b");
        assert!(fetched(false, "a=b").object().is_err());
        assert!(fetched(false, "[]").object().is_err());
    }
}
