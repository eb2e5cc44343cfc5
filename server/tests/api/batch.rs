//! Several changes in one request.

use serde_json::{Value, json};

use crate::support::stream::Stream;
use crate::support::{Client, Reply, TestApp, at_once};

pub(crate) const POSTS: &str = "/api/collections/posts/records";

pub(crate) fn allow(app: &TestApp) {
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
}

pub(crate) fn start() -> TestApp {
    let app = TestApp::start();
    allow(&app);
    app.open_collection(
        "posts",
        json!([
            {"type": "text", "name": "title", "max": 20}, {"type": "number", "name": "n"},
            {"type": "json", "name": "data"},
            {"type": "autodate", "name": "created", "onCreate": true},
        ]),
    );
    app
}

pub(crate) fn send(client: &Client, requests: Value) -> Reply {
    let mut batch = json!({});
    batch["requests"] = requests;
    client.post("/api/batch", batch)
}

pub(crate) fn request(method: &str, url: &str, body: Value) -> Value {
    let mut request = json!({"method": method, "url": url});
    request["body"] = body;
    request
}

pub(crate) fn post(body: Value) -> Value {
    request("POST", POSTS, body)
}

pub(crate) fn put(body: Value) -> Value {
    request("PUT", POSTS, body)
}

pub(crate) fn of_one(method: &str, id: &str, body: Value) -> Value {
    request(method, &format!("{POSTS}/{id}"), body)
}

pub(crate) fn id(n: usize) -> String {
    format!("post{n:011}")
}

/// The answer to the change that failed, as it would be alone.
#[track_caller]
pub(crate) fn refused_at(reply: &Reply, position: usize) -> Value {
    reply.refused(400);
    assert_eq!(reply.body["message"], "Batch transaction failed.");
    let requests = reply.body["data"]["requests"]
        .as_object()
        .expect("requests");
    assert_eq!(requests.len(), 1, "{}", reply.text);
    let problem = &requests[&position.to_string()];
    assert_eq!(problem["code"], "batch_request_failed");
    assert_eq!(problem["message"], "Batch request failed.");
    problem["response"].clone()
}

