//! Which collections and fields a rule may ask about: those that its author may know, and never a secret.

use serde_json::{Value, json};

use super::policies::join;
use crate::support::{Client, TestApp};

/// Tickets between users and superusers, which a superuser made, and an operator who may change definitions.
fn tickets(app: &TestApp) -> Client {
    let root = app.root();
    let id = |name: &str| root.get(&format!("/api/collections/{name}")).ok()["id"].clone();
    let to = |name: &str, target: &str, max: u32| json!({"type": "relation", "name": name, "collectionId": id(target), "maxSelect": max});
    let tickets = app.open_collection(
        "tickets",
        json!([
            to("reporter", "users", 1), to("assignee", "_superusers", 1), to("watchers", "_superusers", 9),
            to("role", "_roles", 1), {"type": "text", "name": "title"},
        ]),
    );
    let mine = json!({"type": "relation", "name": "ticket", "collectionId": tickets["id"], "maxSelect": 1});
    app.open_collection("notes", json!([mine, {"type": "text", "name": "x"}]));
    let query = "SELECT id, email FROM _superusers";
    app.collection(json!({"name": "staff", "type": "view", "viewQuery": query, "listRule": ""}));
    let ann = app.user("ann");
    let operator = json!({"name": "operator", "areas": ["collections:write"]});
    join(app, &root.create("_roles", operator), "ann");
    let boss = root.list("_superusers", &[]).ok()["items"][0]["id"].clone();
    let ticket = json!({"reporter": "ann000000000000", "assignee": boss, "watchers": [boss]});
    root.create("tickets", ticket);
    ann
}

/// Paths into collections that only superusers know.
const CLOSED: &[&str] = &[
    "@request.auth.tickets_via_reporter.assignee.email",
    "@request.auth.tickets_via_reporter.assignee.verified",
    "@request.auth.tickets_via_reporter.watchers.email",
    "@request.auth.tickets_via_reporter.watchers.id",
    "@request.auth.tickets_via_reporter.role.name",
    "@request.body.ticket.assignee.email",
    "@request.body.ticket.watchers.email:lower",
    "@collection.tickets.assignee.email",
    "@collection.tickets.role._permissions_via_role.condition",
    "@collection._superusers.email",
    "@collection._SUPERUSERS:a.email",
    "@collection.staff.email",
    "@collection.users.tickets_via_reporter.assignee.email",
    "ticket.assignee.email",
    "ticket.watchers.email",
    "ticket.role._members_via_role.recordRef",
];

/// Paths to what nobody's rule may ask for.
const SECRET: &[&str] = &[
    "@request.auth.password",
    "@request.auth.password:isset",
    "@request.auth.tokenKey",
    "@request.auth.tokenKey:lower",
    "@request.auth.tickets_via_reporter.assignee.password",
    "@request.auth.tickets_via_reporter.assignee.tokenKey",
    "@request.auth.tickets_via_reporter.reporter.tokenKey:lower",
    "@request.auth.tickets_via_reporter.watchers.password",
    "@request.body.ticket.assignee.tokenKey",
    "@request.body.ticket.reporter.password",
    "@collection.users.password",
    "@collection.users.tokenKey",
    "@collection._superusers.tokenKey:lower",
    "@collection._superusers:a.password",
    "@collection._mails.html",
    "@collection._mails.text",
    "@collection._otps.password",
    "@collection._otps.sentTo",
    "ticket.assignee.password",
    "ticket.assignee.tokenKey",
    "ticket.reporter.tokenKey",
];

#[test]
fn n69_no_rule_of_an_operator_enters_what_only_superusers_know() {
    let app = TestApp::start();
    let ann = tickets(&app);
    for path in CLOSED {
        for rule in [
            format!("{path} ?!= 'x'"),
            format!("'x' !~ {path}"),
            format!("id = '' || strftime('%Y', {path}) != ''"),
        ] {
            for key in ["listRule", "createRule", "deleteRule"] {
                let mut rules = json!({});
                rules[key] = json!(rule);
                let reply = ann.patch("/api/collections/notes", rules.clone());
                reply.refused_for(key, "invalid_rule");
                rules["name"] = json!("oracle");
                rules["type"] = json!("base");
                rules["fields"] = app.root().get("/api/collections/notes").ok()["fields"].clone();
                ann.post("/api/collections", rules.clone()).refused(400);
                let reply = ann.post("/api/collections/meta/check", rules);
                reply.refused(400);
            }
        }
        let reply = app.root().patch(
            "/api/collections/notes",
            json!({"listRule": format!("{path} ?!= 'x'")}),
        );
        assert_eq!(reply.status, 200, "a superuser may: {path}: {}", reply.text);
        app.root()
            .patch("/api/collections/notes", json!({"listRule": ""}))
            .ok();
    }
}

