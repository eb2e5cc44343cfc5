//! The language of filters: what each finds among six books. The expectations are PocketBase's answers.

use serde_json::json;

use crate::filter_tables::{LIKE, RELATIONS, REQUEST, SYNTAX, VALUES, WRONG};
use crate::support::{Client, TestApp};

/// Six books with what belongs to them: values of every type, nulls, quotes, other alphabets.
pub(crate) fn library(app: &TestApp) {
    let id = |name: &str| format!("{name:0<15}");
    let text = |name: &str| json!({"type": "text", "name": name});
    let secret = json!({"type": "text", "name": "secret", "hidden": true});
    let to = |name: &str, target: &serde_json::Value, max: u32| json!({"type": "relation", "name": name, "collectionId": target["id"], "maxSelect": max});
    let authors = json!([text("name"), {"type": "bool", "name": "active"}, secret]);
    let authors = app.open_collection("authors", authors);
    let tags = app.open_collection("tags", json!([text("name")]));
    let books = json!([
        text("title"), {"type": "number", "name": "pages"}, {"type": "bool", "name": "lent"},
        {"type": "date", "name": "printed"}, {"type": "json", "name": "meta"},
        {"type": "select", "name": "genre", "values": ["novel", "poetry", "essay"]},
        {"type": "select", "name": "moods", "values": ["sad", "funny", "dark"], "maxSelect": 3},
        to("author", &authors, 1), to("tags", &tags, 9), secret,
    ]);
    let books = app.open_collection("books", books);
    let reviews = json!([text("words"), {"type": "number", "name": "stars"}, to("book", &books, 1), to("by", &authors, 1)]);
    app.open_collection("reviews", reviews);
    let root = app.root();
    for (name, active, secret) in [("Ann", true, "a"), ("bob", false, "b"), ("", true, "")] {
        let short = if name.is_empty() { "cyd" } else { name }.to_lowercase();
        root.create(
            "authors",
            json!({"id": id(&short), "name": name, "active": active, "secret": secret}),
        );
    }
    for name in ["red", "green", "blue"] {
        root.create("tags", json!({"id": id(name), "name": name}));
    }
    for (n, book) in [
        json!({
            "title": "Alpha", "pages": 100, "lent": true, "printed": "2020-01-02 03:04:05.000Z", "genre": "novel",
            "moods": ["sad", "funny"], "author": id("ann"), "tags": [id("red"), id("green")],
            "meta": {"a": 1, "list": [1, 2, 3], "deep": {"x": "y"}}, "secret": "s",
        }),
        json!({
            "title": "beta", "genre": "poetry", "moods": ["dark"], "author": id("bob"), "tags": [id("red")], "meta": "text",
        }),
        json!({"title": "Gamma 100%", "pages": -5.5, "printed": "2021-06-07 08:09:10.000Z", "author": id("ann")}),
        json!({
            "title": "", "pages": 250, "lent": true, "printed": "2020-12-31 23:59:59.999Z", "genre": "essay",
            "moods": ["sad", "funny", "dark"], "tags": [id("blue"), id("green"), id("red")], "meta": [{"k": "v"}, 2],
        }),
        json!({
            "title": "it's \"quoted\" \\ _under_ é É", "pages": 100, "genre": "novel", "moods": ["funny"],
            "author": id("cyd"), "tags": [id("blue")], "meta": 5,
        }),
        json!({
            "title": "alpha", "pages": 99, "author": id("bob"), "tags": [id("green")],
            "meta": {"a": "1", "deep": {"x": null}},
        }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut book = book;
        book["id"] = json!(id(&format!("b{}", n + 1)));
        root.create("books", book);
    }
    for (words, stars, book, by) in [
        ("good", 5, "b1", "bob"),
        ("bad", 1, "b1", "cyd"),
        ("good", 4, "b2", "ann"),
        ("", 0, "b4", ""),
    ] {
        let by = if by.is_empty() { String::new() } else { id(by) };
        root.create(
            "reviews",
            json!({"words": words, "stars": stars, "book": id(book), "by": by}),
        );
    }
}

/// What a filter finds, as the numbers of the books; or the refusal.
fn found(client: &Client, filter: &str) -> String {
    let reply = client.list("books", &[("filter", filter)]);
    let Some(items) = reply.body["items"].as_array() else {
        return reply.text;
    };
    let total = json!(items.len());
    assert_eq!(reply.body["totalItems"], total, "{filter}");
    // Where the page does not say it, they are counted.
    let counted = client.list("books", &[("filter", filter), ("perPage", "1")]);
    assert_eq!(counted.body["totalItems"], total, "{filter}");
    items
        .iter()
        .filter_map(|item| item["id"].as_str()?.get(1..2))
        .collect()
}

#[track_caller]
fn each_finds(client: &Client, table: &[(&str, &str)]) {
    let wrong: Vec<_> = table
        .iter()
        .map(|(filter, expected)| (filter, expected, found(client, filter)))
        .filter(|(_, expected, found)| found != *expected)
        .collect();
    assert!(wrong.is_empty(), "(filter, expected, found): {wrong:#?}");
}

#[track_caller]
fn each_is_refused(client: &Client, filters: &[&str]) {
    for filter in filters {
        let reply = client.list("books", &[("filter", filter)]);
        assert_eq!(reply.status, 400, "{filter}: {}", reply.text);
        reply.refused(400);
    }
}

#[test]
fn each_filter_finds_what_it_says() {
    let app = TestApp::start();
    library(&app);
    each_finds(app.root(), VALUES);
    each_finds(app.root(), LIKE);
    each_finds(app.root(), SYNTAX);
    each_finds(app.root(), RELATIONS);
    each_finds(app.root(), REQUEST);
}

#[test]
fn what_is_no_filter_is_refused() {
    let app = TestApp::start();
    library(&app);
    each_is_refused(app.root(), WRONG);
    // Guests get the same answer, whatever is wrong.
    for filter in WRONG {
        let reply = app.guest().list("books", &[("filter", filter)]);
        assert!(
            [400, 403].contains(&reply.status),
            "{filter}: {}",
            reply.text
        );
        reply.refused(reply.status);
    }
}

#[test]
fn n41_length_number_and_depth_have_limits() {
    let app = TestApp::start();
    library(&app);
    let root = app.root();
    let status = |filter: &str| {
        let reply = root.list("books", &[("filter", filter)]);
        if reply.status != 200 {
            reply.refused(400);
        }
        reply.status
    };
    let of_length =
        |length: usize| format!("title = '{}'", "x".repeat(length - "title = ''".len()));
    assert_eq!(
        (status(&of_length(3500)), status(&of_length(3501))),
        (200, 400)
    );
    let of_terms = |count: usize| vec!["pages=1"; count].join("||");
    assert_eq!((status(&of_terms(200)), status(&of_terms(201))), (200, 400));
    let nested = |depth: usize| format!("{}1=1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(status(&nested(20)), 200);
    for depth in [100, 1000, 1700] {
        assert!([200, 400].contains(&status(&nested(depth))), "{depth}");
    }
    assert_eq!(status(&"(".repeat(3500)), 400);
    assert_eq!(status(&"title='a'&&(".repeat(290)), 400);
    let back = |levels: usize| {
        format!(
            "{}title ?= 'Alpha'",
            "author.books_via_author.".repeat(levels)
        )
    };
    assert_eq!((status(&back(3)), status(&back(4))), (200, 400));
    let dots = |count: usize| format!("meta{} = 1", ".a".repeat(count));
    assert_eq!(status(&dots(10)), 200);
    assert!([200, 400].contains(&status(&dots(1000))));
    assert_eq!(status("title = 'a\u{0}b'"), 400);
    assert_eq!(status("title = 'a' \u{0}"), 400);
    // What is heavy but allowed ends.
    let heavy =
        vec!["tags.name ~ 'e' && reviews_via_book.by.books_via_author.tags.name ?~ 'e'"; 40]
            .join("||");
    assert!([200, 400].contains(&status(&heavy)));
    assert_eq!(found(root, "title = 'Alpha'"), "1");
}
