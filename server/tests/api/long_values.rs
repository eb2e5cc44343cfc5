//! Values that are longer than an entry of PostgreSQL's indexes.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{TestApp, on_postgres};

/// A text that no database can make shorter.
fn noise(seed: u64, length: usize) -> String {
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
    let mut state = seed;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        letters[usize::try_from(state >> 33).expect("a small number") % letters.len()]
    };
    (0..length).map(next).collect()
}

fn fields() -> Value {
    json!([
        {"type": "text", "name": "title"}, {"type": "text", "name": "tag"},
        {"type": "editor", "name": "body"}, {"type": "url", "name": "link"},
        {"type": "json", "name": "data"},
        {"type": "select", "name": "many", "maxSelect": 60, "values": (0..60).map(|n| noise(n, 90)).collect::<Vec<_>>()},
    ])
}

fn indexes() -> Value {
    json!([
        "CREATE UNIQUE INDEX idx_title ON texts (title) WHERE title != ''",
        "CREATE INDEX idx_tag ON texts (tag COLLATE NOCASE)",
        "CREATE INDEX idx_body ON texts (tag, body DESC, link)",
        "CREATE UNIQUE INDEX idx_data ON texts (data)",
        "CREATE INDEX idx_many ON texts (many, title)",
    ])
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a body is made where it is sent"
)]
fn start(indexes: Value) -> TestApp {
    let app = TestApp::start();
    app.collection(json!({
        "name": "texts", "type": "base", "fields": fields(), "indexes": indexes,
        "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
    }));
    app
}

fn long(seed: u64) -> Value {
    let many: Vec<_> = (0..60).map(|n| noise(n, 90)).collect();
    json!({
        "title": noise(seed, 5000), "tag": noise(seed + 1, 5000), "body": noise(seed + 2, 20_000),
        "link": format!("https://example.com/{}", noise(seed + 3, 2000)),
        "data": {"text": noise(seed + 4, 20_000)}, "many": many,
    })
}

#[test]
fn f06_long_values_are_stored_in_indexed_fields() {
    let app = start(indexes());
    let guest = app.guest();
    let made = guest.create("texts", long(1));
    for field in ["title", "tag", "body", "link", "data", "many"] {
        assert_eq!(made[field], long(1)[field], "{field}");
    }
    let same = json!({"title": noise(1, 5000)});
    guest
        .try_create("texts", same)
        .refused_for("title", "not_unique");
    let same = json!({"title": "x", "data": {"text": noise(5, 20_000)}});
    guest
        .try_create("texts", same)
        .refused_for("data", "not_unique");
    let id = made["id"].as_str().expect("an id");
    let longer = json!({"title": format!("{}!", &noise(1, 5000)[..4999])});
    guest.create("texts", longer.clone());
    guest
        .update("texts", id, longer)
        .refused_for("title", "not_unique");
    guest
        .update("texts", id, json!({"title": noise(9, 5000)}))
        .ok();
    // No JSON at all is nothing that could be there twice.
    guest.create("texts", json!({"title": "one"}));
    guest.create("texts", json!({"title": "two"}));
    guest.create("texts", json!({}));
    guest.create("texts", json!({}));
}

#[test]
fn f06_long_values_are_found_and_sorted() {
    let app = start(indexes());
    let guest = app.guest();
    let start = noise(1, 4000);
    let mut titles: Vec<String> = ["", "b", "a", "B", "ä", "日本"]
        .iter()
        .map(|end| format!("{start}{end}"))
        .collect();
    titles.extend(["a", "b", "c"].map(str::to_owned));
    for title in &titles {
        let body = json!({"title": title, "tag": title, "data": {"of": title}});
        guest.create("texts", body);
    }
    let sorted = |sort: &str| {
        let reply = guest.list("texts", &[("sort", sort)]).ok();
        let items = reply["items"].as_array().expect("items").clone();
        let title = |item: &Value| item["title"].as_str().expect("a title").to_owned();
        items.iter().map(title).collect::<Vec<_>>()
    };
    titles.sort();
    assert_eq!(sorted("title"), titles);
    titles.reverse();
    assert_eq!(sorted("-title"), titles);
    assert_eq!(sorted("-tag,title"), titles);
    for title in &titles {
        // A filter takes no more.
        if title.len() > 3000 {
            continue;
        }
        assert_eq!(
            guest.filter("texts", &format!("title = '{title}'"), "title"),
            [title.as_str()]
        );
        assert_eq!(
            guest.filter("texts", &format!("tag:lower = '{title}'"), "title"),
            [title.as_str()]
        );
    }
    let first = &start[..1000];
    for (filter, count) in [
        (
            format!("title > '{first}'"),
            titles.iter().filter(|t| t.as_str() > first).count(),
        ),
        (
            format!("title <= '{first}'"),
            titles.iter().filter(|t| t.as_str() <= first).count(),
        ),
        (format!("title = '{first}'"), 0),
        (format!("title != '{first}'"), titles.len()),
    ] {
        assert_eq!(
            guest.filter("texts", &filter, "title").len(),
            count,
            "{filter}"
        );
    }
}

