//! Cursors: a list is read to its end in pages that each take the same time.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, TestApp, on_postgres};

/// 20 records, several of which are equal in each field.
fn filled(app: &TestApp) {
    app.open_collection(
        "things",
        json!([
            {"type": "text", "name": "title"},
            {"type": "number", "name": "n"},
            {"type": "bool", "name": "done"},
            {"type": "date", "name": "day"},
            {"type": "json", "name": "j"},
            {"type": "select", "name": "kind", "values": ["a", "b"]},
            {"type": "select", "name": "tags", "values": ["a", "b"], "maxSelect": 2},
            {"type": "relation", "name": "owner", "collectionId": "_pb_users_auth_"},
            {"type": "text", "name": "secret", "hidden": true},
        ]),
    );
    for index in 0..20 {
        let (titles, kinds) = (["", "A", "a", "é", "b"], ["a", "b", ""]);
        let numbers = [1e300, -0.5, 0.1, 7.0];
        app.root().create(
            "things",
            json!({
                "title": titles[index % 5], "n": numbers[index % 4], "done": index % 3 == 0,
                "day": if index % 2 == 0 { "2024-01-31 10:20:30.456Z" } else { "" }, "j": index,
                "kind": kinds[index % 3], "secret": format!("s{index}"),
            }),
        );
    }
}

/// The ids of all records, read by cursors.
fn read(client: &Client, collection: &str, parameters: &[(&str, &str)]) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut query = parameters.to_vec();
        query.push(("cursor", &cursor));
        let page = client.list(collection, &query).ok();
        let items = page["items"].as_array().expect("items");
        ids.extend(items.iter().map(|item| item["id"].to_string()));
        let next = page["nextCursor"].as_str().expect("a cursor").to_owned();
        if next.is_empty() {
            return ids;
        }
        assert!(ids.len() <= 100, "it does not end");
        cursor = next;
    }
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    items.iter().map(|item| item["id"].to_string()).collect()
}

#[test]
fn n55_a_cursor_reads_each_record_once_in_the_order_of_pages() {
    let app = TestApp::start();
    filled(&app);
    let guest = app.guest();
    for sort in [
        "",
        "title",
        "-title",
        "n",
        "-n",
        "done,-title",
        "-done,n",
        "day,-n,title",
        "-kind",
        "id",
        "-id",
        "owner",
        "-day,-id",
        "title,title",
    ] {
        let whole = guest
            .list("things", &[("sort", sort), ("perPage", "1000")])
            .ok();
        assert!(
            whole.get("nextCursor").is_none(),
            "only where one is asked for"
        );
        for per_page in ["1", "3", "20", "21"] {
            let read = read(&guest, "things", &[("sort", sort), ("perPage", per_page)]);
            assert_eq!(read, ids(&whole), "{sort} {per_page}");
        }
    }
    let filter = [
        ("filter", "title != '' && n < 5"),
        ("sort", "n"),
        ("perPage", "2"),
    ];
    let whole = guest.list("things", &[filter[0], filter[1]]).ok();
    assert_eq!(read(&guest, "things", &filter), ids(&whole));
    // Superusers read what they alone see, and the definitions.
    let whole = app.root().list("things", &[("sort", "-secret")]).ok();
    let by_secret = read(
        app.root(),
        "things",
        &[("sort", "-secret"), ("perPage", "6")],
    );
    assert_eq!(by_secret, ids(&whole));
    let page = app
        .root()
        .get("/api/collections?cursor=&perPage=2&sort=name")
        .ok();
    assert_ne!(page["nextCursor"], "");
}

#[test]
fn n55_records_that_come_and_go_move_no_other() {
    let app = TestApp::start();
    filled(&app);
    let guest = app.guest();
    let query = [("sort", "title"), ("perPage", "5")];
    let before = ids(&guest.list("things", &[query[0], ("perPage", "1000")]).ok());
    let first = guest
        .list("things", &[query[0], query[1], ("cursor", "")])
        .ok();
    // The last of the page goes, and one comes before it.
    let last = first["items"][4]["id"].as_str().expect("an id").to_owned();
    guest.remove("things", &last).ok();
    guest.create("things", json!({"id": "new000000000000", "title": ""}));
    let cursor = first["nextCursor"].as_str().expect("a cursor");
    let rest = [query[0], ("perPage", "1000"), ("cursor", cursor)];
    assert_eq!(ids(&guest.list("things", &rest).ok()), before[5..]);
    assert_eq!(first["totalItems"], 20);
    let skipped = [query[0], query[1], ("cursor", ""), ("skipTotal", "1")];
    assert_eq!(guest.list("things", &skipped).ok()["totalItems"], -1);
}

