//! Jobs: what may be one, and who may say so.

use serde_json::{Value, json};

use super::policies::join;
use super::support::TestApp;

/// A job that is fine, with something else in it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a body is made where it is sent"
)]
pub(crate) fn job(changes: Value) -> Value {
    let mut job = json!({
        "name": "ping", "schedule": "0 0 1 1 *", "kind": "http",
        "payload": {"url": "https://example.com/ping"},
    });
    for (key, value) in changes.as_object().expect("an object") {
        job[key] = value.clone();
    }
    job
}

#[test]
fn a_job_is_a_record() {
    let app = TestApp::start();
    let root = app.root();
    let created = root.create(
        "_jobs",
        job(
            json!({"schedule": " 30 9 * * MON-FRI ", "timezone": "Europe/Berlin", "enabled": true}),
        ),
    );
    assert_eq!(created["schedule"], "30 9 * * MON-FRI");
    let id = created["id"].as_str().expect("an id");
    let crons = root.get("/api/crons").ok();
    assert!(
        crons
            .as_array()
            .expect("a list")
            .contains(&json!({"id": id, "expression": "30 9 * * MON-FRI"})),
        "{crons}"
    );
    root.update("_jobs", id, json!({"enabled": false})).ok();
    let crons = root.get("/api/crons?fields=id").ok();
    assert!(
        !crons
            .as_array()
            .expect("a list")
            .contains(&json!({"id": id})),
        "{crons}"
    );
    root.try_create("_jobs", job(json!({"name": "PING"})))
        .refused_for("name", "not_unique");
    root.update("_jobs", id, json!({"schedule": "* * * * * *"}))
        .refused_for("schedule", "invalid_schedule");
    root.update("_jobs", id, json!({"kind": "mail"}))
        .refused_for("payload", "invalid_payload");
    assert_eq!(root.remove("_jobs", id).status, 204);
}

#[test]
fn a_fresh_database_keeps_itself_in_order() {
    let app = TestApp::start();
    let crons = app.root().get("/api/crons?fields=expression").ok();
    assert_eq!(
        crons,
        json!([{"expression": "17 3 * * *"}, {"expression": "43 3 * * *"}])
    );
    for job in app.root().list("_jobs", &[]).ok()["items"]
        .as_array()
        .expect("items")
    {
        assert_eq!(job["kind"], "maintenance");
    }
}

#[test]
fn jobs_are_nobody_elses() {
    let app = TestApp::start();
    let id = app.root().create("_jobs", job(json!({})))["id"].clone();
    let id = id.as_str().expect("an id");
    let user = app.user("ann");
    for (client, status) in [(app.guest(), 401), (user, 403)] {
        client.get("/api/crons").refused(status);
        client
            .post(&format!("/api/crons/{id}"), json!({}))
            .refused(status);
        let preview = json!({"schedule": "@daily"});
        client.post("/api/jobs/preview", preview).refused(status);
        client
            .try_create("_jobs", job(json!({"name": "b"})))
            .refused(403);
        client.list("_jobs", &[]).refused(403);
        client.list("_jobRuns", &[]).refused(403);
        client.view("_jobs", id).refused(403);
    }
    let root = app.root();
    let missing = root.post("/api/crons/nope", json!({}));
    assert_eq!(
        missing.refused(404).body["message"],
        "Missing or invalid cron job."
    );
    root.get(&format!("/api/crons/{id}")).refused(404);
    assert_eq!(root.list("_jobRuns", &[]).ok()["totalItems"], 0);
}

