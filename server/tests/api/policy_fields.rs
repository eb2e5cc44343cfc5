//! Roles and fields: what they show, hide, and let one set.

use serde_json::{Value, json};

use super::policies::{id, join, permit, role, rows};
use crate::support::TestApp;

#[test]
fn n01_fields_are_the_union_of_what_allows_show_minus_denies() {
    let app = TestApp::start();
    let rows = rows(&app);
    let ann = app.user("ann");
    let reader = role(&app, "reader", &[]);
    join(&app, &reader, "ann");
    let read = json!(["list", "view", "update"]);
    let titles =
        json!({"collection": "notes", "actions": read, "effect": "allow", "fields": ["title"]});
    permit(&app, &reader, titles);
    let flags = json!({"collection": "notes", "actions": read, "effect": "allow", "fields": ["byRule", "denied"], "condition": "allowed = true"});
    permit(&app, &reader, flags);
    let hide = json!({"collection": "notes", "actions": ["list", "view"], "effect": "deny", "fields": ["denied"], "condition": "denied = true"});
    permit(&app, &reader, hide);

    for row in &rows {
        let mut expected = vec!["collectionId", "collectionName", "id", "title"];
        if row[1] {
            expected.push("byRule");
        }
        if row[1] && !row[2] {
            expected.push("denied");
        }
        expected.sort_unstable();
        let seen = ann.view("notes", &id(*row)).ok();
        let keys: Vec<&String> = seen.as_object().expect("a record").keys().collect();
        assert_eq!(keys, expected, "{row:?}");
        let listed = ann
            .list("notes", &[("filter", &format!("id = '{}'", id(*row)))])
            .ok();
        assert_eq!(listed["items"][0], seen);
        let link = ann
            .list(
                "links",
                &[
                    ("filter", &format!("id = '{}'", id(*row))),
                    ("expand", "note"),
                ],
            )
            .ok();
        assert_eq!(link["items"][0]["expand"]["note"], seen);
    }
    // What some rows hide can be neither filtered nor sorted by, as if it did not exist.
    for field in ["byRule", "denied", "allowed", "missing"] {
        let filter = ann.list("notes", &[("filter", &format!("{field} = true"))]);
        let sort = ann.list("notes", &[("sort", field)]);
        let far = ann.list("links", &[("filter", &format!("note.{field} = true"))]);
        for reply in [filter, sort, far] {
            assert_eq!(
                (reply.status, &reply.body["data"]),
                (400, &json!({})),
                "{field}"
            );
        }
    }
    assert_eq!(
        ann.list("notes", &[("filter", "title != ''"), ("sort", "-title")])
            .status,
        200
    );
    // And what one may not set is refused by name.
    let plain = id([false, false, false]);
    let refused = ann.update("notes", &plain, json!({"byRule": true}));
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.body["data"]["byRule"]["code"],
        "validation_not_permitted"
    );
    let changed = ann
        .update("notes", &plain, json!({"id": plain, "title": "new"}))
        .ok();
    assert_eq!(changed["title"], "new");
    assert_eq!(
        changed.get("byRule"),
        None,
        "the answer shows no more than a view"
    );
}

#[test]
fn n02_a_relation_that_is_hidden_leads_nowhere() {
    let app = TestApp::start();
    let rows = rows(&app);
    app.root()
        .patch("/api/collections/notes", super::rules::rules(&json!("")))
        .ok();
    let ann = app.user("ann");
    let reader = role(&app, "reader", &[]);
    join(&app, &reader, "ann");
    let hide = json!({"collection": "links", "actions": ["list", "view"], "effect": "deny", "fields": ["note"]});
    permit(&app, &reader, hide);
    let one = id(rows[0]);
    let link = ann
        .get(&format!("/api/collections/links/records/{one}?expand=note"))
        .ok();
    assert_eq!(link.get("note"), None);
    assert_eq!(link["expand"], json!({}));
    let note = ann
        .get(&format!(
            "/api/collections/notes/records/{one}?expand=links_via_note"
        ))
        .ok();
    assert_eq!(note.get("expand"), None);
    assert_eq!(
        ann.list(
            "notes",
            &[("filter", &format!("links_via_note.id = '{one}'"))]
        )
        .status,
        400
    );
}

#[test]
fn n04_answers_to_writes_show_no_more_than_a_view() {
    let app = TestApp::start();
    rows(&app);
    app.root()
        .patch("/api/collections/notes", super::rules::rules(&json!("")))
        .ok();
    let deny = |condition: &str| json!({"role": "roleguest000000", "collection": "notes", "actions": ["list", "view"], "effect": "deny", "condition": condition});
    for condition in ["denied = true", ""] {
        let made = app.root().create("_permissions", deny(condition));
        let hidden = id([true, true, true]);
        assert_ne!(app.guest().view("notes", &hidden).status, 200);
        let answer = app.guest().update("notes", &hidden, json!({})).ok();
        let keys: Vec<&String> = answer.as_object().expect("a record").keys().collect();
        assert_eq!(
            keys,
            ["collectionId", "collectionName", "id"],
            "{condition:?}"
        );
        let answer = app
            .guest()
            .create("notes", json!({"title": "x", "denied": true}));
        assert_eq!(answer.get("title"), None, "{condition:?}");
        let made = made["id"].as_str().expect("an id");
        assert_eq!(app.root().remove("_permissions", made).status, 204);
    }
}

