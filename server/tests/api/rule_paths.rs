//! What rules ask about a request: each way of writing a path sees what was sent, however it was sent; and a path
//! that leads nowhere is refused with the rule.

use serde_json::{Value, json};

use super::batch::{allow, send};
use crate::support::{Client, Part, Reply, TestApp};

const THINGS: &str = "/api/collections/things/records";

/// Things with a field of every kind that a path can step into, and tags, one of which is called `admin`.
fn things(app: &TestApp) {
    let named = json!([{"type": "text", "name": "name"}, {"type": "json", "name": "about"}]);
    let tags = app.open_collection("tags", named);
    let choice = |name: &str, max: u32| json!({"type": "select", "name": name, "values": ["admin", "user"], "maxSelect": max});
    let tag = |name: &str, max: u32| json!({"type": "relation", "name": name, "collectionId": tags["id"], "maxSelect": max});
    let fields = json!([
        {"type": "text", "name": "title"}, {"type": "number", "name": "n"}, {"type": "bool", "name": "flag"},
        {"type": "json", "name": "j"}, {"type": "geoPoint", "name": "at"},
        choice("genre", 1), choice("moods", 2), tag("tag", 1), tag("tags", 5),
    ]);
    app.open_collection("things", fields);
    let admin = json!({"id": "admin0000000000", "name": "admin", "about": {"role": "admin"}});
    app.root().create("tags", admin);
    app.root()
        .create("tags", json!({"id": "user00000000000", "name": "user"}));
}

/// Paths below `@request.body`, a body, and what is at the path.
fn paths() -> Vec<(&'static str, Value, &'static str)> {
    let tags = || json!({"tags": ["admin0000000000", "admin0000000000"], "tag": "admin0000000000"});
    vec![
        ("title", json!({"title": "admin"}), "'admin'"),
        ("title:lower", json!({"title": "ADMIN"}), "'admin'"),
        ("title:isset", json!({"title": ""}), "true"),
        ("title:changed", json!({"title": "admin"}), "CHANGED"),
        ("n", json!({"n": 5}), "5"),
        ("n:lower", json!({"n": 5}), "'5'"),
        ("flag", json!({"flag": true}), "true"),
        ("flag:lower", json!({"flag": true}), "'true'"),
        ("j", json!({"j": "admin"}), "'admin'"),
        ("j:lower", json!({"j": "ADMIN"}), "'admin'"),
        ("j:length", json!({"j": ["a", "b"]}), "2"),
        ("j:isset", json!({"j": null}), "true"),
        ("j.0", json!({"j": ["admin"]}), "'admin'"),
        ("j.role", json!({"j": {"role": "admin"}}), "'admin'"),
        ("j.role:lower", json!({"j": {"role": "ADMIN"}}), "'admin'"),
        ("j.role:isset", json!({"j": {"role": false}}), "true"),
        ("j.role:length", json!({"j": {"role": [1, 2]}}), "2"),
        (
            "j.a.1.b.0",
            json!({"j": {"a": [0, {"b": ["admin"]}]}}),
            "'admin'",
        ),
        ("j.0.0:lower", json!({"j": [["ADMIN"]]}), "'admin'"),
        ("j.7", json!({"j": {"7": "admin"}}), "'admin'"),
        ("at.lon", json!({"at": {"lon": 5, "lat": 6}}), "5"),
        ("at.lat:lower", json!({"at": {"lon": 5, "lat": 6}}), "'6'"),
        ("genre", json!({"genre": "admin"}), "'admin'"),
        ("genre:each", json!({"genre": "admin"}), "'admin'"),
        ("genre:length", json!({"genre": "admin"}), "1"),
        ("moods.0", json!({"moods": ["admin"]}), "'admin'"),
        (
            "moods.1:lower",
            json!({"moods": ["user", "admin"]}),
            "'admin'",
        ),
        ("moods.1:isset", json!({"moods": ["user", "admin"]}), "true"),
        ("moods:each", json!({"moods": ["admin"]}), "'admin'"),
        ("moods:length", json!({"moods": ["user", "admin"]}), "2"),
        ("tag", tags(), "'admin0000000000'"),
        ("tag.name", tags(), "'admin'"),
        ("tag.name:lower", tags(), "'admin'"),
        ("tag.about.role", tags(), "'admin'"),
        ("tags.0", tags(), "'admin0000000000'"),
        ("tags.name", tags(), "'admin'"),
        ("tags.about.role:lower", tags(), "'admin'"),
        ("tags:each", tags(), "'admin0000000000'"),
        ("tags:length", tags(), "1"),
        ("role", json!({"role": "admin"}), "'admin'"),
        ("role:lower", json!({"role": "ADMIN"}), "'admin'"),
        ("role:isset", json!({"role": null}), "true"),
        ("roles.0", json!({"roles": ["admin"]}), "'admin'"),
        (
            "roles.a.0.b:lower",
            json!({"roles": {"a": [{"b": "ADMIN"}]}}),
            "'admin'",
        ),
    ]
}

