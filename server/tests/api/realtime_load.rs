//! Realtime under load: the order of events, clients that do not read, storms, several processes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read};
use std::time::Duration;

use serde_json::json;

use crate::realtime::{POST, mark, posts};
use crate::support::process::{Process, make_superuser};
use crate::support::stream::{Stream, open};
use crate::support::{Home, TestApp, at_once, on_postgres};

#[test]
fn n46_the_order_of_events_is_the_order_of_commits() {
    const WRITERS: usize = 8;
    const WRITES: usize = 25;
    let app = TestApp::start();
    posts(&app);
    let guest = app.guest();
    for id in ["post00000000001", "post00000000002"] {
        guest.create("posts", json!({"id": id}));
    }
    let heard = [
        Stream::of(&guest, &["posts/*"]),
        Stream::of(app.root(), &["posts/*"]),
    ];
    at_once(WRITERS, |writer| {
        let id = ["post00000000001", "post00000000002"][writer % 2];
        for _ in 0..WRITES {
            guest.update("posts", id, json!({"n+": 1})).ok();
        }
    });
    for stream in &heard {
        let mut seen = BTreeMap::<String, f64>::new();
        for _ in 0..WRITERS * WRITES {
            let frame = stream.next();
            let record = &frame.data["record"];
            let n = seen.entry(record["id"].to_string()).or_default();
            *n += 1.0;
            assert_eq!(record["n"].as_f64(), Some(*n), "{frame:?}");
        }
        assert_eq!(seen.len(), 2);
    }
    // Each came once.
    let last = mark(&app, "post00000000003");
    for stream in &heard {
        assert_eq!(stream.next().what(), last);
    }
}

#[test]
fn n43_who_does_not_read_is_cut_off_and_nobody_else_notices() {
    const WRITES: usize = 1000;
    let app = TestApp::start();
    posts(&app);
    let guest = app.guest();
    let (stalled, _, mut lines) = open(&guest);
    let mut line = String::new();
    lines.read_line(&mut line).expect("an id");
    let id = line.trim_start_matches("id:").trim();
    let body = json!({"clientId": id, "subscriptions": ["posts/*"]});
    assert_eq!(guest.post("/api/realtime", body).status, 204);
    let heard = Stream::of(&guest, &["posts/*"]);
    let cut_off = || app.app.metrics.realtime_cut_off.get();
    assert_eq!(cut_off(), 0);
    let title = "x".repeat(40_000);
    at_once(8, |writer| {
        for n in 0..WRITES / 8 {
            let id = format!("post{writer}{n:010}");
            guest.create("posts", json!({"id": id, "title": title}));
        }
    });
    let mut seen = BTreeSet::new();
    for what in heard.whats(WRITES) {
        assert!(seen.insert(what.clone()), "{what} came twice");
    }
    assert_eq!(cut_off(), 1);
    assert_eq!(app.app.metrics.realtime_clients.get(), 1);
    // What was on its way arrives; then the stream ends.
    let mut rest = String::new();
    let read = lines.read_to_string(&mut rest);
    assert!(read.is_ok() && rest.matches("event:").count() < WRITES);
    drop(stalled);
}

#[test]
fn n43_a_storm_of_subscriptions() {
    let app = TestApp::start();
    posts(&app);
    let guest = app.guest();
    let heard = Stream::of(&guest, &["posts/*"]);
    at_once(16, |n| {
        let id = format!("post{n:011}");
        for round in 0..10 {
            let stream = Stream::connect(&guest);
            for topic in ["posts/*", "posts", "posts/x", "nothing/*"] {
                assert_eq!(stream.subscribe(&[topic, "posts/?options=%"]).status, 204);
            }
            let mine = format!("posts/{id}");
            assert_eq!(stream.subscribe(&[&mine]).status, 204);
            let expected = if round == 0 {
                guest.create("posts", json!({"id": id}))
            } else {
                guest.update("posts", &id, json!({"n": round})).ok()
            };
            // Before it come events of what it was subscribed to for a moment.
            while stream.next().data["record"] != expected {}
        }
    });
    let kinds = heard.whats(160);
    let creates = kinds.iter().filter(|what| what.starts_with("create"));
    assert_eq!(creates.count(), 16);
}

#[test]
fn a_server_that_stops_ends_the_streams() {
    let app = TestApp::start();
    posts(&app);
    let streams = [
        Stream::of(&app.guest(), &["posts/*"]),
        Stream::connect(&app.guest()),
    ];
    app.app.realtime.close_all();
    assert!(streams.iter().all(Stream::ends));
    app.guest().get("/api/realtime").refused(503);
}