#[test]
fn n04_a_sign_in_shows_no_field_that_roles_deny() {
    let app = TestApp::start();
    let users = app.root().get("/api/collections/users").ok();
    let mut fields = users["fields"].as_array().expect("fields").clone();
    fields.push(json!({"name": "note", "type": "text"}));
    app.root()
        .patch("/api/collections/users", json!({"fields": fields}))
        .ok();
    let ann = app.user("ann");
    app.root()
        .update("users", "ann000000000000", json!({"note": "secret"}))
        .ok();
    let deny = json!({"role": "roleuser0000000", "collection": "users", "actions": ["list", "view"], "effect": "deny", "fields": ["note"]});
    app.root().create("_permissions", deny);
    let body = json!({"identity": "ann@example.com", "password": crate::support::PASSWORD});
    let signed_in = app
        .guest()
        .post("/api/collections/users/auth-with-password", body)
        .ok();
    let refreshed = ann
        .post("/api/collections/users/auth-refresh", json!({}))
        .ok();
    for answer in [
        &signed_in["record"],
        &refreshed["record"],
        &ann.view("users", "ann000000000000").ok(),
    ] {
        assert_eq!(
            (answer.get("note"), answer["email"].as_str()),
            (None, Some("ann@example.com"))
        );
    }
}

#[test]
fn n14_a_role_for_some_fields_sets_no_password() {
    let app = TestApp::start();
    app.user("ann");
    let bob = app.user("bob");
    let manage = json!({"manageRule": "@request.auth.id = 'bob000000000000'"});
    app.root().patch("/api/collections/users", manage).ok();
    let support = role(&app, "support", &[]);
    join(&app, &support, "bob");
    let allow = permit(
        &app,
        &support,
        json!({"collection": "users", "actions": ["view", "update"], "effect": "allow", "fields": ["name"]}),
    );
    assert_eq!(
        bob.update("users", "ann000000000000", json!({"name": "Ann"}))
            .status,
        200
    );
    let password = json!({"password": "hacked1234", "passwordConfirm": "hacked1234"});
    let refused = bob.update("users", "ann000000000000", password.clone());
    refused.refused_for("password", "not_permitted");
    bob.update("users", "ann000000000000", json!({"emailVisibility": true}))
        .refused_for("emailVisibility", "not_permitted");
    let more = json!({"fields": ["name", "password"]});
    app.root()
        .update("_permissions", allow["id"].as_str().expect("an id"), more)
        .ok();
    assert_eq!(
        bob.update("users", "ann000000000000", password).status,
        200,
        "when it is given"
    );
}

#[test]
fn permissions_follow_their_fields() {
    let app = TestApp::start();
    let staff = app.open_collection(
        "staff",
        json!([{"name": "name", "type": "text"}, {"name": "pay", "type": "number"}]),
    );
    let one = app
        .root()
        .create("staff", json!({"name": "Ann", "pay": 70}));
    let id = one["id"].as_str().expect("an id").to_owned();
    let deny = json!({"role": "roleguest000000", "collection": "staff", "actions": ["list", "view"], "effect": "deny", "fields": ["pay"]});
    let deny = app.root().create("_permissions", deny);
    let mut fields = staff["fields"].as_array().expect("fields").clone();
    let pay = fields
        .iter_mut()
        .find(|field| field["name"] == "pay")
        .expect("a field");
    pay["name"] = json!("salary");
    app.root()
        .patch("/api/collections/staff", json!({"fields": fields}))
        .ok();
    let seen = app.guest().view("staff", &id).ok();
    assert_eq!(
        (seen.get("pay"), seen.get("salary"), seen["name"].as_str()),
        (None, None, Some("Ann"))
    );
    let deny_id = deny["id"].as_str().expect("an id");
    assert_eq!(
        app.root().view("_permissions", deny_id).ok()["fields"],
        json!(["salary"])
    );
    // A list that would become empty would mean all fields.
    fields.retain(|field| field["name"] != "salary");
    app.root()
        .patch("/api/collections/staff", json!({"fields": fields}))
        .ok();
    assert_eq!(app.root().view("_permissions", deny_id).status, 404);
    assert_eq!(app.guest().view("staff", &id).status, 200);
    let everywhere = json!({"role": "roleguest000000", "collection": "*", "actions": ["list"], "effect": "deny", "fields": ["id"]});
    app.root()
        .try_create("_permissions", everywhere)
        .refused_for("fields", "invalid_fields");
}

#[test]
fn n03_what_one_may_not_see_is_not_found_out_by_setting_it() {
    let app = TestApp::start();
    app.open_collection(
        "staff",
        json!([{"name": "name", "type": "text"}, {"name": "pay", "type": "number"}]),
    );
    app.root()
        .patch("/api/collections/staff", json!({"updateRule": null}))
        .ok();
    let one = app
        .root()
        .create("staff", json!({"name": "Ann", "pay": 70}));
    let id = one["id"].as_str().expect("an id").to_owned();
    let guest = |permission: Value| {
        let mut permission = permission;
        permission["role"] = json!("roleguest000000");
        permission["collection"] = json!("staff");
        app.root().create("_permissions", permission)
    };
    guest(json!({"actions": ["list", "view"], "effect": "deny", "fields": ["pay"]}));
    guest(json!({"actions": ["update"], "effect": "allow", "fields": ["name"]}));
    for pay in [json!({"pay": 70}), json!({"pay": 71}), json!({"pay+": 0})] {
        app.guest()
            .update("staff", &id, pay)
            .refused_for("pay", "not_permitted");
    }
    assert_eq!(
        app.guest()
            .update("staff", &id, json!({"name": "Bea"}))
            .ok()["name"],
        "Bea"
    );
}
