//! Realtime: a client's questions take no longer than its budget, and nobody else waits for them.

use std::time::{Duration, Instant};

use plinth::db::{Budget, Budgeted, ColumnType, load, sql};
use plinth::error::{Error, Result};
use serde_json::{Value, json};

use crate::realtime::{POST, mark, posts, with_options};
use crate::support::process::{Process, make_superuser};
use crate::support::stream::Stream;
use crate::support::{Client, Home, PASSWORD, TestApp, at_once, on_postgres};

/// Each step multiplies the rows by the number of comments.
const FAR: &str = "comments_via_post.post.comments_via_post.post.comments_via_post";

/// A filter that has to look at each row of all steps: no comment differs from another, and neither database can tell
/// from one of them alone.
fn far_apart() -> String {
    format!("{FAR}.text ?!= comments_via_post.text")
}

/// Generous: before there was a budget, one such filter took half a minute.
const SOON: Duration = Duration::from_secs(5);

/// A post with a thousand comments, which everybody may read.
fn post_with_comments(root: &Client, text: &str) {
    let open = |name: &str, fields: Value| {
        let definition = json!({
            "name": name, "type": "base", "fields": fields,
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
        });
        root.post("/api/collections", definition).ok()
    };
    let posts = open("posts", json!([{"name": "n", "type": "number"}]));
    open(
        "comments",
        json!([
            {"name": "text", "type": "text"},
            {"name": "post", "type": "relation", "collectionId": posts["id"], "maxSelect": 1},
        ]),
    );
    root.patch(
        "/api/settings",
        json!({"batch": {"enabled": true, "maxRequests": 500, "timeout": 60}}),
    )
    .ok();
    root.create("posts", json!({"id": POST}));
    for _ in 0..10 {
        let create = json!({
            "method": "POST", "url": "/api/collections/comments/records",
            "body": {"post": POST, "text": text},
        });
        root.post("/api/batch", json!({"requests": vec![create; 100]}))
            .ok();
    }
}

/// The same subscription so often, each with other options.
fn subscriptions(count: usize, query: &Value) -> Vec<String> {
    let with = |n| {
        let mut query = query.clone();
        query["n"] = json!(n);
        with_options("posts/*", &json!({"query": query}))
    };
    (0..count).map(with).collect()
}

fn subscribed(client: &Client, subscriptions: &[String]) -> Stream {
    let names: Vec<&str> = subscriptions.iter().map(String::as_str).collect();
    Stream::of(client, &names)
}

/// Changes the post, and says how long `heard` waits for it.
fn wait_for_update(root: &Client, heard: &[&Stream]) -> Duration {
    let started = Instant::now();
    root.update("posts", POST, json!({"n+": 1})).ok();
    for stream in heard {
        assert_eq!(stream.next().what(), format!("update {POST}"));
    }
    started.elapsed()
}

