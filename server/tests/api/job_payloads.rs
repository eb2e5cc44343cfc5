//! What a job's payload must be, by kind; a refusal names the field.

use serde_json::{Map, Value, json};

use super::jobs::job;
use super::support::TestApp;

/// Asserts that jobs of a kind are refused with these payloads, for these fields.
fn refused(app: &TestApp, kind: &str, payloads: &[(Value, &str)]) {
    for (payload, named) in payloads {
        let body = job(json!({"kind": kind, "payload": payload}));
        let reply = app.root().try_create("_jobs", body);
        reply.refused_for("payload", "invalid_payload");
        let message = reply.body["data"]["payload"]["message"].as_str();
        let message = message.expect("a message");
        assert!(message.starts_with(named), "{named}: {message}");
    }
    assert_eq!(app.root().list("_jobs", &[]).ok()["totalItems"], 2);
}

#[test]
fn calls_that_make_no_sense() {
    let app = TestApp::start();
    let long = "x".repeat(300 << 10);
    let header = |n| (format!("x-{n}"), json!("1"));
    let many: Map<_, _> = (0..60).map(header).collect();
    let url = "https://example.com";
    refused(
        &app,
        "http",
        &[
            (json!({}), "url"),
            (json!(null), "url"),
            (json!([1]), "Must be an object"),
            (json!("https://example.com"), "Must be an object"),
            (json!({"url": "  "}), "url"),
            (json!({"url": 5}), "url"),
            (json!({"url": "example.com"}), "url"),
            (json!({"url": "ftp://example.com"}), "url"),
            (json!({"url": "file:///etc/passwd"}), "url"),
            (json!({"url": "http://ann:pw@example.com"}), "url"),
            (json!({"url": "http://example.com:25"}), "url"),
            (json!({"url": format!("{url}/{}", "a".repeat(3000))}), "url"),
            (json!({"url": url, "method": "BREW"}), "method"),
            (json!({"url": url, "method": "GET\r\nX: y"}), "method"),
            (json!({"url": url, "method": "CONNECT"}), "method"),
            (json!({"url": url, "headers": ["a"]}), "headers"),
            (json!({"url": url, "headers": {"a": 1}}), "headers"),
            (json!({"url": url, "headers": {"a b": "1"}}), "headers"),
            (json!({"url": url, "headers": {"": "1"}}), "headers"),
            (
                json!({"url": url, "headers": {"x": "1\r\ny: 2"}}),
                "headers",
            ),
            (json!({"url": url, "headers": {"Host": "other"}}), "headers"),
            (
                json!({"url": url, "headers": {"Content-Length": "1"}}),
                "headers",
            ),
            (
                json!({"url": url, "headers": {"x": "y".repeat(10_000)}}),
                "headers",
            ),
            (json!({"url": url, "headers": many}), "headers"),
            (json!({"url": url, "body": {"a": 1}}), "body"),
            (json!({"url": url, "body": long}), "body"),
            (json!({"url": url, "timeout": 5}), "timeout"),
        ],
    );
}

#[test]
fn mails_that_make_no_sense() {
    let app = TestApp::start();
    let long = "x".repeat(300 << 10);
    refused(
        &app,
        "mail",
        &[
            (json!({"subject": "a", "text": "b"}), "to"),
            (json!({"to": "nobody", "subject": "a", "text": "b"}), "to"),
            (
                json!({"to": "a@b.co\r\nBcc: c@d.co", "subject": "a", "text": "b"}),
                "to",
            ),
            (
                json!({"to": "a@b.co, c@d.co", "subject": "a", "text": "b"}),
                "to",
            ),
            (json!({"to": "a@b.co", "text": "b"}), "subject"),
            (
                json!({"to": "a@b.co", "subject": "a\nb", "text": "b"}),
                "subject",
            ),
            (json!({"to": "a@b.co", "subject": "a"}), "text"),
            (json!({"to": "a@b.co", "subject": "a", "html": 5}), "html"),
            (
                json!({"to": "a@b.co", "subject": "a", "text": long}),
                "text",
            ),
        ],
    );
}

#[test]
fn maintenance_that_makes_no_sense() {
    let app = TestApp::start();
    let url = "https://example.com";
    refused(
        &app,
        "maintenance",
        &[
            (json!({}), "tasks"),
            (json!({"tasks": []}), "tasks"),
            (json!({"tasks": "logs"}), "tasks"),
            (json!({"tasks": ["drop"]}), "tasks"),
            (json!({"tasks": ["logs", 1]}), "tasks"),
            (json!({"tasks": ["logs"], "url": url}), "url"),
        ],
    );
}

#[test]
fn fields_that_make_no_sense() {
    let app = TestApp::start();
    for (field, value) in [
        ("timeout", json!(-1)),
        ("timeout", json!(3601)),
        ("timeout", json!(1.5)),
        ("retries", json!(21)),
        ("retries", json!(-1)),
        ("backoff", json!(86_401)),
        ("kind", json!("shell")),
        ("kind", json!("")),
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
    ] {
        let reply = app.root().try_create("_jobs", job(json!({field: value})));
        reply.refused(400);
        assert!(
            reply.body["data"][field].is_object(),
            "{field} {value}: {}",
            reply.text
        );
    }
}