#[test]
fn f06_an_index_that_comes_later_takes_long_values() {
    let app = start(json!([]));
    app.guest().create("texts", long(1));
    app.guest().create("texts", long(2));
    let path = "/api/collections/texts";
    app.root().patch(path, json!({"indexes": indexes()})).ok();
    let same = json!({"title": noise(2, 5000)});
    let reply = app.guest().try_create("texts", same.clone());
    reply.refused_for("title", "not_unique");
    app.root().patch(path, json!({"indexes": []})).ok();
    app.guest().create("texts", same);
    let reply = app.root().patch(path, json!({"indexes": indexes()}));
    reply.refused(400);
    assert!(
        reply
            .text
            .contains("idx_title: some records have the same values"),
        "{}",
        reply.text
    );
}

#[test]
fn f06_an_id_that_no_index_takes_is_named() {
    let app = TestApp::start();
    app.open_collection(
        "named",
        json!([{"type": "text", "name": "id", "primaryKey": true, "required": true, "system": true, "max": 9000, "pattern": "^[a-zA-Z0-9]+$"}]),
    );
    app.guest().create("named", json!({"id": noise(1, 2000)}));
    let reply = app
        .guest()
        .try_create("named", json!({"id": noise(2, 8900)}));
    if on_postgres() {
        reply.refused_for("id", "too_long_for_index");
    } else {
        reply.ok();
    }
}

#[test]
fn f06_indexes_of_an_older_server_are_made_again() {
    let app = start(indexes());
    let home = app.stop();
    home.execute("DROP INDEX idx_title");
    home.execute("CREATE UNIQUE INDEX idx_title ON texts (title)");
    home.execute("DELETE FROM _params WHERE id = 'index_forms'");
    let app = TestApp::start_in(home);
    app.guest().create("texts", long(1));
    let same = json!({"title": noise(1, 5000)});
    let reply = app.guest().try_create("texts", same);
    reply.refused_for("title", "not_unique");
}

#[test]
fn f06_sorts_and_lookups_of_short_texts_use_the_index() {
    let app = start(indexes());
    if on_postgres() {
        app.execute("INSERT INTO texts (id, title, tag) SELECT 'row' || lpad(i::text, 12, '0'), md5(i::text), md5(i::text) FROM generate_series(1, 20000) AS i");
        app.execute("ANALYZE texts");
    } else {
        app.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO texts (id, title, tag) SELECT printf('row%012d', i), hex(randomblob(16)), hex(randomblob(16)) FROM n");
    }
    let guest = app.guest();
    let found = guest
        .list(
            "texts",
            &[("sort", "-tag"), ("perPage", "30"), ("cursor", "")],
        )
        .ok();
    let next = found["nextCursor"].as_str().expect("a cursor");
    let found = guest
        .list(
            "texts",
            &[("sort", "-tag"), ("perPage", "30"), ("cursor", next)],
        )
        .ok();
    let title = found["items"][29]["title"]
        .as_str()
        .expect("a title")
        .to_owned();
    assert_eq!(
        guest.filter("texts", &format!("title = '{title}'"), "title"),
        [title.as_str()]
    );
    if !on_postgres() {
        return;
    }
    let since = Instant::now();
    let uses = || {
        let count = "SELECT sum(idx_scan)::text AS value FROM pg_stat_user_indexes WHERE indexrelname IN ('idx_title', 'idx_body')";
        app.text(count).parse::<i64>().expect("a number")
    };
    while uses() < 3 {
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "used {} times",
            uses()
        );
        thread::sleep(Duration::from_millis(100));
    }
}
