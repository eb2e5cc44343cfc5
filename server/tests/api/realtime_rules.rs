//! Realtime: each client hears what it may list or view, as it may see it.

use serde_json::json;

use crate::policies::{join, permit, role};
use crate::realtime::{POST, mark, posts, rule};
use crate::support::stream::Stream;
use crate::support::{PASSWORD, TestApp, at_once};

#[test]
fn rules_decide_for_each_client() {
    let app = TestApp::start();
    posts(&app);
    let own = "owner = @request.auth.id || owner = 'everybody'";
    rule(
        &app,
        json!({"listRule": own, "viewRule": "n = 7 || owner = 'everybody'"}),
    );
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let streams =
        [app.guest(), ann, bob, app.root().clone()].map(|client| Stream::of(&client, &["posts/*"]));
    let one = Stream::of(&app.guest(), &[&format!("posts/{POST}")]);
    app.root().create(
        "posts",
        json!({"id": POST, "owner": "ann000000000000", "secret": "s"}),
    );
    app.root()
        .update("posts", POST, json!({"owner": "bob000000000000", "n": 7}))
        .ok();
    app.root()
        .update("posts", POST, json!({"owner": "nobody", "n": 8}))
        .ok();
    assert_eq!(app.root().remove("posts", POST).status, 204);
    let last = mark(&app, "post00000000002");
    let [guest, ann, bob, root] = &streams;
    assert_eq!(guest.next().what(), last);
    assert_eq!(ann.whats(2), [format!("create {POST}"), last.clone()]);
    assert_eq!(bob.whats(2), [format!("update {POST}"), last.clone()]);
    let frame = root.next();
    assert_eq!(
        frame.data["record"]["secret"],
        json!("s"),
        "superusers see hidden fields"
    );
    assert_eq!(root.whats(4)[3], last);
    assert_eq!(one.next().what(), format!("update {POST}"));

    // What is locked only superusers hear of; the rule is the one of the moment at which it is told.
    rule(&app, json!({"listRule": null, "viewRule": null}));
    let locked = mark(&app, "post00000000003");
    assert_eq!(root.next().what(), locked);
    rule(&app, json!({"listRule": ""}));
    let open = mark(&app, "post00000000004");
    assert_eq!(root.next().what(), open);
    assert_eq!(guest.next().what(), open);
    assert!(guest.client.token.is_empty());
}

#[test]
fn n23_who_is_no_longer_signed_in_hears_what_guests_hear() {
    let app = TestApp::start();
    posts(&app);
    rule(
        &app,
        json!({"listRule": "@request.auth.id != '' || owner = 'everybody'"}),
    );
    let root = app.root();
    let password = json!({"password": "new password", "passwordConfirm": "new password"});
    for (name, how) in [("ann", 0), ("bob", 1), ("cyd", 2), ("dan", 3)] {
        let id = format!("{name:0<15}");
        let heard = Stream::of(&app.user(name), &["posts/*"]);
        let other = Stream::of(&app.user(&format!("x{name}")), &["posts/*"]);
        let before = format!("before{name}000000");
        root.create("posts", json!({"id": before}));
        assert_eq!(heard.next().what(), format!("create {before}"));
        match how {
            0 => drop(root.update("users", &id, password.clone()).ok()),
            1 => drop(
                root.update("users", &id, json!({"email": "other@example.com"}))
                    .ok(),
            ),
            2 => assert_eq!(root.remove("users", &id).status, 204),
            _ => drop(
                root.patch(
                    "/api/collections/users",
                    json!({"authToken": {"secret": "s".repeat(40)}}),
                )
                .ok(),
            ),
        }
        let after = format!("after0{name}000000");
        root.create("posts", json!({"id": after}));
        let last = mark(&app, &format!("guest0{name}000000"));
        assert_eq!(heard.next().what(), last);
        if how != 3 {
            assert_eq!(other.whats(3)[1], format!("create {after}"));
        }
    }
}

