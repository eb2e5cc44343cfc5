//! Sign-in with other services: what is sent to them, who signs in, and what they cannot do.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::guessing::post_from;
use crate::support::provider::{Answer, Provider};
use crate::support::{Client, Home, PASSWORD, Reply, TestApp, at_once, on_postgres};

/// A server that may call this machine.
pub(crate) fn start() -> TestApp {
    start_in(Home::new())
}

fn start_in(home: Home) -> TestApp {
    let config = plinth::config::Config {
        outbound_allow: vec!["127.0.0.1".to_owned()],
        ..home.config()
    };
    TestApp::start_with(home, config)
}

/// A service of a definition that is at the provider.
pub(crate) fn service(provider: &Provider, name: &str) -> Value {
    let url = &provider.url;
    json!({
        "name": name, "clientId": "the client", "clientSecret": "the secret", "authURL": format!("{url}/authorize"),
        "tokenURL": format!("{url}/token"), "userInfoURL": format!("{url}/user"),
    })
}

/// Lets the accounts of `users` sign in with these services.
pub(crate) fn allow(app: &TestApp, services: Value) {
    let mut change = json!({"oauth2": {"enabled": true}});
    change["oauth2"]["providers"] = services;
    app.root().patch("/api/collections/users", change).ok();
}

/// A server with gitlab, which has this user.
pub(crate) fn with_gitlab(user: Value) -> (TestApp, Provider) {
    let (app, provider) = (start(), Provider::start());
    allow(&app, json!([service(&provider, "gitlab")]));
    provider.set("/user", user);
    (app, provider)
}

/// A user of gitlab with a verified address.
pub(crate) fn ann() -> Value {
    json!({
        "id": 7, "name": "Ann Lee", "username": "ann", "email": "ann@example.com", "confirmed_at": "2020-01-01T00:00:00Z",
        "avatar_url": "http://127.0.0.1:1/ann.png",
    })
}

/// Starts a sign-in.
pub(crate) fn begin(client: &Client, collection: &str, name: &str) -> Value {
    let path = format!("/api/collections/{collection}/auth-methods");
    let methods = client.get(&path).ok();
    let all = methods["oauth2"]["providers"].as_array().expect("a list");
    let found = all.iter().find(|one| one["name"] == name);
    found
        .unwrap_or_else(|| panic!("{name} is not offered: {methods}"))
        .clone()
}

/// Ends a sign-in, with changes of the body.
pub(crate) fn end(client: &Client, start: &Value, changes: Value) -> Reply {
    let mut body = json!({
        "provider": start["name"], "code": "the code", "codeVerifier": start["codeVerifier"],
        "redirectURL": "https://app.example.org/back",
    });
    let Value::Object(changes) = changes else {
        panic!("{changes} is no object");
    };
    for (name, value) in changes {
        body[name] = value;
    }
    client.post("/api/collections/users/auth-with-oauth2", body)
}

/// Signs in.
pub(crate) fn sign_in(client: &Client, name: &str, changes: Value) -> Reply {
    end(client, &begin(client, "users", name), changes)
}

/// The account of a sign-in.
pub(crate) fn signed_in(app: &TestApp, reply: Reply) -> (Client, Value) {
    let body = reply.ok();
    let client = Client {
        token: body["token"].as_str().expect("a token").to_owned(),
        ..app.guest()
    };
    (client, body)
}

#[test]
fn a_new_user_gets_an_account_and_signs_in_to_it_again() {
    let (app, provider) = with_gitlab(ann());
    let reply = sign_in(&app.guest(), "gitlab", json!({}));
    let (ann, body) = signed_in(&app, reply);
    let record = &body["record"];
    assert_eq!(record["email"], "ann@example.com");
    assert_eq!(
        (&record["name"], &record["verified"]),
        (&json!("Ann Lee"), &json!(true))
    );
    // The picture is at an address that is nobody else's business.
    assert_eq!(record["avatar"], "");
    let meta = &body["meta"];
    let expected = json!({
        "accessToken": "access", "avatarURL": "http://127.0.0.1:1/ann.png", "avatarUrl": "http://127.0.0.1:1/ann.png",
        "email": "ann@example.com", "expiry": meta["expiry"], "id": "7", "isNew": true, "name": "Ann Lee",
        "rawUser": super::oauth2::ann(), "refreshToken": "refresh", "username": "ann",
    });
    assert_eq!(meta, &expected);
    assert!(
        meta["expiry"]
            .as_str()
            .is_some_and(|expiry| expiry.ends_with('Z'))
    );
    let links = ann.list("_externalAuths", &[]).ok();
    assert_eq!(links["items"][0]["providerId"], "7");

    // What was sent: the client's secret in the header, and the proof.
    let call = &provider.calls("/token")[0];
    // "the client:the secret", each encoded as in forms.
    assert!(
        call.head
            .to_lowercase()
            .contains("authorization: basic dghlk2nsawvuddp0agurc2vjcmv0"),
        "{}",
        call.head
    );
    assert!(call.body.starts_with("grant_type=authorization_code&code=the+code&redirect_uri=https%3A%2F%2Fapp.example.org%2Fback&code_verifier="));
    assert!(!call.body.contains("client_secret"));
    assert!(provider.calls("/user")[0].head.contains("Bearer access"));

    let again = sign_in(&app.guest(), "gitlab", json!({})).ok();
    assert_eq!(
        (&again["record"]["id"], &again["meta"]["isNew"]),
        (&record["id"], &json!(false))
    );
    assert_eq!(app.root().all("users", "id").len(), 1);
    // There is no password, and none is the empty one.
    for password in ["", " ", PASSWORD] {
        let body = json!({"identity": "ann@example.com", "password": password});
        app.guest()
            .post("/api/collections/users/auth-with-password", body)
            .refused(400);
    }
}

