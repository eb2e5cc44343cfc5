//! The sign-in methods of a collection.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plinth_sdk::types::{AuthOptions, PasswordMethod};
use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::random::Random;
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
}

impl Method {
    /// Returns the name of the method, in `_mfas` and as the context of rules.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Otp => "otp",
            Self::OAuth2 => "oauth2",
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
struct Start {
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

/// An OAuth2 provider that collections can use.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OAuth2Provider)]
pub(super) struct Offer {
    name: &'static str,
    display_name: &'static str,
    /// The logo, as SVG.
    logo: String,
}

/// Returns every provider.
pub(super) fn all() -> Vec<Offer> {
    let offer = |provider: &'static Provider| Offer {
        name: provider.name,
        display_name: provider.display_name,
        logo: logo(provider),
    };
    providers::ALL.iter().map(offer).collect()
}

impl Methods {
    pub(super) fn of(auth: &AuthOptions, random: &Random) -> Self {
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
        let providers = auth.oauth2.providers.iter().filter(|_| is_on);
        let providers: Vec<Start> = providers
            .filter_map(|provider| start(provider, random))
            .collect();
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

/// Starts a sign-in with a service of a definition, if the service is known.
fn start(configured: &Json, random: &Random) -> Option<Start> {
    let text = |key: &str| configured.get(key).and_then(Json::as_str);
    let given = |key: &str| text(key).filter(|text| !text.is_empty());
    let provider = providers::find(text("name")?)?;
    let pkce = configured.get("pkce").and_then(Json::as_bool);
    let state = random.alphanumeric(30);
    let mut start = Start {
        name: provider.name,
        display_name: given("displayName")
            .unwrap_or(provider.display_name)
            .to_owned(),
        logo: logo(provider),
        state,
        auth_url: String::new(),
        auth_url_of_old: String::new(),
        code_verifier: String::new(),
        code_challenge: String::new(),
        code_challenge_method: "",
    };
    if pkce.unwrap_or(provider.pkce) {
        start.code_verifier = random.alphanumeric(43);
        start.code_challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&start.code_verifier));
        start.code_challenge_method = "S256";
    }
    let base = given("authURL").unwrap_or(provider.auth_url);
    start.auth_url = address(base, text("clientId").unwrap_or_default(), provider, &start);
    start.auth_url_of_old.clone_from(&start.auth_url);
    Some(start)
}

/// Returns the URL for the browser. It ends so that the client can append its own address.
fn address(base: &str, client: &str, provider: &Provider, start: &Start) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", client);
    if !start.code_challenge.is_empty() {
        query.append_pair("code_challenge", &start.code_challenge);
        query.append_pair("code_challenge_method", start.code_challenge_method);
    }
    if provider.name == "apple" {
        // This service sends names and addresses in no other way.
        query.append_pair("response_mode", "form_post");
    }
    query.append_pair("response_type", "code");
    if !provider.scope.is_empty() {
        query.append_pair("scope", provider.scope);
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
    use plinth_sdk::types::OAuth2;
    use serde_json::{json, to_value};

    use super::*;

    fn methods(enabled: bool, provider: Json) -> Json {
        let auth = AuthOptions {
            oauth2: OAuth2 {
                enabled,
                providers: vec![provider],
                ..OAuth2::default()
            },
            ..AuthOptions::default()
        };
        to_value(Methods::of(&auth, &Random::seeded(1))).unwrap()
    }

    #[test]
    fn a_service_is_ready_to_be_called() {
        let provider =
            json!({"name": "google", "clientId": "a b", "clientSecret": "s", "pkce": null});
        let methods = methods(true, provider);
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
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(text("codeVerifier")));
        assert_eq!(text("codeChallenge"), digest);
        assert_eq!(methods["authProviders"][0]["logo"], "");
        assert_eq!(methods["authProviders"][0]["state"], google["state"]);
    }

    #[test]
    fn a_definition_says_where_its_own_server_is() {
        let provider = json!({
            "name": "oidc", "clientId": "c", "authURL": "https://a.example/go?x=1", "displayName": "Mine", "pkce": false,
        });
        let methods = methods(true, provider);
        let mine = &methods["oauth2"]["providers"][0];
        assert_eq!(mine["displayName"], "Mine");
        assert_eq!(mine["codeVerifier"], "");
        let address = mine["authURL"].as_str().unwrap();
        assert!(address.starts_with("https://a.example/go?x=1&client_id=c&response_type=code"));
    }

    #[test]
    fn what_is_off_is_not_offered() {
        let methods = methods(false, json!({"name": "google", "clientId": "c"}));
        assert_eq!(
            methods["oauth2"],
            json!({"providers": [], "enabled": false})
        );
        assert_eq!(methods["authProviders"], Json::Null);
    }
}
