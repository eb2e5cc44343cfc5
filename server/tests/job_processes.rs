//! Jobs in processes of their own: the clock that they really go by, and what becomes of a run whose process is gone.

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::process::{Process, make_superuser};
use support::secure::Secure;
use support::target::{Manner, Target};
use support::{Client, Home, on_postgres};

/// A server whose jobs may call this machine.
fn start(home: &Home) -> Process {
    Process::start_with(home, &[("PLINTH_OUTBOUND_ALLOW", "[\"127.0.0.1\"]")])
}

/// A place with a superuser, and the servers on it: two where a database takes two.
fn servers() -> (Home, Vec<Process>) {
    let home = Home::new();
    make_superuser(&home);
    let count = if on_postgres() { 2 } else { 1 };
    let servers = (0..count).map(|_| start(&home)).collect();
    (home, servers)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a body is made where it is sent"
)]
fn calling(target: &Target, changes: Value) -> Value {
    let mut job = json!({
        "name": "ping", "schedule": "0 0 1 1 *", "kind": "http", "timeout": 600, "payload": {"url": target.url},
    });
    for (key, value) in changes.as_object().expect("an object") {
        job[key] = value.clone();
    }
    job
}

/// Asks for the runs until they are as they should be.
fn wait_for(root: &Client, patience: Duration, are_there: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let deadline = Instant::now() + patience;
    loop {
        let runs = root.list("_jobRuns", &[("sort", "due,attempt")]).ok();
        let runs = runs["items"].as_array().expect("items").clone();
        if are_there(&runs) {
            return runs;
        }
        assert!(Instant::now() < deadline, "the runs are {runs:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const SOON: Duration = Duration::from_secs(60);

fn wait_for_calls(target: &Target, count: usize) {
    let deadline = Instant::now() + SOON;
    while target.calls().len() < count {
        assert!(Instant::now() < deadline, "it is not called");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn n49_each_minute_has_one_run_whatever_the_number_of_servers() {
    let (_home, servers) = servers();
    let target = Target::ok("");
    let root = servers[0].root();
    let body = calling(&target, json!({"schedule": "* * * * *", "enabled": true}));
    root.create("_jobs", body);
    let is_over = |run: &Value| run["outcome"] == "succeeded";
    let minutes = Duration::from_secs(150);
    wait_for(&root, minutes, |runs| runs.iter().any(is_over));
    // Servers ask within a second of each other; another minute's run may come too.
    std::thread::sleep(Duration::from_secs(3));
    let runs = wait_for(&root, SOON, |runs| runs.iter().all(is_over));
    let mut by_time = BTreeMap::new();
    for run in &runs {
        let due = run["due"].as_str().expect("a moment");
        assert!(due.ends_with(":00.000Z"), "{due}");
        *by_time.entry(due).or_insert(0) += 1;
        assert_eq!(
            (&run["trigger"], &run["attempt"]),
            (&json!("schedule"), &json!(1))
        );
    }
    assert!(by_time.values().all(|count| *count == 1), "{by_time:?}");
    assert_eq!(target.calls().len(), runs.len());
}

#[test]
fn n47_a_run_whose_process_was_killed_is_lost_and_taken_over() {
    let home = Home::new();
    make_superuser(&home);
    let server = start(&home);
    let target = Target::start(Manner::Hang);
    let root = server.root();
    let id = root.create("_jobs", calling(&target, json!({})))["id"].clone();
    let path = format!("/api/crons/{}", id.as_str().expect("an id"));
    assert_eq!(root.post(&path, json!({})).status, 204);
    wait_for_calls(&target, 1);
    // Another server is there already, where a database takes two.
    let other = on_postgres().then(|| start(&home));
    server.kill();
    let survivor = other.unwrap_or_else(|| start(&home));
    let root = survivor.root();
    let runs = wait_for(&root, SOON, |runs| !runs.is_empty());
    assert_eq!(
        (runs.len(), &runs[0]["outcome"]),
        (1, &json!("running")),
        "{runs:?}"
    );
    // Nobody renews its lease any more; the test does not wait until it ends.
    home.execute(
        "UPDATE \"_jobRuns\" SET \"lease\" = '2026-01-05 09:00:00.000Z' WHERE \"attempt\" = 1",
    );
    let runs = wait_for(&root, SOON, |runs| {
        runs.len() == 2 && runs[1]["outcome"] == "running"
    });
    assert_eq!(runs[0]["outcome"], "lost");
    assert_eq!(
        runs[0]["output"],
        "The server that ran the job disappeared. It will be retried."
    );
    assert_eq!(runs[1]["due"], runs[0]["due"]);
    assert_ne!(runs[1]["worker"], runs[0]["worker"]);
    wait_for_calls(&target, 2);
}

/// A server whose clock is ten minutes ahead.
fn ahead(home: &Home) -> Process {
    // The program `faketime` does the same, but would leave the server behind.
    Process::start_with(
        home,
        &[
            ("PLINTH_OUTBOUND_ALLOW", "[\"127.0.0.1\"]"),
            ("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1"),
            ("FAKETIME", "+10m"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ],
    )
}

/// Whoever's clock is wrong, runs come at the database's minutes, none in its future, and none is skipped for one that is. On
/// SQLite the server's clock is the database's.
#[test]
fn o07_a_server_whose_clock_is_ahead_stops_no_jobs() {
    let home = Home::new();
    make_superuser(&home);
    let mut servers = vec![ahead(&home)];
    if on_postgres() {
        servers.push(start(&home));
    }
    let target = Target::ok("");
    let root = servers[0].root();
    let body = calling(&target, json!({"schedule": "* * * * *", "enabled": true}));
    root.create("_jobs", body);
    let succeeded = |runs: &[Value]| {
        let ended = runs.iter().filter(|run| run["outcome"] == "succeeded");
        ended.count()
    };
    let patience = Duration::from_secs(200);
    let runs = wait_for(&root, patience, |runs| succeeded(runs) >= 2);
    assert!(
        runs.iter().all(|run| run["outcome"] != "skipped"),
        "{runs:?}"
    );
    let moment = |run: &Value, name: &str| run[name].as_str().expect("a moment").to_owned();
    for run in runs.iter().filter(|run| run["outcome"] == "succeeded") {
        assert!(moment(run, "due") <= moment(run, "started"), "{run}");
    }
    assert_eq!(target.calls().len(), succeeded(&runs), "{runs:?}");
}

/// The clocks of several machines differ: what counts is the database's.
#[test]
fn n49_a_server_whose_clock_is_ahead_takes_nothing_over() {
    let home = Home::new();
    make_superuser(&home);
    let ahead = || ahead(&home);
    let mut servers = vec![if on_postgres() { start(&home) } else { ahead() }];
    let target = Target::start(Manner::Hang);
    let root = servers[0].root();
    let id = root.create("_jobs", calling(&target, json!({})))["id"].clone();
    let path = format!("/api/crons/{}", id.as_str().expect("an id"));
    assert_eq!(root.post(&path, json!({})).status, 204);
    wait_for_calls(&target, 1);
    if on_postgres() {
        servers.push(ahead());
    }
    // Time enough to look for runs whose lease is over.
    std::thread::sleep(Duration::from_secs(4));
    let runs = wait_for(&root, SOON, |_| true);
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(runs[0]["outcome"], "running");
    assert_eq!(target.calls().len(), 1);
}

#[test]
fn a_server_that_stops_lets_runs_end_and_gives_up_those_that_do_not() {
    let home = Home::new();
    make_superuser(&home);
    let limit = [
        ("PLINTH_OUTBOUND_ALLOW", "[\"127.0.0.1\"]"),
        ("PLINTH_DRAIN_SECONDS", "5"),
    ];
    let server = Process::start_with(&home, &limit);
    let slow = Target::start(Manner::Wait(Duration::from_secs(2)));
    let hanging = Target::start(Manner::Hang);
    let root = server.root();
    for (name, target) in [("slow", &slow), ("hanging", &hanging)] {
        let job = root.create("_jobs", calling(target, json!({"name": name})));
        root.post(
            &format!("/api/crons/{}", job["id"].as_str().expect("an id")),
            json!({}),
        );
        wait_for_calls(target, 1);
    }
    server.terminate();
    assert_eq!(server.end(), Some(0));
    let next = start(&home);
    let runs = wait_for(&next.root(), SOON, |runs| {
        runs.len() == 3 && runs.iter().any(|run| run["outcome"] == "running")
    });
    let outcomes: Vec<_> = runs
        .iter()
        .map(|run| run["outcome"].as_str().expect("text"))
        .collect();
    assert_eq!(outcomes, ["succeeded", "lost", "running"]);
    assert_eq!(
        runs[1]["output"],
        "The server stopped before the job finished. It will be retried."
    );
    // The next server did not wait for a lease to end.
    wait_for_calls(&hanging, 2);
}

#[test]
fn a_call_by_tls_is_made_to_whom_the_system_trusts() {
    let home = Home::new();
    make_superuser(&home);
    let target = Secure::start(&home);
    let stranger = start(&home);
    let root = stranger.root();
    let url = format!("https://localhost:{}/", target.port);
    let job = root.create(
        "_jobs",
        json!({
            "name": "tls", "schedule": "0 0 1 1 *", "kind": "http", "payload": {"url": url},
        }),
    );
    let path = format!("/api/crons/{}", job["id"].as_str().expect("an id"));
    let run = |root: &Client, count: usize| {
        assert_eq!(root.post(&path, json!({})).status, 204);
        let is_over = |run: &Value| run["outcome"] == "succeeded" || run["outcome"] == "failed";
        let runs = wait_for(root, SOON, |runs| {
            runs.len() == count && runs.iter().all(is_over)
        });
        let text = |name: &str| runs[count - 1][name].as_str().expect("text").to_owned();
        (text("outcome"), text("output"))
    };
    let (outcome, output) = run(&root, 1);
    assert!(
        outcome == "failed" && output.contains("certificate"),
        "{output}"
    );
    stranger.kill();
    let trusted = [
        ("PLINTH_OUTBOUND_ALLOW", "[\"127.0.0.1\", \"::1\"]"),
        ("SSL_CERT_FILE", target.certificate.as_str()),
    ];
    let friend = Process::start_with(&home, &trusted);
    let (outcome, output) = run(&friend.root(), 2);
    assert_eq!(
        (outcome.as_str(), output.as_str()),
        ("succeeded", "200 OK\n\nsecret")
    );
}

#[test]
fn a_run_that_takes_long_keeps_its_lease() {
    let home = Home::new();
    make_superuser(&home);
    let server = start(&home);
    let target = Target::start(Manner::Hang);
    let root = server.root();
    let job = root.create("_jobs", calling(&target, json!({})));
    root.post(
        &format!("/api/crons/{}", job["id"].as_str().expect("an id")),
        json!({}),
    );
    let lease = |run: &Value| run["lease"].as_str().expect("a moment").to_owned();
    let runs = wait_for(&root, SOON, |runs| {
        runs.len() == 1 && runs[0]["outcome"] == "running"
    });
    let first = lease(&runs[0]);
    let runs = wait_for(&root, SOON, |runs| {
        runs[0]["outcome"] == "running" && lease(&runs[0]) > first
    });
    assert_eq!((runs.len(), target.calls().len()), (1, 1));
    // Another process takes it to be gone: this one lets go of it, and the run that was begun again goes on.
    home.execute("UPDATE \"_jobRuns\" SET \"lease\" = '2026-01-05 09:00:00.000Z'");
    let runs = wait_for(&root, SOON, |runs| {
        runs.len() == 2 && runs[1]["outcome"] == "running"
    });
    assert_eq!(runs[0]["outcome"], "lost");
}