#[test]
fn a_client_is_authenticated_as_the_service_wants_it() {
    let (app, provider) = with_gitlab(ann());
    provider.answer("/token", |call| {
        if call
            .body
            .contains("client_id=the+client&client_secret=the+secret")
        {
            Answer::Form("access_token=a+b&scope=x".to_owned())
        } else {
            Answer::Json(401, json!({"error": "invalid_client"}))
        }
    });
    for calls in [2, 3] {
        let meta = sign_in(&app.guest(), "gitlab", json!({})).ok()["meta"].clone();
        assert_eq!(
            (&meta["accessToken"], &meta["expiry"]),
            (&json!("a b"), &json!(""))
        );
        // The second time it is known.
        assert_eq!(provider.calls("/token").len(), calls);
    }
}

#[test]
fn a_service_may_have_addresses_in_a_second_answer() {
    let (app, provider) = (start(), Provider::start());
    allow(&app, json!([service(&provider, "github")]));
    provider.set(
        "/user",
        json!({"id": 1, "login": "ann", "email": "public@example.com"}),
    );
    provider.set(
        "/user/emails",
        json!([
            {"email": "old@example.com", "primary": false, "verified": true},
            {"email": "ann@example.com", "primary": true, "verified": true},
        ]),
    );
    let body = sign_in(&app.guest(), "github", json!({})).ok();
    assert_eq!(body["record"]["email"], "ann@example.com");
    provider.set(
        "/user",
        json!({"id": 2, "login": "bob", "email": "public@example.com"}),
    );
    provider.answer("/user/emails", |_| Answer::Json(403, json!({})));
    sign_in(&app.guest(), "github", json!({})).refused_for("email", "required");
}

#[test]
fn a_form_is_checked_before_anybody_is_asked() {
    let (app, provider) = with_gitlab(ann());
    let (guest, path) = (app.guest(), "/api/collections/users/auth-with-oauth2");
    guest
        .post("/api/collections/missing/auth-with-oauth2", json!({}))
        .refused(404);
    app.collection(json!({"name": "posts", "type": "base"}));
    guest
        .post("/api/collections/posts/auth-with-oauth2", json!({}))
        .refused(404);
    guest
        .post("/api/collections/_superusers/auth-with-oauth2", json!({}))
        .refused(403);
    let reply = guest.post(path, json!({}));
    reply
        .refused_for("provider", "required")
        .refused_for("code", "required");
    assert_eq!(
        reply.body["message"],
        "An error occurred while loading the submitted data."
    );
    let reply = guest.post(path, json!({"provider": "google", "code": "x"}));
    reply.refused_for("provider", "invalid_provider");
    assert_eq!(reply.body["data"]["provider"]["params"]["name"], "google");
    guest
        .post(path, json!({"provider": "x".repeat(101), "code": "x"}))
        .refused_for("provider", "length_too_long");
    guest
        .post(path, json!({"provider": ["gitlab"], "code": "x"}))
        .refused(400);
    guest
        .send("POST", path, Some(b"{".to_vec()), "application/json")
        .refused(400);
    assert!(provider.calls("/token").is_empty());
}

