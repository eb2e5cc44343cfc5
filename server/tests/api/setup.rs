//! First run: the first superuser is made with the one-time token, once.

use serde_json::json;

use crate::support::{PASSWORD, TestApp, at_once};

const TOKEN: &str = "a-token-that-was-printed-at-start";

/// A server that still waits for its first superuser.
fn fresh() -> TestApp {
    let app = TestApp::start();
    app.execute("DELETE FROM \"_superusers\"");
    app.execute(&format!(
        "INSERT INTO \"_params\" (\"id\", \"value\") VALUES ('setup_token', '{TOKEN}')"
    ));
    app
}

fn superusers(app: &TestApp) -> String {
    app.text("SELECT CAST(count(*) AS TEXT) AS value FROM \"_superusers\"")
}

#[test]
fn the_token_makes_the_first_superuser_and_signs_it_in() {
    let app = fresh();
    assert_eq!(app.guest().get("/api/setup").ok(), json!({"needed": true}));
    let body = json!({"token": TOKEN, "email": "first@example.com", "password": PASSWORD});
    let made = app.guest().post("/api/setup", body.clone()).ok();
    assert_eq!(made["record"]["email"], "first@example.com");
    let mut first = app.guest();
    made["token"]
        .as_str()
        .expect("a token")
        .clone_into(&mut first.token);
    assert_eq!(first.get("/api/collections").status, 200);
    assert_eq!(app.guest().get("/api/setup").ok(), json!({"needed": false}));
    app.guest().post("/api/setup", body).refused(403);
    let left =
        "SELECT CAST(count(*) AS TEXT) AS value FROM \"_params\" WHERE \"id\" = 'setup_token'";
    assert_eq!(app.text(left), "0");
}

#[test]
fn bad_setups_are_refused_by_field_and_change_nothing() {
    let app = fresh();
    let good = json!({"token": TOKEN, "email": "first@example.com", "password": PASSWORD});
    for (field, value, code) in [
        ("token", json!("another"), "invalid_token"),
        ("token", json!(""), "invalid_token"),
        ("token", json!(null), "invalid_token"),
        ("email", json!("nobody"), "is_email"),
        ("email", json!(""), "required"),
        ("password", json!("short"), "min_text_constraint"),
        ("password", json!(""), "required"),
        ("password", json!("1234567890"), "common_password"),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        app.guest().post("/api/setup", bad).refused_for(field, code);
    }
    for shapeless in [
        json!([]),
        json!({"token": {"$ne": ""}}),
        json!({"token": 1}),
    ] {
        app.guest().post("/api/setup", shapeless).refused(400);
    }
    assert_eq!(superusers(&app), "0");
    assert_eq!(app.guest().post("/api/setup", good).status, 200);
}

#[test]
fn of_two_at_once_one_is_the_first() {
    let app = fresh();
    let statuses = at_once(8, |index| {
        let email = format!("first{index}@example.com");
        let body = json!({"token": TOKEN, "email": email, "password": PASSWORD});
        app.guest().post("/api/setup", body).status
    });
    let made = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(
        (made, superusers(&app)),
        (1, "1".to_owned()),
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| [200, 403].contains(status)),
        "{statuses:?}"
    );
}
