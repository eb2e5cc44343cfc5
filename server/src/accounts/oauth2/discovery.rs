//! Configurations that OpenID Connect services publish: their URLs, and the keys that sign their ID tokens.
//!
//! Answers are remembered for an hour, and failures for a minute, so that requests of strangers do not become calls. The
//! last good configuration counts while an issuer does not answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::time::timeout;
use url::Url;

use super::call::Call;
use super::settings::Service;
use crate::app::App;
use crate::clock::Timestamp;

/// How long an answer is good.
const FRESH: Duration = Duration::from_secs(3600);
/// How long a failure is remembered, and how soon keys are asked for again because one is unknown.
const PAUSE: Duration = Duration::from_secs(60);
/// How long an issuer may take to tell its configuration: sign-in pages wait for it.
const MAX_TIME: Duration = Duration::from_secs(3);
/// How many services are remembered.
const MAX_KNOWN: usize = 200;
/// How many keys of a service are taken.
const MAX_KEYS: usize = 50;
/// How many URLs are tried to find a configuration.
const MAX_TRIES: usize = 8;
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Configurations and keys of services, kept in memory.
#[derive(Default)]
pub(crate) struct Discovery {
    /// Configurations, by issuer or, with a space before it, by authorization URL.
    configurations: Mutex<HashMap<String, Known<Configuration>>>,
    /// Keys, by their URL.
    keys: Mutex<HashMap<String, Known<Vec<Jwk>>>>,
    /// Held while a service is asked, so that it is asked once: by the keys of the above.
    turns: Mutex<HashMap<String, Turn>>,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

impl Discovery {
    /// Returns the lock of those who ask for this.
    fn turn(&self, key: &str) -> Turn {
        let mut turns = lock(&self.turns);
        if turns.len() >= MAX_KNOWN {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        turns.entry(key.to_owned()).or_default().clone()
    }
}

/// An answer or failure, and when it was.
#[derive(Clone)]
struct Known<T> {
    at: Timestamp,
    answer: Result<T, String>,
    /// Whether the answer is an earlier one, since there was none this time.
    is_old: bool,
}

/// The configuration of a service.
#[derive(Clone, Debug, Deserialize)]
struct Configuration {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    userinfo_endpoint: String,
    jwks_uri: String,
}

/// The URLs of a service, and what its ID tokens are checked with.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    pub(crate) auth_url: String,
    pub(crate) token_url: String,
    /// The URL that describes the user; empty if only the ID token does.
    pub(crate) user_url: String,
    /// The issuers of ID tokens; empty if they are not known.
    pub(super) issuers: Vec<String>,
    /// The URL of the keys; empty if it is not known.
    pub(super) jwks_url: String,
}

/// Returns the URLs of a service, for the authorization page: discovers them if the definition says to.
pub(crate) async fn endpoints(app: &App, service: &Service) -> Result<Endpoints, String> {
    let mut endpoints = Endpoints {
        auth_url: service.auth_url.clone(),
        token_url: service.token_url.clone(),
        user_url: service.user_url.clone(),
        issuers: service.issuers.clone(),
        jwks_url: service.jwks_url.clone(),
    };
    if !service.issuer.is_empty() {
        let found = of_issuer(app, &service.issuer).await?;
        endpoints.complete(found);
    }
    if endpoints.auth_url.is_empty() || endpoints.token_url.is_empty() {
        return Err("the URLs of the service are not configured".to_owned());
    }
    Ok(endpoints)
}

/// Returns the URLs of a service, for exchanging a code. Where the definition does not name the issuer of ID tokens, looks for
/// a configuration that belongs to the authorization URL.
pub(crate) async fn all(app: &App, service: &Service) -> Result<Endpoints, String> {
    let mut endpoints = endpoints(app, service).await?;
    let is_complete = !endpoints.issuers.is_empty() && !endpoints.jwks_url.is_empty();
    if service.has_id_token() && !is_complete {
        match of_urls(app, &endpoints).await {
            Ok(found) => endpoints.complete(found),
            Err(why) => {
                let name = service.provider.name;
                tracing::warn!(
                    provider = name,
                    why,
                    "the issuer of id_tokens is not known: set extra.issuer"
                );
            }
        }
    }
    Ok(endpoints)
}

/// Returns those keys of a service that may have signed a token with this id of a key. They are asked for again if none has
/// it, once a minute at most.
pub(super) async fn keys(app: &App, url: &str, kid: Option<&str>) -> Result<Vec<Jwk>, String> {
    let discovery = &app.oauth2.discovery;
    let chosen = |keys: &[Jwk]| -> Vec<Jwk> {
        let may = |key: &&Jwk| match kid {
            Some(kid) => key.common.key_id.as_deref() == Some(kid),
            None => true,
        };
        keys.iter().filter(may).cloned().collect()
    };
    let known = |now: Timestamp| -> Option<Result<Vec<Jwk>, String>> {
        let known = lock(&discovery.keys).get(url).cloned()?;
        match known.answer {
            Ok(keys) => {
                let found = chosen(&keys);
                let is_good = now - known.at < FRESH.try_into().unwrap_or_default()
                    && (!found.is_empty() || is_recent(now, known.at));
                is_good.then_some(Ok(found))
            }
            Err(why) => is_recent(now, known.at).then_some(Err(why)),
        }
    };
    if let Some(known) = known(app.clock.now()) {
        return known;
    }
    let turn = discovery.turn(url);
    let _turn = turn.lock().await;
    if let Some(known) = known(app.clock.now()) {
        return known;
    }
    let known = Known {
        answer: ask_for_keys(app, url).await,
        at: app.clock.now(),
        is_old: false,
    };
    remember(&discovery.keys, url, known.clone());
    Ok(chosen(&known.answer?))
}

async fn ask_for_keys(app: &App, url: &str) -> Result<Vec<Jwk>, String> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<Json>,
    }
    let Keys { keys } = Call::get(url).send(&app.outbound).await?.json()?;
    // Keys of kinds that are not known here are no reason to take none.
    let keys = keys.into_iter().take(MAX_KEYS);
    let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    Ok(keys
        .filter(|key| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption)))
        .collect())
}

