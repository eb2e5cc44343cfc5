//! What is called in filters: what each finds among five records. The expectations are PocketBase's answers.

use serde_json::json;

use crate::support::{Client, TestApp, on_postgres};

const FOUND: &[(&str, &str)] = &[
    ("g = ''", ""),
    ("g != ''", "01234"),
    ("g = null", ""),
    ("g != null", "01234"),
    (r#"g = '{"lon":0,"lat":0}'"#, "1"),
    ("g ~ '23.32'", "04"),
    ("g ~ 'lon'", "01234"),
    ("g > 1", "01234"),
    ("g < 'z'", ""),
    ("g.lon = 0", "1"),
    ("g.lon = 23.32", "04"),
    ("g.lon = '23.32'", ""),
    ("g.lon > 0", "034"),
    ("g.lat < 0", "3"),
    ("g.lon != 0", "0234"),
    ("g.lon ~ 23", "04"),
    ("g:lower ~ 'lon'", "01234"),
    ("g = o.g", "4"),
    ("g.lon = o.g.lon", "4"),
    ("g.lon > n", "04"),
    ("e = ''", "1"),
    ("e != ''", "0234"),
    ("e ~ 'a'", "0"),
    ("e:lower = '<p>a</p>'", "0"),
    ("r.g.lon ?= 23.32", "1234"),
    ("r.g.lon = 23.32", "1"),
    ("r.e ?= 'b'", "34"),
    ("geoDistance(g.lon, g.lat, 23.32, 42.69) < 1", "04"),
    ("geoDistance(g.lon, g.lat, 23.32, 42.69) = 0", "04"),
    ("geoDistance(g.lon, g.lat, 23.32, 42.69) >= 0", "01234"),
    ("geoDistance(g.lon, g.lat, 0, 0) < 0.001", "1"),
    ("geoDistance(g.lon,g.lat,0,0) > 8000", "23"),
    ("geoDistance(g.lon,g.lat,0,0) ~ '1'", "0234"),
    ("geoDistance(g.lon,g.lat,0,0) != ''", "01234"),
    ("geoDistance(g.lon,g.lat,0,0) = null", ""),
    ("geoDistance(0,0,0,0) = 0", "01234"),
    ("geoDistance(0,0,0,0) = 0.0", "01234"),
    ("geoDistance(0,0,0,null) > 0", ""),
    ("geoDistance(n,n,0,0) >= 0", "01234"),
    ("geoDistance(t,n,0,0) >= 0", ""),
    ("geoDistance(t,n,0,0) < 1", ""),
    ("geoDistance(e,e,0,0) >= 0", ""),
    ("geoDistance(j.lon,j.x,0,0) >= 0", ""),
    ("geoDistance(r.g.lon,r.g.lat,0,0) > 100", "1234"),
    ("geoDistance(r.g.lon,r.g.lat,0,0) ?> 100", "1234"),
    ("geoDistance(o.g.lon,o.g.lat,g.lon,g.lat) > 100", "123"),
    ("geoDistance(200,100,0,0) > 0", "01234"),
    ("geoDistance(-200,-100,0,0) > 0", "01234"),
    ("geoDistance(@now,0,0,0) = 0", ""),
    ("geoDistance(@year,0,0,0) > 0", "01234"),
    (
        "geoDistance(g.lon,g.lat,0,0) > geoDistance(0,0,0,1)",
        "0234",
    ),
    ("5000 < geoDistance(g.lon,g.lat,0,0)", "0234"),
    ("geoDistance(b,b,0,0) > 100", "024"),
    ("geoDistance(s,b,0,0) >= 0", ""),
    ("strftime('%Y', d) = '2024'", "0"),
    ("strftime('%Y', d) = 2024", ""),
    ("strftime('%Y', d) > 2000", "0234"),
    ("strftime('%Y', d) = ''", "1"),
    ("strftime('%Y', d) != ''", "0234"),
    ("strftime('%Y', t) = ''", "1"),
    ("strftime('%Y', t) = '2024'", "04"),
    ("strftime('%Y', n) = '2023'", "2"),
    ("strftime('%Y', n, 'unixepoch') = '2023'", "3"),
    ("strftime('%Y', n, 'auto') = '2023'", "23"),
    ("strftime('%Y', j) = ''", "012"),
    ("strftime('%Y', '2024-01-31') = '2024'", "01234"),
    ("strftime('%Y', '2024-01-31', '+1 year') = '2025'", "01234"),
    ("strftime('%Y', 0) = '-4713'", "01234"),
    ("strftime('%Y', 2460000.5) = '2023'", "01234"),
    ("strftime('%Y', true) = ''", ""),
    ("strftime('%Y', null) = ''", "01234"),
    ("strftime('%Y', null) = null", "01234"),
    ("strftime('%Y', @now) = @year", ""),
    ("strftime('%Y', @now) > 2000", "01234"),
    ("strftime('%Y', 'now') > '2000'", "01234"),
    ("strftime('%Y') > '2000'", "01234"),
    ("strftime('%Y') = ''", ""),
    ("strftime('', d) = ''", "01234"),
    ("strftime('%', d) = ''", "01234"),
    ("strftime('%Q', d) = ''", "01234"),
    ("strftime('abc', d) = 'abc'", "0234"),
    ("strftime('abc', '') = ''", "01234"),
    ("strftime('%Y%%', d) = '2024%'", "0"),
    ("strftime('%Y-%m', d, '+1 month') = '2024-03'", "0"),
    (
        "strftime('%Y-%m', d, '+1 month', 'start of year') = '2024-01'",
        "0",
    ),
    (
        "strftime('%Y', d, '+1 day', '+1 day', '+1 day', '+1 day', '+1 day', '+1 day', '+1 day', '+1 day') = '2024'",
        "0",
    ),
    ("strftime('%Y', d, 'bogus') = ''", "01234"),
    ("strftime('%Y', d, '') = ''", "01234"),
    ("strftime('%Y', r.d) ?= '2024'", "1234"),
    ("strftime('%Y', r.d) = '2024'", "12"),
    ("strftime('%Y', r.d) != '2020'", "012"),
    ("strftime('%Y', o.d) = '2024'", "1234"),
    ("strftime('%Y', d) ~ '20'", "02"),
    ("strftime('%Y', d) ~ strftime('%Y', o.d)", ""),
    ("strftime('%Y', d) = strftime('%Y', o.d)", ""),
    ("strftime('%s', d) > 1000", "0234"),
    ("strftime('%s', d) > '1000'", "02"),
    ("strftime('%J', d) > 1000", "0234"),
    ("strftime('%w', d) = '3'", "03"),
    ("strftime('%Y', d:lower) = '2024'", "0"),
    ("strftime('%Y', s:each) = ''", "01234"),
    ("strftime('%Y', b) = ''", ""),
    ("strftime( '%Y' , d ) = '2024'", "0"),
    ("strftime('%Y', d,) = '2024'", "0"),
    ("strftime('%Y', @request.body.x) = ''", "01234"),
    ("strftime('%Y', @request.body.x) = null", "01234"),
    ("strftime('%Y', @collection.gf.d) ?= '2024'", "01234"),
    ("strftime('%Y', d) = n", ""),
    ("n = strftime('%Y', d)", ""),
    ("d > strftime('%Y', '2021-01-01')", "0"),
    ("d >= strftime('%Y-%m-%d', 'now', '-100 years')", "023"),
];

const REFUSED: &[&str] = &[
    "geoDistance(0,0,0,'1') > 0",
    "geoDistance(0,0,0) > 0",
    "geoDistance(0,0,0,0,0) = 0",
    "geoDistance(missing,0,0,0) >= 0",
    "GeoDistance(0,0,0,0) = 0",
    "geoDistance(geoDistance(0,0,0,1),0,0,0) > 0",
    "strftime() = ''",
    "strftime(d) = ''",
    "strftime(d, d) = ''",
    "strftime(t, d) = 'x'",
    "strftime(5, d) = '5'",
    "strftime(5) = '5'",
    "strftime('%Y', d, t) = ''",
    "strftime('%Y', d, 5) = ''",
    "strftime('%Y', d, '+1 day', '+1 day', '+1 day', '+1 day', '+1 day', '+1 day', '+1 day', '+1 day', '+1 day') = '2024'",
    "strftime('%Y', strftime('%Y-%m-%d', d)) = '2024'",
    "strftime('%Y', strftime('%Y-%m-%d', strftime('%Y-%m-%d',d))) = '2024'",
    "strftime('%Y', strftime('%Y-%m-%d', strftime('%Y-%m-%d',strftime('%Y-%m-%d',d)))) = '2024'",
    "Strftime('%Y', d) = '2024'",
    "strftime ('%Y', d) = '2024'",
    "strftime(,'%Y', d) = '2024'",
    "strftime('%Y' d) = '2024'",
    "strftime('%Y', missing) = ''",
];

fn moments(app: &TestApp) {
    let id = |n: usize| format!("q{n:0<14}");
    let to = |name: &str, max: u32| json!({"type": "relation", "name": name, "collectionId": "gf_collection_0", "maxSelect": max});
    app.collection(json!({
        "id": "gf_collection_0", "name": "gf", "type": "base", "listRule": "",
        "fields": [
            {"type": "geoPoint", "name": "g"}, {"type": "editor", "name": "e"}, {"type": "date", "name": "d"},
            {"type": "text", "name": "t"}, {"type": "number", "name": "n"}, {"type": "json", "name": "j"},
            {"type": "bool", "name": "b"}, {"type": "select", "name": "s", "values": ["a", "b"], "maxSelect": 2},
            to("r", 5), to("o", 1),
        ],
    }));
    let rows = [
        (
            23.32,
            42.69,
            "<p>A</p>",
            "2024-01-31 10:20:30.456Z",
            "2024-01-31",
            5.0,
            json!({"lon": 1}),
        ),
        (0.0, 0.0, "", "", "x", 0.0, json!(null)),
        (
            -74.0,
            40.7,
            "b",
            "2020-02-29 23:59:59.999Z",
            "now",
            2_460_000.5,
            json!([1]),
        ),
        (
            180.0,
            -90.0,
            "c",
            "1969-12-31 00:00:00.000Z",
            "12:30",
            1.7e9,
            json!("5"),
        ),
        (
            23.32,
            42.69,
            "d",
            "0001-02-03 00:00:00.000Z",
            "2024-01-31T10:00:00+02:00",
            -5.0,
            json!(true),
        ),
    ];
    for (i, (lon, lat, editor, date, text, number, data)) in rows.into_iter().enumerate() {
        let some = &["a", "b"][..i % 3];
        let earlier: Vec<String> = (0..i.min(3)).map(id).collect();
        app.root().create(
            "gf",
            json!({
                "id": id(i), "g": {"lon": lon, "lat": lat}, "e": editor, "d": date, "t": text, "n": number, "j": data,
                "b": i % 2 == 0, "s": some, "r": earlier, "o": if i > 0 { id(0) } else { String::new() },
            }),
        );
    }
}

fn found(client: &Client, filter: &str) -> String {
    let reply = client.list("gf", &[("filter", filter), ("sort", "@rowid")]);
    let Some(items) = reply.body["items"].as_array() else {
        return reply.text;
    };
    let number = |item: &serde_json::Value| item["id"].as_str()?.get(1..2).map(str::to_owned);
    items.iter().filter_map(number).collect()
}

#[test]
fn every_call_finds_what_it_should() {
    let app = TestApp::start();
    moments(&app);
    let wrong: Vec<_> = FOUND
        .iter()
        .map(|(filter, expected)| (filter, expected, found(app.root(), filter)))
        .filter(|(_, expected, found)| found != *expected)
        .collect();
    assert!(wrong.is_empty(), "(filter, expected, found): {wrong:#?}");
}

#[test]
fn what_is_no_call_is_refused() {
    let app = TestApp::start();
    moments(&app);
    // A modifier that a place does not have is an error, as it is for other types.
    let misused = [
        "g:length = 1",
        "g:each = 1",
        "g:isset = true",
        "g.lon:length = 1",
        "e:length = 1",
        "g.x = 1",
        "g.x = null",
        "g.lon.x = null",
    ];
    for filter in REFUSED.iter().chain(&misused) {
        let reply = app.root().list("gf", &[("filter", filter)]);
        assert_eq!(reply.status, 400, "{filter}: {}", reply.text);
        reply.refused(400);
    }
    for sort in [
        "geoDistance(g.lon,g.lat,0,0)",
        "strftime('%Y',d)",
        "g:length",
    ] {
        app.root().list("gf", &[("sort", sort)]).refused(400);
    }
}

#[test]
fn a_place_sorts_by_its_parts_and_by_its_text() {
    let app = TestApp::start();
    moments(&app);
    for (sort, order) in [
        ("g.lon", "21043"),
        ("-g.lat", "04213"),
        ("g", "21304"),
        ("-g", "04312"),
        ("o.g.lon,-@rowid", "04321"),
    ] {
        let list = app.root().list("gf", &[("sort", sort)]).ok();
        let ids: String = list["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter_map(|item| item["id"].as_str()?.get(1..2))
            .collect();
        assert_eq!(ids, order, "{sort}");
    }
}

#[test]
fn the_time_zone_of_a_database_server_is_nobodys() {
    let app = TestApp::start();
    moments(&app);
    for modifier in ["localtime", "UTC"] {
        let filter = format!("strftime('%Y', d, '{modifier}') = '2024'");
        let reply = app.root().list("gf", &[("filter", &filter)]);
        assert_eq!(
            reply.status,
            if on_postgres() { 400 } else { 200 },
            "{}",
            reply.text
        );
    }
}

#[test]
fn a_rule_calls_and_a_guest_does() {
    let app = TestApp::start();
    moments(&app);
    let root = app.root();
    let rule = |rule: &str| {
        root.patch(
            "/api/collections/gf",
            json!({"listRule": rule, "createRule": rule}),
        )
    };
    rule("geoDistance(g.lon, g.lat, 23.3, 42.7) < 10").ok();
    assert_eq!(found(&app.guest(), ""), "04");
    assert_eq!(found(&app.guest(), "strftime('%Y', d) = '2024'"), "0");
    let near = json!({"g": {"lon": 23.31, "lat": 42.69}});
    app.guest().try_create("gf", near).ok();
    let far = json!({"g": {"lon": 2.35, "lat": 48.85}});
    app.guest().try_create("gf", far).refused(400);
    rule("strftime('%Y', @request.body.d) = '2024'").ok();
    app.guest()
        .try_create("gf", json!({"d": "2024-05-05"}))
        .ok();
    app.guest()
        .try_create("gf", json!({"d": "2023-05-05"}))
        .refused(400);
    for wrong in [
        "geoDistance(g.lon, g.lat, 0) < 1",
        "strftime(d) = ''",
        "unknown(d) = ''",
        "geoDistance(g.lon, missing, 0, 0) < 1",
    ] {
        rule(wrong).refused_for("listRule", "invalid_rule");
    }
}

#[test]
fn a_call_sees_nothing_that_the_client_may_not() {
    let app = TestApp::start();
    let root = app.root();
    let places = app.collection(json!({
        "name": "places", "type": "base", "listRule": "name = 'open'",
        "fields": [
            {"type": "text", "name": "name"}, {"type": "geoPoint", "name": "at"},
            {"type": "geoPoint", "name": "secret", "hidden": true},
        ],
    }));
    let place = json!([{"type": "relation", "name": "place", "collectionId": places["id"], "maxSelect": 1}]);
    app.open_collection("visits", place);
    for name in ["open", "closed"] {
        let body =
            json!({"name": name, "at": {"lon": 1, "lat": 1}, "secret": {"lon": 2, "lat": 2}});
        let place = root.create("places", body);
        root.create("visits", json!({"place": place["id"]}));
    }
    let count = |client: &Client, filter: &str| {
        client.list("visits", &[("filter", filter)]).ok()["totalItems"].clone()
    };
    let near = "geoDistance(place.at.lon, place.at.lat, 1, 1) < 1";
    assert_eq!(count(root, near), json!(2));
    assert_eq!(count(&app.guest(), near), json!(1));
    let hidden = "geoDistance(place.secret.lon, place.secret.lat, 2, 2) < 1";
    assert_eq!(count(root, hidden), json!(2));
    for (collection, filter) in [
        ("visits", hidden),
        ("places", "strftime('%Y', secret.lon) = ''"),
    ] {
        app.guest()
            .list(collection, &[("filter", filter)])
            .refused(400);
    }
}
