//! Accounts: sign-up, sign-in, passwords, and who may change what of whom.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, TestApp, at_once};

pub(crate) fn sign_in(client: &Client, identity: &str, password: &str) -> Reply {
    let body = json!({"identity": identity, "password": password});
    client.post("/api/collections/users/auth-with-password", body)
}

pub(crate) fn refresh(client: &Client) -> Reply {
    client.post("/api/collections/users/auth-refresh", json!({}))
}

/// A sign-up with this password.
pub(crate) fn sign_up(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password, "passwordConfirm": password})
}

pub(crate) const ANN: &str = "ann000000000000";

#[test]
fn somebody_signs_up_signs_in_and_stays_signed_in() {
    let app = TestApp::start();
    let guest = app.guest();
    let made = guest.create("users", sign_up("ann@example.com", PASSWORD));
    assert_eq!(
        made.get("email"),
        None,
        "a private address is not told to who is not signed in"
    );
    assert_eq!(
        (&made["verified"], &made["emailVisibility"]),
        (&json!(false), &json!(false))
    );
    for secret in ["password", "passwordConfirm", "tokenKey"] {
        assert_eq!(made.get(secret), None, "{secret}");
        assert_eq!(
            app.root().list("users", &[]).ok()["items"][0].get(secret),
            None,
            "{secret}"
        );
    }
    let answer = sign_in(&guest, "ann@example.com", PASSWORD).ok();
    assert_eq!(answer["record"]["email"], json!("ann@example.com"));
    let ann = Client {
        token: answer["token"].as_str().expect("a token").to_owned(),
        ..guest
    };
    assert_eq!(ann.all("users", "email"), ["ann@example.com"]);
    let again = refresh(&ann).ok();
    assert_eq!(again["record"], answer["record"]);
    let ann = Client {
        token: again["token"].as_str().expect("a token").to_owned(),
        ..ann
    };
    assert_eq!(ann.all("users", "id").len(), 1);
    let bearer = Client {
        token: format!("Bearer {}", ann.token),
        ..ann.clone()
    };
    assert_eq!(bearer.all("users", "id").len(), 1);
    let methods = app.guest().get("/api/collections/users/auth-methods").ok();
    assert_eq!(
        methods["password"],
        json!({"identityFields": ["email"], "enabled": true})
    );
}

