//! What is denied or hidden shows nowhere, and cannot be found out by asking.

use serde_json::json;

use crate::rules::{notes, rules};
use crate::support::TestApp;

#[test]
fn n04_what_is_denied_is_absent_everywhere() {
    let app = TestApp::start();
    let [ann, bob] = notes(&app);
    let notes = app.root().get("/api/collections/notes").ok();
    app.open_collection(
        "pins",
        json!([
            {"type": "relation", "name": "note", "collectionId": notes["id"]},
            {"type": "relation", "name": "all", "collectionId": notes["id"], "maxSelect": 9},
        ]),
    );
    let ids = ["ann000000000000", "bob000000000000"];
    app.root().create(
        "pins",
        json!({"id": "pin000000000000", "note": ids[0], "all": ids}),
    );

    assert_eq!(bob.all("notes", "title"), ["bob"]);
    bob.view("notes", ids[0]).refused(404);
    assert_eq!(
        bob.list("notes", &[("perPage", "1"), ("filter", "title != 'x'")])
            .ok()["totalItems"],
        json!(1)
    );
    // By single and multiple references, and back through the note's owner.
    let paths = "note,all,note.owner.notes_via_owner";
    for reply in [
        bob.list("pins", &[("expand", paths)]).ok()["items"][0].clone(),
        bob.get(&format!(
            "/api/collections/pins/records/pin000000000000?expand={paths}"
        ))
        .ok(),
        bob.patch(
            &format!("/api/collections/pins/records/pin000000000000?expand={paths}"),
            json!({}),
        )
        .ok(),
    ] {
        assert_eq!(reply["expand"].get("note"), None, "{reply}");
        assert_eq!(
            reply["expand"]["all"].as_array().map(Vec::len),
            Some(1),
            "{reply}"
        );
        assert_eq!(reply["expand"]["all"][0]["title"], json!("bob"));
    }
    let mine = ann.list("pins", &[("expand", "note,all")]).ok();
    assert_eq!(mine["items"][0]["expand"]["note"]["title"], json!("ann"));
    // Nor can it be found out by asking for it: a filter reaches what a list does.
    assert_eq!(bob.filter("pins", "note.title = 'ann'", "id"), [""; 0]);
    assert_eq!(bob.filter("pins", "all.title ?= 'ann'", "id"), [""; 0]);
    assert_eq!(ann.filter("pins", "note.title = 'ann'", "id").len(), 1);
    app.root()
        .patch("/api/collections/notes", json!({"listRule": null}))
        .ok();
    ann.list("pins", &[("filter", "note.title = 'ann'")])
        .refused(400);
    // And not by what it would be in the way of.
    let unknown = bob.view("notes", "missing00000000");
    assert_eq!(bob.view("notes", ids[0]), unknown);
    assert_eq!(
        bob.remove("notes", ids[0]),
        bob.remove("notes", "missing00000000")
    );
    assert_eq!(
        bob.update("notes", ids[0], json!({})),
        bob.update("notes", "missing00000000", json!({}))
    );
}

#[test]
fn n01_n02_n03_hidden_fields_are_as_if_they_were_not() {
    let app = TestApp::start();
    let [ann, _] = notes(&app);
    app.root()
        .patch("/api/collections/notes", rules(&json!("")))
        .ok();
    let notes = app.root().get("/api/collections/notes").ok();
    app.open_collection(
        "pins",
        json!([{"type": "relation", "name": "note", "collectionId": notes["id"]}]),
    );
    app.root()
        .create("pins", json!({"note": "ann000000000000"}));
    for client in [app.guest(), ann] {
        for (collection, path) in [
            ("notes", "X"),
            ("notes", "X:lower"),
            ("notes", "X:length"),
            ("notes", "owner.notes_via_owner.X"),
            ("pins", "note.X"),
            ("pins", "note.X:lower"),
            ("pins", "note.pins_via_note.note.X"),
            ("notes", "owner.notes_via_owner.X:each"),
        ] {
            for operator in ["=", "!=", "~", "?=", ">"] {
                let ask = |name: &str| {
                    let filter = format!(
                        "title != '' || {} {operator} 'ann'",
                        path.replace('X', name)
                    );
                    let filter = if collection == "pins" {
                        filter.replacen("title", "note.title", 1)
                    } else {
                        filter
                    };
                    client.list(collection, &[("filter", &filter)])
                };
                assert_eq!(ask("secret"), ask("missing"), "{path} {operator}");
                ask("secret").refused(400);
            }
            let sort = |name: &str| client.list(collection, &[("sort", &path.replace('X', name))]);
            assert_eq!(sort("secret"), sort("missing"), "{path}");
            sort("secret").refused(400);
        }
        for filter in [
            "'a' = secret",
            "(title = 'ann' && (secret = 'ann'))",
            "title = secret",
            "secret = secret",
        ] {
            client.list("notes", &[("filter", filter)]).refused(400);
        }
        for field in ["secret", "*,secret", "owner.secret"] {
            let list = client.list("notes", &[("fields", field)]);
            assert!(!list.text.contains("secret"), "{}", list.text);
        }
        let list = client.list("pins", &[("expand", "note")]);
        assert!(
            list.text.contains("title") && !list.text.contains("secret"),
            "{}",
            list.text
        );
        // Not even written by who cannot read it, and not told back.
        let made = client.create("notes", json!({"title": "new", "secret": "guessed"}));
        assert_eq!(made.get("secret"), None);
        let id = made["id"].as_str().expect("an id");
        client
            .update("notes", id, json!({"secret": "guessed"}))
            .ok();
        assert_eq!(app.root().view("notes", id).ok()["secret"], json!(""));
    }
    assert_eq!(
        app.root().filter("notes", "secret = 'ann'", "title"),
        ["ann"]
    );
}

#[test]
fn n01_accounts_secrets_cannot_be_asked_for() {
    let app = TestApp::start();
    let ann = app.user("ann");
    app.user("bob");
    app.root()
        .patch(
            "/api/collections/users",
            json!({"listRule": "", "viewRule": ""}),
        )
        .ok();
    for client in [app.guest(), ann] {
        for field in ["password", "tokenKey", "password:lower", "tokenKey:length"] {
            let ask = |name: &str| client.list("users", &[("filter", &format!("{name} ~ 'a'"))]);
            assert_eq!(ask(field), ask(&field.replace(['p', 't'], "x")), "{field}");
            ask(field).refused(400);
            client.list("users", &[("sort", field)]).refused(400);
        }
        // N03: a private address does not change what is counted.
        for filter in [
            "email ~ 'bob'",
            "email = 'bob@example.com'",
            "email >= 'bob'",
        ] {
            assert_eq!(
                client.list("users", &[("filter", filter)]).ok()["totalItems"],
                json!(0),
                "{filter}"
            );
        }
        assert!(!client.list("users", &[]).text.contains("bob@example.com"));
    }
    app.root()
        .update("users", "bob000000000000", json!({"emailVisibility": true}))
        .ok();
    assert_eq!(
        app.guest().filter("users", "email ~ 'bob'", "name"),
        ["bob"]
    );
}
