//! What an operator meets: versions that do not fit, databases that are not as they have to be, and what the server says.

use std::net::TcpListener;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use serde_json::{Value, json};

use crate::support::process::{Process, make_superuser, plinth, run};
use crate::support::{self, Home, PASSWORD, ROOT, cluster, on_postgres};

fn migrate(home: &Home) -> Output {
    let mut command = plinth(home);
    command.arg("migrate");
    run(command, "")
}

#[track_caller]
fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a server says that does not start.
fn refusal(home: &Home, variables: &[(&str, &str)]) -> String {
    let mut command = plinth(home);
    command
        .args(["serve", "--http", "127.0.0.1:0"])
        .envs(variables.iter().copied());
    let output = run(command, "");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    said(&output)
}

fn posts(server: &Process) {
    let definition = json!({
        "name": "posts", "fields": [{"type": "text", "name": "title"}],
        "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
    });
    server.root().post("/api/collections", definition).ok();
}

/// Asks until the answer is as it should be.
fn until(is_there: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(40);
    while !is_there() {
        assert!(Instant::now() < deadline, "it does not come to that");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn o06_a_database_of_a_newer_version_is_refused() {
    const NEWER: &str = "INSERT INTO __diesel_schema_migrations(version) VALUES ('99990101000000')";
    let home = Home::new();
    make_superuser(&home);
    home.execute(NEWER);
    let output = migrate(&home);
    assert_eq!(output.status.code(), Some(1));
    let refused = refusal(&home, &[]);
    for words in [said(&output), refused] {
        assert!(words.contains("99990101000000"), "{words}");
        assert!(words.contains("allow_newer_database"), "{words}");
    }
    // Whoever knows better may say so.
    let server = Process::start_with(&home, &[("PLINTH_ALLOW_NEWER_DATABASE", "true")]);
    posts(&server);
    server.kill();
    if !on_postgres() {
        // The log has a database of its own there.
        home.execute("DELETE FROM __diesel_schema_migrations WHERE version = '99990101000000'");
        Process::start(&home).kill();
        home.execute_on_log(NEWER);
        let words = refusal(&home, &[]);
        assert!(words.contains("99990101000000"), "{words}");
    }
}

/// Texts of every script are taken, or the database is refused.
#[test]
fn o13_every_text_can_be_stored() {
    if on_postgres() {
        for encoding in ["LATIN1", "SQL_ASCII"] {
            let name = format!("encoded_{}", plinth::random::Random::system().id());
            let mut outside =
                PgConnection::establish(&format!("{}/postgres", cluster())).expect("a cluster");
            outside
                .batch_execute(&format!(
                    "CREATE DATABASE {name} ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
                ))
                .expect("a database");
            let home = Home::on(format!("{}/{name}", cluster()));
            let output = migrate(&home);
            assert_eq!(output.status.code(), Some(1));
            for words in [said(&output), refusal(&home, &[])] {
                assert!(
                    words.contains(encoding) && words.contains("UTF8"),
                    "{words}"
                );
            }
        }
    }
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    posts(&server);
    let text = "日本 € ä 😀";
    server.client.create("posts", json!({"title": text}));
    assert_eq!(server.client.all("posts", "title"), [text]);
}

/// Holds what a migration needs, until it is dropped.
fn in_the_way(home: &Home) -> Box<dyn std::any::Any> {
    if on_postgres() {
        let mut conn = PgConnection::establish(&home.database_url).expect("a database");
        conn.batch_execute("SELECT pg_advisory_lock(7240931)")
            .expect("a lock");
        Box::new(conn)
    } else {
        let path = home.dir.path().join("data.db");
        let mut conn = SqliteConnection::establish(path.to_str().expect("a path of text"))
            .expect("a database");
        conn.batch_execute("PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE")
            .expect("a lock");
        Box::new(conn)
    }
}

#[test]
fn o14_a_start_says_what_it_waits_for() {
    let home = Home::new();
    let lock = in_the_way(&home);
    let output = std::thread::scope(|scope| {
        let migrating = scope.spawn(|| migrate(&home));
        std::thread::sleep(Duration::from_secs(8));
        drop(lock);
        migrating.join().expect("no panic")
    });
    succeeds(&output);
    let words = said(&output);
    assert!(words.contains("still waiting for"), "{words}");
    if on_postgres() {
        assert!(words.contains("another server"), "{words}");
        // A host that takes connections and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = silent.local_addr().expect("an address").port();
        let home = Home::on(format!("postgres://plinth@127.0.0.1:{port}/plinth"));
        let since = Instant::now();
        let output = migrate(&home);
        assert_eq!(output.status.code(), Some(1));
        let words = said(&output);
        assert!(words.contains("cannot connect to PostgreSQL"), "{words}");
        assert!(since.elapsed() < Duration::from_secs(30));
    }
}

/// The privileges that `docs/operations/scale.md` lists are enough for a server, once the owner has migrated.
#[test]
fn o15_a_server_needs_no_right_to_create() {
    let home = Home::new();
    make_superuser(&home);
    let owner = Process::start(&home);
    posts(&owner);
    owner.kill();
    let restricted = if on_postgres() {
        let name = home
            .database_url
            .rsplit('/')
            .next()
            .expect("a name")
            .to_owned();
        let role = format!("server_{}", plinth::random::Random::system().id());
        home.execute(&format!(
            "CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
             GRANT USAGE ON SCHEMA public TO {role}; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}; \
             GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"
        ));
        Home::on(format!(
            "{}/{name}",
            cluster().replace("postgres@", &format!("{role}@"))
        ))
    } else {
        home
    };
    succeeds(&migrate(&restricted));
    let server = Process::start(&restricted);
    server.client.create("posts", json!({"title": "served"}));
    assert_eq!(server.client.all("posts", "title"), ["served"]);
    let body = json!({"identity": ROOT, "password": PASSWORD});
    server
        .client
        .post("/api/collections/_superusers/auth-with-password", body)
        .ok();
    server.kill();
    if on_postgres() {
        // A database that has to be migrated is another matter.
        restricted_cannot_migrate();
    }
}

fn restricted_cannot_migrate() {
    let home = Home::new();
    let name = home
        .database_url
        .rsplit('/')
        .next()
        .expect("a name")
        .to_owned();
    let role = format!("nobody_{}", plinth::random::Random::system().id());
    home.execute(&format!("CREATE ROLE {role} LOGIN"));
    let restricted = Home::on(format!(
        "{}/{name}",
        cluster().replace("postgres@", &format!("{role}@"))
    ));
    let output = migrate(&restricted);
    assert_eq!(output.status.code(), Some(1));
    let words = said(&output);
    assert!(
        words.contains("may not create tables") && words.contains("plinth migrate"),
        "{words}"
    );
}

/// Makes the database refuse writes until it is dropped.
enum Refusing {
    Postgres(PgConnection, String),
    Sqlite(SqliteConnection),
}

impl Refusing {
    fn begin(home: &Home) -> Self {
        if on_postgres() {
            let name = home
                .database_url
                .rsplit('/')
                .next()
                .expect("a name")
                .to_owned();
            let mut outside =
                PgConnection::establish(&format!("{}/postgres", cluster())).expect("a cluster");
            outside
                .batch_execute(&format!(
                    "ALTER DATABASE {name} SET default_transaction_read_only = on; \
                     SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                ))
                .expect("a superuser");
            Self::Postgres(outside, name)
        } else {
            let path = home.dir.path().join("data.db");
            let mut other = SqliteConnection::establish(path.to_str().expect("a path of text"))
                .expect("a database");
            other
                .batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE")
                .expect("a lock");
            Self::Sqlite(other)
        }
    }
}

impl Drop for Refusing {
    fn drop(&mut self) {
        match self {
            // The servers' connections stay, and have to be replaced by the servers.
            Self::Postgres(outside, name) => outside.batch_execute(&format!(
                "ALTER DATABASE {name} RESET default_transaction_read_only"
            )),
            Self::Sqlite(other) => other.batch_execute("ROLLBACK"),
        }
        .expect("an end");
    }
}

fn title(n: usize) -> Value {
    json!({"title": format!("{n}")})
}

/// A database that refuses writes: reads go on, writes say why, the server says that it is not ready; and once it is over
/// all is well again without a restart.
#[test]
fn o08_a_database_that_refuses_writes_is_told_from_one_that_is_away() {
    let home = Home::new();
    make_superuser(&home);
    let metrics = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .to_string();
    let server = Process::start_with(&home, &[("PLINTH_METRICS_HTTP", &metrics)]);
    posts(&server);
    server.client.create("posts", title(0));
    let refusing = Refusing::begin(&home);
    let records = "/api/collections/posts/records";
    // The connections that were open are cut; after that it is the database that answers.
    until(|| server.client.get(records).status == 200);
    let (words, part) = if on_postgres() {
        ("takes no changes", "read_only")
    } else {
        ("Another program uses", "locked")
    };
    let refused = server.client.post(records, title(1));
    refused.refused(503);
    assert!(refused.text.contains(words), "{}", refused.text);
    server.client.get(records).ok();
    // People can still sign in, without a session.
    let body = json!({"identity": ROOT, "password": PASSWORD});
    let path = "/api/collections/_superusers/auth-with-password";
    let token = server.client.post(path, body).ok()["token"].clone();
    let token = token.as_str().expect("a token").to_owned();
    let claims = plinth::tokens::peek(&token).expect("claims");
    assert_eq!(claims.sid, None);
    let root = support::Client {
        token,
        ..server.client.clone()
    };
    root.get("/api/collections").ok();
    let ready = server.client.get("/readyz");
    assert_eq!(ready.status, 503, "{}", ready.text);
    assert_eq!(
        (&ready.body["database"], &ready.body["writes"]),
        (&json!("ok"), &json!(part))
    );
    let apart = support::Client::guest(&format!("http://{metrics}"));
    let text = apart.get("/metrics").text;
    let counted = text.lines().find_map(|line| {
        line.strip_prefix(&format!(
            "plinth_write_failures_total{{reason=\"{part}\"}} "
        ))
    });
    assert!(counted.is_some_and(|count| count != "0"), "{text}");
    assert!(
        text.contains("\nplinth_ready 0\n") && text.contains("\nplinth_database_up 1\n"),
        "{text}"
    );
    drop(refusing);
    until(|| server.client.get("/readyz").status == 200);
    until(|| server.client.post(records, title(2)).status == 200);
    let text = apart.get("/metrics").text;
    assert!(text.contains("\nplinth_ready 1\n"), "{text}");
}

/// A limit on the size of files does to SQLite what a full disk does; on PostgreSQL a small tablespace would need a disk of
/// its own, so there it is a server that starts on a read-only database.
#[test]
fn o17_a_server_on_a_database_that_refuses_writes_serves_reads() {
    let home = Home::new();
    make_superuser(&home);
    let server = Process::start(&home);
    posts(&server);
    server.client.create("posts", title(0));
    server.kill();
    let (server, refusing) = if on_postgres() {
        let refusing = Refusing::begin(&home);
        (Process::start(&home), Some(refusing))
    } else {
        let mut limited = Command::new("sh");
        // In blocks of 512 bytes: 1 MiB.
        limited.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""]);
        (Process::start_as(&home, limited), None)
    };
    let records = "/api/collections/posts/records";
    let filler = "x".repeat(4000);
    let mut refused = None;
    for _ in 0..2000 {
        let reply = server.client.post(records, json!({"title": filler}));
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("a refusal");
    refused.refused(503);
    assert!(!refused.text.contains("reach"), "{}", refused.text);
    let ready = server.client.get("/readyz");
    assert_eq!(ready.status, 503, "{}", ready.text);
    assert_ne!(ready.body["writes"], "ok");
    server.client.get(records).ok();
    drop(refusing);
    server.kill();
    let server = Process::start(&home);
    server.client.create("posts", title(1));
    assert_eq!(server.client.get("/readyz").status, 200);
}
