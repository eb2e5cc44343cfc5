//! Mail servers of every kind: old ones, ones on IPv6 or on TLS, ones that know ASCII only, ones that say no.

use plinth::config::Config;
use serde_json::{Value, json};

use crate::support::process::{Process, make_superuser};
use crate::support::secure::{certificate, server_config};
use crate::support::smtp::{Door, Mood, Smtp, wait_until};
use crate::support::{Client, Home, TestApp};

fn write(root: &Client, to: &str, subject: &str) -> Value {
    let mail = json!({"to": to, "subject": subject, "text": "Hello", "status": "waiting"});
    root.create("_mails", mail)
}

fn status(app: &TestApp, status: &str) -> (String, String) {
    let over = |mail: &Value| mail["attempts"].as_i64() > Some(0) && mail["status"] != "sending";
    let mail = wait_until(app, 1, over).remove(0);
    let words = mail["error"].as_str().expect("text").to_owned();
    assert_eq!(mail["status"], status, "{words}");
    (mail["id"].as_str().expect("an id").to_owned(), words)
}

fn forget(app: &TestApp) {
    app.execute("DELETE FROM \"_mails\"");
}

#[test]
fn f14_a_mail_server_may_have_an_ipv6_address() {
    let smtp = Smtp::start_at(Mood::Accepts, Door::Plain("::1"));
    assert!(smtp.url().starts_with("smtp://[::1]:"));
    let app = smtp.start_app();
    write(app.root(), "ann@example.com", "Hi");
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!(mail.to, ["RCPT TO:<ann@example.com>"]);
}

#[test]
fn f15_a_domain_of_other_letters_goes_out_in_ascii() {
    let smtp = Smtp::start(Mood::Accepts);
    let home = Home::new();
    let config = Config {
        mail_from: "Bücher <laden@bücher.example>".to_owned(),
        ..smtp.settings(&home)
    };
    let app = TestApp::start_with(home, config);
    for (count, (to, domain)) in (1..).zip([
        ("user@exämple.com", "xn--exmple-cua.com"),
        ("user@EXÄMPLE.com", "xn--exmple-cua.com"),
        ("user@例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("Ü <user@bücher.example>", "xn--bcher-kva.example"),
        ("user@straße.example", "xn--strae-oqa.example"),
        ("user@xn--exmple-cua.com", "xn--exmple-cua.com"),
    ]) {
        write(app.root(), to, "Hi");
        let mail = smtp.wait_for(count).remove(count - 1);
        assert_eq!(mail.to, [format!("RCPT TO:<user@{domain}>")]);
        assert_eq!(mail.from, "MAIL FROM:<laden@xn--bcher-kva.example>");
        assert!(mail.raw.is_ascii(), "{}", mail.raw);
        assert!(mail.header("To").contains(domain), "{}", mail.raw);
        assert!(
            mail.header("Message-ID")
                .ends_with("@xn--bcher-kva.example>")
        );
    }
    wait_until(&app, 6, |mail| mail["status"] == "sent");
    forget(&app);
    // Before the @ there is no such form.
    write(app.root(), "jörg@exämple.com", "Hi");
    let (_, why) = status(&app, "failed");
    assert!(
        why.contains("SMTPUTF8") && why.contains("before the @"),
        "{why}"
    );
    forget(&app);
    smtp.offer("8BITMIME\nSMTPUTF8");
    write(app.root(), "jörg@exämple.com", "Hi");
    let mail = smtp.wait_for(7).remove(6);
    assert_eq!(mail.to, ["RCPT TO:<jörg@xn--exmple-cua.com>"]);
    assert!(mail.from.contains("SMTPUTF8"), "{}", mail.from);
}

#[test]
fn f16_a_server_that_does_not_know_ehlo_is_greeted_otherwise() {
    for words in ["502 command not implemented", "500 what", "550 no"] {
        let smtp = Smtp::start(Mood::Says("EHLO", words));
        let app = smtp.start_app();
        write(app.root(), "ann@example.com", "Hi");
        let mail = smtp.wait_for(1).remove(0);
        assert!(mail.raw.contains("Hello"), "{}", mail.raw);
        let said = smtp.said();
        assert!(
            said.iter().any(|line| line.starts_with("HELO ")),
            "{said:?}"
        );
        wait_until(&app, 1, |mail| mail["status"] == "sent");
    }
}

#[test]
fn f16_what_is_about_the_server_is_tried_again() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    for (verb, words) in [
        ("HELLO", "554 no service"),
        ("HELLO", "421 later"),
        ("EHLO", "421 later"),
        ("MAIL", "530 sign in first"),
        ("MAIL", "550 not from here"),
        ("RCPT", "451 later"),
        ("RCPT", "530 sign in first"),
        ("DATA", "451 later"),
    ] {
        smtp.become_(Mood::Says(verb, words));
        write(app.root(), "ann@example.com", "Hi");
        let (_, why) = status(&app, "waiting");
        let said = words.split_once(' ').expect("a code").1;
        assert!(why.contains(said), "{verb}: {why}");
        forget(&app);
    }
    for (verb, words) in [
        ("RCPT", "550 no such mailbox"),
        ("RCPT", "552 full"),
        ("DATA", "554 spam"),
    ] {
        smtp.become_(Mood::Says(verb, words));
        write(app.root(), "ann@example.com", "Hi");
        status(&app, "failed");
        forget(&app);
    }
    assert!(smtp.received().is_empty());
}

