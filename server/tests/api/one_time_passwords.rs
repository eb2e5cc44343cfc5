//! One-time passwords: digits from a mail that sign in once.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use plinth::config::Config;
use serde_json::{Value, json};

use crate::guessing::{Answer, OWNERS, STRANGERS, post_from, try_from};
use crate::oauth2;
use crate::support::provider::Provider;
use crate::support::smtp::{Mood, Received, Smtp, mails};
use crate::support::{Client, Home, PASSWORD, Reply, TestApp, at_once, on_postgres};

const PATH: &str = "/api/collections/users";
const USERS: &str = "_pb_users_auth_";
const ANN: &str = "ann000000000000";

/// A server whose clients connect directly, so that their addresses are their own.
fn app(smtp: &Smtp) -> TestApp {
    let home = Home::new();
    let config = Config {
        private_clients: true,
        ..smtp.settings(&home)
    };
    with_codes(TestApp::start_with(home, config))
}

fn with_codes(app: TestApp) -> TestApp {
    let template = json!({"subject": "Your code", "body": "<p>It is {OTP}, for {OTP_ID}.</p>"});
    let otp = json!({"enabled": true, "length": 6, "duration": 300, "emailTemplate": template});
    let options = json!({"otp": otp, "authAlert": {"enabled": false}});
    app.root().patch(PATH, options).ok();
    app.user("ann");
    app
}

fn ask(client: &Client, email: &str) -> String {
    let answer = client
        .post(&format!("{PATH}/request-otp"), json!({"email": email}))
        .ok();
    let id = answer["otpId"].as_str().expect("an id").to_owned();
    assert_eq!(id.len(), 15);
    assert!(
        id.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    );
    id
}

fn sign_in(client: &Client, id: &str, code: &str) -> Reply {
    let body = json!({"otpId": id, "password": code});
    client.post(&format!("{PATH}/auth-with-otp"), body)
}

/// Tries a code from an address of this machine.
fn sign_in_from(app: &TestApp, from: Ipv4Addr, id: &str, code: &str) -> Answer {
    let body = json!({"otpId": id, "password": code});
    post_from(app, from, &format!("{PATH}/auth-with-otp"), "", &body)
}

fn with_password(client: &Client, email: &str) -> Reply {
    let body = json!({"identity": email, "password": PASSWORD});
    client.post(&format!("{PATH}/auth-with-password"), body)
}

/// The digits in a mail.
fn code_in(mail: &Received) -> String {
    let text = mail.text();
    let (_, rest) = text.split_once("It is ").expect("a code");
    rest.chars().take_while(char::is_ascii_digit).collect()
}

/// Asks for a code, and reads it from the `count`th mail.
fn code(app: &TestApp, smtp: &Smtp, email: &str, count: usize) -> (String, String) {
    let id = ask(&app.guest(), email);
    let mail = smtp.wait_for(count).remove(count - 1);
    assert!(mail.text().contains(&id), "the mail is about this code");
    (id, code_in(&mail))
}

#[track_caller]
fn wrong(reply: &Reply) {
    reply.refused(400);
    assert_eq!(reply.body["message"], "Invalid or expired OTP.");
}

#[track_caller]
fn too_many(reply: &Reply) {
    reply.refused(429);
    let message = "Too many attempts, please try again later with a new OTP.";
    assert_eq!(reply.body["message"], message);
}

