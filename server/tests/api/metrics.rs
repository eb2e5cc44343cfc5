//! What is counted, and who may see it.

use std::io::{Read, Write};
use std::net::TcpStream;

use plinth::db::{Value, execute, sql};
use plinth::error::Error;
use plinth::metrics::minutes;
use plinth_sdk::types::{Minute, Overview};
use serde_json::json;

use crate::support::{Client, Home, Reply, TestApp};

pub(crate) const TOKEN: &str = "s3cret-of-the-scraper";

pub(crate) fn with_token() -> TestApp {
    let home = Home::new();
    let mut config = home.config();
    config.metrics_token = TOKEN.into();
    TestApp::start_with(home, config)
}

pub(crate) fn scrape(app: &TestApp, token: &str) -> Reply {
    let token = token.to_owned();
    Client {
        token,
        ..app.guest()
    }
    .get("/metrics")
}

/// A request by a method that nobody knows.
fn made_up(app: &TestApp, n: i32) {
    let address = app.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("MADE{n} /api/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

/// The value of a series, by its whole name with labels.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series))?;
    line.trim().parse().ok()
}

#[test]
fn metrics_take_the_token_of_the_settings() {
    let app = with_token();
    for wrong in [
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        "Bearer s3cret-of-the-scrapex",
        "Bearer s3cret-of-the-scraper ",
        "Bearer  s3cret-of-the-scraper",
        "Basic s3cret-of-the-scraper",
        &format!("Bearer {TOKEN}{TOKEN}"),
        &app.root().token,
    ] {
        // A header's end is cut off by whoever sends or reads it.
        if wrong.trim_end() != format!("Bearer {TOKEN}") {
            scrape(&app, wrong).refused(401);
        }
    }
    assert_eq!(scrape(&app, &format!("Bearer {TOKEN}")).status, 200);
    assert_eq!(scrape(&app, &format!("bearer {TOKEN}")).status, 200);

    let app = TestApp::start();
    for token in ["", "Bearer", "Bearer ", &format!("Bearer {TOKEN}")] {
        scrape(&app, token).refused(404);
    }
}

#[test]
fn requests_are_counted_by_route_and_labels_stay_few() {
    let app = with_token();
    app.open_collection("posts", json!([{"name": "title", "type": "text"}]));
    for n in 0..30 {
        app.guest().create("posts", json!({"title": n}));
        app.guest().get(&format!("/nowhere/{n}")).refused(404);
        app.guest()
            .get(&format!("/api/collections/posts/records/{n}"))
            .refused(404);
        made_up(&app, n);
    }
    let text = scrape(&app, &format!("Bearer {TOKEN}")).text;
    let requests = |labels: &str| value(&text, &format!("plinth_http_requests_total{{{labels}}}"));
    let one = "/api/collections/{collection}/records";
    for (count, labels) in [
        (
            30.0,
            format!("method=\"POST\",route=\"{one}\",status=\"200\""),
        ),
        (
            30.0,
            format!("method=\"GET\",route=\"{one}/{{id}}\",status=\"404\""),
        ),
        (
            30.0,
            "method=\"GET\",route=\"unmatched\",status=\"404\"".to_owned(),
        ),
        (
            30.0,
            "method=\"other\",route=\"/api/health\",status=\"404\"".to_owned(),
        ),
    ] {
        assert_eq!(requests(&labels), Some(count), "{labels}\n{text}");
    }
    let took =
        format!("plinth_http_request_duration_seconds_count{{method=\"POST\",route=\"{one}\"}}");
    assert_eq!(value(&text, &took), Some(30.0));
    // The one that asks is being answered.
    assert_eq!(value(&text, "plinth_http_requests_in_flight"), Some(1.0));
    assert_eq!(value(&text, "plinth_panics_total"), Some(0.0));
    for name in [
        "plinth_database_connections{state=\"idle\"}",
        "plinth_database_waiting",
        "process_resident_memory_bytes",
    ] {
        assert!(value(&text, name).is_some(), "{name}\n{text}");
    }
    let groups = value(&text, "plinth_sqlite_write_group_size_sum");
    let wal = value(&text, "plinth_sqlite_wal_bytes");
    if app.home.database_url.is_empty() {
        assert!(groups >= Some(30.0), "{groups:?}");
        assert!(wal > Some(0.0), "{wal:?}");
    } else {
        assert_eq!((groups, wal), (Some(0.0), Some(0.0)));
    }
    for secret in ["posts", "nowhere", "MADE", TOKEN] {
        assert!(!text.contains(secret), "{secret}\n{text}");
    }
}

/// What the minutes of the last hour came to together.
fn total(app: &TestApp) -> Minute {
    actix_web::rt::System::new()
        .block_on(minutes::flush(&app.app))
        .expect("the database takes it");
    let overview = app.root().get("/api/metrics/overview").ok();
    let overview: Overview = serde_json::from_value(overview).expect("an overview");
    assert_eq!(overview.minutes.len(), 60);
    assert!(overview.minutes.is_sorted_by(|a, b| a.time < b.time));
    let mut total = Minute::default();
    for minute in overview.minutes {
        assert!(minute.p50 <= minute.p95 && minute.p95 <= minute.p99);
        assert_eq!(minute.requests == 0, minute.p99 == 0.0, "{minute:?}");
        total.requests += minute.requests;
        total.client_errors += minute.client_errors;
        total.server_errors += minute.server_errors;
    }
    total
}

#[test]
fn the_overview_counts_requests_by_the_minute() {
    let app = TestApp::start();
    let before = total(&app);
    for _ in 0..5 {
        app.guest().get("/api/health").ok();
        app.guest().get("/nowhere").refused(404);
        // Probes are no traffic.
        app.guest().get("/livez");
        app.guest().get("/readyz");
        app.guest().get("/metrics");
    }
    let after = total(&app);
    // The look before is a request too.
    assert_eq!(after.requests, before.requests + 11);
    assert_eq!(after.client_errors, before.client_errors + 5);
    assert_eq!(after.server_errors, before.server_errors);
    // Looked at again, nothing is counted twice: there was one more look.
    assert_eq!(total(&app).requests, after.requests + 1);
}

#[test]
fn the_overview_covers_other_processes_and_forgets_after_a_day() {
    let app = TestApp::start();
    let before = total(&app);
    let now = jiff_minute(&app);
    let insert = |minute: i64, instance: &str| {
        app.execute(&format!(
            "INSERT INTO _minutes (minute, instance, client_errors, server_errors, latency) \
             VALUES ({minute}, '{instance}', 2, 3, '{{\"80\":10}}')"
        ));
    };
    insert(now - 5, "one");
    insert(now - 5, "two");
    insert(now - 70, "one");
    insert(now - 24 * 60 - 1, "old");
    let after = total(&app);
    assert_eq!(after.requests, before.requests + 21);
    assert_eq!(after.client_errors, before.client_errors + 4);
    assert_eq!(after.server_errors, before.server_errors + 6);
    let overview = app.root().get("/api/metrics/overview?minutes=1440").ok();
    assert_eq!(overview["minutes"].as_array().map(Vec::len), Some(1440));
    let old = "SELECT CAST(count(*) AS TEXT) AS value FROM _minutes WHERE instance = 'old'";
    assert_eq!(app.text(old), "0");
}

/// The present minute, as the server counts.
fn jiff_minute(app: &TestApp) -> i64 {
    let minute = "SELECT CAST(max(minute) AS TEXT) AS value FROM _minutes";
    app.text(minute).parse().expect("a number")
}

#[test]
fn the_overview_is_for_superusers_and_bounded() {
    let app = TestApp::start();
    app.guest().get("/api/metrics/overview").refused(401);
    app.user("ann").get("/api/metrics/overview").refused(403);
    for wrong in ["0", "1441", "-1", "1.5", "x", "", "99999999999999999999"] {
        let path = format!("/api/metrics/overview?minutes={wrong}");
        app.root()
            .get(&path)
            .refused_for("minutes", "invalid_minutes");
    }
    let one = app.root().get("/api/metrics/overview?minutes=1").ok();
    assert_eq!(one["minutes"].as_array().map(Vec::len), Some(1));
}

/// A panic in a transaction undoes it, and neither the writer nor a connection is lost with it.
#[test]
fn n44_a_write_that_panics_is_undone_and_others_go_on() {
    let app = TestApp::start();
    app.app.metrics.count_panics();
    let before = app.app.metrics.panics.get();
    let insert = |id: &'static str, panics: bool| {
        app.app.db.write(move |conn| {
            let mut insert = sql(conn.dialect(), "INSERT INTO \"_params\" VALUES (");
            insert.bind(Value::from(id)).text(", '')");
            execute(conn, insert)?;
            assert!(!panics, "on purpose");
            Ok(())
        })
    };
    actix_web::rt::System::new().block_on(async {
        for _ in 0..40 {
            let outcome = insert("broken", true).await;
            assert!(matches!(outcome, Err(Error::Internal(_))), "{outcome:?}");
        }
        insert("whole", false).await.expect("the database takes it");
    });
    assert!(app.app.metrics.panics.get() >= before + 40);
    let count =
        "SELECT CAST(count(*) AS TEXT) AS value FROM _params WHERE id IN ('broken', 'whole')";
    assert_eq!(app.text(count), "1");
    app.open_collection("posts", json!([{"name": "title", "type": "text"}]));
    app.guest().create("posts", json!({"title": "goes on"}));
}

#[test]
fn probes_are_answered_to_everybody() {
    let app = TestApp::start();
    let alive = app.guest().get("/livez");
    assert_eq!((alive.status, alive.text.as_str()), (200, "ok"));
    let ready = app.guest().get("/readyz").ok();
    assert_eq!(
        ready,
        json!({"ready": true, "server": "ok", "database": "ok", "writes": "ok", "realtime": "ok"})
    );
    for path in ["/livez", "/readyz"] {
        assert_eq!(app.guest().send("HEAD", path, None, "").status, 200);
        app.guest().post(path, json!({})).refused(404);
    }
}
