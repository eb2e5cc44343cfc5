//! Roles in scopes: an account has a role for the records of some tenants only.

use serde_json::{Value, json};

use super::batch::send;
use super::policies::{all_actions, join, permit, role};
use crate::support::stream::Stream;
use crate::support::{Client, TestApp};

pub(crate) const ORGS: [&str; 3] = ["org00000000000a", "org00000000000b", "org00000000000c"];

/// Three organisations with two posts each, which nobody may touch without a role, and links to the posts for everybody.
pub(crate) fn tenants(app: &TestApp) {
    let root = app.root();
    let text = json!([{"type": "text", "name": "name"}]);
    let orgs = app.collection(json!({"name": "orgs", "type": "base", "fields": text}));
    let to = |name: &str, target: &Value| json!({"type": "relation", "name": name, "collectionId": target["id"]});
    let several =
        json!({"type": "relation", "name": "orgs", "collectionId": orgs["id"], "maxSelect": 5});
    let title = json!({"type": "text", "name": "title"});
    let posts = app.collection(json!({
        "name": "posts", "type": "base", "fields": [title, to("org", &orgs), several],
    }));
    app.open_collection("links", json!([to("post", &posts)]));
    for org in ORGS {
        root.create("orgs", json!({"id": org, "name": org}));
        for n in 0..2 {
            let id = post(org, n);
            root.create("posts", json!({"id": id, "title": id, "org": org}));
            root.create("links", json!({"id": id, "post": id}));
        }
    }
}

/// The id of a post of an organisation.
pub(crate) fn post(org: &str, n: u32) -> String {
    format!("post{}{n:010}", &org[14..])
}

/// The ids of all posts of these organisations.
pub(crate) fn posts(orgs: &[&str]) -> Vec<String> {
    orgs.iter()
        .flat_map(|org| [post(org, 0), post(org, 1)])
        .collect()
}

/// Gives a user a role in the scope of a record.
pub(crate) fn join_in(app: &TestApp, role: &Value, user: &str, scope: (&str, &str)) -> Value {
    let member = member_in(role, user, scope);
    app.root().create("_members", member)
}

fn member_in(role: &Value, user: &str, (collection, id): (&str, &str)) -> Value {
    json!({
        "role": role["id"], "collectionRef": "users", "recordRef": format!("{user:0<15}"),
        "scopeCollection": collection, "scope": id,
    })
}

/// An editor of the posts of the organisations that are the scopes.
pub(crate) fn editor(app: &TestApp) -> Value {
    let editor = role(app, "editor", &[]);
    let condition = "org = @role.scope";
    permit(
        app,
        &editor,
        json!({"collection": "posts", "actions": all_actions(), "effect": "allow", "condition": condition}),
    );
    editor
}

/// Checks the ways by which a client reads and writes posts: all of these, and no others.
#[track_caller]
pub(crate) fn reaches(app: &TestApp, client: &Client, orgs: &[&str]) {
    let expected = posts(orgs);
    let list = client.list("posts", &[("sort", "id")]).ok();
    let items = list["items"].as_array().expect("items");
    let seen: Vec<&str> = items
        .iter()
        .filter_map(|item| item["id"].as_str())
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(list["totalItems"], json!(expected.len()));
    let links = client
        .list("links", &[("expand", "post"), ("sort", "id")])
        .ok();
    let links = links["items"].as_array().expect("items");
    let expanded: Vec<&str> = links
        .iter()
        .filter_map(|link| link["expand"]["post"]["id"].as_str())
        .collect();
    assert_eq!(expanded, expected, "expand");
    let through = client.filter("links", "post.title != ''", "id");
    assert_eq!(through, expected, "a filter through a relation");
    for org in ORGS {
        let is_in = orgs.contains(&org);
        let id = post(org, 0);
        let status = |yes: u16, no: u16| if is_in { yes } else { no };
        assert_eq!(client.view("posts", &id).status, status(200, 404), "{org}");
        let same = json!({"title": id});
        assert_eq!(
            client.update("posts", &id, same.clone()).status,
            status(200, 404),
            "{org}"
        );
        let made = client.try_create("posts", json!({"title": "new", "org": org}));
        assert_eq!(made.status, status(200, 400), "{org}");
        let url = format!("/api/collections/posts/records/{id}");
        let batch = send(
            client,
            json!([{"method": "PATCH", "url": url, "body": same}]),
        );
        assert_eq!(batch.status, status(200, 400), "{org}: {}", batch.text);
        if let Some(id) = made.body["id"].as_str() {
            assert_eq!(client.remove("posts", id).status, 204);
        }
        let untouched = app.root().view("posts", &id).ok();
        assert_eq!(untouched["org"], json!(org));
    }
}

