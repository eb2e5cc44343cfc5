//! Sends a request and reads the answer.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::error::problem;
use super::{Client, Error, Result};

/// The body of a request that has none.
pub(super) const NO_BODY: Option<&()> = None;

/// The URL of a server, checked.
pub(super) fn base(text: &str) -> Result<Url> {
    let invalid = |why: &str| Error::Request(format!("{text:?} is not the URL of a server: {why}"));
    let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("it does not begin with http:// or https://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("it has a query or a fragment"));
    }
    Ok(url)
}

/// An HTTP client with timeouts and the system's certificates.
#[cfg(not(target_family = "wasm"))]
pub(super) fn client(base: &Url) -> Result<reqwest::Client> {
    use std::time::Duration;

    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only if another thread was faster, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let builder = || {
        reqwest::Client::builder()
            .user_agent(concat!("plinth-sdk/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
    };
    match builder().build() {
        Ok(client) => Ok(client),
        // A machine without any certificates, such as a small container, can still speak HTTP.
        Err(_) if base.scheme() == "http" => Ok(builder().tls_certs_only([]).build()?),
        Err(error) => Err(error.into()),
    }
}

/// The browser's `fetch`, which has its own timeouts and certificates.
#[cfg(target_family = "wasm")]
pub(super) fn client(_: &Url) -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().build()?)
}

impl Client {
    /// The URL of a path below the server's.
    ///
    /// Names and ids are encoded. Those that a path would swallow are refused: `DELETE` of the
    /// record `..` must not become `DELETE` of something else.
    pub(super) fn at(&self, segments: &[&str]) -> Result<Url> {
        let mut url = self.inner.base.clone();
        for segment in segments {
            if matches!(*segment, "" | "." | "..") || segment.contains(char::is_control) {
                return Err(Error::Request(format!("{segment:?} is not a name or id")));
            }
        }
        url.path_segments_mut()
            .map_err(|()| Error::Request("the URL has no path".to_owned()))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }

    /// Sends a request whose answer is a `T`.
    pub(super) async fn call<B, T>(&self, method: Method, url: Url, body: Option<&B>) -> Result<T>
    where
        B: Serialize + ?Sized,
        T: DeserializeOwned,
    {
        let answer = self.execute(method, url, body).await?;
        serde_json::from_slice(&answer).map_err(Error::Decode)
    }

    /// Sends a request whose answer is empty.
    pub(super) async fn tell<B>(&self, method: Method, url: Url, body: Option<&B>) -> Result<()>
    where
        B: Serialize + ?Sized,
    {
        self.execute(method, url, body).await.map(drop)
    }

    async fn execute<B>(&self, method: Method, url: Url, body: Option<&B>) -> Result<Vec<u8>>
    where
        B: Serialize + ?Sized,
    {
        let body = body
            .map(serde_json::to_vec)
            .transpose()
            .map_err(|error| Error::Request(format!("the body is not JSON: {error}")))?;
        let body = body.map(|body| ("application/json".to_owned(), body));
        self.send(method, url, body).await
    }

    /// Sends a body of a type, and reads the answer.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<(String, Vec<u8>)>,
    ) -> Result<Vec<u8>> {
        let mut request = self.inner.http.request(method, url);
        if let Some(token) = self.token() {
            let mut token = HeaderValue::try_from(token)
                .map_err(|_| Error::Request("the token is not a token".to_owned()))?;
            token.set_sensitive(true);
            request = request.header(AUTHORIZATION, token);
        }
        if let Some((kind, body)) = body {
            request = request.header(CONTENT_TYPE, kind).body(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let answer = response.bytes().await?;
        if status.is_success() {
            Ok(answer.into())
        } else {
            Err(Error::Problem(problem(status, &answer)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(base: &str, segments: &[&str]) -> String {
        let client = Client::new(base).expect("a good URL");
        client.at(segments).expect("good segments").to_string()
    }

    #[test]
    fn a_server_may_be_below_a_path() {
        let health = ["api", "health"];
        assert_eq!(path("http://h:1", &health), "http://h:1/api/health");
        assert_eq!(path("http://h:1/", &health), "http://h:1/api/health");
        assert_eq!(path("https://h/a/b", &health), "https://h/a/b/api/health");
        assert_eq!(path("https://h/a/b/", &health), "https://h/a/b/api/health");
    }

    #[test]
    fn urls_that_are_no_servers_are_refused() {
        for url in [
            "",
            "h:8090",
            "127.0.0.1:8090",
            "ftp://h",
            "http://h?a=1",
            "http://h#a",
        ] {
            assert!(matches!(Client::new(url), Err(Error::Request(_))), "{url}");
        }
    }

    #[test]
    fn an_id_is_one_segment() {
        assert_eq!(
            path("http://h", &["a", "b/c?d#e f"]),
            "http://h/a/b%2Fc%3Fd%23e%20f"
        );
        assert_eq!(path("http://h", &["a", "%2e%2e"]), "http://h/a/%252e%252e");
        let client = Client::new("http://h").expect("a good URL");
        for id in ["", ".", "..", ".\t.", "a\nb"] {
            assert!(
                matches!(client.at(&["a", id]), Err(Error::Request(_))),
                "{id:?}"
            );
        }
    }

    #[test]
    fn clones_share_the_token_and_nobody_prints_it() {
        let client = Client::new("http://h").expect("a good URL");
        client.clone().set_token("secret");
        assert_eq!(client.token().as_deref(), Some("secret"));
        assert!(!format!("{client:?}").contains("secret"));
        client.clone().sign_out();
        assert_eq!(client.token(), None);
    }
}
