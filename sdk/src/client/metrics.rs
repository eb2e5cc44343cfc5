//! Metrics of a server.

use reqwest::Method;

use super::{Client, Result, http};
use crate::types::Overview;

/// Metrics of a server, by the minute. From [`Client::metrics`].
///
/// Only superusers have access, and operators with the area `metrics:read`. For everyone else, each
/// method fails with 401 or 403.
#[derive(Clone, Debug)]
#[must_use]
pub struct Metrics {
    client: Client,
}

impl Metrics {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The requests of the last minutes, up to 1440, at all servers of one database: the oldest
    /// minute first, the present one last.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 if it is no number of minutes that the server keeps.
    pub async fn overview(&self, minutes: u32) -> Result<Overview> {
        let mut url = self.client.at(&["api", "metrics", "overview"])?;
        url.query_pairs_mut()
            .append_pair("minutes", &minutes.to_string());
        self.client.call(Method::GET, url, http::NO_BODY).await
    }
}
