//! Files on their way in: names, limits, modifiers, and what is wrong with them.

use serde_json::{Value, json};

use super::files::{disk_becomes, names, path_of, records, stored, upload};
use crate::support::{Part, TestApp};

fn fields() -> Value {
    json!([
        {"name": "one", "type": "file"},
        {"name": "many", "type": "file", "maxSelect": 3, "maxSize": 30, "mimeTypes": ["text/plain", "image/png"]},
        {"name": "title", "type": "text"},
    ])
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const HTML: &[u8] = b"<!doctype html><html>";

fn ending(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, ending)| ending)
}

#[test]
fn a_file_is_kept_under_a_name_of_its_own() {
    let app = TestApp::start();
    let posts = app.open_collection("posts", fields());
    let guest = app.guest();
    let parts: [Part; 4] = [
        ("title", None, b"a"),
        ("one", Some("My File (1).TXT"), b"one"),
        ("many", Some("a.txt"), b"first"),
        ("many", Some("picture"), PNG),
    ];
    let post = upload(&guest, "posts", &parts);
    let one = post["one"].as_str().expect("a name");
    assert!(
        one.starts_with("my_file_1_") && ending(one) == Some("TXT") && one.len() == 24,
        "{one}"
    );
    let many = names(&post, "many");
    assert!(
        many[0].starts_with('a') && ending(&many[0]) == Some("txt"),
        "{many:?}"
    );
    assert!(
        many[1].starts_with("picture_") && ending(&many[1]) == Some("png"),
        "{many:?}"
    );
    assert_eq!(guest.get(&path_of(&post)).ok(), post);
    disk_becomes(
        &app,
        &posts,
        [stored(&post, "one"), stored(&post, "many")].concat(),
    );
    for (name, content) in [(one, &b"one"[..]), (&many[0], b"first"), (&many[1], PNG)] {
        let path = app
            .home
            .storage()
            .join(posts["id"].as_str().expect("an id"));
        let path = path.join(post["id"].as_str().expect("an id")).join(name);
        assert_eq!(std::fs::read(path).expect("a file"), content);
    }
    // Two of one name are two, and of several for one the last counts.
    let parts: [Part; 4] = [
        ("many", Some("a.txt"), b"1"),
        ("many", Some("a.txt"), b"2"),
        ("one", Some("first.txt"), b"1"),
        ("one", Some("last.txt"), b"2"),
    ];
    let twice = upload(&guest, "posts", &parts);
    assert_eq!(names(&twice, "many").len(), 2);
    assert!(
        twice["one"]
            .as_str()
            .is_some_and(|name| name.starts_with("last_"))
    );
    disk_becomes(
        &app,
        &posts,
        [
            stored(&post, "one"),
            stored(&post, "many"),
            stored(&twice, "one"),
            stored(&twice, "many"),
        ]
        .concat(),
    );
}

#[test]
fn bad_files_are_refused_by_field() {
    let app = TestApp::start();
    let posts = app.open_collection("posts", fields());
    let guest = app.guest();
    let a: Part = ("many", Some("a.txt"), b"a");
    let long = [b'x'; 31];
    let huge = vec![b'x'; (5 << 20) + 1];
    for (parts, field, code, message) in [
        (
            vec![a, a, a, a],
            "many",
            "too_many_files",
            "The maximum allowed files is 3.",
        ),
        (
            vec![a, ("many", Some("b.txt"), &long[..])],
            "many",
            "file_size_limit",
            "Failed to upload b.txt - the maximum allowed file size is 30 bytes.",
        ),
        (
            vec![("one", Some("b.bin"), &huge[..])],
            "one",
            "file_size_limit",
            "Failed to upload b.bin - the maximum allowed file size is 5242880 bytes.",
        ),
        (
            vec![a, ("many", Some("b.txt"), HTML)],
            "many",
            "invalid_mime_type",
            "mime type must be one of: text/plain, image/png.",
        ),
        (
            vec![("many", None, &b"other.txt"[..]), a],
            "many",
            "invalid_file",
            "Invalid new files: [other.txt].",
        ),
        (
            vec![("one", None, &b"other.txt"[..])],
            "one",
            "invalid_file",
            "Invalid new files: [other.txt].",
        ),
    ] {
        let reply = guest.send_parts("POST", &records("posts"), &parts);
        reply.refused_for(field, code);
        let said = reply.body["data"][field]["message"]
            .as_str()
            .expect("a message");
        assert!(said.ends_with(message), "{said}");
    }
    for (body, unknown) in [
        (json!({"many": ["x", "y"]}), json!(["x", "y"])),
        (
            json!({"many": "../../etc/passwd"}),
            json!(["../../etc/passwd"]),
        ),
        (json!({"many+": ["x"]}), json!(["x"])),
        (json!({"many": [1, true]}), json!(["1", "true"])),
    ] {
        let reply = guest.try_create("posts", body);
        reply.refused_for("many", "invalid_file");
        assert_eq!(
            reply.body["data"]["many"]["params"]["invalidFiles"],
            unknown
        );
    }
    // What is no list of names is none.
    for body in [
        json!({"many": {"a": 1}}),
        json!({"many": null, "one": []}),
        json!({"one": {}}),
    ] {
        let post = guest.create("posts", body);
        assert_eq!((&post["many"], &post["one"]), (&json!([]), &json!("")));
    }
    let needed = json!([{"name": "doc", "type": "file", "required": true}]);
    app.open_collection("needed", needed);
    guest
        .try_create("needed", json!({}))
        .refused_for("doc", "required");
    let kept = upload(&guest, "needed", &[("doc", Some("a.txt"), b"a")]);
    for body in [
        json!({"doc": ""}),
        json!({"doc-": kept["doc"]}),
        json!({"doc": null}),
    ] {
        guest
            .patch(&path_of(&kept), body)
            .refused_for("doc", "required");
    }
    // A file for a field that is none, or that there is not, is nobody's.
    let post = upload(
        &guest,
        "posts",
        &[
            ("title", Some("t.txt"), b"t"),
            ("nope", Some("n.txt"), b"n"),
        ],
    );
    assert_eq!(post["title"], "");
    disk_becomes(&app, &posts, Vec::new());
}

