//! Second factors: a sign-in with two methods, and what does not count as the second.

use std::time::Duration;

use serde_json::{Value, json};

use crate::oauth2;
use crate::support::provider::Provider;
use crate::support::{Client, PASSWORD, Reply, TestApp, at_once};

const PATH: &str = "/api/collections/users";
const USERS: &str = "_pb_users_auth_";
const ANN: &str = "ann000000000000";
const BOB: &str = "bob000000000000";

/// A server whose accounts need two factors, for as long as `duration` seconds, where the rule holds.
fn app(duration: i64, rule: &str) -> TestApp {
    let app = TestApp::start();
    app.user("ann");
    app.user("bob");
    let options = json!({
        "otp": {"enabled": true}, "mfa": {"enabled": true, "duration": duration, "rule": rule},
    });
    app.root().patch(PATH, options).ok();
    app
}

fn sign_in(client: &Client, name: &str, mfa_id: &Value) -> Reply {
    let email = format!("{name}@example.com");
    let body = json!({"identity": email, "password": PASSWORD, "mfaId": mfa_id});
    client.post(&format!("{PATH}/auth-with-password"), body)
}

/// A factor that the account has shown by another method.
fn shown(app: &TestApp, account: &str) -> Value {
    let record = json!({"collectionRef": USERS, "recordRef": account, "method": "otp"});
    app.root().create("_mfas", record)["id"].clone()
}

#[track_caller]
fn refused(reply: &Reply, message: &str) {
    reply.refused(400);
    assert_eq!(reply.body["message"], message);
}

const EXPIRED: &str = "Invalid or expired MFA session.";

#[test]
fn the_first_factor_leads_to_an_id_and_the_second_signs_in() {
    let app = app(600, "");
    let guest = app.guest();
    let first = sign_in(&guest, "ann", &json!(null));
    assert_eq!(first.status, 401);
    let body = first.body.as_object().expect("an object");
    assert_eq!(body.keys().collect::<Vec<_>>(), ["mfaId"]);
    let record = app
        .root()
        .view("_mfas", first.body["mfaId"].as_str().expect("an id"))
        .ok();
    assert_eq!(record["collectionRef"], USERS);
    assert_eq!(record["recordRef"], ANN);
    assert_eq!(record["method"], "password");
    // An empty id is none.
    assert_eq!(sign_in(&guest, "ann", &json!("")).status, 401);

    let id = shown(&app, ANN);
    let answer = sign_in(&guest, "ann", &id).ok();
    assert_eq!(answer["record"]["id"], ANN);
    refused(&sign_in(&guest, "ann", &id), EXPIRED);
    // The query comes before the body.
    let id = shown(&app, ANN);
    let id = id.as_str().expect("an id");
    let body = json!({"identity": "ann@example.com", "password": PASSWORD, "mfaId": "nope"});
    let path = format!("{PATH}/auth-with-password?mfaId={id}&fields=token");
    let answer = guest.post(&path, body).ok();
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1));
    // A token is renewed, and another account is acted as, without a factor.
    let ann = Client {
        token: answer["token"].as_str().expect("a token").to_owned(),
        ..guest
    };
    ann.post(&format!("{PATH}/auth-refresh"), json!({})).ok();
    app.root()
        .post(&format!("{PATH}/impersonate/{BOB}"), json!({}))
        .ok();
}

#[test]
fn n29_a_second_factor_is_of_another_method_and_of_the_same_account() {
    let app = app(600, "");
    let guest = app.guest();
    let first = sign_in(&guest, "ann", &json!(null)).body["mfaId"].clone();
    refused(
        &sign_in(&guest, "ann", &first),
        "A different authentication method is required.",
    );
    refused(&sign_in(&guest, "bob", &first), "Invalid MFA session.");
    let of_bob = shown(&app, BOB);
    refused(&sign_in(&guest, "ann", &of_bob), "Invalid MFA session.");
    for unknown in ["nope", "missing00000000", "a\0b", "' OR 1=1 --"] {
        refused(&sign_in(&guest, "ann", &json!(unknown)), EXPIRED);
    }
    for no_text in [json!(5), json!({"a": 1}), json!(["a"]), json!(true)] {
        refused(&sign_in(&guest, "ann", &no_text), "Failed to read MFA Id.");
    }
    // A wrong password takes nothing.
    let body =
        json!({"identity": "bob@example.com", "password": "wrong password", "mfaId": of_bob});
    guest
        .post(&format!("{PATH}/auth-with-password"), body)
        .refused(400);
    sign_in(&guest, "bob", &of_bob).ok();
}

/// A server with gitlab and codes, whose accounts need two factors.
fn with_gitlab() -> (TestApp, Provider) {
    let (app, provider) = oauth2::with_gitlab(oauth2::ann());
    let options = json!({"otp": {"enabled": true}, "mfa": {"enabled": true}});
    app.root().patch(PATH, options).ok();
    (app, provider)
}

