//! Nothing acknowledged is lost, and a server that cannot work says so.

mod support;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use support::process::{Process, make_superuser, plinth, run};
use support::{Home, MULTIPART, Part, Reply, multipart, on_postgres};

fn posts() -> serde_json::Value {
    json!({
        "name": "posts", "createRule": "", "listRule": "", "viewRule": "",
        "fields": [{"type": "text", "name": "title"}],
        "indexes": ["CREATE UNIQUE INDEX posts_title ON posts (title)"],
    })
}

#[test]
fn n47_every_acknowledged_record_survives_kill_9() {
    let home = Home::new();
    make_superuser(&home);
    let mut server = Process::start(&home);
    server.root().post("/api/collections", posts()).ok();
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    for round in 0..3 {
        let stop = Arc::new(AtomicBool::new(false));
        let before = acknowledged.lock().expect("no panic").len();
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (client, stop) = (server.client.clone(), Arc::clone(&stop));
                let acknowledged = Arc::clone(&acknowledged);
                std::thread::spawn(move || {
                    for n in 0.. {
                        let title = format!("{round}-{writer}-{n}");
                        let body = json!({"title": title}).to_string().into_bytes();
                        let path = "/api/collections/posts/records";
                        let reply = client.try_send("POST", path, Some(body), "application/json");
                        match reply {
                            Some(reply) if reply.status == 200 => {
                                acknowledged.lock().expect("no panic").insert(title);
                            }
                            _ => return,
                        }
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                    }
                })
            })
            .collect();
        // Killed in the middle of a stream, not before it flows.
        while acknowledged.lock().expect("no panic").len() < before + 300 {
            std::thread::sleep(Duration::from_millis(1));
        }
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().expect("no panic");
        }
        server = Process::start(&home);
        let mut found = HashSet::new();
        for page in 1.. {
            let path =
                format!("/api/collections/posts/records?perPage=1000&skipTotal=1&page={page}");
            let items = server.client.get(&path).ok()["items"].clone();
            let items = items.as_array().expect("items");
            found.extend(
                items
                    .iter()
                    .filter_map(|i| i["title"].as_str().map(str::to_owned)),
            );
            if items.len() < 1000 {
                break;
            }
        }
        let acknowledged = acknowledged.lock().expect("no panic");
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "lost {lost:?}");
        // The kept total is the number of rows, also after a crash.
        let total = server
            .client
            .get("/api/collections/posts/records?perPage=1")
            .ok();
        assert_eq!(total["totalItems"], json!(found.len()));
    }
}

/// SQLite's log would be some fifty megabytes if nothing of it were written back meanwhile.
#[test]
fn n61_the_write_ahead_log_stays_bounded() {
    const MOST: u64 = 16 << 20;
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    server.root().post("/api/collections", posts()).ok();
    let path = "/api/collections/posts/records";
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let client = &server.client;
            scope.spawn(move || {
                for n in 0..750 {
                    let title = format!("{writer} {n} {}", "x".repeat(1000));
                    client.post(path, json!({"title": title})).ok();
                }
            });
        }
    });
    let page = server.client.get(&format!("{path}?perPage=1")).ok();
    assert_eq!(page["totalItems"], 6000);
    if let Ok(log) = std::fs::metadata(home.dir.path().join("data.db-wal")) {
        assert!(log.len() < MOST, "{} bytes", log.len());
        assert!(!on_postgres());
    }
}