#[test]
fn f16_a_wrong_password_is_tried_again() {
    for words in ["535 who are you", "504 no such mechanism", "454 later"] {
        let smtp = Smtp::start(Mood::Says("AUTH", words));
        smtp.offer("AUTH PLAIN LOGIN");
        let home = Home::new();
        let url = format!(
            "smtp://ann:hunter2@127.0.0.1:{}?tls=opportunistic",
            smtp.port
        );
        let config = Config {
            smtp_url: url.as_str().into(),
            ..smtp.settings(&home)
        };
        let app = TestApp::start_with(home, config);
        write(app.root(), "ann@example.com", "Hi");
        let (_, why) = status(&app, "waiting");
        assert!(!why.contains("hunter2"), "{why}");
    }
    // As one that offers no encryption where it has to.
    let smtp = Smtp::start(Mood::Accepts);
    let home = Home::new();
    let url = format!("smtp://ann:hunter2@127.0.0.1:{}?tls=required", smtp.port);
    let config = Config {
        smtp_url: url.as_str().into(),
        ..smtp.settings(&home)
    };
    let app = TestApp::start_with(home, config);
    write(app.root(), "ann@example.com", "Hi");
    let (_, why) = status(&app, "waiting");
    assert!(why.contains("STARTTLS"), "{why}");
    assert!(!smtp.said().iter().any(|line| line.starts_with("AUTH")));
}

#[test]
fn f17_no_line_is_longer_than_the_protocol_allows() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let name = "n".repeat(900);
    let named = format!("{name} <ann@example.com>");
    let letters = "é".repeat(998);
    let spaced = "a b ".repeat(249);
    for (count, (to, subject)) in (1..).zip([
        ("ann@example.com", &*"s".repeat(990)),
        ("ann@example.com", &*"s".repeat(998)),
        ("ann@example.com", &*letters),
        ("ann@example.com", &*spaced),
        (&*named, "Hi"),
        ("=?utf-8?q?Boss?= <ann@example.com>", "=?utf-8?q?Paid?="),
        ("ann@example.com", "a =?x?= b"),
    ]) {
        write(app.root(), to, subject);
        let mail = smtp.wait_for(count).remove(count - 1);
        for line in mail.raw.split("\r\n") {
            assert!(line.len() <= 78, "{} bytes: {line}", line.len());
        }
        assert_eq!(mail.to, ["RCPT TO:<ann@example.com>"]);
        assert!(!mail.raw.contains("?q?"), "{}", mail.raw);
        let to = mail.header("To");
        assert!(
            to.ends_with("ann@example.com") || to.ends_with("<ann@example.com>"),
            "{to}"
        );
    }
    // A name of the sender's is no header either.
    let meta = json!({"meta": {"senderName": "=?utf-8?q?Bank?= \"x\" <eve@example.com>, "}});
    app.root().patch("/api/settings", meta).ok();
    write(app.root(), "ann@example.com", "Hi");
    let mail = smtp.wait_for(8).remove(7);
    let from = mail.header("From");
    assert!(from.ends_with(" <app@example.org>"), "{from}");
    assert!(!from.contains("eve") && !from.contains("Bank"), "{from}");
    assert_eq!(mail.from, "MAIL FROM:<app@example.org>");
}

