//! Tokens with which other services verify who an account is, and the keys that verify them.

use std::collections::BTreeSet;
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

use super::policies::{join, permit, role};
use crate::support::process::{Process, make_superuser};
use crate::support::{Client, Home, PASSWORD, Reply, TestApp, at_once, on_postgres};

const ANN: &str = "ann000000000000";
const SHOP: &str = "https://shop.example.org";
const ISSUER: &str = "https://app.example.org";
const KEYS: &str = "/.well-known/jwks.json";
const DAY: Duration = Duration::from_secs(86_400);

/// Allows accounts of `users` these audiences.
fn allow(root: &Client, audiences: &Value) -> Value {
    let options = json!({"tokenAudiences": audiences});
    root.patch("/api/collections/users", options).ok()
}

fn ask(client: &Client, body: Value) -> Reply {
    client.post("/api/collections/users/auth-token", body)
}

fn token_for(client: &Client, audience: &str) -> String {
    let answer = ask(client, json!({"audience": audience})).ok();
    answer["token"].as_str().expect("a token").to_owned()
}

/// The published keys.
fn keys(client: &Client) -> Vec<Value> {
    let set = client.get(KEYS).ok();
    set["keys"].as_array().expect("keys").clone()
}

fn ids(keys: &[Value]) -> Vec<String> {
    let id = |key: &Value| key["kid"].as_str().expect("an id").to_owned();
    keys.iter().map(id).collect()
}

fn key_id(token: &str) -> String {
    let header = jsonwebtoken::decode_header(token).expect("a header");
    header.kid.expect("the id of a key")
}

