//! Bodies that are not JSON: forms, of one line and of parts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plinth::config::Config;
use serde_json::json;

use crate::bad_input::{RECORDS, things};
use crate::support::{Home, MULTIPART, PASSWORD, TestApp, multipart};

const KEPT: &str = "/api/collections/things/records/kept00000000000";

#[test]
fn a_form_is_as_good_as_json() {
    let app = TestApp::start();
    things(&app);
    let client = app.guest();
    let line = "title=001&n=1.5&ok=true&many=a&many=b&one=a&data=%5B1%2C2%5D&unknown=x&=y";
    let parts = multipart(&[
        ("title", None, b"001"),
        ("n", None, b"1.5"),
        ("ok", None, b"true"),
        ("many", None, b"a"),
        ("many", None, b"b"),
        ("one", None, b"a"),
        ("data", None, b"[1,2]"),
        ("unknown", None, b"x"),
        ("", None, b"y"),
    ]);
    let made = [
        client.send_form("POST", RECORDS, line).ok(),
        client.send("POST", RECORDS, Some(parts), MULTIPART).ok(),
    ];
    for made in made {
        assert_eq!(made["title"], "001");
        assert_eq!(made["n"], 1.5);
        assert_eq!(made["ok"], true);
        assert_eq!(made["many"], json!(["a", "b"]));
        assert_eq!(made["one"], "a");
        assert_eq!(made["data"], json!([1, 2]));
    }
    let changed = client
        .send_form("PATCH", KEPT, "n=7&%2Bmany=b&data=true")
        .ok();
    assert_eq!(changed["title"], "kept");
    assert_eq!(changed["n"], 7);
    assert_eq!(changed["many"], json!(["b"]));
    assert_eq!(changed["data"], true);
    // A number where it is told from a text.
    for (sent, stored) in [
        ("5", json!(5)),
        ("a", json!("a")),
        ("1&data=x&data=false", json!([1, "x", false])),
    ] {
        let changed = client
            .send_form("PATCH", KEPT, &format!("data={sent}"))
            .ok();
        assert_eq!(changed["data"], stored, "{sent}");
    }
}