/// SQLite's log cannot be emptied while a query reads in it: one that takes long has to end. This one would take minutes.
#[test]
fn n62_a_long_read_neither_holds_up_writes_nor_lets_the_log_grow() {
    const MOST: u64 = 64 << 20;
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    let root = server.root();
    let mut texts = posts();
    texts["fields"][0]["max"] = json!(3_000_000);
    texts["indexes"] = json!([]);
    root.post("/api/collections", texts).ok();
    let triples = "SELECT a.id, count(*) AS n FROM posts a, posts b, posts c WHERE b.id <= c.id GROUP BY a.id";
    let view = json!({"name": "triples", "type": "view", "listRule": "", "viewQuery": triples});
    root.post("/api/collections", view).ok();
    let path = "/api/collections/posts/records";
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let client = &server.client;
            scope.spawn(move || (0..500).for_each(|_| drop(client.post(path, json!({})).ok())));
        }
    });
    let read = std::thread::spawn({
        let client = server.client.clone();
        move || client.get("/api/collections/triples/records")
    });
    let log = || std::fs::metadata(home.dir.path().join("data.db-wal")).map_or(0, |log| log.len());
    // Some eighty megabytes.
    for _ in 0..40 {
        let title = "x".repeat(2_000_000);
        server.client.post(path, json!({"title": title})).ok();
        assert!(log() < MOST, "{} bytes", log());
    }
    let reply = read.join().expect("no panic");
    assert_eq!(reply.status, 503, "{}", reply.text);
    assert!(
        reply.text.contains("The query takes too long."),
        "{}",
        reply.text
    );
    server.client.post(path, json!({})).ok();
    assert!(log() <= MOST / 2, "{} bytes", log());
}

#[test]
fn n47_no_record_names_a_file_that_is_not_whole_after_kill_9() {
    let home = Home::new();
    make_superuser(&home);
    let mut server = Process::start(&home);
    let mut docs = posts();
    docs["fields"] = json!([
        {"type": "text", "name": "title"},
        {"type": "file", "name": "doc", "maxSize": 1_000_000},
    ]);
    server.root().post("/api/collections", docs).ok();
    // Large enough for the disk to take a while.
    let content: Arc<Vec<u8>> = Arc::new((0..=255).cycle().take(300_000).collect());
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (client, content) = (server.client.clone(), Arc::clone(&content));
            let acknowledged = Arc::clone(&acknowledged);
            std::thread::spawn(move || {
                for n in 0.. {
                    let title = format!("{writer}-{n}");
                    let parts: [Part; 2] = [
                        ("title", None, title.as_bytes()),
                        ("doc", Some("doc.bin"), &content),
                    ];
                    let path = "/api/collections/posts/records";
                    let body = Some(multipart(&parts));
                    match client.try_send("POST", path, body, MULTIPART) {
                        Some(reply) if reply.status == 200 => {
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                        }
                        _ => return,
                    }
                }
            })
        })
        .collect();
    while acknowledged.load(Ordering::Relaxed) < 40 {
        std::thread::sleep(Duration::from_millis(1));
    }
    server.kill();
    for writer in writers {
        writer.join().expect("no panic");
    }
    server = Process::start(&home);
    let path = "/api/collections/posts/records?perPage=1000";
    let items = server.client.get(path).ok()["items"].clone();
    let items = items.as_array().expect("items");
    assert!(items.len() >= acknowledged.load(Ordering::Relaxed));
    for item in items {
        let text = |key: &str| item[key].as_str().expect("a text").to_owned();
        let path = format!("/api/files/posts/{}/{}", text("id"), text("doc"));
        let found = server.client.fetch("GET", &path, &[]);
        assert_eq!(found.status, 200, "{path}");
        assert!(found.bytes == *content, "{path} is not whole");
    }
}

#[test]
fn a_second_server_on_a_data_directory_says_so_and_stops() {
    let home = Home::new();
    if on_postgres() {
        // Servers on one PostgreSQL are replicas: both serve.
        let _first = Process::start(&home);
        let _second = Process::start(&home);
        return;
    }
    let _first = Process::start(&home);
    let mut second = plinth(&home);
    second.args(["serve", "--http", "127.0.0.1:0"]);
    let output = run(second, "");
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("another server already uses the data directory"),
        "{message}"
    );
}

