//! What accounts do by mail: choose a new password, show that an address is theirs.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::support::smtp::{Mood, Smtp, mails, token, wait_until};
use crate::support::{Client, PASSWORD, ROOT, Reply, TestApp, at_once};

const ANN: &str = "ann000000000000";
const NEW: &str = "another horse";

fn ask(client: &Client, collection: &str, what: &str, email: &str) -> Reply {
    let path = format!("/api/collections/{collection}/request-{what}");
    client.post(&path, json!({"email": email}))
}

fn reset(client: &Client, collection: &str, token: &str, password: &str) -> Reply {
    client.post(
        &format!("/api/collections/{collection}/confirm-password-reset"),
        json!({"token": token, "password": password, "passwordConfirm": password}),
    )
}

fn verify(client: &Client, collection: &str, token: &str) -> Reply {
    let path = format!("/api/collections/{collection}/confirm-verification");
    client.post(&path, json!({"token": token}))
}

#[test]
fn a_forgotten_password_is_chosen_anew() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let ann = app.user("ann");
    app.root()
        .update("users", ANN, json!({"verified": false}))
        .ok();
    let reply = ask(&app.guest(), "users", "password-reset", "ann@example.com");
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!(mail.to, ["RCPT TO:<ann@example.com>"]);
    assert_eq!(mail.header("From"), "The App <app@example.org>");
    assert_eq!(mail.header("To"), "ann@example.com");
    assert_eq!(
        mail.header("Subject"),
        "Choose a new Tom & Ann's <App> password"
    );
    let text = mail.text();
    assert!(text.contains("https://app.example.org/_/#/auth/confirm-password-reset/ey"));
    assert!(text.contains("Tom &amp; Ann&#x27;s &lt;App&gt;"), "{text}");
    let token = mail.token("password-reset");
    // It is no sign-in.
    let bearer = Client {
        token: token.clone(),
        ..app.guest()
    };
    bearer
        .post("/api/collections/users/auth-refresh", json!({}))
        .refused(401);

    assert_eq!(reset(&app.guest(), "users", &token, NEW).status, 204);
    ann.post("/api/collections/users/auth-refresh", json!({}))
        .refused(401);
    let sign_in = |password: &str| {
        app.guest().post(
            "/api/collections/users/auth-with-password",
            json!({"identity": "ann@example.com", "password": password}),
        )
    };
    sign_in(PASSWORD).refused(400);
    let record = &sign_in(NEW).ok()["record"];
    assert_eq!(
        record["verified"],
        json!(true),
        "who reads its mail owns it"
    );
    reset(&app.guest(), "users", &token, "a third horse").refused_for("token", "invalid_token");
    let sent = wait_until(&app, 1, |mail| mail["status"] == "sent");
    assert_eq!(sent[0]["kind"], "password-reset");
    assert_eq!(sent[0]["recordRef"], ANN);
    assert_eq!(sent[0]["attempts"], 1);
}

#[test]
fn an_address_is_verified() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let guest = app.guest();
    guest.create(
        "users",
        json!({"id": ANN, "email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}),
    );
    let ask = |what| assert_eq!(ask(&guest, "users", what, "ann@example.com").status, 204);
    ask("verification");
    let token = smtp.wait_for(1).remove(0).token("verification");
    reset(&guest, "users", &token, NEW).refused_for("token", "invalid_token");
    assert_eq!(verify(&guest, "users", &token).status, 204);
    assert_eq!(app.root().view("users", ANN).ok()["verified"], json!(true));
    // A second click is no mistake.
    assert_eq!(verify(&guest, "users", &token).status, 204);
    // There is nothing left to verify: the next mail is the other one.
    app.execute("UPDATE \"_mails\" SET \"created\" = '2000-01-01 00:00:00.000Z'");
    ask("verification");
    ask("password-reset");
    let mails = smtp.wait_for(2);
    assert!(mails[1].text().contains("confirm-password-reset"));
    // With another address the old links are void.
    let changes = json!({"email": "new@example.com", "verified": false});
    app.root().update("users", ANN, changes).ok();
    verify(&guest, "users", &token).refused_for("token", "invalid_token");
    let old = mails[1].token("password-reset");
    reset(&guest, "users", &old, NEW).refused_for("token", "invalid_token");
}

#[test]
fn superusers_reset_and_have_nothing_to_verify() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    for what in ["request", "confirm"] {
        let path = format!("/api/collections/_superusers/{what}-verification");
        app.guest().post(&path, json!({})).refused(400);
    }
    assert_eq!(
        ask(&app.guest(), "_superusers", "password-reset", ROOT).status,
        204
    );
    let token = smtp.wait_for(1).remove(0).token("password-reset");
    reset(&app.guest(), "users", &token, NEW).refused_for("token", "token_collection_mismatch");
    assert_eq!(reset(&app.guest(), "_superusers", &token, NEW).status, 204);
    app.root().get("/api/collections").refused(401);
}