/// The parts of a form that mean what `body` does. What is no field has no type in a form: it goes as JSON.
fn parts(body: &Value) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    for (name, value) in body.as_object().expect("an object") {
        let is_field = !name.starts_with("role") && !value.is_null();
        match value {
            _ if !is_field => {
                let mut payload = json!({});
                payload[name] = value.clone();
                parts.push(("@jsonPayload".to_owned(), payload.to_string()));
            }
            Value::Array(items) if name != "j" => {
                let text = |item: &Value| item.as_str().expect("a text").to_owned();
                parts.extend(items.iter().map(|item| (name.clone(), text(item))));
            }
            Value::String(text) => parts.push((name.clone(), text.clone())),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => parts.push((name.clone(), value.to_string())),
        }
    }
    parts
}

/// Sends the body as JSON, or in every way that there is.
fn in_ways(client: &Client, method: &str, path: &str, body: &Value, all: bool) -> Vec<Reply> {
    let json = Some(body.to_string().into_bytes());
    if !all {
        return vec![client.send(method, path, json, "application/json")];
    }
    let parts = parts(body);
    let line = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&parts)
        .finish();
    let several: Vec<Part> = parts
        .iter()
        .map(|(name, text)| (name.as_str(), None, text.as_bytes()))
        .collect();
    let request = json!({"method": method, "url": path, "body": body});
    vec![
        client.send(method, path, json, "application/json"),
        client.send_form(method, path, &line),
        client.send_parts(method, path, &several),
        send(client, json!([request])),
    ]
}

fn set_rules(app: &TestApp, collection: &str, rule: &str) -> Reply {
    let rules = json!({"createRule": rule, "updateRule": rule, "deleteRule": rule});
    app.root()
        .patch(&format!("/api/collections/{collection}"), rules)
}

#[test]
fn f01_whatever_way_a_path_is_written_a_rule_sees_what_was_sent() {
    let app = TestApp::start();
    allow(&app);
    things(&app);
    let guest = app.guest();
    let stays = app.root().create("things", json!({"title": "stays"}));
    let stays = format!("{THINGS}/{}", stays["id"].as_str().expect("an id"));
    for (path, body, value) in paths() {
        // Only an update changes anything.
        let is_change = value == "CHANGED";
        let value = if is_change { "true" } else { value };
        let mut pairs = vec![("=", "!="), ("?=", "?!=")];
        if value.starts_with('\'') {
            pairs.push(("~", "!~"));
        }
        for (holds, fails) in pairs {
            set_rules(
                &app,
                "things",
                &format!("@request.body.{path} {fails} {value}"),
            )
            .ok();
            let creates = if is_change { "" } else { THINGS };
            for (method, to) in [("POST", creates), ("PATCH", &stays), ("DELETE", &stays)] {
                if to.is_empty() || (is_change && method == "DELETE") {
                    continue;
                }
                for reply in in_ways(&guest, method, to, &body, holds == "=") {
                    assert!(
                        matches!(reply.status, 400 | 404),
                        "{method} {path} {fails} {value}: {body}: {}",
                        reply.text
                    );
                }
            }
            set_rules(
                &app,
                "things",
                &format!("@request.body.{path} {holds} {value}"),
            )
            .ok();
            if is_change {
                continue;
            }
            for made in in_ways(&guest, "POST", THINGS, &body, holds == "=") {
                let made = made.ok();
                let record = if made.is_array() {
                    &made[0]["body"]
                } else {
                    &made
                };
                let one = format!("{THINGS}/{}", record["id"].as_str().expect("an id"));
                guest.patch(&one, body.clone()).ok();
                let json = Some(body.to_string().into_bytes());
                guest.send("DELETE", &one, json, "application/json").ok();
            }
        }
    }
    assert_eq!(app.root().all("things", "title"), ["stays"]);
}