#[test]
fn all_changes_are_made_in_their_order() {
    let app = start();
    let guest = app.guest();
    guest.create("posts", json!({"id": id(9), "title": "old", "n": 1}));
    let reply = send(
        &guest,
        json!([
            post(json!({"id": id(1), "title": "<a>"})),
            of_one("PATCH", &id(1), json!({"n+": 2})),
            put(json!({"id": id(2), "title": "new"})),
            put(json!({"id": id(2), "n": 5})),
            put(json!({"title": "without an id"})),
            of_one("DELETE", &id(9), json!({})),
            post(json!({"id": id(9), "title": "again"})),
        ]),
    );
    assert!(
        reply.text.starts_with(r#"[{"body":{"collectionId":"#),
        "{}",
        reply.text
    );
    assert!(
        reply.text.contains(r#"{"body":null,"status":204}"#),
        "{}",
        reply.text
    );
    let results = reply.ok();
    let of = |n: usize| &results[n]["body"];
    for n in [0, 1, 2, 3, 4, 6] {
        assert_eq!(results[n]["status"], 200, "{n}");
    }
    assert_eq!((&of(1)["n"], &of(1)["title"]), (&json!(2), &json!("<a>")));
    assert_eq!((&of(3)["n"], &of(3)["title"]), (&json!(5), &json!("new")));
    assert_eq!(of(4)["title"], "without an id");
    assert_eq!((&of(6)["n"], &of(6)["title"]), (&json!(0), &json!("again")));
    let stored: Vec<Value> = [1, 3, 6].map(|n| of(n).clone()).into();
    for record in stored {
        let seen = guest
            .view("posts", record["id"].as_str().expect("an id"))
            .ok();
        assert_eq!(seen, record);
    }
    assert_eq!(guest.all("posts", "id").len(), 4);
}

#[test]
fn n63_one_change_that_fails_undoes_all() {
    let app = start();
    let guest = app.guest();
    guest.create("posts", json!({"id": id(9), "title": "kept"}));
    app.collection(json!({"name": "locked", "type": "base", "fields": []}));
    let before = app.root().everything(&["posts", "users"]);
    let stream = Stream::of(&guest, &["posts/*"]);
    let locked = json!({"method": "POST", "url": "/api/collections/locked/records", "body": {}});
    let missing = json!({"method": "POST", "url": "/api/collections/nope/records", "body": {}});
    let long = "x".repeat(21);
    for (bad, status, message, field) in [
        (
            post(json!({"title": long})),
            400,
            "Failed to create record.",
            "title",
        ),
        (
            post(json!({"id": id(9)})),
            400,
            "Failed to create record.",
            "id",
        ),
        (
            post(json!({"id": id(1)})),
            400,
            "Failed to create record.",
            "id",
        ),
        (
            of_one("PATCH", &id(9), json!({"title": long})),
            400,
            "Failed to update record.",
            "title",
        ),
        (
            put(json!({"id": id(9), "title": long})),
            400,
            "Failed to update record.",
            "title",
        ),
        (
            put(json!({"id": "short"})),
            400,
            "Failed to create record.",
            "id",
        ),
        (
            of_one("PATCH", "nothing", json!({})),
            404,
            "The requested resource wasn't found.",
            "",
        ),
        (
            of_one("DELETE", "nothing", json!({})),
            404,
            "The requested resource wasn't found.",
            "",
        ),
        (locked, 403, "Only superusers can perform this action.", ""),
        (missing, 404, "Missing collection context.", ""),
    ] {
        let reply = send(
            &guest,
            json!([
                post(json!({"id": id(1), "title": "lost"})),
                of_one("DELETE", &id(9), json!({})).clone(),
                post(json!({"id": id(9), "title": "lost"})),
                bad.clone(),
                post(json!({"id": id(3), "title": "lost"})),
            ]),
        );
        let alone = refused_at(&reply, 3);
        assert_eq!(alone["status"], status, "{bad}");
        assert_eq!(alone["message"], message, "{bad}");
        assert_eq!(
            alone["data"].get(field).is_some(),
            !field.is_empty(),
            "{bad}"
        );
        assert_eq!(app.root().everything(&["posts", "users"]), before, "{bad}");
    }
    // Nobody hears of what did not happen, and of what did, once it did.
    send(
        &guest,
        json!([
            post(json!({"id": id(7)})),
            of_one("PATCH", &id(7), json!({"n": 1}))
        ]),
    )
    .ok();
    let heard = stream.whats(2);
    assert_eq!(
        heard,
        [format!("create {}", id(7)), format!("update {}", id(7))]
    );
}

#[test]
fn a_batch_that_is_none_is_refused() {
    let app = start();
    let guest = app.guest();
    let before = app.root().everything(&["posts"]);
    let one = post(json!({"id": id(1)}));
    for (requests, path, code) in [
        (json!([]), "requests", "required"),
        (Value::Null, "requests", "required"),
        (json!(vec![one.clone(); 51]), "requests", "length_too_long"),
        (
            json!([one, {"url": POSTS}]),
            "requests.1.method",
            "required",
        ),
        (
            json!([{"method": "post", "url": POSTS}]),
            "requests.0.method",
            "in_invalid",
        ),
        (
            json!([{"method": "HEAD", "url": POSTS}]),
            "requests.0.method",
            "in_invalid",
        ),
        (json!([{"method": "POST"}]), "requests.0.url", "required"),
        (
            json!([{"method": "POST", "url": format!("{POSTS}?{}", "x".repeat(2000))}]),
            "requests.0.url",
            "length_too_long",
        ),
    ] {
        let reply = send(&guest, requests);
        assert_eq!(reply.body["message"], "Invalid batch request data.");
        reply.refused_for(path, code);
    }
    for requests in [
        json!("x"),
        json!({"0": one}),
        json!([one, "x"]),
        json!([one, null]),
        json!([{"method": "POST", "url": POSTS, "body": "x"}]),
        json!([{"method": "POST", "url": POSTS, "body": []}]),
        json!([{"method": 5, "url": POSTS}]),
        json!([{"method": "POST", "url": POSTS, "headers": {"a": ["b"]}}]),
    ] {
        let reply = send(&guest, requests);
        reply.refused(400);
        assert_eq!(
            reply.body["message"],
            "Failed to read the submitted batch data."
        );
    }
    for (method, url) in [
        ("GET", POSTS.to_owned()),
        ("POST", format!("{POSTS}/")),
        ("POST", format!("{POSTS}/{}", id(1))),
        ("PUT", format!("{POSTS}/{}", id(1))),
        ("PATCH", POSTS.to_owned()),
        ("DELETE", POSTS.to_owned()),
        ("DELETE", "/api/collections/posts".to_owned()),
        ("DELETE", "/api/collections/posts/truncate".to_owned()),
        ("POST", "/api/batch".to_owned()),
        ("POST", "/api/collections".to_owned()),
        ("PATCH", "/api/settings".to_owned()),
        (
            "POST",
            "/api/collections/users/auth-with-password".to_owned(),
        ),
        ("POST", format!("http://example.com{POSTS}")),
        ("POST", POSTS.trim_start_matches('/').to_owned()),
        ("POST", format!("{POSTS}?fields=%zz")),
        ("POST", "/api/collections/posts%2Frecords".to_owned()),
    ] {
        let reply = send(
            app.root(),
            json!([one, {"method": method, "url": url, "body": {}}]),
        );
        assert_eq!(refused_at(&reply, 1)["status"], 400, "{method} {url}");
    }
    for body in ["{", "[]", "\"x\""] {
        guest
            .send("POST", "/api/batch", Some(body.into()), "application/json")
            .refused(400);
    }
    assert_eq!(app.root().everything(&["posts"]), before);
    guest.get("/api/batch").refused(404);
}

#[test]
fn n42_a_batch_is_allowed_and_bounded_by_the_settings() {
    let app = TestApp::start();
    app.open_collection("posts", json!([{"type": "text", "name": "title"}]));
    let one = post(json!({"title": "a"}));
    for client in [&app.guest(), app.root()] {
        let reply = send(client, json!([one]));
        reply.refused(403);
        assert_eq!(reply.body["message"], "Batch requests are not allowed.");
        // Before anything is read of it.
        client
            .send("POST", "/api/batch", Some(b"{".to_vec()), "text/plain")
            .refused(403);
    }
    let set = |batch: Value| {
        app.root()
            .patch("/api/settings", json!({"batch": batch}))
            .ok()
    };
    set(json!({"enabled": true, "maxRequests": 2, "maxBodySize": 500}));
    send(&app.guest(), json!([one, one])).ok();
    send(&app.guest(), json!([one, one, one])).refused_for("requests", "length_too_long");
    let reply = send(
        &app.guest(),
        json!([post(json!({"title": "x".repeat(600)}))]),
    );
    assert_eq!(reply.status, 413, "{}", reply.text);
    set(json!({"enabled": false}));
    send(&app.guest(), json!([one])).refused(403);
    assert_eq!(app.guest().all("posts", "id").len(), 2);
}

#[test]
fn each_change_has_a_query_of_its_own() {
    let app = start();
    let posts = app.root().get("/api/collections/posts").ok();
    app.open_collection("links", json!([
        {"type": "relation", "name": "post", "collectionId": posts["id"], "cascadeDelete": true},
    ]));
    let results = send(&app.guest(), json!([
        {"method": "POST", "url": format!("{POSTS}?fields=id,title:excerpt(2)"), "body": {"id": id(1), "title": "hello"}},
        {"method": "POST", "url": "/api/collections/links/records?expand=post", "body": {"id": "link00000000001", "post": id(1)}},
        {"method": "DELETE", "url": format!("{POSTS}/{}?expand=x", id(1))},
    ]))
    .ok();
    assert_eq!(results[0]["body"], json!({"id": id(1), "title": "he"}));
    assert_eq!(results[1]["body"]["expand"]["post"]["title"], "hello");
    assert_eq!(app.guest().all("links", "id").len(), 0);
    let picked = app
        .guest()
        .post(
            "/api/batch?fields=status",
            json!({"requests": [post(json!({}))]}),
        )
        .ok();
    assert_eq!(picked, json!([{"status": 200}]));
}

#[test]
fn a_batch_comes_as_a_form_too() {
    let app = start();
    let requests =
        json!({"requests": [post(json!({"title": "001"})), post(json!({"title": "b"}))]});
    let payload = requests.to_string();
    let parts = [
        ("@jsonPayload", None, payload.as_bytes()),
        // Files for fields that take none, for no request, and for no field.
        ("requests.0.title", Some("a.txt"), b"content"),
        ("requests[1].title", Some("a.txt"), b"content"),
        ("requests.7.title", Some("a.txt"), b"content"),
        ("title", Some("a.txt"), b"content"),
    ];
    let results = app.guest().send_parts("POST", "/api/batch", &parts).ok();
    assert_eq!(results[0]["body"]["title"], "001");
    assert_eq!(results[1]["body"]["title"], "b");
    let parts = [("requests", None, &b"[]"[..])];
    app.guest()
        .send_parts("POST", "/api/batch", &parts)
        .refused(400);
}

#[test]
fn upserts_that_meet_all_succeed() {
    let app = start();
    let guest = app.guest();
    let replies = at_once(8, |n| {
        send(&guest, json!([put(json!({"id": id(1), "n": n}))]))
    });
    for reply in replies {
        reply.ok();
    }
    assert_eq!(guest.all("posts", "id"), [id(1)]);
    // Nor do batches stand in each other's way.
    let replies = at_once(8, |_| {
        send(
            &guest,
            json!([
                of_one("PATCH", &id(1), json!({"data": 1, "n+": 1})),
                post(json!({"title": "x"}))
            ]),
        )
    });
    for reply in replies {
        reply.ok();
    }
    assert_eq!(guest.all("posts", "id").len(), 9);
}
