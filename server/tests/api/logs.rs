//! The log: what is in it, who reads it, and that nobody waits for it.

use plinth::clock::Timestamp;
use plinth::logs::{self, Entry, Level, MAX_WAITING};
use serde_json::{Value, json};

use super::policies::join;
use crate::support::{Client, PASSWORD, ROOT, Reply, TestApp};

/// 2026-11-22 10:00:00
const TEN: i64 = 1_795_341_600;

fn flush(app: &TestApp) {
    actix_web::rt::System::new()
        .block_on(logs::flush(&app.app))
        .expect("the database takes it");
}

/// Puts an entry into the log, so many seconds after ten.
fn happened(app: &TestApp, seconds: i64, level: Level, message: &str) {
    let created = Timestamp::from_unix(TEN + seconds);
    let entry = app.app.logs.queue.entry(level, message.to_owned());
    app.app.logs.queue.push(Entry { created, ..entry });
}

fn query(parameters: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

fn ask(client: &Client, parameters: &[(&str, &str)]) -> Reply {
    client.get(&format!("/api/logs?{}", query(parameters)))
}

fn messages(app: &TestApp, parameters: &[(&str, &str)]) -> Vec<String> {
    let list = ask(app.root(), parameters).ok();
    let items = list["items"].as_array().expect("items").clone();
    items
        .iter()
        .map(|item| item["message"].as_str().expect("a message").to_owned())
        .collect()
}

/// The one entry of a request.
fn entry(app: &TestApp, message: &str) -> Value {
    let filter = format!("message = '{message}'");
    let list = ask(app.root(), &[("filter", &filter)]).ok();
    assert_eq!(list["totalItems"], 1, "{message}: {list}");
    list["items"][0].clone()
}

#[test]
fn requests_are_in_the_log_as_pocketbase_has_them() {
    let app = TestApp::start();
    app.open_collection(
        "posts",
        json!([{"name": "title", "type": "text", "required": true}]),
    );
    let ann = app.user("ann");
    ann.get("/api/collections/posts/records?page=1").ok();
    app.guest().try_create("posts", json!({})).refused(400);
    app.guest().get("/api/nowhere").refused(404);
    flush(&app);

    let list = entry(&app, "GET /api/collections/posts/records?page=1");
    assert_eq!(list["level"], 0);
    let id = list["id"].as_str().expect("an id");
    assert_eq!(id.len(), 15);
    let data = list["data"].clone();
    assert!(data["execTime"].as_f64().expect("a time") > 0.0, "{data}");
    for (name, value) in [
        ("type", json!("request")),
        ("method", json!("GET")),
        ("url", json!("/api/collections/posts/records?page=1")),
        ("status", json!(200)),
        ("auth", json!("users")),
        ("userIP", json!("127.0.0.1")),
        ("remoteIP", json!("127.0.0.1")),
        ("referer", json!("")),
    ] {
        assert_eq!(data[name], value, "{name}: {data}");
    }
    let keys: Vec<&String> = data.as_object().expect("an object").keys().collect();
    let expected = [
        "auth",
        "execTime",
        "method",
        "referer",
        "remoteIP",
        "requestId",
        "status",
        "type",
        "url",
        "userAgent",
        "userIP",
    ];
    assert_eq!(keys, expected);
    assert_eq!(app.root().get(&format!("/api/logs/{id}")).ok(), list);
    assert_eq!(
        app.root().get(&format!("/api/logs/{id}?fields=level")).ok(),
        json!({"level": 0})
    );
    app.root().get("/api/logs/nowhere").refused(404);

    let create = entry(&app, "POST /api/collections/posts/records");
    assert_eq!(create["level"], 8);
    assert_eq!(create["data"]["error"], "Failed to create record.");
    assert_eq!(
        create["data"]["details"],
        json!({"title": "Cannot be blank."})
    );
    let nowhere = entry(&app, "GET /api/nowhere");
    assert_eq!(
        (
            &nowhere["level"],
            &nowhere["data"]["status"],
            &nowhere["data"]["auth"]
        ),
        (&json!(8), &json!(404), &json!(""))
    );
}

#[test]
fn what_watches_the_server_or_reads_the_log_is_not_in_it() {
    let app = TestApp::start();
    for path in [
        "/livez",
        "/readyz",
        "/metrics",
        "/",
        "/_/",
        "/_/nowhere.js",
        "/api/logs/stats",
        "/api/metrics/overview",
    ] {
        app.root().get(path);
    }
    app.root().get("/api/logs").ok();
    app.guest().get("/api/logs").refused(401);
    flush(&app);
    let all = messages(
        &app,
        &[("filter", "data.method = 'GET'"), ("sort", "created")],
    );
    assert_eq!(all, ["GET /api/logs"], "who may not read it is in it");
}

#[test]
fn the_log_is_listed_filtered_and_counted_by_the_hour() {
    let app = TestApp::start();
    for (seconds, level, message) in [
        (0, Level::Info, "seed a"),
        (10, Level::Warn, "seed b"),
        (3600, Level::Error, "seed c"),
        (3601, Level::Debug, "seed d"),
        (7300, Level::Error, "seed e"),
    ] {
        happened(&app, seconds, level, message);
    }
    flush(&app);
    let seeds = "message ~ 'seed'";
    // A debug message is below the least level that is kept.
    for (parameters, expected) in [
        (&[("filter", seeds)][..], "a b c e"),
        (&[("filter", seeds), ("sort", "-created")], "e c b a"),
        (&[("filter", seeds), ("sort", "-level,message")], "c e b a"),
        (&[("filter", seeds), ("sort", "-@rowid")], "e c b a"),
        (&[("filter", seeds), ("perPage", "2"), ("page", "2")], "c e"),
        (&[("filter", "message ~ 'seed' && level >= 4")], "b c e"),
        (
            &[(
                "filter",
                "message ~ 'seed' && level > 4 && created < '2026-11-22 11:30:00'",
            )],
            "c",
        ),
        (&[("filter", "message ~ 'seed' && data.status = 200")], ""),
        (
            &[("filter", "message:lower = 'seed a' || message = 'seed e'")],
            "a e",
        ),
    ] {
        let found = messages(&app, parameters).join(" ").replace("seed ", "");
        assert_eq!(found, expected, "{parameters:?}");
    }
    let page = ask(
        app.root(),
        &[
            ("filter", seeds),
            ("perPage", "3"),
            ("fields", "message,level"),
        ],
    )
    .ok();
    let expected = json!({
        "items": [{"level": 0, "message": "seed a"}, {"level": 4, "message": "seed b"}, {"level": 8, "message": "seed c"}],
        "page": 1, "perPage": 3, "totalItems": 4, "totalPages": 2,
    });
    assert_eq!(page, expected);
    let page = ask(app.root(), &[("perPage", "1"), ("skipTotal", "1")]).ok();
    assert_eq!(
        (&page["totalItems"], &page["totalPages"]),
        (&json!(-1), &json!(-1))
    );
    // Everything has a total too, although no trigger keeps it.
    let total = ask(app.root(), &[("perPage", "1")]).ok()["totalItems"].as_i64();
    assert!(total > Some(4), "{total:?}");

    for wrong in [
        &[("filter", "nothing = 1")][..],
        &[("filter", "level >")],
        &[("filter", "@request.auth.id != ''")],
        &[("filter", "@collection.users.id != ''")],
        &[("filter", "collectionId != ''")],
        &[("filter", "users_via_log.id != ''")],
        &[("sort", "nothing")],
        &[("page", "x")],
        &[("skipTotal", "maybe")],
    ] {
        ask(app.root(), wrong).refused(400);
    }
    let stats = |parameters: &[(&str, &str)]| {
        app.root()
            .get(&format!("/api/logs/stats?{}", query(parameters)))
    };
    let expected = json!([
        {"date": "2026-11-22 10:00:00.000Z", "total": 2},
        {"date": "2026-11-22 11:00:00.000Z", "total": 1},
        {"date": "2026-11-22 12:00:00.000Z", "total": 1},
    ]);
    assert_eq!(stats(&[("filter", seeds)]).ok(), expected);
    let errors = stats(&[
        ("filter", "message ~ 'seed' && level > 4"),
        ("fields", "total"),
    ]);
    assert_eq!(errors.ok(), json!([{"total": 1}, {"total": 1}]));
    assert_eq!(stats(&[("filter", "1 = 2")]).ok(), json!([]));
    assert_eq!(stats(&[]).status, 200);
    for wrong in ["nothing = 1", "level >", "@collection.users.id != ''"] {
        let reply = stats(&[("filter", wrong)]);
        assert_eq!(reply.refused(400).body["message"], "Invalid filter format.");
    }
}

#[test]
fn n08_superusers_and_operators_of_the_log_read_it() {
    let app = TestApp::start();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let role = |name: &str, areas: Value| {
        app.root()
            .create("_roles", json!({"name": name, "areas": areas}))
    };
    join(&app, &role("reader", json!(["logs:read"])), "ann");
    let others = json!([
        "collections:write",
        "roles:read",
        "jobs:write",
        "mails:read",
        "metrics:read"
    ]);
    join(&app, &role("other", others), "bob");
    happened(&app, 0, Level::Info, "seed");
    flush(&app);
    let list = ask(app.root(), &[("filter", "message = 'seed'")]).ok();
    let id = list["items"][0]["id"].as_str().expect("an id").to_owned();
    for path in [
        "/api/logs",
        "/api/logs/stats",
        &format!("/api/logs/{id}"),
        "/api/logs/nowhere",
    ] {
        app.guest().get(path).refused(401);
        bob.get(path).refused(403);
        for client in [app.root(), &ann] {
            let expected = if path.ends_with("nowhere") { 404 } else { 200 };
            assert_eq!(client.get(path).status, expected, "{path}");
        }
        for method in ["POST", "PATCH", "DELETE"] {
            app.root().send(method, path, None, "").refused(404);
        }
    }
    // What an operator filters by reaches no further than the log.
    ask(&ann, &[("filter", "@collection._superusers.email != ''")]).refused(400);
    // There is no other way to it.
    app.root().get("/api/collections/_logs").refused(404);
    app.root()
        .get("/api/collections/_logs/records")
        .refused(404);
    let mine = json!({"name": "_logs", "type": "base"});
    app.root()
        .post("/api/collections", mine)
        .refused_for("name", "collection_name_invalid");
}

#[test]
fn n56_no_secret_is_in_the_log() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let token = ann.token.clone();
    for path in [
        "/api/files/a/b/c.png?token=abracadabra&thumb=1x1".to_owned(),
        "/api/nowhere?password=abracadabra".to_owned(),
        format!("/api/collections/users/records?filter=tokenKey='{token}'"),
        format!("/api/nowhere?x={token}"),
        format!("/api/{token}"),
        "/api/nowhere?next=https%3A%2F%2Fhost%2F%3Ftoken%3Dabracadabra".to_owned(),
    ] {
        ann.get(&path);
    }
    let sign_in = json!({"identity": ROOT, "password": "abracadabra"});
    app.guest()
        .post("/api/collections/_superusers/auth-with-password", sign_in)
        .refused(400);
    let reset =
        json!({"token": token, "password": "abracadabra", "passwordConfirm": "abracadabra"});
    app.guest()
        .post("/api/collections/users/confirm-password-reset", reset)
        .refused(400);
    flush(&app);
    let all = ask(app.root(), &[("perPage", "500")]);
    assert!(
        all.text.contains("/api/files/a/b/c.png?token=***"),
        "{}",
        all.text
    );
    let secrets = [
        PASSWORD,
        "abracadabra",
        token.as_str(),
        token.split('.').next_back().unwrap_or_default(),
        "Bearer",
    ];
    for secret in secrets {
        assert!(!all.text.contains(secret), "{secret}: {}", all.text);
    }
}