#[test]
fn n69_no_rule_filter_or_sort_of_anybody_ends_at_a_secret() {
    let app = TestApp::start();
    let ann = tickets(&app);
    let root = app.root();
    let role = root.create("_roles", json!({"name": "reader"}));
    for path in SECRET {
        for rule in [
            format!("{path} ?!= 'x'"),
            format!("{path} ?~ 'a'"),
            format!("geoDistance({path}, 0, 0, 0) >= 0"),
        ] {
            for client in [&ann, root] {
                for key in ["viewRule", "createRule", "updateRule"] {
                    let mut rules = json!({});
                    rules[key] = json!(rule);
                    client
                        .patch("/api/collections/notes", rules)
                        .refused_for(key, "invalid_rule");
                }
            }
            let permission = json!({"role": role["id"], "collection": "notes", "actions": ["list"], "effect": "allow", "condition": rule});
            root.try_create("_permissions", permission)
                .refused_for("condition", "invalid_condition");
            root.list("notes", &[("filter", &rule)]).refused(400);
        }
        if !path.starts_with('@') {
            root.list("notes", &[("sort", path)]).refused(400);
        }
    }
    for name in ["password", "tokenKey", "tokenKey:lower"] {
        for collection in ["users", "_superusers"] {
            root.list(collection, &[("filter", &format!("{name} ~ 'a'"))])
                .refused(400);
            root.list(collection, &[("sort", name)]).refused(400);
        }
        let wrong = json!({"updateRule": format!("@request.body.{name} !~ 'a'")});
        root.patch("/api/collections/users", wrong)
            .refused_for("updateRule", "invalid_rule");
    }
    // Whether a new password was given is no secret.
    for modifier in ["isset", "changed"] {
        let given = json!({"updateRule": format!("@request.body.password:{modifier} = false")});
        root.patch("/api/collections/users", given).ok();
        let name = json!({"name": "Ann"});
        ann.update("users", "ann000000000000", name).ok();
        let password = json!({"password": "another one", "passwordConfirm": "another one", "oldPassword": crate::support::PASSWORD});
        ann.update("users", "ann000000000000", password)
            .refused(404);
    }
}

#[test]
fn n69_a_field_that_some_accounts_lack_is_no_value_for_them() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let root = app.root();
    let rank =
        json!([{"type": "select", "name": "ranks", "values": ["high", "low"], "maxSelect": 2}]);
    root.post(
        "/api/collections",
        json!({"name": "staff", "type": "auth", "fields": rank}),
    )
    .ok();
    let password = crate::support::PASSWORD;
    let bob = json!({"email": "bob@example.com", "password": password, "passwordConfirm": password, "ranks": ["high"]});
    root.create("staff", bob);
    let bob = app.guest().sign_in("staff", "bob@example.com");
    app.open_collection("notes", json!([{"type": "text", "name": "x"}]));
    root.create("notes", json!({"x": "a"}));
    for (path, of_bob, of_others) in [
        ("@request.auth.ranks:each = 'high'", 1, 0),
        ("@request.auth.ranks.0 = 'high'", 1, 0),
        ("@request.auth.ranks:isset = false", 0, 1),
        ("@request.auth.ranks.0 != 'high'", 0, 1),
    ] {
        root.patch("/api/collections/notes", json!({"listRule": path}))
            .ok();
        assert_eq!(bob.all("notes", "x").len(), of_bob, "bob: {path}");
        for other in [&ann, &app.guest()] {
            assert_eq!(other.all("notes", "x").len(), of_others, "{path}");
        }
    }
    // Once another collection has such a field, and the path leads nowhere from there, no rule can have it.
    let users = root.get("/api/collections/users").ok();
    let mut fields: Vec<Value> = users["fields"].as_array().expect("fields").clone();
    fields.push(json!({"type": "text", "name": "ranks"}));
    root.patch("/api/collections/users", json!({"fields": fields}))
        .ok();
    let rule = json!({"listRule": "@request.auth.ranks.0 != 'low'"});
    root.patch("/api/collections/notes", rule)
        .refused_for("listRule", "invalid_rule");
    // The one that is there already lets nobody in who has the other field, and no guest.
    root.patch("/api/collections/notes", json!({"viewRule": ""}))
        .refused(400);
    for client in [&ann, &app.guest()] {
        let reply = client.list("notes", &[]);
        assert!(reply.status == 400, "{}", reply.text);
    }
}
