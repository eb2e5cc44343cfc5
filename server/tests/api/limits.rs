//! What is large, long or deep enough to hurt, and what may be gone only once.

use serde_json::{Value, json};

use crate::support::{PASSWORD, ROOT, TestApp, at_once};

const LENGTH: usize = 3000;

/// The id of the `n`th node.
fn node(n: usize) -> String {
    format!("node{}", 10_000_000_000 + n)
}

/// `nodes`, each of which refers to the one before it; the first to the last when it is a `ring`.
fn chain(app: &TestApp, options: &Value, is_ring: bool) {
    let nodes = app.open_collection("nodes", json!([]));
    let mut relation = json!({"type": "relation", "name": "next", "collectionId": nodes["id"]});
    for (name, value) in options.as_object().expect("options") {
        relation[name] = value.clone();
    }
    let fields = json!([relation, {"type": "number", "name": "n"}]);
    app.root()
        .patch("/api/collections/nodes", json!({"fields": fields}))
        .ok();
    app.execute(&format!(
        "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < {LENGTH}) \
         INSERT INTO nodes (id, next, n) SELECT 'node' || CAST(10000000000 + n AS TEXT), \
         CASE n WHEN 1 THEN '' ELSE 'node' || CAST(9999999999 + n AS TEXT) END, n FROM count"
    ));
    if is_ring {
        let last = node(LENGTH);
        app.root()
            .update("nodes", &node(1), json!({"next": last}))
            .ok();
    }
}

fn total(app: &TestApp, collection: &str) -> Value {
    app.root().list(collection, &[("perPage", "1")]).ok()["totalItems"].clone()
}

#[test]
fn a_cascade_goes_through_a_long_chain() {
    let app = TestApp::start();
    chain(&app, &json!({"cascadeDelete": true}), false);
    assert_eq!(app.guest().remove("nodes", &node(1)).status, 204);
    assert_eq!(total(&app, "nodes"), json!(0));
}

#[test]
fn a_cascade_goes_around_a_long_ring() {
    let app = TestApp::start();
    chain(&app, &json!({"cascadeDelete": true}), true);
    assert_eq!(app.guest().remove("nodes", &node(1700)).status, 204);
    assert_eq!(total(&app, "nodes"), json!(0));
}

/// `tree`: nodes with a cascading parent; `posts`: which refer to several nodes.
fn tree(app: &TestApp, options: &Value) {
    let nodes = app.open_collection("tree", json!([]));
    let parent = json!({"type": "relation", "name": "parent", "collectionId": nodes["id"], "cascadeDelete": true});
    app.root()
        .patch("/api/collections/tree", json!({"fields": [parent]}))
        .ok();
    let mut about =
        json!({"type": "relation", "name": "about", "collectionId": nodes["id"], "maxSelect": 9});
    for (name, value) in options.as_object().expect("options") {
        about[name] = value.clone();
    }
    let one = json!({"type": "relation", "name": "one", "collectionId": nodes["id"]});
    app.open_collection("posts", json!([about, one]));
    let root = app.root();
    for (n, parent) in [
        (1, String::new()),
        (2, node(1)),
        (3, node(2)),
        (9, String::new()),
    ] {
        root.create("tree", json!({"id": node(n), "parent": parent}));
    }
}

#[test]
fn a_record_loses_all_that_goes() {
    let app = TestApp::start();
    tree(&app, &json!({}));
    let root = app.root();
    root.create(
        "posts",
        json!({"about": [node(3), node(9), node(1)], "one": node(2)}),
    );
    root.create(
        "posts",
        json!({"about": [node(1), node(2), node(3)], "one": node(9)}),
    );
    assert_eq!(root.remove("tree", &node(1)).status, 204);
    let items = root.list("posts", &[("fields", "about,one")]).ok()["items"].clone();
    assert_eq!(
        items,
        json!([{"about": [node(9)], "one": ""}, {"about": [], "one": node(9)}])
    );
    assert_eq!(root.all("tree", "id"), [node(9)]);
}

