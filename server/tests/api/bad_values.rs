//! What bad values get: a problem of their field, and nothing changes.

use serde_json::{Value, json};

use crate::bad_input::{JSON, RECORDS, things};
use crate::support::TestApp;

#[test]
fn every_type_in_every_field_is_an_answer() {
    let app = TestApp::start();
    things(&app);
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5),
        json!(1e308),
        json!(9_007_199_254_740_993_i64),
        json!(u64::MAX),
        json!(""),
        json!("text"),
        json!("5"),
        json!("\u{1}\u{7f}\u{ffff}"),
        json!([]),
        json!([null]),
        json!([[["x"]]]),
        json!(["a", 5, null, {}]),
        json!({}),
        json!({"a": {"b": [1]}}),
        json!({"": ""}),
        json!("x".repeat(100_000)),
    ];
    let before = app.root().everything(&["things"]);
    let mut made = Vec::new();
    for field in [
        "id", "title", "n", "ok", "mail", "site", "day", "one", "many", "data", "tag", "tags",
        "created",
    ] {
        for value in &values {
            let modified = [
                format!("{field}+"),
                format!("+{field}"),
                format!("{field}-"),
                format!("{field}:autogenerate"),
            ];
            // Of each kind of modifier that there is, one field; and one that has none.
            let has_modifiers = ["title", "n", "many", "tags", "data"].contains(&field);
            let modified = modified.iter().filter(|_| has_modifiers);
            for name in std::iter::once(&field.to_owned()).chain(modified) {
                let reply = app
                    .guest()
                    .try_create("things", json!({name.as_str(): value}));
                if reply.status == 200 {
                    made.push(reply.body["id"].as_str().expect("an id").to_owned());
                    continue;
                }
                assert_eq!(reply.status, 400, "{name} {value}: {}", reply.text);
                assert!(
                    !reply.code(field).is_empty(),
                    "{name} {value}: {}",
                    reply.text
                );
                reply.refused(400);
            }
        }
    }
    for id in made {
        let stored = app.guest().view("things", &id).ok();
        for (field, is_right) in [
            ("title", stored["title"].is_string()),
            ("n", stored["n"].is_number()),
            ("ok", stored["ok"].is_boolean()),
            ("day", stored["day"].is_string()),
            ("one", stored["one"].is_string()),
            ("many", stored["many"].is_array()),
            ("tag", stored["tag"] == json!("")),
            ("tags", stored["tags"] == json!([])),
        ] {
            assert!(is_right, "{field}: {stored}");
        }
        assert_eq!(app.guest().remove("things", &id).status, 204);
    }
    assert_eq!(app.root().everything(&["things"]), before);
}

#[test]
fn text_that_a_database_cannot_hold_is_refused_at_its_field() {
    let app = TestApp::start();
    things(&app);
    let before = app.root().everything(&["things", "users"]);
    let nul = "a\u{0}b";
    for (field, value) in [
        ("id", json!("nul\u{0}00000000000")),
        ("title", json!(nul)),
        ("mail", json!("a\u{0}@example.com")),
        ("site", json!("https://a.com/\u{0}")),
        ("one", json!(nul)),
        ("many", json!([nul])),
        ("data", json!([nul])),
        ("data", json!({nul: 1})),
        ("data", json!("[\"\\u0000\"]")),
        ("tag", json!(nul)),
        ("tags", json!([nul])),
    ] {
        let reply = app.guest().try_create("things", json!({field: value}));
        assert_eq!(reply.status, 400, "{field}: {}", reply.text);
        assert!(
            !reply.refused(400).code(field).is_empty(),
            "{field}: {}",
            reply.text
        );
        let reply = app
            .guest()
            .update("things", "kept00000000000", json!({field: value}));
        assert!(
            !reply.refused(400).code(field).is_empty(),
            "{field}: {}",
            reply.text
        );
    }
    for password in [nul, "password\u{0}"] {
        let account = json!({"email": "a@example.com", "password": password, "passwordConfirm": password, "name": nul});
        app.guest().try_create("users", account).refused(400);
        let body = json!({"identity": nul, "password": password});
        app.guest()
            .post("/api/collections/users/auth-with-password", body)
            .refused(400);
    }
    for definition in [
        json!({"name": nul}),
        json!({"name": "x", "id": nul}),
        json!({"name": "x", "listRule": format!("id = '{nul}'")}),
        json!({"name": "x", "fields": [{"type": "text", "name": nul}]}),
        json!({"name": "x", "fields": [{"type": "relation", "name": "a", "collectionId": nul}]}),
    ] {
        let reply = app.root().post("/api/collections", definition.clone());
        assert_eq!(reply.status, 400, "{definition}: {}", reply.text);
        reply.refused(400);
    }
    assert_eq!(app.root().everything(&["things", "users"]), before);
}

