//! Guessing passwords, and who has to wait for it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use plinth::config::Config;
use serde_json::{Value, json};

use crate::accounts::{ANN, sign_in};
use crate::support::process::{plinth, run};
use crate::support::smtp::{token as token_in, wait_until};
use crate::support::{Client, Home, PASSWORD, TestApp, at_once, on_postgres};

pub(crate) const OWNERS: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 1);
pub(crate) const STRANGERS: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 1);

/// A server whose clients connect directly, so that their addresses are their own.
fn direct() -> TestApp {
    direct_in(Home::new())
}

fn direct_in(home: Home) -> TestApp {
    let config = Config {
        private_clients: true,
        ..home.config()
    };
    TestApp::start_with(home, config)
}

/// An answer to an attempt: its status, how many seconds to wait, and its body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    wait: u64,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Asserts that the attempt came too early, by about this much.
    #[track_caller]
    fn waits(&self, seconds: u64) {
        self.is(429);
        let about = seconds.saturating_sub(20).max(1)..=seconds + 20;
        assert!(about.contains(&self.wait), "{self:?}");
        let message = json!("Too many failed attempts, try again later.");
        let body = json!({"data": {}, "message": message, "status": 429});
        assert_eq!(self.body, body);
    }
}

/// Sends JSON from an address of this machine.
pub(crate) fn post_from(
    app: &TestApp,
    from: Ipv4Addr,
    path: &str,
    headers: &str,
    body: &Value,
) -> Answer {
    let server: SocketAddr = app
        .url
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let stream = actix_web::rt::System::new().block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket
            .bind((from, 0).into())
            .expect("an address of loopback");
        let stream = socket.connect(server).await.expect("it listens");
        stream.into_std().expect("a stream")
    });
    stream.set_nonblocking(false).expect("it waits");
    let mut stream = stream;
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let wait = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("retry-after").then_some(value)
    });
    Answer {
        status: head[9..12].parse().expect("a status"),
        wait: wait.map_or(0, |seconds| seconds.parse().expect("seconds")),
        body: serde_json::from_str(body).unwrap_or_default(),
    }
}

const PATH: &str = "/api/collections/users/auth-with-password";

pub(crate) fn try_from(app: &TestApp, from: Ipv4Addr, identity: &str, password: &str) -> Answer {
    let body = json!({"identity": identity, "password": password});
    post_from(app, from, PATH, "", &body)
}

/// Uses up the attempts that are free for one client and identity.
fn guess_ten(app: &TestApp, from: Ipv4Addr, identity: &str) {
    for n in 0..10 {
        try_from(app, from, identity, &format!("guess {n}")).is(400);
    }
}

#[test]
fn n26_a_guesser_waits_longer_and_longer() {
    let app = direct();
    app.user("ann");
    let ann = "ann@example.com";
    guess_ten(&app, STRANGERS, ann);
    // The eleventh is not even compared: a right guess fails too.
    try_from(&app, STRANGERS, ann, "guess").waits(30);
    try_from(&app, STRANGERS, ann, PASSWORD).waits(30);
    for seconds in [30, 60, 120, 240, 480, 960] {
        app.clock.advance(Duration::from_secs(seconds));
        try_from(&app, STRANGERS, ann, "guess").is(400);
        try_from(&app, STRANGERS, ann, PASSWORD).waits(seconds * 2);
    }
    // A failure is forgotten after an hour, and all of them after a success.
    app.clock.advance(Duration::from_secs(3600));
    try_from(&app, STRANGERS, ann, PASSWORD).is(200);
    guess_ten(&app, STRANGERS, ann);
    try_from(&app, STRANGERS, ann, PASSWORD).waits(30);
}

