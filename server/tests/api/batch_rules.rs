//! Who may make which changes in one request.

use serde_json::{Value, json};

use super::batch::{POSTS, allow, id, of_one, post, put, refused_at, send, start};
use super::policies::{join, permit, role};
use crate::support::{PASSWORD, TestApp};

#[test]
fn what_rules_see_of_a_batch() {
    let app = TestApp::start();
    allow(&app);
    app.collection(json!({
        "name": "posts", "type": "base", "fields": [{"type": "text", "name": "title"}],
        "viewRule": "", "listRule": "",
        "createRule": "@request.context = 'batch' && @request.method = 'POST' && @request.query.a = '1' && @request.headers.x_inner = '2' && @request.headers.content_type ~ 'json'",
        "updateRule": "@request.context = 'batch' && @request.method = 'PATCH' && @request.body.title = 'b'",
        "deleteRule": "@request.context = 'batch' && @request.method = 'DELETE'",
    }));
    let guest = app.guest();
    let with = |method: &str, headers: Value| json!({"method": method, "url": format!("{POSTS}?a=1"), "headers": headers, "body": {"id": id(1), "title": "b"}});
    send(
        &guest,
        json!([
            with("POST", json!({"X-Inner": "2"})),
            with("PUT", json!({})),
            of_one("DELETE", &id(1), json!({}))
        ]),
    )
    .ok();
    send(&guest, json!([with("PUT", json!({"x-inner": "2"}))])).ok();
    for bad in [with("POST", json!({})), post(json!({"title": "b"}))] {
        assert_eq!(refused_at(&send(&guest, json!([bad])), 0)["status"], 400);
    }
    let bad = of_one("PATCH", &id(1), json!({"title": "c"}));
    assert_eq!(refused_at(&send(&guest, json!([bad])), 0)["status"], 404);
    // Outside of a batch none of it holds.
    guest
        .update("posts", &id(1), json!({"title": "b"}))
        .refused(404);
    guest.remove("posts", &id(1)).refused(404);
}

#[test]
fn n04_a_batch_asks_every_rule() {
    let app = TestApp::start();
    allow(&app);
    let ann = app.user("ann");
    let bob = app.user("bob");
    app.collection(json!({
        "name": "posts", "type": "base",
        "fields": [
            {"type": "text", "name": "title"}, {"type": "text", "name": "owner"},
            {"type": "text", "name": "secret", "hidden": true},
        ],
        "viewRule": "owner = @request.auth.id", "listRule": "owner = @request.auth.id",
        "createRule": "owner = @request.auth.id", "updateRule": "owner = @request.auth.id",
        "deleteRule": "owner = @request.auth.id",
    }));
    let (anns, bobs) = ("ann000000000000", "bob000000000000");
    let owned = |owner: &str| json!({"id": id(1), "owner": owner, "title": "a", "secret": "s"});
    let made = send(&ann, json!([post(owned(anns))])).ok();
    assert!(made[0]["body"].get("secret").is_none());
    assert_eq!(app.root().view("posts", &id(1)).ok()["secret"], "");
    let before = app.root().everything(&["posts", "users"]);
    let sign_as = |request: Value, token: &str| {
        let mut request = request;
        request["headers"] = json!({"Authorization": token});
        request
    };
    for (client, request, status) in [
        (&bob, post(json!({"owner": anns})), 400),
        (&bob, sign_as(post(json!({"owner": anns})), &ann.token), 400),
        (&bob, of_one("PATCH", &id(1), json!({"title": "b"})), 404),
        (
            &bob,
            sign_as(of_one("DELETE", &id(1), json!({})), &ann.token),
            404,
        ),
        (&bob, of_one("DELETE", &id(1), json!({})), 404),
        // Who may not see it learns no more from an upsert than from an update.
        (&bob, put(owned(bobs)), 404),
        (&bob, put(json!({"id": id(2), "owner": anns})), 400),
        (&app.guest(), post(owned("")), 400),
        (
            &ann,
            json!({"method": "POST", "url": "/api/collections/_superusers/records", "body": {}}),
            403,
        ),
        (
            &ann,
            json!({"method": "PUT", "url": "/api/collections/_roles/records", "body": {"name": "x"}}),
            403,
        ),
        (
            &ann,
            json!({"method": "PATCH", "url": format!("/api/collections/users/records/{bobs}"), "body": {"name": "x"}}),
            404,
        ),
        (
            &ann,
            json!({"method": "PATCH", "url": format!("/api/collections/users/records/{anns}"), "body": {"verified": false}}),
            400,
        ),
    ] {
        let reply = send(client, json!([request]));
        assert_eq!(refused_at(&reply, 0)["status"], status, "{request}");
        assert_eq!(
            app.root().everything(&["posts", "users"]),
            before,
            "{request}"
        );
    }
}

#[test]
fn n14_roles_limit_each_change_of_a_batch() {
    let app = start();
    let locked =
        json!({"viewRule": null, "createRule": null, "updateRule": null, "deleteRule": null});
    app.root().patch("/api/collections/posts", locked).ok();
    app.root()
        .create("posts", json!({"id": id(1), "title": "a", "n": 1}));
    let ann = app.user("ann");
    let editor = role(&app, "editor", &[]);
    join(&app, &editor, "ann");
    let allow = json!({"collection": "posts", "actions": ["view", "create", "update"], "effect": "allow", "fields": ["title"]});
    permit(&app, &editor, allow);
    let made = send(
        &ann,
        json!([
            of_one("PATCH", &id(1), json!({"title": "b"})),
            post(json!({"title": "c"})),
        ]),
    )
    .ok();
    assert_eq!(made[0]["body"]["title"], "b");
    assert!(made[0]["body"].get("n").is_none(), "{made}");
    for request in [
        of_one("PATCH", &id(1), json!({"n": 2})),
        post(json!({"title": "d", "n": 2})),
        put(json!({"id": id(1), "n": 2})),
    ] {
        let alone = refused_at(&send(&ann, json!([request])), 0);
        assert_eq!(
            alone["data"]["n"]["code"], "validation_not_permitted",
            "{request}"
        );
    }
    let delete = of_one("DELETE", &id(1), json!({}));
    assert_eq!(refused_at(&send(&ann, json!([delete])), 0)["status"], 403);
    assert_eq!(app.root().view("posts", &id(1)).ok()["n"], 1);
}

