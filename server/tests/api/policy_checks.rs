//! Roles, permissions and members that make no sense; and the check that says who may do what, and why.

use serde_json::{Value, json};

use super::policies::{id, join, permit, role, rows};
use crate::support::TestApp;

#[test]
fn n11_roles_that_make_no_sense_are_refused_by_field() {
    let app = TestApp::start();
    let a = role(&app, "a", &[]);
    let b = role(&app, "b", &[&a]);
    let c = role(&app, "c", &[&b]);
    let of = |role: &Value| role["id"].as_str().expect("an id").to_owned();
    for (role, parent) in [(&a, &c), (&a, &a), (&a, &b), (&b, &c)] {
        let parents = json!({"parents": [parent["id"]]});
        let reply = app.root().update("_roles", &of(role), parents);
        reply.refused_for("parents", "role_cycle");
    }
    let mut last = c.clone();
    for depth in 4..=10 {
        last = role(&app, &format!("deep{depth}"), &[&last]);
    }
    for (bad, field, code) in [
        (
            json!({"name": "deeper", "parents": [last["id"]]}),
            "parents",
            "role_depth",
        ),
        (json!({"name": "@mine"}), "name", "invalid_format"),
        (json!({"name": "A"}), "name", "not_unique"),
        (
            json!({"name": "x", "areas": ["everything"]}),
            "areas",
            "invalid_value",
        ),
    ] {
        app.root()
            .try_create("_roles", bad)
            .refused_for(field, code);
    }
}

#[test]
fn permissions_that_make_no_sense_are_refused_by_field() {
    let app = TestApp::start();
    rows(&app);
    let a = role(&app, "a", &[]);
    let good =
        json!({"role": a["id"], "collection": "notes", "actions": ["list"], "effect": "allow"});
    for (field, value, code) in [
        ("collection", json!("nowhere"), "unknown_collection"),
        ("collection", json!("_superusers"), "system_collection"),
        ("collection", json!("_roles"), "system_collection"),
        ("condition", json!("title ="), "invalid_condition"),
        ("condition", json!("nothing = 1"), "invalid_condition"),
        ("condition", json!("fly(title) = '1'"), "invalid_condition"),
        ("fields", json!("title"), "invalid_fields"),
        ("fields", json!(["title", "nothing"]), "unknown_field"),
        ("actions", json!([]), "required"),
        ("actions", json!(["fly"]), "invalid_value"),
        ("effect", json!("maybe"), "invalid_value"),
        ("role", json!("nobody000000000"), "missing_rel_records"),
        ("role", json!("rolesuperuser00"), "superuser_role"),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        app.root()
            .try_create("_permissions", bad)
            .refused_for(field, code);
    }
    let mut everywhere = good.clone();
    everywhere["collection"] = json!("*");
    everywhere["condition"] = json!("title = 'a'");
    let reply = app.root().try_create("_permissions", everywhere.clone());
    reply.refused_for("condition", "invalid_condition");
    everywhere["condition"] = json!("id != ''");
    app.root().create("_permissions", everywhere);
}

#[test]
fn members_that_make_no_sense_are_refused_by_field() {
    let app = TestApp::start();
    rows(&app);
    app.user("ann");
    let a = role(&app, "a", &[]);
    let member = |collection: &str, id: &str| {
        let member = json!({"role": a["id"], "collectionRef": collection, "recordRef": id});
        app.root().try_create("_members", member)
    };
    member("notes", "ann000000000000").refused_for("collectionRef", "unknown_collection");
    member("users", "nobody000000000").refused_for("recordRef", "missing_rel_records");
    member("_superusers", "ann000000000000").refused_for("collectionRef", "superuser_role");
    member("users", "ann000000000000").ok();
    member("users", "ann000000000000").refused(400);
}

#[test]
fn a_check_says_what_decides() {
    let app = TestApp::start();
    rows(&app);
    app.root()
        .patch(
            "/api/collections/notes",
            json!({"viewRule": "byRule = true"}),
        )
        .ok();
    app.user("ann");
    let some = role(&app, "some", &[]);
    join(&app, &some, "ann");
    let allow = permit(
        &app,
        &some,
        json!({"collection": "notes", "actions": ["view"], "effect": "allow", "condition": "allowed = true", "fields": ["title"]}),
    );
    let deny = permit(
        &app,
        &some,
        json!({"collection": "notes", "actions": ["view"], "effect": "deny", "condition": "denied = true"}),
    );
    let ask = |subject: Value, action: &str, record: Option<&str>| {
        let question =
            json!({"subject": subject, "action": action, "collection": "notes", "record": record});
        app.root().post("/api/policy/check", question)
    };
    let ann = json!({"collection": "users", "id": "ann000000000000"});
    let decided =
        |record: [bool; 3], subject: &Value| ask(subject.clone(), "view", Some(&id(record))).ok();
    let one = decided([false, true, false], &ann);
    assert_eq!(
        (&one["allowed"], &one["decidedBy"]["id"], &one["fields"]),
        (&json!(true), &allow["id"], &json!(["id", "title"]))
    );
    assert_eq!(one["decidedBy"]["roleName"], "some");
    let one = decided([true, true, true], &ann);
    assert_eq!(
        (&one["allowed"], &one["decidedBy"]["id"]),
        (&json!(false), &deny["id"])
    );
    let one = decided([true, false, false], &ann);
    assert_eq!(
        (&one["allowed"], &one["decidedBy"]),
        (
            &json!(true),
            &json!({"kind": "rule", "rule": "byRule = true"})
        )
    );
    let one = decided([false, false, false], &ann);
    assert_eq!(
        (&one["allowed"], &one["decidedBy"]["kind"]),
        (&json!(false), &json!("nothing"))
    );
    let one = decided([false, true, false], &json!("@guest"));
    assert_eq!(
        (&one["allowed"], &one["decidedBy"]["kind"]),
        (&json!(false), &json!("nothing"))
    );
    let general = ask(ann.clone(), "view", None).ok();
    assert_eq!(
        (&general["allowed"], &general["conditional"]),
        (&json!(true), &json!(true))
    );
    let general = ask(ann.clone(), "delete", None).ok();
    assert_eq!(
        (&general["allowed"], &general["decidedBy"]["kind"]),
        (&json!(false), &json!("nothing"))
    );
}

#[test]
fn questions_that_make_no_sense_are_refused_by_field() {
    let app = TestApp::start();
    rows(&app);
    app.user("ann");
    for (question, field) in [
        (
            json!({"subject": "@nobody", "action": "view", "collection": "notes"}),
            "subject",
        ),
        (
            json!({"subject": {"collection": "users", "id": "x"}, "action": "view", "collection": "notes"}),
            "subject",
        ),
        (
            json!({"subject": "@guest", "action": "fly", "collection": "notes"}),
            "action",
        ),
        (
            json!({"subject": "@guest", "action": "view", "collection": "nowhere"}),
            "collection",
        ),
        (
            json!({"subject": "@guest", "action": "view", "collection": "notes", "record": "x"}),
            "record",
        ),
    ] {
        let reply = app.root().post("/api/policy/check", question);
        assert_eq!(reply.status, 400);
        assert!(
            reply.body["data"][field]["code"].is_string(),
            "{}",
            reply.text
        );
    }
    assert_eq!(app.root().post("/api/policy/check", json!({})).status, 400);
    assert_eq!(app.guest().post("/api/policy/check", json!({})).status, 401);
    assert_eq!(
        app.user("bob").post("/api/policy/check", json!({})).status,
        403
    );
}
