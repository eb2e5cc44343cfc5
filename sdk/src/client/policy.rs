//! Checks of the policy: who may do what, and why.

use reqwest::Method;

use super::{Client, Result};
use crate::types::{AssertionResults, Assertions, PolicyAnswer, PolicyQuestion};

/// Checks of the policy: who may do what, and why. From [`Client::policy`].
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

    /// Checks assertions about who may do what, one a line. Superusers only.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if a line cannot be read, or names what
    /// does not exist.
    pub async fn assert(&self, assertions: &str) -> Result<AssertionResults> {
        let url = self.client.at(&["api", "policy", "assertions"])?;
        let asked = Assertions {
            assertions: assertions.to_owned(),
        };
        self.client.call(Method::POST, url, Some(&asked)).await
    }
}