#[test]
fn n26_neither_spelling_nor_headers_make_a_new_guesser() {
    let app = direct();
    app.user("ann");
    let guess = |identity: &str, more: Value, headers: &str| {
        let mut body = json!({"identity": identity, "password": "a guess"});
        if more != Value::Null {
            body["identityField"] = more;
        }
        post_from(&app, STRANGERS, PATH, headers, &body)
    };
    for n in 0..5 {
        let forwarded = format!("X-Forwarded-For: 8.8.8.{n}\r\nX-Real-IP: 8.8.4.{n}\r\n");
        guess("ann@example.com", Value::Null, &forwarded).is(400);
        guess("Ann@Example.COM", json!("email"), &forwarded).is(400);
    }
    for identity in ["ann@example.com", "ANN@EXAMPLE.COM"] {
        guess(identity, Value::Null, "Forwarded: for=8.8.8.8\r\n").waits(30);
        guess(identity, json!("email"), "").waits(30);
    }
    let by_id = "/api/collections/_pb_users_auth_/auth-with-password";
    let body = json!({"identity": "ann@example.com", "password": PASSWORD});
    post_from(&app, STRANGERS, by_id, "", &body).waits(30);
    // Another account, another collection, another address: nobody has guessed there.
    try_from(&app, STRANGERS, "bob@example.com", "a guess").is(400);
    let superusers = "/api/collections/_superusers/auth-with-password";
    post_from(&app, STRANGERS, superusers, "", &body).is(400);
    try_from(&app, OWNERS, "ann@example.com", PASSWORD).is(200);
}

#[test]
fn n25_a_delay_does_not_tell_who_has_an_account() {
    let app = direct();
    app.user("ann");
    let guess = |identity: &str| -> Vec<Answer> {
        let guesses = (0..13).map(|_| {
            let answer = try_from(&app, STRANGERS, identity, "a guess");
            app.clock.advance(Duration::from_secs(1));
            answer
        });
        // How long the hashes took is in the seconds to wait.
        let unhurried = |answer: Answer| Answer { wait: 0, ..answer };
        guesses.map(unhurried).collect()
    };
    let known = guess("ann@example.com");
    let soon = app.clock.now();
    assert_eq!(known, guess("nobody@example.com"));
    let statuses: Vec<u16> = known.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses[..10], [400; 10]);
    assert_eq!(statuses[10..], [429; 3]);
    // A delayed attempt does no work either way.
    let count = app.app.hasher.count();
    for identity in ["ann@example.com", "nobody@example.com"] {
        app.clock.set(soon);
        guess(identity);
    }
    assert_eq!(app.app.hasher.count(), count);
}

#[test]
fn n26_an_owner_gets_in_while_a_hundred_addresses_guess() {
    let app = direct();
    app.user("ann");
    let ann = "ann@example.com";
    let addresses: Vec<_> = (1..=100).map(|n| Ipv4Addr::new(127, 0, 1, n)).collect();
    let guess = |from: &Ipv4Addr| try_from(&app, *from, ann, "a guess");
    let mut time = app.clock.now();
    for from in &addresses {
        app.clock.set(time);
        guess(from).is(400);
    }
    // The second guess of each has to wait a few seconds, and it is its own first one that counts.
    for from in &addresses {
        app.clock.set(time);
        guess(from).waits(5);
    }
    // The owner comes from where nobody has guessed, mistypes once, and waits for no one else.
    app.clock.set(time);
    try_from(&app, OWNERS, ann, "mistyped").is(400);
    app.clock.set(time);
    let wait = try_from(&app, OWNERS, ann, PASSWORD);
    wait.waits(5);
    assert!(wait.wait <= 10, "{wait:?}");
    time = time + Duration::from_secs(wait.wait);
    app.clock.set(time);
    for from in &addresses {
        guess(from);
    }
    app.clock.set(time);
    try_from(&app, OWNERS, ann, PASSWORD).is(200);
    // From then on the address is known: what others do elsewhere does not matter there.
    for _ in 0..3 {
        app.clock.set(time);
        try_from(&app, OWNERS, ann, "mistyped").is(400);
        try_from(&app, OWNERS, ann, PASSWORD).is(200);
    }
    let another = Ipv4Addr::new(127, 0, 2, 2);
    try_from(&app, another, ann, PASSWORD).is(200);
}

