//! What superusers set while the server runs.

use serde_json::{Value, json};

use crate::support::smtp::{Mood, Smtp, mails};
use crate::support::{ROOT, Reply, TestApp};

const SETTINGS: &str = "/api/settings";
const TEST_MAIL: &str = "/api/settings/test/email";

fn set(app: &TestApp, change: Value) -> Reply {
    app.root().patch(SETTINGS, change)
}

#[test]
fn only_superusers_see_and_change_settings() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let mail = json!({"email": "ann@example.com", "template": "verification"});
    for (client, status) in [(app.guest(), 401), (ann, 403)] {
        client.get(SETTINGS).refused(status);
        client
            .patch(SETTINGS, json!({"batch": {"enabled": true}}))
            .refused(status);
        client.post(TEST_MAIL, mail.clone()).refused(status);
        client
            .post("/api/settings/test/s3", json!({}))
            .refused(status);
    }
    assert_eq!(app.root().get(SETTINGS).ok()["batch"]["enabled"], false);
    assert_eq!(mails(&app).len(), 0);
}

#[test]
fn a_change_changes_what_it_names() {
    let app = TestApp::start();
    let before = app.root().get(SETTINGS).ok();
    assert_eq!(before["meta"]["appName"], "Plinth");
    assert_eq!(before["meta"]["senderAddress"], "noreply@localhost");
    assert_eq!(
        before["batch"],
        json!({"enabled": false, "maxRequests": 50, "timeout": 3, "maxBodySize": 0})
    );
    assert_eq!(
        before["logs"],
        json!({"maxDays": 5, "minLevel": 0, "logIP": true, "logAuthId": false})
    );
    let changed = set(
        &app,
        json!({
            "batch": {"enabled": true}, "logs": {"maxDays": 7, "logIP": null},
            "meta": {"appName": "Acme", "appURL": "https://acme.example/"}, "unknown": {"a": 1},
        }),
    )
    .ok();
    assert_eq!(changed["batch"]["enabled"], true);
    assert_eq!(changed["batch"]["maxRequests"], 50);
    assert_eq!(changed["logs"]["maxDays"], 7);
    assert_eq!(changed["logs"]["logIP"], true);
    assert_eq!(changed["meta"]["appName"], "Acme");
    assert_eq!(changed["meta"]["appURL"], "https://acme.example");
    assert_eq!(changed["meta"]["senderName"], before["meta"]["senderName"]);
    assert!(changed.get("unknown").is_none());
    assert_eq!(app.root().get(SETTINGS).ok(), changed);
    // All of it sent back is no change, as the clients do it.
    assert_eq!(set(&app, changed.clone()).ok(), changed);
    let picked = app
        .root()
        .get("/api/settings?fields=meta.appName,batch.enabled")
        .ok();
    assert_eq!(
        picked,
        json!({"meta": {"appName": "Acme"}, "batch": {"enabled": true}})
    );
    let parts = [(
        "@jsonPayload",
        None,
        &br#"{"batch": {"maxRequests": 7}}"#[..],
    )];
    let by_form = app.root().send_parts("PATCH", SETTINGS, &parts).ok();
    assert_eq!(by_form["batch"]["maxRequests"], 7);
    assert_eq!(by_form["batch"]["enabled"], true);
}

