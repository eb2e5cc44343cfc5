//! What files' stories have in common, and where files are on the disk.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, Home, Part, TestApp};

pub(crate) fn records(collection: &str) -> String {
    format!("/api/collections/{collection}/records")
}

/// Creates a record of these parts.
pub(crate) fn upload(client: &Client, collection: &str, parts: &[Part]) -> Value {
    client.send_parts("POST", &records(collection), parts).ok()
}

/// Changes a record by these parts.
pub(crate) fn change(client: &Client, record: &Value, parts: &[Part]) -> Value {
    client.send_parts("PATCH", &path_of(record), parts).ok()
}

pub(crate) fn path_of(record: &Value) -> String {
    let text = |key: &str| record[key].as_str().expect("a record").to_owned();
    format!("{}/{}", records(&text("collectionName")), text("id"))
}

/// The names of a field's files.
pub(crate) fn names(record: &Value, field: &str) -> Vec<String> {
    let value = &record[field];
    let names = match value.as_str() {
        Some("") => Vec::new(),
        Some(_) => vec![value.clone()],
        None => value.as_array().expect("names").clone(),
    };
    let name = |name: Value| name.as_str().expect("a name").to_owned();
    names.into_iter().map(name).collect()
}

/// Where the record's file is served.
pub(crate) fn url(record: &Value, name: &str) -> String {
    let text = |key: &str| record[key].as_str().expect("a record").to_owned();
    format!(
        "/api/files/{}/{}/{name}",
        text("collectionName"),
        text("id")
    )
}

/// Everything in the storage, as `<record>/<name>`.
pub(crate) fn on_disk(app: &TestApp, collection: &Value) -> Vec<String> {
    let id = collection["id"].as_str().expect("a collection");
    let dir = app.home.storage().join(id);
    let mut found = Vec::new();
    walk(&dir, &mut found);
    let name = |path: PathBuf| {
        let path = path.strip_prefix(&dir).expect("inside").to_owned();
        path.into_os_string().into_string().expect("text")
    };
    let mut found: Vec<String> = found.into_iter().map(name).collect();
    found.sort();
    found
}