#[test]
fn n26_many_accounts_are_not_tried_from_one_address() {
    let app = direct();
    app.user("ann");
    app.user("bob");
    try_from(&app, STRANGERS, "bob@example.com", PASSWORD).is(200);
    let time = app.clock.now();
    for n in 0..100 {
        app.clock.set(time);
        try_from(&app, STRANGERS, &format!("user{n}@example.com"), "password").is(400);
    }
    app.clock.set(time);
    try_from(&app, STRANGERS, "ann@example.com", PASSWORD).waits(10);
    // Whoever has signed in there before still does.
    try_from(&app, STRANGERS, "bob@example.com", PASSWORD).is(200);
    try_from(&app, OWNERS, "ann@example.com", PASSWORD).is(200);
    // A failure is forgotten after half a minute.
    app.clock.set(time + Duration::from_secs(60));
    try_from(&app, STRANGERS, "ann@example.com", PASSWORD).is(200);
}

#[test]
fn n26_guesses_at_once_are_counted_on_every_server_and_survive_a_restart() {
    let app = direct();
    app.user("ann");
    let other = on_postgres().then(|| direct_in(Home::on(app.home.database_url.clone())));
    let server = |n: usize| other.as_ref().filter(|_| n % 2 == 1).unwrap_or(&app);
    let began = app.clock.now().unix_millis();
    let answers = at_once(50, |n| {
        let identity = format!("user{n}@example.com");
        try_from(server(n), STRANGERS, &identity, "a guess").status
    });
    assert_eq!(answers, [400; 50]);
    let ended = app.clock.now().unix_millis();
    // Each of the fifty failures counts for half a minute.
    let cleared =
        app.text("SELECT CAST(cleared AS TEXT) AS value FROM _attempts WHERE kind = 'address'");
    let cleared: i64 = cleared.parse().expect("a number");
    let fifty = 50 * 30_000;
    assert!((began + fifty..=ended + fifty).contains(&cleared));
    // Of fifty guesses at one account, ten get an answer, and no right one comes through after them.
    let answers = at_once(50, |n| {
        try_from(server(n), STRANGERS, "ann@example.com", "a guess").status
    });
    let answered = answers.iter().filter(|status| **status == 400).count();
    let delayed = answers.iter().filter(|status| **status == 429).count();
    assert_eq!((answered, delayed), (10, 40), "{answers:?}");
    let right = |n| try_from(server(n), STRANGERS, "ann@example.com", PASSWORD);
    right(0).waits(30);
    right(1).waits(30);
    drop(other);
    let app = direct_in(app.stop());
    try_from(&app, STRANGERS, "ann@example.com", PASSWORD).waits(30);
    try_from(&app, OWNERS, "ann@example.com", PASSWORD).is(200);
}

#[test]
fn many_devices_sign_in_at_once_with_the_right_password() {
    let app = direct();
    app.user("ann");
    let answers = at_once(40, |_| {
        try_from(&app, OWNERS, "ann@example.com", PASSWORD).status
    });
    assert_eq!(answers, [200; 40]);
}

