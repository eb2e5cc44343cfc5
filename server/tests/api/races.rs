//! Many clients that write at the same moment.

use serde_json::json;

use crate::support::{TestApp, at_once};

#[test]
fn no_increment_is_lost() {
    let app = TestApp::start();
    app.open_collection(
        "counters",
        json!([{"type": "number", "name": "n"}, {"type": "number", "name": "m"}]),
    );
    let made = app.guest().create("counters", json!({"n": 0}));
    let id = made["id"].as_str().expect("an id");
    at_once(8, |thread| {
        for _ in 0..50 {
            let change = if thread % 2 == 0 {
                json!({"n+": 1})
            } else {
                json!({"n+": 2, "n-": 1, "m+": 1})
            };
            app.guest().update("counters", id, change).ok();
        }
    });
    let counter = app.guest().view("counters", id).ok();
    assert_eq!((&counter["n"], &counter["m"]), (&json!(400), &json!(200)));
}

#[test]
fn no_added_value_is_lost() {
    let app = TestApp::start();
    let values: Vec<String> = (0..16).map(|n| format!("v{n}")).collect();
    app.open_collection(
        "things",
        json!([{"type": "select", "name": "many", "values": values, "maxSelect": 16}]),
    );
    let made = app.guest().create("things", json!({}));
    let id = made["id"].as_str().expect("an id");
    at_once(16, |n| {
        app.guest()
            .update("things", id, json!({"many+": format!("v{n}")}))
            .ok()
    });
    let many = app.guest().view("things", id).ok()["many"].clone();
    assert_eq!(many.as_array().map(Vec::len), Some(16), "{many}");
}

#[test]
fn one_of_many_who_take_a_unique_value_gets_it() {
    let app = TestApp::start();
    app.collection(json!({
        "name": "names", "createRule": "", "updateRule": "", "listRule": "", "viewRule": "",
        "fields": [{"type": "text", "name": "name"}],
        "indexes": ["CREATE UNIQUE INDEX idx_names ON names (name)"],
    }));
    let before: Vec<_> = (0..16)
        .map(|n| app.guest().create("names", json!({"name": format!("{n}")})))
        .collect();
    for round in 0..3 {
        let created = at_once(16, |_| {
            app.guest()
                .try_create("names", json!({"name": format!("new {round}")}))
        });
        let updated = at_once(16, |n| {
            let id = before[n]["id"].as_str().expect("an id");
            app.guest()
                .update("names", id, json!({"name": format!("other {round}")}))
        });
        for replies in [created, updated] {
            let won = replies.iter().filter(|reply| reply.status == 200).count();
            assert_eq!(won, 1);
            for reply in replies.iter().filter(|reply| reply.status != 200) {
                reply.refused_for("name", "not_unique");
            }
        }
    }
    assert_eq!(app.guest().list("names", &[]).ok()["totalItems"], json!(19));
}

#[test]
fn one_of_many_who_take_an_id_gets_it() {
    let app = TestApp::start();
    app.open_collection("things", json!([]));
    let replies = at_once(8, |_| {
        app.guest()
            .try_create("things", json!({"id": "same00000000000"}))
    });
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 200).count(),
        1
    );
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.refused_for("id", "not_unique");
    }
}
