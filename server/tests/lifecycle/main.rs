//! A server starts and stops such that nobody notices who does not have to.

#[cfg(target_os = "linux")]
mod memory;
mod operation;
#[path = "../support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::process::{Process, make_superuser, plinth, run};
use crate::support::{Home, at_once, on_postgres};

fn open_posts(server: &Process) {
    let posts = json!({
        "name": "posts", "createRule": "", "listRule": "", "viewRule": "",
        "fields": [{"type": "text", "name": "title"}],
    });
    server.root().post("/api/collections", posts).ok();
}

/// Begins to create a record, which the server waits for when this returns, and leaves the last byte of the body out.
fn begin_to_create(server: &Process, title: &str) -> (TcpStream, String) {
    let body = json!({"title": title}).to_string();
    let mut stream = server.connect();
    let head = format!(
        "POST /api/collections/posts/records HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    let goes_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut answer = vec![0; goes_on.len()];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(answer, goes_on);
    let (first, last) = body.split_at(body.len() - 1);
    stream.write_all(first.as_bytes()).expect("it reads");
    (stream, last.to_owned())
}

/// Waits until the server takes no new connections.
fn wait_until_closed(server: &Process) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while server.client.try_send("GET", "/livez", None, "").is_some() {
        assert!(Instant::now() < deadline, "it goes on listening");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_request_in_flight_gets_its_answer_and_open_connections_delay_nothing() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start_with(&home, &[("PLINTH_DRAIN_SECONDS", "3000")]);
    open_posts(&server);
    let mut idle = server.connect();
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("it reads");
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).expect("an answer");
    let mut realtime = server.connect();
    realtime
        .write_all(b"GET /api/realtime HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("it reads");
    let mut answer = [0; 12];
    realtime.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    let (mut slow, rest) = begin_to_create(&server, "slow");
    server.terminate();
    // Ends with the connection.
    realtime
        .read_to_end(&mut Vec::new())
        .expect("it ends in order");
    wait_until_closed(&server);
    slow.write_all(rest.as_bytes()).expect("it still reads");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let head = answer.to_ascii_lowercase();
    assert!(head.contains("\r\nconnection: close\r\n"), "{answer}");
    assert_eq!(server.end(), Some(0));

    if !on_postgres() {
        let log = home.dir.path().join("data.db-wal");
        let left = std::fs::metadata(log).map_or(0, |log| log.len());
        assert_eq!(left, 0, "the write-ahead log is not empty");
    }
    let server = Process::start(&home);
    assert_eq!(server.client.all("posts", "title"), ["slow"]);
    // What the process counted that is gone is not.
    let overview = server.root().get("/api/metrics/overview").ok();
    let minutes = overview["minutes"].as_array().expect("minutes").clone();
    let requests: u64 = minutes.iter().filter_map(|m| m["requests"].as_u64()).sum();
    assert!(requests >= 3, "{overview}");
}

#[test]
fn a_request_that_never_ends_is_cut_off_at_the_limit() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start_with(&home, &[("PLINTH_DRAIN_SECONDS", "1")]);
    open_posts(&server);
    let (mut slow, _) = begin_to_create(&server, "never");
    server.terminate();
    assert_eq!(server.end(), Some(0));
    let mut answer = Vec::new();
    // Reset or closed, but not answered.
    let _ = slow.read_to_end(&mut answer);
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn who_is_told_twice_ends_at_once() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start_with(&home, &[("PLINTH_DRAIN_SECONDS", "3000")]);
    open_posts(&server);
    let _never = begin_to_create(&server, "never");
    server.terminate();
    wait_until_closed(&server);
    server.terminate();
    assert_eq!(server.end(), Some(1));
}

