//! Authenticator apps: enrolment, sign-in with a code, recovery codes, and how to get rid of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::accounts::{ANN, sign_in};
use crate::support::process::{plinth, run};
use crate::support::{Client, PASSWORD, ROOT, Reply, TestApp, at_once};

const PATH: &str = "/api/collections/users";

/// An authenticator app.
struct App(totp_rs::Totp);

impl App {
    /// Reads the secret as a person would.
    fn of(secret: &Value) -> Self {
        const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let text = secret.as_str().expect("a text");
        let bits = text.chars().flat_map(|letter| {
            let value = LETTERS.find(letter).expect("base32");
            (0..5).rev().map(move |bit| u8::from(value >> bit & 1 == 1))
        });
        let bits: Vec<u8> = bits.collect();
        let bytes = bits
            .chunks(8)
            .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit));
        let bytes: Vec<u8> = bytes.collect();
        let builder = totp_rs::Builder::new().with_secret(bytes);
        Self(builder.build_noncompliant())
    }

    /// The code of this many steps after the present one.
    fn code(&self, app: &TestApp, steps: i64) -> String {
        let now = app.clock.now().unix() + 30 * steps;
        self.0.generate(now.unsigned_abs()).to_string()
    }
}

fn with(client: &Client, token: &Value) -> Client {
    Client {
        token: token.as_str().expect("a token").to_owned(),
        ..client.clone()
    }
}

fn enrol(client: &Client, path: &str) -> Reply {
    client.post(&format!("{path}/totp"), json!({}))
}

fn confirm(client: &Client, path: &str, code: &str) -> Reply {
    client.post(&format!("{path}/totp/confirm"), json!({"code": code}))
}

/// Begins a sign-in and gives the id for the second factor.
fn begin(app: &TestApp) -> Value {
    let reply = sign_in(&app.guest(), "ann@example.com", PASSWORD);
    assert_eq!(reply.status, 401, "{}", reply.text);
    reply.body["mfaId"].clone()
}

fn finish(app: &TestApp, id: &Value, code: &str) -> Reply {
    let body = json!({"mfaId": id, "code": code});
    app.guest().post(&format!("{PATH}/auth-with-totp"), body)
}

/// An account with an app, signed in, and its recovery codes.
fn enrolled(app: &TestApp) -> (App, Client, Vec<String>) {
    let ann = app.user("ann");
    let made = enrol(&ann, PATH).ok();
    let device = App::of(&made["secret"]);
    let codes = confirm(&ann, PATH, &device.code(app, 0)).ok();
    let codes = codes["recoveryCodes"].as_array().expect("codes").clone();
    let codes = codes
        .iter()
        .map(|code| code.as_str().expect("a code").to_owned());
    (device, ann, codes.collect())
}

/// Moves to a later step.
fn later(app: &TestApp) {
    app.clock.advance(Duration::from_secs(90));
}

#[test]
fn an_app_is_enrolled_and_its_code_is_needed_from_then_on() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let other = app.guest().sign_in("users", "ann@example.com");
    let made = enrol(&ann, PATH).ok();
    let url = made["url"].as_str().expect("a URL");
    let secret = made["secret"].as_str().expect("a secret");
    assert!(url.starts_with("otpauth://totp/"), "{url}");
    assert!(
        url.contains(&format!("ann@example.com?secret={secret}&issuer=")),
        "{url}"
    );
    assert!(made["qr"].as_str().expect("a picture").starts_with("<svg "));
    // Until it is confirmed, everything is as before.
    sign_in(&app.guest(), "ann@example.com", PASSWORD).ok();
    confirm(&ann, PATH, "000000x").refused_for("code", "invalid_code");
    // One that is not confirmed is replaced.
    let made = enrol(&ann, PATH).ok();
    let device = App::of(&made["secret"]);
    let codes = confirm(&ann, PATH, &device.code(&app, 0)).ok();
    assert_eq!(codes["recoveryCodes"].as_array().map(Vec::len), Some(10));
    // Other sessions have ended, this one goes on.
    let refresh = |client: &Client| client.post(&format!("{PATH}/auth-refresh"), json!({}));
    refresh(&other).refused(401);
    refresh(&ann).ok();
    enrol(&ann, PATH).refused(400);
    confirm(&ann, PATH, &device.code(&app, 1)).refused_for("code", "invalid_code");

    later(&app);
    let id = begin(&app);
    let answer = finish(&app, &id, &device.code(&app, 0)).ok();
    assert_eq!(answer["record"]["id"], ANN);
    refresh(&with(&app.guest(), &answer["token"])).ok();
    // Nobody reads the secret, or anything to compute it from.
    for client in [app.root(), &ann] {
        for name in ["_totps", "_recoveryCodes"] {
            let list = client.list(name, &[]).ok();
            assert_ne!(list["totalItems"], json!(0));
            for hidden in ["secret", "code"] {
                let shown = list["items"][0].get(hidden).and_then(Value::as_str);
                assert_eq!(shown.unwrap_or_default(), "");
            }
        }
        let probe = [("filter", "secret != ''")];
        client.list("_totps", &probe).refused(400);
    }
    let bob = app.user("bob");
    assert!(bob.all("_totps", "id").is_empty());
    assert!(bob.all("_recoveryCodes", "id").is_empty());
    // It is deleted with the account.
    assert_eq!(app.root().remove("users", ANN).status, 204);
    for name in ["_totps", "_recoveryCodes"] {
        assert!(app.root().all(name, "id").is_empty());
    }
}

