//! Sign-in with OpenID Connect: which ID tokens are taken, and how services are discovered.

use std::time::Duration;

use serde_json::{Value, json};

use super::oauth2::{allow, begin, end, start};
use crate::support::provider::{Answer, Key, Provider};
use crate::support::{Reply, TestApp};

/// A server with a service of which only the issuer is known.
fn with_issuer(keys: &[&Key]) -> (TestApp, Provider) {
    let (app, provider) = (start(), Provider::start());
    provider.publish(keys);
    allow(
        &app,
        json!([{
            "name": "oidc", "clientId": "client", "clientSecret": "secret", "extra": {"issuer": provider.url},
        }]),
    );
    (app, provider)
}

/// The claims of a good ID token.
fn claims(app: &TestApp, provider: &Provider, start: &Value) -> Value {
    let url = start["authURL"].as_str().expect("text");
    let url = url::Url::parse(url).expect("a URL");
    let nonce = url.query_pairs().find(|(name, _)| name == "nonce");
    let now = app.clock.now().unix();
    json!({
        "iss": provider.url, "aud": "client", "sub": "1", "iat": now, "exp": now + 60,
        "nonce": nonce.map(|(_, nonce)| nonce.into_owned()),
        "email": "ann@example.com", "email_verified": true, "name": "Ann", "preferred_username": "ann",
    })
}

fn with(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .expect("an object")
        .retain(|_, value| !value.is_null());
    claims
}

/// Signs in with an ID token that is made for the start.
fn sign_in(app: &TestApp, provider: &Provider, token: impl Fn(Value) -> String) -> Reply {
    let start = begin(&app.guest(), "users", "oidc");
    let token = token(claims(app, provider, &start));
    provider.set("/token", json!({"access_token": "a", "id_token": token}));
    end(&app.guest(), &start, json!({}))
}

#[track_caller]
fn refused(reply: &Reply) {
    reply.refused(400);
    assert_eq!(reply.body["message"], "Failed to fetch OAuth2 user.");
}

#[test]
fn a_service_is_discovered_and_its_keys_are_taken() {
    let keys = [Key::ec(), Key::rsa(), Key::ed()];
    let (app, provider) = with_issuer(&keys.each_ref());
    let start = begin(&app.guest(), "users", "oidc");
    let url = start["authURL"].as_str().expect("text");
    assert!(
        url.starts_with(&format!(
            "{}/authorize?client_id=client&code_challenge=",
            provider.url
        )),
        "{url}"
    );
    assert!(url.contains("&scope=openid+email+profile&"));
    for key in &keys {
        let body = sign_in(&app, &provider, |claims| key.sign(&claims)).ok();
        assert_eq!(
            (&body["record"]["email"], &body["meta"]["id"]),
            (&json!("ann@example.com"), &json!("1"))
        );
        assert_eq!(body["meta"]["username"], "ann");
    }
    // Asked once each.
    assert_eq!(provider.calls("/.well-known/openid-configuration").len(), 1);
    assert_eq!(provider.calls("/keys").len(), 1);
}