#[test]
fn files_are_added_taken_out_and_reordered() {
    let app = TestApp::start();
    let posts = app.open_collection("posts", fields());
    let guest = app.guest();
    let post = upload(
        &guest,
        "posts",
        &[
            ("many", Some("aaa.txt"), b"a"),
            ("many", Some("bbb.txt"), b"b"),
        ],
    );
    let path = path_of(&post);
    let send = |parts: &[Part]| guest.send_parts("PATCH", &path, parts);
    let shown = |post: &Value| {
        let first = |name: &String| name[..3].to_owned();
        names(post, "many").iter().map(first).collect::<Vec<_>>()
    };
    let post = send(&[("many+", Some("ccc.txt"), b"c")]).ok();
    assert_eq!(shown(&post), ["aaa", "bbb", "ccc"]);
    send(&[("+many", Some("ddd.txt"), b"d")]).refused_for("many", "too_many_files");
    let gone = names(&post, "many")[1].clone();
    let post = send(&[
        ("many-", None, gone.as_bytes()),
        ("+many", Some("ddd.txt"), b"d"),
    ])
    .ok();
    assert_eq!(shown(&post), ["ddd", "aaa", "ccc"]);
    let mut turned = names(&post, "many");
    turned.reverse();
    let post = guest.patch(&path, json!({"many": turned})).ok();
    assert_eq!(shown(&post), ["ccc", "aaa", "ddd"]);
    guest
        .patch(&path, json!({"many": [gone]}))
        .refused_for("many", "invalid_file");
    // A name that stays, and a file, under one key.
    let kept = names(&post, "many")[1].clone();
    let post = send(&[
        ("many", None, kept.as_bytes()),
        ("many", Some("eee.txt"), b"e"),
    ])
    .ok();
    assert_eq!(shown(&post), ["aaa", "eee"]);
    let payload = json!({"many": [names(&post, "many")[1]]}).to_string();
    let post = send(&[
        ("@jsonPayload", None, payload.as_bytes()),
        ("many", Some("fff.txt"), b"f"),
    ])
    .ok();
    assert_eq!(shown(&post), ["eee", "fff"]);
    disk_becomes(&app, &posts, stored(&post, "many"));
    // Another record's file is not this one's.
    let other = upload(&guest, "posts", &[("many", Some("ggg.txt"), b"g")]);
    guest
        .patch(&path, json!({"many": other["many"]}))
        .refused_for("many", "invalid_file");
}

