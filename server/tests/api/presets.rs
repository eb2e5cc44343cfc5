//! Presets: values that records get which members of a role create.

use serde_json::{Value, json};

use super::policies::{join, permit, role};
use super::scopes::{ORGS, join_in, tenants};
use crate::support::TestApp;

/// A role whose members create posts, with these presets, and may set the title alone.
fn writer(app: &TestApp, name: &str, presets: &Value) -> Value {
    let writer = role(app, name, &[]);
    permit(
        app,
        &writer,
        json!({
            "collection": "posts", "actions": ["list", "view", "create"], "effect": "allow",
            "condition": "org = @role.scope", "fields": ["title"], "presets": presets,
        }),
    );
    writer
}

fn owned(app: &TestApp) {
    tenants(app);
    let posts = app.root().get("/api/collections/posts").ok();
    let mut fields = posts["fields"].as_array().expect("fields").clone();
    fields.push(json!({"type": "relation", "name": "owner", "collectionId": "_pb_users_auth_"}));
    fields.push(json!({"type": "number", "name": "stars"}));
    app.root()
        .patch("/api/collections/posts", json!({"fields": fields}))
        .ok();
}

#[test]
fn n14_members_create_records_with_presets_that_they_may_not_set() {
    let app = TestApp::start();
    owned(&app);
    let presets =
        json!({"org": "@role.scope", "owner": "@request.auth.id", "stars": 3, "title": "untitled"});
    let writer = writer(&app, "writer", &presets);
    let [ann, bob] = ["ann", "bob"].map(|name| app.user(name));
    join_in(&app, &writer, "ann", ("orgs", ORGS[1]));
    let made = ann.create("posts", json!({"title": "mine"}));
    let id = made["id"].as_str().expect("an id");
    let stored = app.root().view("posts", id).ok();
    for (field, value) in [
        ("org", json!(ORGS[1])),
        ("owner", json!("ann000000000000")),
        ("stars", json!(3)),
        ("title", json!("mine")),
    ] {
        assert_eq!(stored[field], value, "{field}");
    }
    assert_eq!(ann.create("posts", json!({}))["title"], json!("untitled"));
    // What is preset and may not be set is refused by its name, even with the same value.
    for (field, value) in [
        ("org", json!(ORGS[1])),
        ("owner", json!("bob000000000000")),
        ("stars", json!(3)),
        ("stars+", json!(1)),
    ] {
        let reply = ann.try_create("posts", json!({"title": "x", field: value}));
        reply.refused_for(field.trim_end_matches('+'), "not_permitted");
    }
    // Others get nothing of it.
    assert_eq!(bob.try_create("posts", json!({"title": "x"})).status, 403);
    let plain = app.root().create("posts", json!({"title": "plain"}));
    assert_eq!((&plain["org"], &plain["stars"]), (&json!(""), &json!(0)));
}

#[test]
fn a_preset_that_may_be_set_is_a_default() {
    let app = TestApp::start();
    owned(&app);
    let writer = role(&app, "writer", &[]);
    let create = json!({
        "collection": "posts", "actions": ["create"], "effect": "allow",
        "presets": {"stars": 3, "owner": "@request.auth.id"},
    });
    permit(&app, &writer, create);
    let ann = app.user("ann");
    join(&app, &writer, "ann");
    let made = |body: Value| {
        let made = ann.create("posts", body);
        let id = made["id"].as_str().expect("an id").to_owned();
        let stored = app.root().view("posts", &id).ok();
        (stored["stars"].clone(), stored["owner"].clone())
    };
    let id = json!("ann000000000000");
    assert_eq!(made(json!({})), (json!(3), id.clone()));
    assert_eq!(
        made(json!({"stars": 5, "owner": ""})),
        (json!(5), json!(""))
    );
    assert_eq!(made(json!({"stars+": 1})), (json!(1), id));
    // It holds for creates alone.
    let update = json!({"collection": "posts", "actions": ["update"], "effect": "allow"});
    permit(&app, &writer, update);
    let post = app.root().create("posts", json!({"stars": 1}));
    let post = post["id"].as_str().expect("an id");
    ann.update("posts", post, json!({"title": "changed"})).ok();
    assert_eq!(app.root().view("posts", post).ok()["stars"], json!(1));
}

