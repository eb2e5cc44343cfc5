//! What happens to references when what they refer to goes.

use serde_json::{Value, json};

use crate::support::{TestApp, at_once};

/// `parents`, and `children` that refer to them.
fn family(app: &TestApp, options: &Value) {
    let parents = app.open_collection("parents", json!([{"type": "text", "name": "name"}]));
    let mut relation = json!({"type": "relation", "name": "parent", "collectionId": parents["id"]});
    for (name, value) in options.as_object().expect("options") {
        relation[name] = value.clone();
    }
    app.open_collection(
        "children",
        json!([{"type": "text", "name": "name"}, relation]),
    );
    for name in ["p1", "p2"] {
        app.root()
            .create("parents", json!({"id": id(name), "name": name}));
    }
}

fn id(name: &str) -> String {
    format!("{name:0<15}")
}

#[test]
fn an_optional_reference_is_taken_out() {
    let app = TestApp::start();
    family(&app, &json!({"maxSelect": 1}));
    let root = app.root();
    root.create("children", json!({"name": "a", "parent": id("p1")}));
    root.create("children", json!({"name": "b", "parent": id("p2")}));
    assert_eq!(app.guest().remove("parents", &id("p1")).status, 204);
    assert_eq!(root.all("children", "parent"), [String::new(), id("p2")]);
}

#[test]
fn one_of_several_optional_references_is_taken_out() {
    let app = TestApp::start();
    family(&app, &json!({"maxSelect": 3}));
    let root = app.root();
    root.create(
        "children",
        json!({"name": "a", "parent": [id("p1"), id("p2")]}),
    );
    root.create("children", json!({"name": "b", "parent": [id("p1")]}));
    assert_eq!(root.remove("parents", &id("p1")).status, 204);
    let items = root.list("children", &[("fields", "parent")]).ok()["items"].clone();
    assert_eq!(items, json!([{"parent": [id("p2")]}, {"parent": []}]));
}

#[test]
fn a_required_reference_refuses_and_changes_nothing() {
    let app = TestApp::start();
    family(&app, &json!({"required": true}));
    let root = app.root();
    let parents = root.get("/api/collections/parents").ok();
    // Settled before the refusal is met, and so to be undone.
    app.open_collection(
        "loose",
        json!([{"type": "relation", "name": "to", "collectionId": parents["id"]}]),
    );
    app.open_collection(
        "bound",
        json!([{"type": "relation", "name": "to", "collectionId": parents["id"], "cascadeDelete": true}]),
    );
    root.create("loose", json!({"to": id("p1")}));
    root.create("bound", json!({"to": id("p1")}));
    root.create("children", json!({"name": "a", "parent": id("p1")}));
    let before = root.everything(&["parents", "children", "loose", "bound"]);
    root.remove("parents", &id("p1")).refused(400);
    assert_eq!(
        root.everything(&["parents", "children", "loose", "bound"]),
        before
    );
    assert_eq!(root.remove("parents", &id("p2")).status, 204);
}

#[test]
fn the_last_of_several_required_references_holds() {
    let app = TestApp::start();
    family(&app, &json!({"required": true, "maxSelect": 3}));
    let root = app.root();
    root.create(
        "children",
        json!({"name": "a", "parent": [id("p1"), id("p2")]}),
    );
    assert_eq!(root.remove("parents", &id("p1")).status, 204);
    root.remove("parents", &id("p2")).refused(400);
    let items = root.list("children", &[("fields", "parent")]).ok()["items"].clone();
    assert_eq!(items, json!([{"parent": [id("p2")]}]));
}

#[test]
fn a_cascade_goes_through_chains_and_ends_in_cycles() {
    let app = TestApp::start();
    let root = app.root();
    let nodes = app.open_collection("nodes", json!([{"type": "text", "name": "name"}]));
    let fields = json!([
        {"type": "text", "name": "name"},
        {"type": "relation", "name": "next", "collectionId": nodes["id"], "cascadeDelete": true},
    ]);
    root.patch("/api/collections/nodes", json!({"fields": fields}))
        .ok();
    // d → c → b → a → d, e → c, f alone
    for (name, next) in [
        ("a", ""),
        ("b", "a"),
        ("c", "b"),
        ("d", "c"),
        ("e", "c"),
        ("f", ""),
    ] {
        let next = if next.is_empty() {
            String::new()
        } else {
            id(next)
        };
        root.create("nodes", json!({"id": id(name), "name": name, "next": next}));
    }
    root.update("nodes", &id("a"), json!({"next": id("d")}))
        .ok();
    root.update("nodes", &id("f"), json!({"next": ""})).ok();
    assert_eq!(root.remove("nodes", &id("b")).status, 204);
    assert_eq!(root.all("nodes", "name"), ["f"]);
    assert_eq!(
        root.list("nodes", &[("perPage", "1")]).ok()["totalItems"],
        json!(1)
    );
}