#[test]
fn f01_what_was_not_sent_is_no_value() {
    let app = TestApp::start();
    things(&app);
    let guest = app.guest();
    for (rule, status) in [
        ("@request.body.j.0 = null", 200),
        ("@request.body.j.0 != 'admin'", 200),
        ("@request.body.j.role:isset = false", 200),
        ("@request.body.moods.1 = ''", 200),
        ("@request.body.tags.name = ''", 200),
        ("@request.body.role != 'admin'", 200),
        ("@request.body.role ~ 'admin'", 400),
        ("@request.body.role > 1", 400),
        ("@request.auth.email = ''", 200),
        ("@request.auth.avatar:isset = true", 400),
        ("@request.headers.X_Role = ''", 200),
    ] {
        set_rules(&app, "things", rule).ok();
        let reply = guest.try_create("things", json!({"title": "a"}));
        assert_eq!(reply.status, status, "{rule}: {}", reply.text);
    }
    // A header has its name in any case.
    set_rules(
        &app,
        "things",
        "@request.headers.Content_Type != 'application/json'",
    )
    .ok();
    guest.try_create("things", json!({})).refused(400);
}

#[test]
fn f01_whatever_way_a_path_is_written_a_rule_sees_the_account() {
    let app = TestApp::start();
    things(&app);
    let root = app.root();
    let users = root.get("/api/collections/users").ok();
    let things = root.get("/api/collections/things").ok();
    let of_things = things["fields"].as_array().expect("fields").iter();
    let added = of_things.filter(|field| field["system"] == false).cloned();
    let mut fields = users["fields"].as_array().expect("fields").clone();
    fields.extend(added);
    root.patch("/api/collections/users", json!({"fields": fields}))
        .ok();
    let ann = app.user("ann");
    let about = json!({
        "title": "ADMIN", "n": 5, "flag": true, "j": {"role": "admin", "list": ["admin"]}, "at": {"lon": 5, "lat": 6},
        "genre": "admin", "moods": ["user", "admin"], "tag": "admin0000000000", "tags": ["admin0000000000"],
    });
    root.update("users", "ann000000000000", about).ok();
    root.create("things", json!({"title": "a"}));
    for (path, value) in [
        ("title:lower", "'admin'"),
        ("title:isset", "true"),
        ("n", "5"),
        ("j.role", "'admin'"),
        ("j.list.0", "'admin'"),
        ("j.list.0:lower", "'admin'"),
        ("j.list:length", "1"),
        ("at.lon", "5"),
        ("genre:each", "'admin'"),
        ("genre:length", "1"),
        ("moods.1", "'admin'"),
        ("moods.1:lower", "'admin'"),
        ("moods:length", "2"),
        ("tag.name", "'admin'"),
        ("tag.about.role", "'admin'"),
        ("tags.0", "'admin0000000000'"),
        ("tags.name", "'admin'"),
        ("tags:each", "'admin0000000000'"),
        ("collectionName", "'users'"),
        ("collectionName:lower", "'users'"),
    ] {
        for (operator, count) in [("=", 1), ("!=", 0), ("?=", 1), ("?!=", 0)] {
            let rule = format!("@request.auth.{path} {operator} {value}");
            root.patch("/api/collections/things", json!({"listRule": rule}))
                .ok();
            assert_eq!(ann.all("things", "id").len(), count, "{rule}");
        }
    }
}