#[test]
fn changes_go_from_process_to_process() {
    let home = Home::new();
    make_superuser(&home);
    let near = Process::start(&home);
    // SQLite has one process.
    let far = on_postgres().then(|| Process::start(&home));
    let far = far.as_ref().unwrap_or(&near);
    let (root, far_root) = (near.root(), far.root());
    let posts = json!({
        "name": "posts", "type": "base", "listRule": "@request.auth.id != ''", "viewRule": "",
        "fields": [{"name": "n", "type": "number"}, {"name": "tags", "type": "json"}],
    });
    root.post("/api/collections", posts).ok();
    let own = Stream::of(&root, &["posts/*"]);
    let other = Stream::of(&far_root, &["posts/*"]);
    let guest = Stream::of(&far.client, &[&format!("posts/{POST}"), "posts/*"]);
    let created = root.create(
        "posts",
        json!({"id": POST, "n": 1.5, "tags": {"a": [1, "ä"]}}),
    );
    for stream in [&own, &other, &guest] {
        let data = json!({"record": created, "action": "create"});
        assert_eq!(stream.next().data, data);
    }
    at_once(4, |n| {
        let root = if n % 2 == 0 { &root } else { &far_root };
        for _ in 0..25 {
            root.update("posts", POST, json!({"n+": 1})).ok();
        }
    });
    assert_eq!(far_root.remove("posts", POST).status, 204);
    for stream in [&own, &other, &guest] {
        for n in 1..=100 {
            let frame = stream.next();
            assert_eq!(
                frame.data["record"]["n"],
                json!(f64::from(n) + 1.5),
                "{frame:?}"
            );
        }
        assert_eq!(stream.next().what(), format!("delete {POST}"));
    }

    // Behind a balancer the subscriptions may reach the other process.
    let stray = Stream::connect(&near.client);
    assert_eq!(stray.subscribe_as(&far_root, &["posts/*"]).status, 204);
    stray.subscribe_as(&far.client, &["posts/*"]).refused(403);
    let unknown = json!({"clientId": format!("{}x", &stray.id[..39]), "subscriptions": []});
    far.client.post("/api/realtime", unknown).refused(404);
    far_root.create("posts", json!({"id": "post00000000002"}));
    for stream in [&own, &other, &stray] {
        assert_eq!(stream.next().what(), "create post00000000002");
    }
}

/// On PostgreSQL writes become visible in another order than they are numbered in. SQLite has one writer.
#[test]
fn a_write_that_commits_late_is_not_lost() {
    let app = TestApp::start();
    posts(&app);
    let heard = Stream::of(&app.guest(), &["posts/*"]);
    let collection = app.root().get("/api/collections/posts").ok()["id"].clone();
    let late = |id: &str, end: &str| {
        let record = json!({"id": id, "title": "", "owner": "", "n": 0, "secret": ""});
        let row = json!({"version": 0, "changes": [{"kind": "create", "collection": collection, "record": record}]});
        if on_postgres() {
            app.execute(&format!(
                "BEGIN; INSERT INTO _changes (changes) VALUES ('{row}'); SELECT pg_sleep(1); {end}"
            ));
        } else if end == "COMMIT" {
            app.root().create("posts", json!({"id": id}));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| late("late00000000001", "COMMIT"));
        std::thread::sleep(Duration::from_millis(300));
        mark(&app, "post00000000001");
    });
    let expected = ["create late00000000001", "create post00000000001"];
    assert_eq!(heard.whats(2), expected);
    std::thread::scope(|scope| {
        scope.spawn(|| late("never0000000001", "ROLLBACK"));
        std::thread::sleep(Duration::from_millis(300));
        mark(&app, "post00000000002");
    });
    assert_eq!(heard.next().what(), "create post00000000002");
}

/// A crash of PostgreSQL empties unlogged tables: others may have written meanwhile without a word. SQLite has none.
#[test]
fn streams_end_when_the_database_has_forgotten() {
    let app = TestApp::start();
    posts(&app);
    let heard = Stream::of(&app.guest(), &["posts/*"]);
    if on_postgres() {
        app.execute("TRUNCATE _listeners, _changes RESTART IDENTITY");
    } else {
        app.app.realtime.cut_all();
    }
    assert!(heard.ends());
    let heard = Stream::of(&app.guest(), &["posts/*"]);
    let expected = mark(&app, POST);
    assert_eq!(heard.next().what(), expected);
}

/// To tell of it would take more memory than it is worth: the streams end, and clients list anew.
#[test]
fn n43_a_write_that_is_too_large_to_tell_ends_the_streams_and_succeeds() {
    const SIZE: usize = 4 << 20;
    let app = TestApp::start();
    posts(&app);
    let text = json!({"name": "text", "type": "text", "max": SIZE});
    app.collection(json!({"name": "large", "type": "base", "fields": [text]}));
    let value = "x".repeat(SIZE);
    for _ in 0..17 {
        app.root().create("large", json!({"text": value}));
    }
    let heard = Stream::of(&app.guest(), &["posts/*"]);
    let emptied = app.root().delete("/api/collections/large/truncate");
    assert_eq!(emptied.status, 204);
    let left = app.root().get("/api/collections/large/records").ok();
    assert_eq!(left["totalItems"], 0);
    assert!(heard.ends());
    let heard = Stream::of(&app.guest(), &["posts/*"]);
    let expected = mark(&app, POST);
    assert_eq!(heard.next().what(), expected);
}