#[test]
fn a_json_payload_comes_last_and_is_taken_as_it_is() {
    let app = TestApp::start();
    things(&app);
    let client = app.guest();
    let parts = [
        ("@jsonPayload", None, &br#"{"title": "first", "n": 1}"#[..]),
        ("title", None, b"plain"),
        ("data", None, b"1"),
        ("@jsonPayload", None, br#"{"title": "001", "ok": true}"#),
    ];
    let made = client.send_parts("POST", RECORDS, &parts).ok();
    assert_eq!(made["title"], "001");
    assert_eq!(made["n"], 1);
    assert_eq!(made["ok"], true);
    assert_eq!(made["data"], 1);
    let before = app.root().everything(&["things"]);
    for payload in ["", "{", "[]", "5", "{\"title\": \"a\"} x"] {
        let parts = [("@jsonPayload", None, payload.as_bytes())];
        client.send_parts("POST", RECORDS, &parts).refused(400);
        client
            .send_form("POST", RECORDS, &format!("@jsonPayload={payload}"))
            .refused(400);
    }
    assert_eq!(app.root().everything(&["things"]), before);
}

#[test]
fn every_route_with_a_body_takes_a_form() {
    let app = TestApp::start();
    let root = app.root();
    let account = format!("email=ann@example.com&password={PASSWORD}&passwordConfirm={PASSWORD}");
    root.send_form("POST", "/api/collections/users/records", &account)
        .ok();
    let sign_in = "/api/collections/users/auth-with-password";
    let credentials = [
        ("identity", None, &b"ann@example.com"[..]),
        ("password", None, PASSWORD.as_bytes()),
    ];
    for reply in [
        app.guest().send_parts("POST", sign_in, &credentials),
        app.guest().send_form(
            "POST",
            sign_in,
            &format!("identity=ann@example.com&password={PASSWORD}"),
        ),
    ] {
        assert!(reply.ok()["token"].is_string());
    }
    // Digits stay the text that a password is.
    let digits = "12345678";
    let account = format!("email=d@example.com&password={digits}&passwordConfirm={digits}");
    root.send_form("POST", "/api/collections/users/records", &account)
        .ok();
    let form = format!("identity=d@example.com&password={digits}");
    app.guest().send_form("POST", sign_in, &form).ok();

    let form = r#"name=made&type=base&@jsonPayload={"fields":[{"type":"text","name":"a"}]}"#;
    let made = root.send_form("POST", "/api/collections", form).ok();
    assert_eq!(made["name"], "made");
    assert_eq!(made["fields"][1]["name"], "a");
    let parts = [("@jsonPayload", None, &br#"{"listRule": ""}"#[..])];
    let changed = root
        .send_parts("PATCH", "/api/collections/made", &parts)
        .ok();
    assert_eq!(changed["listRule"], "");
    let form = "identity=%zz&password=b";
    app.guest().send_form("POST", sign_in, form).refused(400);
}

#[test]
fn a_file_for_a_field_that_takes_none_is_left_out() {
    let app = TestApp::start();
    things(&app);
    let large = vec![b'x'; 3 << 20];
    let parts = [
        ("title", Some("a.txt"), &b"content"[..]),
        ("n", Some("n.txt"), b"5"),
        ("nothing", Some("large.bin"), &large),
        ("data", None, b"1"),
        // Without a name of a file it is a text.
        ("one", Some(""), b"a"),
    ];
    let made = app.guest().send_parts("POST", RECORDS, &parts).ok();
    assert_eq!(made["title"], "");
    assert_eq!(made["n"], 0);
    assert_eq!(made["data"], 1);
    assert_eq!(made["one"], "a");
}

#[test]
fn a_form_that_is_none_is_refused() {
    let app = TestApp::start();
    things(&app);
    let before = app.root().everything(&["things"]);
    let head = "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n";
    let bad: Vec<(&str, Vec<u8>)> = vec![
        (
            "multipart/form-data",
            format!("{head}a\r\n--x--\r\n").into_bytes(),
        ),
        ("multipart/form-data; boundary=x", b"hello".to_vec()),
        (
            "multipart/form-data; boundary=x",
            format!("{head}abc").into_bytes(),
        ),
        (
            "multipart/form-data; boundary=x",
            format!("{head}abc\r\n--x").into_bytes(),
        ),
        (
            "multipart/form-data; boundary=x",
            format!("{head}abc\r\n--y--").into_bytes(),
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition".to_vec(),
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\n\x00: \xff\r\n\r\na\r\n--x--\r\n".to_vec(),
        ),
        (
            "multipart/form-data; boundary=x",
            [head.as_bytes(), b"\xff\xfe\r\n--x--\r\n"].concat(),
        ),
        (
            "multipart/mixed; boundary=x",
            format!("{head}a\r\n--x--\r\n").into_bytes(),
        ),
        ("application/x-www-form-urlencoded", b"title=%zz".to_vec()),
        ("application/x-www-form-urlencoded", b"title=%a".to_vec()),
        ("application/x-www-form-urlencoded", b"title=a;n=1".to_vec()),
        ("application/x-www-form-urlencoded", b"title=\xff".to_vec()),
        ("application/xml", b"<x><title>a</title></x>".to_vec()),
        ("text/xml", b"<x><title>a</title></x>".to_vec()),
        (
            "text/xml",
            b"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><x>&a;</x>".to_vec(),
        ),
    ];
    for (kind, body) in bad {
        for (method, path) in [("POST", RECORDS), ("PATCH", KEPT)] {
            let reply = app.guest().send(method, path, Some(body.clone()), kind);
            let start = String::from_utf8_lossy(&body);
            assert_eq!(reply.status, 400, "{kind} {start}: {}", reply.text);
            reply.refused(400);
        }
    }
    assert_eq!(app.root().everything(&["things"]), before);
    let empty = app
        .guest()
        .send("POST", RECORDS, Some(Vec::new()), "text/xml");
    assert_eq!(empty.ok()["title"], "");
}

#[test]
fn n42_parts_fields_and_headers_are_bounded() {
    let app = TestApp::start();
    things(&app);
    let before = app.root().everything(&["things"]);
    let many = |count: usize| multipart(&vec![("k", None, &b"v"[..]); count]);
    let send = |body: Vec<u8>| app.guest().send("POST", RECORDS, Some(body), MULTIPART);
    send(many(1_001)).refused(400);
    send(many(10_000)).refused(400);
    let fields = |count: usize| vec!["k=v"; count].join("&");
    app.guest()
        .send_form("POST", RECORDS, &fields(10_001))
        .refused(400);
    let header = |length: usize| {
        let padding = "x".repeat(length);
        let part = "Content-Disposition: form-data; name=\"title\"";
        format!("--a-boundary\r\nX: {padding}\r\n{part}\r\n\r\na\r\n--a-boundary--\r\n")
            .into_bytes()
    };
    send(header(200_000)).refused(400);
    let headers = "X: y\r\n".repeat(1_000);
    send(format!("--a-boundary\r\n{headers}\r\na\r\n--a-boundary--\r\n").into_bytes()).refused(400);
    send("-".repeat(5 << 20).into_bytes()).refused(400);
    // Beyond 32 MB and what the one JSON field takes.
    let text = vec![b'a'; 34 << 20];
    for parts in [
        [("title", None, &text[..])],
        [("title", Some("a.txt"), &text[..])],
    ] {
        let reply = app.guest().send_parts("POST", RECORDS, &parts);
        assert_eq!(reply.status, 413, "{}", reply.text);
    }
    assert_eq!(app.root().everything(&["things"]), before);
    send(many(1_000)).ok();
    send(header(10_000)).ok();
    app.guest().send_form("POST", RECORDS, &fields(10_000)).ok();
}

#[test]
fn n42_a_body_that_comes_byte_by_byte_is_read_as_one() {
    let app = TestApp::start();
    things(&app);
    let body = multipart(&[
        ("title", None, b"\r\n--a-boundar\r\n--"),
        ("nothing", Some("a.bin"), b"\r\n--a-boundar"),
        ("n", None, b"5"),
    ]);
    let address = app.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("an option");
    let length = body.len();
    write!(
        stream,
        "POST {RECORDS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {MULTIPART}\r\nContent-Length: {length}\r\n\r\n"
    )
    .expect("a head");
    for byte in body {
        stream.write_all(&[byte]).expect("a byte");
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""n":5"#), "{answer}");
    assert!(
        answer.contains(r#""title":"\r\n--a-boundar\r\n--""#),
        "{answer}"
    );
}

/// A line of a head and a part of a body, on a connection of its own.
fn begin(app: &TestApp, path: &str, length: usize, part: &[u8]) -> TcpStream {
    let address = app.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let timeout = Some(Duration::from_secs(60));
    stream.set_read_timeout(timeout).expect("an option");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("a head");
    // A server that has no room for it stops reading.
    let _ = stream.write_all(part);
    stream
}

fn answer(stream: &mut TcpStream) -> String {
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn n64_a_body_is_as_large_as_what_its_collection_holds() {
    let app = TestApp::start();
    things(&app);
    app.open_collection("notes", json!([{"type": "text", "name": "title"}]));
    let guest = app.guest();
    let notes = "/api/collections/notes/records";
    let zeros = |count: usize| format!("[{}]", vec!["0"; count].join(","));
    let send = |path: &str, body: String| {
        guest.send("POST", path, Some(body.into_bytes()), "application/json")
    };
    // A text of 5,000 characters needs no more than 60 KB, and the rest has 256 KiB.
    send(notes, format!(r#"{{"x":{}}}"#, zeros(1_000_000))).refused(413);
    let form = format!("x={}", "y".repeat(1 << 20));
    assert_eq!(guest.send_form("POST", notes, &form).status, 413);
    let long = "y".repeat(1 << 20);
    for name in ["x", "title"] {
        let reply = guest.send_parts("POST", notes, &[(name, None, long.as_bytes())]);
        assert_eq!(reply.status, 413, "{}", reply.text);
    }
    for path in [
        "/api/collections/users/auth-with-password",
        "/api/collections/users/request-password-reset",
        "/api/collections/users/confirm-password-reset",
        "/api/collections/users/confirm-verification",
    ] {
        send(path, format!(r#"{{"x":"{long}"}}"#)).refused(413);
    }
    // A body within the limit is read, however it is written.
    let escaped = "\\u00e9".repeat(5_000);
    send(notes, format!(r#"{{"title":"{escaped}"}}"#)).ok();
    // Keys that nobody asks for are not read.
    let made = send(notes, format!(r#"{{"x":{},"title":"a"}}"#, zeros(100_000))).ok();
    assert_eq!(made["title"], "a");
    // Those of fields may have so many values.
    send(RECORDS, format!(r#"{{"data":{}}}"#, zeros(90_000))).ok();
    let reply = send(RECORDS, format!(r#"{{"data":{}}}"#, zeros(100_001)));
    reply.refused(400);
    assert!(
        reply.text.contains("more than 100000 values"),
        "{}",
        reply.text
    );
    for text in [zeros(100_001), format!("[{}]", zeros(100_001))] {
        guest
            .try_create("things", json!({"data": text}))
            .refused_for("data", "invalid_json");
    }
    let reply = send(RECORDS, format!(r#"{{"tags":{}}}"#, zeros(100_001)));
    reply.refused(400);
}

#[test]
fn n64_rules_see_the_keys_that_they_ask_for() {
    let app = TestApp::start();
    app.collection(json!({
        "name": "doors", "type": "base", "fields": [{"type": "text", "name": "title"}],
        "createRule": "@request.body.word = 'open' && @request.body.more.inside != 'shut' \
            && @request.body.other:isset = false",
    }));
    let guest = app.guest();
    let create = |body| guest.try_create("doors", body).status;
    let list = json!(["a", "b"]);
    assert_eq!(
        create(json!({"word": "open", "list": list, "unknown": 1})),
        200
    );
    assert_eq!(create(json!({"word": "shut", "list": list})), 400);
    let more = json!({"inside": "shut"});
    assert_eq!(
        create(json!({"word": "open", "list": list, "more": more})),
        400
    );
    assert_eq!(
        create(json!({"word": "open", "list": list, "other": 1})),
        400
    );
    let form = "word=open&list=a&list=b&unknown=1";
    guest
        .send_form("POST", "/api/collections/doors/records", form)
        .ok();
}

#[test]
fn n64_bodies_on_their_way_have_a_budget() {
    let home = Home::new();
    let config = Config {
        bodies_mb: 8,
        ..home.config()
    };
    let app = TestApp::start_with(home, config);
    app.open_collection("pages", json!([{"type": "editor", "name": "text"}]));
    app.open_collection("notes", json!([{"type": "text", "name": "title"}]));
    let pages = "/api/collections/pages/records";
    let part = vec![b' '; 2 << 20];
    // Half of six MiB is for guests: one such body, and what is small.
    let slow: Vec<TcpStream> = (0..5)
        .map(|_| begin(&app, pages, 3_000_000, &part))
        .collect();
    let is_over = Arc::new(AtomicBool::new(false));
    // A body that grows while another has taken the rest is refused: nothing is sent while it is held.
    let turn = Arc::new(Mutex::new(()));
    let feeding = slow.iter().map(|stream| {
        let mut stream = stream.try_clone().expect("a handle");
        let (is_over, turn) = (Arc::clone(&is_over), Arc::clone(&turn));
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let held = turn.lock().expect("nobody panicked");
                if stream.write_all(&[b' '; 16 << 10]).is_err() {
                    break;
                }
                drop(held);
                std::thread::sleep(Duration::from_secs(1));
            }
            let _ = stream.shutdown(std::net::Shutdown::Both);
        })
    });
    let feeding: Vec<_> = feeding.collect();
    let answers: Vec<String> = slow
        .iter()
        .map(|stream| {
            let timeout = Some(Duration::from_secs(3));
            stream.set_read_timeout(timeout).expect("an option");
            answer(&mut stream.try_clone().expect("a handle"))
        })
        .collect();
    let refused: Vec<&String> = answers.iter().filter(|answer| !answer.is_empty()).collect();
    assert_eq!(refused.len(), 4, "{answers:?}");
    for answer in refused {
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.to_lowercase().contains("retry-after"), "{answer}");
    }
    // Others are served, whoever they are, as long as they send little.
    app.guest().create("notes", json!({"title": "a"}));
    let text = "x".repeat(3 << 20);
    let held = turn.lock().expect("nobody panicked");
    app.root().create("pages", json!({"text": text}));
    drop(held);
    let text = "x".repeat(2 << 20);
    let reply = app.guest().try_create("pages", json!({"text": text}));
    assert_eq!(reply.status, 503, "{}", reply.text);
    is_over.store(true, Ordering::Relaxed);
    for thread in feeding {
        thread.join().expect("it ends");
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while app
        .guest()
        .try_create("pages", json!({"text": "x".repeat(2 << 20)}))
        .status
        == 503
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the memory does not come back"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn n64_a_body_that_comes_too_slowly_is_let_go() {
    let app = TestApp::start();
    things(&app);
    let mut nothing = begin(&app, RECORDS, 100, b"{");
    let mut much = begin(&app, RECORDS, 2 << 20, &vec![b' '; 1 << 20]);
    let feeding = much.try_clone().map(|mut stream| {
        std::thread::spawn(move || {
            // Enough for who holds little, too little for who holds a megabyte.
            while stream.write_all(&[b' '; 600]).is_ok() {
                std::thread::sleep(Duration::from_millis(500));
            }
        })
    });
    for stream in [&mut nothing, &mut much] {
        let answer = answer(stream);
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(answer.contains("took too long"), "{answer}");
    }
    drop((nothing, much));
    feeding.expect("another handle").join().expect("it ends");
}

#[test]
fn f19_json_that_is_nested_too_deep_is_told_so() {
    let app = TestApp::start();
    things(&app);
    app.root()
        .patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    let guest = app.guest();
    let kind = "application/json";
    for depth in [101, 127, 128, 200, 20_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(r#"{{"title":"a","data":{nested}}}"#);
        let line = format!("title=a&@jsonPayload={body}");
        let field = format!("data={nested}");
        let batch = format!(
            r#"{{"requests":[{{"method":"POST","url":"{RECORDS}","body":{{"title":"b"}}}},{{"method":"POST","url":"{RECORDS}","body":{body}}}]}}"#
        );
        let parts = [("data", None, nested.as_bytes())];
        let payload = [("@jsonPayload", None, body.as_bytes())];
        let text = json!({"data": nested});
        for reply in [
            guest.send("POST", RECORDS, Some(body.clone().into_bytes()), kind),
            guest.send("PATCH", KEPT, Some(body.clone().into_bytes()), kind),
            guest.send_form("POST", RECORDS, &line),
            guest.send_form("POST", RECORDS, &field),
            guest.send_parts("POST", RECORDS, &parts),
            guest.send_parts("POST", RECORDS, &payload),
            guest.post(RECORDS, text),
        ] {
            reply.refused_for("data", "invalid_json");
            assert!(
                reply.text.contains("more than 100 levels"),
                "{}",
                reply.text
            );
        }
        let reply = guest.send("POST", "/api/batch", Some(batch.into_bytes()), kind);
        reply.refused(400);
        let problem = &reply.body["data"]["requests"]["1"]["response"]["data"]["data"];
        assert_eq!(
            problem["params"],
            json!({"maxDepth": 100}),
            "{}",
            reply.text
        );
        let definition = format!(r#"{{"name":"deep","type":"base","fields":{nested}}}"#);
        let reply = app.root().send(
            "POST",
            "/api/collections",
            Some(definition.into_bytes()),
            kind,
        );
        reply.refused_for("fields", "invalid_json");
    }
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let body = format!(r#"{{"data":{nested}}}"#);
    let batch = format!(r#"{{"requests":[{{"method":"POST","url":"{RECORDS}","body":{body}}}]}}"#);
    guest
        .send("POST", RECORDS, Some(body.into_bytes()), kind)
        .ok();
    guest
        .send("POST", "/api/batch", Some(batch.into_bytes()), kind)
        .ok();
    assert_eq!(guest.all("things", "title").len(), 3);
}
