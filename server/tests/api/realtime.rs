//! Realtime: who hears of which change.

use serde_json::{Value, json};

use crate::support::stream::Stream;
use crate::support::{TestApp, at_once};

pub(crate) const POST: &str = "post00000000001";

pub(crate) fn posts(app: &TestApp) {
    app.open_collection(
        "posts",
        json!([
            {"name": "title", "type": "text", "max": 1_000_000},
            {"name": "owner", "type": "text"},
            {"name": "n", "type": "number"},
            {"name": "secret", "type": "text", "hidden": true},
        ]),
    );
}

/// Changes the rules of `posts`.
pub(crate) fn rule(app: &TestApp, rules: Value) {
    app.root().patch("/api/collections/posts", rules).ok();
}

pub(crate) fn with_options(topic: &str, options: &Value) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("options", &options.to_string())
        .finish();
    format!("{topic}?{query}")
}

/// A create that everybody hears of: what did not come before it does not come.
pub(crate) fn mark(app: &TestApp, id: &str) -> String {
    app.root()
        .create("posts", json!({"id": id, "owner": "everybody"}));
    format!("create {id}")
}

#[test]
fn a_client_hears_of_what_happens() {
    let app = TestApp::start();
    posts(&app);
    let guest = app.guest();
    let all = Stream::of(&guest, &["posts/*"]);
    for header in [
        "content-type: text/event-stream",
        "cache-control: no-store",
        "x-accel-buffering: no",
        "transfer-encoding: chunked",
    ] {
        assert!(all.head.to_lowercase().contains(header), "{}", all.head);
    }
    assert_eq!(all.id.len(), 40);
    let one = Stream::of(&guest, &[&format!("posts/{POST}")]);
    let id = app.root().get("/api/collections/posts").ok()["id"].clone();
    let by_id = Stream::of(&guest, &[&format!("{}/*", id.as_str().expect("an id"))]);

    let created = guest.create(
        "posts",
        json!({"id": POST, "title": "<a>", "secret": "s", "n": 1}),
    );
    let updated = guest.update("posts", POST, json!({"n+": 1})).ok();
    guest.create("posts", json!({"id": "post00000000002"}));
    assert_eq!(guest.remove("posts", POST).status, 204);

    let frame = all.next();
    assert_eq!(frame.event, "posts/*");
    assert_eq!(frame.data, json!({"record": created, "action": "create"}));
    assert_eq!(
        all.next().data,
        json!({"record": updated, "action": "update"})
    );
    assert_eq!(all.next().what(), "create post00000000002");
    assert_eq!(
        all.next().data,
        json!({"record": updated, "action": "delete"})
    );
    let of_one = ["create", "update", "delete"].map(|kind| format!("{kind} {POST}"));
    assert_eq!(one.whats(3), of_one);
    assert_eq!(by_id.whats(4).len(), 4);

    // What was before is not told.
    for n in 5..15 {
        let late = format!("post000000000{n:02}");
        guest.create("posts", json!({"id": late}));
        let stream = Stream::of(&guest, &["posts/*"]);
        guest.remove("posts", &late);
        assert_eq!(stream.next().what(), format!("delete {late}"));
        assert_eq!(all.whats(2)[0], format!("create {late}"));
        assert_eq!(by_id.whats(2).len(), 2);
    }

    // A new list of subscriptions replaces the old one.
    assert_eq!(all.subscribe(&["posts", "posts", "custom"]).status, 204);
    assert_eq!(one.subscribe(&[]).status, 204);
    mark(&app, "post00000000003");
    assert_eq!(all.next().event, "posts");
    assert_eq!(one.subscribe(&["posts/*"]).status, 204);
    let last = mark(&app, "post00000000004");
    assert_eq!(one.next().what(), last);
    assert_eq!(all.next().what(), last);
}

#[test]
fn options_filter_expand_and_pick() {
    let app = TestApp::start();
    posts(&app);
    let id = app.root().get("/api/collections/posts").ok()["id"].clone();
    app.open_collection("comments", json!([
        {"name": "text", "type": "text"},
        {"name": "post", "type": "relation", "collectionId": id, "maxSelect": 1, "cascadeDelete": true},
    ]));
    app.root()
        .create("posts", json!({"id": POST, "title": "First"}));
    let topic = |query: Value| with_options("comments/*", &json!({"query": query}));
    let guest = app.guest();
    let filtered = topic(json!({"filter": "text ~ 'yes' && post.title = 'First'"}));
    let expanded = topic(json!({"expand": "post", "fields": "id,expand.post.title"}));
    let from_header = with_options("posts/*", &json!({"headers": {"X-Token": "sesame"}}));
    let filtered = Stream::of(&guest, &[&filtered]);
    let expanded = Stream::of(&guest, &[&expanded]);
    // What cannot be asked gets nothing, and harms nobody.
    let odd = [
        "text ==",
        "missing = 1",
        "@request.auth.id = ''",
        "@collection.users.id != ''",
    ]
    .map(|filter| topic(json!({"filter": filter})));
    let odd = Stream::of(&guest, &odd.each_ref().map(String::as_str));

    guest.create(
        "comments",
        json!({"id": "comment00000001", "text": "no", "post": POST}),
    );
    guest.create(
        "comments",
        json!({"id": "comment00000002", "text": "Yes!", "post": POST}),
    );
    guest.create("comments", json!({"id": "comment00000003", "text": "yes"}));
    assert_eq!(filtered.next().what(), "create comment00000002");
    let data = json!({"record": {"expand": {"post": {"title": "First"}}, "id": "comment00000001"}, "action": "create"});
    assert_eq!(expanded.next().data, data);
    assert_eq!(odd.subscribe(&["comments/*"]).status, 204);

    rule(
        &app,
        json!({"listRule": "@request.headers.x_token = 'sesame' && @request.context = 'realtime'"}),
    );
    let with_header = Stream::of(&guest, &[&from_header]);

    // What goes with a record goes with an event each.
    guest.remove("posts", POST);
    let mut gone = odd.whats(2);
    gone.sort();
    assert_eq!(gone, ["delete comment00000001", "delete comment00000002"]);
    assert_eq!(with_header.next().what(), format!("delete {POST}"));
}