pub(crate) fn with_batches(app: &TestApp) {
    let batch = json!({"batch": {"enabled": true, "maxRequests": 50, "timeout": 60}});
    app.root().patch("/api/settings", batch).ok();
}

#[test]
fn n04_a_scoped_role_reaches_its_scopes_on_every_path() {
    let app = TestApp::start();
    tenants(&app);
    with_batches(&app);
    let editor = editor(&app);
    // The role is inherited, too.
    let chief = role(&app, "chief", &[&editor]);
    let [ann, bob, cyd, dan] = ["ann", "bob", "cyd", "dan"].map(|name| app.user(name));
    join_in(&app, &editor, "ann", ("orgs", ORGS[0]));
    join_in(&app, &editor, "bob", ("orgs", ORGS[0]));
    join_in(&app, &chief, "bob", ("orgs", ORGS[2]));
    // Everywhere is no scope: the condition never holds.
    join(&app, &editor, "cyd");
    reaches(&app, &ann, &ORGS[..1]);
    reaches(&app, &bob, &[ORGS[0], ORGS[2]]);
    reaches(&app, &cyd, &[]);
    assert_eq!(dan.list("posts", &[]).status, 403);
    // Each next request sees what has changed.
    let also = join_in(&app, &editor, "ann", ("orgs", ORGS[1]));
    reaches(&app, &ann, &ORGS[..2]);
    let id = also["id"].as_str().expect("an id");
    assert_eq!(app.root().remove("_members", id).status, 204);
    reaches(&app, &ann, &ORGS[..1]);
}

#[test]
fn n04_realtime_tells_a_scoped_member_of_its_scopes() {
    let app = TestApp::start();
    tenants(&app);
    let editor = editor(&app);
    let ann = app.user("ann");
    join_in(&app, &editor, "ann", ("orgs", ORGS[0]));
    let heard = Stream::of(&ann, &["posts/*"]);
    let root = app.root();
    for org in [ORGS[1], ORGS[0]] {
        root.update("posts", &post(org, 0), json!({"title": "changed"}))
            .ok();
    }
    assert_eq!(heard.next().what(), format!("update {}", post(ORGS[0], 0)));
    for org in [ORGS[1], ORGS[0]] {
        assert_eq!(root.remove("links", &post(org, 0)).status, 204);
        assert_eq!(root.remove("posts", &post(org, 0)).status, 204);
    }
    assert_eq!(heard.next().what(), format!("delete {}", post(ORGS[0], 0)));
}

#[test]
fn n04_nobody_is_editor_everywhere_by_being_it_somewhere() {
    let app = TestApp::start();
    tenants(&app);
    let ann = app.user("ann");
    let editor = role(&app, "editor", &[]);
    join_in(&app, &editor, "ann", ("orgs", ORGS[0]));
    let permission = |effect: &str, condition: &str| json!({"collection": "posts", "actions": ["list"], "effect": effect, "condition": condition});
    for condition in ["", "title != ''", "org != ''"] {
        let made = permit(&app, &editor, permission("allow", condition));
        assert_eq!(ann.list("posts", &[]).status, 403, "{condition}");
        let id = made["id"].as_str().expect("an id");
        assert_eq!(app.root().remove("_permissions", id).status, 204);
    }
    // Areas of the console have no scopes.
    let area = json!({"areas": ["roles:read"]});
    let id = editor["id"].as_str().expect("an id").to_owned();
    app.root().update("_roles", &id, area).ok();
    assert_eq!(ann.list("_roles", &[]).status, 403);
    assert_eq!(
        ann.get("/api/policy/areas").ok(),
        json!({"areas": []}),
        "an area would be seen everywhere"
    );
    // What is denied is denied to every member, wherever.
    app.root()
        .patch("/api/collections/posts", json!({"listRule": ""}))
        .ok();
    assert_eq!(ann.all("posts", "id").len(), 6);
    let own = format!("org = '{}'", ORGS[1]);
    permit(&app, &editor, permission("deny", &own));
    assert_eq!(ann.all("posts", "id"), posts(&[ORGS[0], ORGS[2]]));
    permit(&app, &editor, permission("deny", "org = @role.scope"));
    assert_eq!(ann.all("posts", "id"), posts(&[ORGS[2]]));
    assert_eq!(app.guest().all("posts", "id").len(), 6);
}