#[test]
fn accounts_are_made_and_changed_in_a_batch() {
    let app = TestApp::start();
    allow(&app);
    let users = "/api/collections/users/records";
    let account = |name: &str| {
        json!({"method": "POST", "url": users, "body": {
            "id": format!("{name:0<15}"), "email": format!("{name}@example.com"), "password": PASSWORD, "passwordConfirm": PASSWORD,
        }})
    };
    send(&app.guest(), json!([account("ann"), account("bob")])).ok();
    let ann = app.guest().sign_in("users", "ann@example.com");
    app.guest().sign_in("users", "bob@example.com");
    let change = |old: &str| {
        json!({"method": "PATCH", "url": format!("{users}/ann000000000000"), "body": {
            "oldPassword": old, "password": "another horse", "passwordConfirm": "another horse",
        }})
    };
    let alone = refused_at(&send(&ann, json!([change("wrong")])), 0);
    assert_eq!(
        alone["data"]["oldPassword"]["code"],
        "validation_invalid_old_password"
    );
    send(&ann, json!([change(PASSWORD)])).ok();
    // The token died with the password.
    ann.post("/api/collections/users/auth-refresh", json!({}))
        .refused(401);
    let reply = app.guest().post(
        "/api/collections/users/auth-with-password",
        json!({"identity": "ann@example.com", "password": "another horse"}),
    );
    reply.ok();
}

#[test]
fn a_batch_that_changes_roles_is_in_force_at_once() {
    let app = start();
    let locked = json!({"createRule": null});
    app.root().patch("/api/collections/posts", locked).ok();
    let ann = app.user("ann");
    ann.try_create("posts", json!({})).refused(403);
    send(app.root(), json!([
        {"method": "POST", "url": "/api/collections/_roles/records", "body": {"id": "editor000000000", "name": "editor"}},
        {"method": "POST", "url": "/api/collections/_permissions/records", "body": {"role": "editor000000000", "collection": "posts", "actions": ["create", "view"], "effect": "allow"}},
        {"method": "POST", "url": "/api/collections/_members/records", "body": {"role": "editor000000000", "collectionRef": "users", "recordRef": "ann000000000000"}},
    ]))
    .ok();
    ann.create("posts", json!({"title": "mine"}));
}

#[test]
fn n42_a_batch_ends_when_its_time_is_over() {
    let app = TestApp::start();
    let short = json!({"batch": {"enabled": true, "maxRequests": 2000, "timeout": 1}});
    app.root().patch("/api/settings", short).ok();
    let before = app.root().everything(&["users"]);
    // Each takes the time of a hash, all of them minutes.
    let account = |n: usize| {
        json!({"method": "POST", "url": "/api/collections/users/records", "body": {
            "email": format!("{n}@example.com"), "password": PASSWORD, "passwordConfirm": PASSWORD,
        }})
    };
    let reply = send(&app.guest(), (0..2000).map(account).collect());
    reply.refused(400);
    assert_eq!(reply.body["message"], "Batch transaction failed.");
    assert_eq!(app.root().everything(&["users"]), before);
}

#[test]
fn n14_no_body_sets_what_is_not_for_its_sender() {
    let app = TestApp::start();
    allow(&app);
    let users = "/api/collections/users/records";
    let key = "k".repeat(40);
    let account = |name: &str, extra: &str| {
        let email = format!("{name}@example.com");
        format!("email={email}&password={PASSWORD}&passwordConfirm={PASSWORD}&{extra}")
    };
    let as_batch = |form: &str| {
        let fields = url::form_urlencoded::parse(form.as_bytes());
        let body: serde_json::Map<String, Value> = fields
            .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
            .collect();
        json!([{"method": "POST", "url": users, "body": body}])
    };
    let guest = app.guest();
    for bad in ["verified=true", "@jsonPayload={\"verified\":true}"] {
        let form = account("eve", bad);
        guest
            .send_form("POST", users, &form)
            .refused_for("verified", "values_mismatch");
    }
    let alone = refused_at(&send(&guest, as_batch(&account("eve", "verified=true"))), 0);
    assert_eq!(
        alone["data"]["verified"]["code"],
        "validation_values_mismatch"
    );
    let extra = format!(
        "tokenKey={key}&created=2000-01-01&collectionId=x&collectionName=x&__proto__=x&constructor=x&expand=x"
    );
    let by_form = guest.send_form("POST", users, &account("ann", &extra)).ok();
    let by_batch = send(&guest, as_batch(&account("bob", &extra))).ok()[0]["body"].clone();
    for made in [by_form, by_batch] {
        let id = made["id"].as_str().expect("an id").to_owned();
        assert_eq!(made["collectionName"], "users");
        assert!(made.get("__proto__").is_none() && made.get("expand").is_none());
        assert!(
            !made["created"]
                .as_str()
                .expect("a moment")
                .starts_with("2000")
        );
        let query = format!("SELECT \"tokenKey\" AS value FROM \"users\" WHERE \"id\" = '{id}'");
        assert_ne!(app.text(&query), key);
    }
}
