//! Settings that superusers change while the server runs.

use reqwest::Method;
use serde::Serialize;

use super::{Client, Result, http};
use crate::types::{AppleSecret, AppleSecretRequest, Settings, TestMail};

/// Settings that superusers change while the server runs. From [`Client::settings`].
///
/// Only superusers have access. For everyone else, each method fails with 401 or 403.
#[derive(Clone, Debug)]
#[must_use]
pub struct ServerSettings {
    client: Client,
}

impl ServerSettings {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Fetches the current settings.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error).
    pub async fn get(&self) -> Result<Settings> {
        let url = self.client.at(&["api", "settings"])?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }

    /// Changes what `change` names, such as `json!({"batch": {"enabled": true}})`; the rest stays.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) for what cannot be set.
    pub async fn update(&self, change: &(impl Serialize + ?Sized)) -> Result<Settings> {
        let url = self.client.at(&["api", "settings"])?;
        self.client.call(Method::PATCH, url, Some(change)).await
    }

    /// Makes a client secret for sign-ins with Apple. The private key is not stored.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) for what is not valid.
    pub async fn apple_secret(&self, request: &AppleSecretRequest) -> Result<AppleSecret> {
        let path = ["api", "settings", "apple", "generate-client-secret"];
        let url = self.client.at(&path)?;
        self.client.call(Method::POST, url, Some(request)).await
    }

    /// Sends a mail, to see whether it arrives.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with the mail server's words when it does not take it.
    pub async fn test_mail(&self, mail: &TestMail) -> Result<()> {
        let url = self.client.at(&["api", "settings", "test", "email"])?;
        self.client.tell(Method::POST, url, Some(mail)).await
    }
}