#[test]
fn n25_nobody_learns_whether_an_account_exists() {
    let app = TestApp::start();
    app.user("ann");
    let guest = app.guest();
    let wrong = sign_in(&guest, "ann@example.com", "wrong password");
    wrong.refused(400);
    assert_eq!(
        sign_in(&guest, "nobody@example.com", "wrong password"),
        wrong
    );
    assert_eq!(sign_in(&guest, "nobody", "wrong password"), wrong);
    assert_eq!(sign_in(&guest, "nobody@example.com", PASSWORD), wrong);
    assert_eq!(sign_in(&guest, "' OR 1=1 --", "wrong password"), wrong);
    // It takes about as long, too: the middle one of several.
    let middle = |identity: &str| {
        let mut times: Vec<Duration> = (0..7)
            .map(|_| {
                let start = Instant::now();
                sign_in(&guest, identity, "wrong password").refused(400);
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        times[3]
    };
    let (known, unknown) = (middle("ann@example.com"), middle("nobody@example.com"));
    assert!(
        unknown * 3 > known && known * 3 > unknown,
        "known {known:?}, unknown {unknown:?}"
    );
}

#[test]
fn sign_in_needs_all_of_it_and_names_what_is_missing() {
    let app = TestApp::start();
    app.user("ann");
    let path = "/api/collections/users/auth-with-password";
    let guest = app.guest();
    guest
        .post(path, json!({}))
        .refused_for("identity", "required")
        .refused_for("password", "required");
    guest
        .post(path, json!({"identity": "a".repeat(256), "password": "x"}))
        .refused_for("identity", "length_out_of_range");
    let body =
        json!({"identity": "ann@example.com", "password": PASSWORD, "identityField": "name"});
    guest
        .post(path, body)
        .refused_for("identityField", "in_invalid");
    // N17: what is not text is not taken for it.
    for value in [
        json!({"$ne": ""}),
        json!(["ann@example.com"]),
        json!(5),
        json!(true),
    ] {
        guest
            .post(path, json!({"identity": value, "password": PASSWORD}))
            .refused(400);
        guest
            .post(
                path,
                json!({"identity": "ann@example.com", "password": value}),
            )
            .refused(400);
    }
    guest
        .post("/api/collections/missing/auth-with-password", json!({}))
        .refused(404);
    app.open_collection("posts", json!([]));
    guest
        .post("/api/collections/posts/auth-with-password", json!({}))
        .refused(404);
}

#[test]
fn n14_a_sign_up_sets_only_what_is_its_own() {
    let app = TestApp::start();
    let guest = app.guest();
    let mut body = sign_up("ann@example.com", PASSWORD);
    body["verified"] = json!(true);
    guest
        .try_create("users", body.clone())
        .refused_for("verified", "values_mismatch");
    assert_eq!(app.root().list("users", &[]).ok()["totalItems"], json!(0));
    body["verified"] = json!(false);
    for (name, value) in [
        ("id", json!(ANN)),
        ("tokenKey", json!("x".repeat(40))),
        ("created", json!("2000-01-01 00:00:00.000Z")),
        ("updated", json!("2000-01-01 00:00:00.000Z")),
        ("collectionId", json!("pbc_3142635823")),
        ("collectionName", json!("_superusers")),
        ("_rowid_", json!(1)),
        ("rowid", json!(1)),
        ("expand", json!({"a": 1})),
        ("__proto__", json!({"verified": true})),
        ("constructor", json!({})),
        ("verified ", json!(true)),
        ("VERIFIED", json!(true)),
        ("password:autogenerate", json!("")),
        ("tokenKey:autogenerate", json!("known")),
        ("passwordHash", json!("x")),
    ] {
        body[name] = value;
    }
    let made = guest.create("users", body);
    assert_eq!(
        (&made["collectionName"], &made["verified"]),
        (&json!("users"), &json!(false))
    );
    assert!(made["created"].as_str() > Some("2020"), "{made}");
    let stored = |column: &str| app.text(&format!("SELECT \"{column}\" AS value FROM users"));
    assert!(stored("password").starts_with("$argon2id$"));
    let key = stored("tokenKey");
    assert!(
        key.len() >= 30 && !key.contains("known") && !key.contains("xxx"),
        "{key}"
    );
    // Nor does its owner afterwards.
    let ann = guest.sign_in("users", "ann@example.com");
    ann.update("users", ANN, json!({"verified": true}))
        .refused_for("verified", "values_mismatch");
    ann.update("users", ANN, json!({"email": "other@example.com"}))
        .refused_for("email", "values_mismatch");
    ann.update("users", ANN, json!({"id": "other0000000000"}))
        .refused_for("id", "pk_change");
    ann.update(
        "users",
        ANN,
        json!({"tokenKey": "y".repeat(40), "name": "Ann"}),
    )
    .ok();
    assert_eq!(stored("tokenKey"), key);
    // N15: of a repeated key the last counts.
    let body = br#"{"name": "first", "name": "last"}"#.to_vec();
    let reply = ann.send(
        "PATCH",
        &format!("/api/collections/users/records/{ANN}"),
        Some(body),
        "application/json",
    );
    assert_eq!(reply.ok()["name"], json!("last"));
}

#[test]
fn a_sign_up_is_checked() {
    let app = TestApp::start();
    let guest = app.guest();
    for (body, field, code) in [
        (json!({}), "password", "required"),
        (json!({"password": PASSWORD}), "passwordConfirm", "required"),
        (
            json!({"password": PASSWORD, "passwordConfirm": "other horse"}),
            "passwordConfirm",
            "values_mismatch",
        ),
        (
            json!({"password": PASSWORD, "passwordConfirm": PASSWORD}),
            "email",
            "required",
        ),
        (sign_up("ann", PASSWORD), "email", "is_email"),
        (
            sign_up("ann@example.com", "short"),
            "password",
            "min_text_constraint",
        ),
    ] {
        guest.try_create("users", body).refused_for(field, code);
    }
    assert!(app.root().all("users", "id").is_empty());
}

#[test]
fn n30_of_many_sign_ups_with_one_address_one_succeeds() {
    let app = TestApp::start();
    for round in 0..3 {
        let email = format!("ann{round}@example.com");
        let replies = at_once(6, |_| {
            app.guest().try_create("users", sign_up(&email, PASSWORD))
        });
        assert_eq!(
            replies.iter().filter(|reply| reply.status == 200).count(),
            1
        );
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            reply.refused_for("email", "not_unique");
        }
        assert_eq!(
            app.root()
                .filter("users", &format!("email = '{email}'"), "id")
                .len(),
            1
        );
    }
}

#[test]
fn the_auth_rule_decides_who_may_sign_in() {
    let app = TestApp::start();
    let ann = app.user("ann");
    app.root()
        .patch(
            "/api/collections/users",
            json!({"authRule": "verified = true"}),
        )
        .ok();
    refresh(&ann).refused(401);
    let ann = app.guest().sign_in("users", "ann@example.com");
    app.root()
        .update("users", ANN, json!({"verified": false}))
        .ok();
    refresh(&ann).refused(403);
    sign_in(&app.guest(), "ann@example.com", PASSWORD).refused(403);
    sign_in(&app.guest(), "ann@example.com", "wrong").refused(400);
    app.root()
        .patch("/api/collections/users", json!({"authRule": null}))
        .ok();
    sign_in(&app.guest(), "ann@example.com", PASSWORD).refused(403);
    app.root()
        .patch(
            "/api/collections/users",
            json!({"authRule": "", "passwordAuth": {"enabled": false}}),
        )
        .ok();
    sign_in(&app.guest(), "ann@example.com", PASSWORD).refused(403);
}

#[test]
fn a_manager_does_what_the_manage_rule_allows() {
    let app = TestApp::start();
    let fields = app.root().get("/api/collections/users").ok()["fields"].clone();
    let mut fields = fields.as_array().expect("fields").clone();
    fields.push(json!({"type": "bool", "name": "staff", "hidden": true}));
    let rules = json!({
        "fields": fields, "manageRule": "@request.auth.staff = true",
        "listRule": "", "viewRule": "", "updateRule": "@request.auth.id != ''",
    });
    app.root().patch("/api/collections/users", rules).ok();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    app.root()
        .update("users", "bob000000000000", json!({"staff": true}))
        .ok();
    assert_eq!(ann.view("users", "bob000000000000").ok().get("email"), None);
    assert_eq!(
        bob.view("users", ANN).ok()["email"],
        json!("ann@example.com")
    );
    ann.update(
        "users",
        "bob000000000000",
        json!({"email": "x@example.com"}),
    )
    .refused_for("email", "values_mismatch");
    ann.update("users", ANN, json!({"staff": true})).ok();
    ann.update("users", "bob000000000000", json!({"verified": false}))
        .refused_for("verified", "values_mismatch");
    let change = json!({"email": "ann2@example.com", "verified": false, "password": "changed by bob", "passwordConfirm": "changed by bob"});
    bob.update("users", ANN, change).ok();
    sign_in(&app.guest(), "ann2@example.com", "changed by bob").ok();
}