/// What becomes of a mail that a server in a process of its own sends.
fn outcome(home: &Home, url: &str, trusted: &str) -> (String, String) {
    let variables = [
        ("PLINTH_SMTP_URL", url),
        ("PLINTH_SMTP_TIMEOUT_SECONDS", "10"),
        ("SSL_CERT_FILE", trusted),
    ];
    let server = Process::start_with(home, &variables);
    let root = server.root();
    let id = write(&root, "ann@example.com", "Hi")["id"].clone();
    let id = id.as_str().expect("an id");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let mail = root.view("_mails", id).ok();
        let text = |name: &str| mail[name].as_str().expect("text").to_owned();
        let is_over = mail["attempts"].as_i64() > Some(0) && mail["status"] != "sending";
        if is_over {
            server.kill();
            return (text("status"), text("error"));
        }
        assert!(std::time::Instant::now() < until, "{mail}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn f16_tls_goes_to_whom_the_certificate_names_alone() {
    let home = Home::new();
    make_superuser(&home);
    let (trusted, key) = certificate(&home);
    let by = server_config(&trusted, &key);
    for (is_asked, scheme, query) in [(false, "smtps", ""), (true, "smtp", "?tls=required")] {
        let by = by.clone();
        let smtp = Smtp::start_at(Mood::Accepts, Door::Tls { by, is_asked });
        smtp.offer("AUTH PLAIN LOGIN");
        let url = |host: &str| format!("{scheme}://ann:pw@{host}:{}{query}", smtp.port);
        assert_eq!(
            outcome(&home, &url("localhost"), &trusted),
            ("sent".to_owned(), String::new()),
            "{scheme}"
        );
        assert_eq!(smtp.received().len(), 1);
        let said = smtp.said();
        assert!(
            said.iter().any(|line| line.starts_with("AUTH ")),
            "{said:?}"
        );
        // The certificate is for another name.
        let (status, why) = outcome(&home, &url("127.0.0.1"), &trusted);
        assert_eq!(status, "waiting", "{why}");
        assert!(why.contains("certificate") && why.contains("name"), "{why}");
        // Nobody vouches for it.
        let nobody = "/etc/ssl/certs/ca-certificates.crt";
        let (status, why) = outcome(&home, &url("localhost"), nobody);
        assert_eq!(status, "waiting", "{why}");
        assert!(why.contains("certificate"), "{why}");
        // What was said after that is nothing.
        assert_eq!(smtp.received().len(), 1);
        let signed_in = |line: &&String| line.starts_with("AUTH ");
        assert_eq!(smtp.said().iter().filter(signed_in).count(), 1);
    }
    // A server that refuses encryption may offer it later.
    let door = Door::Tls { by, is_asked: true };
    let smtp = Smtp::start_at(Mood::Says("STARTTLS", "502 not now"), door);
    let url = format!("smtp://ann:pw@localhost:{}?tls=required", smtp.port);
    let (status, why) = outcome(&home, &url, &trusted);
    assert_eq!(status, "waiting", "{why}");
    assert!(why.contains("not now"), "{why}");
}
