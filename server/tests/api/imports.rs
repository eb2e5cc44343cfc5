//! Collections that are imported at once may refer to each other in any way.

use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp};

#[expect(
    clippy::needless_pass_by_value,
    reason = "a body is made where it is sent"
)]
fn import(client: &Client, collections: Value) -> Reply {
    client.put(
        "/api/collections/import",
        json!({"collections": collections}),
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a body is made where it is sent"
)]
fn replace(client: &Client, collections: Value) -> Reply {
    let body = json!({"collections": collections, "deleteMissing": true});
    client.put("/api/collections/import", body)
}

fn relation(name: &str, target: &str) -> Value {
    json!({"id": format!("rel_{name}"), "name": name, "type": "relation", "collectionId": target})
}

fn text(name: &str) -> Value {
    json!({"id": format!("txt_{name}"), "name": name, "type": "text"})
}

/// A blog whose collections refer to each other, by relations, rules and views.
fn blog() -> Value {
    json!([
        // A view comes first, and the one that it reads last.
        {"id": "v_top", "name": "top", "type": "view", "viewQuery": "SELECT id, title FROM shown",
         "listRule": "@collection.posts.title ?= title"},
        {"id": "c_posts", "name": "posts", "type": "base",
         "fields": [text("title"), relation("author", "c_authors"), relation("parent", "c_posts")],
         "listRule": "author.posts_via_author.title ?!= '' && @collection.comments.post ?= id",
         "viewRule": "comments_via_post.text ?= 'public' || posts_via_parent.title ?= 'x'",
         "createRule": "@request.body.author.favourite.title != 'closed'",
         "indexes": ["CREATE INDEX `idx_posts_author` ON `posts` (`author`)"]},
        {"id": "c_authors", "name": "authors", "type": "auth",
         "fields": [relation("favourite", "c_posts"), text("team")],
         "listRule": "favourite.author.id = id || posts_via_author.comments_via_post.text ?= 'x'",
         "manageRule": "@request.auth.team = 'staff' && @collection.top.title ?= 'x'"},
        {"id": "c_comments", "name": "comments", "type": "base",
         "fields": [text("text"), relation("post", "c_posts"), relation("by", "c_authors")],
         "deleteRule": "by = @request.auth.id || post.author = @request.auth.id"},
        {"id": "v_shown", "name": "shown", "type": "view",
         "viewQuery": "SELECT posts.id, posts.title, authors.team FROM posts JOIN authors ON authors.id = posts.author",
         "viewRule": "@collection.comments.post ?= id"},
    ])
}

#[test]
fn f04_collections_that_refer_to_each_other_are_imported_at_once() {
    let app = TestApp::start();
    let root = app.root();
    import(root, blog()).ok();
    let author = root.create(
        "authors",
        json!({"email": "a@example.com", "password": "12345678", "passwordConfirm": "12345678", "team": "red"}),
    );
    let post = root.create("posts", json!({"title": "One", "author": author["id"]}));
    root.create("comments", json!({"text": "public", "post": post["id"]}));
    assert_eq!(app.guest().all("posts", "title"), ["One"]);
    assert_eq!(root.all("top", "title"), ["One"]);
    // What a server exports is imported by another one, and by itself again.
    let exported = root.get("/api/collections?perPage=200").ok()["items"].clone();
    import(root, exported.clone()).ok();
    replace(root, exported.clone()).ok();
    assert_eq!(root.all("top", "title"), ["One"]);
    let other = TestApp::start();
    replace(other.root(), exported).ok();
    let theirs = other.root().get("/api/collections/posts").ok();
    assert_eq!(
        theirs["viewRule"],
        root.get("/api/collections/posts").ok()["viewRule"]
    );
}

#[test]
fn f04_one_collection_may_refer_to_itself() {
    let app = TestApp::start();
    let rule = "tree_via_parent.title ?= 'x' && parent.parent.title != 'y' && @collection.tree.title ?= title";
    let tree = json!({"id": "c_tree", "name": "tree", "type": "base", "listRule": rule,
        "fields": [text("title"), relation("parent", "c_tree")]});
    app.collection(tree);
    let branch = json!({"fields": [text("title"), relation("parent", "c_tree"), relation("twin", "c_tree")],
        "viewRule": "tree_via_twin.parent.title ?= 'z'"});
    app.root().patch("/api/collections/tree", branch).ok();
}

#[test]
fn f04_names_and_queries_change_in_one_import() {
    let app = TestApp::start();
    let root = app.root();
    import(root, blog()).ok();
    let unmentioned =
        json!({"name": "titles", "type": "view", "viewQuery": "SELECT id, title FROM posts"});
    app.collection(unmentioned);
    let post = root.create("posts", json!({"title": "One"}));
    root.create("comments", json!({"text": "Two", "post": post["id"]}));
    // Two collections take each other's names, and a field gets another one.
    let swapped = json!([
        {"id": "c_posts", "name": "comments", "fields": [{"id": "txt_title", "name": "headline", "type": "text"}],
         "listRule": "posts_via_post.text ?= 'Two'", "viewRule": "", "createRule": null},
        {"id": "c_comments", "name": "posts", "deleteRule": "by = @request.auth.id && post.headline != ''"},
        {"id": "c_authors", "name": "writers", "listRule": "comments_via_author.headline ?= 'x'",
         "manageRule": null},
        {"id": "v_shown", "name": "shown", "viewRule": null,
         "viewQuery": "SELECT comments.id, comments.headline AS title FROM comments"},
        {"id": "v_top", "name": "top", "listRule": "", "viewQuery": "SELECT id, title FROM shown"},
    ]);
    let reply = import(root, swapped.clone());
    assert_eq!(
        reply.status, 400,
        "a view that is not mentioned reads a field that is gone"
    );
    reply.refused_for("collections", "collections_import_failure");
    assert!(reply.text.contains("titles"), "{}", reply.text);
    assert_eq!(root.all("posts", "title"), ["One"], "nothing was changed");
    root.delete("/api/collections/titles").ok();
    import(root, swapped).ok();
    assert_eq!(root.all("comments", "headline"), ["One"]);
    assert_eq!(root.all("posts", "text"), ["Two"]);
    assert_eq!(app.guest().all("comments", "headline"), ["One"]);
    assert_eq!(app.guest().all("top", "title"), ["One"]);
    root.create("comments", json!({"headline": "Three"}));
    let mut titles = root.all("top", "title");
    titles.sort();
    assert_eq!(titles, ["One", "Three"]);
}

