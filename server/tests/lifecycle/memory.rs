//! How much memory strangers can make a server take.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::support::process::{Process, make_superuser};
use crate::support::{Home, at_once, on_postgres};

/// The most MiB that the server may have held at once: the two budgets, and what is made of them for a moment. Each
/// connection to PostgreSQL that reads a large row has it in memory several times besides.
fn most() -> u64 {
    if on_postgres() { 700 } else { 400 }
}

/// The most memory that the server has held so far, in MiB.
fn peak(server: &Process) -> u64 {
    let path = format!("/proc/{}/status", server.child.id());
    let status = std::fs::read_to_string(path).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    let kilobytes: u64 = kilobytes
        .and_then(|text| text.parse().ok())
        .expect("a size");
    kilobytes >> 10
}

/// Sends the beginning of a body, as far as the server takes it.
fn send(server: &Process, path: &str, length: usize, body: &[u8]) -> TcpStream {
    let mut stream = server.connect();
    let timeout = Some(Duration::from_secs(20));
    stream.set_write_timeout(timeout).expect("a timeout");
    stream.set_read_timeout(timeout).expect("a timeout");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    // A server that refuses it may be gone before all is sent.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
    stream
}

#[test]
fn n64_n68_strangers_do_not_take_the_memory() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    let root = server.root();
    let pages = json!({
        "name": "pages", "createRule": "", "listRule": "", "viewRule": "",
        "fields": [{"type": "editor", "name": "a"}, {"type": "editor", "name": "b"}, {"type": "json", "name": "data"}],
    });
    root.post("/api/collections", pages).ok();
    let (users, pages) = (
        "/api/collections/users/records",
        "/api/collections/pages/records",
    );
    let zeros = format!("{{\"data\":[{}0]}}", "0,".repeat(15_000_000)).into_bytes();
    let others = format!("{{\"x\":[{}0]}}", "0,".repeat(15_000_000)).into_bytes();
    let ids: Vec<String> = (0..2_500_000).map(|n| format!("\"{n}\"")).collect();
    let ids = format!("{{\"data\":[{}],\"avatar\":[{}]}}", ids.join(","), 0).into_bytes();
    let bodies = [
        (users, &zeros),
        (pages, &zeros),
        (pages, &others),
        (pages, &ids),
    ];
    for (path, body) in bodies {
        at_once(4, |_| {
            let mut stream = send(&server, path, body.len(), body);
            let _ = stream.read(&mut [0; 100]);
        });
        let peak = peak(&server);
        assert!(peak < most(), "{peak} MiB after whole bodies for {path}");
    }
    let part = vec![b' '; 30 << 20];
    let slow = at_once(10, |_| {
        let streams = (0..4).map(|_| send(&server, pages, 31 << 20, &part));
        streams.collect::<Vec<_>>()
    });
    let held = peak(&server);
    assert!(held < most(), "{held} MiB after slow bodies");
    // Others are served meanwhile.
    server.client.create("pages", json!({"a": "small"}));
    drop(slow);
    for _ in 0..5 {
        root.create("pages", json!({"a": "x".repeat(4 << 20)}));
    }
    let unread = at_once(10, |_| {
        let ask = || {
            let mut stream = server.connect();
            let request = format!("GET {pages} HTTP/1.1\r\nHost: a\r\n\r\n");
            stream.write_all(request.as_bytes()).expect("a request");
            stream.read_exact(&mut [0; 12]).expect("an answer");
            stream
        };
        (0..4).map(|_| ask()).collect::<Vec<_>>()
    });
    let held = peak(&server);
    assert!(held < most(), "{held} MiB after answers that nobody reads");
    server.client.get("/api/health").ok();
    drop(unread);
}
