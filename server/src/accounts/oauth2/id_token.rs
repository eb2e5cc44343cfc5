//! Verification of ID tokens (OpenID Connect): signature, issuer, audience, times and nonce.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value as Json};

use super::discovery::{Endpoints, keys};
use super::settings::Service;
use super::verifier;
use crate::app::App;
use crate::clock::Timestamp;

/// The algorithms of signatures that are taken: those with a public key.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// How far the service's clock may differ, in seconds.
const LEEWAY: i64 = 300;

/// The claims of a token.
pub(super) type Claims = Map<String, Json>;

/// Returns the claims of an ID token that the service has just sent, if it is meant for this sign-in.
///
/// It came from the service itself over TLS, so where its keys are not known, its signature adds nothing.
pub(super) async fn verify(
    app: &App,
    service: &Service,
    endpoints: &Endpoints,
    token: &str,
    verifier: &str,
) -> Result<Claims, String> {
    let claims = if endpoints.jwks_url.is_empty() {
        unsigned(token)?
    } else {
        signed(app, &endpoints.jwks_url, token).await?
    };
    let expected = Expected {
        audience: &service.client_id,
        issuers: &endpoints.issuers,
        nonce: service.has_nonce().then(|| verifier::nonce(verifier)),
    };
    expected.check(&claims, app.clock.now())?;
    Ok(claims)
}

/// Returns the claims of an ID token that the service has just sent, without its signature and issuer: who asks only for an
/// address has got the user by other means.
pub(super) fn received(app: &App, service: &Service, token: &str) -> Result<Claims, String> {
    let claims = unsigned(token)?;
    let expected = Expected {
        audience: &service.client_id,
        issuers: &[],
        nonce: None,
    };
    expected.check(&claims, app.clock.now())?;
    Ok(claims)
}

/// Returns the claims of a token that a known key has signed.
async fn signed(app: &App, jwks_url: &str, token: &str) -> Result<Claims, String> {
    let (algorithm, kid) = header(token)?;
    let keys = keys(app, jwks_url, kid.as_deref()).await;
    let keys = keys.map_err(|why| format!("the keys of the service: {why}"))?;
    keys.iter()
        .find_map(|key| signed_by(key, algorithm, token))
        .ok_or_else(|| "no key of the service has signed the id_token".to_owned())
}

fn signed_by(key: &Jwk, algorithm: Algorithm, token: &str) -> Option<Claims> {
    let declared = key.common.key_algorithm;
    if declared.is_some_and(|declared| format!("{declared:?}") != format!("{algorithm:?}")) {
        return None;
    }
    let key = DecodingKey::from_jwk(key).ok()?;
    let mut validation = Validation::new(algorithm);
    // The times are checked by the server's clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, &key, &validation);
    decoded.ok().map(|token| token.claims)
}

fn unsigned(token: &str) -> Result<Claims, String> {
    header(token)?;
    let decoded = jsonwebtoken::dangerous::insecure_decode::<Claims>(token);
    let decoded = decoded.map_err(|_| "the id_token cannot be read".to_owned())?;
    Ok(decoded.claims)
}

/// Returns the algorithm and the id of the key. Refuses a token that is not signed, or signed with a shared secret.
fn header(token: &str) -> Result<(Algorithm, Option<String>), String> {
    let header = jsonwebtoken::decode_header(token)
        .map_err(|_| "the header of the id_token cannot be read".to_owned())?;
    if ALGORITHMS.contains(&header.alg) {
        Ok((header.alg, header.kid))
    } else {
        Err(format!("the id_token is signed with {:?}", header.alg))
    }
}

/// The values that the claims must have.
struct Expected<'a> {
    audience: &'a str,
    /// The issuers; empty if they are not known.
    issuers: &'a [String],
    nonce: Option<String>,
}

