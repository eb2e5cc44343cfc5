//! What happens to views when that changes which they read.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};
use crate::views::{library, refused_query, view};

/// Changes the fields of a collection, each as `change` gives it; those that it does not give go.
fn change_fields(
    client: &Client,
    name: &str,
    change: impl Fn(Value) -> Option<Value>,
) -> crate::support::Reply {
    let path = format!("/api/collections/{name}");
    let fields = client.get(&path).ok()["fields"]
        .as_array()
        .expect("fields")
        .clone();
    let fields: Vec<Value> = fields.into_iter().filter_map(change).collect();
    client.patch(&path, json!({"fields": fields}))
}

fn field(client: &Client, collection: &str, name: &str) -> Value {
    let definition = client.get(&format!("/api/collections/{collection}")).ok();
    let fields = definition["fields"].as_array().expect("fields").clone();
    fields
        .into_iter()
        .find(|field| field["name"] == name)
        .unwrap_or_default()
}

#[test]
fn a_view_follows_the_fields_that_it_shows() {
    let app = TestApp::start();
    library(&app);
    view(
        &app,
        "shelf",
        "select id, title, tags, stars as points from posts",
    );
    view(&app, "above", "select id, tags, title as name from shelf");
    let root = app.root();
    let before = field(root, "above", "tags");
    let single = change_fields(root, "posts", |mut field| {
        if field["name"] == "tags" {
            field["maxSelect"] = json!(1);
        }
        if field["name"] == "title" {
            field["hidden"] = json!(true);
        }
        Some(field)
    });
    single.ok();
    for (view, name) in [("shelf", "title"), ("above", "name")] {
        assert_eq!(field(root, view, "tags")["maxSelect"], 1, "{view}");
        assert_eq!(field(root, view, name)["hidden"], true, "{view}");
    }
    assert_eq!(
        field(root, "above", "tags")["id"],
        before["id"],
        "it is the same field"
    );
    let list = app.guest().list("above", &[("sort", "id")]).ok();
    assert_eq!(list["items"][0]["tags"], "b");
    assert_eq!(list["items"][0].get("name"), None);
    // What no view reads goes as ever.
    change_fields(root, "posts", |field| {
        (field["name"] != "meta").then_some(field)
    })
    .ok();
    assert_eq!(app.guest().list("shelf", &[]).ok()["totalItems"], 3);
}

#[test]
fn what_would_break_a_view_is_refused() {
    let app = TestApp::start();
    library(&app);
    view(
        &app,
        "shelf",
        "select id, stars as points from posts where title <> ''",
    );
    view(&app, "above", "select id, points from shelf");
    let root = app.root();
    let before = root.everything(&["posts", "shelf", "above"]);
    for gone in ["stars", "title"] {
        let reply = change_fields(root, "posts", |field| {
            (field["name"] != gone).then_some(field)
        });
        assert_eq!(reply.status, 400);
        let message = reply.body["message"].as_str().expect("a message");
        assert!(
            message.contains("error in view shelf") && message.contains(gone),
            "{message}"
        );
    }
    let renamed = change_fields(root, "posts", |mut field| {
        if field["name"] == "stars" {
            field["name"] = json!("points");
        }
        Some(field)
    });
    assert_eq!(renamed.status, 400);
    for read in ["posts", "shelf"] {
        let reply = root.delete(&format!("/api/collections/{read}"));
        reply.refused(400);
        let message = reply.body["message"].as_str().expect("a message");
        assert!(message.contains("existing reference in"), "{message}");
    }
    let query = json!({"viewQuery": "select id, title from posts"});
    assert_eq!(root.patch("/api/collections/shelf", query).status, 400);
    let circle = json!({"viewQuery": "select id, points from above"});
    refused_query(&root.patch("/api/collections/shelf", circle));
    let itself = json!({"viewQuery": "select id from shelf"});
    refused_query(&root.patch("/api/collections/shelf", itself));
    assert_eq!(root.everything(&["posts", "shelf", "above"]), before);
    assert_eq!(app.guest().list("above", &[]).ok()["totalItems"], 3);
    for gone in ["above", "shelf", "posts"] {
        assert_eq!(
            root.delete(&format!("/api/collections/{gone}")).status,
            204,
            "{gone}"
        );
    }
}