#[test]
fn n66_a_filter_that_takes_long_delays_nobody_else() {
    let app = TestApp::start();
    post_with_comments(app.root(), "a comment");
    let guest = app.guest();
    let plain = Stream::of(&guest, &["posts/*"]);
    let filtered = subscribed(&guest, &subscriptions(1, &json!({"filter": "n >= 0"})));
    wait_for_update(app.root(), &[&plain, &filtered]);

    let filter = json!({"filter": far_apart()});
    let hostile: Vec<Stream> = (0..5)
        .map(|_| subscribed(&guest, &subscriptions(5, &filter)))
        .collect();
    let took = wait_for_update(app.root(), &[&plain, &filtered]);
    assert!(took < SOON, "{took:?}");
    assert!(hostile.iter().all(Stream::ends));

    // Who was cut off waits before it asks again, unless it asks for what is no work.
    let back = Stream::connect(&guest);
    let names = subscriptions(1, &filter);
    back.subscribe(&[&names[0]]).refused(429);
    assert_eq!(back.subscribe(&["posts/*"]).status, 204);
    let took = wait_for_update(app.root(), &[&plain, &filtered, &back]);
    assert!(took < SOON, "{took:?}");
    let patience = Instant::now() + Duration::from_secs(30);
    while back.subscribe(&[&names[0]]).status != 204 {
        assert!(Instant::now() < patience, "the pause ends");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn n66_an_account_has_a_budget_too() {
    let app = TestApp::start();
    post_with_comments(app.root(), "a comment");
    let plain = Stream::of(&app.guest(), &["posts/*"]);
    let filter = json!({"filter": far_apart()});
    let hostile = subscribed(&app.user("ann"), &subscriptions(50, &filter));
    for _ in 0..3 {
        let took = wait_for_update(app.root(), &[&plain]);
        assert!(took < SOON, "{took:?}");
    }
    assert!(hostile.ends());
    let filtered = subscribed(
        &app.user("bob"),
        &subscriptions(50, &json!({"filter": "n >= 0"})),
    );
    let took = wait_for_update(app.root(), &[&plain, &filtered]);
    assert!(took < SOON, "{took:?}");
}

#[test]
fn n66_what_is_expanded_is_in_the_budget_and_what_is_left_out_is_not_expanded() {
    let app = TestApp::start();
    post_with_comments(app.root(), &"x".repeat(1000));
    let guest = app.guest();
    let plain = Stream::of(&guest, &["posts/*"]);
    let unused = json!({"expand": FAR, "fields": "id"});
    let unused = subscribed(&guest, &subscriptions(5, &unused));
    let used: Vec<Stream> = (0..3)
        .map(|_| subscribed(&guest, &subscriptions(5, &json!({"expand": FAR}))))
        .collect();
    for n in 0..5 {
        let took = wait_for_update(app.root(), &[&plain]);
        assert!(took < SOON, "{took:?}");
        for _ in 0..5 {
            let data = json!({"record": {"id": POST}, "action": "update"});
            assert_eq!(unused.next().data, data, "of update {n}");
        }
    }
    assert!(used.iter().all(Stream::ends));
    // Once is no harm.
    let once = subscribed(
        &app.user("ann"),
        &subscriptions(1, &json!({"expand": "comments_via_post"})),
    );
    app.root().update("posts", POST, json!({"n": 1})).ok();
    let comments = &once.next().data["record"]["expand"]["comments_via_post"];
    assert_eq!(comments.as_array().map(Vec::len), Some(1000));
}

/// Thirty changes in one commit, each with a megabyte of comments for each of fifty subscriptions.
#[test]
fn n66_what_waits_to_be_sent_takes_a_bounded_amount_of_memory() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    let root = server.root();
    post_with_comments(&root, &"x".repeat(1000));
    let open = json!({"createRule": ""});
    root.patch("/api/collections/users", open).ok();
    let expand = json!({"expand": "comments_via_post"});
    let streams: Vec<Stream> = (0..4)
        .map(|n| {
            let email = format!("user{n}@example.com");
            let account =
                json!({"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD});
            server.client.create("users", account);
            let account = server.client.sign_in("users", &email);
            subscribed(&account, &subscriptions(50, &expand))
        })
        .collect();
    let plain = Stream::of(&server.client, &["posts/*"]);
    let update = json!({
        "method": "PATCH", "url": format!("/api/collections/posts/records/{POST}"), "body": {"n+": 1},
    });
    let started = Instant::now();
    root.post("/api/batch", json!({"requests": vec![update; 30]}))
        .ok();
    assert_eq!(plain.whats(30).len(), 30);
    assert!(started.elapsed() < 2 * SOON, "{:?}", started.elapsed());
    assert!(streams.iter().all(Stream::ends));
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()));
    let status = status.expect("the process's status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.expect("its peak").trim().trim_end_matches(" kB");
    let peak: u64 = peak.parse().expect("a number");
    assert!(peak < 400 << 10, "{peak} kB");
}

#[test]
fn n66_many_clients_that_are_each_a_little_costly_delay_nobody_else() {
    let app = TestApp::start();
    post_with_comments(app.root(), "a comment");
    let plain = Stream::of(&app.guest(), &["posts/*"]);
    let filter =
        json!({"filter": "comments_via_post.text ?~ 'zzz' || comments_via_post.text ?~ 'yyy'"});
    let streams = at_once(16, |n| {
        let mut filter = filter.clone();
        filter["who"] = json!(n);
        (0..4)
            .map(|_| subscribed(&app.guest(), &subscriptions(5, &filter)))
            .collect::<Vec<Stream>>()
    });
    for _ in 0..10 {
        let took = wait_for_update(app.root(), &[&plain]);
        assert!(took < SOON, "{took:?}");
    }
    drop(streams);
}

#[test]
fn n66_a_storm_of_subscriptions_delays_nobody_else() {
    let app = TestApp::start();
    posts(&app);
    let heard = Stream::of(&app.guest(), &["posts/*"]);
    at_once(4, |_| {
        let stream = Stream::connect(&app.guest());
        let names = subscriptions(5, &json!({"filter": "n = 1 || n = 2 || n = 3"}));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for _ in 0..200 {
            let status = stream.subscribe(&names).status;
            assert!([204, 429].contains(&status), "{status}");
        }
    });
    let started = Instant::now();
    let last = mark(&app, POST);
    assert_eq!(heard.next().what(), last);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

/// Runs something within a budget.
fn within<T: Send + 'static>(
    app: &TestApp,
    budget: Budget,
    work: impl FnOnce(&mut plinth::db::Conn) -> Result<T> + Send + 'static,
) -> Result<T> {
    let read = app
        .app
        .db
        .read_budgeted(move |parts: &mut Budgeted<'_>| parts.within(budget, work));
    actix_web::rt::System::new().block_on(read)
}

#[test]
fn n66_a_query_ends_with_its_budget() {
    let app = TestApp::start();
    let little = Budget {
        time: Duration::from_millis(100),
        bytes: 1 << 20,
    };
    let (endless, large) = if on_postgres() {
        (
            "SELECT CAST(count(*) AS TEXT) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b",
            "SELECT repeat('x', 1000) FROM generate_series(1, 5000)",
        )
    } else {
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT hex(zeroblob(500)) FROM n",
        )
    };
    for query in [endless, large] {
        let started = Instant::now();
        let run = move |conn: &mut plinth::db::Conn| {
            load(conn, sql(conn.dialect(), query), &[ColumnType::Text])
        };
        let outcome = within(&app, little, run);
        assert!(
            matches!(outcome, Err(Error::TooSlow)),
            "{query}: {outcome:?}"
        );
        assert!(started.elapsed() < SOON, "{query}");
    }
    // The statements of one piece of work share its budget.
    let several = move |conn: &mut plinth::db::Conn| {
        std::thread::sleep(little.time);
        load(conn, sql(conn.dialect(), "SELECT 'x'"), &[ColumnType::Text])
    };
    let outcome = within(&app, little, several);
    assert!(matches!(outcome, Err(Error::TooSlow)), "{outcome:?}");
    // Whoever has the connection next is not limited by it.
    let ordinary = app.app.db.read_inline(move |conn| {
        if on_postgres() {
            load(
                conn,
                sql(
                    conn.dialect(),
                    "SELECT current_setting('statement_timeout')",
                ),
                &[ColumnType::Text],
            )
        } else {
            load(conn, sql(conn.dialect(), large), &[ColumnType::Text])
        }
    });
    let rows = actix_web::rt::System::new()
        .block_on(ordinary)
        .expect("rows");
    if on_postgres() {
        assert_eq!(rows, [["30s".into()]]);
    } else {
        assert_eq!(rows.len(), 5000);
    }
}