fn walk(dir: &std::path::Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Waits until this is what is in the storage.
#[track_caller]
pub(crate) fn disk_becomes(app: &TestApp, collection: &Value, mut expected: Vec<String>) {
    expected.sort();
    let until = Instant::now() + Duration::from_secs(20);
    while on_disk(app, collection) != expected {
        if Instant::now() > until {
            assert_eq!(on_disk(app, collection), expected);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What the storage has of a record's field.
pub(crate) fn stored(record: &Value, field: &str) -> Vec<String> {
    let id = record["id"].as_str().expect("a record");
    let names = names(record, field).into_iter();
    names.map(|name| format!("{id}/{name}")).collect()
}

#[test]
fn files_go_with_what_named_them() {
    let app = TestApp::start();
    let fields = json!([
        {"name": "docs", "type": "file", "maxSelect": 5},
        {"name": "one", "type": "file", "maxSelect": 1},
    ]);
    let posts = app.open_collection("posts", fields);
    let guest = app.guest();
    let a = upload(
        &guest,
        "posts",
        &[
            ("docs", Some("a.txt"), b"a"),
            ("docs", Some("b.txt"), b"b"),
            ("one", Some("c.txt"), b"c"),
        ],
    );
    let b = upload(&guest, "posts", &[("docs", Some("d.txt"), b"d")]);
    let c = upload(&guest, "posts", &[("one", Some("e.txt"), b"e")]);
    let all = [
        stored(&a, "docs"),
        stored(&a, "one"),
        stored(&b, "docs"),
        stored(&c, "one"),
    ]
    .concat();
    disk_becomes(&app, &posts, all);

    // One name is taken out, one file replaced.
    let less = guest
        .patch(&path_of(&a), json!({"docs-": names(&a, "docs")[0]}))
        .ok();
    let less = change(&guest, &less, &[("one", Some("f.txt"), b"f")]);
    assert_ne!(less["one"], a["one"]);
    let left = [
        stored(&less, "docs"),
        stored(&less, "one"),
        stored(&b, "docs"),
        stored(&c, "one"),
    ]
    .concat();
    assert_eq!(left.len(), 4);
    disk_becomes(&app, &posts, left);

    guest.delete(&path_of(&b)).ok();
    disk_becomes(
        &app,
        &posts,
        [
            stored(&less, "docs"),
            stored(&less, "one"),
            stored(&c, "one"),
        ]
        .concat(),
    );

    // A field goes, and its files with it.
    let mut definition = app.root().get("/api/collections/posts").ok();
    let fields = definition["fields"].as_array_mut().expect("fields");
    fields.retain(|field| field["name"] != "one");
    app.root()
        .patch("/api/collections/posts", json!({"fields": fields}))
        .ok();
    disk_becomes(&app, &posts, stored(&less, "docs"));

    let d = upload(&guest, "posts", &[("docs", Some("g.txt"), b"g")]);
    disk_becomes(
        &app,
        &posts,
        [stored(&less, "docs"), stored(&d, "docs")].concat(),
    );
    app.root().delete("/api/collections/posts/truncate").ok();
    disk_becomes(&app, &posts, Vec::new());

    upload(&guest, "posts", &[("docs", Some("h.txt"), b"h")]);
    app.root().delete("/api/collections/posts").ok();
    disk_becomes(&app, &posts, Vec::new());
    // What is done is forgotten just after the files are gone.
    let left = "SELECT CAST(count(*) AS TEXT) AS value FROM \"_removed_files\"";
    let until = Instant::now() + Duration::from_secs(20);
    while app.text(left) != "0" {
        assert!(Instant::now() < until, "{} are left", app.text(left));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn files_of_records_that_go_with_others_go_too() {
    let app = TestApp::start();
    let parents = app.open_collection("parents", json!([{"name": "title", "type": "text"}]));
    let fields = json!([
        {"name": "parent", "type": "relation", "collectionId": parents["id"], "cascadeDelete": true, "maxSelect": 1},
        {"name": "doc", "type": "file"},
    ]);
    let children = app.open_collection("children", fields);
    let guest = app.guest();
    let parent = guest.create("parents", json!({}));
    let id = parent["id"].as_str().expect("an id").as_bytes();
    let child = upload(
        &guest,
        "children",
        &[("parent", None, id), ("doc", Some("a.txt"), b"a")],
    );
    disk_becomes(&app, &children, stored(&child, "doc"));
    guest.delete(&path_of(&parent)).ok();
    disk_becomes(&app, &children, Vec::new());
}

#[test]
fn what_is_refused_leaves_no_file() {
    let app = TestApp::start();
    let fields = json!([
        {"name": "doc", "type": "file"},
        {"name": "key", "type": "text", "required": true},
        {"name": "seen", "type": "bool"},
    ]);
    let mut posts = app.open_collection("posts", fields);
    posts["indexes"] = json!(["CREATE UNIQUE INDEX `one_key` ON `posts` (`key`)"]);
    let rules = json!({"createRule": "key != 'no'", "updateRule": "key != 'no'", "indexes": posts["indexes"]});
    app.root().patch("/api/collections/posts", rules).ok();
    let guest = app.guest();
    let doc: Part = ("doc", Some("a.txt"), b"a");
    let kept = upload(&guest, "posts", &[doc, ("key", None, b"yes")]);
    for parts in [
        vec![doc],
        vec![doc, ("key", None, b"no")],
        vec![doc, ("key", None, b"yes")],
    ] {
        guest
            .send_parts("POST", &records("posts"), &parts)
            .refused(400);
    }
    guest
        .send_parts("PATCH", &path_of(&kept), &[doc, ("key", None, b"")])
        .refused_for("key", "required");
    let other = upload(&guest, "posts", &[doc, ("key", None, b"other")]);
    guest
        .send_parts("PATCH", &path_of(&other), &[doc, ("key", None, b"yes")])
        .refused_for("key", "not_unique");
    guest
        .send_parts(
            "PATCH",
            "/api/collections/posts/records/missing00000000",
            &[doc],
        )
        .refused(404);
    guest
        .send_parts("POST", "/api/collections/missing/records", &[doc])
        .refused(404);
    app.root()
        .patch("/api/collections/posts", json!({"createRule": null}))
        .ok();
    guest
        .send_parts("POST", &records("posts"), &[doc])
        .refused(403);
    disk_becomes(
        &app,
        &posts,
        [stored(&kept, "doc"), stored(&other, "doc")].concat(),
    );
}

#[test]
fn what_a_server_left_behind_is_found() {
    let app = TestApp::start();
    let posts = app.open_collection("posts", json!([{"name": "doc", "type": "file"}]));
    let kept = upload(&app.guest(), "posts", &[("doc", Some("a.txt"), b"a")]);
    let id = posts["id"].as_str().expect("an id");
    let dir = app.home.storage().join(id);
    let old = std::time::SystemTime::UNIX_EPOCH;
    let plant = |path: &str, is_old: bool| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        let file = std::fs::File::create(&path).expect("a file");
        if is_old {
            file.set_modified(old).expect("a time");
        }
    };
    let record = kept["id"].as_str().expect("an id");
    let doc = kept["doc"].as_str().expect("a name");
    plant(&format!("{record}/thumbs_{doc}/100x100_{doc}"), true);
    plant(&format!("{record}/{doc}"), true);
    plant(&format!("{record}/orphan_0123456789.txt"), true);
    plant(
        &format!("{record}/thumbs_orphan_0123456789.txt/100x100_orphan_0123456789.txt"),
        true,
    );
    plant("gone00000000000/orphan_0123456789.txt", true);
    plant("young0000000000/orphan_0123456789.txt", false);
    let cleaned = actix_web::rt::System::new().block_on(plinth::files::clean::orphans(&app.app));
    let cleaned = cleaned.expect("it looks");
    assert_eq!((cleaned.removed, cleaned.failed), (3, 0));
    let left = vec![
        format!("{record}/{doc}"),
        format!("{record}/thumbs_{doc}/100x100_{doc}"),
        "young0000000000/orphan_0123456789.txt".to_owned(),
    ];
    disk_becomes(&app, &posts, left);
}

#[test]
fn files_of_a_batch_are_all_there_or_none_is() {
    let app = TestApp::start();
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    let fields = json!([
        {"name": "docs", "type": "file", "maxSelect": 5},
        {"name": "key", "type": "text", "required": true},
    ]);
    let posts = app.open_collection("posts", fields);
    let kept = upload(
        &app.guest(),
        "posts",
        &[("docs", Some("a.txt"), b"a"), ("key", None, b"a")],
    );
    let send = |key: &str| {
        let requests = json!({"requests": [
            {"method": "POST", "url": records("posts"), "body": {"key": "b"}},
            {"method": "PATCH", "url": path_of(&kept), "body": {"docs-": kept["docs"]}},
            {"method": "POST", "url": records("posts"), "body": {"key": key}},
        ]});
        let requests = requests.to_string();
        let parts: [Part; 5] = [
            ("@jsonPayload", None, requests.as_bytes()),
            ("requests.0.docs", Some("b.txt"), b"b"),
            ("requests.0.docs", Some("c.txt"), b"c"),
            ("requests[1].docs+", Some("d.txt"), b"d"),
            ("requests.2.docs", Some("e.txt"), b"e"),
        ];
        app.guest().send_parts("POST", "/api/batch", &parts)
    };
    send("").refused(400);
    disk_becomes(&app, &posts, stored(&kept, "docs"));
    assert_eq!(app.guest().all("posts", "key"), ["a"]);
    let done = send("c").ok();
    let bodies: Vec<Value> = (0..3).map(|n| done[n]["body"].clone()).collect();
    let counts: Vec<usize> = bodies.iter().map(|it| names(it, "docs").len()).collect();
    assert_eq!(counts, [2, 1, 1]);
    let all = bodies.iter().flat_map(|body| stored(body, "docs"));
    disk_becomes(&app, &posts, all.collect());
}

#[test]
fn a_storage_that_is_away_changes_nothing() {
    let home = Home::new();
    let mut config = home.config();
    // Nobody listens there.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    config.s3_bucket = "bucket".to_owned();
    config.s3_endpoint = format!("http://{address}");
    config.s3_access_key = "key".into();
    config.s3_secret = "secret of the storage".into();
    let app = TestApp::start_with(home, config);
    let fields = json!([{"name": "doc", "type": "file"}, {"name": "title", "type": "text"}]);
    app.open_collection("posts", fields);
    let guest = app.guest();
    let parts: [Part; 2] = [("title", None, b"a"), ("doc", Some("a.txt"), b"a")];
    let reply = guest.send_parts("POST", &records("posts"), &parts);
    reply.refused(503);
    for leak in [&address.to_string(), "bucket", "secret"] {
        assert!(!reply.text.contains(leak), "{}", reply.text);
    }
    assert!(guest.all("posts", "title").is_empty());
    let post = guest.create("posts", json!({"title": "without a file"}));
    let change = guest.send_parts("PATCH", &path_of(&post), &parts);
    change.refused(503);
    assert_eq!(guest.get(&path_of(&post)).ok(), post);
}