#[test]
fn accounts_are_seen_as_elsewhere() {
    let app = TestApp::start();
    app.root()
        .patch(
            "/api/collections/users",
            json!({"listRule": "", "viewRule": ""}),
        )
        .ok();
    let ann = app.user("ann");
    let (guest, own) = (
        Stream::of(&app.guest(), &["users/*"]),
        Stream::of(&ann, &["users/*"]),
    );
    ann.update("users", "ann000000000000", json!({"name": "Ann"}))
        .ok();
    let (seen, own) = (guest.next().data, own.next().data);
    assert_eq!(own["record"]["email"], json!("ann@example.com"));
    assert_eq!(seen["record"]["name"], json!("Ann"));
    for (hidden, data) in [("email", &seen), ("password", &own), ("tokenKey", &own)] {
        assert!(data["record"].get(hidden).is_none(), "{hidden}: {data}");
    }
    assert!(!own.to_string().contains(PASSWORD));
}

#[test]
fn n04_roles_decide_too() {
    let app = TestApp::start();
    posts(&app);
    let root = app.root();
    rule(&app, json!({"listRule": "owner = 'everybody'"}));
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let readers = role(&app, "readers", &[]);
    let permission = permit(
        &app,
        &readers,
        json!({
            "collection": "posts", "actions": ["list"], "effect": "allow",
            "condition": "n < 10", "fields": ["title", "n"],
        }),
    );
    let membership = join(&app, &readers, "ann");
    let [ann, bob] = [ann, bob].map(|client| Stream::of(&client, &["posts/*"]));
    root.create(
        "posts",
        json!({"id": POST, "n": 5, "title": "t", "owner": "o"}),
    );
    root.update("posts", POST, json!({"n": 10})).ok();
    root.update("posts", POST, json!({"n": 6})).ok();
    // What is seen goes by the values that the event has, not by those that the row has by then.
    assert_eq!(root.remove("posts", POST).status, 204);
    for (kind, n) in [("create", 5), ("update", 6), ("delete", 6)] {
        let frame = ann.next();
        assert_eq!(frame.what(), format!("{kind} {POST}"));
        assert_eq!(frame.data["record"]["n"], json!(n));
        assert_eq!(frame.data["record"]["title"], json!("t"));
        assert!(frame.data["record"].get("owner").is_none(), "{frame:?}");
    }
    let id = permission["id"].as_str().expect("an id");
    root.update("_permissions", id, json!({"effect": "deny", "fields": []}))
        .ok();
    mark(&app, "post00000000002");
    let open = mark(&app, "post00000000003");
    assert_eq!(bob.whats(2)[1], open);
    root.update("posts", "post00000000003", json!({"n": 20}))
        .ok();
    assert_eq!(
        ann.next().what(),
        "update post00000000003",
        "the denied ones did not come"
    );
    let id = membership["id"].as_str().expect("an id");
    assert_eq!(root.remove("_members", id).status, 204);
    let last = mark(&app, "post00000000004");
    assert_eq!(ann.next().what(), last);
}

