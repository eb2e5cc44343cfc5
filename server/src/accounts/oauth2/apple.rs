//! Particulars of Apple: client secrets that expire, and names that the browser brings once.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use plinth_sdk::types::AppleSecretRequest;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::store;
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::Result;

/// How long a name is kept for the request that exchanges its code.
const KEPT: Duration = Duration::from_secs(60);
/// The maximum length of a name, in characters.
const MAX_NAME: usize = 150;

/// Keeps the name in a redirect's `user` for whoever exchanges the code, on any replica, if accounts sign in with Apple.
pub(crate) async fn keep_name(app: &App, code: &str, user: &str) -> Result<()> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Name {
        first_name: String,
        last_name: String,
    }
    #[derive(Deserialize)]
    struct User {
        name: Name,
    }
    let Ok(User { name }) = serde_json::from_str::<User>(user) else {
        return Ok(());
    };
    let name = format!("{} {}", name.first_name, name.last_name);
    let name: String = name
        .trim()
        .chars()
        .filter(|c| *c != '\0')
        .take(MAX_NAME)
        .collect();
    if name.is_empty() || code.is_empty() || !is_offered(app) {
        return Ok(());
    }
    let (key, now) = (key(code), app.clock.now());
    let keep = move |conn: &mut Conn| store::keep(conn, &key, &name, now + KEPT, now);
    app.db.write(keep).await.map(drop)
}

fn is_offered(app: &App) -> bool {
    let schema = app.schema.current();
    let mut all = schema.iter().filter_map(|one| one.def.auth.as_ref());
    all.any(|auth| {
        let mut services = auth.oauth2.providers.iter();
        auth.oauth2.enabled && services.any(|service| service.name == "apple")
    })
}

/// Takes the name that was kept for a code.
pub(crate) async fn take_name(app: &App, code: &str) -> Result<Option<String>> {
    let (key, now) = (key(code), app.clock.now());
    app.db
        .write(move |conn: &mut Conn| store::take(conn, &key, now))
        .await
}

fn key(code: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("name\0{code}")))
}

/// Makes a client secret: a token that is signed with the developer's key.
pub(crate) fn client_secret(asked: &AppleSecretRequest, now: Timestamp) -> Result<String, String> {
    #[derive(Serialize)]
    struct Claims<'a> {
        aud: [&'static str; 1],
        exp: i64,
        iat: i64,
        iss: &'a str,
        sub: &'a str,
    }
    let key = key_of_pem(&asked.private_key).ok_or("the private key is not in PKCS #8")?;
    let header = Header {
        kid: Some(asked.key_id.clone()),
        ..Header::new(Algorithm::ES256)
    };
    let claims = Claims {
        aud: ["https://appleid.apple.com"],
        exp: now.unix().saturating_add(asked.duration),
        iat: now.unix(),
        iss: &asked.team_id,
        sub: &asked.client_id,
    };
    jsonwebtoken::encode(&header, &claims, &key).map_err(|error| error.to_string())
}

/// Whether a text has the form of a private key in PEM.
pub(crate) fn is_pem(text: &str) -> bool {
    inside_pem(text).is_some()
}

fn inside_pem(text: &str) -> Option<String> {
    let text = text.trim().strip_prefix("-----BEGIN PRIVATE KEY-----")?;
    let text = text.strip_suffix("-----END PRIVATE KEY-----")?;
    Some(text.split_whitespace().collect())
}

fn key_of_pem(text: &str) -> Option<EncodingKey> {
    let der = STANDARD.decode(inside_pem(text)?).ok()?;
    Some(EncodingKey::from_ec_der(&der))
}