#[test]
fn operators_look_at_jobs_or_run_them() {
    let app = TestApp::start();
    let id = app.root().create("_jobs", job(json!({})))["id"].clone();
    let id = id.as_str().expect("an id");
    let operators = ["read", "write"].map(|verb| {
        let areas = json!([format!("jobs:{verb}")]);
        let role = app
            .root()
            .create("_roles", json!({"name": verb, "areas": areas}));
        let client = app.user(verb);
        join(&app, &role, verb);
        client
    });
    let [reader, writer] = operators;
    let preview = json!({"schedule": "@daily"});
    for client in [&reader, &writer] {
        assert_eq!(client.get("/api/crons").status, 200);
        assert_eq!(
            client.post("/api/jobs/preview", preview.clone()).status,
            200
        );
        assert_eq!(client.list("_jobs", &[]).ok()["totalItems"], 3);
    }
    reader
        .post(&format!("/api/crons/{id}"), json!({}))
        .refused(403);
    reader
        .try_create("_jobs", job(json!({"name": "b"})))
        .refused(403);
    assert_eq!(app.root().list("_jobRuns", &[]).ok()["totalItems"], 0);
    assert_eq!(
        writer.post(&format!("/api/crons/{id}"), json!({})).status,
        204
    );
    assert_eq!(app.root().list("_jobRuns", &[]).ok()["totalItems"], 1);
    writer.create("_jobs", job(json!({"name": "b"})));
}

#[test]
fn schedules_that_are_none() {
    let app = TestApp::start();
    let root = app.root();
    for schedule in [
        "every day",
        "* * * *",
        "* * * * * *",
        "*/1 * * * * *",
        "@every 1s",
        "@reboot",
        "61 * * * *",
        "0 0 30 2 *",
        "* * * * * * *",
        "*/0 * * * *",
        "\u{1f600} * * * *",
    ] {
        let changes = json!({"schedule": schedule});
        let reply = root.try_create("_jobs", job(changes.clone()));
        reply.refused_for("schedule", "invalid_schedule");
        let preview = root.post("/api/jobs/preview", changes);
        preview.refused_for("schedule", "invalid_schedule");
        assert_eq!(preview.body["data"], reply.body["data"], "{schedule}");
    }
    root.try_create("_jobs", job(json!({"schedule": ""})))
        .refused_for("schedule", "required");
    root.try_create("_jobs", job(json!({"schedule": "*".repeat(500)})))
        .refused_for("schedule", "max_text_constraint");
    root.post("/api/jobs/preview", json!({"schedule": "*".repeat(500)}))
        .refused_for("schedule", "invalid_schedule");
    for timezone in ["Mars", "Europe/berlin/", "+02:00", "UTC;"] {
        let changes = json!({"schedule": "@daily", "timezone": timezone});
        root.try_create("_jobs", job(changes.clone()))
            .refused_for("timezone", "invalid_timezone");
        root.post("/api/jobs/preview", changes)
            .refused_for("timezone", "invalid_timezone");
    }
    for body in [
        json!({}),
        json!({"schedule": 5}),
        json!({"schedule": null}),
        json!({"schedule": ["@daily"]}),
    ] {
        root.post("/api/jobs/preview", body)
            .refused_for("schedule", "invalid_schedule");
    }
    root.post("/api/jobs/preview", json!(["@daily"]))
        .refused(400);
}

#[test]
fn a_preview_says_when() {
    let app = TestApp::start();
    let ask = |schedule: &str, timezone: &str| {
        let body = json!({"schedule": schedule, "timezone": timezone});
        app.root().post("/api/jobs/preview", body).ok()
    };
    let preview = ask("0 12 1 1 *", "Asia/Kolkata");
    let next = preview["next"].as_array().expect("moments");
    assert_eq!(next.len(), 5);
    for moment in next {
        let moment = moment.as_str().expect("a moment");
        assert!(moment.ends_with("-01-01 06:30:00.000Z"), "{moment}");
    }
    assert!(
        preview["description"]
            .as_str()
            .expect("words")
            .contains("12:00"),
        "{preview}"
    );
    let hourly = ask("@hourly", "");
    let next: Vec<_> = hourly["next"]
        .as_array()
        .expect("moments")
        .iter()
        .map(Value::to_string)
        .collect();
    assert!(next.is_sorted() && next.iter().all(|moment| moment.ends_with(":00:00.000Z\"")));
}

#[test]
fn n41_a_huge_schedule_is_refused_unread() {
    let app = TestApp::start();
    let huge = format!("{} * * * *", "1,".repeat(1 << 20));
    let bad = json!({"schedule": huge, "name": "", "payload": {"url": "nowhere"}});
    let reply = app.root().try_create("_jobs", job(bad));
    reply.refused_for("schedule", "max_text_constraint");
    // The others are looked at all the same.
    reply.refused_for("name", "required");
    reply.refused_for("payload", "invalid_payload");
}
