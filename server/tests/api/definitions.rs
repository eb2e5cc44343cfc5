//! A definition and its table change together or not at all.

use serde_json::{Value, json};

use crate::support::TestApp;

fn posts() -> Value {
    json!({
        "name": "posts", "type": "base", "id": "posts_id",
        "fields": [
            {"type": "text", "name": "title", "id": "f_title"},
            {"type": "number", "name": "stars", "id": "f_stars"},
        ],
    })
}

#[test]
fn indexes_come_and_go() {
    let app = TestApp::start();
    let root = app.root();
    app.collection(posts());
    let unique =
        json!({"indexes": ["CREATE UNIQUE INDEX `idx_posts` ON `posts` (`title`, `stars`)"]});
    let changed = root.patch("/api/collections/posts", unique.clone()).ok();
    assert_eq!(changed["indexes"], unique["indexes"]);
    root.create("posts", json!({"title": "a", "stars": 1}));
    root.create("posts", json!({"title": "a", "stars": 2}));
    let twice = root.try_create("posts", json!({"title": "a", "stars": 1}));
    twice
        .refused_for("title", "not_unique")
        .refused_for("stars", "not_unique");

    root.patch("/api/collections/posts", json!({"indexes": []}))
        .ok();
    root.create("posts", json!({"title": "a", "stars": 1}));

    // Only what the condition covers has to be unique, and case does not count where it should not.
    let partial = json!({"indexes": [
        "CREATE UNIQUE INDEX idx_partial ON posts (title COLLATE NOCASE) WHERE stars > 5",
    ]});
    root.patch("/api/collections/posts", partial).ok();
    root.create("posts", json!({"title": "b", "stars": 1}));
    root.create("posts", json!({"title": "b", "stars": 6}));
    root.try_create("posts", json!({"title": "B", "stars": 7}))
        .refused_for("title", "not_unique");
    assert_eq!(root.all("posts", "title"), ["a", "a", "a", "b", "b"]);
}

#[test]
fn an_index_that_cannot_be_made_changes_nothing() {
    let app = TestApp::start();
    let root = app.root();
    app.collection(posts());
    for _ in 0..2 {
        root.create("posts", json!({"title": "same"}));
    }
    let before = root.everything(&["posts"]);
    for index in [
        "CREATE UNIQUE INDEX idx_dups ON posts (title)",
        "CREATE INDEX idx_missing ON posts (missing)",
        "garbage",
        "CREATE INDEX idx ON posts (title); DROP TABLE posts",
        "CREATE INDEX idx ON posts (title) WHERE (SELECT count(*) FROM _superusers) > 0",
        "CREATE INDEX \"a\"\"b\" ON posts (\"title\"\"; DROP TABLE posts; --\")",
        "CREATE INDEX `a``b` ON posts (`ti``tle`)",
        "CREATE INDEX é ON posts (é)",
        "CREATE INDEX idx\u{0} ON posts (title)",
        "CREATE INDEX idx ON posts (load_extension('x'))",
        "CREATE INDEX idx ON posts (pg_sleep(10))",
        "",
    ] {
        let reply = root.patch("/api/collections/posts", json!({"indexes": [index]}));
        assert_eq!(reply.status, 400, "{index}: {}", reply.text);
        reply.refused_for("indexes.0", "invalid_index_expression");
    }
    assert_eq!(root.everything(&["posts"]), before);
}

#[test]
fn a_change_that_fails_half_way_leaves_all_as_it_was() {
    let app = TestApp::start();
    let root = app.root();
    app.collection(posts());
    for _ in 0..2 {
        root.create("posts", json!({"title": "same", "stars": 3}));
    }
    let before = root.everything(&["posts"]);
    // Renames the table and a column, drops one, adds one; then the index finds duplicates.
    let change = json!({
        "name": "articles",
        "fields": [{"type": "text", "name": "heading", "id": "f_title"}, {"type": "json", "name": "data"}],
        "indexes": ["CREATE UNIQUE INDEX idx_heading ON articles (heading)"],
    });
    root.patch("/api/collections/posts", change)
        .refused_for("indexes.0", "invalid_index_expression");
    assert_eq!(root.everything(&["posts"]), before);
    root.list("articles", &[]).refused(404);
    root.create("posts", json!({"title": "still", "stars": 1}));
    assert_eq!(root.filter("posts", "stars = 3", "title"), ["same", "same"]);
}

