//! Roles: what they add to rules, what they take away, and that what they take shows nowhere.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// A role of this name, with these parents.
pub(crate) fn role(app: &TestApp, name: &str, parents: &[&Value]) -> Value {
    let parents: Vec<&Value> = parents.iter().map(|parent| &parent["id"]).collect();
    app.root()
        .create("_roles", json!({"name": name, "parents": parents}))
}

/// Gives the user of this name the role.
pub(crate) fn join(app: &TestApp, role: &Value, user: &str) -> Value {
    let member =
        json!({"role": role["id"], "collectionRef": "users", "recordRef": format!("{user:0<15}")});
    app.root().create("_members", member)
}

/// A permission of the role.
pub(crate) fn permit(app: &TestApp, role: &Value, permission: Value) -> Value {
    let mut permission = permission;
    permission["role"] = role["id"].clone();
    app.root().create("_permissions", permission)
}

pub(crate) fn all_actions() -> Value {
    json!(["list", "view", "create", "update", "delete"])
}

/// Notes with every combination of what rule, allow and deny ask about; their titles say which.
pub(crate) fn rows(app: &TestApp) -> Vec<[bool; 3]> {
    let mut definition = super::rules::rules(&Value::Null);
    definition["name"] = json!("notes");
    definition["fields"] = json!([
        {"type": "text", "name": "title"},
        {"type": "bool", "name": "byRule"},
        {"type": "bool", "name": "allowed"},
        {"type": "bool", "name": "denied"},
    ]);
    app.collection(definition);
    app.open_collection(
        "links",
        json!([{"type": "relation", "name": "note", "collectionId": app.root().get("/api/collections/notes").ok()["id"]}]),
    );
    let mut rows = Vec::new();
    for bits in 0..8 {
        let row = [bits & 1 > 0, bits & 2 > 0, bits & 4 > 0];
        let note = json!({"id": id(row), "title": id(row), "byRule": row[0], "allowed": row[1], "denied": row[2]});
        app.root().create("notes", note);
        app.root()
            .create("links", json!({"id": id(row), "note": id(row)}));
        rows.push(row);
    }
    rows
}

pub(crate) fn id(row: [bool; 3]) -> String {
    let letter = |is: bool, letter: &str| {
        if is {
            letter.to_owned()
        } else {
            "x".to_owned()
        }
    };
    let text = [
        letter(row[0], "r"),
        letter(row[1], "a"),
        letter(row[2], "d"),
    ]
    .concat();
    format!("{text:0<15}")
}

/// How much a rule or a permission is about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum About {
    Nothing,
    Some,
    All,
}

impl About {
    const EACH: [Self; 3] = [Self::Nothing, Self::Some, Self::All];

    fn covers(self, flag: bool) -> bool {
        self == Self::All || (self == Self::Some && flag)
    }

    fn rule(self, filter: &str) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::Some => json!(filter),
            Self::All => json!(""),
        }
    }
}

#[test]
fn n04_rows_are_those_of_the_rule_or_an_allow_and_of_no_deny() {
    let app = TestApp::start();
    let rows = rows(&app);
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let upper = role(&app, "upper", &[]);
    let lower = role(&app, "lower", &[&upper]);
    join(&app, &lower, "ann");
    for rule in About::EACH {
        app.root()
            .patch(
                "/api/collections/notes",
                super::rules::rules(&rule.rule("byRule = true")),
            )
            .ok();
        for allow in About::EACH {
            for deny in About::EACH {
                // The allow is inherited, the deny is not, or the other way round.
                for inherited in [false, true] {
                    let roles = if inherited {
                        [&upper, &lower]
                    } else {
                        [&lower, &upper]
                    };
                    let mut made = Vec::new();
                    for (about, effect, filter, role) in [
                        (allow, "allow", "allowed = true", roles[0]),
                        (deny, "deny", "denied = true", roles[1]),
                    ] {
                        let condition = if about == About::Some { filter } else { "" };
                        if about != About::Nothing {
                            made.push(permit(
                                &app,
                                role,
                                json!({
                                    "collection": "notes", "actions": all_actions(),
                                    "effect": effect, "condition": condition,
                                }),
                            ));
                        }
                    }
                    let case = format!("{rule:?} {allow:?} {deny:?} {inherited}");
                    let member = |row: &[bool; 3]| {
                        (rule.covers(row[0]) || allow.covers(row[1])) && !deny.covers(row[2])
                    };
                    sees(&ann, &rows, &case, member);
                    sees(&bob, &rows, &case, |row| rule.covers(row[0]));
                    sees(&app.guest(), &rows, &case, |row| rule.covers(row[0]));
                    sees(app.root(), &rows, &case, |_| true);
                    for permission in made {
                        let id = permission["id"].as_str().expect("an id");
                        assert_eq!(app.root().remove("_permissions", id).status, 204);
                    }
                }
            }
        }
    }
}

