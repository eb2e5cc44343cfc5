//! Rules: who may do what, and that what is denied shows nowhere.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, at_once};

/// The rules of a collection, all the same.
pub(crate) fn rules(rule: &Value) -> Value {
    json!({"listRule": rule, "viewRule": rule, "createRule": rule, "updateRule": rule, "deleteRule": rule})
}

/// `notes` with an owner each, one of Ann's and one of Bob's; gives the two.
pub(crate) fn notes(app: &TestApp) -> [Client; 2] {
    let people = [app.user("ann"), app.user("bob")];
    let mut definition = rules(&json!("owner = @request.auth.id && @request.auth.id != ''"));
    definition["name"] = json!("notes");
    definition["fields"] = json!([
        {"type": "text", "name": "title"},
        {"type": "relation", "name": "owner", "collectionId": "_pb_users_auth_"},
        {"type": "bool", "name": "public"},
        {"type": "text", "name": "secret", "hidden": true},
    ]);
    app.collection(definition);
    for name in ["ann", "bob"] {
        app.root().create("notes", note(name));
    }
    people
}

fn note(owner: &str) -> Value {
    json!({"id": format!("{owner:0<15}"), "title": owner, "owner": format!("{owner:0<15}"), "secret": owner})
}

/// The statuses of list (and how many it has), view, create, update and delete of Ann's note.
fn statuses(client: &Client) -> [u16; 6] {
    let id = "ann000000000000";
    let list = client.list("notes", &[]);
    let total = list.body["totalItems"].as_u64().unwrap_or(0);
    let made = client.try_create("notes", json!({"title": "new", "owner": id}));
    [
        list.status,
        u16::try_from(total).expect("few"),
        client.view("notes", id).status,
        made.status,
        client
            .update("notes", id, json!({"title": "changed"}))
            .status,
        client.remove("notes", id).status,
    ]
}

#[test]
fn every_rule_means_the_same_for_everybody() {
    let app = TestApp::start();
    let [ann, bob] = notes(&app);
    let clients = [app.guest(), ann, bob, app.root().clone()];
    let all = [200, 2, 200, 200, 200, 204];
    let table: [(Value, [[u16; 6]; 4]); 6] = [
        (
            Value::Null,
            [
                [403, 0, 403, 403, 403, 403],
                [403, 0, 403, 403, 403, 403],
                [403, 0, 403, 403, 403, 403],
                all,
            ],
        ),
        (json!(""), [all, all, all, all]),
        (
            json!("@request.auth.id != ''"),
            [[200, 0, 404, 400, 404, 404], all, all, all],
        ),
        (
            json!("owner = @request.auth.id && @request.auth.id != ''"),
            [
                [200, 0, 404, 400, 404, 404],
                [200, 1, 200, 200, 200, 204],
                [200, 1, 404, 400, 404, 404],
                all,
            ],
        ),
        (
            json!("owner.name = @request.auth.name && @request.auth.verified = true"),
            [
                [200, 0, 404, 400, 404, 404],
                [200, 1, 200, 200, 200, 204],
                [200, 1, 404, 400, 404, 404],
                all,
            ],
        ),
        (
            json!("@collection.users.id ?= owner && @request.auth.collectionName = 'users'"),
            [[200, 0, 404, 400, 404, 404], all, all, all],
        ),
    ];
    for (rule, expected) in table {
        app.root()
            .patch("/api/collections/notes", rules(&rule))
            .ok();
        for (client, expected) in clients.iter().zip(expected) {
            assert_eq!(
                app.root().delete("/api/collections/notes/truncate").status,
                204
            );
            for name in ["ann", "bob"] {
                app.root().create("notes", note(name));
            }
            assert_eq!(statuses(client), expected, "{rule}");
        }
    }
}

