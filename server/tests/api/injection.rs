//! Hostile text wherever text goes: none of it becomes SQL.

use serde_json::json;

use crate::filters::library;
use crate::support::{LEAKS, Reply, TestApp};

/// Text that has broken out of quotes, names and paths elsewhere.
const HOSTILE: &[&str] = &[
    "'",
    "\"",
    "`",
    "\\",
    "\\'",
    "''",
    "\"\"",
    "'; DROP TABLE books; --",
    "\"; DROP TABLE books; --",
    "' OR '1'='1",
    "\" OR \"1\"=\"1",
    "1; SELECT pg_sleep(10)",
    "title) FROM books; --",
    "title/**/OR/**/1=1",
    "title--",
    "title#",
    "\u{0}",
    "title\u{0}",
    "title\n;",
    "%",
    "%00",
    "_",
    "*",
    "$1",
    "?",
    ":1",
    "@",
    "@@version",
    "{{x}}",
    "${x}",
    "%s%n",
    "../../etc/passwd",
    "é",
    "名前",
    "😀",
    "\u{202e}",
    "\u{feff}title",
    "ti\u{301}tle",
    "ＴＩＴＬＥ",
    ".",
    "..",
    "a.b.c.d",
    "title.",
    ".title",
    "title..title",
    "[0]",
    "title[0]",
    "title->'a'",
    "title->>'a'",
    "title::text",
    "title::regclass",
    "sqlite_master",
    "pg_catalog.pg_user",
    "information_schema.tables",
    "rowid",
    "_rowid_",
    "oid",
    "ctid",
    "xmin",
    "tableoid",
    "load_extension('x')",
    "readfile('/etc/passwd')",
    "randomblob(1000000000)",
    "(SELECT 1)",
    "CASE WHEN 1 THEN 2 END",
    "\u{1}\u{7f}",
    "-",
    "--",
    "+",
    ",",
    ";",
    "()",
    "(",
    ")",
    "[]",
    "{}",
    "null",
    "true",
    "NaN",
    "Infinity",
];

/// Asserts that the answer is one of ours, of a request that was not understood or found nothing.
#[track_caller]
fn is_harmless(reply: &Reply, what: &str) {
    assert!(
        reply.status < 500,
        "{what}: {} {}",
        reply.status,
        reply.text
    );
    if reply.status >= 400 {
        reply.is_refusal();
        // What was sent may be quoted; what was not may not show.
        let leak = LEAKS
            .iter()
            .find(|leak| reply.text.contains(**leak) && !what.contains(**leak));
        assert_eq!(leak, None, "{what}: {}", reply.text);
    }
}

#[test]
fn n16_no_parameter_becomes_sql() {
    let app = TestApp::start();
    library(&app);
    let before = app
        .root()
        .everything(&["books", "authors", "tags", "reviews"]);
    for client in [app.guest(), app.root().clone()] {
        for text in HOSTILE {
            for filter in [
                (*text).to_owned(),
                format!("{text} = 1"),
                format!("title = {text}"),
                format!("title ~ '{text}'"),
                format!("title = \"{text}\""),
                format!("author.{text} = 1"),
                format!("meta.{text} = 1"),
                format!("meta.a.{text} ?~ 'x'"),
                format!("title:{text} = 1"),
                format!("books_via_{text}.id = 1"),
                format!("{text}_via_author.id = 1"),
                format!("@collection.{text}.id = 1"),
                format!("@request.{text} = 1"),
                format!("@request.headers.{text} = 1"),
            ] {
                is_harmless(&client.list("books", &[("filter", &filter)]), &filter);
            }
            for sort in [
                (*text).to_owned(),
                format!("-{text}"),
                format!("meta.{text}"),
                format!("author.{text}"),
            ] {
                is_harmless(&client.list("books", &[("sort", &sort)]), &sort);
            }
            for name in ["fields", "expand"] {
                for value in [format!("author.{text}"), format!("title:excerpt({text})")] {
                    is_harmless(&client.list("books", &[(name, &value)]), &value);
                }
            }
            for name in ["fields", "expand", "page", "perPage", "skipTotal"] {
                is_harmless(&client.list("books", &[(name, text)]), text);
            }
        }
    }
    assert_eq!(
        app.root()
            .everything(&["books", "authors", "tags", "reviews"]),
        before
    );
}

