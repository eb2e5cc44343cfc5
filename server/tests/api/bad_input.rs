//! What bad input gets: an answer in the envelope, with the field named; and nothing changes.

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

pub(crate) const JSON: &str = "application/json";

pub(crate) const RECORDS: &str = "/api/collections/things/records";

pub(crate) fn things(app: &TestApp) {
    let tags = app.open_collection("tags", json!([]));
    app.open_collection("things", json!([
        {"type": "text", "name": "title"}, {"type": "number", "name": "n"}, {"type": "bool", "name": "ok"},
        {"type": "email", "name": "mail"}, {"type": "url", "name": "site"}, {"type": "date", "name": "day"},
        {"type": "select", "name": "one", "values": ["a", "b"]},
        {"type": "select", "name": "many", "values": ["a", "b"], "maxSelect": 2},
        {"type": "json", "name": "data"},
        {"type": "relation", "name": "tag", "collectionId": tags["id"]},
        {"type": "relation", "name": "tags", "collectionId": tags["id"], "maxSelect": 2},
        {"type": "autodate", "name": "created", "onCreate": true},
    ]));
    app.root().create(
        "things",
        json!({"id": "kept00000000000", "title": "kept", "data": {"a": 1}}),
    );
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    let app = TestApp::start();
    things(&app);
    let before = app.root().everything(&["things", "users"]);
    let deep = |open: &str, close: &str| {
        format!(
            "{{\"data\":{}{}}}",
            open.repeat(10_000),
            close.repeat(10_000)
        )
    };
    let bodies: Vec<Vec<u8>> = vec![
        b"{\"title\": \"a\"".to_vec(),
        b"{\"title\": ".to_vec(),
        b"{".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"5".to_vec(),
        b"   ".to_vec(),
        b"{title: 1}".to_vec(),
        b"{'title': 1}".to_vec(),
        b"{\"title\": 1,}".to_vec(),
        b"{\"title\": NaN}".to_vec(),
        b"{\"title\": \"a\"} trailing".to_vec(),
        b"{\"title\": \"\xff\xfe\"}".to_vec(),
        b"\xef\xbb\xbf{\"title\": \"a\"}".to_vec(),
        b"\x00\x01\x02".to_vec(),
        b"{\"n\": 1e400}".to_vec(),
        b"{\"data\": [1e400]}".to_vec(),
        b"{\"n\": -1e99999}".to_vec(),
        b"{\"n\": 01}".to_vec(),
        b"{\"title\": \"a\nb\"}".to_vec(),
        deep("[", "]").into_bytes(),
        deep("{\"a\":", "}")
            .replace("{\"a\":}", "{\"a\":1}")
            .into_bytes(),
        "[".repeat(60_000).into_bytes(),
        "{\"a\":".repeat(12_000).into_bytes(),
    ];
    for body in bodies {
        for (method, path) in [
            ("POST", RECORDS),
            ("PATCH", "/api/collections/things/records/kept00000000000"),
            ("POST", "/api/collections/users/records"),
            ("POST", "/api/collections/users/auth-with-password"),
            ("POST", "/api/collections"),
            ("PATCH", "/api/collections/things"),
            ("PUT", "/api/collections/import"),
        ] {
            let reply = app.root().send(method, path, Some(body.clone()), JSON);
            let start = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert_eq!(reply.status, 400, "{method} {path} {start}: {}", reply.text);
            reply.refused(400);
        }
    }
    assert_eq!(app.root().everything(&["things", "users"]), before);
}

#[test]
fn a_body_of_another_kind_is_refused() {
    let app = TestApp::start();
    things(&app);
    let before = app.root().everything(&["things"]);
    for kind in [
        "text/plain",
        "application/octet-stream",
        "",
        "application/jsonx",
        "garbage",
        "application/x-ndjson",
    ] {
        let reply = app
            .guest()
            .send("POST", RECORDS, Some(b"{\"title\":\"a\"}".to_vec()), kind);
        assert_eq!(reply.status, 400, "{kind}: {}", reply.text);
        reply.refused(400);
    }
    assert_eq!(app.root().everything(&["things"]), before);
    app.guest()
        .send(
            "POST",
            RECORDS,
            Some(b"{\"title\":\"a\"}".to_vec()),
            "application/json; charset=utf-8",
        )
        .ok();
    app.guest().send("POST", RECORDS, None, JSON).ok();
}

#[test]
fn n42_a_body_beyond_the_limit_is_413() {
    let app = TestApp::start();
    things(&app);
    let before = app.root().everything(&["things", "users"]);
    let large = json!({"title": "x".repeat(33 << 20)})
        .to_string()
        .into_bytes();
    for (method, path) in [
        ("POST", RECORDS),
        ("PATCH", "/api/collections/things/records/kept00000000000"),
        ("POST", "/api/collections/users/auth-with-password"),
        ("POST", "/api/collections"),
        ("PUT", "/api/collections/import"),
    ] {
        let reply = app.root().send(method, path, Some(large.clone()), JSON);
        assert_eq!(
            reply.refused(413).body["message"],
            json!("Request entity too large."),
            "{method} {path}"
        );
    }
    // Within it, the field's own limit has its say.
    let long = json!({"title": "x".repeat(6 << 20)});
    app.guest()
        .try_create("things", long)
        .refused_for("title", "max_text_constraint");
    app.guest()
        .try_create("things", json!({"data": "x".repeat(2 << 20)}))
        .refused_for("data", "json_size_limit");
    assert_eq!(app.root().everything(&["things", "users"]), before);
}

#[test]
fn what_does_not_exist_is_404_and_says_no_more() {
    let app = TestApp::start();
    things(&app);
    for client in [app.guest(), app.root().clone()] {
        for path in [
            "/api",
            "/api/",
            "/api/unknown",
            "/api/collections/",
            "/api/collections/things/records/",
            "//api/health",
            "/api/HEALTH",
        ] {
            client.get(path).refused(404);
        }
        for method in ["PUT", "POST", "PATCH", "DELETE"] {
            client.send(method, "/api/health", None, "").refused(404);
        }
        client
            .send("PUT", RECORDS, Some(b"{}".to_vec()), JSON)
            .refused(404);
        client.get("/api/collections/things/truncate").refused(404);
        client.view("things", "missing00000000").refused(404);
        client.view("things", &"x".repeat(5000)).refused(404);
        client.view("things", "kept00000000000%00").refused(404);
        client.view("things", "KEPT00000000000").refused(404);
        client.view("things", "..%2f..%2fusers").refused(404);
        client.list("missing", &[]).refused(404);
    }
    let head = app.guest().send("HEAD", "/api/health", None, "");
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[test]
fn headers_that_are_wrong_are_a_guests() {
    let app = TestApp::start();
    let token = |token: &str| crate::support::Client {
        token: token.to_owned(),
        ..app.guest()
    };
    for header in [
        "Bearer",
        "Bearer ",
        "bearer x",
        "....",
        "a.b",
        &"x".repeat(6000),
        "null",
        "undefined",
        "{}",
    ] {
        token(header).get("/api/collections").refused(401);
        assert_eq!(token(header).get("/api/health").status, 200);
    }
    let account =
        json!({"email": "a@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD});
    token("garbage").create("users", account);
}