impl Expected<'_> {
    fn check(&self, claims: &Claims, now: Timestamp) -> Result<(), String> {
        let text = |key: &str| claims.get(key).and_then(Json::as_str);
        let is = |is_good: bool, what: &str| {
            let why = format!("the id_token has another {what}, or none");
            if is_good { Ok(()) } else { Err(why) }
        };
        let issuer = text("iss");
        let is_of = |known: &String| issuer == Some(known);
        is(
            self.issuers.is_empty() || self.issuers.iter().any(is_of),
            "issuer",
        )?;
        is(self.is_for_us(claims), "audience")?;
        is(text("sub").is_some_and(|sub| !sub.is_empty()), "subject")?;
        if let Some(nonce) = &self.nonce {
            is(text("nonce") == Some(nonce), "nonce")?;
        }
        let now = now.unix();
        let time = |key: &str| match claims.get(key) {
            None => Ok(None),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "times are far from the limits, and others saturate"
            )]
            Some(Json::Number(time)) => Ok(time
                .as_i64()
                .or_else(|| time.as_f64().map(|time| time as i64))),
            Some(_) => Err(format!("the id_token's {key} is not a time")),
        };
        let expires = time("exp")?.ok_or("the id_token has no exp")?;
        if expires.saturating_add(LEEWAY) < now {
            return Err("the id_token has expired".to_owned());
        }
        for key in ["iat", "nbf"] {
            if time(key)?.is_some_and(|time| time.saturating_sub(LEEWAY) > now) {
                return Err(format!("the id_token's {key} is in the future"));
            }
        }
        Ok(())
    }

    fn is_for_us(&self, claims: &Claims) -> bool {
        let is_ours = |value: &Json| value.as_str() == Some(self.audience);
        match claims.get("aud") {
            Some(Json::Array(all)) => {
                let has_party = claims.get("azp").is_none_or(is_ours);
                all.iter().any(is_ours) && (all.len() == 1 || has_party)
            }
            Some(one) => is_ours(one),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(change: &Json) -> Option<String> {
        let now = Timestamp::from_unix(1_700_000_000);
        let mut claims = json!({
            "iss": "https://id.example", "aud": "client", "sub": "1", "nonce": "n",
            "exp": now.unix() + 60, "iat": now.unix(),
        });
        for (key, value) in change.as_object().unwrap() {
            claims[key] = value.clone();
        }
        let mut claims = claims.as_object().unwrap().clone();
        claims.retain(|_, value| !value.is_null());
        let expected = Expected {
            audience: "client",
            issuers: &["https://id.example".to_owned()],
            nonce: Some("n".to_owned()),
        };
        expected.check(&claims, now).err()
    }

    #[test]
    fn n20_claims_must_be_meant_for_this_sign_in() {
        let now = 1_700_000_000;
        for good in [
            json!({}),
            json!({"aud": ["client"]}),
            json!({"aud": ["other", "client"], "azp": "client"}),
            json!({"aud": ["other", "client"]}),
            json!({"exp": now - 299}),
            json!({"iat": null, "nbf": now + 299}),
        ] {
            assert_eq!(problem(&good), None, "{good}");
        }
        for bad in [
            json!({"iss": "https://id.example/"}),
            json!({"iss": null}),
            json!({"iss": ["https://id.example"]}),
            json!({"aud": "other"}),
            json!({"aud": null}),
            json!({"aud": ["other"]}),
            json!({"aud": ["other", "client"], "azp": "other"}),
            json!({"sub": null}),
            json!({"sub": ""}),
            json!({"sub": 5}),
            json!({"nonce": "m"}),
            json!({"nonce": null}),
            json!({"exp": null}),
            json!({"exp": now - 301}),
            json!({"exp": "9999999999"}),
            json!({"iat": now + 301}),
            json!({"nbf": now + 301}),
        ] {
            assert!(problem(&bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn n20_what_is_not_signed_with_a_public_key_is_refused() {
        // {"alg":"none"}, {"alg":"HS256"}
        for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9", "", "e30"] {
            assert!(unsigned(&format!("{header}.e30.x")).is_err(), "{header}");
        }
        assert!(unsigned("eyJhbGciOiJSUzI1NiJ9.e30.x").is_ok());
    }
}
