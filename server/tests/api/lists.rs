//! Lists: pages, totals, order, picked fields and expanded relations.

use serde_json::{Value, json};

use crate::support::{TestApp, on_postgres};

/// `count` records, numbered from 1.
fn numbered(app: &TestApp, count: u32) {
    app.open_collection(
        "things",
        json!([{"type": "number", "name": "n"}, {"type": "text", "name": "title"}]),
    );
    for n in 1..=count {
        app.root().create(
            "things",
            json!({"n": n, "title": format!("<b>No {n}</b> &amp; more words")}),
        );
    }
}

#[test]
fn pages_cover_everything_once() {
    let app = TestApp::start();
    numbered(&app, 7);
    let guest = app.guest();
    for sort in ["", "title", "-@rowid", "id", "@random"] {
        let mut seen = Vec::new();
        for page in ["1", "2", "3", "4"] {
            let list = guest
                .list(
                    "things",
                    &[("perPage", "3"), ("page", page), ("sort", sort)],
                )
                .ok();
            assert_eq!(
                (&list["totalItems"], &list["totalPages"]),
                (&json!(7), &json!(3)),
                "{sort} {page}"
            );
            seen.extend(
                list["items"]
                    .as_array()
                    .expect("items")
                    .iter()
                    .filter_map(|item| item["n"].as_i64()),
            );
        }
        seen.sort_unstable();
        if sort != "@random" {
            assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7], "{sort}");
        }
        assert_eq!(seen.len(), 7, "{sort}");
    }
    for (parameters, page, per_page, items) in [
        ([("page", "0"), ("perPage", "0")], 1, 30, 7),
        ([("page", "-5"), ("perPage", "-1")], 1, 30, 7),
        ([("page", ""), ("perPage", "100000")], 1, 1000, 7),
        (
            [("page", "9223372036854775807"), ("perPage", "1000")],
            i64::MAX,
            1000,
            0,
        ),
    ] {
        let list = guest.list("things", &parameters).ok();
        assert_eq!(
            (&list["page"], &list["perPage"]),
            (&json!(page), &json!(per_page))
        );
        assert_eq!(list["items"].as_array().map(Vec::len), Some(items));
        assert_eq!(list["totalItems"], json!(7));
    }
    for wrong in ["x", "1.5", " 1", "1e1", "9223372036854775808"] {
        guest.list("things", &[("page", wrong)]).refused(400);
        guest.list("things", &[("perPage", wrong)]).refused(400);
    }
}

#[test]
fn the_total_is_kept_through_every_kind_of_change() {
    let app = TestApp::start();
    let root = app.root();
    let parents = app.open_collection("parents", json!([]));
    app.collection(json!({
        "name": "children", "fields": [
            {"type": "text", "name": "name"},
            {"type": "relation", "name": "parent", "collectionId": parents["id"], "cascadeDelete": true},
        ],
        "indexes": ["CREATE UNIQUE INDEX idx_children ON children (name)"],
    }));
    let total = |collection| {
        // One record a page, so that the page itself does not tell the total.
        let list = root.list(collection, &[("perPage", "1")]).ok();
        let counted = root
            .list(collection, &[("perPage", "1"), ("filter", "id != ''")])
            .ok();
        assert_eq!(list["totalItems"], counted["totalItems"], "{collection}");
        list["totalItems"].as_i64().expect("a total")
    };
    let parent = root.create("parents", json!({}));
    for n in 0..5 {
        root.create(
            "children",
            json!({"name": format!("{n}"), "parent": parent["id"]}),
        );
    }
    let alone = root.create("children", json!({"name": "alone"}));
    assert_eq!(total("children"), 6);
    root.try_create("children", json!({"name": "alone"}))
        .refused(400);
    root.try_create("children", json!({"name": "x", "parent": "missing"}))
        .refused(400);
    assert_eq!(total("children"), 6);
    assert_eq!(
        root.remove("parents", parent["id"].as_str().expect("an id"))
            .status,
        204
    );
    assert_eq!((total("parents"), total("children")), (0, 1));
    root.patch(
        "/api/collections/children",
        json!({"name": "kids", "indexes": []}),
    )
    .ok();
    assert_eq!(total("kids"), 1);
    root.create("kids", json!({"name": "second"}));
    assert_eq!(
        root.remove("kids", alone["id"].as_str().expect("an id"))
            .status,
        204
    );
    assert_eq!(total("kids"), 1);
    assert_eq!(root.delete("/api/collections/kids/truncate").status, 204);
    assert_eq!(total("kids"), 0);
    root.create("kids", json!({}));
    assert_eq!(total("kids"), 1);
    for skip in ["1", "true", "T"] {
        let list = root.list("kids", &[("skipTotal", skip)]).ok();
        assert_eq!(
            (&list["totalItems"], &list["totalPages"]),
            (&json!(-1), &json!(-1)),
            "{skip}"
        );
    }
}