#[test]
fn settings_that_cannot_be_are_named() {
    let app = TestApp::start();
    let before = app.root().get(SETTINGS).ok();
    for (change, field, code) in [
        (json!({"meta": {"appName": ""}}), "meta.appName", "required"),
        (
            json!({"meta": {"appName": "a".repeat(300)}}),
            "meta.appName",
            "length_out_of_range",
        ),
        (
            json!({"meta": {"appName": "a\nb"}}),
            "meta.appName",
            "invalid_format",
        ),
        (json!({"meta": {"appURL": "x"}}), "meta.appURL", "is_url"),
        (
            json!({"meta": {"appURL": "javascript:alert(1)"}}),
            "meta.appURL",
            "is_url",
        ),
        (json!({"meta": {"appURL": ""}}), "meta.appURL", "required"),
        (
            json!({"meta": {"senderName": ""}}),
            "meta.senderName",
            "required",
        ),
        (
            json!({"meta": {"senderName": "a\r\nBcc: b@c.co"}}),
            "meta.senderName",
            "invalid_format",
        ),
        (
            json!({"meta": {"senderAddress": "x"}}),
            "meta.senderAddress",
            "is_email",
        ),
        (
            json!({"meta": {"senderAddress": "a@b.co, c@d.co"}}),
            "meta.senderAddress",
            "is_email",
        ),
        (
            json!({"batch": {"enabled": true, "maxRequests": 0}}),
            "batch.maxRequests",
            "required",
        ),
        (
            json!({"batch": {"enabled": true, "timeout": 0}}),
            "batch.timeout",
            "required",
        ),
        (
            json!({"batch": {"maxRequests": -1}}),
            "batch.maxRequests",
            "min_greater_equal_than_required",
        ),
        (
            json!({"batch": {"maxBodySize": -1}}),
            "batch.maxBodySize",
            "min_greater_equal_than_required",
        ),
        (
            json!({"logs": {"maxDays": -1}}),
            "logs.maxDays",
            "min_greater_equal_than_required",
        ),
    ] {
        let reply = set(&app, change.clone());
        assert_eq!(reply.status, 400, "{change}: {}", reply.text);
        reply.refused_for(field, code);
    }
    assert_eq!(app.root().get(SETTINGS).ok(), before);
}

#[test]
fn nothing_is_switched_on_that_is_not_there() {
    let app = TestApp::start();
    let before = app.root().get(SETTINGS).ok();
    for (change, field, code) in [
        (
            json!({"smtp": {"enabled": true}}),
            "smtp.enabled",
            "unsupported_option",
        ),
        (
            json!({"s3": {"enabled": true}}),
            "s3.enabled",
            "unsupported_option",
        ),
        (
            json!({"backups": {"cron": "0 0 * * *"}}),
            "backups.cron",
            "unsupported_option",
        ),
        (
            json!({"backups": {"s3": {"enabled": true}}}),
            "backups.s3.enabled",
            "unsupported_option",
        ),
        (
            json!({"rateLimits": {"enabled": true}}),
            "rateLimits.enabled",
            "unsupported_option",
        ),
        (
            json!({"trustedProxy": {"headers": ["X-Real-IP"]}}),
            "trustedProxy.headers",
            "unsupported_option",
        ),
        (
            json!({"superuserIPs": ["10.0.0.1"]}),
            "superuserIPs",
            "unsupported_option",
        ),
    ] {
        set(&app, change).refused_for(field, code);
    }
    assert_eq!(app.root().get(SETTINGS).ok(), before);
}

#[test]
fn a_test_of_s3_says_that_the_settings_have_none() {
    let app = TestApp::start();
    for (asked, code) in [
        (json!({}), "required"),
        (json!({"filesystem": ""}), "required"),
        (json!({"filesystem": "x"}), "in_invalid"),
    ] {
        let reply = app.root().post("/api/settings/test/s3", asked);
        reply.refused_for("filesystem", code);
    }
    let asked = json!({"filesystem": "storage"});
    let reply = app.root().post("/api/settings/test/s3", asked);
    assert!(reply.refused(400).text.contains("not enabled"));
}

#[test]
fn settings_of_another_shape_are_refused() {
    let app = TestApp::start();
    let before = app.root().get(SETTINGS).ok();
    for shapeless in [
        json!({"meta": "x"}),
        json!({"meta": []}),
        json!({"batch": {"enabled": "yes"}}),
        json!({"batch": {"maxRequests": "7"}}),
        json!({"batch": {"maxRequests": 1.5}}),
        json!({"logs": {"maxDays": 1e30}}),
        json!({"superuserIPs": "x"}),
        json!([]),
        json!("x"),
    ] {
        set(&app, shapeless).refused(400);
    }
    assert_eq!(app.root().get(SETTINGS).ok(), before);
}

