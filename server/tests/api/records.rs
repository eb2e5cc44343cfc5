//! Records: values of each type, modifiers, and what happens when many write at once.

use serde_json::{Value, json};

use crate::support::TestApp;

/// A collection with a field of every type, and one to refer to.
fn of_all_types(app: &TestApp) {
    let tags = app.open_collection("tags", json!([{"type": "text", "name": "name"}]));
    app.open_collection(
        "things",
        json!([
            {"type": "text", "name": "title", "min": 2, "max": 5},
            {"type": "text", "name": "code", "pattern": "^[A-Z]+$"},
            {"type": "text", "name": "made", "autogeneratePattern": "x[0-9]{4}"},
            {"type": "number", "name": "n", "min": -5, "max": 100},
            {"type": "number", "name": "whole", "onlyInt": true},
            {"type": "bool", "name": "ok"},
            {"type": "email", "name": "mail", "exceptDomains": ["spam.com"]},
            {"type": "url", "name": "site", "onlyDomains": ["a.com"]},
            {"type": "date", "name": "day", "min": "2020-01-01 00:00:00.000Z"},
            {"type": "select", "name": "one", "values": ["a", "b"]},
            {"type": "select", "name": "many", "values": ["a", "b", "c"], "maxSelect": 2},
            {"type": "json", "name": "data", "maxSize": 40},
            {"type": "relation", "name": "tag", "collectionId": tags["id"]},
            {"type": "relation", "name": "tags", "collectionId": tags["id"], "minSelect": 2, "maxSelect": 3},
            {"type": "password", "name": "pin", "min": 4, "hidden": true},
            {"type": "autodate", "name": "created", "onCreate": true},
            {"type": "autodate", "name": "updated", "onCreate": true, "onUpdate": true},
        ]),
    );
    for id in ["taga", "tagb", "tagc"] {
        app.root()
            .create("tags", json!({"id": format!("{id:0<15}")}));
    }
}

