//! Who may do what, and why.

use reqwest::Method;

use super::{Client, Result, http};
use crate::types::{Areas, PolicyAnswer, PolicyQuestion};

/// Who may do what, and why. From [`Client::policy`].
///
/// Roles, permissions and members themselves are records: see [`names`](crate::types::names).
#[derive(Clone, Debug)]
#[must_use]
pub struct Policy {
    client: Client,
}

impl Policy {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Asks whether somebody may do something, and what decides it. Superusers only.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if the question names what does
    /// not exist.
    pub async fn check(&self, question: &PolicyQuestion) -> Result<PolicyAnswer> {
        let url = self.client.at(&["api", "policy", "check"])?;
        self.client.call(Method::POST, url, Some(question)).await
    }

    /// The areas of the console that the signed-in account sees.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 401 when nobody is signed in.
    pub async fn areas(&self) -> Result<Areas> {
        let url = self.client.at(&["api", "policy", "areas"])?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }
}
