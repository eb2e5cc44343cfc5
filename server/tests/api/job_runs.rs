//! When jobs run: once a tick, again after a failure, and elsewhere when their process is gone.

use std::time::{Duration, Instant};

use plinth::app::App;
use plinth::clock::Timestamp;
use serde_json::{Value, json};

use super::job_calls::{ended, start};
use super::jobs::job;
use super::support::target::{Manner, Target};
use super::support::{TestApp, at_once};

/// The minute that ends at this hour and minute of a day long ago, as a server asks about it.
fn tick(app: &App, at: &str) -> usize {
    let until: jiff::Timestamp = format!("2026-01-05T{at}:00.500Z")
        .parse()
        .expect("a moment");
    let from = until - Duration::from_secs(60);
    let runtime = actix_web::rt::System::new();
    let ticked = runtime.block_on(plinth::jobs::tick(
        app,
        Timestamp::from(from),
        Timestamp::from(until),
    ));
    ticked.expect("it works")
}

fn enabled(app: &TestApp, changes: Value) -> String {
    let mut changes = changes;
    changes["enabled"] = json!(true);
    let created = app.root().create("_jobs", job(changes));
    created["id"].as_str().expect("an id").to_owned()
}

#[test]
fn n49_a_tick_runs_once_however_many_processes_ask() {
    let app = start();
    let target = Target::ok("");
    let id = enabled(
        &app,
        json!({"schedule": "0 9 5 1 *", "payload": {"url": target.url}}),
    );
    enabled(
        &app,
        json!({"name": "later", "schedule": "1 9 5 1 *", "payload": {"url": target.url}}),
    );
    app.root().create(
        "_jobs",
        job(json!({"name": "off", "schedule": "0 9 5 1 *"})),
    );
    // As two processes with a connection each: the same database, and clocks that do not quite agree.
    let other = actix_web::rt::System::new().block_on(App::build(&app.app.config));
    let other = other.expect("a second one on the database");
    let added = at_once(8, |n| {
        tick(if n % 2 == 0 { &app.app } else { &other }, "09:00")
    });
    assert_eq!(added.iter().sum::<usize>(), 1, "{added:?}");
    let runs = ended(app.root(), &id);
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["due"], "2026-01-05 09:00:00.000Z");
    assert_eq!(
        (&runs[0]["trigger"], &runs[0]["outcome"]),
        (&json!("schedule"), &json!("succeeded"))
    );
    assert_eq!(target.calls().len(), 1);
    assert_eq!(tick(&app.app, "09:00"), 0);
    assert_eq!(tick(&app.app, "09:02"), 0);
    assert_eq!(app.root().list("_jobRuns", &[]).ok()["totalItems"], 1);
}

#[test]
fn a_job_that_goes_on_is_not_begun_again() {
    let app = start();
    let target = Target::start(Manner::Hang);
    let id = enabled(
        &app,
        json!({"schedule": "0-2 9 5 1 *", "timeout": 3, "payload": {"url": target.url}}),
    );
    assert_eq!(tick(&app.app, "09:00"), 1);
    assert_eq!(tick(&app.app, "09:01"), 0);
    assert_eq!(tick(&app.app, "09:01"), 0);
    let runs = ended(app.root(), &id);
    let outcomes: Vec<_> = runs
        .iter()
        .map(|run| (&run["due"], &run["outcome"]))
        .collect();
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    assert!(
        outcomes.contains(&(&json!("2026-01-05 09:01:00.000Z"), &json!("skipped"))),
        "{outcomes:?}"
    );
    assert_eq!(tick(&app.app, "09:02"), 1);
    assert_eq!(ended(app.root(), &id).len(), 3);
}

#[test]
fn what_failed_is_tried_again_later_each_time() {
    let app = start();
    let target = Target::start(Manner::Answer(
        "HTTP/1.1 503 No\r\nConnection: close\r\n\r\n".to_owned(),
    ));
    let changes = json!({"schedule": "0 9 5 1 *", "retries": 2, "backoff": 1, "payload": {"url": target.url}});
    let id = enabled(&app, changes);
    tick(&app.app, "09:00");
    let runs = ended(app.root(), &id);
    assert_eq!(runs.len(), 3, "{runs:?}");
    let moment = |run: &Value, name: &str| -> jiff::Timestamp {
        run[name]
            .as_str()
            .expect("a moment")
            .parse()
            .expect("a moment")
    };
    for (index, run) in runs.iter().enumerate() {
        assert_eq!(
            (&run["attempt"], &run["outcome"]),
            (&json!(index + 1), &json!("failed"))
        );
        assert_eq!(run["due"], "2026-01-05 09:00:00.000Z");
        assert!(moment(run, "started") >= moment(run, "notBefore"));
    }
    for (before, seconds) in [(0, 1), (1, 2)] {
        let waited =
            moment(&runs[before + 1], "notBefore").duration_since(moment(&runs[before], "ended"));
        assert_eq!(waited.as_millis(), seconds * 1000);
    }
    assert_eq!(target.calls().len(), 3);
}