#[test]
fn n16_no_name_becomes_sql() {
    let app = TestApp::start();
    app.open_collection("books", json!([{"type": "text", "name": "title"}]));
    let root = app.root();
    root.create("books", json!({"title": "kept"}));
    let before = root.everything(&["books"]);
    let encode = |text: &str| {
        url::form_urlencoded::byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    for text in HOSTILE {
        let part = encode(text);
        for path in [
            format!("/api/collections/{part}"),
            format!("/api/collections/{part}/records"),
            format!("/api/collections/{part}/records/{part}"),
            format!("/api/collections/books/records/{part}"),
        ] {
            for client in [app.guest(), root.clone()] {
                is_harmless(&client.get(&path), &path);
                is_harmless(&client.patch(&path, json!({"title": "changed"})), &path);
                is_harmless(&client.delete(&path), &path);
            }
        }
        is_harmless(
            &root.post(
                &format!("/api/collections/{part}/auth-with-password"),
                json!({}),
            ),
            text,
        );
        is_harmless(
            &root.get(&format!("/api/collections?filter={part}&sort={part}")),
            text,
        );
        let bad_name = text.chars().any(|c| !c.is_ascii_alphanumeric() && c != '_');
        if bad_name {
            let fields = json!({"fields": [{"type": "text", "name": text}]});
            root.patch("/api/collections/books", fields).refused(400);
            root.post("/api/collections", json!({"name": text}))
                .refused(400);
            root.post("/api/collections", json!({"name": "other", "id": text}))
                .refused(400);
        }
        for index in [
            (*text).to_owned(),
            format!("CREATE INDEX {text} ON books (title)"),
            format!("CREATE INDEX idx ON books ({text})"),
            format!("CREATE INDEX idx ON books (title) WHERE {text}"),
            format!("CREATE INDEX idx ON books (title COLLATE {text})"),
            format!("CREATE INDEX `{text}` ON books (`{text}`)"),
        ] {
            let reply = root.patch("/api/collections/books", json!({"indexes": [index]}));
            is_harmless(&reply, &index);
        }
        let rules = root.patch(
            "/api/collections/books",
            json!({"viewRule": format!("title = {text}")}),
        );
        is_harmless(&rules, text);
        let option = json!({"fields": [{"type": "text", "name": "title", "pattern": text}]});
        is_harmless(&root.patch("/api/collections/books", option), text);
        is_harmless(&root.try_create("books", json!({"id": text})), text);
    }
    let after = root.everything(&["books"]);
    assert_eq!(after[1]["items"][0], before[1]["items"][0]);
    assert_eq!(
        after[0]["totalItems"], before[0]["totalItems"],
        "no collection came or went"
    );
}

#[test]
fn n16_hostile_values_are_just_values() {
    let app = TestApp::start();
    let values: Vec<_> = HOSTILE.iter().filter(|text| !text.contains('\0')).collect();
    app.open_collection(
        "notes",
        json!([
            {"type": "text", "name": "title"}, {"type": "json", "name": "data"},
            {"type": "select", "name": "kinds", "values": values, "maxSelect": 9},
        ]),
    );
    for text in &values {
        let made = app.guest().create(
            "notes",
            json!({"title": text, "data": {**text: [text]}, "kinds": [text]}),
        );
        assert_eq!(made["title"], json!(text));
        assert_eq!(made["data"][**text][0], json!(text));
        assert_eq!(made["kinds"], json!([text]), "{text:?}");
        let id = made["id"].as_str().expect("an id");
        assert_eq!(app.guest().view("notes", id).ok(), made);
        let quoted = text.replace('\\', "\\\\").replace('\'', "\\'");
        let found = app
            .guest()
            .filter("notes", &format!("title = '{quoted}'"), "id");
        // Backslashes before other characters stay, as PocketBase has it.
        if !text.contains('\\') {
            assert_eq!(found, [id], "{text:?}");
        }
    }
}