#[test]
fn a_replica_sees_the_collections_of_another() {
    if !on_postgres() {
        // One process has the embedded database to itself; the command line may still add a superuser.
        let home = Home::new();
        let server = Process::start(&home);
        make_superuser(&home);
        assert_eq!(server.root().get("/api/collections").status, 200);
        return;
    }
    let home = Home::new();
    make_superuser(&home);
    let (one, two) = (Process::start(&home), Process::start(&home));
    one.root().post("/api/collections", posts()).ok();
    let deadline = Instant::now() + Duration::from_secs(20);
    while two.client.get("/api/collections/posts/records").status != 200 {
        assert!(
            Instant::now() < deadline,
            "the second server never learned of it"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn n11_a_change_of_roles_holds_for_the_next_request_on_every_replica() {
    let home = Home::new();
    make_superuser(&home);
    let one = Process::start(&home);
    let two = on_postgres().then(|| Process::start(&home));
    let two = two.as_ref().map_or(&one, |two| two).client.clone();
    let root = one.root();
    let mut locked = posts();
    locked["listRule"] = serde_json::Value::Null;
    root.post("/api/collections", locked).ok();
    let list = || two.get("/api/collections/posts/records").status;
    for _ in 0..10 {
        let allow = root.create(
            "_permissions",
            json!({"role": "roleguest000000", "collection": "posts", "actions": ["list"], "effect": "allow"}),
        );
        assert_eq!(list(), 200);
        let deny = root.create(
            "_permissions",
            json!({"role": "roleguest000000", "collection": "posts", "actions": ["list"], "effect": "deny"}),
        );
        assert_eq!(list(), 403);
        for permission in [deny, allow] {
            let id = permission["id"].as_str().expect("an id");
            assert_eq!(root.remove("_permissions", id).status, 204);
        }
        assert_eq!(list(), 403);
    }
}

#[test]
fn an_unreachable_postgres_at_start_is_said_and_ends_it() {
    let home = Home::new();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_plinth"));
    command.current_dir(home.dir.path());
    command.args([
        "serve",
        "--http",
        "127.0.0.1:0",
        "--database-url",
        "postgres://nobody@127.0.0.1:1/none",
    ]);
    let output = run(command, "");
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("cannot connect to PostgreSQL"),
        "{message}"
    );
}

/// Forwards connections, until they are cut.
struct Wire {
    port: u16,
    is_cut: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let is_cut = Arc::new(AtomicBool::new(false));
        let streams = Arc::new(Mutex::new(Vec::new()));
        let (cut, kept) = (Arc::clone(&is_cut), Arc::clone(&streams));
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if cut.load(Ordering::Relaxed) {
                    continue;
                }
                let far = TcpStream::connect(&target).expect("the cluster answers");
                let clone = |stream: &TcpStream| stream.try_clone().expect("a clone");
                kept.lock()
                    .expect("no panic")
                    .extend([clone(&near), clone(&far)]);
                for (mut from, mut to) in [(clone(&near), clone(&far)), (far, near)] {
                    std::thread::spawn(move || {
                        let mut buffer = [0; 8192];
                        while let Ok(length @ 1..) = from.read(&mut buffer) {
                            if to.write_all(&buffer[..length]).is_err() {
                                break;
                            }
                        }
                        let _ = to.shutdown(std::net::Shutdown::Both);
                    });
                }
            }
        });
        Self {
            port,
            is_cut,
            streams,
        }
    }

    fn cut(&self) {
        self.is_cut.store(true, Ordering::Relaxed);
        for stream in self.streams.lock().expect("no panic").drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.is_cut.store(false, Ordering::Relaxed);
    }
}

#[test]
fn a_database_that_fails_is_503_and_loses_nothing() {
    if on_postgres() {
        a_lost_postgres_comes_back();
    } else {
        a_full_disk_refuses_and_keeps();
    }
}

fn create(server: &Process, title: &str) -> Reply {
    let body = json!({"title": title}).to_string().into_bytes();
    server.client.send(
        "POST",
        "/api/collections/posts/records",
        Some(body),
        "application/json",
    )
}