#[test]
fn a_server_that_drains_is_not_ready_and_still_serves() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start_with(&home, &[("PLINTH_READY_DELAY_SECONDS", "3000")]);
    open_posts(&server);
    server.terminate();
    let refusal = server.wait_until("/readyz", 503);
    let expected = json!({"ready": false, "server": "draining", "database": "ok", "writes": "ok", "realtime": "ok"});
    assert_eq!(refusal.body, expected);
    assert_eq!(server.client.get("/livez").status, 200);
    server.client.create("posts", json!({"title": "late"}));
    assert_eq!(server.client.all("posts", "title"), ["late"]);
    let mut last = server.connect();
    last.write_all(b"GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    // Ends only because the connection does.
    last.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.terminate();
    assert_eq!(server.end(), Some(1));
}

/// Keeps everybody from migrating, until it is dropped.
fn in_the_way(home: &Home) -> Box<dyn std::any::Any> {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection, SqliteConnection};
    if on_postgres() {
        let mut conn = PgConnection::establish(&home.database_url).expect("a database");
        conn.batch_execute("SELECT pg_advisory_lock(7240931)")
            .expect("a lock");
        Box::new(conn)
    } else {
        let path = home.dir.path().join("data.db");
        let path = path.to_str().expect("a path of text");
        let mut conn = SqliteConnection::establish(path).expect("a database");
        conn.batch_execute("PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE")
            .expect("a lock");
        Box::new(conn)
    }
}