#[test]
fn n19_a_request_is_one_line_of_the_log_whatever_is_in_it() {
    let app = TestApp::start();
    app.guest()
        .get("/api/x%0A2026-01-01%20ERROR%1B%5B31m%E2%80%AE")
        .refused(404);
    app.guest()
        .get(&format!("/api/{}", "long".repeat(1500)))
        .refused(404);
    flush(&app);
    let found = messages(&app, &[("filter", "data.status = 404"), ("sort", "@rowid")]);
    assert_eq!(
        found[0],
        "GET /api/x\\u{a}2026-01-01 ERROR\\u{1b}[31m\\u{202e}"
    );
    assert_eq!(found[1].chars().count(), "GET ".len() + 3001);
    assert!(found[1].ends_with('…'));
}

#[test]
fn a_database_that_is_away_holds_up_nobody_and_what_is_too_much_is_counted() {
    let app = TestApp::start();
    flush(&app);
    app.home
        .execute_on_log("ALTER TABLE \"_logs\" RENAME TO \"_away\"");
    let pushed = 2 * MAX_WAITING;
    for n in 0..pushed {
        happened(&app, 0, Level::Info, &format!("seed {n}"));
    }
    // Requests are answered as if nothing were.
    app.root().get("/api/collections").ok();
    let dropped = app.app.metrics.log_dropped.get();
    assert!(dropped > 0);
    app.home
        .execute_on_log("ALTER TABLE \"_away\" RENAME TO \"_logs\"");
    flush(&app);
    let kept = ask(
        app.root(),
        &[("filter", "message ~ 'seed'"), ("perPage", "1")],
    )
    .ok();
    let kept = kept["totalItems"].as_u64().expect("a number");
    assert!(kept >= (MAX_WAITING - 10) as u64, "{kept}");
    // Those that were put back may have lost some more, and requests are counted with them.
    let dropped = app.app.metrics.log_dropped.get();
    let lost = pushed as u64 - kept;
    assert!((lost..lost + 10).contains(&dropped), "{kept} {dropped}");
}

