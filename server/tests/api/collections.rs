//! Definitions of tables, and the tables that follow them.

use serde_json::{Value, json};

use crate::support::{TestApp, at_once};

pub(crate) fn titled(name: &str) -> Value {
    json!({"name": name, "fields": [{"type": "text", "name": "title", "id": "f_title"}]})
}

/// The names of the fields of a definition.
fn field_names(collection: &Value) -> Vec<&str> {
    let fields = collection["fields"].as_array().expect("fields");
    fields
        .iter()
        .filter_map(|field| field["name"].as_str())
        .collect()
}

#[test]
fn a_collection_comes_into_being_changes_and_goes() {
    let app = TestApp::start();
    let root = app.root();
    let made = root.post("/api/collections", titled("posts")).ok();
    assert_eq!(field_names(&made), ["id", "title"]);
    assert_eq!(root.get("/api/collections/posts").ok(), made);
    let id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(root.get(&format!("/api/collections/{id}")).ok(), made);
    let list = root
        .get("/api/collections?filter=type='base'%26%26system=false&fields=name")
        .ok();
    assert_eq!(list["items"], json!([{"name": "posts"}]));
    root.create("posts", json!({"title": "a"}));

    let more = json!({"fields": [
        {"type": "text", "name": "title", "id": "f_title"},
        {"type": "number", "name": "stars"},
    ]});
    let changed = root.patch(&format!("/api/collections/{id}"), more).ok();
    assert_eq!(field_names(&changed), ["id", "title", "stars"]);
    assert_eq!(
        root.filter("posts", "stars = 0", "title"),
        ["a"],
        "old records have the zero value"
    );

    assert_eq!(root.delete("/api/collections/posts").status, 204);
    root.get("/api/collections/posts").refused(404);
    root.list("posts", &[]).refused(404);
    let again = root.post("/api/collections", titled("posts")).ok();
    assert_eq!(again["id"], made["id"]);
    assert!(
        root.all("posts", "title").is_empty(),
        "a new table is empty"
    );
}

#[test]
fn n12_a_new_collection_is_for_superusers_only() {
    let app = TestApp::start();
    let made = app.collection(titled("posts"));
    for rule in [
        "listRule",
        "viewRule",
        "createRule",
        "updateRule",
        "deleteRule",
    ] {
        assert_eq!(made[rule], Value::Null, "{rule}");
    }
    let record = app.root().create("posts", json!({"title": "a"}));
    let id = record["id"].as_str().expect("an id");
    for client in [app.guest(), app.user("ann")] {
        client.list("posts", &[]).refused(403);
        client.view("posts", id).refused(403);
        client.try_create("posts", json!({})).refused(403);
        client
            .update("posts", id, json!({"title": "b"}))
            .refused(403);
        client.remove("posts", id).refused(403);
    }
    assert_eq!(app.root().all("posts", "title"), ["a"]);
}

#[test]
fn n05_definitions_are_for_superusers_only() {
    let app = TestApp::start();
    app.collection(titled("posts"));
    let before = app.root().everything(&["posts"]);
    for (client, status) in [(app.guest(), 401), (app.user("ann"), 403)] {
        for name in ["posts", "POSTS", "missing", "_superusers", "%5fsuperusers"] {
            client
                .get(&format!("/api/collections/{name}"))
                .refused(status);
            client
                .patch(&format!("/api/collections/{name}"), json!({"listRule": ""}))
                .refused(status);
            client
                .delete(&format!("/api/collections/{name}"))
                .refused(status);
            client
                .delete(&format!("/api/collections/{name}/truncate"))
                .refused(status);
        }
        client.get("/api/collections").refused(status);
        client
            .post("/api/collections", titled("mine"))
            .refused(status);
        let import = json!({"collections": [titled("mine")], "deleteMissing": true});
        client
            .put("/api/collections/import", import)
            .refused(status);
        client
            .get("/api/collections/meta/scaffolds")
            .refused(status);
    }
    assert_eq!(app.root().everything(&["posts"]), before);
}

#[test]
fn renames_keep_records_relations_and_uniqueness() {
    let app = TestApp::start();
    let root = app.root();
    let authors = app.open_collection("authors", json!([{"type": "text", "name": "name"}]));
    let mut books = json!({
        "name": "books", "fields": [
            {"type": "text", "name": "title", "id": "f_title"},
            {"type": "relation", "name": "author", "id": "f_author", "collectionId": authors["id"]},
        ],
        "indexes": ["CREATE UNIQUE INDEX idx_title ON books (title)"],
    });
    app.collection(books.clone());
    let author = root.create("authors", json!({"name": "Ann"}));
    root.create("books", json!({"title": "One", "author": author["id"]}));

    root.patch("/api/collections/authors", json!({"name": "writers"}))
        .ok();
    root.patch("/api/collections/books", json!({"name": "tomes"}))
        .ok();
    books["fields"][0]["name"] = json!("heading");
    books["fields"][1]["name"] = json!("writer");
    let change = json!({"fields": books["fields"], "indexes": ["CREATE UNIQUE INDEX idx_title ON tomes (heading)"]});
    root.patch("/api/collections/tomes", change).ok();

    assert_eq!(root.all("tomes", "heading"), ["One"]);
    assert_eq!(
        root.filter("tomes", "writer.name = 'Ann'", "heading"),
        ["One"]
    );
    let twice = root.try_create("tomes", json!({"heading": "One"}));
    twice.refused_for("heading", "not_unique");
    root.list("authors", &[]).refused(404);
    root.create("writers", json!({"name": "Bob"}));
}

