//! Places that accounts have signed in from, and mails about new ones.

use serde_json::json;

use crate::support::smtp::{Mood, Smtp, mails, wait_until};
use crate::support::{Client, PASSWORD, TestApp, at_once};

const PATH: &str = "/api/collections/users";
const ANN: &str = "ann000000000000";

/// Signs ann in with this browser, and returns her token.
fn sign_in(client: &Client, browser: &str) -> String {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let body = json!({"identity": "ann@example.com", "password": PASSWORD}).to_string();
    let mut response = agent
        .post(format!("{}{PATH}/auth-with-password", client.url))
        .header("Content-Type", "application/json")
        .header("User-Agent", browser)
        .send(body)
        .expect("an answer");
    assert_eq!(response.status(), 200);
    let text = response.body_mut().read_to_string().expect("text");
    let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    answer["token"].as_str().expect("a token").to_owned()
}

fn make_ann(app: &TestApp) {
    let ann = json!({"id": ANN, "email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD});
    app.root().create("users", ann);
}

fn places(app: &TestApp) -> usize {
    app.root()
        .filter("_authOrigins", &format!("recordRef = '{ANN}'"), "id")
        .len()
}

#[test]
fn a_mail_tells_of_a_sign_in_from_a_new_place() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let template = json!({"subject": "A sign-in", "body": "<p>From {ALERT_INFO}.</p>"});
    app.root()
        .patch(PATH, json!({"authAlert": {"emailTemplate": template}}))
        .ok();
    make_ann(&app);
    let guest = app.guest();
    sign_in(&guest, "one");
    assert!(mails(&app).is_empty(), "the first place is no news");
    sign_in(&guest, "one");
    sign_in(&guest, "<b>two</b>\"&");
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!(mail.to, ["RCPT TO:<ann@example.com>"]);
    let text = mail.text();
    let (_, html) = text.split_once("text/html").expect("a part of HTML");
    assert!(
        html.contains("127.0.0.1 &lt;b&gt;two&lt;/b&gt;&quot;&amp;"),
        "{html}"
    );
    assert!(!html.contains("<b>two"), "{html}");
    let sent = wait_until(&app, 1, |mail| mail["status"] == "sent");
    assert_eq!(sent[0]["kind"], "login-alert");
    // The fingerprint is that of PocketBase: the MD5 of the address and the browser.
    let prints = app.root().all("_authOrigins", "fingerprint");
    assert!(
        prints.contains(&"c6c7546606b52ee2678932c0c03b206a".to_owned()),
        "{prints:?}"
    );
}

#[test]
fn five_places_are_kept_and_a_new_password_forgets_them() {
    let app = TestApp::start();
    make_ann(&app);
    let guest = app.guest();
    for browser in ["1", "2", "3", "4", "5", "1", "6"] {
        app.clock.advance(std::time::Duration::from_secs(1));
        sign_in(&guest, browser);
    }
    assert_eq!(places(&app), 5);
    assert_eq!(mails(&app).len(), 5, "2, 3, 4, 5 and 6 are new");
    // The one that was used the longest ago is gone.
    sign_in(&guest, "1");
    assert_eq!(mails(&app).len(), 5);
    sign_in(&guest, "2");
    assert_eq!(mails(&app).len(), 6);
    // Only the first 200 characters count.
    sign_in(&guest, &"x".repeat(201));
    sign_in(&guest, &"x".repeat(300));
    assert_eq!(mails(&app).len(), 7);
    // An account may forget a place, which is then new.
    let ann = Client {
        token: sign_in(&guest, "1"),
        ..app.guest()
    };
    let own = ann.all("_authOrigins", "id");
    assert_eq!(own.len(), 5);
    for id in &own {
        assert_eq!(ann.remove("_authOrigins", id).status, 204);
    }
    sign_in(&guest, "7");
    let password = json!({"password": PASSWORD, "passwordConfirm": PASSWORD});
    app.root().update("users", ANN, password).ok();
    assert_eq!(places(&app), 0);
    sign_in(&guest, "8");
    assert_eq!(mails(&app).len(), 7, "each time it was the first one");
    // Neither a renewed token nor an impersonation comes from a place.
    let ann = Client {
        token: sign_in(&guest, "8"),
        ..app.guest()
    };
    ann.post(&format!("{PATH}/auth-refresh"), json!({})).ok();
    app.root()
        .post(&format!("{PATH}/impersonate/{ANN}"), json!({}))
        .ok();
    assert_eq!(places(&app), 1);
    app.root()
        .patch(PATH, json!({"authAlert": {"enabled": false}}))
        .ok();
    sign_in(&guest, "9");
    assert_eq!(places(&app), 1);
}

#[test]
fn sign_ins_at_once_from_a_new_place_lead_to_one_mail() {
    let app = TestApp::start();
    make_ann(&app);
    sign_in(&app.guest(), "first");
    at_once(8, |_| sign_in(&app.guest(), "new"));
    assert_eq!(places(&app), 2);
    assert_eq!(mails(&app).len(), 1);
}
