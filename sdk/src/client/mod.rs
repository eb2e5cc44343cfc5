//! The async client. `http.rs` sends; everything else says what to send.

mod collections;
mod console;
mod delays;
mod error;
mod files;
mod filter;
mod http;
mod jobs;
mod list;
mod literal;
mod logs;
mod metrics;
mod policy;
mod record;
mod records;
mod settings;
mod subscribe;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::types::{Batch, BatchResult};

pub use self::collections::Collections;
pub use self::delays::Delays;
pub use self::error::{Error, Result};
pub use self::files::Upload;
pub use self::filter::{Filter, check_template};
pub use self::jobs::Jobs;
pub use self::list::List;
pub use self::literal::{Literal, ToLiteral};
pub use self::logs::Logs;
pub use self::metrics::Metrics;
pub use self::policy::Policy;
pub use self::record::Record;
pub use self::records::Records;
pub use self::settings::ServerSettings;
pub use self::subscribe::Event;

/// One server, and who is signed in there.
///
/// Cloning is cheap, and clones share the connections and the sign-in: signing in on one signs in
/// all of them. For two accounts at once, make two clients with [`Client::new`].
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    base: Url,
    token: RwLock<Option<String>>,
}

/// The answer of a server that is up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Health {
    /// One sentence for a person.
    pub message: String,
    /// The HTTP status.
    pub code: u16,
}

impl Client {
    /// A client of the server at this URL, signed in as nobody.
    ///
    /// The URL is the one that `/api` is under, such as `http://127.0.0.1:8090`. Nothing is sent
    /// yet. The first client of a native program makes ring the process's default provider of
    /// cryptography for rustls, unless there is one already.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the URL is not an absolute `http` or `https` URL, or if it is an
    /// `https` one and the system has no certificates to trust.
    ///
    /// ```
    /// use plinth_sdk::Client;
    ///
    /// assert!(Client::new("http://127.0.0.1:8090").is_ok());
    /// assert!(Client::new("127.0.0.1:8090").is_err());
    /// ```
    pub fn new(url: impl AsRef<str>) -> Result<Self> {
        let base = http::base(url.as_ref())?;
        Ok(Self::build(http::client(&base)?, base))
    }

    /// Like [`Client::new`], with an HTTP client of one's own: other timeouts, a proxy, more
    /// certificates.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the URL is not an absolute `http` or `https` URL.
    pub fn with_http(url: impl AsRef<str>, http: reqwest::Client) -> Result<Self> {
        Ok(Self::build(http, http::base(url.as_ref())?))
    }

    fn build(http: reqwest::Client, base: Url) -> Self {
        let token = RwLock::new(None);
        Self {
            inner: Arc::new(Inner { http, base, token }),
        }
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        self.inner.base.as_str()
    }

    /// Asks whether the server is up.
    ///
    /// # Errors
    ///
    /// [`Error::Transport`] if it does not answer, any other [`Error`] if it does not answer well.
    pub async fn health(&self) -> Result<Health> {
        let url = self.at(&["api", "health"])?;
        self.call(Method::GET, url, http::NO_BODY).await
    }

    /// The records of a collection, given by its name or id, as `T`.
    ///
    /// `T` may leave out fields that it does not need. [`Record`] and [`serde_json::Value`] read
    /// the records of any collection.
    pub fn collection<T: DeserializeOwned>(&self, name: impl Into<String>) -> Records<T> {
        Records::new(self.clone(), name.into())
    }

    /// The definitions of collections. Only superusers have access.
    pub fn collections(&self) -> Collections {
        Collections::new(self.clone())
    }

    /// Returns the metrics of the server. Only superusers and operators have access.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(self.clone())
    }

    /// Returns the log of the server. Only superusers and operators have access.
    pub fn logs(&self) -> Logs {
        Logs::new(self.clone())
    }

    /// Returns the delays after failed attempts to sign in. Only superusers have access.
    pub fn delays(&self) -> Delays {
        Delays::new(self.clone())
    }

    /// Returns the policy: checks of who may do what, with the reason.
    pub fn policy(&self) -> Policy {
        Policy::new(self.clone())
    }

    /// Returns the scheduled jobs. Only superusers have access.
    pub fn jobs(&self) -> Jobs {
        Jobs::new(self.clone())
    }

    /// Returns the settings that superusers change while the server runs.
    pub fn settings(&self) -> ServerSettings {
        ServerSettings::new(self.clone())
    }

    /// Makes several changes of records, in their order: all of them, or none. Superusers allow it first:
    /// [`Client::settings`], `batch.enabled`.
    ///
    /// ```no_run
    /// use plinth_sdk::Client;
    /// use plinth_sdk::types::{Batch, BatchRequest};
    /// use serde_json::json;
    ///
    /// # async fn example(client: Client) -> plinth_sdk::Result<()> {
    /// let request = |method: &str, body: serde_json::Value| BatchRequest {
    ///     method: method.to_owned(),
    ///     url: "/api/collections/posts/records".to_owned(),
    ///     body: body.as_object().cloned().unwrap_or_default(),
    ///     ..BatchRequest::default()
    /// };
    /// let requests = vec![
    ///     request("POST", json!({"title": "new"})),
    ///     request("PUT", json!({"id": "a00000000000000", "title": "there or not"})),
    /// ];
    /// let results = client.batch(&Batch { requests }).await?;
    /// assert_eq!(results[0].status, 200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Any [`Error`]; 400 with what is wrong at `requests.N` when one of them fails.
    pub async fn batch(&self, batch: &Batch) -> Result<Vec<BatchResult>> {
        let url = self.at(&["api", "batch"])?;
        self.call(Method::POST, url, Some(batch)).await
    }

    /// The token that is sent with every request; `None` when nobody is signed in.
    ///
    /// Together with [`Client::set_token`] it carries a sign-in over a restart.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        let token = self.inner.token.read();
        token.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Signs in, on all clones, with a token from elsewhere.
    ///
    /// The token is not checked: the server treats an invalid or expired one like none.
    /// [`Records::auth_refresh`] tells whether it is good.
    pub fn set_token(&self, token: impl Into<String>) {
        self.replace_token(Some(token.into()));
    }

    /// Forgets the token, on all clones.
    ///
    /// The token itself stays valid until it expires.
    pub fn sign_out(&self) {
        self.replace_token(None);
    }

    fn replace_token(&self, token: Option<String>) {
        let current = self.inner.token.write();
        *current.unwrap_or_else(PoisonError::into_inner) = token;
    }
}

impl fmt::Debug for Client {
    /// Shows whether somebody is signed in, never the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url())
            .field("signed_in", &self.token().is_some())
            .finish_non_exhaustive()
    }
}
