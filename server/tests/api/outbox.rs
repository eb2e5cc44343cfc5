//! How mails get out of the outbox, whatever the mail server does.

use std::process::Command;
use std::time::{Duration, Instant};

use plinth::app::App;
use plinth::config::Config;
use plinth::mail::{self, NewMail};
use serde_json::{Value, json};

use crate::support::process::{Process, make_superuser, plinth, run};
use crate::support::smtp::{Mood, Smtp, mails, wait_until};
use crate::support::{Home, TestApp};

fn enqueue(app: &TestApp, count: usize) {
    let db = app.app.db.clone();
    actix_web::rt::System::new().block_on(async move {
        let write = db.write(move |conn| {
            for n in 0..count {
                let mail = NewMail {
                    to: format!("n{n}@example.com"),
                    subject: format!("Number {n}"),
                    text: "Hello".to_owned(),
                    kind: "job",
                    ..NewMail::default()
                };
                mail::enqueue(conn, &mail)?;
            }
            Ok(())
        });
        write.await.expect("they are written");
    });
}

#[test]
fn a_mail_that_is_refused_for_good_fails() {
    let smtp = Smtp::start(Mood::Refuses("550 no such mailbox"));
    let app = smtp.start_app();
    enqueue(&app, 1);
    let failed = wait_until(&app, 1, |mail| mail["status"] == "failed").remove(0);
    let error = failed["error"].as_str().expect("words");
    assert!(error.contains("no such mailbox"), "{error}");
    assert_eq!(failed["attempts"], 1);
}

#[test]
fn a_mail_that_is_refused_for_now_is_tried_again() {
    let smtp = Smtp::start(Mood::Refuses("451 come back later"));
    let app = smtp.start_app();
    enqueue(&app, 1);
    let tried = |n: i64| move |mail: &Value| mail["status"] == "waiting" && mail["attempts"] == n;
    let again = |smtp_says: &str, attempts: i64| {
        let waiting = wait_until(&app, 1, tried(attempts)).remove(0);
        let error = waiting["error"].as_str().expect("words").to_owned();
        assert!(error.contains(smtp_says), "{error}");
        let now = app.clock.now().to_string();
        assert!(
            waiting["notBefore"].as_str() > Some(now.as_str()),
            "{waiting}"
        );
    };
    let at_once = || app.clock.advance(Duration::from_secs(5 * 60));
    again("come back later", 1);
    smtp.become_(Mood::Refuses("535 who are you"));
    at_once();
    again("who are you", 2);
    smtp.become_(Mood::Accepts);
    at_once();
    let sent = wait_until(&app, 1, |mail| mail["status"] == "sent").remove(0);
    assert_eq!((&sent["error"], &sent["attempts"]), (&json!(""), &json!(3)));
    assert_eq!(smtp.received().len(), 1);
    // One that nobody takes for the eighth time is given up.
    smtp.become_(Mood::Refuses("451 come back later"));
    app.execute("UPDATE \"_mails\" SET \"status\" = 'waiting', \"attempts\" = 7");
    wait_until(&app, 1, |mail| {
        mail["status"] == "failed" && mail["attempts"] == 8
    });
}

#[test]
fn a_mail_server_that_hangs_or_is_not_there_stops_nothing() {
    let smtp = Smtp::start(Mood::Hangs);
    let app = smtp.start_app();
    enqueue(&app, 3);
    let is_tried = |mail: &Value| {
        let error = mail["error"].as_str().unwrap_or_default();
        mail["status"] == "waiting" && error.contains("longer than 2 seconds")
    };
    wait_until(&app, 3, is_tried);
    app.user("ann");

    let home = Home::new();
    let config = Config {
        smtp_url: "smtp://127.0.0.1:1".into(),
        ..home.config()
    };
    let app = TestApp::start_with(home, config);
    enqueue(&app, 1);
    let is_refused = |mail: &Value| {
        let error = mail["error"].as_str().unwrap_or_default();
        mail["status"] == "waiting" && error.contains("refused")
    };
    wait_until(&app, 1, is_refused);
}