/// Checks list, total, view and expand.
fn sees(client: &Client, rows: &[[bool; 3]], case: &str, may: impl Fn(&[bool; 3]) -> bool) {
    let expected: Vec<String> = rows
        .iter()
        .filter(|row| may(row))
        .map(|row| id(*row))
        .collect();
    let list = client.list("notes", &[]);
    if list.status == 403 {
        assert!(
            expected.is_empty(),
            "{case}: locked, but should see {expected:?}"
        );
    } else {
        let items = list.body["items"].as_array().expect("items");
        let seen: Vec<&str> = items
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect();
        assert_eq!(seen, expected, "{case}");
        assert_eq!(list.body["totalItems"], json!(expected.len()), "{case}");
    }
    for row in rows {
        let found = client.view("notes", &id(*row)).status;
        assert_eq!(
            found == 200,
            may(row),
            "{case}: view of {} is {found}",
            id(*row)
        );
    }
    let links = client.list("links", &[("expand", "note")]).ok();
    let items = links["items"].as_array().expect("items").clone();
    let expanded = items
        .iter()
        .filter_map(|item| item["expand"]["note"]["id"].as_str());
    assert_eq!(expanded.collect::<Vec<_>>(), expected, "{case}: expand");
    // What cannot be listed cannot be found through a relation either.
    let through = client.list("links", &[("filter", "note.title != ''")]);
    if list.status == 403 {
        assert_eq!(through.status, 400, "{case}");
    } else {
        assert_eq!(
            through.body["totalItems"],
            json!(expected.len()),
            "{case}: through a relation"
        );
    }
}

#[test]
fn n09_writes_need_what_reads_need_before_and_after() {
    let app = TestApp::start();
    rows(&app);
    let ann = app.user("ann");
    let editor = role(&app, "editor", &[]);
    join(&app, &editor, "ann");
    let allow = json!({"collection": "notes", "actions": all_actions(), "effect": "allow", "condition": "allowed = true"});
    permit(&app, &editor, allow);
    let deny = json!({"collection": "notes", "actions": ["update", "delete"], "effect": "deny", "condition": "denied = true"});
    permit(&app, &editor, deny);

    assert_eq!(ann.try_create("notes", json!({"title": "no"})).status, 400);
    ann.create("notes", json!({"title": "yes", "allowed": true}));
    let (plain, denied) = (id([false, true, false]), id([false, true, true]));
    assert_eq!(
        ann.update("notes", &plain, json!({"title": "b"})).status,
        200
    );
    // Nobody moves a record to where they may not change it, or takes it from there.
    assert_eq!(
        ann.update("notes", &plain, json!({"allowed": false}))
            .status,
        404
    );
    assert_eq!(
        ann.update("notes", &plain, json!({"denied": true})).status,
        404
    );
    assert_eq!(
        ann.update("notes", &denied, json!({"denied": false}))
            .status,
        404
    );
    assert_eq!(
        app.root().view("notes", &plain).ok()["allowed"],
        json!(true)
    );
    assert_eq!(ann.remove("notes", &denied).status, 404);
    assert_eq!(ann.remove("notes", &plain).status, 204);
}