#[test]
fn n24_codes_and_recovery_codes_count_once_for_fifty_at_once() {
    let app = TestApp::start();
    let (device, _, codes) = enrolled(&app);
    // The code of the enrolment has been used.
    finish(&app, &begin(&app), &device.code(&app, 0)).refused(400);
    later(&app);
    let ids: Vec<Value> = (0..50).map(|_| begin(&app)).collect();
    for code in [device.code(&app, 0), codes[0].clone()] {
        let replies = at_once(50, |n| finish(&app, &ids[n], &code).status);
        let signed_in = replies.iter().filter(|status| **status == 200).count();
        assert_eq!(signed_in, 1, "{replies:?}");
        assert!(
            replies
                .iter()
                .all(|status| [200, 400, 429].contains(status))
        );
        app.execute("DELETE FROM _attempts");
    }
    // One before the last is not taken either, the next one is; and an id counts once.
    finish(&app, &begin(&app), &device.code(&app, -1)).refused(400);
    let id = begin(&app);
    finish(&app, &id, &device.code(&app, 1)).ok();
    finish(&app, &id, &codes[1]).refused(400);
    // Recovery codes are read however they are written.
    let written = codes[2].to_lowercase().replace('-', " ");
    finish(&app, &begin(&app), &written).ok();
    finish(&app, &begin(&app), &codes[2]).refused(400);
    finish(&app, &begin(&app), &codes[3]).ok();
}

#[test]
fn n29_no_other_factor_takes_the_place_of_the_app() {
    let app = TestApp::start();
    let (device, ..) = enrolled(&app);
    let bob = app.user("bob");
    later(&app);
    // Not the same factor again, nor another one, whatever the collection says.
    for options in [
        json!({"mfa": {"enabled": false}}),
        json!({"otp": {"enabled": true}, "mfa": {"enabled": true}}),
    ] {
        app.root().patch(PATH, options).ok();
        let by_mail =
            json!({"collectionRef": "_pb_users_auth_", "recordRef": ANN, "method": "otp"});
        let by_mail = app.root().create("_mfas", by_mail)["id"].clone();
        for id in [begin(&app), by_mail] {
            let body = json!({"identity": "ann@example.com", "password": PASSWORD, "mfaId": id});
            let reply = app
                .guest()
                .post(&format!("{PATH}/auth-with-password"), body);
            assert_eq!(reply.status, 401, "{}", reply.text);
            assert!(reply.body.get("token").is_none());
        }
    }
    app.root()
        .patch(PATH, json!({"mfa": {"enabled": false}}))
        .ok();
    // Not without the first one, nor with somebody else's or an old one.
    let code = device.code(&app, 0);
    finish(&app, &json!(""), &code).refused_for("mfaId", "required");
    finish(&app, &begin(&app), "").refused_for("code", "required");
    for id in ["nope", "missing00000000", "a\0b"] {
        finish(&app, &json!(id), &code).refused(400);
    }
    let of_bob = json!({"collectionRef": "_pb_users_auth_", "recordRef": "bob000000000000", "method": "password"});
    let of_bob = app.root().create("_mfas", of_bob)["id"].clone();
    finish(&app, &of_bob, &code).refused(400);
    let id = begin(&app);
    let elsewhere = json!({"mfaId": id, "code": code});
    app.guest()
        .post("/api/collections/_superusers/auth-with-totp", elsewhere)
        .refused(400);
    app.clock.advance(Duration::from_secs(660));
    finish(&app, &id, &device.code(&app, 0)).refused(400);
    drop(bob);
}