#[test]
fn who_has_several_values_chooses_one() {
    let app = TestApp::start();
    owned(&app);
    let editor = role(&app, "editor", &[]);
    permit(
        &app,
        &editor,
        json!({
            "collection": "posts", "actions": ["create"], "effect": "allow",
            "condition": "org = @role.scope", "presets": {"org": "@role.scope", "stars": 3},
        }),
    );
    let ann = app.user("ann");
    join_in(&app, &editor, "ann", ("orgs", ORGS[0]));
    ann.create("posts", json!({}));
    join_in(&app, &editor, "ann", ("orgs", ORGS[1]));
    ann.try_create("posts", json!({"title": "x"}))
        .refused_for("org", "several_presets");
    ann.create("posts", json!({"org": ORGS[1]}));
    assert_eq!(ann.try_create("posts", json!({"org": ORGS[2]})).status, 400);
    // Two roles that agree leave no choice.
    let other = role(&app, "other", &[]);
    let also = |stars: u32| json!({"collection": "posts", "actions": ["create"], "effect": "allow", "presets": {"stars": stars}});
    permit(&app, &other, also(3));
    join(&app, &other, "ann");
    ann.create("posts", json!({"org": ORGS[1]}));
    permit(&app, &other, also(4));
    ann.try_create("posts", json!({"org": ORGS[1]}))
        .refused_for("stars", "several_presets");
    ann.create("posts", json!({"org": ORGS[1], "stars": 1}));
}

#[test]
fn presets_that_make_no_sense_are_refused() {
    let app = TestApp::start();
    owned(&app);
    let editor = role(&app, "editor", &[]);
    let good = json!({"role": editor["id"], "collection": "posts", "actions": ["create"], "effect": "allow", "presets": {"stars": 3}});
    let with = |field: &str, value: Value| {
        let mut permission = good.clone();
        permission[field] = value;
        app.root().try_create("_permissions", permission)
    };
    for (presets, code) in [
        (json!([1]), "invalid_presets"),
        (json!("stars"), "invalid_presets"),
        (json!({"nothing": 1}), "unknown_field"),
        (json!({"id": "abc"}), "unknown_field"),
        (json!({"stars": "many"}), "invalid_presets"),
        (json!({"stars": "@role.scope"}), "invalid_presets"),
        (json!({"title": "@role.scope"}), "invalid_presets"),
        (json!({"stars": "@request.auth.id"}), "invalid_presets"),
        (json!({"title": "@request.auth.email"}), "invalid_presets"),
        (json!({"title": "@now"}), "invalid_presets"),
    ] {
        with("presets", presets).refused_for("presets", code);
    }
    with("effect", json!("deny")).refused_for("presets", "invalid_presets");
    with("actions", json!(["list", "update"])).refused_for("presets", "invalid_presets");
    with("collection", json!("*")).refused_for("presets", "invalid_presets");
    for presets in [
        Value::Null,
        json!({}),
        json!({"title": "@request.auth.id", "orgs": "@role.scope"}),
    ] {
        with("presets", presets).ok();
    }
}

#[test]
fn presets_follow_their_fields() {
    let app = TestApp::start();
    owned(&app);
    let editor = role(&app, "editor", &[]);
    let create = json!({"collection": "posts", "actions": ["create"], "effect": "allow", "presets": {"stars": 3, "title": "x"}});
    let made = permit(&app, &editor, create);
    let id = made["id"].as_str().expect("an id");
    let posts = app.root().get("/api/collections/posts").ok();
    let mut fields = posts["fields"].as_array().expect("fields").clone();
    for field in &mut fields {
        if field["name"] == "stars" {
            field["name"] = json!("points");
        }
    }
    fields.retain(|field| field["name"] != "title");
    app.root()
        .patch("/api/collections/posts", json!({"fields": fields}))
        .ok();
    let stored = app.root().view("_permissions", id).ok();
    assert_eq!(stored["presets"], json!({"points": 3}));
    let ann = app.user("ann");
    join(&app, &editor, "ann");
    let made = ann.create("posts", json!({}));
    let id = made["id"].as_str().expect("an id");
    assert_eq!(app.root().view("posts", id).ok()["points"], json!(3));
}