#[test]
fn n26_behind_a_proxy_nobody_waits_long_and_known_devices_not_at_all() {
    let app = TestApp::start();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let guest = app.guest();
    let mut time = app.clock.now();
    for n in 0..10 {
        app.clock.set(time);
        sign_in(&guest, "ann@example.com", &format!("guess {n}")).refused(400);
    }
    let from_here = |headers: &str| {
        let body = json!({"identity": "ann@example.com", "password": PASSWORD});
        post_from(&app, Ipv4Addr::LOCALHOST, PATH, headers, &body)
    };
    app.clock.set(time);
    let wait = from_here("");
    wait.waits(5);
    assert!(wait.wait <= 10, "{wait:?}");
    // A device that has signed in before has its token, even if that has expired.
    time = time + Duration::from_secs(10 * 24 * 3600);
    for _ in 0..12 {
        app.clock.set(time);
        sign_in(&guest, "ann@example.com", "a guess");
    }
    app.clock.set(time);
    from_here("").waits(5);
    let token = format!("Authorization: {}\r\n", ann.token);
    from_here(&token).is(200);
    app.clock.set(time);
    // A token of somebody else, or one that was made up, is not one of the account's.
    for stranger in [bob.token.as_str(), app.root().token.as_str(), "a.b.c"] {
        app.clock.set(time);
        from_here(&format!("Authorization: {stranger}\r\n")).waits(5);
    }
    let (head, _) = ann.token.rsplit_once('.').expect("three parts");
    app.clock.set(time);
    from_here(&format!("Authorization: {head}.{}\r\n", "A".repeat(43))).waits(5);
    // With the token one can guess no more often than without.
    let with_token = |n: i32| {
        let body = json!({"identity": "ann@example.com", "password": format!("guess {n}")});
        post_from(&app, Ipv4Addr::LOCALHOST, PATH, &token, &body)
    };
    for n in 0..10 {
        with_token(n).is(400);
    }
    with_token(10).waits(30);
    // Others' accounts are not delayed.
    sign_in(&guest, "bob@example.com", PASSWORD).ok();
    app.clock.set(time + Duration::from_secs(30));
    from_here("").is(200);
}

#[test]
fn n26_mails_and_links_are_limited_and_a_good_link_always_works() {
    let app = direct();
    app.user("ann");
    let send = |what: &str, body: Value| {
        let path = format!("/api/collections/users/{what}");
        post_from(&app, STRANGERS, &path, "", &body)
    };
    let verify = |token: &str| send("confirm-verification", json!({"token": token}));
    app.root()
        .update("users", ANN, json!({"verified": false}))
        .ok();
    let ask = json!({"email": "ann@example.com"});
    send("request-verification", ask.clone()).is(204);
    let mail = wait_until(&app, 1, |mail| mail["status"] == "kept").remove(0);
    let link = token_in(mail["text"].as_str().expect("a text"), "verification");
    let time = app.clock.now();
    for n in 0..99 {
        app.clock.set(time);
        let ask = json!({"email": format!("user{n}@example.com")});
        send("request-password-reset", ask).is(204);
    }
    let early = |answer: Answer| {
        answer.waits(10);
        app.clock.set(time);
    };
    app.clock.set(time);
    early(send("request-password-reset", ask.clone()));
    early(send("request-verification", ask));
    // That delays nobody's password there, which is counted apart. No forged token and none of another kind gets through.
    try_from(&app, STRANGERS, "ann@example.com", "mistyped").is(400);
    app.clock.set(time);
    try_from(&app, STRANGERS, "ann@example.com", PASSWORD).is(200);
    app.clock.set(time);
    let (head, _) = link.rsplit_once('.').expect("three parts");
    early(verify(&format!("{head}.{}", "A".repeat(43))));
    let reset =
        json!({"token": link, "password": "new password", "passwordConfirm": "new password"});
    early(send("confirm-password-reset", reset));
    verify(&link).is(204);
}

#[test]
fn superusers_see_and_lift_delays() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let delays = |client: &Client| client.get("/api/accounts/delays");
    assert_eq!(delays(app.root()).ok(), json!([]));
    let time = app.clock.now();
    let guess = || {
        app.clock.set(time);
        sign_in(&app.guest(), "Ann@example.com", "a guess").status
    };
    for _ in 0..10 {
        assert_eq!(guess(), 400);
    }
    assert_eq!(guess(), 429);
    let listed = delays(app.root()).ok();
    let delay = &listed[0];
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    for (name, value) in [
        ("kind", json!("pair")),
        ("purpose", json!("password")),
        ("collection", json!("_pb_users_auth_")),
        ("identity", json!("ann@example.com")),
        ("client", json!("127.0.0.1")),
        ("failures", json!(10)),
        ("delay", json!(5)),
    ] {
        assert_eq!(delay[name], value, "{name}: {listed}");
    }
    let path = format!(
        "/api/accounts/delays/{}",
        delay["id"].as_str().expect("an id")
    );
    for (client, status) in [(&app.guest(), 401), (&ann, 403)] {
        delays(client).refused(status);
        client.delete(&path).refused(status);
    }
    assert_eq!(guess(), 429);
    app.root()
        .delete("/api/accounts/delays/missing")
        .refused(404);
    assert_eq!(app.root().delete(&path).status, 204);
    app.root().delete(&path).refused(404);
    assert_eq!(delays(app.root()).ok(), json!([]));
    sign_in(&app.guest(), "ann@example.com", PASSWORD).ok();
}