#[test]
fn a_code_from_a_mail_signs_in_once_and_ends_the_others() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let guest = app.guest();
    let (first, first_code) = code(&app, &smtp, "ann@example.com", 1);
    let (second, second_code) = code(&app, &smtp, "ann@example.com", 2);
    assert_eq!(first_code.len(), 6);
    let record = app.root().view("_otps", &first).ok();
    assert_eq!(record["sentTo"], "ann@example.com");
    assert_eq!(record["password"], "");
    let stored = app.text(&format!(
        "SELECT password AS value FROM _otps WHERE id = '{first}'"
    ));
    assert!(stored.starts_with("hmac-sha256:") && !stored.contains(&first_code));
    // Subjects are seen by more people than bodies.
    let options = json!({"otp": {"emailTemplate": {"subject": "{OTP} {APP_NAME}"}}});
    app.root().patch(PATH, options).ok();
    ask(&guest, "ann@example.com");
    let mail = smtp.wait_for(3).remove(2);
    assert!(!mail.header("Subject").contains(&code_in(&mail)));

    let answer = sign_in(&guest, &first, &first_code).ok();
    assert_eq!(answer["record"]["id"], ANN);
    let ann = Client {
        token: answer["token"].as_str().expect("a token").to_owned(),
        ..app.guest()
    };
    ann.post(&format!("{PATH}/auth-refresh"), json!({})).ok();
    wrong(&sign_in(&guest, &first, &first_code));
    wrong(&sign_in(&guest, &second, &second_code));
    assert!(app.root().all("_otps", "id").is_empty());
    // A verified account keeps its password.
    with_password(&guest, "ann@example.com").ok();
}

#[test]
fn n24_a_code_counts_once_for_fifty_at_once() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let (id, code) = code(&app, &smtp, "ann@example.com", 1);
    let replies = at_once(50, |_| sign_in(&app.guest(), &id, &code).status);
    assert_eq!(replies.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(replies.iter().filter(|status| **status == 400).count(), 4);
    assert_eq!(replies.iter().filter(|status| **status == 429).count(), 45);
}

#[test]
fn n24_tries_are_counted_by_account_whichever_code_is_tried() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    app.user("bob");
    let guest = app.guest();
    let (first, _) = code(&app, &smtp, "ann@example.com", 1);
    let (second, right) = code(&app, &smtp, "ann@example.com", 2);
    let (of_bob, code_of_bob) = code(&app, &smtp, "bob@example.com", 3);
    let before = app.clock.now();
    for id in [&first, &second, &first, &second, &first] {
        wrong(&sign_in(&guest, id, "nope"));
    }
    too_many(&sign_in(&guest, &second, &right));
    // A code that superusers have made counts with the others.
    let made = json!({"collectionRef": USERS, "recordRef": ANN, "password": "1234"});
    let made = app.root().create("_otps", made)["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    too_many(&sign_in(&guest, &made, "1234"));
    sign_in(&guest, &of_bob, &code_of_bob).ok();
    let after = app.clock.now();
    app.clock.set(before + Duration::from_secs(160));
    too_many(&sign_in(&guest, &second, &right));
    app.clock.set(after + Duration::from_secs(180));
    sign_in(&guest, &second, &right).ok();
    with_password(&guest, "ann@example.com").ok();
}

#[test]
fn a_device_that_has_signed_in_before_has_tries_of_its_own() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let guest = app.guest();
    let (id, right) = code(&app, &smtp, "ann@example.com", 1);
    for _ in 0..5 {
        wrong(&sign_in(&guest, &id, "nope"));
    }
    too_many(&sign_in(&guest, &id, &right));
    too_many(&sign_in(&app.user("bob"), &id, &right));
    // It keeps its token, whether or not the places of sign-ins are stored.
    let ann = app.guest().sign_in("users", "ann@example.com");
    sign_in(&ann, &id, &right).ok();
}