/// Paths that lead nowhere, each with what could be compared with it.
const NOWHERE: &[&str] = &[
    "@request.body.j:nonsense",
    "@request.body.j.role:nonsense",
    "@request.body.j:each",
    "@request.body.j.list:each",
    "@request.body.j.role:changed",
    "@request.body.j:isset.role",
    "@request.body.j.a:b.c",
    "@request.body.title.x",
    "@request.body.title:each",
    "@request.body.title:length",
    "@request.body.n.0",
    "@request.body.at.x",
    "@request.body.at.lon.x",
    "@request.body.genre.0",
    "@request.body.moods.x",
    "@request.body.moods.0.x",
    "@request.body.moods.0:each",
    "@request.body.tag.0",
    "@request.body.tag.nope",
    "@request.body.tag:lower.name",
    "@request.body.tag.name:nonsense",
    "@request.body.tag.name.x",
    "@request.body.tags.0.name",
    "@request.body.tags.nope",
    "@request.body.role:each",
    "@request.body.role:length",
    "@request.body.role:changed",
    "@request.body.role:nonsense",
    "@request.body",
    "@request.auth.nope",
    "@request.auth.nope:isset",
    "@request.auth.name.x",
    "@request.auth.name:nonsense",
    "@request.auth.id:nonsense",
    "@request.auth.id.x",
    "@request.auth.avatar.0",
    "@request.auth.nope_via_x.id",
    "@request.auth.things_via_tag.id",
    "@request.auth.collectionId.x",
    "@request.auth",
    "@request.query.a.b",
    "@request.query.a:each",
    "@request.headers.a:length",
    "@request.headers.a.b",
    "@request.nope",
    "@request.method.x",
    "@collection.nope.id",
    "@collection.tags.nope",
    "@collection.tags.name:nonsense",
    "@collection.tags",
    "nope",
    "title.x",
    "title:nonsense",
    "tag.nope",
    "tag:lower.id",
    "tag:nonsense.name",
    "moods.0",
    "genre.0",
    "at.x",
    "j:each",
    "j.a:b.c",
    "j:isset",
    "@nope",
    "@now:lower",
];

#[test]
fn n69_a_path_that_leads_nowhere_is_refused_with_the_rule() {
    let app = TestApp::start();
    things(&app);
    let root = app.root();
    let query = "SELECT id, title, n, j, at, genre, moods, tag, tags FROM things";
    app.collection(json!({"name": "seen", "type": "view", "viewQuery": query}));
    let role = root.create("_roles", json!({"name": "reader"}));
    for path in NOWHERE {
        for rule in [
            format!("{path} != 'admin'"),
            format!("'admin' !~ {path} || id = ''"),
        ] {
            for key in [
                "listRule",
                "viewRule",
                "createRule",
                "updateRule",
                "deleteRule",
            ] {
                let mut rules = json!({});
                rules[key] = json!(rule);
                let reply = root.patch("/api/collections/things", rules);
                reply.refused_for(key, "invalid_rule");
            }
            for key in ["listRule", "viewRule"] {
                let mut rules = json!({});
                rules[key] = json!(rule);
                let reply = root.patch("/api/collections/seen", rules);
                reply.refused_for(key, "invalid_rule");
            }
            for effect in ["allow", "deny"] {
                let permission = json!({"role": role["id"], "collection": "things", "actions": ["list"], "effect": effect, "condition": rule});
                let reply = root.try_create("_permissions", permission);
                reply.refused_for("condition", "invalid_condition");
            }
        }
    }
    for (key, rule) in [
        ("authRule", "@request.auth.nope != 'x'"),
        ("manageRule", "@request.body.name.x != 'x'"),
        ("authRule", "@request.body.identity:each != 'x'"),
    ] {
        let mut rules = json!({});
        rules[key] = json!(rule);
        let reply = root.patch("/api/collections/users", rules);
        reply.refused_for(key, "invalid_rule");
    }
}