#[test]
fn a_server_is_alive_and_not_ready_while_it_migrates() {
    let home = Home::new();
    let lock = in_the_way(&home);
    let server = Process::spawn(&home, Command::new("env"));
    assert_eq!(server.wait_until("/livez", 200).text, "ok");
    let refusal = server.client.get("/readyz");
    let expected = json!({"ready": false, "server": "starting", "database": "unknown", "writes": "unknown", "realtime": "unknown"});
    assert_eq!((refusal.status, refusal.body), (503, expected));
    let paths = [
        "/api/health",
        "/api/collections/users/records",
        "/metrics",
        "/x",
    ];
    for refusal in at_once(paths.len(), |n| server.client.get(paths[n])) {
        refusal.refused(503);
        assert!(refusal.text.contains("starting"), "{}", refusal.text);
    }
    // Who is a little too early gets an answer, not a refusal.
    let early = std::thread::scope(|scope| {
        let early = scope.spawn(|| server.client.get("/api/health"));
        drop(lock);
        early.join().expect("no panic")
    });
    assert_eq!(early.status, 200, "{}", early.text);
    server.wait_until("/readyz", 200);

    // Another one is told to stop before it can begin.
    let home = Home::new();
    let _lock = in_the_way(&home);
    let server = Process::spawn(&home, Command::new("env"));
    server.wait_until("/livez", 200);
    server.terminate();
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_database_is_brought_up_to_date_once_by_however_many() {
    let home = Home::new();
    let migrate = || {
        let mut command = plinth(&home);
        command.arg("migrate");
        let output = run(command, "");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), message)
    };
    if on_postgres() {
        // Servers that start on an empty database, and those that only migrate it.
        let servers = [0, 1].map(|_| Process::spawn(&home, Command::new("env")));
        for (code, message) in support::at_once(4, |_| migrate()) {
            assert_eq!(code, Some(0), "{message}");
        }
        for server in &servers {
            server.wait_until("/readyz", 200);
        }
    }
    for _ in 0..2 {
        let (code, message) = migrate();
        assert_eq!(code, Some(0), "{message}");
    }
    make_superuser(&home);
    let server = Process::start(&home);
    let collections = server.root().get("/api/collections?perPage=500").ok();
    let names: Vec<_> = collections["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|collection| collection["name"].to_string())
        .collect();
    let distinct: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(names.len(), distinct.len(), "{names:?}");
    let (code, message) = migrate();
    if on_postgres() {
        assert_eq!(code, Some(0), "{message}");
    } else {
        // Its server has done it.
        assert!(message.contains("another server already uses"), "{message}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused_at_the_start() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("an address").to_string();
    let cases = [
        ("PLINTH_DRAIN_SECONDS", "3601", "drain_seconds"),
        ("PLINTH_DRAIN_SECONDS", "-1", "drain_seconds"),
        (
            "PLINTH_READY_DELAY_SECONDS",
            "99999999999",
            "ready_delay_seconds",
        ),
        ("PLINTH_READY_DELAY_SECONDS", "soon", "ready_delay_seconds"),
        ("PLINTH_METRICS_TOKEN", "with a space", "metrics_token"),
        ("PLINTH_METRICS_TOKEN", "snowman\u{2603}", "metrics_token"),
        ("PLINTH_METRICS_HTTP", "127.0.0.1:0", "metrics_http"),
        ("PLINTH_METRICS_HTTP", "nowhere", "cannot listen on nowhere"),
        ("PLINTH_METRICS_HTTP", &taken, "cannot listen on"),
    ];
    for (name, value, expected) in cases {
        let mut command = plinth(&home);
        command
            .args(["serve", "--http", "127.0.0.1:0"])
            .env(name, value);
        let output = run(command, "");
        assert_eq!(output.status.code(), Some(1), "{name}={value}");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(
            message.to_lowercase().contains(expected),
            "{name}={value}: {message}"
        );
    }
}

#[test]
fn metrics_have_an_address_of_their_own() {
    let home = Home::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let address = format!("127.0.0.1:{port}");
    let server = Process::start_with(&home, &[("PLINTH_METRICS_HTTP", &address)]);
    let apart = support::Client::guest(&format!("http://{address}"));
    let metrics = apart.get("/metrics");
    assert_eq!(metrics.status, 200);
    assert!(
        metrics.text.contains("\nplinth_build_info{"),
        "{}",
        metrics.text
    );
    // There is nothing else there, and no metrics anywhere else.
    for path in ["/", "/api/health", "/api/collections"] {
        apart.get(path).refused(404);
    }
    server.client.get("/metrics").refused(404);
}

#[test]
fn n79_a_server_with_few_file_descriptors_answers_probes_whatever_a_stranger_holds() {
    let home = Home::new();
    make_superuser(&home);
    let mut program = Command::new("sh");
    program.args(["-c", "ulimit -n 300; exec \"$@\"", "sh"]);
    let server = Process::start_as(&home, program);
    let streams: Vec<TcpStream> = (0..350)
        .map(|_| {
            let mut stream = server.connect();
            let _ = stream.write_all(b"GET /api/realtime HTTP/1.1\r\nHost: a\r\n\r\n");
            stream
        })
        .collect();
    for path in ["/readyz", "/api/health", "/livez"] {
        let began = Instant::now();
        server.wait_until(path, 200);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(10), "{path}: {took:?}");
    }
    drop(streams);
    // And everybody is served again.
    server.wait_until("/api/collections/users/records", 200);
    server.root();
}

/// The most memory that the server has had so far, in megabytes.
fn peak(server: &Process) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()));
    let status = status.expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes
        .expect("a peak")
        .trim()
        .parse::<usize>()
        .expect("a number")
        >> 10
}

#[test]
fn o05_a_deep_page_of_a_list_without_an_index_for_its_order_takes_little_memory() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    open_posts(&server);
    let (numbers, title) = if on_postgres() {
        (
            "SELECT generate_series(1, 150000) AS n",
            "repeat(md5(CAST(n AS TEXT)), 32)",
        )
    } else {
        (
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 150000) SELECT n FROM n",
            "hex(randomblob(512))",
        )
    };
    home.execute(&format!(
        "INSERT INTO posts (id, title) SELECT 'post' || n, {title} FROM ({numbers}) AS numbers"
    ));
    let root = server.root();
    root.get("/api/collections/posts/records?perPage=1").ok();
    let before = peak(&server);
    // All rows are 150 MB, and all but the last thirty are skipped.
    let path = "/api/collections/posts/records?sort=title&page=5000&perPage=30&skipTotal=1";
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| root.get(path).ok());
        }
    });
    let grown = peak(&server) - before;
    assert!(grown < 100, "{grown} MB");
}