#[test]
fn n09_a_record_moves_neither_out_of_nor_into_reach() {
    let app = TestApp::start();
    let [ann, bob] = notes(&app);
    let mine = "owner = @request.auth.id && @request.auth.id != ''";
    let keep = format!(
        "{mine} && (@request.body.owner:isset = false || @request.body.owner = @request.auth.id)"
    );
    app.root()
        .patch("/api/collections/notes", json!({"updateRule": keep}))
        .ok();
    ann.update("notes", "ann000000000000", json!({"title": "mine"}))
        .ok();
    ann.update(
        "notes",
        "ann000000000000",
        json!({"owner": "bob000000000000"}),
    )
    .refused(404);
    ann.update("notes", "ann000000000000", json!({"owner": ""}))
        .refused(404);
    ann.update(
        "notes",
        "ann000000000000",
        json!({"owner-": "ann000000000000"}),
    )
    .refused(404);
    bob.update(
        "notes",
        "ann000000000000",
        json!({"owner": "bob000000000000"}),
    )
    .refused(404);
    ann.try_create(
        "notes",
        json!({"title": "for bob", "owner": "bob000000000000"}),
    )
    .refused(400);
    assert_eq!(ann.all("notes", "title"), ["mine"]);
    assert_eq!(bob.all("notes", "title"), ["bob"]);
}

#[test]
fn n09_a_rule_and_the_write_it_allows_are_one() {
    let app = TestApp::start();
    let people: Vec<Client> = (0..6).map(|n| app.user(&format!("user{n}"))).collect();
    let mut definition = rules(&json!(""));
    definition["name"] = json!("tickets");
    definition["fields"] = json!([{"type": "text", "name": "holder"}]);
    definition["updateRule"] = json!("holder = ''");
    definition["deleteRule"] = json!("holder = ''");
    app.collection(definition);
    for _ in 0..6 {
        let ticket = app.root().create("tickets", json!({}));
        let id = ticket["id"].as_str().expect("an id");
        let replies = at_once(6, |n| {
            people[n].update("tickets", id, json!({"holder": format!("user{n}")}))
        });
        let winners: Vec<_> = (0..6).filter(|n| replies[*n].status == 200).collect();
        assert_eq!(winners.len(), 1, "one ticket, {} holders", winners.len());
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            reply.refused(404);
        }
        assert_eq!(
            app.root().view("tickets", id).ok()["holder"],
            json!(format!("user{}", winners[0]))
        );
        app.guest().remove("tickets", id).refused(404);
    }
}

#[test]
fn n10_the_body_is_not_the_record_and_not_the_request() {
    let app = TestApp::start();
    let [ann, _] = notes(&app);
    // The stored record decides, not the one that the body would make of it.
    app.root()
        .patch(
            "/api/collections/notes",
            json!({"updateRule": "public = true"}),
        )
        .ok();
    ann.update("notes", "ann000000000000", json!({"public": true}))
        .refused(404);
    app.root()
        .update("notes", "ann000000000000", json!({"public": true}))
        .ok();
    ann.update("notes", "ann000000000000", json!({"public": false}))
        .ok();
    ann.update("notes", "ann000000000000", json!({"public": true}))
        .refused(404);
    // A body cannot pass for who asks, or for how.
    app.root()
        .patch(
            "/api/collections/notes",
            json!({"createRule": "@request.auth.name = 'root' || @request.context = 'x'"}),
        )
        .ok();
    for body in [
        json!({"@request.auth.name": "root", "auth": {"name": "root"}, "name": "root"}),
        json!({"@request": {"auth": {"name": "root"}}, "context": "x", "@request.context": "x"}),
        json!({"collectionName": "_superusers", "collectionId": "pbc_3142635823", "expand": {"owner": {"name": "root"}}}),
    ] {
        ann.try_create("notes", body.clone()).refused(400);
        app.guest().try_create("notes", body).refused(400);
    }
    assert_eq!(app.root().all("notes", "title"), ["ann", "bob"]);
}

