//! Conditions of permissions that ask for the scope in a part only, and those that deny.

use serde_json::json;

use super::policies::{all_actions, join, permit, role};
use super::scopes::{ORGS, join_in, post, posts, reaches, tenants, with_batches};
use crate::support::TestApp;

#[test]
fn a_condition_has_parts_with_a_scope_and_without() {
    let app = TestApp::start();
    tenants(&app);
    let [ann, bob] = ["ann", "bob"].map(|name| app.user(name));
    let reader = role(&app, "reader", &[]);
    join_in(&app, &reader, "ann", ("orgs", ORGS[0]));
    join(&app, &reader, "bob");
    let condition = format!(
        "org = @role.scope || @role.scope = id || title = '{}'",
        post(ORGS[2], 1)
    );
    let read = json!({"collection": "posts", "actions": ["list"], "effect": "allow", "condition": condition});
    permit(&app, &reader, read);
    assert_eq!(ann.all("posts", "id"), posts(&ORGS[..1]));
    assert_eq!(bob.all("posts", "id"), [post(ORGS[2], 1)]);
    // A single record can be a scope.
    join_in(&app, &reader, "ann", ("posts", &post(ORGS[1], 1)));
    let three = [posts(&ORGS[..1]), vec![post(ORGS[1], 1)]].concat();
    assert_eq!(ann.filter("posts", "id != ''", "id"), three);
    // Who has the role everywhere, too, has both parts.
    join(&app, &reader, "ann");
    let four = [three, vec![post(ORGS[2], 1)]].concat();
    assert_eq!(ann.all("posts", "id"), four);
    // With a part that has become invalid, the condition allows nothing, in scopes neither.
    let cyd = app.user("cyd");
    join_in(&app, &reader, "cyd", ("orgs", ORGS[0]));
    assert_eq!(cyd.all("posts", "id"), posts(&ORGS[..1]));
    let mut definition = app.root().get("/api/collections/posts").ok();
    let fields = definition["fields"].as_array_mut().expect("fields");
    fields.retain(|field| field["name"] != "title");
    let fields = json!({"fields": fields});
    app.root().patch("/api/collections/posts", fields).ok();
    assert!(cyd.all("posts", "id").is_empty());
    assert!(ann.all("posts", "id").is_empty());
}

#[test]
fn n04_a_scoped_role_allows_nothing_beside_its_scope() {
    let app = TestApp::start();
    tenants(&app);
    with_batches(&app);
    let open = |org: &str| post(org, 1);
    for (n, condition) in [
        "org = @role.scope || title ~ '1'",
        "title ~ '1' || (org != '' && (org = @role.scope || title ~ '1'))",
        "(org = @role.scope || title ~ '1') && (title != '' || @role.scope = id)",
    ]
    .iter()
    .enumerate()
    {
        let [one, all] = ["one", "all"].map(|name| format!("{name}{n}"));
        let editor = role(&app, &format!("editor{n}"), &[]);
        permit(
            &app,
            &editor,
            json!({"collection": "posts", "actions": all_actions(), "effect": "allow", "condition": condition}),
        );
        let [ann, bob] = [&one, &all].map(|name| app.user(name));
        join_in(&app, &editor, &one, ("orgs", ORGS[0]));
        join(&app, &editor, &all);
        reaches(&app, &ann, &ORGS[..1]);
        for org in &ORGS[1..] {
            let same = json!({"title": open(org)});
            ann.view("posts", &open(org)).refused(404);
            ann.update("posts", &open(org), same.clone()).refused(404);
            ann.remove("posts", &open(org)).refused(404);
            ann.try_create("posts", json!({"title": "1", "org": org}))
                .refused(400);
            // Everywhere, the alternative holds.
            bob.update("posts", &open(org), same).ok();
        }
    }
}

#[test]
fn n04_a_deny_of_a_scope_denies_all_to_members_everywhere() {
    let app = TestApp::start();
    tenants(&app);
    let open = json!({"listRule": "", "viewRule": "", "updateRule": ""});
    app.root().patch("/api/collections/posts", open).ok();
    for (n, (condition, left)) in [
        ("org = @role.scope", &ORGS[..0]),
        ("orgs.id = @role.scope", &ORGS[..0]),
        ("orgs.id ?= @role.scope || title = 'none'", &ORGS[..0]),
        ("org = @role.scope && org != 'org00000000000c'", &ORGS[2..]),
    ]
    .into_iter()
    .enumerate()
    {
        let [one, all, both] = ["one", "all", "both"].map(|name| format!("{name}{n}"));
        let barred = role(&app, &format!("barred{n}"), &[]);
        let actions = json!(["list", "view", "update"]);
        permit(
            &app,
            &barred,
            json!({"collection": "posts", "actions": actions, "effect": "deny", "condition": condition}),
        );
        let [ann, bob, cyd] = [&one, &all, &both].map(|name| app.user(name));
        join_in(&app, &barred, &one, ("orgs", ORGS[1]));
        join(&app, &barred, &all);
        join(&app, &barred, &both);
        join_in(&app, &barred, &both, ("orgs", ORGS[1]));
        for client in [&bob, &cyd] {
            assert_eq!(client.all("posts", "id"), posts(left), "{condition}");
            let barred = post(ORGS[0], 0);
            client.view("posts", &barred).refused(404);
            let same = json!({"title": barred});
            client.update("posts", &barred, same).refused(404);
        }
        // In a scope, only what is in it.
        ann.view("posts", &post(ORGS[0], 0)).ok();
    }
    assert_eq!(app.guest().all("posts", "id").len(), 6);
}