#[test]
fn a_refusal_deep_in_a_cascade_undoes_it_all() {
    let app = TestApp::start();
    let root = app.root();
    family(&app, &json!({"cascadeDelete": true}));
    let children = root.get("/api/collections/children").ok();
    app.open_collection(
        "toys",
        json!([{"type": "relation", "name": "of", "collectionId": children["id"], "required": true}]),
    );
    for n in 0..3 {
        root.create(
            "children",
            json!({"id": id(&format!("c{n}")), "parent": id("p1")}),
        );
    }
    let toy = root.create("toys", json!({"of": id("c1")}));
    let before = root.everything(&["parents", "children", "toys"]);
    root.remove("parents", &id("p1")).refused(400);
    root.delete("/api/collections/parents/truncate")
        .refused(400);
    assert_eq!(root.everything(&["parents", "children", "toys"]), before);
    assert_eq!(
        root.remove("toys", toy["id"].as_str().expect("an id"))
            .status,
        204
    );
    assert_eq!(root.remove("parents", &id("p1")).status, 204);
    assert!(root.all("children", "id").is_empty());
}

#[test]
fn a_record_may_refer_to_itself() {
    let app = TestApp::start();
    let root = app.root();
    let nodes = app.open_collection("nodes", json!([]));
    let relation =
        json!({"type": "relation", "name": "me", "collectionId": nodes["id"], "required": false});
    root.patch("/api/collections/nodes", json!({"fields": [relation]}))
        .ok();
    root.create("nodes", json!({"id": id("a")}));
    root.update("nodes", &id("a"), json!({"me": id("a")})).ok();
    assert_eq!(root.remove("nodes", &id("a")).status, 204);
    assert!(root.all("nodes", "id").is_empty());
}

#[test]
fn no_reference_dangles_when_its_target_goes_meanwhile() {
    for options in [
        json!({"required": true}),
        json!({"cascadeDelete": true}),
        json!({"maxSelect": 5}),
    ] {
        let app = TestApp::start();
        family(&app, &options);
        let guest = app.guest();
        for round in 0..12 {
            let parent = id(&format!("r{round}x"));
            guest.create("parents", json!({"id": parent, "name": "short-lived"}));
            let bystander =
                guest.create("children", json!({"name": "bystander", "parent": id("p1")}));
            let bystander = bystander["id"].as_str().expect("an id");
            let replies = at_once(6, |n| match n {
                0 => guest.remove("parents", &parent),
                1 => guest.update("children", bystander, json!({"parent": parent})),
                _ => guest.try_create("children", json!({"name": "child", "parent": parent})),
            });
            for reply in replies.iter().skip(1).filter(|reply| reply.status != 200) {
                // The bystander may have gone with the parent that it had just got.
                if reply.status != 404 {
                    reply.refused_for("parent", "missing_rel_records");
                }
            }
            assert!(
                [204, 400].contains(&replies[0].status),
                "{}",
                replies[0].text
            );
        }
        let parents = guest.all("parents", "id");
        let children = guest.list("children", &[("perPage", "1000")]).ok();
        for child in children["items"].as_array().expect("items") {
            let one = vec![child["parent"].clone()];
            let references = child["parent"].as_array().cloned().unwrap_or(one);
            for reference in references {
                let reference = reference.as_str().expect("an id");
                let exists =
                    reference.is_empty() || parents.iter().any(|parent| parent == reference);
                assert!(exists, "{options}: {child} refers to nothing");
            }
        }
        let total = guest.list("children", &[("perPage", "1")]).ok()["totalItems"].clone();
        assert_eq!(
            total,
            json!(children["items"].as_array().map(Vec::len)),
            "{options}"
        );
    }
}
