//! The log of a server.

use reqwest::Method;

use super::{Client, Filter, List, Result, http};
use crate::types::{Log, LogHour};

/// The log of a server: its requests, and its own messages. From [`Client::logs`].
///
/// Only superusers have access, and operators with the area `logs:read`. For everyone else, each
/// method fails with 401 or 403.
///
/// ```no_run
/// use plinth_sdk::{Client, filter};
///
/// # async fn example(client: Client) -> plinth_sdk::Result<()> {
/// let failed = client.logs().list().filter(filter!("data.status >= {}", 500)).sort("-created");
/// for log in failed.send().await?.items {
///     println!("{} {}", log.created, log.message);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Logs {
    client: Client,
}

impl Logs {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// A list of the entries: say which, then ask for it.
    pub fn list(&self) -> List<Log> {
        List::new(self.client.clone(), &["api", "logs"])
    }

    /// Fetches an entry.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such entry.
    pub async fn get(&self, id: &str) -> Result<Log> {
        let url = self.client.at(&["api", "logs", id])?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }

    /// How many entries that pass the filter there are of each hour that has some, the oldest
    /// first.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if the filter is not valid.
    pub async fn stats(&self, filter: impl Into<Filter>) -> Result<Vec<LogHour>> {
        let mut url = self.client.at(&["api", "logs", "stats"])?;
        let filter = filter.into();
        if !filter.as_str().is_empty() {
            url.query_pairs_mut().append_pair("filter", filter.as_str());
        }
        self.client.call(Method::GET, url, http::NO_BODY).await
    }
}
