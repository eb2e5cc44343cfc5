//! Numbers come back as they went in, and are found by their own value.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::stream::Stream;

/// How many made-up doubles go every way.
const DOUBLES: usize = 120;

/// Doubles of 15 to 17 digits, as prices, measurements and coordinates are, others of any size, and some at the edges.
fn doubles() -> Vec<f64> {
    let digits = (1..=99_999_999_999_999_999_i64, 0..=16_i32, any::<bool>());
    let decimal = digits.prop_map(|(digits, places, negative)| {
        let text = format!("{}{digits}e-{places}", if negative { "-" } else { "" });
        text.parse().expect("a double")
    });
    let any_double = any::<f64>().prop_filter("JSON has no others", |n: &f64| {
        // No sign stays before zero.
        n.is_finite() && (*n != 0.0 || n.is_sign_positive())
    });
    let strategy = prop_oneof![3 => decimal, 1 => any_double];
    let mut runner = TestRunner::deterministic();
    let mut doubles: Vec<f64> = (0..DOUBLES)
        .map(|_| strategy.new_tree(&mut runner).expect("a double").current())
        .collect();
    doubles.extend([
        10_928_588.983_213_553,
        9_007_199_254_740_991.0,
        -9_007_199_254_740_993.0,
        0.1 + 0.2,
        5e-324,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        1e21,
        1e-7,
        1e23,
    ]);
    doubles.sort_by(f64::total_cmp);
    doubles.dedup();
    doubles
}

fn as_double(value: &Value) -> u64 {
    value.as_f64().expect("a number").to_bits()
}

#[test]
fn f02_a_double_is_the_same_every_way_in_and_out() {
    let app = TestApp::start();
    app.open_collection(
        "things",
        json!([{"type": "number", "name": "n"}, {"type": "json", "name": "j"}, {"type": "json", "name": "top"}]),
    );
    let rules = json!({"updateRule": "@request.body.n = n && @request.body.j = j && @request.body.top = top"});
    let root = app.root();
    root.patch("/api/collections/things", rules).ok();
    root.post(
        "/api/collections",
        json!({"name": "seen", "type": "view", "listRule": "", "viewRule": "",
            "viewQuery": "SELECT id, n, j, top FROM things"}),
    )
    .ok();
    let doubles = doubles();
    let guest = app.guest();
    let stream = Stream::of(&guest, &["things/*"]);

    // In the reverse order, so that the sort has something to do.
    for (index, double) in doubles.iter().enumerate().rev() {
        let id = format!("{index:0>15}");
        let body = json!({"id": id, "n": double, "j": {"x": double}, "top": double});
        let created = guest.create("things", body.clone());
        let event = stream.next().data;
        let found = guest.view("things", &id).ok();
        let shown = guest.view("seen", &id).ok();
        for record in [&created, &event["record"], &found, &shown] {
            assert_eq!(as_double(&record["n"]), double.to_bits(), "{double:e}");
            assert_eq!(as_double(&record["j"]["x"]), double.to_bits(), "{double:e}");
            assert_eq!(as_double(&record["top"]), double.to_bits(), "{double:e}");
        }
        // The rule compares what comes in with what is stored.
        guest.update("things", &id, body).ok();
        stream.next();
    }

    for (index, double) in doubles.iter().enumerate() {
        let id = format!("{index:0>15}");
        // Display writes a double in full, without an exponent, which filters do not have.
        let mut text = String::new();
        write!(text, "{double}").expect("text");
        for path in ["n", "j.x", "top"] {
            for collection in ["things", "seen"] {
                let found = guest.filter(collection, &format!("{path} = {text}"), "id");
                assert_eq!(found, [id.as_str()], "{path} = {text} in {collection}");
            }
            let others = guest.list("things", &[("filter", &format!("{path} != {text}"))]);
            assert_eq!(
                others.ok()["totalItems"],
                doubles.len() - 1,
                "{path} != {text}"
            );
            let lower = guest.list("things", &[("filter", &format!("{path} < {text}"))]);
            assert_eq!(lower.ok()["totalItems"], index, "{path} < {text}");
        }
    }

    let ids: Vec<String> = (0..doubles.len()).map(|n| format!("{n:0>15}")).collect();
    for sort in ["n", "j.x", "top"] {
        let page = guest
            .list("things", &[("sort", sort), ("perPage", "1000")])
            .ok();
        let items = page["items"].as_array().expect("items");
        let sorted: Vec<&str> = items
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect();
        assert_eq!(sorted, ids, "{sort}");
    }
}

#[test]
fn f02_limits_of_a_definition_survive_export_and_import() {
    let app = TestApp::start();
    let root = app.root();
    for limit in [
        9_007_199_254_740_991.0_f64,
        10_928_588.983_213_553,
        0.1 + 0.2,
    ] {
        app.collection(json!({
            "name": "limited", "type": "base",
            "fields": [{"type": "number", "name": "n", "min": -limit, "max": limit}],
        }));
        let exported = root.get("/api/collections/limited").ok();
        let import = json!({"collections": [exported]});
        root.put("/api/collections/import", import).ok();
        let imported = root.get("/api/collections/limited").ok();
        assert_eq!(imported["fields"], exported["fields"]);
        let mut fields = imported["fields"].as_array().expect("fields").iter();
        let n = fields
            .find(|field| field["name"] == "n")
            .expect("the field");
        assert_eq!(as_double(&n["max"]), limit.to_bits());
        assert_eq!(as_double(&n["min"]), (-limit).to_bits());
        root.delete("/api/collections/limited").ok();
    }
}