#[test]
fn built_in_roles_have_their_members_by_themselves() {
    let app = TestApp::start();
    let rows = rows(&app);
    let ann = app.user("ann");
    let built_in = |name: &str| {
        let found = app
            .root()
            .list("_roles", &[("filter", &format!("name = '{name}'"))])
            .ok();
        found["items"][0].clone()
    };
    for (name, guests, users) in [("@guest", 200, 403), ("@user", 403, 200)] {
        let allow = json!({"collection": "notes", "actions": ["list"], "effect": "allow"});
        let permission = permit(&app, &built_in(name), allow);
        assert_eq!(app.guest().list("notes", &[]).status, guests, "{name}");
        assert_eq!(ann.list("notes", &[]).status, users, "{name}");
        let id = permission["id"].as_str().expect("an id").to_owned();
        assert_eq!(app.root().remove("_permissions", &id).status, 204);
    }
    assert_eq!(rows.len(), 8);
    for name in ["@guest", "@user", "@superuser"] {
        let role = built_in(name);
        let id = role["id"].as_str().expect("an id");
        assert_eq!(app.root().remove("_roles", id).status, 400);
        assert_eq!(
            app.root()
                .update("_roles", id, json!({"name": "other"}))
                .status,
            400
        );
        assert_eq!(
            app.root()
                .update("_roles", id, json!({"description": "other"}))
                .status,
            200
        );
        let member = json!({"role": id, "collectionRef": "users", "recordRef": "ann000000000000"});
        assert_eq!(app.root().try_create("_members", member).status, 400);
    }
    assert_eq!(
        app.root().delete("/api/collections/_roles/truncate").status,
        400
    );
    assert_eq!(built_in("@user")["name"], "@user");
}

#[test]
fn a_condition_that_lost_its_field_gives_nothing_and_takes_everything() {
    let app = TestApp::start();
    rows(&app);
    app.root()
        .patch("/api/collections/notes", super::rules::rules(&json!("")))
        .ok();
    let ann = app.user("ann");
    let some = role(&app, "some", &[]);
    join(&app, &some, "ann");
    let deny = json!({"collection": "notes", "actions": ["list"], "effect": "deny", "condition": "denied = true"});
    permit(&app, &some, deny);
    assert_eq!(ann.all("notes", "id").len(), 4);
    let fields = json!({"fields": [{"type": "text", "name": "title"}]});
    app.root().patch("/api/collections/notes", fields).ok();
    assert_eq!(ann.all("notes", "id").len(), 0);
    assert_eq!(app.guest().all("notes", "id").len(), 8);
}

#[test]
fn a_thousand_permissions_hold_at_once() {
    let app = TestApp::start();
    let rows = rows(&app);
    let ann = app.user("ann");
    let many = role(&app, "many", &[]);
    join(&app, &many, "ann");
    let batch = json!({"batch": {"enabled": true, "maxRequests": 2000, "timeout": 60}});
    app.root().patch("/api/settings", batch).ok();
    let permission = |effect: &str, condition: String| {
        let body = json!({
            "role": many["id"], "collection": "notes", "actions": ["list", "view"],
            "effect": effect, "condition": condition,
        });
        json!({"method": "POST", "url": "/api/collections/_permissions/records", "body": body})
    };
    let one = id(rows[0]);
    let mut requests: Vec<_> = (0..1200)
        .map(|n| permission("allow", format!("title = 'none {n}' || id = '{one}'")))
        .collect();
    requests.extend((0..1200).map(|n| permission("deny", format!("title = 'none {n}'"))));
    for requests in requests.chunks(800) {
        let requests = json!({"requests": requests});
        app.root().post("/api/batch", requests).ok();
    }
    let list = ann.list("notes", &[]).ok();
    assert_eq!(list["totalItems"], 1);
    let path = format!("/api/collections/notes/records/{one}");
    assert_eq!(ann.get(&path).ok()["id"], json!(one));
}

#[test]
fn roles_go_with_their_accounts_and_collections() {
    let app = TestApp::start();
    rows(&app);
    app.user("ann");
    let some = role(&app, "some", &[]);
    join(&app, &some, "ann");
    permit(
        &app,
        &some,
        json!({"collection": "notes", "actions": ["list"], "effect": "allow"}),
    );
    let left = |name: &str| app.root().list(name, &[]).ok()["totalItems"].clone();
    assert_eq!(
        (left("_members"), left("_permissions")),
        (json!(1), json!(1))
    );
    assert_eq!(app.root().remove("users", "ann000000000000").status, 204);
    assert_eq!(app.root().delete("/api/collections/links").status, 204);
    assert_eq!(app.root().delete("/api/collections/notes").status, 204);
    assert_eq!(
        (left("_members"), left("_permissions")),
        (json!(0), json!(0))
    );
    // A new account of the same id has no roles of the old one.
    let ann = app.user("ann");
    assert_eq!(ann.get("/api/policy/areas").ok(), json!({"areas": []}));
}