#[test]
fn what_is_required_counts_when_all_that_goes_is_known() {
    let app = TestApp::start();
    tree(&app, &json!({"required": true}));
    let root = app.root();
    let post = root.create("posts", json!({"about": [node(1), node(9), node(3)]}));
    let post = post["id"].as_str().expect("an id");
    root.update("posts", post, json!({"about": [node(1), node(2), node(3)]}))
        .ok();
    let before = root.everything(&["tree", "posts"]);
    root.remove("tree", &node(1)).refused(400);
    assert_eq!(root.everything(&["tree", "posts"]), before);
    root.update("posts", post, json!({"about+": node(9)})).ok();
    assert_eq!(root.remove("tree", &node(1)).status, 204);
    assert_eq!(root.view("posts", post).ok()["about"], json!([node(9)]));
}

#[test]
fn a_record_goes_with_the_last_of_its_references() {
    let app = TestApp::start();
    tree(&app, &json!({"required": true, "cascadeDelete": true}));
    let root = app.root();
    root.create("posts", json!({"about": [node(3), node(1)]}));
    let stays = root.create(
        "posts",
        json!({"about": [node(3), node(9)], "one": node(1)}),
    );
    assert_eq!(root.remove("tree", &node(1)).status, 204);
    let items = root.list("posts", &[("fields", "id,about,one")]).ok()["items"].clone();
    assert_eq!(
        items,
        json!([{"id": stays["id"], "about": [node(9)], "one": ""}])
    );
}