#[test]
fn half_a_surrogate_pair_is_no_text() {
    let app = TestApp::start();
    things(&app);
    let total = || app.root().list("things", &[]).ok()["totalItems"].clone();
    let before = total();
    for escape in [
        r"\ud800",
        r"\udc00",
        r"\ud800\ud800",
        r"\udc00\ud800",
        r"\ud83d x",
    ] {
        for body in [
            format!("{{\"title\":\"{escape}\"}}"),
            format!("{{\"data\":\"{escape}\"}}"),
            format!("{{\"{escape}\":1}}"),
        ] {
            let reply = app
                .guest()
                .send("POST", RECORDS, Some(body.clone().into_bytes()), JSON);
            assert_eq!(reply.status, 400, "{body}: {}", reply.text);
            reply.refused(400);
        }
    }
    assert_eq!(total(), before);
    let whole = app
        .guest()
        .send(
            "POST",
            RECORDS,
            Some(br#"{"title":"\ud83d\ude00"}"#.to_vec()),
            JSON,
        )
        .ok();
    assert_eq!(whole["title"], json!("😀"));
}

#[test]
fn large_numbers_are_the_nearest_that_there_is() {
    let app = TestApp::start();
    things(&app);
    for (given, kept) in [
        ("9007199254740991", "9007199254740991"),
        ("9007199254740993", "9007199254740992"),
        ("18446744073709551615", "18446744073709552000"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
        ("-0.1", "-0.1"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("5e-324", "5e-324"),
    ] {
        let body = format!("{{\"n\":{given}}}").into_bytes();
        let reply = app
            .guest()
            .send("POST", &format!("{RECORDS}?fields=n"), Some(body), JSON);
        assert_eq!(reply.text.trim(), format!("{{\"n\":{kept}}}"), "{given}");
        let found = app.guest().list(
            "things",
            &[
                ("filter", "n != 0"),
                ("sort", "-@rowid"),
                ("fields", "n"),
                ("perPage", "1"),
            ],
        );
        assert!(
            found.text.contains(&format!("{{\"n\":{kept}}}")),
            "{given}: {}",
            found.text
        );
    }
}

#[test]
fn keys_that_are_no_fields_are_ignored() {
    let app = TestApp::start();
    things(&app);
    let made = app.guest().create("things", json!({
        "title": "a", "unknown": 1, "collectionId": "x", "collectionName": "users", "expand": {"tag": {"id": "x"}},
        "__proto__": {"title": "b"}, "constructor": {"prototype": {}}, "_rowid_": 99, "TITLE": "c", "title ": "d", "": 1,
    }));
    assert_eq!(
        (&made["title"], &made["collectionName"]),
        (&json!("a"), &json!("things"))
    );
    for key in [
        "unknown",
        "expand",
        "__proto__",
        "constructor",
        "_rowid_",
        "TITLE",
    ] {
        assert_eq!(made.get(key), None, "{key}");
    }
    let many: serde_json::Map<_, _> = (0..50_000)
        .map(|n| (format!("key{n}"), Value::Null))
        .collect();
    app.guest().create("things", Value::Object(many));
}