#[test]
fn n20_an_id_token_must_be_signed_by_a_key_of_the_service() {
    let (ec, other, rsa) = (Key::ec(), Key::other_ec(), Key::rsa());
    let (app, provider) = with_issuer(&[&ec]);
    let base64 = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let unsigned = |header: &str, claims: &Value| {
        format!("{}.{}.", base64(header), base64(&claims.to_string()))
    };
    refused(&sign_in(&app, &provider, |claims| other.sign(&claims)));
    refused(&sign_in(&app, &provider, |claims| rsa.sign(&claims)));
    refused(&sign_in(&app, &provider, |claims| {
        unsigned(r#"{"alg":"none"}"#, &claims)
    }));
    refused(&sign_in(&app, &provider, |claims| {
        unsigned(r#"{"alg":"ES256","kid":"ec"}"#, &claims)
    }));
    // Signed with what everybody knows, or with what the client and the service share.
    for secret in [ec.public().to_string(), "secret".to_owned()] {
        refused(&sign_in(&app, &provider, |claims| {
            let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
            let header = jsonwebtoken::Header {
                kid: Some("ec".to_owned()),
                ..jsonwebtoken::Header::default()
            };
            jsonwebtoken::encode(&header, &claims, &key).expect("a token")
        }));
    }
    for garbage in ["", "x", "a.b.c", "e30.e30.e30"] {
        refused(&sign_in(&app, &provider, |_| garbage.to_owned()));
    }
    let changed = |claims: Value| {
        let token = ec.sign(&claims);
        let parts: Vec<&str> = token.split('.').collect();
        format!(
            "{}.{}.{}",
            parts[0],
            base64(&with(claims, &json!({"sub": "2"})).to_string()),
            parts[2]
        )
    };
    refused(&sign_in(&app, &provider, changed));
    assert!(app.root().all("users", "id").is_empty());
    sign_in(&app, &provider, |claims| ec.sign(&claims)).ok();
}

#[test]
fn n21_an_id_token_must_be_for_this_sign_in() {
    let key = Key::ec();
    let (app, provider) = with_issuer(&[&key]);
    let now = app.clock.now().unix();
    let earlier = begin(&app.guest(), "users", "oidc");
    let replayed = claims(&app, &provider, &earlier)["nonce"].clone();
    for changes in [
        json!({"iss": "https://evil.example"}),
        json!({"iss": null}),
        json!({"aud": "another client"}),
        json!({"aud": ["another client"]}),
        json!({"aud": null}),
        json!({"nonce": "another"}),
        json!({"nonce": replayed}),
        json!({"nonce": null}),
        json!({"exp": now - 3600}),
        json!({"exp": null}),
        json!({"sub": null}),
        json!({"sub": ""}),
    ] {
        let reply = sign_in(&app, &provider, |claims| key.sign(&with(claims, &changes)));
        assert_eq!(reply.status, 400, "{changes}");
        refused(&reply);
    }
    refused(&sign_in(&app, &provider, |_| key.sign(&json!({}))));
    assert!(app.root().all("users", "id").is_empty());
    // None at all.
    let start = begin(&app.guest(), "users", "oidc");
    provider.set("/token", json!({"access_token": "a"}));
    refused(&end(&app.guest(), &start, json!({})));
}

#[test]
fn new_keys_are_asked_for_once_a_minute() {
    let (ec, rsa) = (Key::ec(), Key::rsa());
    let (app, provider) = with_issuer(&[&ec]);
    sign_in(&app, &provider, |claims| ec.sign(&claims)).ok();
    provider.publish(&[&rsa]);
    for _ in 0..3 {
        refused(&sign_in(&app, &provider, |claims| rsa.sign(&claims)));
    }
    assert_eq!(provider.calls("/keys").len(), 1);
    app.clock.advance(Duration::from_secs(61));
    sign_in(&app, &provider, |claims| rsa.sign(&claims)).ok();
    assert_eq!(provider.calls("/keys").len(), 2);
    refused(&sign_in(&app, &provider, |claims| ec.sign(&claims)));
}

#[test]
fn a_service_that_is_down_is_not_offered_and_not_asked_all_the_time() {
    let (app, provider) = with_issuer(&[]);
    provider.answer("/.well-known/openid-configuration", |_| {
        Answer::Json(500, json!({}))
    });
    let offered = || {
        let methods = app.guest().get("/api/collections/users/auth-methods").ok();
        methods["oauth2"]["providers"]
            .as_array()
            .expect("a list")
            .len()
    };
    for _ in 0..5 {
        assert_eq!(offered(), 0);
    }
    assert_eq!(provider.calls("/.well-known/openid-configuration").len(), 1);
    provider.publish(&[]);
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(offered(), 1);
    // Of another issuer than the definition says.
    let other = Provider::start();
    other.set("/.well-known/openid-configuration", json!({
        "issuer": provider.url, "authorization_endpoint": "https://x.example", "token_endpoint": "https://x.example", "jwks_uri": "https://x.example",
    }));
    allow(
        &app,
        json!([{"name": "oidc", "clientId": "c", "clientSecret": "s", "extra": {"issuer": other.url}}]),
    );
    assert_eq!(offered(), 0);
}

/// The settings of a service with URLs of its own, as PocketBase has them.
fn urls(provider: &Provider, changes: &Value) -> Value {
    let url = &provider.url;
    with(
        json!({
            "name": "oidc", "clientId": "client", "clientSecret": "secret",
            "authURL": format!("{url}/authorize"), "tokenURL": format!("{url}/token"),
        }),
        changes,
    )
}

#[test]
fn settings_of_pocketbase_keep_working() {
    let (ec, other) = (Key::ec(), Key::other_ec());
    let (app, provider) = (start(), Provider::start());
    let keys = format!("{}/keys", provider.url);
    provider.set("/keys", json!({"keys": [{"kty": "unknown"}, ec.public()]}));

    // The keys and the issuers are given.
    allow(
        &app,
        json!([urls(
            &provider,
            &json!({"extra": {"jwksURL": keys, "issuers": ["one", "two"]}})
        )]),
    );
    sign_in(&app, &provider, |claims| {
        ec.sign(&with(claims, &json!({"iss": "two"})))
    })
    .ok();
    refused(&sign_in(&app, &provider, |claims| ec.sign(&claims)));
    refused(&sign_in(&app, &provider, |claims| {
        other.sign(&with(claims, &json!({"iss": "two"})))
    }));

    // Nothing is given or found: the token came from the service itself, and the rest is checked all the same.
    allow(&app, json!([urls(&provider, &json!({}))]));
    sign_in(&app, &provider, |claims| other.sign(&claims)).ok();
    refused(&sign_in(&app, &provider, |claims| {
        other.sign(&with(claims, &json!({"aud": "x"})))
    }));
    refused(&sign_in(&app, &provider, |claims| {
        other.sign(&with(claims, &json!({"nonce": "x"})))
    }));

    // The URL of users says who it is, with an id_token or without.
    provider.set(
        "/user",
        json!({"sub": "1", "email": "ann@example.com", "email_verified": true, "name": "By URL"}),
    );
    let url = format!("{}/user", provider.url);
    allow(&app, json!([urls(&provider, &json!({"userInfoURL": url}))]));
    let body = sign_in(&app, &provider, |claims| other.sign(&claims)).ok();
    assert_eq!(body["meta"]["name"], "By URL");
    refused(&sign_in(&app, &provider, |claims| {
        other.sign(&with(claims, &json!({"sub": "2"})))
    }));
    let start = begin(&app.guest(), "users", "oidc");
    provider.set("/token", json!({"access_token": "a"}));
    end(&app.guest(), &start, json!({})).ok();

    // Without PKCE there is no verifier, and so no nonce.
    allow(&app, json!([urls(&provider, &json!({"pkce": false}))]));
    let start = begin(&app.guest(), "users", "oidc");
    assert_eq!(start["codeVerifier"], "");
    assert!(!start["authURL"].as_str().expect("text").contains("nonce"));
    sign_in(&app, &provider, |claims| other.sign(&claims)).ok();
}

/// The services that are offered for signing in.
fn offered(app: &TestApp) -> Vec<String> {
    let methods = app.guest().get("/api/collections/users/auth-methods").ok();
    let all = methods["oauth2"]["providers"].as_array().expect("a list");
    let names = all.iter().map(|one| one["name"].as_str().expect("a name"));
    names.map(str::to_owned).collect()
}

#[test]
fn issuers_are_asked_at_the_same_time_and_one_that_is_silent_is_not_waited_for() {
    let (app, key) = (start(), Key::ec());
    let (one, two) = (Provider::start(), Provider::start());
    let issuer = |name: &str, url: &str| json!({"name": name, "clientId": "client", "clientSecret": "secret", "extra": {"issuer": url}});
    let path = "/.well-known/openid-configuration";
    // Each answers once the other one has been asked.
    let both = std::sync::Arc::new(std::sync::Barrier::new(2));
    for provider in [&one, &two] {
        let (url, both) = (provider.url.clone(), both.clone());
        provider.answer(path, move |_| {
            both.wait();
            Answer::Json(
                200,
                json!({
                    "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
                    "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
                }),
            )
        });
    }
    allow(
        &app,
        json!([issuer("oidc", &one.url), issuer("oidc2", &two.url)]),
    );
    assert_eq!(offered(&app), ["oidc", "oidc2"]);
    // The last configuration counts while the issuer says nothing; one that never said anything is left out.
    let three = Provider::start();
    three.answer(path, |_| Answer::Hang);
    one.answer(path, |_| Answer::Hang);
    two.publish(&[&key]);
    allow(
        &app,
        json!([
            issuer("oidc", &one.url),
            issuer("oidc2", &two.url),
            issuer("oidc3", &three.url),
        ]),
    );
    app.clock.advance(Duration::from_secs(3700));
    assert_eq!(offered(&app), ["oidc", "oidc2"]);
    let calls = || one.calls(path).len();
    assert_eq!(calls(), 2);
    assert_eq!(offered(&app), ["oidc", "oidc2"]);
    assert_eq!(calls(), 2, "it is asked once a minute");
}

#[test]
fn n20_an_issuer_that_belongs_to_the_urls_is_found() {
    let (ec, other) = (Key::ec(), Key::other_ec());
    let (app, provider) = (start(), Provider::start());
    provider.publish(&[&ec]);
    allow(&app, json!([urls(&provider, &json!({}))]));
    sign_in(&app, &provider, |claims| ec.sign(&claims)).ok();
    refused(&sign_in(&app, &provider, |claims| other.sign(&claims)));
    refused(&sign_in(&app, &provider, |claims| {
        ec.sign(&with(claims, &json!({"iss": "x"})))
    }));
}