#[test]
fn n46_what_went_with_a_record_does_not_lay_it_open() {
    let app = TestApp::start();
    let base = |name: &str, rule: &str, fields: serde_json::Value| {
        app.collection(json!({"name": name, "type": "base", "listRule": rule, "viewRule": rule, "fields": fields}))
    };
    let authors = base("authors", "", json!([{"type": "bool", "name": "private"}]));
    let author = json!({"type": "relation", "name": "author", "collectionId": authors["id"], "cascadeDelete": true, "maxSelect": 1});
    base("books", "author.private != true", json!([author]));
    base("chapters", "", json!([author]));
    for (id, private) in [("private00000000", true), ("public000000000", false)] {
        app.root()
            .create("authors", json!({"id": id, "private": private}));
        app.root().create("books", json!({"id": id, "author": id}));
        app.root()
            .create("chapters", json!({"id": id, "author": id}));
    }
    app.root().create(
        "books",
        json!({"id": "single000000000", "author": "public000000000"}),
    );
    app.root().create(
        "books",
        json!({"id": "hidden000000000", "author": "private00000000"}),
    );
    let guest = Stream::of(&app.guest(), &["books/*", "chapters/*"]);
    let root = Stream::of(app.root(), &["books/*"]);
    // Alone, a record's going is told to who could see it.
    for id in ["hidden000000000", "single000000000"] {
        assert_eq!(app.root().remove("books", id).status, 204);
    }
    assert_eq!(guest.next().what(), "delete single000000000");
    // With its author goes what the rule asks about: nobody is told who only might have seen it.
    assert_eq!(app.root().remove("authors", "private00000000").status, 204);
    assert_eq!(guest.next().what(), "delete private00000000");
    app.root().create(
        "chapters",
        json!({"id": "last00000000000", "author": "public000000000"}),
    );
    let last = guest.next();
    assert_eq!(last.what(), "create last00000000000");
    let heard = root.whats(3);
    assert_eq!(
        heard[2], "delete private00000000",
        "superusers see all of it"
    );
}

#[test]
fn n46_what_goes_after_a_record_does_not_lay_it_open() {
    let app = TestApp::start();
    let base = |name: &str, rule: &str, fields: serde_json::Value| {
        app.collection(json!({"name": name, "type": "base", "listRule": rule, "viewRule": rule, "fields": fields}))
    };
    let authors = base("authors", "", json!([{"type": "bool", "name": "private"}]));
    let author = json!({"type": "relation", "name": "author", "collectionId": authors["id"], "maxSelect": 1});
    base(
        "books",
        "author.private != true",
        json!([author, {"type": "text", "name": "title"}]),
    );
    app.root()
        .create("authors", json!({"id": "public000000000"}));
    let guest = Stream::of(&app.guest(), &["books/*"]);
    for n in 10..30 {
        let id = format!("book000000000{n}");
        app.root()
            .create("authors", json!({"id": id, "private": true}));
        app.root()
            .create("books", json!({"id": id, "author": id, "title": "private"}));
        app.root()
            .update("books", &id, json!({"title": "private too"}))
            .ok();
        app.root().remove("books", &id);
        // By the time that the book is told of, its author may be gone.
        app.root().remove("authors", &id);
    }
    app.root().create(
        "books",
        json!({"id": "last00000000000", "author": "public000000000"}),
    );
    assert_eq!(guest.next().what(), "create last00000000000");
}

/// Writes that are committed together on SQLite are still one each.
#[test]
fn a_delete_beside_other_writes_is_told() {
    let app = TestApp::start();
    let base = |name: &str, rule: &str, fields: serde_json::Value| {
        app.collection(json!({"name": name, "type": "base", "listRule": rule, "viewRule": rule, "fields": fields}))
    };
    let authors = base("authors", "", json!([{"type": "bool", "name": "private"}]));
    let author = json!({"type": "relation", "name": "author", "collectionId": authors["id"], "maxSelect": 1});
    base("books", "author.private != true", json!([author]));
    app.root()
        .create("authors", json!({"id": "public000000000"}));
    let ids: Vec<String> = (10..42).map(|n| format!("book000000000{n}")).collect();
    for id in &ids {
        app.root()
            .create("books", json!({"id": id, "author": "public000000000"}));
    }
    let guest = Stream::of(&app.guest(), &["books/*"]);
    at_once(ids.len(), |n| {
        assert_eq!(app.root().remove("books", &ids[n]).status, 204);
    });
    let mut gone = guest.whats(ids.len());
    gone.sort();
    let expected: Vec<String> = ids.iter().map(|id| format!("delete {id}")).collect();
    assert_eq!(gone, expected);
}
