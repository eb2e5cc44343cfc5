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

fn all_actions() -> Value {
    json!(["list", "view", "create", "update", "delete"])
}

/// Notes with every combination of what rule, allow and deny ask about; their titles say which.
fn rows(app: &TestApp) -> Vec<[bool; 3]> {
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

fn id(row: [bool; 3]) -> String {
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
    assert_eq!(note["expand"], json!({}));
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
fn n11_what_makes_no_sense_is_refused_by_field() {
    let app = TestApp::start();
    rows(&app);
    app.user("ann");
    let a = role(&app, "a", &[]);
    let b = role(&app, "b", &[&a]);
    let c = role(&app, "c", &[&b]);
    let refused = |reply: crate::support::Reply, field: &str, code: &str| {
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert_eq!(reply.body["data"][field]["code"], code, "{}", reply.text);
    };
    let of = |role: &Value| role["id"].as_str().expect("an id").to_owned();
    for (role, parents) in [(&a, [&c]), (&a, [&a]), (&a, [&b]), (&b, [&c])] {
        let ids: Vec<&Value> = parents.iter().map(|parent| &parent["id"]).collect();
        let reply = app
            .root()
            .update("_roles", &of(role), json!({"parents": ids}));
        refused(reply, "parents", "validation_role_cycle");
    }
    let mut last = c.clone();
    for depth in 4..=10 {
        last = role(&app, &format!("deep{depth}"), &[&last]);
    }
    let reply = app
        .root()
        .try_create("_roles", json!({"name": "deeper", "parents": [last["id"]]}));
    refused(reply, "parents", "validation_role_depth");
    refused(
        app.root().try_create("_roles", json!({"name": "@mine"})),
        "name",
        "validation_invalid_format",
    );
    refused(
        app.root().try_create("_roles", json!({"name": "A"})),
        "name",
        "validation_not_unique",
    );
    refused(
        app.root()
            .try_create("_roles", json!({"name": "x", "areas": ["everything"]})),
        "areas",
        "validation_invalid_value",
    );

    let good =
        json!({"role": a["id"], "collection": "notes", "actions": ["list"], "effect": "allow"});
    for (field, value, code) in [
        (
            "collection",
            json!("nowhere"),
            "validation_unknown_collection",
        ),
        (
            "collection",
            json!("_superusers"),
            "validation_system_collection",
        ),
        (
            "collection",
            json!("_roles"),
            "validation_system_collection",
        ),
        (
            "condition",
            json!("title ="),
            "validation_invalid_condition",
        ),
        (
            "condition",
            json!("nothing = 1"),
            "validation_invalid_condition",
        ),
        (
            "condition",
            json!("strftime('%Y', title) = '1'"),
            "validation_invalid_condition",
        ),
        ("fields", json!("title"), "validation_invalid_fields"),
        (
            "fields",
            json!(["title", "nothing"]),
            "validation_unknown_field",
        ),
        ("actions", json!([]), "validation_required"),
        ("actions", json!(["fly"]), "validation_invalid_value"),
        ("effect", json!("maybe"), "validation_invalid_value"),
        (
            "role",
            json!("nobody000000000"),
            "validation_missing_rel_records",
        ),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        refused(app.root().try_create("_permissions", bad), field, code);
    }
    let mut everywhere = good.clone();
    everywhere["collection"] = json!("*");
    everywhere["condition"] = json!("title = 'a'");
    refused(
        app.root().try_create("_permissions", everywhere.clone()),
        "condition",
        "validation_invalid_condition",
    );
    everywhere["condition"] = json!("id != ''");
    app.root().create("_permissions", everywhere);
    let member = |collection: &str, id: &str| {
        app.root().try_create(
            "_members",
            json!({"role": a["id"], "collectionRef": collection, "recordRef": id}),
        )
    };
    refused(
        member("notes", "ann000000000000"),
        "collectionRef",
        "validation_unknown_collection",
    );
    refused(
        member("users", "nobody000000000"),
        "recordRef",
        "validation_missing_rel_records",
    );
    refused(
        member("_superusers", "ann000000000000"),
        "collectionRef",
        "validation_superuser_role",
    );
    member("users", "ann000000000000").ok();
    assert_eq!(
        member("users", "ann000000000000").status,
        400,
        "twice the same"
    );
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

#[test]
fn n06_n08_operators_see_their_areas_and_nothing_else() {
    let app = TestApp::start();
    rows(&app);
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let operator = app.root().create(
        "_roles",
        json!({"name": "operator", "areas": ["collections:write", "mails:read"]}),
    );
    let senior = role(&app, "senior", &[&operator]);
    join(&app, &senior, "ann");
    assert_eq!(
        ann.get("/api/policy/areas").ok(),
        json!({"areas": ["collections:read", "collections:write", "mails:read"]})
    );
    assert_eq!(bob.get("/api/policy/areas").ok(), json!({"areas": []}));
    assert_eq!(app.guest().get("/api/policy/areas").status, 401);
    assert_eq!(
        app.root().get("/api/policy/areas").ok()["areas"]
            .as_array()
            .map(Vec::len),
        Some(8)
    );

    assert_eq!(ann.get("/api/collections").status, 200);
    assert_eq!(bob.get("/api/collections").status, 403);
    assert_eq!(
        ann.post("/api/collections", json!({"name": "new", "type": "base"}))
            .status,
        200
    );
    for system in ["_superusers", "_roles"] {
        assert_eq!(
            ann.patch(&format!("/api/collections/{system}"), json!({}))
                .status,
            403
        );
        assert_eq!(
            ann.delete(&format!("/api/collections/{system}/truncate"))
                .status,
            403
        );
        assert_eq!(
            ann.delete(&format!("/api/collections/{system}")).status,
            403
        );
    }
    assert_eq!(
        ann.put("/api/collections/import", json!({"collections": []}))
            .status,
        403
    );
    assert_eq!(ann.list("_mails", &[]).status, 200);
    assert_eq!(
        ann.try_create("_mails", json!({"to": "a@example.com", "status": "kept"}))
            .status,
        403
    );
    for closed in [
        "_roles",
        "_permissions",
        "_members",
        "_jobs",
        "_jobRuns",
        "_superusers",
    ] {
        assert_eq!(ann.list(closed, &[]).status, 403, "{closed}");
        assert_eq!(
            ann.try_create(closed, json!({"name": "mine"})).status,
            403,
            "{closed}"
        );
    }
    assert_eq!(
        ann.list("notes", &[]).status,
        403,
        "an area is about definitions, not about records"
    );
    // A mail's body may hold a link that signs in.
    app.root().create(
        "_mails",
        json!({"to": "a@example.com", "status": "kept", "html": "secret"}),
    );
    let mail = ann.list("_mails", &[]).ok()["items"][0].clone();
    assert_eq!(
        (mail.get("html"), mail["to"].as_str()),
        (None, Some("a@example.com"))
    );
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

#[test]
fn n06_what_operators_define_reaches_no_system_collection() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let operator = json!({"name": "operator", "areas": ["collections:write"]});
    join(&app, &app.root().create("_roles", operator), "ann");
    for rule in [
        "@collection._mails.text ?~ 'x'",
        "@collection._superusers.tokenKey ?~ 'x'",
        "@collection._members.role ?= 'x'",
    ] {
        let oracle = json!({"name": "oracle", "type": "base", "listRule": rule});
        let reply = ann.post("/api/collections", oracle.clone());
        reply.refused_for("listRule", "invalid_rule");
        assert_eq!(
            ann.post("/api/collections/meta/check", oracle.clone())
                .status,
            400
        );
        assert_eq!(
            app.root().post("/api/collections", oracle).status,
            200,
            "a superuser may"
        );
        assert_eq!(app.root().delete("/api/collections/oracle").status, 204);
    }
    for system in ["_pl_roles", "_pl_members", "pbc_3142635823"] {
        let field = json!({"name": "pin", "type": "relation", "collectionId": system, "maxSelect": 1, "required": true});
        let pins = json!({"name": "pins", "type": "base", "fields": [field]});
        assert_eq!(ann.post("/api/collections", pins).status, 400, "{system}");
    }
    let system = json!({"name": "mine", "type": "base", "system": true});
    ann.post("/api/collections", system)
        .refused_for("system", "collection_system_flag_change");
    let own = json!({"id": "_pl_mine", "name": "mine", "type": "base"});
    for client in [&ann, app.root()] {
        client
            .post("/api/collections", own.clone())
            .refused_for("id", "invalid_or_existing_id");
    }
    for internal in ["_minutes", "_params", "_changes"] {
        let taken = json!({"name": internal, "type": "base"});
        assert_eq!(
            app.root().post("/api/collections", taken).status,
            400,
            "{internal}"
        );
    }
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

#[test]
fn a_built_in_role_makes_nobody_an_operator() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let areas = json!({"areas": ["mails:read"]});
    for built_in in ["roleguest000000", "roleuser0000000"] {
        app.root()
            .update("_roles", built_in, areas.clone())
            .refused_for("areas", "built_in_role");
        let parent = app
            .root()
            .create("_roles", json!({"name": built_in, "areas": ["mails:read"]}));
        app.root()
            .update("_roles", built_in, json!({"parents": [parent["id"]]}))
            .ok();
    }
    assert_eq!(ann.get("/api/policy/areas").ok(), json!({"areas": []}));
    for client in [&ann, &app.guest()] {
        assert_eq!(client.list("_mails", &[]).status, 403);
    }
    for name in [" @user", "\u{ff20}user", "a  b", "a@b", ""] {
        assert_eq!(
            app.root()
                .try_create("_roles", json!({"name": name}))
                .status,
            400,
            "{name:?}"
        );
    }
    app.root()
        .create("_roles", json!({"name": "Küche: Team-2"}));
}