#[test]
fn old_entries_are_removed_and_new_ones_stay() {
    let app = TestApp::start();
    for n in 0..1500 {
        happened(&app, -86_400 * 30, Level::Info, &format!("seed old {n}"));
    }
    let now = app.app.logs.queue.entry(Level::Info, "seed new".to_owned());
    app.app.logs.queue.push(now);
    flush(&app);
    let removed = actix_web::rt::System::new()
        .block_on(logs::remove_old(&app.app))
        .expect("the database takes it");
    assert_eq!(removed, 1500);
    let left = ask(app.root(), &[("filter", "message ~ 'seed'")]).ok();
    assert_eq!(left["totalItems"], 1);
    assert_eq!(left["items"][0]["message"], "seed new");
}

#[test]
fn the_settings_say_what_is_kept() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let set = |logs: Value| {
        flush(&app);
        app.root()
            .patch("/api/settings", json!({"logs": logs}))
            .ok();
    };
    let paths = |filter: &str| {
        flush(&app);
        messages(&app, &[("filter", filter), ("sort", "@rowid")])
    };
    set(json!({"logIP": false, "logAuthId": true}));
    ann.get("/api/health?1").ok();
    flush(&app);
    let data = entry(&app, "GET /api/health?1")["data"].clone();
    assert_eq!(data["authId"], "ann000000000000");
    assert_eq!((data.get("userIP"), data.get("remoteIP")), (None, None));

    set(json!({"minLevel": 8}));
    ann.get("/api/health?2").ok();
    ann.get("/api/nowhere?2").refused(404);
    happened(&app, 0, Level::Warn, "seed");
    assert_eq!(
        paths("message ~ '?2' || message = 'seed'"),
        ["GET /api/nowhere?2"]
    );

    set(json!({"minLevel": 0, "maxDays": 0}));
    ann.get("/api/health?3").ok();
    ann.get("/api/nowhere?3").refused(404);
    assert!(paths("message ~ '?3'").is_empty());
    let removed = actix_web::rt::System::new()
        .block_on(logs::remove_old(&app.app))
        .expect("the database takes it");
    assert!(removed > 0, "nothing is kept, also of what was there");
    assert!(paths("").is_empty());
}