#[test]
fn n69_a_rule_that_is_stored_and_leads_nowhere_lets_nobody_in() {
    let app = TestApp::start();
    things(&app);
    let ann = app.user("ann");
    let root = app.root();
    root.create("things", json!({"title": "a", "id": "a00000000000000"}));
    let own = "title != 'placeholder'";
    let rules = json!({"listRule": own, "viewRule": own, "createRule": own, "updateRule": own, "deleteRule": own});
    root.patch("/api/collections/things", rules).ok();
    let role = root.create("_roles", json!({"name": "reader"}));
    super::policies::join(&app, &role, "ann");
    app.open_collection("denied", json!([{"type": "text", "name": "title"}]));
    root.create("denied", json!({"title": "a"}));
    let deny =
        json!({"collection": "denied", "actions": ["list"], "effect": "deny", "condition": own});
    super::policies::permit(&app, &role, deny);
    let mut home = app.stop();
    for path in [
        "@request.auth.nope",
        "@request.auth.name:nonsense",
        "@request.auth.id.x",
        "@request.auth.password",
        "@request.body.j:nonsense",
        "@request.body.title.x",
        "@request.body.moods.x",
        "tag:nonsense.name",
        "tokenKey",
        " ",
    ] {
        let broken = if path == " " {
            path.to_owned()
        } else {
            format!("{path} != ''placeholder''")
        };
        let change = |table: &str, column: &str, from: &str, to: &str| {
            format!("UPDATE {table} SET {column} = replace({column}, '{from}', '{to}')")
        };
        let stored = "title != ''placeholder''";
        home.execute(&change(
            "\"_collections\"",
            "\"definition\"",
            stored,
            &broken,
        ));
        home.execute(&change(
            "\"_permissions\"",
            "\"condition\"",
            stored,
            &broken,
        ));
        let app = TestApp::start_in(home);
        let guest = app.guest();
        let ann = Client {
            url: guest.url.clone(),
            ..ann.clone()
        };
        for client in [&guest, &ann] {
            for reply in [
                client.list("things", &[]),
                client.view("things", "a00000000000000"),
                client.try_create("things", json!({"title": "b"})),
                client.update("things", "a00000000000000", json!({"title": "b"})),
                client.remove("things", "a00000000000000"),
            ] {
                assert!((400..500).contains(&reply.status), "{path}: {}", reply.text);
            }
        }
        assert_eq!(ann.all("denied", "id").len(), 0, "{path}");
        assert_eq!(app.root().all("things", "title"), ["a"], "{path}");
        home = app.stop();
        home.execute(&change(
            "\"_collections\"",
            "\"definition\"",
            &broken,
            stored,
        ));
        home.execute(&change(
            "\"_permissions\"",
            "\"condition\"",
            &broken,
            stored,
        ));
    }
}

#[test]
fn f01_a_sign_in_shows_its_body_to_the_auth_rule() {
    let app = TestApp::start();
    app.user("ann");
    let sign_in = |body: Value| {
        let path = "/api/collections/users/auth-with-password";
        app.guest().post(path, body).status
    };
    let rule = json!({"authRule": "@request.body.role != 'admin' && @request.body.identity != 'bob@example.com'"});
    app.root().patch("/api/collections/users", rule).ok();
    let body = |role: &str| json!({"identity": "ann@example.com", "password": crate::support::PASSWORD, "role": role});
    assert_eq!(sign_in(body("user")), 200);
    assert_eq!(sign_in(body("admin")), 403);
}
