//! Changes of the email address, which the new address confirms.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::smtp::{Mood, Smtp};
use crate::support::stream::Stream;
use crate::support::{Client, PASSWORD, Reply, TestApp, at_once};

const PATH: &str = "/api/collections/users";
const ANN: &str = "ann000000000000";
const NEW: &str = "new@example.com";

fn ask(client: &Client, new_email: &str) -> Reply {
    client.post(
        &format!("{PATH}/request-email-change"),
        json!({"newEmail": new_email}),
    )
}

fn confirm(client: &Client, token: &str, password: &str) -> Reply {
    let body = json!({"token": token, "password": password});
    client.post(&format!("{PATH}/confirm-email-change"), body)
}

fn token(smtp: &Smtp, count: usize) -> String {
    smtp.wait_for(count).remove(count - 1).token("email-change")
}

fn refresh(client: &Client) -> Reply {
    client.post(&format!("{PATH}/auth-refresh"), json!({}))
}

#[test]
fn n23_an_address_is_changed_and_what_was_made_under_the_old_one_ends() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let ann = app.user("ann");
    let guest = app.guest();
    app.open_collection("notes", json!([]));
    let stream = Stream::of(&ann, &["users/*", "notes/*"]);

    let reply = ask(&ann, NEW);
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    assert_eq!(
        app.root().view("users", ANN).ok()["email"],
        "ann@example.com"
    );
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!(mail.to, ["RCPT TO:<new@example.com>"]);
    let first = mail.token("email-change");
    ask(&ann, "other@example.com").ok();
    let second = token(&smtp, 2);

    assert_eq!(confirm(&guest, &first, PASSWORD).status, 204);
    let record = app.root().view("users", ANN).ok();
    assert_eq!(
        (&record["email"], &record["verified"]),
        (&json!(NEW), &json!(true))
    );
    refresh(&ann).refused(401);
    for token in [&first, &second] {
        confirm(&guest, token, PASSWORD).refused_for("token", "invalid_token");
    }
    // The stream may see what everybody may, and no longer the account.
    app.root().update("users", ANN, json!({"name": "Ann"})).ok();
    guest.create("notes", json!({"id": "note00000000000"}));
    assert_eq!(stream.next().what(), "create note00000000000");
    // The old address is told.
    let told = smtp.wait_for(3).remove(2);
    assert_eq!(told.to, ["RCPT TO:<ann@example.com>"]);
    assert!(!told.text().contains(NEW));
    app.guest().sign_in("users", NEW);
}

#[test]
fn n24_of_fifty_confirmations_at_once_one_counts() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let ann = app.user("ann");
    ask(&ann, NEW).ok();
    let token = token(&smtp, 1);
    let replies = at_once(50, |_| confirm(&app.guest(), &token, PASSWORD).status);
    assert_eq!(replies.iter().filter(|status| **status == 204).count(), 1);
    assert!(
        replies
            .iter()
            .all(|status| matches!(status, 204 | 400 | 429))
    );
}

#[test]
fn n30_of_two_who_want_an_address_one_gets_it() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let names = ["ann", "bob", "cid", "dan"];
    let tokens: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            ask(&app.user(name), NEW).ok();
            token(&smtp, n + 1)
        })
        .collect();
    let replies = at_once(4, |n| confirm(&app.guest(), &tokens[n], PASSWORD));
    let won = replies.iter().filter(|reply| reply.status == 204).count();
    assert_eq!(won, 1);
    for reply in replies.iter().filter(|reply| reply.status != 204) {
        reply.refused_for("token", "invalid_token_email");
    }
    assert_eq!(
        app.root()
            .filter("users", &format!("email = '{NEW}'"), "id")
            .len(),
        1
    );
}