#[test]
fn what_a_process_left_behind_is_taken_over() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let insert = |id: &str, lease: &str, attempts: u8| {
        app.execute(&format!(
            "INSERT INTO \"_mails\" (\"id\", \"to\", \"subject\", \"text\", \"status\", \"lease\", \"attempts\") \
             VALUES ('{id}', '{id}@example.com', 'Left', 'Hello', 'sending', '{lease}', {attempts})"
        ));
    };
    insert("held", "2999-01-01 00:00:00.000Z", 1);
    insert("left", "2024-01-01 00:00:00.000Z", 1);
    insert("cursed", "2024-01-01 00:00:00.000Z", 8);
    let status = |id: &str| app.root().view("_mails", id).ok()["status"].clone();
    let deadline = Instant::now() + Duration::from_secs(60);
    while (status("left"), status("cursed")) != (json!("sent"), json!("failed")) {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(status("held"), "sending");
    let received = smtp.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].to, ["RCPT TO:<left@example.com>"]);
}

#[test]
fn each_mail_goes_out_once_whoever_sends() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    // On PostgreSQL they are another server's, which shares the outbox.
    let config = smtp.settings(&app.home);
    let (done, ending) = std::sync::mpsc::channel::<()>();
    let same = app.app.clone();
    let senders = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let other = if config.database_url.is_empty() {
                same
            } else {
                App::build(&config).await.expect("another server")
            };
            let senders = [mail::start(&other), mail::start(&other)];
            while ending.try_recv().is_err() {
                actix_web::rt::time::sleep(Duration::from_millis(20)).await;
            }
            let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
            for sender in senders {
                sender.stop(deadline).await;
            }
        });
    });
    enqueue(&app, 120);
    let mails = wait_until(&app, 120, |mail| mail["status"] == "sent");
    assert!(mails.iter().all(|mail| mail["attempts"] == 1));
    done.send(()).expect("they run");
    senders.join().expect("they end");
    let mut ids: Vec<String> = smtp
        .received()
        .iter()
        .map(|m| m.header("Message-ID"))
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), smtp.received().len()), (120, 120));
}

#[test]
fn a_server_that_stops_finishes_the_mail_that_it_sends() {
    let smtp = Smtp::start(Mood::Slow(Duration::from_millis(700)));
    let home = Home::new();
    make_superuser(&home);
    let mut program = Command::new("env");
    program.env("PLINTH_SMTP_URL", smtp.url());
    let mut process = Process::start_as(&home, program);
    let mail =
        json!({"to": "ann@example.com", "subject": "Hi", "text": "Hello", "status": "waiting"});
    process.root().create("_mails", mail);
    smtp.wait_for_connection();
    let pid = process.child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(told.expect("it is told").success());
    assert!(process.child.wait().expect("it ends").success());
    drop(process);
    let app = TestApp::start_in(home);
    let mails = mails(&app);
    assert_eq!((mails.len(), &mails[0]["status"]), (1, &json!("sent")));
    assert_eq!(smtp.received().len(), 1);
}

#[test]
fn superusers_write_mails_of_their_own() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let with = |to: &str| {
        let mail = json!({"to": to, "subject": "Hi\r\nBcc: x@y.co", "html": "<p>Hello</p>", "status": "waiting"});
        app.root().try_create("_mails", mail)
    };
    for to in ["ann", "a@b.co, c@d.co", "a@b.co\r\nBcc: c@d.co"] {
        with(to).refused_for("to", "is_email");
    }
    with("Ann <ann@example.com>").ok();
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!(mail.to, ["RCPT TO:<ann@example.com>"]);
    assert_eq!(mail.header("Subject"), "Hi  Bcc: x@y.co");
    assert!(mail.text().contains("\r\nHello"), "{}", mail.text());
}

#[test]
fn n56_bad_settings_are_refused_without_the_password() {
    let home = Home::new();
    for (name, value, says) in [
        ("SMTP_URL", "http://ann:hunter2@mail", "smtp_url"),
        ("SMTP_URL", "smtp://ann:hunter2@mail", "unencrypted"),
        ("SMTP_URL", "smtp://ann:hunter2@mail:x", "smtp_url"),
        ("MAIL_FROM", "nobody", "mail_from"),
        ("MAIL_FROM", "a@b.co\r\nBcc: c@d.co", "mail_from"),
        ("APP_URL", "app.example.org", "app_url"),
        ("APP_URL", "javascript:alert(1)", "app_url"),
        ("SMTP_TIMEOUT_SECONDS", "0", "smtp_timeout_seconds"),
    ] {
        let mut command = plinth(&home);
        command.args(["serve", "--http", "127.0.0.1:0"]);
        command.env(format!("PLINTH_{name}"), value);
        let output = run(command, "");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(words.contains(says), "{name}={value}: {words}");
        assert!(!words.contains("hunter2"), "{words}");
    }
}