#[test]
fn n21_a_verifier_must_be_of_this_sign_in() {
    let (app, provider) = with_gitlab(ann());
    allow(
        &app,
        json!([service(&provider, "gitlab"), service(&provider, "github")]),
    );
    let other = json!({"enabled": true, "providers": [service(&provider, "gitlab")]});
    app.collection(json!({"name": "people", "type": "auth", "oauth2": other}));
    let guest = app.guest();
    let verifier = |collection: &str, name: &str| {
        begin(&guest, collection, name)["codeVerifier"]
            .as_str()
            .expect("text")
            .to_owned()
    };
    let good = verifier("users", "gitlab");
    let flip = |at: usize| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).expect("text")
    };
    let start = json!({"name": "gitlab"});
    for bad in [
        "x".repeat(43),
        "A".repeat(43),
        "ü".repeat(20),
        "a b".to_owned(),
        good[..42].to_owned(),
        format!("{good}A"),
        flip(0),
        flip(10),
        flip(30),
        verifier("users", "github"),
        verifier("people", "gitlab"),
    ] {
        end(&guest, &start, json!({"codeVerifier": bad}))
            .refused_for("codeVerifier", "invalid_code_verifier");
    }
    // Where the proof is on, leaving it out does not turn it off.
    for none in [json!(""), Value::Null] {
        end(&guest, &start, json!({"codeVerifier": none})).refused_for("codeVerifier", "required");
    }
    let late = begin(&guest, "users", "gitlab");
    app.clock.advance(std::time::Duration::from_secs(599));
    end(
        &guest,
        &start,
        json!({"codeVerifier": late["codeVerifier"]}),
    )
    .ok();
    let late = begin(&guest, "users", "gitlab");
    app.clock.advance(std::time::Duration::from_secs(601));
    end(&guest, &late, json!({})).refused_for("codeVerifier", "invalid_code_verifier");
    assert_eq!(provider.calls("/token").len(), 1);
}

#[test]
fn n21_a_verifier_is_good_once_also_for_fifty_at_once() {
    let (app, provider) = with_gitlab(ann());
    // On PostgreSQL, half of them go through another process.
    let second = on_postgres().then(|| start_in(Home::on(app.home.database_url.clone())));
    let start = begin(&app.guest(), "users", "gitlab");
    if let Some(second) = &second {
        // A process hears of changes by another one.
        let services = [service(&provider, "github"), service(&provider, "gitlab")];
        allow(second, services.into_iter().collect());
        begin(&app.guest(), "users", "github");
    }
    let replies = at_once(50, |n| {
        let client = match &second {
            Some(second) if n % 2 == 1 => second.guest(),
            _ => app.guest(),
        };
        end(&client, &start, json!({}))
    });
    let good = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(good, 1, "{replies:?}");
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused_for("codeVerifier", "invalid_code_verifier");
    }
    assert_eq!(provider.calls("/token").len(), 1);
    end(&app.guest(), &start, json!({})).refused_for("codeVerifier", "invalid_code_verifier");
    // What was used is forgotten once it is too old anyway.
    app.clock.advance(std::time::Duration::from_secs(3600));
    sign_in(&app.guest(), "gitlab", json!({})).ok();
    assert_eq!(
        app.text("SELECT CAST(count(*) AS TEXT) AS value FROM \"_oauth2\""),
        "1"
    );
}

#[test]
fn n30_of_many_sign_ups_of_one_user_at_once_one_makes_an_account() {
    let (app, _provider) = with_gitlab(ann());
    let starts: Vec<Value> = (0..8)
        .map(|_| begin(&app.guest(), "users", "gitlab"))
        .collect();
    let replies = at_once(8, |n| end(&app.guest(), &starts[n], json!({})).ok());
    let new = replies
        .iter()
        .filter(|reply| reply["meta"]["isNew"] == true)
        .count();
    assert_eq!(new, 1);
    assert!(
        replies
            .iter()
            .all(|reply| reply["record"]["id"] == replies[0]["record"]["id"])
    );
    assert_eq!(app.root().all("users", "id").len(), 1);
    assert_eq!(app.root().all("_externalAuths", "id").len(), 1);
}

#[test]
fn a_service_that_fails_is_not_quoted() {
    let (app, provider) = with_gitlab(ann());
    let secret = json!({"error": "invalid_grant", "error_description": "SECRET detail"});
    let failing: [(&str, Answer, &str); 9] = [
        ("/token", Answer::Json(400, secret.clone()), "token"),
        ("/token", Answer::Json(200, secret.clone()), "token"),
        ("/token", Answer::Json(200, json!([])), "token"),
        ("/token", Answer::Close, "token"),
        ("/token", Answer::Flood, "token"),
        ("/user", Answer::Json(500, secret), "user"),
        ("/user", Answer::Json(200, json!({"name": "no id"})), "user"),
        ("/user", Answer::Flood, "user"),
        ("/user", Answer::Close, "user"),
    ];
    for (path, answer, what) in failing {
        provider.set("/token", json!({"access_token": "a"}));
        provider.set("/user", super::oauth2::ann());
        provider.answer(path, move |_| answer.clone());
        let reply = sign_in(&app.guest(), "gitlab", json!({}));
        reply.refused(400);
        assert_eq!(
            reply.body["message"],
            format!("Failed to fetch OAuth2 {what}.")
        );
        assert_eq!(reply.body["data"], json!({}));
    }
    assert!(app.root().all("users", "id").is_empty());
}