#[test]
fn n29_factors_are_changed_after_a_fresh_sign_in_only() {
    let app = TestApp::start();
    let (device, ann, _) = enrolled(&app);
    let disable = |client: &Client| client.delete(&format!("{PATH}/totp"));
    disable(&app.guest()).refused(401);
    disable(app.root()).refused(403);
    // Whoever finds an open device cannot remove it, nor by renewing the token, nor a superuser in the account's place.
    app.clock.advance(Duration::from_secs(301));
    let renewed = ann.post(&format!("{PATH}/auth-refresh"), json!({})).ok();
    let acting = app
        .root()
        .post(&format!("{PATH}/impersonate/{ANN}"), json!({}))
        .ok();
    for client in [
        ann.clone(),
        with(&ann, &renewed["token"]),
        with(&ann, &acting["token"]),
    ] {
        disable(&client).refused(403);
        enrol(&client, PATH).refused(403);
        confirm(&client, PATH, &device.code(&app, 0)).refused(403);
    }
    ann.delete("/api/collections/_totps/records/x").refused(403);
    let answer = finish(&app, &begin(&app), &device.code(&app, 0)).ok();
    let fresh = with(&ann, &answer["token"]);
    assert_eq!(disable(&fresh).status, 204);
    disable(&fresh).refused(404);
    sign_in(&app.guest(), "ann@example.com", PASSWORD).ok();
    assert!(app.root().all("_recoveryCodes", "id").is_empty());
    // Whoever has not verified the address could keep its owner out.
    app.root()
        .update("users", ANN, json!({"verified": false}))
        .ok();
    let ann = app.guest().sign_in("users", "ann@example.com");
    enrol(&ann, PATH).refused(403);
}

#[test]
fn n26_codes_are_guessed_ten_times_whoever_guesses() {
    let app = TestApp::start();
    let (device, _, codes) = enrolled(&app);
    later(&app);
    let time = app.clock.now();
    for _ in 0..10 {
        app.clock.set(time);
        // A new first factor does not begin again.
        finish(&app, &begin(&app), "000000").refused(400);
    }
    for code in [device.code(&app, 0), codes[0].clone()] {
        app.clock.set(time);
        finish(&app, &begin(&app), &code).refused(429);
    }
    app.clock.advance(Duration::from_secs(60));
    finish(&app, &begin(&app), &device.code(&app, 0)).ok();
}

#[test]
fn superusers_have_apps_too() {
    let app = TestApp::start();
    let path = "/api/collections/_superusers";
    let root = app.guest().sign_in("_superusers", ROOT);
    let device = App::of(&enrol(&root, path).ok()["secret"]);
    confirm(&root, path, &device.code(&app, 0)).ok();
    app.root().get("/api/collections").refused(401);
    later(&app);
    let body = json!({"identity": ROOT, "password": PASSWORD});
    let reply = app
        .guest()
        .post(&format!("{path}/auth-with-password"), body);
    assert_eq!(reply.status, 401, "{}", reply.text);
    let body = json!({"mfaId": reply.body["mfaId"], "code": device.code(&app, 0)});
    let answer = app
        .guest()
        .post(&format!("{path}/auth-with-totp"), body)
        .ok();
    with(&root, &answer["token"]).get("/api/collections").ok();
    // One that is lost is removed on the server's machine.
    let remove = |email: &str| {
        let mut command = plinth(&app.home);
        command.args(["superuser", "remove-totp", email]);
        run(command, "").status.success()
    };
    assert!(!remove("nobody@example.com"));
    assert!(remove(ROOT));
    assert!(!remove(ROOT));
    app.guest().sign_in("_superusers", ROOT);
}