/// The claims of a token, as a service reads them that has these keys. The time is for the caller to check.
fn verified(token: &str, keys: &[Value], audience: &str) -> Result<Value, String> {
    let id = key_id(token);
    let key = keys.iter().find(|key| key["kid"] == json!(id));
    let key = key.ok_or("none of the keys")?;
    let key: Jwk = serde_json::from_value(key.clone()).map_err(|error| error.to_string())?;
    let key = DecodingKey::from_jwk(&key).map_err(|error| error.to_string())?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.set_audience(&[audience]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
    let token = jsonwebtoken::decode::<Value>(token, &key, &validation);
    token
        .map(|token| token.claims)
        .map_err(|error| error.to_string())
}

/// A server with an address, whose accounts may go to the shop, and one of them.
fn shop() -> (TestApp, Client) {
    let app = TestApp::start();
    let meta = json!({"meta": {"appURL": format!("{ISSUER}/")}});
    app.root().patch("/api/settings", meta).ok();
    allow(app.root(), &json!([SHOP]));
    let ann = app.user("ann");
    (app, ann)
}

fn lifetime(claims: &Value) -> i64 {
    claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time")
}

#[test]
fn another_service_verifies_who_it_is() {
    let (app, ann) = shop();
    let set = app.guest().fetch("GET", KEYS, &[]);
    assert_eq!(set.header("Cache-Control"), "public, max-age=3600");
    let keys = keys(&app.guest());
    assert_eq!(keys.len(), 2);
    for key in &keys {
        let names: BTreeSet<&str> = key
            .as_object()
            .expect("a key")
            .keys()
            .map(|k| &**k)
            .collect();
        let public = ["alg", "crv", "kid", "kty", "use", "x", "y"];
        assert_eq!(names, BTreeSet::from(public));
        assert_eq!((&key["alg"], &key["kty"]), (&json!("ES256"), &json!("EC")));
    }

    let token = token_for(&ann, SHOP);
    assert_eq!(key_id(&token), ids(&keys)[0]);
    let mut claims = verified(&token, &keys, SHOP).expect("a good token");
    assert_eq!(lifetime(&claims), 300);
    let issued = claims["iat"].as_i64().expect("a time");
    assert!((0..60).contains(&(app.clock.now().unix() - issued)));
    for varying in ["exp", "iat", "jti"] {
        claims.as_object_mut().expect("claims").remove(varying);
    }
    assert_eq!(
        claims,
        json!({
            "aud": SHOP, "iss": ISSUER, "sub": ANN, "email": "ann@example.com", "email_verified": true,
            "collection": {"id": "_pb_users_auth_", "name": "users"},
        })
    );

    let id = |token: &str| verified(token, &keys, SHOP).expect("a good token")["jti"].clone();
    assert_ne!(id(&token), id(&token_for(&ann, SHOP)));
    let long = ask(&ann, json!({"audience": SHOP, "duration": 3600})).ok();
    let long = verified(long["token"].as_str().expect("a token"), &keys, SHOP);
    assert_eq!(lifetime(&long.expect("a good token")), 3600);

    // What is not for it, or not as it was made, is refused.
    assert!(verified(&token, &keys, "https://bank.example.org").is_err());
    let (head, signature) = token.rsplit_once('.').expect("three parts");
    let other = token_for(&ann, SHOP);
    let (other_head, _) = other.rsplit_once('.').expect("three parts");
    assert!(verified(&format!("{other_head}.{signature}"), &keys, SHOP).is_err());
    assert!(verified(&format!("{head}."), &keys, SHOP).is_err());
}

#[test]
fn an_address_that_the_account_does_not_see_is_in_no_token() {
    let (app, ann) = shop();
    let shy = role(&app, "shy", &[]);
    join(&app, &shy, "ann");
    let hide = json!({"collection": "users", "actions": ["list", "view"], "effect": "deny", "fields": ["email"]});
    permit(&app, &shy, hide);
    let claims = verified(&token_for(&ann, SHOP), &keys(&ann), SHOP).expect("a good token");
    assert_eq!(claims["sub"], ANN);
    assert_eq!(claims.get("email"), None);
    assert_eq!(claims.get("email_verified"), None);
}

#[test]
fn n20_only_the_account_itself_gets_a_token_for_an_allowed_audience() {
    let (app, ann) = shop();
    let root = app.root();
    let good = json!({"audience": SHOP});
    ask(&ann, good.clone()).ok();
    ask(&ann, json!({})).refused_for("audience", "required");
    for audience in [
        "https://shop.example.org/",
        "HTTPS://SHOP.EXAMPLE.ORG",
        "*",
        ISSUER,
    ] {
        ask(&ann, json!({"audience": audience})).refused_for("audience", "in_invalid");
    }
    let for_so_long = |duration: Value| ask(&ann, json!({"audience": SHOP, "duration": duration}));
    for_so_long(json!(3601)).refused_for("duration", "max_less_equal_than_required");
    for_so_long(json!(-1)).refused_for("duration", "min_greater_equal_than_required");
    for_so_long(json!("long")).refused(400);
    ask(&ann, json!({"audience": [SHOP]})).refused(400);

    // Nobody else, whatever they have.
    ask(&app.guest(), good.clone()).refused(401);
    ask(root, good.clone()).refused(403);
    let of = |collection: &str| format!("/api/collections/{collection}/auth-token");
    app.open_collection("notes", json!([]));
    ann.post(&of("notes"), good.clone()).refused(404);
    ann.post(&of("missing"), good.clone()).refused(404);
    root.post(&of("_superusers"), good.clone())
        .refused_for("audience", "in_invalid");
    let with = |token: &Value| Client {
        token: token.as_str().expect("a token").to_owned(),
        ..app.guest()
    };
    let file = ann.post("/api/files/token", json!({})).ok();
    ask(&with(&file["token"]), good.clone()).refused(401);
    let path = format!("/api/collections/users/impersonate/{ANN}");
    let acting = root.post(&path, json!({"duration": 1000})).ok();
    let acting = with(&acting["token"]);
    ask(&acting, good.clone()).refused(403);

    // A session that has ended, and an account that may not sign in any more.
    let phone = app.guest().sign_in("users", "ann@example.com");
    ask(&phone, good.clone()).ok();
    let end = "/api/collections/users/end-other-sessions";
    assert_eq!(ann.post(end, json!({})).status, 204);
    ask(&phone, good.clone()).refused(401);
    let rule = json!({"authRule": "verified = true"});
    root.patch("/api/collections/users", rule).ok();
    let ann = app.guest().sign_in("users", "ann@example.com");
    ask(&ann, good.clone()).ok();
    root.update("users", ANN, json!({"verified": false})).ok();
    ask(&ann, good.clone()).refused(401);
    root.update("users", ANN, json!({"verified": true})).ok();
    ask(&ann, good.clone()).ok();

    // Not without a list.
    allow(root, &json!([]));
    ask(&ann, good).refused_for("audience", "in_invalid");
}

#[test]
fn n20_a_token_for_another_service_is_none_of_this_server() {
    let (app, ann) = shop();
    let keys = keys(&ann);
    let token = token_for(&ann, SHOP);
    let with = |token: &str| Client {
        token: token.to_owned(),
        ..app.guest()
    };
    let refused = |token: &str| {
        let client = with(token);
        let refresh = "/api/collections/users/auth-refresh";
        client.post(refresh, json!({})).refused(401);
        client.post("/api/files/token", json!({})).refused(401);
        ask(&client, json!({"audience": SHOP})).refused(401);
        client.get("/api/collections").refused(401);
    };
    refused(&token);
    refused(&format!("Bearer {token}"));
    // What is public is no secret to sign with.
    let claims = json!({
        "id": ANN, "type": "auth", "collectionId": "_pb_users_auth_", "refreshable": true,
        "exp": app.clock.now().unix() + 600, "aud": SHOP, "iss": ISSUER, "sub": ANN,
    });
    for secret in [
        keys[0].to_string(),
        keys[0]["x"].as_str().expect("a text").to_owned(),
        key_id(&token),
    ] {
        for algorithm in [Algorithm::HS256, Algorithm::HS512] {
            let header = Header {
                kid: Some(key_id(&token)),
                ..Header::new(algorithm)
            };
            let key = EncodingKey::from_secret(secret.as_bytes());
            let forged = jsonwebtoken::encode(&header, &claims, &key).expect("a token");
            refused(&forged);
            assert!(verified(&forged, &keys, SHOP).is_err());
        }
    }
}

#[test]
fn keys_change_and_every_token_verifies_with_the_set_of_the_hour_before() {
    let (app, _) = shop();
    let guest = app.guest();
    app.user("bob");
    let sign_in = || app.guest().sign_in("users", "bob@example.com");
    let first = keys(&guest);
    let mut known = first.clone();
    let mut signed_by = BTreeSet::new();
    // Two months, of which each hour around the changes.
    for pause in [DAY * 29, DAY / 2]
        .into_iter()
        .chain([Duration::from_secs(3000); 20])
        .chain([DAY * 28, DAY / 2])
        .chain([Duration::from_secs(3000); 40])
    {
        let before = token_for(&sign_in(), SHOP);
        if pause < Duration::from_secs(3600) {
            known = keys(&guest);
        }
        app.clock.advance(pause);
        let now = token_for(&sign_in(), SHOP);
        signed_by.insert(key_id(&now));
        if pause < Duration::from_secs(3600) {
            verified(&now, &known, SHOP).expect("the next key was published");
            verified(&before, &keys(&guest), SHOP).expect("the last key is still published");
        }
    }
    assert_eq!(signed_by.len(), 3);
    let last = keys(&guest);
    assert_eq!(last.len(), 2);
    assert!(ids(&last).iter().all(|id| !ids(&first).contains(id)));
    let stored = "SELECT CAST(count(*) AS TEXT) AS value FROM \"_signing_keys\"";
    assert_eq!(app.text(stored), "2");

    // After a year in which nobody asked, the next key is published before it signs as well.
    app.clock.advance(DAY * 365);
    let late = keys(&guest);
    let token = token_for(&sign_in(), SHOP);
    assert_eq!(key_id(&token), ids(&last)[1]);
    assert_eq!(ids(&late)[0], ids(&last)[1]);
    assert_eq!(late.len(), 2);
}

#[test]
fn all_servers_have_the_same_keys_also_when_they_make_them_at_once() {
    let home = Home::new();
    make_superuser(&home);
    let near = Process::start(&home);
    // SQLite has one process.
    let other = on_postgres().then(|| Process::start(&home));
    let far = other.as_ref().unwrap_or(&near);
    let root = near.root();
    let meta = json!({"meta": {"appURL": ISSUER}});
    root.patch("/api/settings", meta).ok();
    allow(&root, &json!([SHOP]));
    root.create(
        "users",
        json!({
            "id": ANN, "email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD,
        }),
    );
    let ann = near.client.sign_in("users", "ann@example.com");
    let sets = at_once(16, |n| {
        let server = if n % 2 == 0 { &near } else { far };
        keys(&server.client)
    });
    assert_eq!(sets[0].len(), 2);
    assert!(sets.iter().all(|set| *set == sets[0]));
    // A token that one server signs verifies with the keys of the other.
    let token = token_for(&ann, SHOP);
    verified(&token, &keys(&far.client), SHOP).expect("a good token");
    let there = Client {
        token: ann.token,
        ..far.client.clone()
    };
    // The other server knows the audiences within a second.
    let mut reply = ask(&there, json!({"audience": SHOP}));
    for _ in 0..500 {
        if reply.status == 200 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
        reply = ask(&there, json!({"audience": SHOP}));
    }
    let token = reply.ok()["token"].as_str().expect("a token").to_owned();
    verified(&token, &sets[0], SHOP).expect("a good token");
}

#[test]
fn n56_private_keys_are_in_no_answer() {
    let (app, ann) = shop();
    token_for(&ann, SHOP);
    let secret = app.text("SELECT secret AS value FROM \"_signing_keys\" WHERE number = 1");
    assert_eq!(secret.len(), 43);
    let root = app.root();
    let view = |query: &str| {
        let body = json!({"name": "stolen", "type": "view", "viewQuery": query});
        root.post("/api/collections", body)
    };
    view("select kid as id, secret from _signing_keys").refused(400);
    view("select id, (select secret from \"_signing_keys\" limit 1) as s from users").refused(400);
    let taken = json!({"name": "_signing_keys", "type": "base"});
    root.post("/api/collections", taken).refused(400);
    root.get("/api/collections/_signing_keys/records")
        .refused(404);
    for path in [
        KEYS,
        "/api/settings",
        "/api/collections",
        "/api/openapi.json",
    ] {
        let reply = root.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.text.contains(&secret), "{path}");
    }
}