#[test]
fn n26_strangers_do_not_use_up_the_tries_of_the_owner() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let (of_strangers, right) = code(&app, &smtp, "ann@example.com", 1);
    let (of_ann, code_of_ann) = code(&app, &smtp, "ann@example.com", 2);
    let invented = format!("{}0000000000", &of_ann[..5]);
    for id in [
        &invented,
        &of_strangers,
        &invented,
        &of_strangers,
        &invented,
    ] {
        sign_in_from(&app, STRANGERS, id, "nope").is(400);
    }
    sign_in_from(&app, STRANGERS, &of_strangers, &right).is(429);
    // They have many addresses, and together end the code that they have asked for.
    for n in 1..=50 {
        let from = Ipv4Addr::new(127, 0, 1, n);
        sign_in_from(&app, from, &of_strangers, "nope").is(400);
        sign_in_from(&app, from, &invented, "nope");
    }
    let another = Ipv4Addr::new(127, 0, 1, 51);
    sign_in_from(&app, another, &of_strangers, &right).is(400);
    sign_in_from(&app, OWNERS, &of_ann, &code_of_ann).is(200);
}

#[test]
fn n26_a_code_does_not_end_for_who_has_signed_in_from_there() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    try_from(&app, OWNERS, "ann@example.com", PASSWORD).is(200);
    let (id, right) = code(&app, &smtp, "ann@example.com", 1);
    for n in 1..=50 {
        sign_in_from(&app, Ipv4Addr::new(127, 0, 1, n), &id, "nope").is(400);
    }
    sign_in_from(&app, STRANGERS, &id, &right).is(400);
    sign_in_from(&app, OWNERS, &id, &right).is(200);
}

#[test]
fn n26_behind_a_proxy_tries_are_counted_by_the_code() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = with_codes(smtp.start_app());
    let guest = app.guest();
    let (of_strangers, right) = code(&app, &smtp, "ann@example.com", 1);
    let (of_ann, code_of_ann) = code(&app, &smtp, "ann@example.com", 2);
    for _ in 0..5 {
        wrong(&sign_in(&guest, &of_strangers, "nope"));
    }
    too_many(&sign_in(&guest, &of_strangers, &right));
    sign_in(&guest, &of_ann, &code_of_ann).ok();
}

#[test]
fn n26_who_has_no_tries_left_and_goes_on_waits_longer() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let guest = app.guest();
    let (id, right) = code(&app, &smtp, "ann@example.com", 1);
    for _ in 0..5 {
        wrong(&sign_in(&guest, &id, "nope"));
    }
    for _ in 0..5 {
        too_many(&sign_in(&guest, &id, "nope"));
    }
    let late = sign_in(&guest, &id, &right);
    late.refused(429);
    assert_eq!(
        late.body["message"],
        "Too many failed attempts, try again later."
    );
}

#[test]
fn n65_counts_of_invented_ids_are_swept_and_bounded() {
    let app = with_codes(TestApp::start());
    let rows = || app.text("SELECT CAST(count(*) AS TEXT) AS value FROM _otp_attempts");
    let sweep = || {
        let swept = plinth::accounts::attempts::sweep(&app.app);
        actix_web::rt::System::new().block_on(swept).expect("swept");
    };
    for n in 0..3 {
        wrong(&sign_in(&app.guest(), &format!("{n}invented"), "nope"));
    }
    sweep();
    assert_eq!(rows(), "3");
    app.clock.advance(Duration::from_secs(181));
    sweep();
    assert_eq!(rows(), "0");
    // However many there are, the room is limited; those that count most are kept.
    let now = app.clock.now().unix();
    let numbers = if on_postgres() {
        "SELECT generate_series(1, 100100) AS n"
    } else {
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100100) SELECT n FROM n"
    };
    app.execute(&format!(
        "INSERT INTO _otp_attempts (collection, account, device, since, tries) \
         SELECT '', 'row' || n, '', {now}, n FROM ({numbers}) AS numbers"
    ));
    sweep();
    assert_eq!(rows(), "100000");
    let lowest = app.text("SELECT CAST(min(tries) AS TEXT) AS value FROM _otp_attempts");
    assert_eq!(lowest, "101");
}

