//! Requests of Plinth's console, besides those about collections and records.

use reqwest::Method;

use super::{Client, Record, Result, http};
use crate::types::{Areas, AuthResult, FirstSuperuser, Setup};

impl Client {
    /// Asks whether the server still waits for its first superuser.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error).
    pub async fn setup_needed(&self) -> Result<bool> {
        let url = self.at(&["api", "setup"])?;
        let setup: Setup = self.call(Method::GET, url, http::NO_BODY).await?;
        Ok(setup.needed)
    }

    /// Creates the first superuser, and signs in as it. The token is the one that the server
    /// printed when it started.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if the token is
    /// wrong, if a value is not valid, or if there is a superuser already.
    pub async fn setup(
        &self,
        token: impl Into<String>,
        email: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<AuthResult<Record>> {
        let body = FirstSuperuser {
            token: token.into(),
            email: email.into(),
            password: password.into(),
        };
        let url = self.at(&["api", "setup"])?;
        let result: AuthResult<Record> = self.call(Method::POST, url, Some(&body)).await?;
        self.set_token(&result.token);
        Ok(result)
    }

    /// Asks which areas of the console whoever is signed in may see.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error).
    pub async fn console_areas(&self) -> Result<Vec<String>> {
        let url = self.at(&["api", "policy", "areas"])?;
        let areas: Areas = self.call(Method::GET, url, http::NO_BODY).await?;
        Ok(areas.areas)
    }
}