#[test]
fn a_definition_says_which_audiences_are_allowed() {
    let app = TestApp::start();
    let root = app.root();
    let users = || root.get("/api/collections/users").ok();
    assert_eq!(users().get("tokenAudiences"), None);
    assert_eq!(
        allow(root, &json!([SHOP, "b"]))["tokenAudiences"],
        json!([SHOP, "b"])
    );
    // What is left out stays.
    root.patch("/api/collections/users", json!({"listRule": ""}))
        .ok();
    assert_eq!(users()["tokenAudiences"], json!([SHOP, "b"]));
    let try_to = |audiences: Value| {
        root.patch(
            "/api/collections/users",
            json!({"tokenAudiences": audiences}),
        )
    };
    try_to(json!(["a", ""])).refused_for("tokenAudiences.1", "required");
    try_to(json!(["a".repeat(256)])).refused_for("tokenAudiences.0", "length_out_of_range");
    try_to(json!(vec!["a"; 101])).refused_for("tokenAudiences", "length_too_long");
    try_to(json!("a")).refused(400);
    try_to(json!([1])).refused(400);
    assert_eq!(users()["tokenAudiences"], json!([SHOP, "b"]));
    assert_eq!(allow(root, &json!([])).get("tokenAudiences"), None);
    allow(root, &json!([SHOP]));
    assert_eq!(allow(root, &json!(null)).get("tokenAudiences"), None);
}
