//! Fields of a collection that already has records: what may change, and what becomes of the values.

use serde_json::json;

use crate::collections::titled;
use crate::support::{TestApp, at_once};

#[test]
fn two_fields_swap_their_names_and_values_follow() {
    let app = TestApp::start();
    let root = app.root();
    let fields = |one: &str, two: &str| json!([{"type": "text", "name": one, "id": "f_1"}, {"type": "number", "name": two, "id": "f_2"}]);
    app.open_collection("pairs", fields("a", "b"));
    root.create("pairs", json!({"a": "text", "b": 5}));
    root.patch(
        "/api/collections/pairs",
        json!({"fields": fields("b", "a")}),
    )
    .ok();
    let list = root.list("pairs", &[("fields", "a,b")]).ok();
    assert_eq!(list["items"], json!([{"a": 5, "b": "text"}]));
    root.create("pairs", json!({"a": 6, "b": "more"}));
    assert_eq!(root.filter("pairs", "a > 5", "b"), ["more"]);
}

#[test]
fn a_removed_field_is_gone_and_comes_back_empty() {
    let app = TestApp::start();
    let root = app.root();
    let fields = json!([{"type": "text", "name": "title"}, {"type": "json", "name": "data"}]);
    app.open_collection("posts", fields.clone());
    root.create("posts", json!({"title": "a", "data": {"secret": 1}}));
    root.patch("/api/collections/posts", json!({"fields": [fields[0]]}))
        .ok();
    assert_eq!(root.list("posts", &[]).ok()["items"][0].get("data"), None);
    root.list("posts", &[("filter", "data != null")])
        .refused(400);
    root.patch("/api/collections/posts", json!({"fields": fields}))
        .ok();
    assert_eq!(root.all("posts", "data"), ["null"]);
}

#[test]
fn types_do_not_change() {
    let app = TestApp::start();
    let root = app.root();
    app.collection(titled("posts"));
    root.create("posts", json!({"title": "5"}));
    let before = root.everything(&["posts"]);
    let number = json!({"fields": [{"type": "number", "name": "title", "id": "f_title"}]});
    root.patch("/api/collections/posts", number)
        .refused_for("fields.1", "field_type_change");
    root.patch("/api/collections/posts", json!({"type": "auth"}))
        .refused_for("type", "collection_type_change");
    assert_eq!(root.everything(&["posts"]), before);
}

#[test]
fn one_value_becomes_several_and_back() {
    let app = TestApp::start();
    let root = app.root();
    let tags = app.open_collection("tags", json!([{"type": "text", "name": "name"}]));
    let fields = |max: u32| {
        json!({"fields": [
            {"type": "select", "name": "kinds", "id": "f_kinds", "values": ["a", "b", "c"], "maxSelect": max},
            {"type": "relation", "name": "tags", "id": "f_tags", "collectionId": tags["id"], "maxSelect": max},
            {"type": "number", "name": "n", "id": "f_n"},
        ]})
    };
    app.open_collection("items", fields(3)["fields"].clone());
    let id = |n: usize| format!("tag{n:0>12}");
    for n in 1..=2 {
        root.create("tags", json!({"id": id(n)}));
    }
    root.create(
        "items",
        json!({"n": 1, "kinds": ["a", "c"], "tags": [id(1), id(2)]}),
    );
    root.create("items", json!({"n": 2}));
    let items = || {
        root.list("items", &[("sort", "n"), ("fields", "kinds,tags")])
            .ok()["items"]
            .clone()
    };

    root.patch("/api/collections/items", fields(1)).ok();
    assert_eq!(
        items(),
        json!([{"kinds": "c", "tags": id(2)}, {"kinds": "", "tags": ""}])
    );
    assert_eq!(
        root.filter("items", "kinds = 'c' && tags.id != ''", "n"),
        ["1"]
    );
    root.patch("/api/collections/items", fields(2)).ok();
    assert_eq!(
        items(),
        json!([{"kinds": ["c"], "tags": [id(2)]}, {"kinds": [], "tags": []}])
    );
    assert_eq!(root.filter("items", "kinds:length = 1", "n"), ["1"]);
}

#[test]
fn names_that_mean_something_else_are_refused() {
    let app = TestApp::start();
    let root = app.root();
    app.collection(titled("posts"));
    root.create("posts", json!({"title": "a"}));
    let before = root.everything(&["posts"]);
    for (name, code) in [
        ("", "required"),
        ("null", "not_in_invalid"),
        ("true", "not_in_invalid"),
        ("false", "not_in_invalid"),
        ("_rowid_", "not_in_invalid"),
        ("collectionId", "not_in_invalid"),
        ("collectionName", "not_in_invalid"),
        ("expand", "not_in_invalid"),
        ("a_via_b", "found_via"),
        ("a b", "match_invalid"),
        ("a\"; DROP TABLE posts; --", "match_invalid"),
        ("a`b", "match_invalid"),
        ("a.b", "match_invalid"),
        ("a\u{0}b", "match_invalid"),
        ("é", "match_invalid"),
    ] {
        let renamed = json!({"fields": [{"type": "text", "name": name, "id": "f_title"}]});
        root.patch("/api/collections/posts", renamed)
            .refused_for("fields.1.name", code);
    }
    for (name, code) in [
        ("", "required"),
        ("a b", "match_invalid"),
        ("a\"b", "match_invalid"),
        ("a_via_b", "found_via"),
        ("POSTS", "collection_name_exists"),
        ("users", "collection_name_exists"),
    ] {
        root.post("/api/collections", titled(name))
            .refused_for("name", code);
    }
    for name in ["sqlite_master", "sqlite_x"] {
        root.post("/api/collections", titled(name)).refused(400);
    }
    assert_eq!(root.everything(&["posts"]), before);
}

#[test]
fn n53_a_table_changes_while_it_is_written_to() {
    let app = TestApp::start();
    let root = app.root();
    app.open_collection("posts", titled("posts")["fields"].clone());
    at_once(5, |n| {
        if n > 0 {
            for i in 0..40 {
                app.guest()
                    .create("posts", json!({"title": format!("{n}-{i}")}));
            }
            return;
        }
        let mut fields = vec![titled("")["fields"][0].clone()];
        for i in 0..8 {
            fields.push(json!({"type": "number", "name": format!("n{i}")}));
            root.patch("/api/collections/posts", json!({"fields": fields}))
                .ok();
        }
    });
    let list = root.list("posts", &[("perPage", "1000")]).ok();
    assert_eq!(list["totalItems"], json!(160));
    let items = list["items"].as_array().expect("items");
    assert!(
        items
            .iter()
            .all(|item| item["n7"] == json!(0) && item["title"] != json!(""))
    );
}