#[test]
fn all_of_several_records_are_scopes_or_any() {
    let app = TestApp::start();
    tenants(&app);
    let root = app.root();
    for (n, orgs) in [&ORGS[..1], &ORGS[..2], &ORGS[1..], &[]].iter().enumerate() {
        let id = &posts(&ORGS)[n];
        root.update("posts", id, json!({"orgs": orgs})).ok();
    }
    for (user, path, expected) in [
        ("all", "orgs.id = @role.scope", vec![0]),
        ("any", "orgs.id ?= @role.scope", vec![0, 1]),
        ("each", "orgs:each ?= @role.scope", vec![0, 1]),
        (
            "back",
            "id ?= @role.scope || links_via_post.post.org ?= @role.scope",
            vec![0, 1],
        ),
    ] {
        let client = app.user(user);
        let reader = role(&app, user, &[]);
        join_in(&app, &reader, user, ("orgs", ORGS[0]));
        let read = json!({"collection": "posts", "actions": ["list"], "effect": "allow", "condition": path});
        permit(&app, &reader, read);
        let expected: Vec<String> = expected
            .iter()
            .map(|n: &usize| posts(&ORGS)[*n].clone())
            .collect();
        let seen = client.list("posts", &[("sort", "id")]).ok();
        let seen: Vec<&str> = seen["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect();
        assert_eq!(seen, expected, "{path}");
    }
}

#[test]
fn n07_a_scope_is_a_record_of_its_collection_and_ends_with_it() {
    let app = TestApp::start();
    tenants(&app);
    let root = app.root();
    let editor = editor(&app);
    let ann = app.user("ann");
    // A record of another collection that has the id of an organisation is another scope.
    app.open_collection("teams", json!([]));
    app.guest().create("teams", json!({"id": ORGS[0]}));
    join_in(&app, &editor, "ann", ("teams", ORGS[0]));
    assert!(ann.all("posts", "id").is_empty());
    // Whoever takes the id of an organisation that is gone does not get its editors.
    join_in(&app, &editor, "ann", ("orgs", ORGS[0]));
    assert_eq!(ann.all("posts", "id"), posts(&ORGS[..1]));
    assert_eq!(root.remove("teams", ORGS[0]).status, 204);
    assert_eq!(ann.all("posts", "id"), posts(&ORGS[..1]));
    assert_eq!(root.remove("orgs", ORGS[0]).status, 204);
    root.create("orgs", json!({"id": ORGS[0]}));
    let restored = json!({"org": ORGS[0]});
    root.update("posts", &post(ORGS[0], 0), restored).ok();
    assert_eq!(ann.list("posts", &[]).status, 403);
    assert!(root.all("_members", "id").is_empty());
    // So it is with a collection, and with an account.
    root.create("teams", json!({"id": ORGS[2]}));
    join_in(&app, &editor, "ann", ("teams", ORGS[2]));
    join_in(&app, &editor, "ann", ("orgs", ORGS[1]));
    assert_eq!(root.delete("/api/collections/teams").status, 204);
    assert_eq!(root.all("_members", "scope"), [ORGS[1]]);
    assert_eq!(root.remove("users", "ann000000000000").status, 204);
    assert!(root.all("_members", "id").is_empty());
}

#[test]
fn n09_no_record_moves_out_of_a_scope_or_into_one() {
    let app = TestApp::start();
    tenants(&app);
    let editor = editor(&app);
    let ann = app.user("ann");
    join_in(&app, &editor, "ann", ("orgs", ORGS[0]));
    for (id, org) in [(post(ORGS[0], 0), ORGS[1]), (post(ORGS[1], 0), ORGS[0])] {
        let moved = ann.update("posts", &id, json!({"org": org}));
        moved.refused(404);
    }
    join_in(&app, &editor, "ann", ("orgs", ORGS[1]));
    let moved = ann.update("posts", &post(ORGS[0], 0), json!({"org": ORGS[1]}));
    assert_eq!(moved.ok()["org"], json!(ORGS[1]));
}

#[test]
fn scopes_that_make_no_sense_are_refused_by_field() {
    let app = TestApp::start();
    tenants(&app);
    app.user("ann");
    let editor = editor(&app);
    for (scope, field, code) in [
        (("orgs", ""), "scope", "required"),
        (("", ORGS[0]), "scopeCollection", "required"),
        (
            ("nowhere", ORGS[0]),
            "scopeCollection",
            "unknown_collection",
        ),
        (("_roles", ORGS[0]), "scopeCollection", "unknown_collection"),
        (("orgs", "nobody000000000"), "scope", "missing_rel_records"),
    ] {
        let reply = app
            .root()
            .try_create("_members", member_in(&editor, "ann", scope));
        reply.refused_for(field, code);
    }
    // The same role any number of times, but once in each scope.
    let made = join_in(&app, &editor, "ann", ("orgs", ORGS[0]));
    let orgs = app.root().get("/api/collections/orgs").ok()["id"].clone();
    assert_eq!(made["scopeCollection"], orgs);
    join_in(&app, &editor, "ann", ("orgs", ORGS[1]));
    join(&app, &editor, "ann");
    let again = member_in(&editor, "ann", ("orgs", ORGS[0]));
    let again = app.root().try_create("_members", again);
    again.refused_for("scope", "not_unique");
}

#[test]
fn a_scope_is_compared_with_the_id_of_a_record_and_nothing_else() {
    let app = TestApp::start();
    tenants(&app);
    let editor = role(&app, "editor", &[]);
    let try_condition = |condition: &str| {
        let permission = json!({
            "role": editor["id"], "collection": "posts", "actions": ["list"], "effect": "allow", "condition": condition,
        });
        app.root().try_create("_permissions", permission)
    };
    for condition in [
        "org != @role.scope",
        "org > @role.scope",
        "org ~ @role.scope",
        "org ?!= @role.scope",
        "title = @role.scope",
        "org:lower = @role.scope",
        "orgs = @role.scope",
        "orgs:length = @role.scope",
        "'org00000000000a' = @role.scope",
        "@request.auth.id = @role.scope",
        "@request.body.org = @role.scope",
        "@role.scope = @role.scope",
        "org = @role.scope.id",
        "org = @role.scope:lower",
        "org = @role.name",
        "strftime('%Y', @role.scope) = '2020'",
    ] {
        try_condition(condition).refused_for("condition", "invalid_condition");
    }
    for condition in [
        "org = @role.scope",
        "@role.scope = org.id",
        "orgs.id ?= @role.scope",
    ] {
        try_condition(condition).ok();
    }
    // It is for permissions alone: neither rules nor filters have a role.
    let rule = json!({"listRule": "org = @role.scope"});
    let reply = app.root().patch("/api/collections/posts", rule);
    reply.refused_for("listRule", "invalid_rule");
    let filter = [("filter", "org = @role.scope")];
    app.root().list("posts", &filter).refused(400);
    app.root()
        .patch("/api/collections/posts", json!({"listRule": ""}))
        .ok();
    app.guest().list("posts", &filter).refused(400);
}

#[test]
fn members_of_an_older_database_have_their_roles_everywhere() {
    let app = TestApp::start();
    tenants(&app);
    app.user("ann");
    let reader = role(&app, "reader", &[]);
    let read = json!({"collection": "posts", "actions": ["list"], "effect": "allow"});
    permit(&app, &reader, read);
    join(&app, &reader, "ann");
    let [members, permissions] = ["_pl_members", "_pl_permissions"].map(|id| {
        let stored = format!("SELECT definition AS value FROM _collections WHERE id = '{id}'");
        let mut definition: Value = serde_json::from_str(&app.text(&stored)).expect("a definition");
        let fields = definition["fields"].as_array_mut().expect("fields");
        fields.retain(|field| {
            let is_new = ["scope", "scopeCollection", "presets"].map(|name| field["name"] == name);
            !is_new.contains(&true)
        });
        if id == "_pl_members" {
            definition["indexes"] = json!([
                "CREATE UNIQUE INDEX `idx_members_account` ON `_members` (`recordRef`, `collectionRef`, `role`)",
                "CREATE INDEX `idx_members_role` ON `_members` (`role`)",
            ]);
        }
        let text = definition.to_string().replace('\'', "''");
        format!("UPDATE _collections SET definition = '{text}' WHERE id = '{id}'")
    });
    let home = app.stop();
    for statement in [
        "DROP INDEX idx_members_account",
        "DROP INDEX idx_members_scope",
        "ALTER TABLE _members DROP COLUMN scope",
        "ALTER TABLE _members DROP COLUMN \"scopeCollection\"",
        "CREATE UNIQUE INDEX idx_members_account ON _members (\"recordRef\", \"collectionRef\", role)",
        "ALTER TABLE _permissions DROP COLUMN presets",
        &members,
        &permissions,
    ] {
        home.execute(statement);
    }
    let app = TestApp::start_in(home);
    let ann = app.guest().sign_in("users", "ann@example.com");
    assert_eq!(ann.all("posts", "id").len(), 6);
    let editor = editor(&app);
    join_in(&app, &editor, "ann", ("orgs", ORGS[0]));
    join_in(&app, &editor, "ann", ("orgs", ORGS[1]));
    let again = app
        .root()
        .try_create("_members", member_in(&editor, "ann", ("orgs", ORGS[1])));
    again.refused_for("scope", "not_unique");
    let presets = json!({"collection": "posts", "actions": ["create", "view"], "effect": "allow", "presets": {"title": "preset"}});
    permit(&app, &reader, presets);
    assert_eq!(
        ann.try_create("posts", json!({})).body["title"],
        json!("preset")
    );
    // Nothing is left to add the next time.
    let version = |app: &TestApp| {
        app.text("SELECT updated AS value FROM _collections WHERE id = '_pl_members'")
    };
    let before = version(&app);
    let app = TestApp::start_in(app.stop());
    assert_eq!(version(&app), before);
}