#[test]
fn n20_only_the_token_of_the_mail_and_the_password_change_an_address() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let ann = app.user("ann");
    let guest = app.guest();
    ask(&ann, NEW).ok();
    let good = token(&smtp, 1);
    confirm(&guest, "", "")
        .refused_for("token", "required")
        .refused_for("password", "required");
    for other in ["x", "a.b.c", &ann.token] {
        confirm(&guest, other, PASSWORD)
            .refused_for("token", "invalid_token_payload")
            .refused_for("password", "invalid_password");
    }
    let (head, _) = good.rsplit_once('.').expect("three parts");
    confirm(&guest, &format!("{head}."), PASSWORD).refused_for("token", "invalid_token");
    confirm(&guest, &good, "wrong password").refused_for("password", "invalid_password");
    confirm(&guest, &good, &"a".repeat(101)).refused_for("password", "length_out_of_range");
    let reply = confirm(&guest, &good, "wrong password");
    assert_eq!(
        reply.body["data"].as_object().map(serde_json::Map::len),
        Some(1)
    );
    // It is a token for nothing else.
    refresh(&Client {
        token: good.clone(),
        ..app.guest()
    })
    .refused(401);
    let body = json!({"token": good});
    guest
        .post(&format!("{PATH}/confirm-verification"), body)
        .refused_for("token", "invalid_token");
    app.collection(json!({"name": "people", "type": "auth"}));
    let body = json!({"token": good, "password": PASSWORD});
    guest
        .post("/api/collections/people/confirm-email-change", body)
        .refused_for("token", "token_collection_mismatch");
    // Somebody else takes the address, and leaves it again.
    let bob = json!({"id": "bob000000000000", "email": NEW, "password": PASSWORD, "passwordConfirm": PASSWORD});
    app.root().create("users", bob);
    confirm(&guest, &good, PASSWORD).refused_for("token", "invalid_token_email");
    assert_eq!(app.root().remove("users", "bob000000000000").status, 204);
    app.clock.advance(Duration::from_secs(1801));
    confirm(&guest, &good, PASSWORD).refused_for("token", "invalid_token");
    assert_eq!(
        app.root().view("users", ANN).ok()["email"],
        "ann@example.com"
    );
}

#[test]
fn a_request_needs_a_token_of_the_collection_and_a_new_address() {
    let app = TestApp::start();
    let ann = app.user("ann");
    app.user("bob");
    let guest = app.guest();
    ask(&guest, NEW).refused(401);
    ask(app.root(), NEW).refused(403);
    let of = |client: &Client, collection: &str| {
        let path = format!("/api/collections/{collection}/request-email-change");
        client.post(&path, json!({"newEmail": NEW}))
    };
    of(app.root(), "_superusers").refused(400);
    of(&ann, "_superusers").refused(403);
    of(&ann, "missing").refused(404);
    of(&guest, "missing").refused(404);
    app.open_collection("plain", json!([]));
    of(&guest, "plain").refused(401);
    let path = "/api/collections/_superusers/confirm-email-change";
    guest.post(path, json!({})).refused(400);
    for (address, code) in [
        ("", "required"),
        ("x", "is_email"),
        ("ann@example.com", "not_in_invalid"),
        ("bob@example.com", "invalid_new_email"),
        ("a@b.co\r\nBcc: c@d.co", "is_email"),
    ] {
        ask(&ann, address).refused_for("newEmail", code);
    }
    let none: Vec<Value> = Vec::new();
    assert_eq!(crate::support::smtp::mails(&app), none);
    // Nobody is flooded with mails that an account asks for.
    for n in 0..5 {
        assert_eq!(ask(&ann, &format!("new{n}@example.com")).status, 204);
    }
    ask(&ann, NEW).refused(429);
    app.clock.advance(Duration::from_secs(3601));
    assert_eq!(ask(&ann, NEW).status, 204);
}

#[test]
fn n25_who_asks_for_taken_addresses_again_and_again_waits() {
    let app = TestApp::start();
    let ann = app.user("ann");
    app.user("bob");
    let time = app.clock.now();
    for _ in 0..10 {
        app.clock.set(time);
        ask(&ann, "bob@example.com").refused_for("newEmail", "invalid_new_email");
    }
    app.clock.set(time);
    // What is asked for then is not looked up.
    for address in ["bob@example.com", NEW] {
        app.clock.set(time);
        let late = ask(&ann, address);
        late.refused(429);
        assert_eq!(
            late.body["message"],
            "Too many failed attempts, try again later."
        );
    }
    app.clock.set(time + Duration::from_secs(31));
    assert_eq!(ask(&ann, NEW).status, 204);
}