#[test]
fn running_a_job_now_does_not_wait_for_its_time() {
    let app = start();
    let target = Target::ok("");
    let created = app
        .root()
        .create("_jobs", job(json!({"payload": {"url": target.url}})));
    let id = created["id"].as_str().expect("an id");
    let replies = at_once(5, |_| {
        app.root()
            .post(&format!("/api/crons/{id}"), json!({}))
            .status
    });
    assert_eq!(replies, [204; 5]);
    assert_eq!(ended(app.root(), id).len(), 5);
    assert_eq!(target.calls().len(), 5);
    // With the job go its runs.
    assert_eq!(app.root().remove("_jobs", id).status, 204);
    assert_eq!(app.root().list("_jobRuns", &[]).ok()["totalItems"], 0);
}

#[test]
fn a_run_whose_process_is_gone_is_lost_and_taken_over_but_not_for_ever() {
    let app = start();
    let target = Target::ok("");
    let id = &enabled(&app, json!({"payload": {"url": target.url}}));
    let left = |attempt: u32| {
        let run = json!({
            "job": id, "due": format!("2026-01-05 09:00:0{attempt}.000Z"), "attempt": attempt, "trigger": "schedule",
            "outcome": "running", "worker": "somebody", "lease": "2026-01-05 09:00:30.000Z",
        });
        app.root().create("_jobRuns", run);
    };
    left(1);
    let runs = ended(app.root(), id);
    let outcomes: Vec<_> = runs
        .iter()
        .map(|run| (&run["attempt"], &run["outcome"]))
        .collect();
    assert_eq!(
        outcomes,
        [
            (&json!(1), &json!("lost")),
            (&json!(2), &json!("succeeded"))
        ]
    );
    assert_eq!(
        runs[0]["output"],
        "The server that ran the job disappeared. It will be retried."
    );
    assert_eq!(target.calls().len(), 1);
    left(4);
    let runs = ended(app.root(), id);
    assert_eq!(runs.len(), 3, "{runs:?}");
    assert_eq!(
        runs[2]["output"],
        "The server that ran the job disappeared. It will not be retried."
    );
    assert_eq!(target.calls().len(), 1);
}

#[test]
fn a_server_that_stops_gives_up_what_it_runs() {
    let app = start();
    let hanging = Target::start(Manner::Hang);
    let created = app
        .root()
        .create("_jobs", job(json!({"payload": {"url": hanging.url}})));
    let id = created["id"].as_str().expect("an id");
    app.root().post(&format!("/api/crons/{id}"), json!({}));
    let deadline = Instant::now() + Duration::from_secs(30);
    while hanging.calls().is_empty() {
        assert!(Instant::now() < deadline, "it is not begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    let system = actix_web::rt::System::new();
    let now = tokio::time::Instant::now();
    system.block_on(app.app.jobs.stop(now));
    let filter = format!("job = '{id}'");
    let runs = app
        .root()
        .list("_jobRuns", &[("filter", &filter), ("sort", "attempt")])
        .ok();
    let runs = runs["items"].as_array().expect("items");
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert_eq!(runs[0]["outcome"], "lost");
    assert_eq!(
        runs[0]["output"],
        "The server stopped before the job finished. It will be retried."
    );
    assert_eq!(
        (&runs[1]["outcome"], &runs[1]["attempt"]),
        (&json!("waiting"), &json!(2))
    );
    // It begins nothing more.
    assert_eq!(hanging.calls().len(), 1);
}

#[test]
fn a_job_that_is_switched_off_is_not_tried_again() {
    let app = start();
    let target = Target::start(Manner::Answer(
        "HTTP/1.1 503 No\r\nConnection: close\r\n\r\n".to_owned(),
    ));
    let changes = json!({"schedule": "0 9 5 1 *", "retries": 5, "backoff": 3600, "payload": {"url": target.url}});
    let id = enabled(&app, changes);
    tick(&app.app, "09:00");
    let deadline = Instant::now() + Duration::from_secs(60);
    let attempts = || {
        let runs = app.root().list("_jobRuns", &[("sort", "attempt")]).ok();
        let runs = runs["items"].as_array().expect("items").clone();
        let outcomes = runs.iter().map(|run| run["outcome"].clone());
        (runs.clone(), outcomes.collect::<Vec<_>>())
    };
    while attempts().1 != ["failed", "waiting"] {
        assert!(Instant::now() < deadline, "{:?}", attempts().1);
        std::thread::sleep(Duration::from_millis(50));
    }
    app.root()
        .update("_jobs", &id, json!({"enabled": false}))
        .ok();
    let second = attempts().0[1]["id"].as_str().expect("an id").to_owned();
    let now = json!({"notBefore": "2026-01-05 09:00:00.000Z"});
    app.root().update("_jobRuns", &second, now).ok();
    while attempts().1 != ["failed", "skipped"] {
        assert!(Instant::now() < deadline, "{:?}", attempts().1);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(target.calls().len(), 1);
}