/// Makes another superuser and gives its id.
fn superuser(app: &TestApp, name: &str) -> String {
    let email = format!("{name}@example.com");
    let account = json!({"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD});
    let made = app.root().create("_superusers", account);
    made["id"].as_str().expect("an id").to_owned()
}

#[test]
fn two_superusers_do_not_delete_each_other() {
    let app = TestApp::start();
    let other = superuser(&app, "other");
    let root = app.root().list("_superusers", &[]).ok()["items"][0]["id"].clone();
    let root = root.as_str().expect("an id").to_owned();
    let clients = [
        app.guest().sign_in("_superusers", ROOT),
        app.guest().sign_in("_superusers", "other@example.com"),
    ];
    let replies = at_once(2, |n| clients[n].remove("_superusers", [&other, &root][n]));
    let gone = replies.iter().filter(|reply| reply.status == 204).count();
    assert_eq!(gone, 1, "{} {}", replies[0].text, replies[1].text);
    assert_eq!(
        app.text("SELECT CAST(COUNT(*) AS TEXT) AS value FROM \"_superusers\""),
        "1"
    );
}

#[test]
fn no_cascade_takes_the_last_superuser() {
    let app = TestApp::start();
    let teams = app.open_collection("teams", json!([]));
    let superusers = app.root().get("/api/collections/_superusers").ok();
    let mut fields = superusers["fields"].as_array().expect("fields").clone();
    fields.push(
        json!({"type": "relation", "name": "team", "collectionId": teams["id"], "cascadeDelete": true}),
    );
    let root = app.root();
    let changed = root.patch("/api/collections/_superusers", json!({"fields": fields}));
    if changed.status != 200 {
        // Nothing can lead to superusers then.
        changed.refused(400);
        return;
    }
    let mine = root.list("_superusers", &[]).ok()["items"][0]["id"].clone();
    let mine = mine.as_str().expect("an id");
    root.create("teams", json!({"id": node(1)}));
    root.update("_superusers", mine, json!({"team": node(1)}))
        .ok();
    root.remove("teams", &node(1)).refused(400);
    root.delete("/api/collections/teams/truncate").refused(400);
    superuser(&app, "other");
    assert_eq!(root.remove("teams", &node(1)).status, 204);
    let other = app.guest().sign_in("_superusers", "other@example.com");
    assert_eq!(other.all("_superusers", "email"), ["other@example.com"]);
}

#[test]
fn json_is_not_too_deep() {
    let app = TestApp::start();
    app.open_collection("docs", json!([{"type": "json", "name": "data"}]));
    let guest = app.guest();
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [101, 127, 5000] {
        guest
            .try_create("docs", json!({"data": nested(depth)}))
            .refused_for("data", "invalid_json");
    }
    guest
        .try_create(
            "docs",
            json!({"data": {"a": "[".repeat(200), "b\\\"": ["{".repeat(200)]}}),
        )
        .ok();
    let made = guest.create("docs", json!({"data": nested(100)}));
    let id = made["id"].as_str().expect("an id");
    let reply = guest.get(&format!("/api/collections/docs/records/{id}?fields=id"));
    assert_eq!(reply.ok(), json!({"id": id}));
    let reply = guest.get(&format!("/api/collections/docs/records/{id}?fields=data"));
    assert_eq!(reply.ok()["data"].to_string(), nested(100));
}

#[test]
fn an_answer_expands_no_more_than_ten_thousand_records() {
    let app = TestApp::start();
    let authors = app.open_collection("authors", json!([]));
    app.open_collection(
        "books",
        json!([{"type": "relation", "name": "by", "collectionId": authors["id"]}]),
    );
    let guest = app.guest();
    guest.create("authors", json!({"id": node(1)}));
    guest.create("authors", json!({"id": node(2)}));
    for n in 1..=60 {
        guest.create("books", json!({"id": node(n), "by": node(1)}));
    }
    let expanded = |path: &str| {
        let path = format!("/api/collections/books/records/{}?expand={path}", node(1));
        let reply = guest.get(&path);
        let count = reply.text.matches("\"collectionId\"").count() - 1;
        (count, reply.ok())
    };
    assert_eq!(expanded("by").0, 1);
    assert_eq!(expanded("by.books_via_by").0, 61);
    assert_eq!(
        expanded("by.books_via_by.by.books_via_by").0,
        1 + 60 + 60 + 3600
    );
    let (count, book) = expanded("by.books_via_by.by.books_via_by.by.books_via_by");
    assert_eq!(count, 10_000);
    let books = &book["expand"]["by"]["expand"]["books_via_by"];
    assert_eq!(books[0]["expand"]["by"]["id"], json!(node(1)));
    let alone = guest.get(&format!(
        "/api/collections/authors/records/{}?expand=books_via_by.by",
        node(2)
    ));
    assert_eq!(alone.ok()["expand"], json!({}));
}

#[test]
fn a_list_behind_a_unique_index_expands_to_a_list() {
    let app = TestApp::start();
    let tags = app.open_collection("tags", json!([]));
    let posts = app.open_collection(
        "posts",
        json!([{"type": "relation", "name": "tags", "collectionId": tags["id"], "maxSelect": 5}]),
    );
    let indexes = json!(["CREATE UNIQUE INDEX posts_tags ON posts (tags)"]);
    app.root()
        .patch(
            &format!("/api/collections/{}", posts["id"].as_str().expect("an id")),
            json!({"indexes": indexes}),
        )
        .ok();
    let guest = app.guest();
    for n in [1, 2] {
        guest.create("tags", json!({"id": node(n)}));
    }
    guest.create("posts", json!({"id": node(1), "tags": [node(1)]}));
    let post = guest.post(
        "/api/collections/posts/records?expand=tags",
        json!({"id": node(2), "tags": [node(2), node(1)]}),
    );
    let ids = |list: &Value| {
        let list = list.as_array().expect("a list").iter();
        list.map(|record| record["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&post.ok()["expand"]["tags"]), [node(2), node(1)]);
    let tag = guest.get(&format!(
        "/api/collections/tags/records/{}?expand=posts_via_tags",
        node(1)
    ));
    assert_eq!(
        ids(&tag.ok()["expand"]["posts_via_tags"]),
        [node(1), node(2)]
    );
}