#[test]
fn values_of_every_type_are_kept_as_they_were_given() {
    let app = TestApp::start();
    of_all_types(&app);
    let guest = app.guest();
    let given = json!({
        "title": "é😀", "code": "ABC", "n": -1.5, "whole": 9_007_199_254_740_991_i64, "ok": true,
        "mail": "ann@example.com", "site": "https://a.com/x?y=<z>", "day": "2024-02-29 12:13:14.567Z",
        "one": "b", "many": ["b", "a"], "data": {"z": [1, null, "é\u{2028}"], "a": 1.5},
        "tag": "taga00000000000", "tags": ["tagb00000000000", "taga00000000000"],
    });
    let made = guest.create("things", given.clone());
    let id = made["id"].as_str().expect("an id");
    assert_eq!(guest.view("things", id).ok(), made);
    assert_eq!(guest.list("things", &[]).ok()["items"], json!([made]));
    for (name, value) in given.as_object().expect("an object") {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!(made["created"], made["updated"]);
    assert_eq!(made.get("pin"), None);
    assert!(
        made["made"]
            .as_str()
            .is_some_and(|text| text.len() == 5 && text.starts_with('x'))
    );

    let changed = guest
        .update(
            "things",
            id,
            json!({"title": "new", "created": "2000-01-01"}),
        )
        .ok();
    assert_eq!(changed["title"], json!("new"));
    assert_eq!(changed["created"], made["created"]);
    assert_eq!(changed["n"], made["n"], "what is not sent stays");
    assert!(changed["updated"].as_str() >= made["updated"].as_str());
    assert_eq!(guest.remove("things", id).status, 204);
    guest.view("things", id).refused(404);
    guest.update("things", id, json!({})).refused(404);
    guest.remove("things", id).refused(404);
}

#[test]
fn what_is_not_given_is_zero() {
    let app = TestApp::start();
    of_all_types(&app);
    let zeros = json!({
        "title": "", "code": "", "n": 0, "whole": 0, "ok": false, "mail": "", "site": "", "day": "",
        "one": "", "many": [], "data": null, "tag": "", "tags": [],
    });
    let nulls: serde_json::Map<_, _> = zeros
        .as_object()
        .expect("an object")
        .keys()
        .map(|name| (name.clone(), Value::Null))
        .collect();
    for body in [json!({}), Value::Object(nulls)] {
        let made = app.guest().create("things", body);
        for (name, zero) in zeros.as_object().expect("an object") {
            assert_eq!(&made[name], zero, "{name}");
        }
    }
}

#[test]
fn each_type_refuses_what_it_cannot_hold_and_names_the_field() {
    let app = TestApp::start();
    of_all_types(&app);
    let guest = app.guest();
    let kept = guest.create("things", json!({"title": "kept"}));
    let id = kept["id"].as_str().expect("an id");
    let before = app.root().everything(&["things"]);
    for (field, value, code) in [
        ("id", json!("UPPER"), "min_text_constraint"),
        ("id", json!("UPPERUPPERUPPER"), "invalid_format"),
        ("id", kept["id"].clone(), "not_unique"),
        ("title", json!("x"), "min_text_constraint"),
        ("title", json!("sixsix"), "max_text_constraint"),
        ("code", json!("abc"), "invalid_format"),
        ("n", json!(-6), "min_number_constraint"),
        ("n", json!(101), "max_number_constraint"),
        ("n", json!("NaN"), "not_a_number"),
        ("n", json!("Infinity"), "not_a_number"),
        ("whole", json!(1.5), "only_int_constraint"),
        ("mail", json!("ann"), "is_email"),
        ("mail", json!("ann@spam.com"), "email_domain_not_allowed"),
        ("site", json!("javascript:alert(1)"), "invalid_url"),
        ("site", json!("https://b.com"), "url_domain_not_allowed"),
        (
            "day",
            json!("2019-12-31"),
            "min_greater_equal_than_required",
        ),
        ("one", json!("c"), "invalid_value"),
        ("many", json!(["a", "x"]), "invalid_value"),
        ("many", json!(["a", "b", "c"]), "too_many_values"),
        ("data", json!("x".repeat(60)), "json_size_limit"),
        ("tag", json!("missing"), "missing_rel_records"),
        ("tags", json!(["taga00000000000"]), "not_enough_values"),
        (
            "tags",
            json!(["taga00000000000", "missing"]),
            "missing_rel_records",
        ),
        ("pin", json!("123"), "min_text_constraint"),
    ] {
        let client = if field == "pin" { app.root() } else { &guest };
        let reply = client.try_create("things", json!({field: value}));
        assert_eq!(reply.status, 400, "{field} {value}");
        reply.refused_for(field, code);
        if field != "id" {
            let reply = client.update("things", id, json!({field: value, "made": "no"}));
            assert_eq!(reply.status, 400, "{field} {value}");
            reply.refused_for(field, code);
        }
    }
    guest
        .update("things", id, json!({"id": "another00000000"}))
        .refused_for("id", "pk_change");
    assert_eq!(app.root().everything(&["things"]), before);
    // All at once, and each field has its own answer.
    let reply = guest.try_create(
        "things",
        json!({"title": "x", "n": 101, "mail": "x", "tag": "x"}),
    );
    assert_eq!(
        reply.refused(400).body["data"]
            .as_object()
            .map(serde_json::Map::len),
        Some(4)
    );
}

#[test]
fn required_means_more_than_zero() {
    let app = TestApp::start();
    let tags = app.open_collection("tags", json!([]));
    app.open_collection(
        "things",
        json!([
            {"type": "text", "name": "title", "required": true},
            {"type": "number", "name": "n", "required": true},
            {"type": "bool", "name": "ok", "required": true},
            {"type": "email", "name": "mail", "required": true},
            {"type": "date", "name": "day", "required": true},
            {"type": "select", "name": "many", "values": ["a"], "maxSelect": 1, "required": true},
            {"type": "json", "name": "data", "required": true},
            {"type": "relation", "name": "tag", "collectionId": tags["id"], "required": true},
        ]),
    );
    let zeros = json!({
        "title": "", "n": 0, "ok": false, "mail": "", "day": "garbage", "many": [], "data": {}, "tag": "",
    });
    for body in [json!({}), zeros] {
        let reply = app.guest().try_create("things", body);
        for field in ["title", "n", "ok", "mail", "day", "many", "data", "tag"] {
            reply.refused_for(field, "required");
        }
    }
    assert!(app.root().all("things", "id").is_empty());
}

#[test]
fn modifiers_work_on_the_value_there_is() {
    let app = TestApp::start();
    of_all_types(&app);
    let guest = app.guest();
    let made = guest.create(
        "things",
        json!({"n+": 5, "many+": ["a", "b"], "made:autogenerate": "pre-"}),
    );
    assert_eq!((&made["n"], &made["many"]), (&json!(5), &json!(["a", "b"])));
    assert!(
        made["made"]
            .as_str()
            .is_some_and(|text| text.starts_with("pre-x"))
    );
    let id = made["id"].as_str().expect("an id");
    for (change, field, value) in [
        (json!({"n+": 3}), "n", json!(8)),
        (json!({"n-": 10}), "n", json!(-2)),
        (json!({"n+": "2"}), "n", json!(0)),
        (json!({"n+": null}), "n", json!(0)),
        (json!({"n": 1, "n+": 2}), "n", json!(3)),
        (json!({"many-": "a"}), "many", json!(["b"])),
        (json!({"+many": "c"}), "many", json!(["c", "b"])),
        (json!({"many-": ["b", "c", "x"]}), "many", json!([])),
        (json!({"one+": "a"}), "one", json!("a")),
        (json!({"one-": "b"}), "one", json!("a")),
        (json!({"one-": "a"}), "one", json!("")),
        (
            json!({"tag+": "tagb00000000000"}),
            "tag",
            json!("tagb00000000000"),
        ),
        (
            json!({"tags+": ["taga00000000000", "tagb00000000000"]}),
            "tags",
            json!(["taga00000000000", "tagb00000000000"]),
        ),
        (
            json!({"+tags": "tagc00000000000"}),
            "tags",
            json!(["tagc00000000000", "taga00000000000", "tagb00000000000"]),
        ),
        (
            json!({"tags-": "taga00000000000"}),
            "tags",
            json!(["tagc00000000000", "tagb00000000000"]),
        ),
        (
            json!({"title+": "x", "ok+": true, "data+": 1, "missing+": 1}),
            "title",
            json!(""),
        ),
    ] {
        assert_eq!(
            guest.update("things", id, change.clone()).ok()[field],
            value,
            "{change}"
        );
    }
    guest
        .update("things", id, json!({"n+": 1000}))
        .refused_for("n", "max_number_constraint");
    guest
        .update("things", id, json!({"many+": "x"}))
        .refused_for("many", "invalid_value");
    assert_eq!(guest.view("things", id).ok()["n"], json!(3));
}