#[test]
fn f04_a_view_that_is_not_mentioned_follows_new_names() {
    let app = TestApp::start();
    let root = app.root();
    import(root, blog()).ok();
    let query = "SELECT posts.id, posts.title, comments.text FROM posts LEFT JOIN comments ON comments.post = posts.id";
    app.collection(json!({"name": "both", "type": "view", "viewQuery": query}));
    app.collection(
        json!({"name": "above", "type": "view", "viewQuery": "SELECT id, text FROM both"}),
    );
    root.create("posts", json!({"title": "One"}));
    import(root, json!([
        {"id": "c_posts", "name": "articles", "listRule": null, "viewRule": null, "createRule": null},
        {"id": "c_comments", "name": "remarks", "deleteRule": null},
        {"id": "c_authors", "name": "authors", "listRule": null, "manageRule": null},
        {"id": "v_shown", "name": "shown", "viewQuery": "SELECT id, title FROM articles", "viewRule": null},
        {"id": "v_top", "name": "top", "listRule": null},
    ]))
    .ok();
    assert_eq!(root.all("both", "title"), ["One"]);
    assert_eq!(root.all("above", "id").len(), 1);
}

#[test]
fn f04_an_import_says_which_collection_and_field_is_wrong() {
    let app = TestApp::start();
    let root = app.root();
    let before = root.get("/api/collections").ok();
    for (change, name, part) in [
        (
            json!({"id": "c_posts", "name": "posts", "listRule": "nobody_via_post.x = 1"}),
            "posts",
            "listRule",
        ),
        (
            json!({"id": "c_posts", "name": "posts", "fields": [relation("to", "c_nowhere")]}),
            "posts",
            "collectionId",
        ),
        (json!({"id": "c_posts", "name": "po sts"}), "po sts", "name"),
        (
            json!({"id": "v_top", "name": "top", "type": "view", "viewQuery": "SELECT id FROM nowhere"}),
            "top",
            "viewQuery",
        ),
        (
            json!({"id": "v_top", "name": "top", "type": "view", "viewQuery": "SELECT id, title FROM shown", "listRule": "gone = 1"}),
            "top",
            "listRule",
        ),
        (
            json!({"id": "v_top", "name": "shown", "type": "view", "viewQuery": "SELECT id FROM posts"}),
            "shown",
            "name",
        ),
    ] {
        let mut all = blog();
        let all = all.as_array_mut().expect("a list");
        let place = all
            .iter_mut()
            .find(|one| one["id"] == change["id"])
            .expect("it");
        *place = change;
        let reply = import(root, json!(all));
        reply.refused_for("collections", "collections_import_failure");
        assert!(
            reply.text.contains(&format!("\\\"{name}\\\"")),
            "{name}: {}",
            reply.text
        );
        assert!(reply.text.contains(part), "{part}: {}", reply.text);
        assert!(!reply.text.contains(".."), "one full stop: {}", reply.text);
    }
    // Two views that read each other.
    let reply = import(
        root,
        json!([
            {"name": "one", "type": "view", "viewQuery": "SELECT id FROM two"},
            {"name": "two", "type": "view", "viewQuery": "SELECT id FROM one"},
        ]),
    );
    reply.refused_for("collections", "collections_import_failure");
    assert_eq!(
        root.get("/api/collections").ok(),
        before,
        "nothing was changed"
    );
}

#[test]
fn f04_what_goes_may_refer_to_each_other_and_its_names_are_free() {
    let app = TestApp::start();
    let root = app.root();
    import(root, blog()).ok();
    root.create("posts", json!({"title": "One"}));
    let users = root.get("/api/collections/users").ok();
    // What stays refers to what goes.
    let reply = replace(
        root,
        json!([users, {"id": "c_comments", "name": "comments", "fields": [text("text"), relation("post", "c_posts")], "deleteRule": null}]),
    );
    reply.refused_for("collections", "collections_import_failure");
    assert_eq!(root.all("posts", "title"), ["One"]);
    let posts = json!({"id": "c_other", "name": "posts", "fields": [text("other"), relation("self", "c_other")], "listRule": "posts_via_self.other ?= 'x' || other != ''"});
    replace(root, json!([users, posts])).ok();
    root.create("posts", json!({"other": "Two"}));
    assert_eq!(app.guest().all("posts", "other"), ["Two"]);
    for name in ["authors", "comments", "shown", "top"] {
        root.get(&format!("/api/collections/{name}")).refused(404);
    }
}
