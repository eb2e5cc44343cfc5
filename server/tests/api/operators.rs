//! Operators of the console: what the areas of a role give, and what they never do.

use serde_json::json;

use super::policies::{join, role, rows};
use crate::support::TestApp;

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
        Some(10)
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
        let of_superuser = app.root().post("/api/collections", oracle);
        if rule.contains("_members") {
            of_superuser.ok();
            assert_eq!(app.root().delete("/api/collections/oracle").status, 204);
        } else {
            of_superuser.refused_for("listRule", "invalid_rule");
        }
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
