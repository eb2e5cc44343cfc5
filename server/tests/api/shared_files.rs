//! Several servers on one database, and whether each finds the files that the others take.

use std::time::{Duration, Instant};

use plinth::config::Config;
use serde_json::json;

use super::files::{names, records, upload, url};
use crate::support::process::{Process, make_superuser};
use crate::support::s3::S3;
use crate::support::{Client, Home, Reply, TestApp, on_postgres};

/// Settings that keep files in the home's directory.
fn on_disk(home: &Home) -> Config {
    Config {
        s3_bucket: String::new(),
        s3_endpoint: String::new(),
        s3_access_key: String::new().into(),
        s3_secret: String::new().into(),
        ..home.config()
    }
}

fn start(home: Home) -> TestApp {
    let config = on_disk(&home);
    TestApp::start_with(home, config)
}

/// Another directory, the same database.
fn beside(app: &TestApp) -> Home {
    Home::on(app.home.database_url.clone())
}

fn posts(app: &TestApp) -> Client {
    app.open_collection("posts", json!([{"name": "doc", "type": "file"}]));
    app.guest()
}

fn try_upload(client: &Client) -> Reply {
    client.send_parts("POST", &records("posts"), &[("doc", Some("a.txt"), b"a")])
}

/// Uploads until that is answered so.
#[track_caller]
fn becomes(client: &Client, status: u16) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let reply = try_upload(client);
        if reply.status == status {
            return;
        }
        assert!(Instant::now() < until, "{}", reply.text);
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn o11_servers_with_disks_of_their_own_take_no_files() {
    let one = start(Home::new());
    let guest = posts(&one);
    // One server alone needs no setting.
    try_upload(&guest).ok();
    if !on_postgres() {
        return;
    }
    let other = start(beside(&one));
    becomes(&guest, 503);
    try_upload(&other.guest()).refused(503);
    try_upload(&guest).refused(503);
    let count = guest.all("posts", "id").len();
    assert_eq!(other.guest().all("posts", "id").len(), count);
    // What has no files is written as ever.
    other.guest().create("posts", json!({}));
    // Who says that the directory is shared is believed, but others are still warned.
    let home = beside(&one);
    let config = Config {
        shared_dir: true,
        ..on_disk(&home)
    };
    let believed = TestApp::start_with(home, config);
    try_upload(&believed.guest()).ok();
    try_upload(&guest).refused(503);
    drop((other, believed));
    // A server that is gone is forgotten.
    becomes(&guest, 200);
}

#[test]
fn o11_servers_that_share_a_place_take_files() {
    let one = start(Home::new());
    let guest = posts(&one);
    let old = upload(&guest, "posts", &[("doc", Some("a.txt"), b"old")]);
    if !on_postgres() {
        return;
    }
    let home = beside(&one);
    let config = Config {
        dir: one.home.data_dir(),
        ..on_disk(&home)
    };
    let same = TestApp::start_with(home, config);
    let new = upload(&same.guest(), "posts", &[("doc", Some("b.txt"), b"new")]);
    for (client, post, content) in [(&same.guest(), &old, b"old"), (&guest, &new, b"new")] {
        let path = url(post, &names(post, "doc")[0]);
        assert_eq!(client.fetch("GET", &path, &[]).bytes, content);
    }
    drop((one, same));

    let s3 = S3::start();
    let one = s3.start_app();
    let guest = posts(&one);
    let home = beside(&one);
    let config = s3.settings(&home);
    let other = TestApp::start_with(home, config);
    let post = upload(&other.guest(), "posts", &[("doc", Some("b.txt"), b"new")]);
    let path = url(&post, &names(&post, "doc")[0]);
    assert_eq!(guest.fetch("GET", &path, &[]).bytes, b"new");
    // One that was not told of the bucket takes nothing.
    let stray = start(beside(&one));
    try_upload(&stray.guest()).refused(503);
    try_upload(&guest).ok();
}

#[test]
fn o11_a_server_says_where_its_files_are() {
    let home = Home::new();
    if !on_postgres() || !home.bucket.is_empty() {
        return;
    }
    make_superuser(&home);
    let server = Process::start(&home);
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let log = server.root().get("/api/logs?perPage=500").text;
        if log.contains("own disk") && log.contains("s3_bucket") {
            break;
        }
        assert!(Instant::now() < until, "{log}");
        std::thread::sleep(Duration::from_millis(200));
    }
    server.kill();
    let server = Process::start_with(&home, &[("PLINTH_SHARED_DIR", "true")]);
    server.root().get("/api/health").ok();
}