#[test]
fn n25_nobody_learns_who_has_an_account() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let guest = app.guest();
    let statuses = |email: &str| -> Vec<(u16, Value)> {
        let ids = [ask(&guest, email), ask(&guest, email)];
        assert_eq!(ids[0][..5], ids[1][..5], "tries are counted by this");
        assert_ne!(ids[0], ids[1]);
        (0..8)
            .map(|n| sign_in(&guest, &ids[n % 2], "nope"))
            .map(|reply| (reply.status, reply.body))
            .collect()
    };
    let of_ann = statuses("ann@example.com");
    assert_eq!(of_ann, statuses("nobody@example.com"));
    assert_eq!(
        of_ann.iter().filter(|(status, _)| *status == 429).count(),
        3
    );
    // Many requests look alike too.
    for email in ["ann@example.com", "nobody@example.com"] {
        let mut ids: Vec<String> = (0..15).map(|_| ask(&guest, email)).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 15);
    }
    actix_web::rt::System::new().block_on(app.app.mailer.idle());
    let sent = mails(&app);
    assert!(sent.iter().all(|mail| mail["to"] == "ann@example.com"));
}

#[test]
fn ten_mails_are_sent_and_then_the_newest_code_serves() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let guest = app.guest();
    for _ in 0..10 {
        ask(&guest, "ann@example.com");
    }
    let mails = smtp.wait_for(10);
    let newest =
        app.text("SELECT id AS value FROM _otps ORDER BY created DESC, _rowid_ DESC LIMIT 1");
    let mail = mails
        .iter()
        .find(|mail| mail.text().contains(&newest))
        .expect("its mail");
    let code = code_in(mail);
    let last = ask(&guest, "ann@example.com");
    actix_web::rt::System::new().block_on(app.app.mailer.idle());
    assert_eq!(app.root().all("_otps", "id").len(), 11);
    for _ in 0..60 {
        ask(&guest, "ann@example.com");
    }
    actix_web::rt::System::new().block_on(app.app.mailer.idle());
    assert_eq!(
        app.root().all("_otps", "id").len(),
        50,
        "strangers do not fill the table"
    );
    assert_eq!(app.root().all("_mails", "id").len(), 10);
    wrong(&sign_in(&guest, &last, &code));
    let last = ask(&guest, "ann@example.com");
    actix_web::rt::System::new().block_on(app.app.mailer.idle());
    sign_in(&guest, &last, &code).ok();
}

#[test]
fn a_code_with_a_short_life_is_not_mailed_without_end() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    app.root()
        .patch(PATH, json!({"otp": {"duration": 10}}))
        .ok();
    let guest = app.guest();
    let mails = || app.root().all("_mails", "id").len();
    let ask_at = |seconds: u64, count: usize| {
        app.clock.advance(Duration::from_secs(seconds));
        ask(&guest, "ann@example.com");
        actix_web::rt::System::new().block_on(app.app.mailer.idle());
        assert_eq!(mails(), count);
    };
    for n in 1..=10 {
        ask_at(11, n);
    }
    ask_at(11, 10);
    ask_at(110, 11);
    ask_at(11, 11);
    // After an hour they are as free as before.
    ask_at(3600, 12);
    ask_at(11, 13);
}