#[test]
fn every_problem_of_a_definition_is_named() {
    let app = TestApp::start();
    let root = app.root();
    app.collection(posts());
    let before = root.everything(&["posts"]);
    let bad = json!({
        "name": "bad name", "listRule": "missing = 1", "viewRule": "title = (", "updateRule": "'a",
        "fields": [
            {"type": "text", "name": "a", "min": 5, "max": 2},
            {"type": "text", "name": "b", "pattern": "("},
            {"type": "number", "name": "c", "min": 5, "max": 2},
            {"type": "select", "name": "d", "values": []},
            {"type": "select", "name": "e", "values": ["x"], "maxSelect": 2},
            {"type": "relation", "name": "f", "collectionId": "missing"},
            {"type": "email", "name": "g", "onlyDomains": ["a.com"], "exceptDomains": ["b.com"]},
            {"type": "autodate", "name": "h"},
            {"type": "text", "name": "i i"},
        ],
        "indexes": ["CREATE INDEX"],
    });
    let reply = root.post("/api/collections", bad);
    for (field, code) in [
        ("name", "match_invalid"),
        ("listRule", "invalid_rule"),
        ("viewRule", "invalid_rule"),
        ("updateRule", "invalid_rule"),
        ("fields.1.max", "min_greater_equal_than_required"),
        ("fields.2.pattern", "invalid_regex"),
        ("fields.3.max", "min_number_constraint"),
        ("fields.4.values", "required"),
        ("fields.5.maxSelect", "max_less_equal_than_required"),
        ("fields.6.collectionId", "field_relation_missing_collection"),
        ("fields.7.onlyDomains", "empty"),
        ("fields.8.onCreate", "required"),
        ("fields.9.name", "match_invalid"),
        ("indexes.0", "invalid_index_expression"),
    ] {
        reply.refused_for(field, code);
    }
    assert_eq!(root.everything(&["posts"]), before);
}

#[test]
fn an_import_is_all_or_nothing() {
    let app = TestApp::start();
    let root = app.root();
    app.collection(posts());
    root.create("posts", json!({"title": "kept", "stars": 1}));
    let before = root.everything(&["posts"]);
    let mut renamed = posts();
    renamed["name"] = json!("articles");
    renamed["fields"][0]["name"] = json!("heading");
    for last in [
        json!({"name": "bad name"}),
        json!({"name": "bad", "type": "unknown"}),
        json!({"name": "bad", "fields": [{"type": "unknown", "name": "a"}]}),
        json!({"name": "bad", "listRule": "missing = 1"}),
        json!({"name": "bad", "indexes": ["CREATE INDEX idx ON bad (missing)"]}),
        json!({"name": "good"}),
        json!({"name": "users", "type": "base"}),
    ] {
        let import = json!({"collections": [renamed, {"name": "good"}, last]});
        let reply = root.put("/api/collections/import", import);
        reply.refused_for("collections", "collections_import_failure");
        assert_eq!(root.everything(&["posts"]), before, "{last}");
    }
    for collections in [json!([]), Value::Null] {
        let reply = root.put(
            "/api/collections/import",
            json!({"collections": collections}),
        );
        reply.refused_for("collections", "required");
    }
    for body in [
        json!({"collections": "x"}),
        json!({"collections": [5]}),
        json!([]),
    ] {
        root.put("/api/collections/import", body).refused(400);
    }
    assert_eq!(root.everything(&["posts"]), before);
}