#[test]
fn n55_a_cursor_is_good_for_one_list_only() {
    let app = TestApp::start();
    filled(&app);
    let (guest, ann) = (app.guest(), app.user("ann"));
    app.open_collection("others", json!([{"type": "text", "name": "title"}]));
    let query = [("sort", "title"), ("perPage", "5")];
    let first = guest
        .list("things", &[query[0], query[1], ("cursor", "")])
        .ok();
    let cursor = first["nextCursor"].as_str().expect("a cursor").to_owned();
    let with = |client: &Client, collection: &str, others: &[(&str, &str)], cursor: &str| {
        let mut query = others.to_vec();
        query.push(("cursor", cursor));
        client.list(collection, &query)
    };
    with(&guest, "things", &query, &cursor).ok();
    let refused = [
        with(&ann, "things", &query, &cursor),
        with(&guest, "others", &query, &cursor),
        with(&guest, "things", &[("sort", "-title")], &cursor),
        with(
            &guest,
            "things",
            &[("sort", "title"), ("filter", "n > 1")],
            &cursor,
        ),
        with(&guest, "things", &query, &cursor[1..]),
        with(&guest, "things", &query, &cursor.to_lowercase()),
        with(&guest, "things", &query, "nonsense"),
        with(&guest, "things", &query, "' OR 1=1"),
    ];
    for reply in &refused {
        reply.refused_for("cursor", "invalid_cursor");
    }
    with(&guest, "things", &[("page", "2")], "").refused_for("page", "not_with_cursor");
    for sort in [
        "j",
        "tags",
        "owner.name",
        "@random",
        "@rowid",
        "title:lower",
    ] {
        let reply = with(&guest, "things", &[("sort", sort)], "");
        reply.refused_for("cursor", "cursor_unsupported");
    }
    // A cursor opens no way to what is hidden.
    with(&guest, "things", &[("sort", "secret")], "").refused(400);
    with(&ann, "users", &[("sort", "email")], "").refused_for("cursor", "cursor_unsupported");
    with(app.root(), "users", &[("sort", "email")], "").ok();
    with(app.root(), "users", &[("sort", "tokenKey")], "").refused(400);
    app.collection(json!({"name": "seen", "type": "view", "listRule": "", "viewQuery": "SELECT id, title FROM things"}));
    with(&guest, "seen", &[], "").refused_for("cursor", "cursor_unsupported");
}

#[test]
fn o04_a_sorted_list_is_read_by_its_index() {
    let app = TestApp::start();
    app.collection(json!({
        "name": "many", "type": "base", "listRule": "",
        "fields": [{"type": "text", "name": "title"}, {"type": "number", "name": "n"}],
        "indexes": ["CREATE INDEX many_title ON many (title)", "CREATE INDEX many_n ON many (n)"],
    }));
    app.execute(
        "INSERT INTO many (id, title, n)
         WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 19999)
         SELECT CAST(100000000000000 + n AS TEXT), CAST(100000 + n AS TEXT), n FROM numbers",
    );
    app.execute("ANALYZE many");
    for (sort, index) in [
        ("title", "many_title"),
        ("-title", "many_title"),
        ("n", "many_n"),
        ("-n", "many_n"),
    ] {
        let page = app.guest().list("many", &[("sort", sort)]).ok();
        let first = if sort.starts_with('-') { "19999" } else { "0" };
        assert_eq!(page["items"][0]["n"].to_string(), first, "{sort}");
        if on_postgres() {
            used(&app, index, sort);
        }
    }
}

/// Waits until PostgreSQL says that an index was read, which it says with some delay.
fn used(app: &TestApp, index: &str, sort: &str) {
    let reads = || {
        let query = format!(
            "SELECT CAST(COALESCE(idx_scan, 0) AS TEXT) AS value FROM pg_stat_user_indexes WHERE indexrelname = '{index}'"
        );
        app.text(&query).parse::<u64>().expect("a number")
    };
    let before = reads();
    for _ in 0..60 {
        app.guest().list("many", &[("sort", sort)]).ok();
        if reads() > before {
            return;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    panic!("{sort} does not use {index}");
}