/// Signs in with a code that was sent to the account.
fn with_code(app: &TestApp, account: &str, mfa_id: &Value) -> Reply {
    let code = json!({
        "collectionRef": USERS, "recordRef": account, "password": "12345678", "sentTo": "ann@example.com",
    });
    let id = app.root().create("_otps", code)["id"].clone();
    let body = json!({"otpId": id, "password": "12345678", "mfaId": mfa_id});
    app.guest().post(&format!("{PATH}/auth-with-otp"), body)
}

fn first(reply: &Reply) -> Value {
    assert_eq!(reply.status, 401, "{}", reply.text);
    reply.body["mfaId"].clone()
}

#[test]
fn n29_one_mailbox_is_not_two_factors() {
    let (app, _provider) = with_gitlab();
    let user =
        json!({"email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD});
    let id = app.root().create("users", user)["id"].clone();
    let id = id.as_str().expect("an id");
    let (guest, none) = (app.guest(), json!(null));
    let with_gitlab = |mfa_id: &Value| oauth2::sign_in(&guest, "gitlab", json!({"mfaId": mfa_id}));
    let links = || app.root().all("_externalAuths", "recordRef");
    let message = "A different authentication method is required.";
    // An identity with the address, and a code that is sent to it.
    let by_address = first(&with_gitlab(&none));
    refused(&with_code(&app, id, &by_address), message);
    refused(&with_gitlab(&by_address), message);
    let by_code = first(&with_code(&app, id, &none));
    refused(&with_gitlab(&by_code), message);
    assert!(links().is_empty());
    assert_eq!(app.root().view("users", id).ok()["verified"], false);
    // Either goes with the password, which who knows it keeps.
    let signed_in = sign_in(&guest, "ann", &by_address).ok();
    assert_eq!(signed_in["record"]["verified"], true);
    app.root()
        .update("users", id, json!({"verified": false}))
        .ok();
    let by_password = first(&sign_in(&guest, "ann", &none));
    let signed_in = with_gitlab(&by_password);
    assert_eq!(
        signed_in.body["record"]["verified"], true,
        "{}",
        signed_in.text
    );
    assert!(links().is_empty());
    // Who is signed in links the identity, which is a factor of its own from then on.
    let (ann, _) = oauth2::signed_in(&app, signed_in);
    first(&oauth2::sign_in(&ann, "gitlab", json!({})));
    assert_eq!(links(), [id]);
    let by_link = first(&with_gitlab(&none));
    with_code(&app, id, &by_link).ok();
}

#[test]
fn n24_a_factor_counts_once_for_fifty_at_once() {
    let app = app(600, "");
    let id = shown(&app, ANN);
    let replies = at_once(50, |_| sign_in(&app.guest(), "ann", &id));
    let signed_in = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(signed_in, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert!(matches!(reply.status, 400 | 429), "{}", reply.text);
    }
    assert!(app.root().all("_mfas", "id").is_empty());
}

#[test]
fn a_factor_expires_and_ends_with_the_password_and_the_address() {
    let app = app(60, "");
    let guest = app.guest();
    let id = shown(&app, ANN);
    app.clock.advance(Duration::from_secs(61));
    refused(&sign_in(&guest, "ann", &id), EXPIRED);
    assert!(app.root().all("_mfas", "id").is_empty(), "it is deleted");
    let moved = json!({"email": "ann@example.org"});
    let back = json!({"email": "ann@example.com"});
    let password = json!({"password": PASSWORD, "passwordConfirm": PASSWORD});
    for changes in [vec![moved, back], vec![password]] {
        let id = shown(&app, ANN);
        for change in changes {
            app.root().update("users", ANN, change).ok();
        }
        refused(&sign_in(&guest, "ann", &id), EXPIRED);
    }
    let id = shown(&app, ANN);
    app.root().update("users", ANN, json!({"name": "Ann"})).ok();
    sign_in(&guest, "ann", &id).ok();
}

#[test]
fn the_rule_says_who_needs_a_second_factor() {
    let app = app(600, "name = 'ann' && @request.context = 'password'");
    let guest = app.guest();
    assert_eq!(sign_in(&guest, "ann", &json!(null)).status, 401);
    sign_in(&guest, "bob", &json!(null)).ok();
    // The auth rule comes first.
    app.root()
        .patch(PATH, json!({"authRule": "name != 'ann'"}))
        .ok();
    sign_in(&guest, "ann", &json!(null)).refused(403);
    let bad = json!({"mfa": {"rule": "nope = 1"}});
    app.root()
        .patch(PATH, bad)
        .refused_for("mfa.rule", "invalid_rule");
    // With one method there is no second.
    let bad = json!({"otp": {"enabled": false}});
    app.root()
        .patch(PATH, bad)
        .refused_for("mfa.enabled", "mfa_not_enough_auths");
    app.root()
        .patch(PATH, json!({"mfa": {"duration": 9}}))
        .refused_for("mfa.duration", "min_greater_equal_than_required");
}