#[test]
fn f18_whole_numbers_beyond_doubles_are_found_in_json() {
    let app = TestApp::start();
    app.open_collection("things", json!([{"type": "json", "name": "j"}]));
    let guest = app.guest();
    let rule = json!({"updateRule": "@request.body.j = j"});
    app.root().patch("/api/collections/things", rule).ok();
    let numbers = [
        i64::MIN,
        -9_007_199_254_740_993,
        9_007_199_254_740_992,
        9_007_199_254_740_993,
        9_007_199_254_740_994,
        i64::MAX,
    ];
    for (index, number) in numbers.iter().enumerate() {
        let id = format!("{index:0>15}");
        let created = guest.create("things", json!({"id": id, "j": number}));
        assert_eq!(created["j"], json!(number));
        guest.update("things", &id, json!({"j": number})).ok();
    }
    for (index, number) in numbers.iter().enumerate() {
        let count = |operator: &str| {
            let found = guest.filter("things", &format!("j {operator} {number}"), "id");
            found.len()
        };
        assert_eq!(count("="), 1, "{number}");
        assert_eq!(count("!="), numbers.len() - 1, "{number}");
        assert_eq!(count("<"), index, "{number}");
        assert_eq!(count("<="), index + 1, "{number}");
        assert_eq!(count(">"), numbers.len() - index - 1, "{number}");
    }
    // Beyond 64 bits a number is a double, as it is for SQLite.
    let created = guest.create("things", json!({"j": u64::MAX}));
    assert_eq!(created["j"].as_f64(), Some(18_446_744_073_709_551_615.0));
    let found = guest.filter("things", "j = 18446744073709551615", "id");
    assert_eq!(found.len(), 1);
}

#[test]
fn f20_json_is_compared_and_sorted_alike_on_every_database() {
    let app = TestApp::start();
    app.open_collection("things", json!([{"type": "json", "name": "j"}]));
    let guest = app.guest();
    for (id, text) in [
        ("object000000000", r#"{"j": {"0": "x", "aa": 2, "b": 1}}"#),
        ("list00000000000", r#"{"j": ["x", 1e21, 1e-7, -0.0]}"#),
        ("nested000000000", r#"{"j": [{"0": "x"}, [false]]}"#),
        ("false0000000000", r#"{"j": false}"#),
        ("zero00000000000", r#"{"j": 0}"#),
        ("minuszero000000", r#"{"j": -0.0}"#),
        ("true00000000000", r#"{"j": true}"#),
        ("one000000000000", r#"{"j": 1}"#),
        ("text00000000000", r#"{"j": "text"}"#),
        ("null00000000000", r#"{"j": null}"#),
    ] {
        let body: Value = serde_json::from_str(text).expect("JSON");
        let mut body = body;
        body["id"] = json!(id);
        guest.create("things", body);
    }
    // A number in a path is an index, never a key.
    assert_eq!(
        guest.filter("things", "j.0 = 'x'", "id"),
        ["list00000000000"]
    );
    assert_eq!(
        guest.filter("things", "j.1.0 = false", "id"),
        ["nested000000000"]
    );
    assert_eq!(guest.filter("things", "j.0.0 != null", "id"), [""; 0]);
    assert_eq!(guest.filter("things", "j.4294967296 = 'x'", "id"), [""; 0]);
    assert_eq!(
        guest.filter("things", "j.0:lower = 'x'", "id"),
        ["list00000000000"]
    );
    assert_eq!(guest.filter("things", "j.1:length = 1", "id").len(), 2);
    // Lists and objects are the text of their JSON.
    let object = r#"j = '{"0":"x","aa":2,"b":1}'"#;
    assert_eq!(guest.filter("things", object, "id"), ["object000000000"]);
    let list = r#"j = '["x",1e+21,1e-7,0]'"#;
    assert_eq!(guest.filter("things", list, "id"), ["list00000000000"]);
    assert_eq!(
        guest.filter("things", "j ~ '1e+21,1e-7'", "id"),
        ["list00000000000"]
    );
    // No sign before zero, and what is equal stays in the order of insertion.
    let stored = guest.view("things", "minuszero000000");
    assert!(stored.text.contains("\"j\":0"), "{}", stored.text);
    let sorted = |sort: &str| -> Vec<String> {
        let page = guest.list("things", &[("sort", sort)]).ok();
        let items = page["items"].as_array().expect("items");
        let ids = items.iter().filter_map(|item| item["id"].as_str());
        ids.map(|id| id.trim_end_matches('0').to_owned()).collect()
    };
    let numbers = ["null", "false", "zero", "minuszero", "true", "one"];
    assert_eq!(sorted("j")[..6], numbers);
    assert_eq!(sorted("j")[6..], ["list", "nested", "text", "object"]);
    assert_eq!(sorted("-j")[..4], ["object", "text", "nested", "list"]);
    assert_eq!(
        sorted("-j")[4..],
        ["true", "one", "false", "zero", "minuszero", "null"]
    );
    let zero = guest.create("things", json!({"j": {"n": -0.0}}));
    assert_eq!(zero["j"].to_string(), r#"{"n":0}"#);
}

#[test]
fn f20_a_number_field_has_no_negative_zero() {
    let app = TestApp::start();
    app.open_collection("things", json!([{"type": "number", "name": "n"}]));
    let guest = app.guest();
    let created = guest.create("things", json!({"n": -0.0}));
    let id = created["id"].as_str().expect("an id").to_owned();
    assert_eq!(created["n"].to_string(), "0");
    assert_eq!(guest.view("things", &id).ok()["n"].to_string(), "0");
    guest.update("things", &id, json!({"n": 5})).ok();
    let back = guest.update("things", &id, json!({"n-": 5})).ok();
    assert_eq!(back["n"].to_string(), "0");
    assert_eq!(guest.filter("things", "n = -0", "id").len(), 1);
}
