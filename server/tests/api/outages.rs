//! A database that says nothing any more, and clients that get an answer all the same.
//!
//! On PostgreSQL the network is cut without a word. SQLite has no network; there another program holds its lock.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::json;

use crate::support::passage::Passage;
use crate::support::stream::Stream;
use crate::support::target::Target;
use crate::support::{self, Client, Home, ROOT, TestApp, at_once, on_postgres};

/// More than any answer takes while the database is silent: ten seconds, twice those on SQLite, and some for a machine
/// that has much else to do.
const MAX_ANSWER: Duration = Duration::from_secs(25);

/// A database that can go silent.
struct Fragile {
    home: Home,
    passage: Option<Passage>,
}

/// Silence, until it is dropped.
enum Silence<'a> {
    Cut(&'a Passage),
    Locked(SqliteConnection),
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        match self {
            Self::Cut(passage) => passage.silence(false),
            Self::Locked(other) => other.batch_execute("ROLLBACK").expect("a rollback"),
        }
    }
}

/// The address of a server in a URL, and what is around it.
fn split(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_at(url.find('@').expect("a user") + 1);
    let (address, database) = rest.split_at(rest.find('/').expect("a database"));
    (scheme, address, database)
}

impl Fragile {
    fn new() -> Self {
        let home = Home::new();
        if home.database_url.is_empty() {
            return Self {
                home,
                passage: None,
            };
        }
        let (scheme, address, database) = split(&home.database_url);
        let passage = Passage::to(address);
        let url = format!("{scheme}127.0.0.1:{}{database}", passage.port);
        Self {
            home: Home::on(url),
            passage: Some(passage),
        }
    }

    fn silence(&self, home: &Home) -> Silence<'_> {
        if let Some(passage) = &self.passage {
            passage.silence(true);
            return Silence::Cut(passage);
        }
        let file = home.dir.path().join("data.db");
        let file = file.to_str().expect("a path of text");
        let mut other = SqliteConnection::establish(file).expect("the database");
        other
            .batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE")
            .expect("its lock");
        Silence::Locked(other)
    }
}

fn open(app: &TestApp) {
    app.open_collection("notes", json!([{"type": "text", "name": "title"}]));
}

fn count(app: &TestApp) -> usize {
    let found = app.guest().list("notes", &[("perPage", "500")]).ok();
    found["items"].as_array().expect("items").len()
}