#[test]
fn rules_see_the_request() {
    let app = TestApp::start();
    let [ann, _] = notes(&app);
    let try_rule = |rule: &str, path: &str, body: Value| {
        app.root()
            .patch("/api/collections/notes", json!({"createRule": rule}))
            .ok();
        ann.post(&format!("/api/collections/notes/records{path}"), body)
            .status
    };
    let body = || json!({"title": "AB", "public": true});
    for (rule, path, body, status) in [
        ("@request.body.title = 'AB'", "", body(), 200),
        ("@request.body.title:lower = 'ab'", "", body(), 200),
        ("@request.body.title:isset = true", "", body(), 200),
        ("@request.body.owner:isset = true", "", body(), 400),
        (
            "@request.body.public = true && public = true",
            "",
            body(),
            200,
        ),
        (
            "@request.body.owner.name = 'ann'",
            "",
            json!({"owner": "ann000000000000"}),
            200,
        ),
        (
            "@request.body.owner.name = 'bob'",
            "",
            json!({"owner": "ann000000000000"}),
            400,
        ),
        ("@request.query.key = 'k1'", "?key=k1", body(), 200),
        ("@request.query.key = 'k1'", "?key=k2&key=k1", body(), 400),
        ("@request.query.key:isset = false", "", body(), 200),
        (
            "@request.headers.content_type = 'application/json'",
            "",
            body(),
            200,
        ),
        ("@request.headers.x_missing = ''", "", body(), 200),
        ("@request.method = 'POST'", "", body(), 200),
        ("@request.method = 'GET'", "", body(), 400),
        ("@request.context = 'default'", "", body(), 200),
        ("@request.auth.email = 'ann@example.com'", "", body(), 200),
        ("@request.auth.collectionName = 'users'", "", body(), 200),
        (
            "@request.auth.notes_via_owner.title ?= 'ann'",
            "",
            body(),
            200,
        ),
        (
            "@request.auth.notes_via_owner.title ?= 'bob'",
            "",
            body(),
            400,
        ),
        ("@request.auth.avatar = 'a'", "", body(), 400),
    ] {
        assert_eq!(try_rule(rule, path, body), status, "{rule}");
    }
}

#[test]
fn a_create_rule_decides_as_the_same_filter_of_the_stored_record() {
    let app = TestApp::start();
    let rules = [
        "t = 5",
        "t < n",
        "t > n",
        "t = n",
        "n = '5'",
        "n > '4'",
        "n ~ '.0'",
        "n ~ '5'",
        "b = '1'",
        "b > '-1'",
        "d > 1",
        "d = ''",
        "one = 5",
        "many ~ 5",
        "many:length = 1",
        "j = n",
        "t = j",
    ];
    let bodies = [
        json!({"t": "5", "n": 5}),
        json!({"t": "5.0", "n": 5.5, "b": true, "one": "5", "many": ["5"], "j": 5}),
        json!({"t": "a", "n": 1e15, "b": true, "j": "5", "d": "2024-01-31"}),
        json!({"t": "", "n": -0.1, "j": {"a": 1}}),
    ];
    let select =
        |name, max| json!({"type": "select", "name": name, "values": ["5", "6"], "maxSelect": max});
    let typed = |name, kind| json!({"type": kind, "name": name});
    let fields = json!([
        typed("t", "text"),
        typed("n", "number"),
        typed("b", "bool"),
        typed("d", "date"),
        typed("j", "json"),
        select("one", 1),
        select("many", 2),
    ]);
    app.collection(json!({"name": "stored", "fields": fields}));
    let mut both = [0, 0];
    for (index, rule) in rules.iter().enumerate() {
        let name = format!("ruled{index}");
        app.collection(json!({"name": name, "fields": fields, "createRule": rule, "viewRule": ""}));
        for body in &bodies {
            let stored = app.root().create("stored", body.clone())["id"].clone();
            let filter = format!("id = {stored} && {rule}");
            let found = app.root().list("stored", &[("filter", &filter)]).ok()["totalItems"] == 1;
            let made = app.guest().try_create(&name, body.clone()).status == 200;
            assert_eq!(made, found, "{rule} of {body}");
            both[usize::from(made)] += 1;
        }
    }
    assert!(both.iter().all(|count| *count > 10), "{both:?}");
}
