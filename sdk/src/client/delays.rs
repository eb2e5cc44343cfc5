//! Delays after failed sign-ins.

use reqwest::Method;

use super::{Client, Result, http};
use crate::types::SignInDelay;

/// Who has to wait after failed attempts to sign in. From [`Client::delays`].
///
/// Only superusers have access. For everyone else, each method fails with 401 or 403.
#[derive(Clone, Debug)]
#[must_use]
pub struct Delays {
    client: Client,
}

impl Delays {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Lists the delays, the latest failure first; 500 at most.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error).
    pub async fn list(&self) -> Result<Vec<SignInDelay>> {
        let url = self.client.at(&["api", "accounts", "delays"])?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }

    /// Lifts a delay: forgets the failures that it comes from.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such delay.
    pub async fn lift(&self, id: &str) -> Result<()> {
        let url = self.client.at(&["api", "accounts", "delays", id])?;
        self.client.tell(Method::DELETE, url, http::NO_BODY).await
    }
}
