//! How much of the database one caller can claim.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use plinth::config::Config;
use serde_json::json;

use crate::support::{Client, Home, TestApp, at_once, on_postgres};

/// How long what is not slow may take on a machine that does much else; on the way in used to wait for ten seconds.
const SOON: Duration = Duration::from_secs(5);
/// A list whose filter looks at every row of a view with millions.
const SLOW: &str = "/api/collections/triples/records?filter=text~'zzz'";

/// A server with a public view that takes long to search.
fn with_slow_view() -> TestApp {
    let app = TestApp::start();
    app.open_collection("words", json!([{"type": "text", "name": "text"}]));
    let triples = "SELECT (a.id || b.id || c.id) AS id, (a.text || b.text || c.text) AS text FROM words a, words b, words c";
    let view = json!({"name": "triples", "type": "view", "listRule": "", "viewQuery": triples});
    app.collection(view);
    let numbers = if on_postgres() {
        "SELECT generate_series(1, 1000) AS n"
    } else {
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000) SELECT n FROM n"
    };
    app.execute(&format!(
        "INSERT INTO words (id, text) SELECT 'word' || n, 'some text' FROM ({numbers}) AS numbers"
    ));
    app
}

fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let outcome = work();
    let took = began.elapsed();
    assert!(took < limit, "it took {took:?}");
    outcome
}

#[test]
fn n67_nobody_waits_for_strangers_queries_to_sign_in() {
    let app = with_slow_view();
    let member = app.user("ann");
    let filtered = [("filter", "text='some text'"), ("perPage", "1")];
    std::thread::scope(|scope| {
        let strangers = scope.spawn(|| {
            at_once(14, |_| {
                let reply = app.guest().fetch("GET", SLOW, &[]);
                (reply.status, reply.header("Retry-After").to_owned())
            })
        });
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(500));
            let signed_in = within(SOON, || app.guest().sign_in("users", "ann@example.com"));
            within(SOON, || {
                signed_in.post("/api/collections/users/auth-refresh", json!({}))
            })
            .ok();
            within(SOON, || app.guest().get("/api/health")).ok();
            within(SOON, || app.guest().get("/api/setup")).ok();
            within(SOON, || app.guest().fetch("GET", "/readyz", &[]));
            within(SOON, || {
                app.guest().post(
                    "/api/collections/users/request-password-reset",
                    json!({"email": "ann@example.com"}),
                )
            })
            .ok();
            // Nor do accounts, to ask what they like.
            within(SOON, || member.list("words", &filtered)).ok();
            within(SOON, || app.root().list("words", &filtered)).ok();
        }
        let statuses = strangers.join().expect("no panic");
        for (status, retry_after) in &statuses {
            assert!([429, 503].contains(status), "{status}");
            assert_eq!(retry_after, "1");
        }
        // Some had their time; others waited for a place of their own, in vain.
        assert!(statuses.iter().any(|(status, _)| *status == 503));
        assert!(statuses.iter().any(|(status, _)| *status == 429));
    });
    // It is over.
    app.guest().list("words", &filtered).ok();
}

#[test]
fn n67_a_guests_query_ends_after_three_seconds_and_an_accounts_after_ten() {
    let app = with_slow_view();
    let member = app.user("ann");
    let ends = |client: &Client| {
        let began = Instant::now();
        let reply = client.get(SLOW);
        assert_eq!(reply.status, 503, "{}", reply.text);
        assert_eq!(reply.body["message"], "The query takes too long.");
        began.elapsed().as_secs()
    };
    let guest = ends(&app.guest());
    assert!((3..8).contains(&guest), "{guest} s");
    let account = ends(&member);
    assert!((10..16).contains(&account), "{account} s");
    if on_postgres() {
        // The database does not go on with it either.
        let running = "SELECT CAST(count(*) AS TEXT) AS value FROM pg_stat_activity \
                       WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%triples%' \
                       AND datname = current_database()";
        assert_eq!(app.text(running), "0");
    }
}

#[test]
fn n67_a_batch_may_not_keep_other_writes_waiting_for_what_it_expands() {
    let app = with_slow_view();
    let slow = json!({"viewRule": "@collection.triples.text ?~ 'zzz'"});
    let words = app.root().patch("/api/collections/words", slow).ok();
    let relation = json!({"type": "relation", "name": "word", "collectionId": words["id"]});
    app.open_collection("posts", json!([relation, {"type": "text", "name": "text"}]));
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    app.execute("INSERT INTO posts (id, word) VALUES ('post00000000001', 'word1')");
    let url = "/api/collections/posts/records/post00000000001?expand=word";
    let change = json!({"method": "PATCH", "url": url, "body": {"text": "a"}});
    let began = Instant::now();
    let reply = app
        .guest()
        .post("/api/batch", json!({"requests": [change]}));
    let took = began.elapsed();
    assert_eq!(reply.status, 503, "{}", reply.text);
    assert!(took < Duration::from_secs(4), "{took:?}");
    // Nothing of it was done, and the writer goes on.
    let post = app.guest().view("posts", "post00000000001").ok();
    assert_eq!(post["text"], "");
    app.guest().create("posts", json!({"text": "b"}));
    let list = app.root().list("words", &[("filter", "text='some text'")]);
    assert_eq!(list.ok()["totalItems"], 1000);
}

/// A connection that is kept open, on which one request was answered.
fn keep(app: &TestApp) -> (TcpStream, String) {
    ask(app, "/api/health")
}

fn ask(app: &TestApp, path: &str) -> (TcpStream, String) {
    let address = app.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = vec![0; 4096];
    // A connection that is refused may be reset before its answer was read.
    let length = stream.read(&mut answer).unwrap_or_default();
    answer.truncate(length);
    (stream, String::from_utf8(answer).expect("text"))
}

#[test]
fn n79_one_address_cannot_take_all_connections_and_probes_get_in() {
    let home = Home::new();
    let config = Config {
        max_connections: 100,
        max_connections_per_address: 4,
        ..home.config()
    };
    let app = TestApp::start_with(home, config);
    let kept: Vec<_> = (0..4).map(|_| keep(&app)).collect();
    for (_, answer) in &kept {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    for path in ["/livez", "/readyz", "/api/health"] {
        let (_, answer) = ask(&app, path);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        let answer = answer.to_ascii_lowercase();
        assert!(answer.contains("connection: close"), "{path}: {answer}");
    }
    let (_, answer) = ask(&app, "/api/collections/users/records");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    // Those who only wait are let go after a while, and until then there are not many.
    let silent: Vec<_> = (0..16)
        .map(|_| TcpStream::connect(app.url.trim_start_matches("http://")).expect("it listens"))
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    let (_, answer) = ask(&app, "/readyz");
    let is_refused = answer.is_empty() || answer.starts_with("HTTP/1.1 429");
    assert!(is_refused, "{answer}");
    drop(silent);
    drop(kept);
    std::thread::sleep(Duration::from_millis(500));
    app.guest().get("/api/collections/users/records").ok();
}