#[test]
fn n25_nobody_learns_who_has_an_account() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    app.user("ann");
    for what in ["password-reset", "verification"] {
        let known = ask(&app.guest(), "users", what, "ann@example.com");
        let unknown = ask(&app.guest(), "users", what, "nobody@example.com");
        assert_eq!(known, unknown);
        let path = format!("/api/collections/users/request-{what}");
        for (body, code) in [
            ("", "required"),
            ("{}", "required"),
            (r#"{"email":null}"#, "required"),
            (r#"{"email":""}"#, "required"),
            (r#"{"email":"ann"}"#, "is_email"),
            (r#"{"email":" ann@example.com"}"#, "is_email"),
            (r#"{"email":"ann@example.com\r\nBcc: x@y.co"}"#, "is_email"),
            (r#"{"email":"ann@example.com\u0000"}"#, "is_email"),
        ] {
            let body = body.as_bytes().to_vec();
            let reply = app
                .guest()
                .send("POST", &path, Some(body), "application/json");
            reply.refused_for("email", code);
        }
        let long = format!("{}@b.co", "a".repeat(251));
        ask(&app.guest(), "users", what, &long).refused_for("email", "length_out_of_range");
        for body in [
            r#"{"email":5}"#,
            r#"{"email":["ann@example.com"]}"#,
            "[]",
            "{",
        ] {
            let body = body.as_bytes().to_vec();
            let reply = app
                .guest()
                .send("POST", &path, Some(body), "application/json");
            reply.refused(400);
            assert_eq!(reply.body["data"], json!({}));
        }
        ask(&app.guest(), "nothing", what, "ann@example.com").refused(404);
        ask(&app.guest(), "_mails", what, "ann@example.com").refused(404);
    }
    smtp.wait_for(1);
    let mails = wait_until(&app, 1, |mail| mail["status"] == "sent");
    assert_eq!(
        mails[0]["kind"], "password-reset",
        "she is verified already"
    );
}

#[test]
fn who_asks_again_soon_gets_one_mail() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    app.user("ann");
    let ask_all = || {
        let replies = at_once(20, |_| {
            ask(&app.guest(), "users", "password-reset", "ann@example.com").status
        });
        assert_eq!(replies, [204; 20]);
    };
    ask_all();
    wait_until(&app, 1, |mail| mail["status"] == "sent");
    ask_all();
    app.execute("UPDATE \"_mails\" SET \"created\" = '2000-01-01 00:00:00.000Z'");
    ask_all();
    let mails = wait_until(&app, 2, |mail| mail["status"] == "sent");
    assert_eq!(mails.len(), 2);
    assert_eq!(smtp.received().len(), 2);
}

#[test]
fn n24_a_token_is_good_once() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    app.user("ann");
    ask(&app.guest(), "users", "password-reset", "ann@example.com");
    let token = smtp.wait_for(1).remove(0).token("password-reset");
    let statuses = at_once(50, |n| {
        let password = format!("password number {n}");
        reset(&app.guest(), "users", &token, &password).status
    });
    let good = statuses.iter().filter(|status| **status == 204).count();
    let bad = statuses.iter().filter(|status| **status == 400).count();
    assert_eq!((good, bad), (1, 49), "{statuses:?}");
}

#[test]
fn n20_only_the_token_of_the_mail_is_good() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let ann = app.user("ann");
    app.root()
        .update("users", ANN, json!({"verified": false}))
        .ok();
    let people = json!({"name": "people", "type": "auth", "passwordResetToken": {"duration": 10}});
    app.collection(people);
    ask(&app.guest(), "users", "password-reset", "ann@example.com");
    let good = smtp.wait_for(1).remove(0).token("password-reset");
    let (head, tail) = good.rsplit_once('.').expect("three parts");
    let reversed = format!("{head}.{}", tail.chars().rev().collect::<String>());
    for (token, code) in [
        ("", "required"),
        ("x", "invalid_token"),
        ("a.b.c", "invalid_token"),
        (head, "invalid_token"),
        (reversed.as_str(), "invalid_token"),
        (ann.token.as_str(), "invalid_token"),
        (app.root().token.as_str(), "invalid_token"),
    ] {
        reset(&app.guest(), "users", token, NEW).refused_for("token", code);
    }
    reset(&app.guest(), "people", &good, NEW).refused_for("token", "token_collection_mismatch");
    for (token, code) in [
        ("", "required"),
        ("x", "invalid_token_claims"),
        (ann.token.as_str(), "invalid_token_claims"),
        (good.as_str(), "invalid_token"),
    ] {
        verify(&app.guest(), "users", token).refused_for("token", code);
    }
    for (password, confirm, field, code) in [
        ("", "", "password", "required"),
        (NEW, "", "passwordConfirm", "required"),
        (NEW, PASSWORD, "passwordConfirm", "values_mismatch"),
        ("short", "short", "password", "length_out_of_range"),
        (&"a".repeat(256), "x", "password", "length_out_of_range"),
        (
            &"a".repeat(72),
            &"a".repeat(72),
            "password",
            "max_text_constraint",
        ),
    ] {
        let body = json!({"token": good, "password": password, "passwordConfirm": confirm});
        app.guest()
            .post("/api/collections/users/confirm-password-reset", body)
            .refused_for(field, code);
    }
    let key = app.text(&format!(
        "SELECT \"tokenKey\" AS value FROM users WHERE id = '{ANN}'"
    ));
    let auth = app
        .app
        .schema
        .current()
        .find("users")
        .unwrap()
        .def
        .auth
        .clone();
    let secret = auth.unwrap().password_reset_token.secret;
    let with = |exp: i64| {
        let claims = json!({
            "collectionId": "_pb_users_auth_", "email": "ann@example.com", "id": ANN, "type": "passwordReset",
            "exp": app.clock.now().unix() + exp,
        });
        let key = jsonwebtoken::EncodingKey::from_secret(format!("{key}{secret}").as_bytes());
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        jsonwebtoken::encode(&header, &claims, &key).expect("a token")
    };
    reset(&app.guest(), "users", &with(-1), NEW).refused_for("token", "invalid_token");
    assert_eq!(reset(&app.guest(), "users", &with(60), NEW).status, 204);
    reset(&app.guest(), "users", &good, NEW).refused_for("token", "invalid_token");
}

#[test]
fn no_password_no_reset() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    app.user("ann");
    let off = json!({"passwordAuth": {"enabled": false, "identityFields": ["email"]}});
    app.root().patch("/api/collections/users", off).ok();
    for email in ["ann@example.com", "nobody@example.com", "x"] {
        let reply = ask(&app.guest(), "users", "password-reset", email);
        assert!(reply.refused(400).text.contains("password authentication"));
    }
    assert!(mails(&app).is_empty());
}

#[test]
fn n27_links_lead_where_the_settings_say() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    app.user("ann");
    let address = app.url.trim_start_matches("http://");
    let body = r#"{"email":"ann@example.com"}"#;
    let mut stream = TcpStream::connect(address).expect("the server");
    write!(
        stream,
        "POST /api/collections/users/request-password-reset HTTP/1.1\r\nHost: evil.example\r\n\
         X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\nOrigin: http://evil.example\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let text = smtp.wait_for(1).remove(0).text();
    assert!(!text.contains("evil"), "{text}");
}

#[test]
fn n19_what_accounts_say_of_themselves_stays_text() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let every = "{RECORD:name}|{RECORD:tags}|{RECORD:age}|{RECORD:on}|{RECORD:secret}|{RECORD:tokenKey}\
                 |{RECORD:password}|{RECORD:nope}|{NOPE}|{RECORD:id}|{APP_NAME}";
    app.collection(json!({
        "name": "people", "type": "auth",
        "fields": [
            {"name": "name", "type": "text"}, {"name": "age", "type": "number"}, {"name": "on", "type": "bool"},
            {"name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2},
            {"name": "secret", "type": "text", "hidden": true},
        ],
        "verificationTemplate": {
            "subject": "Hello {RECORD:name}",
            "body": format!("<p>{every}</p><p>/_/#/auth/confirm-verification/{{TOKEN}}</p>"),
        },
    }));
    app.root().create(
        "people",
        json!({
            "id": ANN, "email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD,
            "name": "<a href=\"http://evil\">x</a>\r\nBcc: eve@example.com\r\n{TOKEN}", "tags": ["a", "b"],
            "age": 1.5, "on": true, "secret": "hush",
        }),
    );
    ask(&app.guest(), "people", "verification", "ann@example.com");
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!(mail.to.len(), 1);
    let text = mail.text();
    let head = text.split("\r\n\r\n").next().expect("a head");
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    assert!(mail.header("Subject").contains("{TOKEN}"), "{head}");
    let html = text.split_once("<body>").expect("HTML").1;
    assert!(
        html.contains("&lt;a href=&quot;http://evil&quot;&gt;x&lt;/a&gt;"),
        "{html}"
    );
    let tail = format!(
        "{{TOKEN}}|a, b|1.5|true|{{RECORD:secret}}|{{RECORD:tokenKey}}|{{RECORD:password}}\
        |{{RECORD:nope}}|{{NOPE}}|{ANN}|Tom &amp; Ann&#x27;s &lt;App&gt;</p>"
    );
    assert!(html.contains(&tail), "{html}");
    let token = mail.token("verification");
    assert_eq!(verify(&app.guest(), "people", &token).status, 204);
}

#[test]
fn without_a_mail_server_mails_are_kept() {
    let app = TestApp::start();
    let ann = app.user("ann");
    ask(&app.guest(), "users", "password-reset", "ann@example.com");
    let kept = wait_until(&app, 1, |mail| mail["status"] == "kept").remove(0);
    assert_eq!(kept["to"], "ann@example.com");
    let text = kept["text"].as_str().expect("superusers see the text");
    reset(&app.guest(), "users", &token(text, "password-reset"), NEW);
    app.guest().sign_in("_superusers", ROOT);
    for client in [app.guest(), ann] {
        client.list("_mails", &[]).refused(403);
        let id = kept["id"].as_str().expect("an id");
        client.view("_mails", id).refused(403);
    }
    let signed_in = app.guest().post(
        "/api/collections/users/auth-with-password",
        json!({"identity": "ann@example.com", "password": NEW}),
    );
    signed_in.ok();
}