#[test]
fn order_is_by_bytes_and_by_insertion() {
    let app = TestApp::start();
    app.open_collection("things", json!([
        {"type": "text", "name": "title"}, {"type": "number", "name": "n"}, {"type": "json", "name": "data"},
    ]));
    let rows = [
        ("b", 10, json!(2)),
        ("B", 9, json!(null)),
        ("ä", -1, json!("text")),
        ("", 0, json!([1])),
        ("a", 2, json!(10)),
        ("A1", 2, json!("")),
        ("😀", 2, json!(true)),
        ("a-b", 2, json!({"x": 1})),
    ];
    for (title, n, data) in rows {
        app.root()
            .create("things", json!({"title": title, "n": n, "data": data}));
    }
    let sorted = |sort: &str| -> Vec<String> {
        let list = app
            .guest()
            .list("things", &[("sort", sort), ("fields", "title")])
            .ok();
        let items = list["items"].as_array().expect("items").iter();
        items
            .map(|item| item["title"].as_str().expect("a title").to_owned())
            .collect()
    };
    assert_eq!(sorted(""), ["b", "B", "ä", "", "a", "A1", "😀", "a-b"]);
    assert_eq!(sorted("title"), ["", "A1", "B", "a", "a-b", "b", "ä", "😀"]);
    assert_eq!(
        sorted("-title"),
        ["😀", "ä", "b", "a-b", "a", "B", "A1", ""]
    );
    assert_eq!(
        sorted("n,-title"),
        ["ä", "", "😀", "a-b", "a", "A1", "B", "b"]
    );
    assert_eq!(
        sorted(" -n , @rowid "),
        ["b", "B", "a", "A1", "😀", "a-b", "", "ä"]
    );
    assert_eq!(sorted("data")[0], "B", "null comes first");
    for wrong in [
        "missing",
        "title desc",
        "--title",
        "a,b,c,d,e,f,g,h,i",
        "title;",
        ",",
        "title,,n",
    ] {
        let reply = app.guest().list("things", &[("sort", wrong)]);
        assert_eq!(reply.status, 400, "{wrong}: {}", reply.text);
    }
    app.guest()
        .list("things", &[("sort", &"title,".repeat(9))])
        .refused(400);
    app.guest()
        .list("things", &[("sort", &"t".repeat(256))])
        .refused(400);
}