#[test]
fn rules_and_filters_ask_about_files() {
    let app = TestApp::start();
    app.open_collection("posts", fields());
    let guest = app.guest();
    let a: Part = ("many", Some("aaa.txt"), b"a");
    for (rule, two, one, none) in [
        ("@request.body.many:isset = true", 200, 200, 400),
        ("@request.body.many:length = 2", 200, 400, 400),
        ("many:length = 2", 200, 400, 400),
        ("@request.body.many:each ~ '.txt'", 200, 200, 400),
        ("many ~ 'aaa_'", 200, 200, 400),
    ] {
        app.root()
            .patch("/api/collections/posts", json!({"createRule": rule}))
            .ok();
        for (parts, status) in [(vec![a, a], two), (vec![a], one), (vec![], none)] {
            let parts = [vec![("title", None, &b"x"[..])], parts].concat();
            let reply = guest.send_parts("POST", &records("posts"), &parts);
            assert_eq!(reply.status, status, "{rule}: {}", reply.text);
        }
    }
    let count = |filter: &str| guest.filter("posts", filter, "id").len();
    assert_eq!(count("many:length = 2"), 5);
    assert_eq!(count("many:length = 1"), 3);
    assert_eq!(count("many:each ~ 'aaa_'"), 8);
    assert_eq!(count("many = 'aaa'"), 0);
    assert_eq!(count("one = ''"), 8);
}

#[test]
fn the_id_is_known_before_the_file_is_stored() {
    let app = TestApp::start();
    let posts = app.open_collection("posts", fields());
    let guest = app.guest();
    let doc: Part = ("one", Some("aaa.txt"), b"a");
    let own = upload(&guest, "posts", &[doc, ("id", None, b"abcdefghijklmno")]);
    assert_eq!(own["id"], "abcdefghijklmno");
    guest
        .send_parts(
            "POST",
            &records("posts"),
            &[doc, ("id", None, b"abcdefghijklmno")],
        )
        .refused_for("id", "not_unique");
    guest
        .send_parts(
            "POST",
            &records("posts"),
            &[doc, ("id", None, b"../../../../tmp/")],
        )
        .refused(400);
    let made = upload(&guest, "posts", &[doc]);
    disk_becomes(
        &app,
        &posts,
        [stored(&own, "one"), stored(&made, "one")].concat(),
    );
}

#[test]
fn options_of_file_fields_are_checked() {
    let app = TestApp::start();
    for (options, key, code) in [
        (
            json!({"maxSelect": -1}),
            "maxSelect",
            "min_greater_equal_than_required",
        ),
        (
            json!({"maxSize": -1}),
            "maxSize",
            "min_greater_equal_than_required",
        ),
        (
            json!({"maxSize": 9_007_199_254_740_992_i64}),
            "maxSize",
            "max_less_equal_than_required",
        ),
        (
            json!({"thumbs": ["10x10", "a"]}),
            "thumbs.1",
            "match_invalid",
        ),
        (json!({"thumbs": ["100x100z"]}), "thumbs.0", "match_invalid"),
        (json!({"thumbs": ["0x0"]}), "thumbs.0", "not_in_invalid"),
    ] {
        let mut field = json!({"name": "doc", "type": "file"});
        for (key, value) in options.as_object().expect("options") {
            field[key] = value.clone();
        }
        let body = json!({"name": "posts", "type": "base", "fields": [field]});
        let reply = app.root().post("/api/collections", body);
        reply.refused_for(&format!("fields.1.{key}"), code);
    }
    for options in [
        json!({"maxSelect": "x"}),
        json!({"maxSize": 1.5}),
        json!({"mimeTypes": "x"}),
        json!({"thumbs": {}}),
    ] {
        let mut field = json!({"name": "doc", "type": "file"});
        for (key, value) in options.as_object().expect("options") {
            field[key] = value.clone();
        }
        let body = json!({"name": "posts", "type": "base", "fields": [field]});
        app.root().post("/api/collections", body).refused(400);
    }
    let avatar = &app.root().get("/api/collections/users").ok()["fields"][7];
    assert_eq!(
        (&avatar["name"], &avatar["maxSelect"]),
        (&json!("avatar"), &json!(1))
    );
    assert_eq!(
        (&avatar["thumbs"], &avatar["protected"]),
        (&json!(null), &json!(false))
    );
}

#[test]
fn n14_what_may_not_be_set_is_not_uploaded_either() {
    let app = TestApp::start();
    let fields = json!([{"name": "secret", "type": "file", "hidden": true}, {"name": "title", "type": "text"}]);
    let posts = app.open_collection("posts", fields);
    let guest = app.guest();
    let made = upload(
        &guest,
        "posts",
        &[
            ("secret", Some("a.txt"), b"a"),
            ("secret+", Some("b.txt"), b"b"),
        ],
    );
    assert_eq!(made["secret"], json!(null));
    let seen = app.root().get(&path_of(&made)).ok();
    assert_eq!(seen["secret"], "");
    disk_becomes(&app, &posts, Vec::new());
}