#[test]
fn an_import_merges_and_deletes_only_when_told() {
    let app = TestApp::start();
    let root = app.root();
    app.collection(posts());
    app.collection(json!({"name": "old"}));
    root.create("posts", json!({"title": "kept", "stars": 1}));
    // In the wrong order: the first refers to the second.
    let import = json!({"collections": [
        {"name": "comments", "id": "comments_id", "fields": [
            {"type": "relation", "name": "writer", "collectionId": "writers_id"},
            {"type": "relation", "name": "post", "collectionId": "posts_id"},
        ]},
        {"name": "writers", "id": "writers_id"},
        {"id": "posts_id", "name": "articles", "fields": [{"type": "text", "name": "heading", "id": "f_title"}]},
    ]});
    assert_eq!(root.put("/api/collections/import", import).status, 204);
    let list = root.list("articles", &[("fields", "heading,stars")]).ok();
    assert_eq!(
        list["items"],
        json!([{"heading": "kept", "stars": 1}]),
        "fields are not removed"
    );
    let (writer, post) = (
        root.create("writers", json!({})),
        root.list("articles", &[]).ok(),
    );
    let comment = json!({"writer": writer["id"], "post": post["items"][0]["id"]});
    root.create("comments", comment);
    root.get("/api/collections/old").ok();

    let users = root.get("/api/collections/users").ok();
    let articles = json!({"id": "posts_id", "name": "articles", "fields": [
        {"type": "text", "name": "heading", "id": "f_title"},
    ]});
    let import = json!({"deleteMissing": true, "collections": [users, articles]});
    assert_eq!(root.put("/api/collections/import", import).status, 204);
    for gone in ["old", "comments", "writers"] {
        root.get(&format!("/api/collections/{gone}")).refused(404);
    }
    root.get("/api/collections/_superusers").ok();
    let list = root.list("articles", &[]).ok();
    assert_eq!(list["items"][0]["heading"], json!("kept"));
    assert_eq!(list["items"][0].get("stars"), None);
}

#[test]
fn a_truncated_collection_is_empty_and_its_references_are_settled() {
    let app = TestApp::start();
    let root = app.root();
    app.collection(posts());
    let relation = |name: &str, required: bool, cascade: bool| {
        json!({"name": name, "fields": [{
            "type": "relation", "name": "post", "collectionId": "posts_id",
            "required": required, "cascadeDelete": cascade,
        }]})
    };
    app.collection(relation("loose", false, false));
    app.collection(relation("bound", true, true));
    app.collection(relation("firm", true, false));
    let post = root.create("posts", json!({"title": "a"}));
    for collection in ["loose", "bound", "firm"] {
        root.create(collection, json!({"post": post["id"]}));
    }
    let before = root.everything(&["posts", "loose", "bound", "firm"]);
    root.delete("/api/collections/posts/truncate").refused(400);
    assert_eq!(
        root.everything(&["posts", "loose", "bound", "firm"]),
        before
    );

    assert_eq!(root.delete("/api/collections/firm/truncate").status, 204);
    assert_eq!(root.delete("/api/collections/posts/truncate").status, 204);
    for (collection, total) in [("posts", 0), ("bound", 0), ("firm", 0), ("loose", 1)] {
        assert_eq!(
            root.list(collection, &[]).ok()["totalItems"],
            json!(total),
            "{collection}"
        );
    }
    assert_eq!(root.all("loose", "post"), [""]);
    root.create("posts", json!({"title": "b"}));
    assert_eq!(
        root.list("posts", &[("perPage", "1")]).ok()["totalItems"],
        json!(1)
    );
}

#[test]
fn b02_an_index_follows_the_name_of_its_field() {
    let app = TestApp::start();
    app.collection(json!({
        "name": "products", "type": "base", "listRule": "",
        "fields": [{"type": "text", "name": "sku"}, {"type": "text", "name": "title"}],
        "indexes": [
            "CREATE UNIQUE INDEX idx_sku ON products (sku) WHERE sku != ''",
            "CREATE INDEX idx_both ON products (title, sku DESC)",
        ],
    }));
    let root = app.root();
    root.create("products", json!({"sku": "a", "title": "one"}));
    // As a form sends it: the whole definition, in which only the field's name is another.
    let mut whole = root.get("/api/collections/products").ok();
    let fields = whole["fields"].as_array_mut().expect("fields");
    for field in fields {
        if field["name"] == "sku" {
            field["name"] = json!("article_no");
        }
    }
    let saved = root.patch("/api/collections/products", whole).ok();
    let indexes = saved["indexes"].to_string();
    assert!(indexes.contains("article_no != ''"), "{indexes}");
    assert!(indexes.contains("article_no DESC"), "{indexes}");
    let twice = root.try_create("products", json!({"article_no": "a"}));
    twice.refused_for("article_no", "not_unique");
    // A name that no field had stays an error.
    let wrong = json!({"indexes": ["CREATE INDEX idx_wrong ON products (sku)"]});
    root.patch("/api/collections/products", wrong).refused(400);
}
