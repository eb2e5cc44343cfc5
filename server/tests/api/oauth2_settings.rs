//! Settings of sign-ins with other services: what is checked, and what is never shown.

use serde_json::{Value, json};

use super::oauth2::{allow, service, start};
use crate::support::TestApp;
use crate::support::provider::Provider;

#[test]
fn secrets_belong_to_names_and_are_never_shown() {
    let (app, provider) = (start(), Provider::start());
    let root = app.root();
    let path = "/api/collections/users";
    let mut github = service(&provider, "github");
    github["clientSecret"] = json!("hidden of github");
    allow(&app, json!([service(&provider, "gitlab"), github]));
    let stored = || app.text("SELECT definition AS value FROM _collections WHERE name = 'users'");
    let secret_of = |name: &str| {
        let definition: Value = serde_json::from_str(&stored()).expect("JSON");
        let all = definition["oauth2"]["providers"]
            .as_array()
            .expect("a list")
            .clone();
        let found = all
            .into_iter()
            .find(|one| one["name"] == name)
            .expect("the service");
        found["clientSecret"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    // Sent back in another order, and without what was never shown.
    let mut shown = root.get(path).ok()["oauth2"]["providers"].clone();
    assert_eq!(
        shown[0],
        json!({
            "authURL": format!("{}/authorize", provider.url), "clientId": "the client", "displayName": "", "extra": null, "name": "gitlab",
            "pkce": null, "tokenURL": format!("{}/token", provider.url), "userInfoURL": format!("{}/user", provider.url),
        })
    );
    shown.as_array_mut().expect("a list").reverse();
    let reply = root.patch(path, json!({"oauth2": {"providers": shown}}));
    assert!(!reply.text.contains("hidden of github") && !reply.text.contains("the secret"));
    reply.ok();
    assert_eq!(
        (secret_of("gitlab").as_str(), secret_of("github").as_str()),
        ("the secret", "hidden of github")
    );
    // Another service in the place of one does not get its secret.
    let mut google = service(&provider, "google");
    google
        .as_object_mut()
        .expect("an object")
        .remove("clientSecret");
    let reply = root.patch(path, json!({"oauth2": {"providers": [google]}}));
    reply.refused(400);
    assert_eq!(
        reply.body["data"]["oauth2"]["providers"]["0"]["clientSecret"]["code"],
        "validation_required"
    );
    for path in [
        "/api/collections?perPage=500",
        "/api/collections/users",
        "/api/collections/users/auth-methods",
        "/api/openapi.json",
    ] {
        let text = root.get(path).text;
        assert!(!text.contains("hidden of github"), "{path}");
    }
}

#[test]
fn n56_a_client_secret_goes_only_where_it_was_given_for() {
    let (app, provider) = (start(), Provider::start());
    let (root, path) = (app.root(), "/api/collections/users");
    let mut given = service(&provider, "oidc");
    given["extra"] = json!({"issuer": provider.url, "jwksURL": format!("{}/keys", provider.url)});
    allow(&app, json!([given]));
    let secret = || {
        let stored = app.text("SELECT definition AS value FROM _collections WHERE name = 'users'");
        let stored: Value = serde_json::from_str(&stored).expect("JSON");
        stored["oauth2"]["providers"][0]["clientSecret"].clone()
    };
    let shown = || root.get(path).ok()["oauth2"]["providers"][0].clone();
    let save = |service: &Value| root.patch(path, json!({"oauth2": {"providers": [service]}}));
    // The rest may change without it.
    let mut named = shown();
    named["displayName"] = json!("Company");
    named["pkce"] = json!(true);
    save(&named).ok();
    assert_eq!(secret(), "the secret");
    let other = json!("https://example.org/else");
    for key in [
        "/clientId",
        "/authURL",
        "/tokenURL",
        "/userInfoURL",
        "/extra/issuer",
        "/extra/jwksURL",
    ] {
        let mut moved = shown();
        *moved.pointer_mut(key).expect("an option") = other.clone();
        save(&moved).refused_for("oauth2.providers.0.clientSecret", "required");
        assert_eq!(secret(), "the secret", "{key}");
        moved["clientSecret"] = json!("the secret");
        save(&moved).ok();
    }
    // Neither while the services are off.
    let mut moved = shown();
    moved["tokenURL"] = json!("https://example.org/third");
    let off = json!({"oauth2": {"enabled": false, "providers": [moved]}});
    root.patch(path, off).ok();
    assert_ne!(secret(), "the secret");
}

#[test]
fn services_of_a_definition_are_checked_while_they_are_used() {
    let (app, provider) = (start(), Provider::start());
    let with = |enabled: bool, services: Value| {
        let change = json!({"oauth2": {"enabled": enabled, "providers": services}});
        app.root().patch("/api/collections/users", change)
    };
    with(false, json!([{"name": "nonsense"}, {"name": "nonsense"}])).ok();
    let reply = with(
        true,
        json!([{"name": ""}, {"name": "nonsense", "authURL": "x", "tokenURL": "ftp://x", "userInfoURL": "http://"}]),
    );
    reply.refused(400);
    let problems = &reply.body["data"]["oauth2"]["providers"];
    let code = |position: &str, key: &str| {
        problems[position][key]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(code("0", "name"), "validation_required");
    assert_eq!(code("0", "clientId"), "validation_required");
    assert_eq!(code("1", "name"), "validation_missing_provider");
    for key in ["authURL", "tokenURL", "userInfoURL"] {
        assert_eq!(code("1", key), "validation_is_url", "{key}");
    }
    let twice = json!([
        service(&provider, "gitlab"),
        service(&provider, "github"),
        service(&provider, "gitlab")
    ]);
    let reply = with(true, twice);
    reply.refused(400);
    let problem = &reply.body["data"]["oauth2"]["providers"]["2"]["name"];
    assert_eq!(
        (&problem["code"], &problem["params"]["name"]),
        (&json!("validation_duplicated_provider"), &json!("gitlab"))
    );
    for bad in [
        json!("x"),
        json!([1]),
        json!([{"name": 5}]),
        json!([{"name": "gitlab", "extra": "x"}]),
    ] {
        with(false, bad).refused(400);
    }
    // Fields that do not exist are not mapped.
    let mapped = json!({"oauth2": {"mappedFields": {"id": "missing", "name": "name"}}});
    let changed = app.root().patch("/api/collections/users", mapped).ok();
    assert_eq!(changed["oauth2"]["mappedFields"]["id"], "");
    assert_eq!(changed["oauth2"]["mappedFields"]["name"], "name");
}

#[test]
fn a_client_secret_for_apple_is_signed_with_the_developers_key() {
    use crate::support::provider::Key;
    let app = TestApp::start();
    let path = "/api/settings/apple/generate-client-secret";
    let good = json!({
        "clientId": "org.example.app", "teamId": "0123456789", "keyId": "abcdefghij", "privateKey": Key::pem(), "duration": 100,
    });
    app.guest().post(path, good.clone()).refused(401);
    app.user("ann").post(path, good.clone()).refused(403);
    let secret = app.root().post(path, good.clone()).ok()["secret"]
        .as_str()
        .expect("text")
        .to_owned();
    let key = jsonwebtoken::DecodingKey::from_jwk(
        &serde_json::from_value(Key::ec().public()).expect("a key"),
    )
    .expect("a key");
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.set_audience(&["https://appleid.apple.com"]);
    validation.validate_exp = false;
    let token =
        jsonwebtoken::decode::<Value>(&secret, &key, &validation).expect("a good signature");
    assert_eq!(token.header.kid.as_deref(), Some("abcdefghij"));
    let claims = token.claims;
    assert_eq!(
        (&claims["iss"], &claims["sub"]),
        (&json!("0123456789"), &json!("org.example.app"))
    );
    assert_eq!(
        claims["exp"].as_i64(),
        claims["iat"].as_i64().map(|iat| iat + 100)
    );
    for (field, value, code) in [
        ("clientId", json!(""), "required"),
        ("teamId", json!("short"), "length_invalid"),
        ("keyId", json!("01234567890"), "length_invalid"),
        ("privateKey", json!("x"), "match_invalid"),
        ("duration", json!(0), "required"),
        (
            "duration",
            json!(15_777_001),
            "max_less_equal_than_required",
        ),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        app.root().post(path, bad).refused_for(field, code);
    }
    let mut bad = good;
    bad["privateKey"] = json!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----");
    let reply = app.root().post(path, bad);
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .text
            .contains("Failed to generate client secret. Raw error: "),
        "{}",
        reply.text
    );
}