/// Tries until it succeeds.
fn until(patience: Duration, is_done: impl Fn() -> bool) {
    let deadline = Instant::now() + patience;
    while !is_done() {
        assert!(Instant::now() < deadline, "it does not come back");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn o01_a_silent_database_keeps_no_request_waiting() {
    let fragile = Fragile::new();
    let (home, passage) = (fragile.home, fragile.passage);
    let app = TestApp::start_in(home);
    let fragile = Fragile {
        home: Home::on(String::new()),
        passage,
    };
    open(&app);
    let note = app.guest().create("notes", json!({"title": "first"}));
    let path = format!(
        "/api/collections/notes/records/{}",
        note["id"].as_str().expect("an id")
    );
    let stream = Stream::of(&app.guest(), &["notes/*"]);
    app.guest().create("notes", json!({"title": "second"}));
    stream.next();

    let silence = fragile.silence(&app.home);
    // More than there are connections: some wait for one of those that wait for the database.
    let answers = at_once(48, |n| {
        let since = Instant::now();
        let guest = app.guest();
        let records = "/api/collections/notes/records";
        let status = match n % 4 {
            0 => guest.get(&path).status,
            1 => guest.get(&format!("{records}?filter=title='first'")).status,
            2 => {
                guest
                    .post(records, json!({"title": format!("n{n}")}))
                    .status
            }
            _ => {
                let body = json!({"identity": ROOT, "password": support::PASSWORD});
                guest
                    .post("/api/collections/_superusers/auth-with-password", body)
                    .status
            }
        };
        (n % 4, status, since.elapsed())
    });
    for (what, status, took) in &answers {
        assert!(took < &MAX_ANSWER, "{what} took {took:?}");
        let (is_list, is_write) = (*what == 1, *what == 2);
        // Lists of one address have few places, whatever the database does.
        let is_refused = *status == 503 || (is_list && *status == 429);
        assert!(
            is_refused || !(on_postgres() || is_write),
            "{what}: {status}"
        );
    }
    assert_eq!(app.guest().get("/readyz").status, 503);
    if on_postgres() {
        // It may have missed something, and is told so.
        assert!(stream.ends());
    }
    drop(silence);

    until(Duration::from_secs(30), || {
        app.guest().get("/readyz").status == 200
            && app
                .guest()
                .post("/api/collections/notes/records", json!({"title": "third"}))
                .status
                == 200
    });
    let stream = Stream::of(&app.guest(), &["notes/*"]);
    let made = app.guest().create("notes", json!({"title": "fourth"}));
    let id = made["id"].as_str().expect("an id");
    assert_eq!(stream.next().what(), format!("create {id}"));
}

#[test]
fn o01_jobs_go_on_when_the_database_is_back() {
    let fragile = Fragile::new();
    let (home, passage) = (fragile.home, fragile.passage);
    let mut config = home.config();
    config.outbound_allow = vec!["127.0.0.1".to_owned()];
    let app = TestApp::start_with(home, config);
    let fragile = Fragile {
        home: Home::on(String::new()),
        passage,
    };
    let target = Target::ok("done");
    let job = app.root().create(
        "_jobs",
        json!({"name": "ping", "schedule": "0 0 1 1 *", "kind": "http", "payload": {"url": target.url}}),
    );
    let path = format!("/api/crons/{}", job["id"].as_str().expect("an id"));
    let silence = fragile.silence(&app.home);
    let since = Instant::now();
    assert_eq!(app.root().post(&path, json!({})).status, 503);
    assert!(since.elapsed() < MAX_ANSWER);
    drop(silence);
    until(Duration::from_secs(30), || {
        app.root().post(&path, json!({})).status == 204
    });
    until(Duration::from_secs(30), || {
        let runs = app.root().list("_jobRuns", &[]);
        let items = runs.body["items"].as_array().cloned().unwrap_or_default();
        items.iter().any(|run| run["outcome"] == "succeeded")
    });
    assert!(!target.calls().is_empty());
}

/// All hosts of a URL are tried, and the connections to one that is gone are left. SQLite has one file.
#[test]
fn o01_another_host_takes_over() {
    let fragile = Fragile::new();
    let (mut home, passage) = (fragile.home, fragile.passage);
    if let Some(passage) = &passage {
        let url = home.database_url.clone();
        let (scheme, _, database) = split(&url);
        // The second host is the same server by another way.
        let cluster = support::cluster();
        let direct = &cluster[cluster.find('@').expect("a user") + 1..];
        home = Home::on(format!(
            "{scheme}127.0.0.1:{},{direct}{database}",
            passage.port
        ));
    }
    let app = TestApp::start_in(home);
    let fragile = Fragile {
        home: Home::on(String::new()),
        passage,
    };
    open(&app);
    let guest = app.guest();
    for n in 0..20 {
        guest.create("notes", json!({"title": format!("{n}")}));
    }
    let silence = fragile.silence(&app.home);
    if on_postgres() {
        let since = Instant::now();
        let answered = |client: &Client| {
            let made = client.post("/api/collections/notes/records", json!({"title": "more"}));
            assert!(made.status == 200 || made.status == 503, "{}", made.text);
            made.status == 200
        };
        until(MAX_ANSWER, || answered(&guest));
        assert!(since.elapsed() < MAX_ANSWER);
        assert_eq!(guest.get("/readyz").status, 200);
    }
    drop(silence);
    until(Duration::from_secs(30), || {
        guest.get("/readyz").status == 200
    });
    // None that was acknowledged is missing. Of those that were given up some may still come through the passage.
    until(Duration::from_secs(30), || {
        let found = guest.list("notes", &[("perPage", "500")]).ok();
        let found = found["items"].as_array().expect("items").len();
        found >= 20 && count(&app) == found
    });
}
