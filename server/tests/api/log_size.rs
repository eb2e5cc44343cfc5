//! The log is bounded, whatever anybody sends.

use plinth::config::Config;
use plinth::logs::{self, Level};
use serde_json::{Value, json};

use crate::support::{Home, TestApp};

fn flush(app: &TestApp) {
    actix_web::rt::System::new()
        .block_on(logs::flush(&app.app))
        .expect("the database takes it");
}

fn entries(app: &TestApp, filter: &str) -> Value {
    flush(app);
    app.root()
        .get(&format!("/api/logs?sort=-@rowid&filter={filter}"))
        .ok()
}

#[test]
fn n74_what_clients_send_is_cut_where_it_is_quoted() {
    let app = TestApp::start();
    app.open_collection(
        "things",
        json!([
            {"type": "select", "name": "one", "values": ["a"]}, {"type": "file", "name": "file", "maxSelect": 99},
            {"type": "json", "name": "data"},
        ]),
    );
    let guest = app.guest();
    let long = "€".repeat(50_000);
    let names: Vec<String> = (0..99)
        .map(|n| format!("{n}{}", "é".repeat(1000)))
        .collect();
    let form = json!({"file": names}).to_string();
    for reply in [
        guest.try_create("things", json!({"one": long})),
        guest.try_create("things", json!({"file": long})),
        guest.try_create("things", json!({"file": names})),
        guest.send_parts(
            "POST",
            "/api/collections/things/records",
            &[("@jsonPayload", None, form.as_bytes())],
        ),
        guest.send_parts(
            "POST",
            "/api/collections/things/records",
            &[("file", Some(&"n".repeat(3000)), &vec![0; (5 << 20) + 1])],
        ),
    ] {
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert!(reply.text.len() < 5_000, "{} bytes", reply.text.len());
    }
    guest
        .try_create("things", json!({"one": long}))
        .refused_for("one", "invalid_value");
    let address = format!("/api/{}", "a".repeat(6_000));
    let agent = "b".repeat(6_000);
    let header = [("User-Agent", &*agent), ("Referer", &*agent)];
    assert_eq!(guest.fetch("GET", &address, &header).status, 404);
    let list = entries(&app, "data.status%3E%3D400");
    assert_eq!(list["totalItems"], 7);
    for entry in list["items"].as_array().expect("items") {
        let size = entry.to_string().len();
        assert!(size < 9_000, "{size} bytes: {entry}");
    }
}

#[test]
fn n74_the_log_has_a_size() {
    for (rows, megabytes, length) in [(1_500, 512, 10), (1_000_000, 1, 1_000)] {
        let home = Home::new();
        let config = Config {
            log_max_rows: rows,
            log_max_mb: megabytes,
            ..home.config()
        };
        let app = TestApp::start_with(home, config);
        for n in 0..6_000 {
            let message = format!("{n} {}", "x".repeat(length));
            let queue = &app.app.logs.queue;
            queue.push(queue.entry(Level::Info, message));
        }
        let list = entries(&app, "");
        let total = list["totalItems"].as_u64().expect("a number");
        // It may be beyond its size by what is written between two looks.
        assert!((800..=2_600).contains(&total), "{total}");
        let newest = list["items"].to_string();
        assert!(newest.contains("5999 "), "{newest}");
    }
}

#[test]
fn n74_of_what_guests_get_refused_some_is_kept() {
    let app = TestApp::start();
    for _ in 0..300 {
        app.guest().get("/api/nowhere").refused(404);
    }
    app.guest()
        .get("/api/collections/_superusers/records")
        .refused(403);
    for _ in 0..120 {
        app.root().get("/api/nowhere").refused(404);
    }
    let of = |filter: &str| {
        entries(&app, filter)["totalItems"]
            .as_u64()
            .expect("a number")
    };
    // A minute may have ended meanwhile.
    let kept = of("data.status=404%26%26data.auth=''");
    assert!((100..=200).contains(&kept), "{kept}");
    assert_eq!(of("data.status=404%26%26data.auth='_superusers'"), 120);
    assert_eq!(of("data.status=403"), 1);
}