#[test]
fn a_collection_that_views_read_can_be_renamed() {
    let app = TestApp::start();
    library(&app);
    view(
        &app,
        "shelf",
        "select posts.id, p2.title from posts join Posts as p2 on p2.id = posts.id -- posts",
    );
    view(&app, "above", "select id, title from `shelf`");
    let root = app.root();
    root.patch("/api/collections/posts", json!({"name": "articles"}))
        .ok();
    root.patch("/api/collections/shelf", json!({"name": "rack"}))
        .ok();
    assert_eq!(
        root.get("/api/collections/rack").ok()["viewQuery"],
        "select posts.id, p2.title from articles AS posts join articles as p2 on p2.id = posts.id -- posts"
    );
    assert_eq!(
        app.guest().list("above", &[("sort", "id")]).ok()["items"][0]["title"],
        "One"
    );
    root.patch("/api/collections/above", json!({"viewRule": null}))
        .ok();
}

#[test]
fn a_view_can_get_another_query_and_keeps_its_fields() {
    let app = TestApp::start();
    let ann = library(&app);
    let made = view(&app, "shelf", "select id, title, stars from posts");
    let root = app.root();
    let changed = root
        .patch(
            "/api/collections/shelf",
            json!({"viewQuery": "select id, title, shown from posts", "name": "rack"}),
        )
        .ok();
    assert_eq!(changed["fields"][1], made["fields"][1]);
    assert_eq!(
        app.guest().list("rack", &[("filter", "shown = true")]).ok()["totalItems"],
        2
    );
    app.guest().list("shelf", &[]).refused(404);
    let rule = json!({"viewQuery": "select id, title from posts", "listRule": "shown = true"});
    root.patch("/api/collections/rack", rule)
        .refused_for("listRule", "invalid_rule");
    root.patch("/api/collections/rack", json!({"viewQuery": ""}))
        .refused_for("viewQuery", "required");
    let check = json!({"id": made["id"], "viewQuery": "select nope as x"});
    refused_query(&root.post("/api/collections/meta/check", check));
    ann.patch("/api/collections/rack", json!({"listRule": null}))
        .refused(403);
}

#[test]
fn f03_a_view_that_reads_no_table_answers_as_it_is_now() {
    let app = TestApp::start();
    let root = app.root();
    let path = "/api/collections/constant";
    view(&app, "constant", "SELECT 'a' as id, 1 as x");
    view(&app, "above", "SELECT id, x FROM constant");
    for query in [
        "SELECT 'a' as id, 1 as x",
        "SELECT 'a' as id, 2 as x",
        "SELECT 'b' as id, 3 as x UNION ALL SELECT 'c' as id, 4 as x",
        "SELECT 'a' as id, 5 as x WHERE 1 = 0",
        "SELECT 'a' as id, 6 as x",
    ] {
        root.patch(path, json!({"viewQuery": query})).ok();
        let expected: Vec<&str> = match query {
            q if q.contains("UNION") => vec!["3", "4"],
            q if q.contains("WHERE") => vec![],
            q => vec![&q[q.len() - 6..q.len() - 5]],
        };
        // Every connection keeps statements, and each has to end them.
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..4 {
                        for name in ["constant", "above"] {
                            assert_eq!(root.all(name, "x"), expected, "{name}: {query}");
                        }
                        let found = root.filter("constant", "x > 0", "x");
                        assert_eq!(found, expected, "{query}");
                    }
                });
            }
        });
    }
}

#[test]
fn f03_a_view_is_checked_as_it_will_be() {
    let app = TestApp::start();
    let root = app.root();
    view(&app, "constant", "SELECT 'a' as id, 1 as x");
    view(&app, "above", "SELECT id, x FROM constant");
    for round in 0..7 {
        assert_eq!(root.all("above", "x"), ["1"], "{round}");
    }
    // What reads it would break.
    let gone = json!({"viewQuery": "SELECT 'a' as id, 2 as y"});
    root.patch("/api/collections/constant", gone).refused(400);
    let renamed = json!({"name": "fixed", "viewQuery": "SELECT 'a' as id, 3 as x"});
    root.patch("/api/collections/constant", renamed).ok();
    assert_eq!(root.all("fixed", "x"), ["3"]);
    assert_eq!(root.all("above", "x"), ["3"]);
    // Another one takes the old name.
    view(&app, "constant", "SELECT 'b' as id, 4 as x");
    assert_eq!(root.all("constant", "id"), ["b"]);
    root.delete("/api/collections/constant").ok();
    view(&app, "constant", "SELECT 'c' as id, 5 as x");
    assert_eq!(root.all("constant", "x"), ["5"]);
}
