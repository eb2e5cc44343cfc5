//! What jobs do: calls, mails, maintenance.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::jobs::job;
use super::support::target::{Manner, Target};
use super::support::{Client, Home, TestApp};

/// A server whose jobs may call this machine.
pub(crate) fn start() -> TestApp {
    let home = Home::new();
    let config = plinth::config::Config {
        outbound_allow: vec!["127.0.0.1".to_owned()],
        ..home.config()
    };
    TestApp::start_with(home, config)
}

/// Makes a job, runs it, and gives its runs once none of them waits or goes on.
fn run(root: &Client, changes: Value) -> Vec<Value> {
    let created = root.create("_jobs", job(changes));
    let id = created["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        root.post(&format!("/api/crons/{id}"), json!({})).status,
        204
    );
    ended(root, &id)
}

/// The runs of a job, once none of them waits or goes on.
pub(crate) fn ended(root: &Client, job: &str) -> Vec<Value> {
    let filter = format!("job = '{job}'");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let runs = root
            .list("_jobRuns", &[("filter", &filter), ("sort", "attempt")])
            .ok();
        let runs = runs["items"].as_array().expect("items").clone();
        let is_over = |run: &Value| run["outcome"] != "waiting" && run["outcome"] != "running";
        if !runs.is_empty() && runs.iter().all(is_over) {
            return runs;
        }
        assert!(Instant::now() < deadline, "it does not end: {runs:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A run that went once, its outcome and its output.
fn once(runs: &[Value]) -> (&str, &str) {
    assert_eq!(runs.len(), 1, "{runs:?}");
    let text = |name: &str| runs[0][name].as_str().expect("text");
    assert!(!text("started").is_empty() && text("ended") >= text("started"));
    assert_eq!(text("lease"), "");
    (text("outcome"), text("output"))
}

fn calling(url: &str) -> Value {
    json!({"payload": {"url": url}})
}

#[test]
fn a_call_is_made_as_it_is_written() {
    let app = start();
    let target = Target::ok("well done\0é");
    let runs = run(
        app.root(),
        json!({"payload": {
            "url": format!("{}/hook?a=b", target.url), "method": "post",
            "headers": {"X-Secret": "s3cret", "Content-Type": "application/json"}, "body": "{\"é\":1}",
        }}),
    );
    assert_eq!(once(&runs), ("succeeded", "200 OK\n\nwell done\u{fffd}é"));
    assert_eq!(runs[0]["trigger"], "manual");
    assert_eq!(runs[0]["attempt"], 1);
    let calls = target.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(
        calls[0].head.starts_with("POST /hook?a=b HTTP/1.1\r\n"),
        "{calls:?}"
    );
    let head = calls[0].head.to_lowercase();
    for line in [
        "x-secret: s3cret",
        "content-type: application/json",
        "user-agent: plinth/",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    assert_eq!(calls[0].body, "{\"é\":1}");
    // It is counted once it is written down.
    let succeeded = app.app.metrics.job_runs.with_label_values(&["succeeded"]);
    let deadline = Instant::now() + Duration::from_secs(30);
    while succeeded.get() == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(succeeded.get(), 1);
}

#[test]
fn what_is_no_success_has_failed() {
    let app = start();
    let root = app.root();
    let answer = |head: &str| {
        Target::start(Manner::Answer(format!(
            "HTTP/1.1 {head}\r\nConnection: close\r\n\r\nsorry"
        )))
    };
    let broken = answer("500 Internal Server Error");
    assert_eq!(
        once(&run(root, calling(&broken.url))),
        ("failed", "500 Internal Server Error\n\nsorry")
    );
    // Where a redirect leads is not looked at.
    let inside = Target::ok("inside");
    let redirect = answer(&format!("302 Found\r\nLocation: {}", inside.url));
    let runs = run(root, json!({"name": "b", "payload": {"url": redirect.url}}));
    assert_eq!(once(&runs), ("failed", "302 Found\n\nsorry"));
    assert!(inside.calls().is_empty());
    let garbage = Target::start(Manner::Answer("what?\r\n\r\n".to_owned()));
    let runs = run(root, json!({"name": "c", "payload": {"url": garbage.url}}));
    let (outcome, output) = once(&runs);
    assert!(
        outcome == "failed" && output.starts_with("The request failed:"),
        "{output}"
    );
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|it| it.local_addr())
        .expect("a port");
    let runs = run(
        root,
        json!({"name": "d", "payload": {"url": format!("http://{nobody}/?key=s3cret")}}),
    );
    let (outcome, output) = once(&runs);
    assert!(
        outcome == "failed" && output.contains("refused"),
        "{output}"
    );
    assert!(!output.contains("s3cret"), "{output}");
}

#[test]
fn a_target_that_hangs_is_left() {
    let app = start();
    let target = Target::start(Manner::Hang);
    let runs = run(
        app.root(),
        json!({"timeout": 1, "payload": {"url": target.url}}),
    );
    assert_eq!(once(&runs), ("failed", "Timed out after 1 s."));
    assert_eq!(target.calls().len(), 1);
}

#[test]
fn a_large_answer_is_cut_and_not_read_to_its_end() {
    let app = start();
    let target = Target::start(Manner::Flood);
    let runs = run(app.root(), calling(&target.url));
    let (outcome, output) = once(&runs);
    assert_eq!(outcome, "succeeded");
    assert!(
        output.len() <= 64 << 10 && output.len() > 60_000,
        "{}",
        output.len()
    );
    assert!(output.starts_with("200 OK\n\nxxx") && output.ends_with("xxx\n… (cut at 64 KB)"));
    // The sockets' own buffers take a few megabytes at most; a hundred were never read.
    assert!(target.sent() < 100 << 20, "{}", target.sent());
}

#[test]
fn n39_calls_into_the_network_are_refused() {
    let home = Home::new();
    let app = TestApp::start_in(home);
    let target = Target::ok("inside");
    let port = target.url.rsplit(':').next().expect("a port");
    for (n, host) in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0",
    ]
    .into_iter()
    .enumerate()
    {
        let payload = json!({"url": format!("http://{host}:{port}/")});
        let runs = run(
            app.root(),
            json!({"name": format!("n{n}"), "payload": payload}),
        );
        let (outcome, output) = once(&runs);
        assert_eq!(outcome, "failed", "{host}");
        assert!(
            output.contains("is not a public address"),
            "{host}: {output}"
        );
    }
    let metadata =
        json!({"name": "metadata", "payload": {"url": "http://169.254.169.254/latest/meta-data/"}});
    assert!(
        once(&run(app.root(), metadata))
            .1
            .starts_with("Refused: 169.254.169.254")
    );
    assert!(target.calls().is_empty());
}

#[test]
fn a_network_that_is_none_is_refused_at_the_start() {
    let home = Home::new();
    let config = plinth::config::Config {
        outbound_allow: vec!["10.0.0.0/64".to_owned()],
        ..home.config()
    };
    let built = actix_web::rt::System::new().block_on(plinth::app::App::build(&config));
    let error = built.map(drop).expect_err("it is refused").to_string();
    assert!(
        error.contains("outbound_allow") && error.contains("10.0.0.0/64"),
        "{error}"
    );
}

#[test]
fn a_mail_goes_to_the_outbox() {
    let app = start();
    let payload =
        json!({"to": "Ann <ann@example.com>", "subject": "Good morning", "text": "Hello"});
    let runs = run(app.root(), json!({"kind": "mail", "payload": payload}));
    assert_eq!(once(&runs).0, "succeeded", "{runs:?}");
    let mails = app.root().list("_mails", &[]).ok();
    assert_eq!(mails["totalItems"], 1);
    let mail = &mails["items"][0];
    assert_eq!(mail["to"], "Ann <ann@example.com>");
    assert_eq!(
        (&mail["subject"], &mail["kind"]),
        (&json!("Good morning"), &json!("job"))
    );
}

#[test]
fn maintenance_removes_what_is_old_and_keeps_the_rest() {
    let app = start();
    let root = app.root();
    let other = root.create("_jobs", job(json!({"name": "other"})))["id"].clone();
    for n in 0..150 {
        root.create(
            "_jobRuns",
            json!({
                "job": other, "due": format!("2020-01-01 00:00:00.{n:03}Z"), "attempt": 1,
                "trigger": "schedule", "outcome": if n == 0 { "waiting" } else { "failed" },
                "notBefore": "2999-01-01 00:00:00.000Z",
            }),
        );
    }
    for status in ["sent", "kept", "failed", "waiting", "sending"] {
        root.create("_mails", json!({"to": "ann@example.com", "status": status, "notBefore": "2999-01-01 00:00:00.000Z"}));
    }
    app.execute("UPDATE \"_jobRuns\" SET \"created\" = '2020-01-01 00:00:00.000Z'");
    let old = "UPDATE \"_mails\" SET \"lease\" = '2999-01-01 00:00:00.000Z', \"created\" = '2020-01-01 00:00:00.000Z'";
    app.execute(old);
    root.create("_mails", json!({"to": "ann@example.com", "status": "sent"}));
    let tasks = json!({"tasks": ["expired", "logs", "optimize"]});
    let runs = run(
        root,
        json!({"kind": "maintenance", "payload": tasks, "timeout": 60}),
    );
    let (outcome, output) = once(&runs);
    assert_eq!(outcome, "succeeded", "{output}");
    // A hundred stay, and the one that waits.
    assert!(
        output.starts_with(
            "Removed 3 mails and 0 expired codes and first factors.\nRemoved 49 job runs and 0 log entries.\nGathered statistics"
        ),
        "{output}"
    );
    let left = root
        .list("_jobRuns", &[("filter", &format!("job = {other}"))])
        .ok();
    assert_eq!(left["totalItems"], 101);
    assert_eq!(root.list("_mails", &[]).ok()["totalItems"], 3);
}
