//! What a request costs before anybody has said that it may be made.

use serde_json::{Value, json};

use crate::accounts::ANN;
use crate::support::{Client, PASSWORD, TestApp};

/// How many passwords were hashed or compared while `work` was done.
fn hashes(app: &TestApp, work: impl FnOnce()) -> u64 {
    let before = app.app.hasher.count();
    work();
    app.app.hasher.count() - before
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a body is made where it is sent"
)]
fn batch(client: &Client, requests: Value) -> crate::support::Reply {
    client.post("/api/batch", json!({"requests": requests}))
}

#[test]
fn n72_passwords_are_hashed_after_the_rule() {
    let app = TestApp::start();
    let ann = app.user("ann");
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    app.collection(json!({
        "name": "members", "type": "auth", "createRule": "@request.body.word = 'open'",
        "updateRule": "@request.auth.id = id",
    }));
    let guest = app.guest();
    let change = json!({"password": "new password", "passwordConfirm": "new password", "oldPassword": PASSWORD});
    let sign_up = |word: &str, confirm: &str| {
        json!({
            "email": "a@example.com", "password": PASSWORD, "passwordConfirm": confirm, "word": word,
        })
    };
    let url = |id: &str| format!("/api/collections/users/records/{id}");
    let refused = hashes(&app, || {
        // Whether there is such an account or not.
        for id in [ANN, "nobody000000000"] {
            guest.update("users", id, change.clone()).refused(404);
            let one = json!({"method": "PATCH", "url": url(id), "body": change});
            batch(&guest, json!([one])).refused(400);
        }
        guest
            .try_create("members", sign_up("shut", PASSWORD))
            .refused(400);
        // Nor for what the fields refuse.
        guest
            .try_create("members", sign_up("open", "other"))
            .refused_for("passwordConfirm", "values_mismatch");
        let body = sign_up("shut", PASSWORD);
        let one =
            json!({"method": "POST", "url": "/api/collections/members/records", "body": body});
        batch(&guest, json!([one])).refused(400);
    });
    assert_eq!(refused, 0);
    let allowed = hashes(&app, || {
        guest.try_create("members", sign_up("open", PASSWORD)).ok();
        ann.update("users", ANN, change.clone()).ok();
    });
    assert_eq!(allowed, 3);
    guest.sign_in("members", "a@example.com");
    // The old one is compared, in a batch too.
    let ann = Client {
        token: guest
            .post(
                "/api/collections/users/auth-with-password",
                json!({"identity": "ann@example.com", "password": "new password"}),
            )
            .ok()["token"]
            .as_str()
            .expect("a token")
            .to_owned(),
        ..guest.clone()
    };
    let back = |old: &str| {
        json!([{"method": "PATCH", "url": url(ANN), "body": {
            "password": PASSWORD, "passwordConfirm": PASSWORD, "oldPassword": old,
        }}])
    };
    let reply = batch(&ann, back("wrong password"));
    reply.refused(400);
    let problem = &reply.body["data"]["requests"]["0"]["response"]["data"]["oldPassword"];
    assert_eq!(problem["code"], "validation_invalid_old_password");
    batch(&ann, back("new password")).ok();
    guest.sign_in("users", "ann@example.com");
}

#[test]
fn n72_no_file_is_stored_before_the_rule() {
    let app = TestApp::start();
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    app.collection(json!({
        "name": "docs", "type": "base", "createRule": "@request.body.word = 'open'",
        "fields": [{"type": "file", "name": "file"}, {"type": "text", "name": "title", "required": true}],
    }));
    let docs = app.root().get("/api/collections/docs").ok();
    let storage = app.home.storage().join(docs["id"].as_str().expect("an id"));
    let send = |word: &str, title: &str| {
        let body = json!({"requests": [
            {"method": "POST", "url": "/api/collections/docs/records", "body": {"word": word, "title": title}},
        ]});
        let body = body.to_string();
        let parts = [
            ("@jsonPayload", None, body.as_bytes()),
            ("requests.0.file", Some("a.txt"), b"content"),
        ];
        app.guest().send_parts("POST", "/api/batch", &parts)
    };
    send("shut", "a").refused(400);
    send("open", "").refused(400);
    assert!(!storage.exists(), "a directory for files was made");
    send("open", "a").ok();
    assert!(storage.exists());
}

#[test]
fn n65_a_large_body_that_is_refused_does_not_reach_the_writer() {
    let app = TestApp::start();
    app.collection(json!({
        "name": "notes", "type": "base", "createRule": "@request.body.word = 'open'", "updateRule": "word = 'open'",
        "fields": [
            {"type": "json", "name": "data", "maxSize": 4 << 20}, {"type": "text", "name": "word"},
            {"type": "select", "name": "tags", "values": ["a", "b"], "maxSelect": 2},
        ],
    }));
    let note = app.root().create("notes", json!({"word": "shut"}));
    let id = note["id"].as_str().expect("an id");
    let guest = app.guest();
    let large = "x".repeat(1 << 20);
    let many: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
    let groups = || app.app.metrics.group_size.get_sample_count();
    let before = groups();
    for _ in 0..10 {
        guest
            .try_create("notes", json!({"word": "shut", "data": large}))
            .refused(400);
        guest
            .update("notes", id, json!({"data": large}))
            .refused(404);
        guest
            .try_create("notes", json!({"word": "open", "tags": many}))
            .refused_for("tags", "too_many_values");
        guest
            .try_create(
                "notes",
                json!({"word": "open", "data": "x".repeat((4 << 20) + 1)}),
            )
            .refused_for("data", "json_size_limit");
    }
    // The server writes by itself now and then.
    let groups = groups() - before;
    assert!(groups < 10, "{groups} writes");
    // What is allowed is written as it was sent.
    let made = guest.create(
        "notes",
        json!({"word": "open", "data": large, "tags": ["a", "b", "a"]}),
    );
    assert_eq!(made["data"], json!(large));
    assert_eq!(made["tags"], json!(["a", "b"]));
    let id = made["id"].as_str().expect("an id");
    let more = json!({"tags-": many, "data": {"a": large}});
    let changed = guest.update("notes", id, more).ok();
    assert_eq!(changed["tags"], json!(["a", "b"]));
    assert_eq!(changed["data"]["a"], json!(large));
    guest
        .update("notes", id, json!({"tags+": many}))
        .refused_for("tags", "too_many_values");
    let changed = guest
        .update("notes", id, json!({"tags-": "a", "+tags": "a"}))
        .ok();
    assert_eq!(changed["tags"], json!(["b"]));
}