#[test]
fn only_what_is_asked_for_is_answered() {
    let app = TestApp::start();
    numbered(&app, 1);
    let guest = app.guest();
    let item = |fields: &str| guest.list("things", &[("fields", fields)]).ok()["items"][0].clone();
    assert_eq!(item("n"), json!({"n": 1}));
    assert_eq!(
        item("n,missing,collectionName"),
        json!({"n": 1, "collectionName": "things"})
    );
    assert_eq!(item("missing"), json!({}));
    assert_eq!(item("title:excerpt(4,true)"), json!({"title": "No 1..."}));
    assert_eq!(item("*,title:excerpt(4)")["title"], json!("No 1"));
    let id = guest.list("things", &[]).ok()["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/api/collections/things/records/{id}?fields=n");
    assert_eq!(guest.get(&path).text.trim(), r#"{"n":1}"#);
    assert_eq!(guest.patch(&path, json!({"n": 2})).ok(), json!({"n": 2}));
    assert_eq!(
        guest
            .post("/api/collections/things/records?fields=n", json!({}))
            .ok(),
        json!({"n": 0})
    );
}

#[test]
fn relations_are_expanded_forth_and_back() {
    let app = TestApp::start();
    let root = app.root();
    let people = app.open_collection("people", json!([{"type": "text", "name": "name"}]));
    let books = app.open_collection(
        "books",
        json!([
            {"type": "text", "name": "title"},
            {"type": "relation", "name": "author", "collectionId": people["id"]},
            {"type": "relation", "name": "readers", "collectionId": people["id"], "maxSelect": 9},
        ]),
    );
    app.open_collection(
        "reviews",
        json!([
            {"type": "number", "name": "stars"},
            {"type": "relation", "name": "book", "collectionId": books["id"]},
            {"type": "relation", "name": "by", "collectionId": people["id"]},
        ]),
    );
    let person = |name: &str| root.create("people", json!({"name": name}))["id"].clone();
    let (ann, bob) = (person("Ann"), person("Bob"));
    let book = root.create(
        "books",
        json!({"title": "One", "author": ann, "readers": [bob, ann]}),
    );
    root.create("books", json!({"title": "None"}));
    root.create(
        "reviews",
        json!({"stars": 5, "book": book["id"], "by": bob}),
    );
    root.create(
        "reviews",
        json!({"stars": 1, "book": book["id"], "by": ann}),
    );

    let paths =
        "author, readers ,reviews_via_book.by,missing,readers., ,.,reviews_via_missing,title";
    let list = app.guest().list("books", &[("expand", paths)]).ok();
    let expand = &list["items"][0]["expand"];
    assert_eq!(expand["author"]["name"], json!("Ann"));
    assert_eq!(
        names(&expand["readers"]),
        ["Bob", "Ann"],
        "in the order of the field"
    );
    let stars: Vec<_> = expand["reviews_via_book"]
        .as_array()
        .expect("reviews")
        .iter()
        .collect();
    assert_eq!(
        (stars.len(), &stars[0]["expand"]["by"]["name"]),
        (2, &json!("Bob"))
    );
    assert_eq!(list["items"][1]["expand"], json!({}));
    assert_eq!(list["totalItems"], json!(2));

    let id = book["id"].as_str().expect("an id");
    let picked = format!(
        "/api/collections/books/records/{id}?expand=author&fields=title,expand.author.name"
    );
    assert_eq!(
        app.guest().get(&picked).ok(),
        json!({"title": "One", "expand": {"author": {"name": "Ann"}}})
    );
    let changed = app.guest().patch(
        &format!("/api/collections/books/records/{id}?expand=author"),
        json!({"author": bob}),
    );
    assert_eq!(changed.ok()["expand"]["author"]["name"], json!("Bob"));
}

fn names(records: &Value) -> Vec<&str> {
    records
        .as_array()
        .expect("records")
        .iter()
        .filter_map(|record| record["name"].as_str())
        .collect()
}

#[test]
fn o05_deep_pages_go_on_where_the_others_end() {
    let app = TestApp::start();
    let kinds = app.open_collection("kinds", json!([{"type": "text", "name": "name"}]));
    app.open_collection(
        "words",
        json!([
            {"type": "text", "name": "text"},
            {"type": "relation", "name": "kind", "collectionId": kinds["id"]},
        ]),
    );
    let numbers = if on_postgres() {
        "SELECT generate_series(1, 1500) AS n"
    } else {
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500) SELECT n FROM n"
    };
    app.execute("INSERT INTO kinds (id, name) VALUES ('a', 'y'), ('b', 'x')");
    app.execute(&format!(
        "INSERT INTO words (id, text, kind) SELECT 'word' || n, 'text' || (n % 7), \
         CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END FROM ({numbers}) AS numbers"
    ));
    let listed = |per_page: usize, sort: &str, filter: &str| -> Vec<(String, String)> {
        let per_page_text = per_page.to_string();
        let pages = (1..=1600 / per_page + 1).flat_map(|page| {
            let page = page.to_string();
            let parameters = [
                ("perPage", per_page_text.as_str()),
                ("page", &page),
                ("sort", sort),
                ("filter", filter),
            ];
            let list = app.guest().list("words", &parameters).ok();
            let items = list["items"].as_array().expect("items").clone();
            items.into_iter().map(|item| {
                let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
                (text("text"), text("id"))
            })
        });
        pages.collect()
    };
    for (sort, filter, count) in [
        ("text", "", 1500),
        ("-text", "kind.name = 'x' || text != 'text1'", 1393),
        ("kind.name,-text", "", 1500),
    ] {
        let all = listed(1000, sort, filter);
        assert_eq!(all.len(), count, "{sort}");
        assert_eq!(listed(400, sort, filter), all, "{sort}");
        let ids: std::collections::HashSet<_> = all.iter().map(|(_, id)| id).collect();
        assert_eq!(ids.len(), count, "{sort}");
        if sort == "text" {
            assert!(all.is_sorted_by_key(|(text, _)| text), "{all:?}");
        }
    }
}