#[test]
fn settings_outlive_the_server_and_reach_the_others() {
    let app = TestApp::start();
    set(
        &app,
        json!({"meta": {"appName": "Acme"}, "batch": {"enabled": true}}),
    )
    .ok();
    let home = crate::support::Home::on(app.home.database_url.clone());
    if crate::support::on_postgres() {
        let other = TestApp::start_in(home);
        assert_eq!(other.root().get(SETTINGS).ok()["meta"]["appName"], "Acme");
        // The other one has given the superuser a new key.
        let root = app.guest().sign_in("_superusers", ROOT);
        let forbidden = json!({"batch": {"enabled": false}});
        root.patch(SETTINGS, forbidden).ok();
        // A batch asks for the newest settings, wherever it arrives.
        let empty = json!({"requests": []});
        other.root().post("/api/batch", empty).refused(403);
        return;
    }
    let config = app.home.config();
    let dir = config.dir.clone();
    let stored = app.text("SELECT \"value\" FROM \"_params\" WHERE \"id\" = 'settings'");
    assert!(
        stored.contains("Acme") && !stored.contains("localhost"),
        "{stored}"
    );
    let copy = dir.join("copy");
    std::fs::create_dir(&copy).expect("a directory");
    app.execute(&format!("VACUUM INTO '{}'", copy.join("data.db").display()));
    let config = plinth::config::Config {
        dir: copy,
        ..config
    };
    let again = TestApp::start_with(home, config);
    assert_eq!(again.root().get(SETTINGS).ok()["meta"]["appName"], "Acme");
}

#[test]
fn mails_say_what_is_set() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    set(
        &app,
        json!({"meta": {
            "appName": "New <Name>", "appURL": "https://new.example",
            "senderName": "Post", "senderAddress": "post@new.example",
        }}),
    )
    .ok();
    app.user("ann");
    app.guest()
        .post(
            "/api/collections/users/request-password-reset",
            json!({"email": "ann@example.com"}),
        )
        .ok();
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!(mail.header("From"), "Post <post@new.example>");
    assert!(mail.header("Subject").contains("New <Name>"));
    let text = mail.text();
    assert!(
        text.contains("https://new.example/_/#/auth/confirm-password-reset/ey"),
        "{text}"
    );
}

#[test]
fn a_test_mail_shows_whether_mails_arrive() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    for (number, (template, collection)) in [
        ("verification", "users"),
        ("password-reset", ""),
        ("email-change", "users"),
        ("otp", "users"),
        ("login-alert", "_superusers"),
    ]
    .into_iter()
    .enumerate()
    {
        let asked =
            json!({"email": "to@example.com", "template": template, "collection": collection});
        let reply = app.root().post(TEST_MAIL, asked);
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{template}");
        // It has arrived before the answer.
        let mail = smtp.wait_for(number + 1).remove(number);
        assert_eq!(mail.to, ["RCPT TO:<to@example.com>"]);
    }
    assert_eq!(mails(&app).len(), 0, "the outbox has none of them");
    for (asked, field, code) in [
        (json!({}), "email", "required"),
        (json!({}), "template", "required"),
        (json!({"email": "x"}), "email", "is_email"),
        (
            json!({"email": "a@b.co\r\nBcc: c@d.co", "template": "otp"}),
            "email",
            "is_email",
        ),
        (
            json!({"email": "a@b.co", "template": "x"}),
            "template",
            "in_invalid",
        ),
        (
            json!({"email": "a@b.co", "template": "otp", "collection": "x"}),
            "collection",
            "invalid_auth_collection",
        ),
        (
            json!({"email": "a@b.co", "template": "otp", "collection": "_mails"}),
            "collection",
            "invalid_auth_collection",
        ),
    ] {
        app.root().post(TEST_MAIL, asked).refused_for(field, code);
    }
}

#[test]
fn without_a_mail_server_a_test_mail_is_kept() {
    let app = TestApp::start();
    let asked =
        json!({"email": "to@example.com", "template": "verification", "collection": "users"});
    assert_eq!(app.root().post(TEST_MAIL, asked).status, 204);
    let mails = mails(&app);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], "to@example.com");
    assert_eq!(mails[0]["kind"], "test");
}
