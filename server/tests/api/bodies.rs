//! Bodies that are not JSON: forms, of one line and of parts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::bad_input::{RECORDS, things};
use crate::support::{MULTIPART, PASSWORD, TestApp, multipart};

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