async fn of_issuer(app: &App, issuer: &str) -> Result<Configuration, String> {
    remembered(app, issuer, || async {
        let url = format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/'));
        let call = Call::get(&url).send(&app.outbound);
        let late = |_| "the issuer does not answer in time".to_owned();
        let answer = timeout(MAX_TIME, call).await.map_err(late)??;
        let found: Configuration = answer.json()?;
        if found.issuer == issuer {
            Ok(found)
        } else {
            Err("the configuration is of another issuer".to_owned())
        }
    })
    .await
}

/// Looks for the configuration of an issuer whose URL begins the authorization URL, and which names the same URLs.
async fn of_urls(app: &App, endpoints: &Endpoints) -> Result<Configuration, String> {
    let key = format!(" {}", endpoints.auth_url);
    remembered(app, &key, || async {
        let none = || "no configuration belongs to the authorization URL".to_owned();
        let url = Url::parse(&endpoints.auth_url).map_err(|_| none())?;
        for base in bases(&url) {
            let Ok(found) = Call::get(&format!("{base}{WELL_KNOWN}"))
                .send(&app.outbound)
                .await
            else {
                return Err(none());
            };
            let Ok(found) = found.json::<Configuration>() else {
                continue;
            };
            if found.issuer.trim_end_matches('/') == base
                && found.authorization_endpoint == endpoints.auth_url
                && found.token_endpoint == endpoints.token_url
            {
                return Ok(found);
            }
        }
        Err(none())
    })
    .await
}

/// Returns the URLs that an authorization URL begins with, the longest first.
fn bases(url: &Url) -> Vec<String> {
    let origin = url.origin().ascii_serialization();
    let parts: Vec<&str> = url
        .path_segments()
        .map(Iterator::collect)
        .unwrap_or_default();
    let lengths = (0..parts.len()).rev().take(MAX_TRIES);
    lengths
        .map(|length| {
            let path = parts[..length].join("/");
            format!("{origin}/{path}").trim_end_matches('/').to_owned()
        })
        .collect()
}

async fn remembered<F>(
    app: &App,
    key: &str,
    ask: impl FnOnce() -> F,
) -> Result<Configuration, String>
where
    F: Future<Output = Result<Configuration, String>>,
{
    let discovery = &app.oauth2.discovery;
    let known = |now: Timestamp| {
        let known = lock(&discovery.configurations).get(key).cloned()?;
        let is_good = match known.answer {
            Ok(_) if !known.is_old => now - known.at < FRESH.try_into().unwrap_or_default(),
            _ => is_recent(now, known.at),
        };
        is_good.then_some(known.answer)
    };
    if let Some(known) = known(app.clock.now()) {
        return known;
    }
    let last = || {
        lock(&discovery.configurations)
            .get(key)?
            .answer
            .clone()
            .ok()
    };
    let turn = discovery.turn(key);
    let _turn = match turn.try_lock() {
        Ok(turn) => turn,
        Err(_) => match last() {
            // Somebody else is asking.
            Some(last) => return Ok(last),
            None => turn.lock().await,
        },
    };
    if let Some(known) = known(app.clock.now()) {
        return known;
    }
    let answer = ask().await;
    let old = if answer.is_err() { last() } else { None };
    let known = Known {
        is_old: old.is_some(),
        answer: old.map_or(answer, Ok),
        at: app.clock.now(),
    };
    remember(&discovery.configurations, key, known.clone());
    known.answer
}

fn is_recent(now: Timestamp, at: Timestamp) -> bool {
    now - at < PAUSE.try_into().unwrap_or_default()
}

fn remember<T>(known: &Mutex<HashMap<String, Known<T>>>, key: &str, new: Known<T>) {
    let mut known = lock(known);
    if known.len() >= MAX_KNOWN {
        known.clear();
    }
    known.insert(key.to_owned(), new);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Endpoints {
    /// Fills in what the definition leaves open.
    fn complete(&mut self, found: Configuration) {
        let fill = |own: &mut String, found: String| {
            if own.is_empty() {
                *own = found;
            }
        };
        fill(&mut self.auth_url, found.authorization_endpoint);
        fill(&mut self.token_url, found.token_endpoint);
        fill(&mut self.jwks_url, found.jwks_uri);
        if self.issuers.is_empty() {
            self.issuers.push(found.issuer);
        }
        // Who gave no URL for users means the id_token, or an issuer with all that it has.
        fill(&mut self.user_url, found.userinfo_endpoint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_looked_for_upwards() {
        let url = Url::parse("https://id.example/realms/a/auth?x=y").unwrap();
        let expected = [
            "https://id.example/realms/a",
            "https://id.example/realms",
            "https://id.example",
        ];
        assert_eq!(bases(&url), expected);
        let url = Url::parse("https://id.example/").unwrap();
        assert_eq!(bases(&url), ["https://id.example"]);
    }
}