fn a_lost_postgres_comes_back() {
    let mut home = Home::new();
    let url = url::Url::parse(&home.database_url).expect("a URL");
    let wire = Wire::to(format!(
        "{}:{}",
        url.host_str().expect("a host"),
        url.port().expect("a port")
    ));
    let mut through = url.clone();
    through.set_port(Some(wire.port)).expect("a port");
    home.database_url = through.to_string();
    make_superuser(&home);
    let server = Process::start(&home);
    server.root().post("/api/collections", posts()).ok();
    create(&server, "before").ok();
    wire.cut();
    for _ in 0..3 {
        server.client.list("posts", &[]).refused(503);
        create(&server, "lost").refused(503);
    }
    let refusal = server.wait_until("/readyz", 503);
    let expected = json!({"ready": false, "server": "ok", "database": "unreachable", "writes": "unknown", "realtime": "ok"});
    assert_eq!(refusal.body, expected);
    assert_eq!(server.client.get("/livez").status, 200);
    wire.mend();
    server.wait_until("/readyz", 200);
    let deadline = Instant::now() + Duration::from_secs(30);
    while server.client.list("posts", &[]).status != 200 {
        assert!(Instant::now() < deadline, "it does not come back");
        std::thread::sleep(Duration::from_millis(50));
    }
    create(&server, "after").ok();
    assert_eq!(
        server.client.filter("posts", "", "title"),
        ["before", "after"]
    );
}

/// A limit on the size of files does to SQLite what a full disk does.
fn a_full_disk_refuses_and_keeps() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    server.root().post("/api/collections", posts()).ok();
    server.kill();
    let mut limited = std::process::Command::new("sh");
    // In blocks of 512 bytes: 1 MiB.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""]);
    let server = Process::start_as(&home, limited);
    let mut kept = Vec::new();
    let filler = "x".repeat(2000);
    let refusal = loop {
        let title = format!("{} {filler}", kept.len());
        let reply = create(&server, &title);
        if reply.status != 200 {
            break reply;
        }
        kept.push(title);
        assert!(kept.len() < 5000, "the limit is never reached");
    };
    refusal.refused(503);
    assert_eq!(server.client.get("/api/health").status, 200);
    let found = |server: &Process| {
        let mut found = Vec::new();
        for page in 1.. {
            let page = format!("/api/collections/posts/records?perPage=500&page={page}");
            let items = server.client.get(&page).ok()["items"].clone();
            let items = items.as_array().expect("items");
            found.extend(
                items
                    .iter()
                    .filter_map(|i| i["title"].as_str().map(str::to_owned)),
            );
            if items.is_empty() {
                return found;
            }
        }
        found
    };
    assert_eq!(found(&server), kept);
    server.kill();
    let server = Process::start(&home);
    assert_eq!(found(&server), kept);
    create(&server, "room again").ok();
}

/// Waits until the log has an entry like this, and gives it.
fn logged(server: &Process, filter: &str) -> serde_json::Value {
    let root = server.root();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("filter", filter)
        .finish();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found = root.get(&format!("/api/logs?{query}")).ok();
        if found["totalItems"] != 0 {
            return found["items"][0].clone();
        }
        assert!(Instant::now() < deadline, "{filter} is never in the log");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_log_is_written_within_seconds_and_outlives_the_process() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    server.client.get("/api/nowhere?killed");
    let before = logged(&server, "data.url = '/api/nowhere?killed'");
    server.kill();
    let server = Process::start(&home);
    assert_eq!(logged(&server, "data.url = '/api/nowhere?killed'"), before);
    // A stop that is asked for writes down the last of it.
    for n in 0..50 {
        server.client.get(&format!("/api/nowhere?stopped={n}"));
    }
    server.terminate();
    assert_eq!(server.end(), Some(0));
    let server = Process::start(&home);
    let found = server
        .root()
        .get("/api/logs?perPage=1&filter=data.url~%27stopped%27")
        .ok();
    assert_eq!(found["totalItems"], 50);
}

#[test]
fn what_the_server_warns_of_is_in_the_log() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    server.root().post("/api/collections", posts()).ok();
    home.execute("ALTER TABLE \"posts\" RENAME TO \"elsewhere\"");
    server.client.list("posts", &[]).refused(503);
    let warning = "data.type = 'program' && message ~ 'a table changed'";
    let entry = logged(&server, warning);
    assert_eq!(entry["level"], 4);
    let message = entry["message"].as_str().expect("a message");
    let expected = "a table changed under a request: ";
    assert!(message.starts_with(expected), "{message}");
}