#[test]
fn an_operator_lifts_delays_by_the_command_line() {
    let app = TestApp::start();
    let guess = |identity: &str| {
        for _ in 0..10 {
            sign_in(&app.guest(), identity, "a guess").refused(400);
        }
    };
    let command = |args: &[&str]| {
        let mut command = plinth(&app.home);
        command.arg("delays").args(args);
        let output = run(command, "");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.success(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    assert_eq!(command(&["list"]).1, "Nobody has to wait\n");
    guess("ann@example.com");
    guess("\u{1b}[2J@example.com");
    let (_, listed, _) = command(&["list"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("\\u{1b}[2j@example.com"), "{listed}");
    let line = listed
        .lines()
        .find(|line| line.contains("users ann@example.com 127.0.0.1"));
    let id = line.expect("a line").split(' ').next().expect("an id");
    assert_eq!(command(&["lift", id]).1, format!("Lifted {id}\n"));
    let (is_good, _, error) = command(&["lift", id]);
    assert!(!is_good && error.contains("there is no delay"), "{error}");
    assert!(!command(&["lift"]).0);
    guess("ann@example.com");
    assert!(command(&["lift", "--all"]).0);
    assert_eq!(command(&["list"]).1, "Nobody has to wait\n");
}

#[test]
fn what_no_longer_counts_is_swept() {
    let app = direct();
    app.user("ann");
    let rows = || app.text("SELECT CAST(count(*) AS TEXT) AS value FROM _attempts");
    let sweep = || {
        let swept = plinth::accounts::attempts::sweep(&app.app);
        actix_web::rt::System::new().block_on(swept).expect("swept");
    };
    let others = rows();
    try_from(&app, STRANGERS, "nobody@example.com", "a guess").is(400);
    try_from(&app, OWNERS, "ann@example.com", PASSWORD).is(200);
    sweep();
    let kept = |more: u32| (others.parse::<u32>().expect("a number") + more).to_string();
    // A pair, an identity and an address; and the pair that has signed in, without whom and where.
    assert_eq!(rows(), kept(4));
    assert_eq!(
        app.text("SELECT max(identity || client) AS value FROM _attempts WHERE succeeded > 0"),
        ""
    );
    app.clock.advance(Duration::from_secs(2 * 3600));
    sweep();
    assert_eq!(rows(), kept(1));
    app.clock.advance(Duration::from_secs(31 * 24 * 3600));
    sweep();
    assert_eq!(rows(), "0");
    // However many there are, the room is limited; those who guess most are kept.
    let now = app.clock.now().unix_millis();
    let numbers = if on_postgres() {
        "SELECT generate_series(1, 100100) AS n"
    } else {
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100100) SELECT n FROM n"
    };
    app.execute(&format!(
        "INSERT INTO _attempts (id, kind, rule, purpose, collection, identity, client, last, cleared, succeeded) \
         SELECT 'row' || n, 'pair', 'strict', 'password', '', '', '', {now}, {now} + 1000 * n, 0 FROM ({numbers}) AS numbers"
    ));
    app.clock
        .set(plinth::clock::Timestamp::from_unix(now / 1000 - 1));
    sweep();
    assert_eq!(rows(), "100000");
    assert_eq!(
        app.text("SELECT CAST(min(cleared) AS TEXT) AS value FROM _attempts"),
        (now + 101_000).to_string()
    );
}