#[test]
fn a_code_expires_and_ends_with_the_key_of_the_account() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let guest = app.guest();
    let (id, right) = code(&app, &smtp, "ann@example.com", 1);
    app.clock.advance(Duration::from_secs(301));
    wrong(&sign_in(&guest, &id, &right));
    for (count, change) in [
        json!({"password": PASSWORD, "passwordConfirm": PASSWORD}),
        json!({"email": "ann@example.org"}),
        json!({"tokenKey": "a".repeat(50)}),
    ]
    .into_iter()
    .enumerate()
    {
        let email = app.root().view("users", ANN).ok()["email"].clone();
        let (id, right) = code(&app, &smtp, email.as_str().expect("it"), count + 2);
        app.root().update("users", ANN, change).ok();
        wrong(&sign_in(&guest, &id, &right));
        app.clock.advance(Duration::from_secs(301));
    }
    // What has expired is removed with what else is old.
    ask(&guest, "ann@example.org");
    smtp.wait_for(5);
    let record = json!({"collectionRef": USERS, "recordRef": ANN, "method": "otp"});
    app.root().create("_mfas", record);
    app.clock.advance(Duration::from_secs(700));
    let jobs = app
        .root()
        .filter("_jobs", "name = 'Remove what is old'", "id");
    assert_eq!(
        app.root()
            .post(&format!("/api/crons/{}", jobs[0]), json!({}))
            .status,
        204
    );
    let is_done = || {
        ["_otps", "_mfas"]
            .iter()
            .all(|name| app.root().all(name, "id").is_empty())
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_done() {
        assert!(Instant::now() < deadline, "they are still there");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn n22_the_owner_of_the_address_takes_over_what_somebody_else_has_prepared() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let guest = app.guest();
    // Somebody signs up with an address that is not theirs, and stays signed in.
    let eve = json!({"id": "eve000000000000", "email": "eve@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD});
    guest.create("users", eve);
    let eve = guest.sign_in("users", "eve@example.com");
    let link = json!({"collectionRef": USERS, "recordRef": "eve000000000000", "provider": "google", "providerId": "1"});
    app.root().create("_externalAuths", link);

    let (id, right) = code(&app, &smtp, "eve@example.com", 1);
    let answer = sign_in(&guest, &id, &right).ok();
    assert_eq!(answer["record"]["verified"], json!(true));
    let owner = Client {
        token: answer["token"].as_str().expect("a token").to_owned(),
        ..app.guest()
    };
    owner.post(&format!("{PATH}/auth-refresh"), json!({})).ok();
    eve.post(&format!("{PATH}/auth-refresh"), json!({}))
        .refused(401);
    with_password(&guest, "eve@example.com").refused(400);
    assert!(app.root().all("_externalAuths", "id").is_empty());
    // That is not done silently, and the way to a password is in the mail.
    let mail = smtp.wait_for(2).remove(1);
    assert!(mail.header("Subject").contains("no longer works"));
    let token = mail.token("password-reset");
    let body = json!({"token": token, "password": PASSWORD, "passwordConfirm": PASSWORD});
    let reply = guest.post(&format!("{PATH}/confirm-password-reset"), body);
    assert_eq!(reply.status, 204);
    with_password(&guest, "eve@example.com").ok();
}

#[test]
fn who_shows_the_password_too_keeps_it() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = app(&smtp);
    let guest = app.guest();
    let options = json!({"mfa": {"enabled": true}, "authRule": "verified = true || @request.context = 'password'"});
    app.root().patch(PATH, options).ok();
    for (count, name) in ["joe", "kim"].into_iter().enumerate() {
        let email = format!("{name}@example.com");
        let account = json!({"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD});
        let account = guest.post(&format!("{PATH}/records"), account).ok();
        let id = account["id"].as_str().expect("an id");
        let (otp, right) = code(&app, &smtp, &email, count + 1);
        let answer = if name == "joe" {
            // First the code: it verifies nothing yet, since the password is not shown.
            let first = sign_in(&guest, &otp, &right);
            assert_eq!(first.status, 401, "{}", first.text);
            assert_eq!(app.root().view("users", id).ok()["verified"], json!(false));
            let body =
                json!({"identity": email, "password": PASSWORD, "mfaId": first.body["mfaId"]});
            guest.post(&format!("{PATH}/auth-with-password"), body)
        } else {
            let first = with_password(&guest, &email);
            assert_eq!(first.status, 401, "{}", first.text);
            let body = json!({"otpId": otp, "password": right, "mfaId": first.body["mfaId"]});
            guest.post(&format!("{PATH}/auth-with-otp"), body)
        };
        assert_eq!(answer.ok()["record"]["verified"], json!(true));
        assert_eq!(with_password(&guest, &email).status, 401, "it is right");
    }
    assert_eq!(app.root().all("_mails", "id").len(), 2, "nothing has ended");
}

#[test]
fn n22_a_code_and_a_linked_service_verify_an_account_without_its_password() {
    let smtp = Smtp::start(Mood::Accepts);
    let provider = Provider::start();
    let home = Home::new();
    let config = Config {
        outbound_allow: vec!["127.0.0.1".to_owned()],
        ..smtp.settings(&home)
    };
    let app = with_codes(TestApp::start_with(home, config));
    oauth2::allow(&app, json!([oauth2::service(&provider, "gitlab")]));
    provider.set("/user", json!({"id": 7, "username": "eve"}));
    app.root()
        .patch(PATH, json!({"mfa": {"enabled": true}}))
        .ok();
    let guest = app.guest();
    let eve = json!({"id": "eve000000000000", "email": "eve@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD});
    guest.create("users", eve);
    let link = json!({"collectionRef": USERS, "recordRef": "eve000000000000", "provider": "gitlab", "providerId": "7"});
    app.root().create("_externalAuths", link);

    let (id, right) = code(&app, &smtp, "eve@example.com", 1);
    let first = sign_in(&guest, &id, &right);
    assert_eq!(first.status, 401, "{}", first.text);
    let second = oauth2::sign_in(&guest, "gitlab", json!({"mfaId": first.body["mfaId"]})).ok();
    assert_eq!(second["record"]["verified"], json!(true));
    // Who has shown it was not the password, so that may be somebody else's.
    with_password(&guest, "eve@example.com").refused(400);
}

#[test]
fn bad_input_is_refused_by_field() {
    let app = TestApp::start();
    app.user("ann");
    let guest = app.guest();
    let request = format!("{PATH}/request-otp");
    let auth = format!("{PATH}/auth-with-otp");
    let off = guest.post(&request, json!({"email": "ann@example.com"}));
    off.refused(403);
    assert_eq!(
        off.body["message"],
        "The collection is not configured to allow OTP authentication."
    );
    guest.post(&auth, json!({})).refused(403);
    app.root()
        .patch(PATH, json!({"otp": {"enabled": true}}))
        .ok();
    guest
        .post(&request, json!({}))
        .refused_for("email", "required");
    guest
        .post(&request, json!({"email": "x"}))
        .refused_for("email", "is_email");
    let long = format!("{}@example.com", "a".repeat(250));
    guest
        .post(&request, json!({"email": long}))
        .refused_for("email", "length_out_of_range");
    guest.post(&request, json!([])).refused(400);
    guest
        .post(&auth, json!({}))
        .refused_for("otpId", "required")
        .refused_for("password", "required");
    let long = json!({"otpId": "a".repeat(256), "password": "b".repeat(72)});
    guest
        .post(&auth, long)
        .refused_for("otpId", "length_out_of_range")
        .refused_for("password", "length_out_of_range");
    guest
        .post(&auth, json!({"otpId": 1, "password": true}))
        .refused(400);
    for id in ["a\0b", "' OR 1=1 --", "é", "missing00000000"] {
        wrong(&sign_in(&guest, id, "123456"));
    }
    for collection in ["missing", "_members"] {
        let path = format!("/api/collections/{collection}/request-otp");
        guest
            .post(&path, json!({"email": "ann@example.com"}))
            .refused(404);
    }
    // A code of another collection, and one that a superuser has made.
    app.collection(json!({"name": "people", "type": "auth", "otp": {"enabled": true}}));
    let code = json!({"collectionRef": USERS, "recordRef": ANN, "password": "1234"});
    let id = app.root().create("_otps", code)["id"].clone();
    let body = json!({"otpId": id, "password": "1234"});
    wrong(&guest.post("/api/collections/people/auth-with-otp", body.clone()));
    guest.post(&auth, body.clone()).ok();
    wrong(&guest.post(&auth, body));
}