#[test]
fn what_the_server_itself_needs_stays() {
    let app = TestApp::start();
    let root = app.root();
    let before = root.everything(&["users"]);
    root.delete("/api/collections/_superusers").refused(400);
    root.delete("/api/collections/_superusers/truncate")
        .refused(400);
    root.patch("/api/collections/_superusers", json!({"name": "roots"}))
        .refused_for("name", "collection_system_name_change");
    root.patch("/api/collections/_superusers", json!({"listRule": ""}))
        .refused_for("listRule", "collection_system_rule_change");
    assert_eq!(root.everything(&["users"]), before);
    // Neither the fields nor the indexes of accounts can be taken away.
    let bare = root
        .patch(
            "/api/collections/users",
            json!({"fields": [], "indexes": []}),
        )
        .ok();
    assert_eq!(
        field_names(&bare),
        [
            "id",
            "password",
            "tokenKey",
            "email",
            "emailVisibility",
            "verified"
        ]
    );
    assert_eq!(bare["indexes"].as_array().map(Vec::len), Some(2));
    for field in ["password", "tokenKey"] {
        let fields = bare["fields"].as_array().expect("fields");
        let is_hidden = fields
            .iter()
            .any(|f| f["name"] == field && f["hidden"] == true);
        assert!(is_hidden, "{field}");
    }
}

#[test]
fn a_referenced_collection_stays_until_nothing_refers_to_it() {
    let app = TestApp::start();
    let root = app.root();
    let authors = app.open_collection("authors", json!([{"type": "text", "name": "name"}]));
    let relation = json!({"type": "relation", "name": "author", "collectionId": authors["id"]});
    app.open_collection("books", json!([relation]));
    root.create("authors", json!({"name": "Ann"}));
    let reply = root.delete("/api/collections/authors");
    let message = &reply.refused(400).body["message"];
    assert!(
        message
            .as_str()
            .is_some_and(|m| m.contains("existing reference in books")),
        "{message}"
    );
    assert_eq!(root.all("authors", "name"), ["Ann"]);
    root.patch("/api/collections/books", json!({"fields": []}))
        .ok();
    assert_eq!(root.delete("/api/collections/authors").status, 204);
}

#[test]
fn one_of_many_who_make_the_same_collection_does() {
    let app = TestApp::start();
    let replies = at_once(8, |_| app.root().post("/api/collections", titled("posts")));
    let made = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(made, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused_for("name", "collection_name_exists");
    }
    app.root().create("posts", json!({"title": "a"}));
}

#[test]
fn scaffolds_are_what_new_collections_start_from() {
    let app = TestApp::start();
    let scaffolds = app.root().get("/api/collections/meta/scaffolds").ok();
    assert_eq!(field_names(&scaffolds["base"]), ["id"]);
    assert_eq!(
        field_names(&scaffolds["auth"]),
        [
            "id",
            "password",
            "tokenKey",
            "email",
            "emailVisibility",
            "verified"
        ]
    );
    for (name, kind) in [("things", "base"), ("people", "auth")] {
        let mut definition = scaffolds[kind].clone();
        definition["name"] = json!(name);
        let made = app.collection(definition);
        assert_eq!(field_names(&made), field_names(&scaffolds[kind]));
    }
}

#[test]
fn a_definition_is_checked_without_being_saved() {
    let app = TestApp::start();
    let posts = app.open_collection("posts", json!([{"type": "text", "name": "title"}]));
    let check = |definition| app.root().post("/api/collections/meta/check", definition);
    let with = |rule: &str| {
        let mut changed = posts.clone();
        changed["listRule"] = json!(rule);
        changed
    };
    assert_eq!(check(with("title != \"\"")).status, 204);
    check(with("nope = 1")).refused_for("listRule", "invalid_rule");
    check(with("title = ")).refused_for("listRule", "invalid_rule");
    check(json!({"name": "posts", "type": "base"})).refused_for("name", "collection_name_exists");
    assert_eq!(check(json!({"name": "others", "type": "base"})).status, 204);

    assert_eq!(app.root().get("/api/collections/posts").ok(), posts);
    assert_eq!(app.root().get("/api/collections/others").status, 404);
    let guest = app.guest();
    guest
        .post("/api/collections/meta/check", with(""))
        .refused(401);
    app.user("eve")
        .post("/api/collections/meta/check", with(""))
        .refused(403);
}
