//! A service as a definition configures it.

use plinth_sdk::types::{AuthOptions, OAuth2Provider};
use serde_json::Value as Json;

use crate::secret::Secret;
use crate::system::providers::{self, Provider, Source};

/// A service of a collection.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) provider: &'static Provider,
    pub(crate) display_name: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    /// The URLs; empty if they are to be discovered.
    pub(crate) auth_url: String,
    pub(crate) token_url: String,
    pub(crate) user_url: String,
    pub(crate) pkce: bool,
    /// The issuer whose configuration is discovered; empty if there is none.
    pub(crate) issuer: String,
    /// The issuers that ID tokens may have; empty if they are not known.
    pub(crate) issuers: Vec<String>,
    /// The URL of the keys that sign ID tokens; empty if it is not known.
    pub(crate) jwks_url: String,
    /// The claim of Microsoft's ID token that has the address; empty for none.
    pub(crate) email_claim: String,
}

const APPLE_ISSUER: &str = "https://appleid.apple.com";
const APPLE_KEYS: &str = "https://appleid.apple.com/auth/keys";

impl Service {
    /// Reads a service of a definition; `None` if there is no such service.
    pub(crate) fn read(configured: &OAuth2Provider) -> Option<Self> {
        let provider = providers::find(&configured.name)?;
        let own = |given: &str, default: &str| {
            let text = if given.is_empty() { default } else { given };
            text.to_owned()
        };
        let extra = |key: &str| configured.extra.as_ref()?.get(key);
        let text = |key: &str| {
            let text = extra(key).and_then(Json::as_str);
            text.unwrap_or_default().to_owned()
        };
        let issuers = extra("issuers").and_then(Json::as_array);
        let issuers = issuers.into_iter().flatten().filter_map(Json::as_str);
        let mut service = Self {
            provider,
            display_name: own(&configured.display_name, provider.display_name),
            client_id: configured.client_id.clone(),
            client_secret: configured.client_secret.as_str().into(),
            auth_url: own(&configured.auth_url, provider.auth_url),
            token_url: own(&configured.token_url, provider.token_url),
            user_url: own(&configured.user_info_url, provider.user_url),
            pkce: configured.pkce.unwrap_or(provider.pkce),
            issuer: text("issuer"),
            issuers: issuers.map(str::to_owned).collect(),
            jwks_url: text("jwksURL"),
            email_claim: text("idTokenEmailClaim"),
        };
        if provider.name == "apple" {
            if service.issuers.is_empty() {
                service.issuers.push(APPLE_ISSUER.to_owned());
            }
            if service.jwks_url.is_empty() {
                APPLE_KEYS.clone_into(&mut service.jwks_url);
            }
        }
        Some(service)
    }

    /// Finds a service of a collection by its name.
    pub(crate) fn find(auth: &AuthOptions, name: &str) -> Option<Self> {
        let mut configured = auth.oauth2.providers.iter();
        let same = configured.find(|one| one.name == name);
        same.and_then(Self::read)
    }

    /// Returns the URL that the service is told apart from others by.
    pub(crate) fn url(&self) -> &str {
        if self.token_url.is_empty() {
            &self.issuer
        } else {
            &self.token_url
        }
    }

    /// Whether the sign-in has a nonce. It is derived from the code verifier, so there is none without PKCE.
    pub(crate) fn has_nonce(&self) -> bool {
        self.pkce && self.has_id_token()
    }

    /// Whether an ID token says who the user is.
    pub(crate) fn has_id_token(&self) -> bool {
        self.provider.source == Source::IdToken
    }

    /// Returns the scopes to ask for.
    pub(crate) fn scope(&self) -> String {
        let scope = self.provider.scope;
        if self.provider.name == "microsoft" && !self.email_claim.is_empty() {
            return format!("{scope} openid");
        }
        scope.to_owned()
    }
}
