//! The fields editor and geoPoint: their options, values and limits.

use serde_json::{Value, json};

use crate::support::TestApp;

#[test]
fn a_place_is_what_a_client_means() {
    let app = TestApp::start();
    app.open_collection("spots", json!([{"type": "geoPoint", "name": "at"}]));
    let nowhere = json!({"lon": 0, "lat": 0});
    for (sent, stored) in [
        (
            json!({"lon": 23.32, "lat": 42.69}),
            json!({"lon": 23.32, "lat": 42.69}),
        ),
        (
            json!({"lon": -180, "lat": -90}),
            json!({"lon": -180, "lat": -90}),
        ),
        (json!(r#" {"lon":3,"lat":4}"#), json!({"lon": 3, "lat": 4})),
        (
            json!({"lon": 1, "lat": "2", "more": 3}),
            json!({"lon": 1, "lat": 0}),
        ),
        (json!({"LON": 1, "Lat": 2}), json!({"lon": 1, "lat": 2})),
        (json!({"lon": -0.0, "lat": null}), nowhere.clone()),
        (Value::Null, nowhere.clone()),
        (json!(""), nowhere.clone()),
        (json!([1, 2]), nowhere.clone()),
        (json!("[1,2]"), nowhere.clone()),
        (json!(r#"{"lon":1"#), nowhere.clone()),
        (json!(5), nowhere.clone()),
        (json!(true), nowhere.clone()),
    ] {
        let record = app.guest().create("spots", json!({"at": sent}));
        assert_eq!(record["at"], stored, "{sent}");
        let id = record["id"].as_str().expect("an id");
        assert_eq!(app.guest().view("spots", id).ok(), record, "{sent}");
    }
    let record = app.guest().create("spots", json!({}));
    assert_eq!(record["at"], nowhere);
    let id = record["id"].as_str().expect("an id");
    let moved = json!({"at": {"lat": 0.000_000_1, "lon": 1}});
    app.guest().update("spots", id, moved).ok();
    // The longitude comes first, on either database.
    let text = app.guest().view("spots", id).text;
    assert!(text.contains(r#""at":{"lon":1,"lat":0.0000001}"#), "{text}");
    // There are no parts and no modifiers to set.
    let same = json!({"at.lon": 5, "at+": {"lon": 5}, "at-": {"lon": 1}});
    let record = app.guest().update("spots", id, same).ok();
    assert_eq!(record["at"]["lon"], json!(1));
}

#[test]
fn a_place_off_the_earth_is_refused() {
    let app = TestApp::start();
    let at = json!([{"type": "geoPoint", "name": "at", "required": true}]);
    app.open_collection("spots", at);
    let at = |lon: f64, lat: f64| {
        let body = json!({"at": {"lon": lon, "lat": lat}});
        app.guest().try_create("spots", body)
    };
    at(180.001, 0.0).refused_for("at", "invalid_longitude");
    at(-181.0, 0.0).refused_for("at", "invalid_longitude");
    at(0.0, 90.5).refused_for("at", "invalid_latitude");
    at(0.0, -1e300).refused_for("at", "invalid_latitude");
    at(500.0, 500.0).refused_for("at", "invalid_latitude");
    at(0.0, 0.0).refused_for("at", "required");
    app.guest()
        .try_create("spots", json!({}))
        .refused_for("at", "required");
    at(0.0, 0.1).ok();
    assert_eq!(app.root().list("spots", &[]).ok()["totalItems"], json!(1));
}

#[test]
fn records_that_there_are_get_the_new_fields() {
    let app = TestApp::start();
    let name = json!({"type": "text", "name": "name", "id": "f_name"});
    app.open_collection("spots", json!([name]));
    app.guest().create("spots", json!({"name": "old"}));
    let fields =
        json!([name, {"type": "geoPoint", "name": "at"}, {"type": "editor", "name": "about"}]);
    app.root()
        .patch("/api/collections/spots", json!({"fields": fields}))
        .ok();
    let old = &app.root().list("spots", &[]).ok()["items"][0];
    assert_eq!(old["at"], json!({"lon": 0, "lat": 0}));
    assert_eq!(old["about"], json!(""));
    let filter = "at.lon = 0 && at = '{\"lon\":0,\"lat\":0}' && about = ''";
    assert_eq!(app.root().filter("spots", filter, "name"), ["old"]);
}

#[test]
fn a_place_that_changes_is_told_from_one_that_does_not() {
    let app = TestApp::start();
    app.collection(json!({
        "name": "spots", "type": "base", "viewRule": "", "createRule": "",
        "updateRule": "@request.body.at:changed = false",
        "fields": [{"type": "geoPoint", "name": "at"}, {"type": "text", "name": "name"}],
    }));
    let spot = app
        .guest()
        .create("spots", json!({"at": {"lon": 1.5, "lat": 2}}));
    let id = spot["id"].as_str().expect("an id");
    let same = json!({"at": {"lat": 2, "lon": 1.5}, "name": "same"});
    app.guest().update("spots", id, same).ok();
    let moved = json!({"at": {"lat": 2, "lon": 1}});
    app.guest().update("spots", id, moved).refused(404);
}

#[test]
fn html_has_a_size() {
    let app = TestApp::start();
    app.open_collection(
        "pages",
        json!([
            {"type": "editor", "name": "body", "maxSize": 20},
            {"type": "editor", "name": "more", "convertURLs": true},
        ]),
    );
    let body = json!({"body": "<p>é</p>", "more": "x".repeat(6000)});
    assert_eq!(app.guest().create("pages", body)["body"], json!("<p>é</p>"));
    for (sent, stored) in [
        (json!(5), "5"),
        (json!(true), "true"),
        (json!(null), ""),
        (json!({"a": 1}), ""),
        (json!([]), ""),
    ] {
        let page = app.guest().create("pages", json!({"body": sent}));
        assert_eq!(page["body"], json!(stored));
    }
    // Bytes count, not characters.
    app.guest().create("pages", json!({"body": "é".repeat(10)}));
    let reply = app
        .guest()
        .try_create("pages", json!({"body": "é".repeat(11)}));
    reply.refused_for("body", "content_size_limit");
    assert_eq!(reply.body["data"]["body"]["params"], json!({"maxSize": 20}));
    app.guest()
        .try_create("pages", json!({"body": "a\u{0}b"}))
        .refused_for("body", "invalid_format");
    let large = json!({"more": "x".repeat((5 << 20) + 1)});
    app.guest()
        .try_create("pages", large)
        .refused_for("more", "content_size_limit");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let app = TestApp::start();
    let create = |fields: Value| {
        let definition = json!({"name": "bad", "type": "base", "fields": fields});
        app.root().post("/api/collections", definition)
    };
    let reply = create(json!([
        {"type": "editor", "name": "a", "maxSize": -1},
        {"type": "editor", "name": "b", "help": "x".repeat(301)},
        {"type": "geoPoint", "name": "c", "help": "x".repeat(301)},
    ]));
    reply.refused_for("fields.1.maxSize", "min_greater_equal_than_required");
    reply.refused_for("fields.2.help", "length_out_of_range");
    reply.refused_for("fields.3.help", "length_out_of_range");
    create(json!([{"type": "geopoint", "name": "a"}])).refused(400);
}
