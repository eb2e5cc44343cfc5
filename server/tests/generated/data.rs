//! Records that are made up, with values that databases are not of one mind about.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "b",
    "é",
    "É",
    "5",
    "5.0",
    " 5",
    "-1",
    "1e3",
    "0",
    "true",
    "null",
    "%",
    "_",
    "\\",
    "it's",
    "\"",
    "[]",
    "{}",
    "[\"a\"]",
    "2024-01-31",
    "2024-01-31 10:20:30.456Z",
    "12:30",
    "now?",
    "2460000.5",
    "a\nb",
    "😀",
];

/// Records of [`plinth_fuzz::definitions`].
pub(crate) fn records() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let things = prop::collection::vec(thing(), 12);
    let notes = prop::collection::vec(note(), 10);
    let others = prop::collection::vec(other(), OTHERS);
    (others, things, notes).prop_map(|(others, things, notes)| {
        let numbered = |name: &'static str, prefix: &'static str, records: Vec<Value>| {
            records.into_iter().enumerate().map(move |(n, mut record)| {
                record["id"] = json!(id(prefix, n));
                (name, record)
            })
        };
        numbered("others", "other", others)
            .chain(numbered("things", "thing", things))
            .chain(numbered("notes", "note", notes))
            .collect()
    })
}

const OTHERS: usize = 4;

fn id(prefix: &str, n: usize) -> String {
    format!("{prefix}{n:0>width$}", width = 15 - prefix.len())
}

fn text() -> impl Strategy<Value = Value> {
    select(TEXTS).prop_map(Value::from)
}

fn number() -> impl Strategy<Value = Value> {
    select(
        &[
            0.0,
            1.0,
            -1.0,
            5.0,
            5.5,
            -2.5,
            100.0,
            0.1,
            1e6,
            2_460_000.5,
            1.7e9,
            123_456_789.125,
        ][..],
    )
    .prop_map(Value::from)
}

fn place() -> impl Strategy<Value = Value> {
    let degrees = select(
        &[
            (0.0, 0.0),
            (23.32, 42.69),
            (-74.0, 40.7),
            (180.0, -90.0),
            (5.0, 0.0),
        ][..],
    );
    degrees.prop_map(|(lon, lat)| json!({"lon": lon, "lat": lat}))
}

fn date() -> impl Strategy<Value = Value> {
    let dates = [
        "",
        "2024-01-31 10:20:30.456Z",
        "2024-02-29 23:59:59.999Z",
        "1969-12-31 00:00:00.000Z",
        "2023-01-01 00:00:00.000Z",
        "0001-02-03 04:05:06.000Z",
        "9999-12-31 23:59:59.999Z",
    ];
    select(dates.to_vec()).prop_map(Value::from)
}

fn data() -> impl Strategy<Value = Value> {
    let values = [
        json!(null),
        json!(5),
        json!("5"),
        json!("a"),
        json!(""),
        json!(true),
        json!(false),
        json!(0),
        json!([]),
        json!({}),
        json!({"a": 1}),
        json!({"a": "1"}),
        json!({"a": null}),
        json!({"a": true}),
        json!({"a": "2024-01-31"}),
        json!({"a": 1.5}),
        json!({"list": [1, "b", null]}),
        json!({"deep": {"x": "y"}}),
        json!([1, 2]),
        json!([{"a": 1}]),
    ];
    select(values.to_vec())
}

fn some(values: Vec<String>, most: usize) -> impl Strategy<Value = Value> {
    let most = most.min(values.len());
    prop::sample::subsequence(values, 0..=most)
        .prop_shuffle()
        .prop_map(Value::from)
}

fn one_other() -> impl Strategy<Value = Value> {
    (0..=OTHERS).prop_map(|n| {
        Value::from(if n == OTHERS {
            String::new()
        } else {
            id("other", n)
        })
    })
}

fn thing() -> impl Strategy<Value = Value> {
    let words = ["a", "b", "5", "true"].map(str::to_owned).to_vec();
    let texts = (
        text(),
        text(),
        number(),
        any::<bool>(),
        date(),
        data(),
        place(),
    );
    let choices = (
        select(&["", "a", "b", "5", "true"][..]),
        some(words, 3),
        one_other(),
        some((0..OTHERS).map(|n| id("other", n)).collect(), 3),
        select(&["", "a@example.com", "A@b.co"][..]),
        select(&["", "https://example.com/?a=1"][..]),
    );
    (texts, choices).prop_map(
        |((text, editor, number, bool, date, data, place), (one, many, friend, friends, email, url))| {
            json!({
                "text": text, "editor": editor, "number": number, "bool": bool, "date": date, "data": data, "place": place,
                "one": one, "many": many, "friend": friend, "friends": friends, "email": email, "url": url,
            })
        },
    )
}

fn other() -> impl Strategy<Value = Value> {
    (text(), number(), place())
        .prop_map(|(name, size, place)| json!({"name": name, "size": size, "place": place}))
}

fn note() -> impl Strategy<Value = Value> {
    (text(), number(), 0..14_usize).prop_map(|(text, number, thing)| {
        let thing = if thing < 12 {
            id("thing", thing)
        } else {
            String::new()
        };
        json!({"text": text, "number": number, "thing": thing})
    })
}