/// A provider whose tokens come only after [`Gate::open`].
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn of(provider: &Provider) -> Self {
        let gate: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let closed = gate.clone();
        provider.answer("/token", move |_| {
            let is_open = closed.0.lock().expect("no panic");
            let waits = |is_open: &mut bool| !*is_open;
            drop(closed.1.wait_while(is_open, waits).expect("no panic"));
            Answer::Json(400, json!({"error": "invalid_grant"}))
        });
        Self(gate)
    }

    fn open(&self) {
        *self.0.0.lock().expect("no panic") = true;
        self.0.1.notify_all();
    }
}

/// A service without PKCE, so that a request needs none before it.
fn without_pkce(provider: &Provider, name: &str) -> Value {
    let mut service = service(provider, name);
    service["pkce"] = json!(false);
    service
}

#[test]
fn n79_neither_one_service_nor_one_client_takes_all_places_for_sign_ins() {
    for (is_own, places) in [(false, 16), (true, 4)] {
        let home = Home::new();
        let config = plinth::config::Config {
            outbound_allow: vec!["127.0.0.1".to_owned()],
            private_clients: is_own,
            ..home.config()
        };
        let app = TestApp::start_with(home, config);
        let (silent, other) = (Provider::start(), Provider::start());
        other.set(
            "/user",
            json!({"sub": "1", "email": "ann@example.com", "email_verified": true}),
        );
        let gate = Gate::of(&silent);
        allow(
            &app,
            json!([
                without_pkce(&silent, "gitlab"),
                without_pkce(&other, "google")
            ]),
        );
        let start = |name: &str| json!({"name": name, "codeVerifier": ""});
        let try_gitlab = || end(&app.guest(), &start("gitlab"), json!({})).status;
        std::thread::scope(|scope| {
            let waiting: Vec<_> = (0..places).map(|_| scope.spawn(try_gitlab)).collect();
            let deadline = Instant::now() + Duration::from_secs(60);
            while silent.calls("/token").len() < places {
                assert!(Instant::now() < deadline, "not all are waiting");
                std::thread::sleep(Duration::from_millis(10));
            }
            assert_eq!(try_gitlab(), 503);
            // Of one client's places none is left for anything else; others have theirs.
            let status = end(&app.guest(), &start("google"), json!({})).status;
            assert_eq!(status == 503, is_own, "{status}");
            let body = json!({"provider": "google", "code": "x", "redirectURL": "https://a.b"});
            let path = "/api/collections/users/auth-with-oauth2";
            post_from(&app, [127, 0, 2, 1].into(), path, "", &body).is(200);
            gate.open();
            let ended: Vec<u16> = waiting
                .into_iter()
                .map(|one| one.join().expect("no panic"))
                .collect();
            assert_eq!(ended, vec![400; places]);
        });
        assert_eq!(try_gitlab(), 400);
    }
}

#[test]
fn n26_codes_that_no_service_takes_are_counted_for_their_address() {
    let home = Home::new();
    let config = plinth::config::Config {
        outbound_allow: vec!["127.0.0.1".to_owned()],
        private_clients: true,
        ..home.config()
    };
    let app = TestApp::start_with(home, config);
    let provider = Provider::start();
    provider.answer("/token", |_| {
        Answer::Json(400, json!({"error": "invalid_grant"}))
    });
    allow(&app, json!([without_pkce(&provider, "gitlab")]));
    let start = json!({"name": "gitlab", "codeVerifier": ""});
    for _ in 0..100 {
        end(&app.guest(), &start, json!({})).refused(400);
    }
    let asked = provider.calls("/token").len();
    end(&app.guest(), &start, json!({})).refused(429);
    assert_eq!(provider.calls("/token").len(), asked);
}

#[test]
fn a_service_that_hangs_ends_as_a_failure() {
    let (app, provider) = with_gitlab(ann());
    provider.answer("/token", |_| Answer::Hang);
    let reply = sign_in(&app.guest(), "gitlab", json!({}));
    reply.refused(400);
    assert_eq!(reply.body["message"], "Failed to fetch OAuth2 token.");
}

#[test]
fn n39_services_in_the_internal_network_are_called_only_if_allowed() {
    let (app, provider) = (TestApp::start(), Provider::start());
    allow(&app, json!([service(&provider, "gitlab")]));
    sign_in(&app.guest(), "gitlab", json!({})).refused(400);
    assert!(provider.calls("/token").is_empty());
}