#[test]
fn n46_nothing_is_heard_of_writes_that_fail() {
    let app = TestApp::start();
    posts(&app);
    let id = app.root().get("/api/collections/posts").ok()["id"].clone();
    app.root()
        .patch(
            "/api/collections/posts",
            json!({"indexes": ["CREATE UNIQUE INDEX one_n ON posts (n)"]}),
        )
        .ok();
    app.open_collection("needs", json!([
        {"name": "post", "type": "relation", "collectionId": id, "maxSelect": 1, "required": true},
    ]));
    let guest = app.guest();
    guest.create("posts", json!({"id": POST, "n": 1}));
    guest.create("needs", json!({"id": "need00000000001", "post": POST}));
    let heard = Stream::of(&guest, &["posts/*", "needs/*"]);
    guest.try_create("posts", json!({"n": 1})).refused(400);
    guest
        .try_create("posts", json!({"id": "bad id"}))
        .refused(400);
    guest
        .update("posts", POST, json!({"id": "other0000000000"}))
        .refused(400);
    // Refused half way through: the post's other references were already being looked at.
    guest.remove("posts", POST).refused(400);
    at_once(8, |_| {
        guest
            .try_create("posts", json!({"id": "post00000000002", "n": 2}))
            .status
    });
    let last = "create post00000000003";
    guest.create("posts", json!({"id": "post00000000003", "n": 3}));
    assert_eq!(heard.whats(2), ["create post00000000002", last]);
}

#[test]
fn truncating_tells_of_each_record() {
    let app = TestApp::start();
    posts(&app);
    for n in 1..=3 {
        app.root()
            .create("posts", json!({"id": format!("post0000000000{n}")}));
    }
    let heard = Stream::of(&app.guest(), &["posts/*"]);
    assert_eq!(
        app.root().delete("/api/collections/posts/truncate").status,
        204
    );
    let mut gone = heard.whats(3);
    gone.sort();
    assert_eq!(gone, [1, 2, 3].map(|n| format!("delete post0000000000{n}")));
}

#[test]
fn subscriptions_that_are_refused() {
    let app = TestApp::start();
    posts(&app);
    let (guest, ann, bob) = (app.guest(), app.user("ann"), app.user("bob"));
    let send = |body: Value| guest.post("/api/realtime", body);
    send(json!({})).refused_for("clientId", "required");
    send(json!({"clientId": 5})).refused(400);
    send(json!([])).refused(400);
    send(json!({"clientId": "x"})).refused(404);
    let stream = Stream::connect(&guest);
    send(json!({"clientId": stream.id, "subscriptions": "posts/*"})).refused(400);
    send(json!({"clientId": stream.id, "subscriptions": [1]})).refused(400);
    let many: Vec<String> = (0..1001).map(|n| format!("posts/{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    stream
        .subscribe(&many)
        .refused_for("subscriptions", "length_too_long");
    assert_eq!(stream.subscribe(&many[..1000]).status, 204);
    let long = "x".repeat(2501);
    stream
        .subscribe(&["posts/*", &long])
        .refused_for("subscriptions.1", "length_too_long");
    assert_eq!(stream.subscribe(&[&long[..2500]]).status, 204);
    let long: Vec<String> = (0..200)
        .map(|n| format!("{n}{}", "x".repeat(2000)))
        .collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    stream
        .subscribe(&long)
        .refused_for("subscriptions", "length_too_long");
    let options =
        |n: usize| with_options("posts/*", &json!({"query": {"filter": format!("n = {n}")}}));
    let different: Vec<String> = (0..51).map(options).collect();
    let different: Vec<&str> = different.iter().map(String::as_str).collect();
    let of_ann = Stream::connect(&ann);
    of_ann
        .subscribe(&different)
        .refused_for("subscriptions", "too_many_options");
    assert_eq!(of_ann.subscribe(&different[..50]).status, 204);
    // Guests are strangers.
    stream
        .subscribe(&different[..6])
        .refused_for("subscriptions", "too_many_options");
    assert_eq!(stream.subscribe(&different[..5]).status, 204);
    stream
        .subscribe(&["posts/*\nevent:x"])
        .refused_for("subscriptions.0", "invalid_format");

    // From a guest to an account, and no further.
    assert_eq!(stream.subscribe_as(&ann, &["posts/*"]).status, 204);
    for other in [&guest, &bob] {
        let reply = stream.subscribe_as(other, &["posts/*"]);
        let message = "The current and the previous request authorization don't match.";
        assert_eq!(reply.refused(403).body["message"], json!(message));
    }
    assert_eq!(
        stream
            .subscribe_as(
                &app.guest().sign_in("users", "ann@example.com"),
                &["posts/*"]
            )
            .status,
        204
    );
    let last = mark(&app, POST);
    assert_eq!(stream.next().what(), last);
}
