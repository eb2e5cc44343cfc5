//! The sign-in methods of a collection.

use plinth_sdk::types::{AuthOptions, OAuth2Offer, PasswordMethod};
use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;

use super::oauth2::settings::Service;
use super::oauth2::verifier;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::random::Random;
use crate::schema::Collection;
use crate::system::providers::{self, Provider};

/// A method that shows who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// The account's password.
    Password,
    /// A one-time password, sent by mail.
    Otp,
    /// An account at an OAuth2 provider.
    OAuth2,
    /// A code of an authenticator app, or a recovery code.
    Totp,
}

impl Method {
    /// Returns the name of the method, in `_mfas` and as the context of rules.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Otp => "otp",
            Self::OAuth2 => "oauth2",
            Self::Totp => "totp",
        }
    }
}

/// The ways in which accounts of a collection can sign in, including the keys that older clients read.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuthMethods)]
pub(crate) struct Methods {
    password: PasswordMethod,
    oauth2: OAuth2Method,
    mfa: TimedMethod,
    otp: TimedMethod,
    auth_providers: Option<Vec<Start>>,
    username_password: bool,
    email_password: bool,
}

#[derive(Serialize, ToSchema)]
struct OAuth2Method {
    providers: Vec<Start>,
    enabled: bool,
}

#[derive(Serialize, ToSchema)]
struct TimedMethod {
    enabled: bool,
    duration: i64,
}

/// The start of a sign-in with OAuth2.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OAuth2Start)]
pub(super) struct Start {
    name: &'static str,
    display_name: String,
    logo: String,
    state: String,
    #[serde(rename = "authURL")]
    auth_url: String,
    /// `authURL` by the name that older clients use.
    #[schema(ignore)]
    #[serde(rename = "authUrl")]
    auth_url_of_old: String,
    code_verifier: String,
    code_challenge: String,
    code_challenge_method: &'static str,
}

/// Returns every provider.
pub(super) fn all() -> Vec<OAuth2Offer> {
    let offer = |provider: &'static Provider| OAuth2Offer {
        name: provider.name.to_owned(),
        display_name: provider.display_name.to_owned(),
        logo: logo(provider),
    };
    providers::ALL.iter().map(offer).collect()
}

impl Methods {
    /// Returns the methods; `providers` are the started sign-ins with other services.
    pub(super) fn of(auth: &AuthOptions, providers: Vec<Start>) -> Self {
        let password = PasswordMethod {
            enabled: auth.password_auth.enabled,
            identity_fields: if auth.password_auth.enabled {
                auth.password_auth.identity_fields.clone()
            } else {
                Vec::new()
            },
        };
        let by = |field: &str| password.identity_fields.iter().any(|f| f == field);
        let timed = |enabled, duration| TimedMethod {
            enabled,
            duration: if enabled { duration } else { 0 },
        };
        let is_on = auth.oauth2.enabled;
        let without_logo = |start: &Start| Start {
            logo: String::new(),
            ..start.clone()
        };
        Self {
            username_password: by("username"),
            email_password: by("email"),
            password,
            auth_providers: is_on.then(|| providers.iter().map(without_logo).collect()),
            oauth2: OAuth2Method {
                providers,
                enabled: is_on,
            },
            mfa: timed(auth.mfa.enabled, auth.mfa.duration),
            otp: timed(auth.otp.enabled, auth.otp.duration),
        }
    }
}

impl Start {
    /// Starts a sign-in with a service, whose authorization page has this URL.
    pub(super) fn of(
        collection: &Collection,
        service: &Service,
        auth_url: &str,
        random: &Random,
        now: Timestamp,
    ) -> Result<Self> {
        let mut start = Self {
            name: service.provider.name,
            display_name: service.display_name.clone(),
            logo: logo(service.provider),
            state: random.alphanumeric(30),
            auth_url: String::new(),
            auth_url_of_old: String::new(),
            code_verifier: String::new(),
            code_challenge: String::new(),
            code_challenge_method: "",
        };
        if service.pkce {
            start.code_verifier = verifier::make(collection, service, random, now)?;
            start.code_challenge = verifier::challenge(&start.code_verifier);
            start.code_challenge_method = "S256";
        }
        start.auth_url = address(auth_url, service, &start);
        start.auth_url_of_old.clone_from(&start.auth_url);
        Ok(start)
    }
}

