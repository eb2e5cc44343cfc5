//! How large answers are, and how much memory those take that nobody reads.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use plinth::config::Config;
use serde_json::json;

use crate::support::{Client, Home, TestApp};

/// A server whose answers have a megabyte at most.
fn start() -> TestApp {
    let home = Home::new();
    let config = Config {
        answer_mb: 1,
        answers_mb: 16,
        ..home.config()
    };
    let app = TestApp::start_with(home, config);
    app.open_collection("pages", json!([{"type": "editor", "name": "text"}]));
    let pages = app.root().get("/api/collections/pages").ok();
    app.open_collection(
        "refs",
        json!([{"type": "relation", "name": "page", "collectionId": pages["id"]}]),
    );
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    app
}

fn page(client: &Client, size: usize) -> String {
    let page = client.create("pages", json!({"text": "x".repeat(size)}));
    page["id"].as_str().expect("an id").to_owned()
}

#[test]
fn n68_an_answer_has_a_budget_of_bytes() {
    let app = start();
    let guest = app.guest();
    let large = page(&guest, 100 << 10);
    for _ in 0..20 {
        guest.create("refs", json!({"page": large}));
        page(&guest, 100 << 10);
    }
    let too_large = [
        "/api/collections/pages/records".to_owned(),
        "/api/collections/refs/records?expand=page".to_owned(),
        "/api/collections/refs/records?expand=page.refs_via_page.page".to_owned(),
        "/api/collections/refs/records?expand=page&fields=expand".to_owned(),
        format!("/api/collections/pages/records/{large}?expand=refs_via_page.page"),
    ];
    for path in &too_large {
        for client in [&guest, app.root()] {
            let reply = client.get(path);
            reply.refused(400);
            let message = reply.body["message"].as_str().expect("a message");
            assert!(message.contains("larger than 1 MiB"), "{path}: {message}");
        }
    }
    for path in [
        "/api/collections/pages/records?perPage=5",
        "/api/collections/pages/records?perPage=1000&fields=id",
        "/api/collections/pages/records?perPage=1000&fields=text:excerpt(10)",
        "/api/collections/refs/records?expand=page&perPage=5",
    ] {
        guest.get(path).ok();
    }
    let two = guest
        .get("/api/collections/refs/records?expand=page&perPage=2&fields=expand.page.id")
        .ok();
    let expected = json!({"expand": {"page": {"id": large}}});
    assert_eq!(two["items"], json!([expected, expected]));
}

#[test]
fn n68_what_is_written_is_answered_for() {
    let app = start();
    let guest = app.guest();
    let large = page(&guest, 100 << 10);
    for _ in 0..20 {
        guest.create("refs", json!({"page": large}));
    }
    // It is made, and the answer leaves out what it has no room for.
    let path = "/api/collections/refs/records?expand=page.refs_via_page.page";
    let made = guest.post(path, json!({"page": large})).ok();
    assert_eq!(made["page"], json!(large));
    assert_eq!(made.get("expand"), None);
    // A batch can still be taken back.
    let create = |size: usize| {
        json!({
            "method": "POST", "url": "/api/collections/pages/records", "body": {"text": "x".repeat(size)},
        })
    };
    let before = guest.all("pages", "id").len();
    let requests = vec![create(300 << 10); 4];
    let reply = guest.post("/api/batch", json!({"requests": requests}));
    reply.refused(400);
    assert!(reply.text.contains("larger than 1 MiB"), "{}", reply.text);
    let total = |client: &Client| {
        client
            .list("pages", &[("fields", "id"), ("perPage", "1")])
            .ok()["totalItems"]
            .clone()
    };
    assert_eq!(total(&guest), json!(before));
    let requests = vec![create(300 << 10); 2];
    let made = guest.post("/api/batch", json!({"requests": requests})).ok();
    assert_eq!(made[1]["status"], 200);
    assert_eq!(made[1]["body"]["collectionName"], "pages");
    let path = "/api/batch?fields=status";
    let made = guest.post(path, json!({"requests": [create(10)]})).ok();
    assert_eq!(made, json!([{"status": 200}]));
}

#[test]
fn n68_answers_that_nobody_reads_have_a_budget() {
    let home = Home::new();
    let config = Config {
        answer_mb: 16,
        answers_mb: 40,
        ..home.config()
    };
    let app = TestApp::start_with(home, config);
    app.open_collection("pages", json!([{"type": "editor", "name": "text"}]));
    for _ in 0..13 {
        page(app.root(), 1 << 20);
    }
    let path = "/api/collections/pages/records";
    let address = app.url.strip_prefix("http://").expect("an address");
    // More than what the network holds between the two.
    let ask = || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let timeout = Some(Duration::from_secs(60));
        stream.set_read_timeout(timeout).expect("an option");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
        let mut beginning = [0; 12];
        stream.read_exact(&mut beginning).expect("an answer");
        (stream, String::from_utf8_lossy(&beginning).into_owned())
    };
    let (first, status) = ask();
    assert_eq!(status, "HTTP/1.1 200");
    let (_second, status) = ask();
    assert_eq!(status, "HTTP/1.1 503");
    // What is small has room, and so have others than guests.
    app.guest().get(&format!("{path}?fields=id")).ok();
    let deadline = Instant::now() + Duration::from_secs(30);
    drop(first);
    while ask().1 != "HTTP/1.1 200" {
        assert!(Instant::now() < deadline, "the memory does not come back");
        std::thread::sleep(Duration::from_millis(50));
    }
}