/// Returns the URL for the browser. It ends so that the client can append its own address.
fn address(base: &str, service: &Service, start: &Start) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", &service.client_id);
    if !start.code_challenge.is_empty() {
        query.append_pair("code_challenge", &start.code_challenge);
        query.append_pair("code_challenge_method", start.code_challenge_method);
    }
    if service.has_nonce() {
        query.append_pair("nonce", &verifier::nonce(&start.code_verifier));
    }
    if service.provider.name == "apple" {
        // This service sends names and addresses in no other way.
        query.append_pair("response_mode", "form_post");
    }
    query.append_pair("response_type", "code");
    let scope = service.scope();
    if !scope.is_empty() {
        query.append_pair("scope", &scope);
    }
    query.append_pair("state", &start.state);
    let separator = if base.contains('?') { '&' } else { '?' };
    format!("{base}{separator}{}&redirect_uri=", query.finish())
}

/// Returns an icon: the first letter in a circle.
fn logo(provider: &Provider) -> String {
    let letter = provider.display_name.chars().next().unwrap_or('?');
    let letter = letter.to_uppercase();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 24\"><circle cx=\"12\" cy=\"12\" r=\"11\" fill=\"#475569\"/>\
         <text x=\"12\" y=\"16.5\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#fff\" text-anchor=\"middle\">{letter}</text></svg>"
    )
}

#[cfg(test)]
mod tests {
    use plinth_sdk::types::{
        Collection as Definition, CollectionType, OAuth2, OAuth2Provider, Token,
    };
    use serde_json::{Value as Json, from_value, json, to_value};

    use super::*;

    fn methods(enabled: bool, provider: &Json) -> Json {
        let provider: OAuth2Provider = from_value(provider.clone()).unwrap();
        let auth = AuthOptions {
            oauth2: OAuth2 {
                enabled,
                providers: vec![provider.clone()],
                ..OAuth2::default()
            },
            auth_token: Token {
                duration: 60,
                secret: "s".repeat(50),
            },
            ..AuthOptions::default()
        };
        let collection = Collection::new(Definition {
            kind: CollectionType::Auth,
            auth: Some(Box::new(auth.clone())),
            ..Definition::base("users")
        });
        let service = Service::read(&provider).unwrap();
        let now = Timestamp::from_unix(1_700_000_000);
        let start = Start::of(
            &collection,
            &service,
            &service.auth_url,
            &Random::seeded(1),
            now,
        );
        let starts = if enabled {
            vec![start.unwrap()]
        } else {
            Vec::new()
        };
        to_value(Methods::of(&auth, starts)).unwrap()
    }

    #[test]
    fn a_service_is_ready_to_be_called() {
        let provider =
            json!({"name": "google", "clientId": "a b", "clientSecret": "s", "pkce": null});
        let methods = methods(true, &provider);
        let google = &methods["oauth2"]["providers"][0];
        let text = |key: &str| google[key].as_str().unwrap().to_owned();
        assert_eq!(text("displayName"), "Google");
        assert_eq!(
            text("authURL"),
            format!(
                "https://accounts.google.com/o/oauth2/v2/auth?client_id=a+b&code_challenge={}&code_challenge_method=S256&response_type=code\
                 &scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.profile+https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.email&state={}&redirect_uri=",
                text("codeChallenge"),
                text("state"),
            )
        );
        assert_eq!(text("authUrl"), text("authURL"));
        assert!(!methods.to_string().contains("clientSecret"));
        assert_eq!(text("codeVerifier").len(), 43);
        assert_eq!(
            text("codeChallenge"),
            verifier::challenge(&text("codeVerifier"))
        );
        assert_eq!(methods["authProviders"][0]["logo"], "");
        assert_eq!(methods["authProviders"][0]["state"], google["state"]);
    }

    #[test]
    fn a_definition_says_where_its_own_server_is() {
        let mut provider = json!({
            "name": "oidc", "clientId": "c", "authURL": "https://a.example/go?x=1", "displayName": "Mine", "pkce": false,
        });
        let without = methods(true, &provider);
        let mine = &without["oauth2"]["providers"][0];
        assert_eq!(mine["displayName"], "Mine");
        assert_eq!(mine["codeVerifier"], "");
        let address = mine["authURL"].as_str().unwrap();
        assert!(address.starts_with("https://a.example/go?x=1&client_id=c&response_type=code"));
        assert!(!address.contains("nonce"));
        provider["pkce"] = Json::Null;
        let with = methods(true, &provider);
        let mine = &with["oauth2"]["providers"][0];
        let nonce = verifier::nonce(mine["codeVerifier"].as_str().unwrap());
        let address = mine["authURL"].as_str().unwrap();
        assert!(address.contains(&format!("&nonce={nonce}&")), "{address}");
    }

    #[test]
    fn what_is_off_is_not_offered() {
        let methods = methods(false, &json!({"name": "google", "clientId": "c"}));
        assert_eq!(
            methods["oauth2"],
            json!({"providers": [], "enabled": false})
        );
        assert_eq!(methods["authProviders"], Json::Null);
    }
}
