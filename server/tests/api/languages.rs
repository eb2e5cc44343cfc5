//! A PostgreSQL that speaks German, also to a role that may not choose: what goes wrong is understood all the same. SQLite
//! speaks no language but its own, and goes through the same.

use std::time::Duration;

use plinth::db::{Conn, execute, sql};
use plinth::error::{Error, Result};
use serde_json::json;

use crate::support::{Home, TestApp, at_once, cluster, on_postgres};

const GERMAN: &str = "de_DE.UTF-8";

/// Places whose database speaks German: to a superuser, and to the owner of the database, who is none.
fn german() -> Vec<Home> {
    if !on_postgres() {
        return vec![Home::new()];
    }
    let owner = |home: &Home, role: &str| {
        let name = home
            .database_url
            .rsplit('/')
            .next()
            .expect("a name")
            .to_owned();
        home.execute(&format!(
            "CREATE ROLE {role} LOGIN; ALTER DATABASE {name} OWNER TO {role}; GRANT ALL ON SCHEMA public TO {role}"
        ));
        format!(
            "{}/{name}",
            cluster().replace("postgres@", &format!("{role}@"))
        )
    };
    let (first, second) = (Home::new(), Home::new());
    for home in [&first, &second] {
        let name = home.database_url.rsplit('/').next().expect("a name");
        home.execute(&format!(
            "ALTER DATABASE {name} SET lc_messages = '{GERMAN}'"
        ));
    }
    let role = format!("owner_{}", plinth::random::Random::system().id());
    let url = owner(&second, &role);
    let second = Home::on(url);
    // It does speak German, or nothing is tried here.
    let words = "DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN \
                 CREATE TABLE words AS SELECT SQLERRM AS value; END $$";
    second.execute(words);
    assert_eq!(
        second.text("SELECT value FROM words"),
        "Division durch Null"
    );
    second.execute("DROP TABLE words");
    vec![first, second]
}

#[test]
fn f23_failures_are_understood_in_every_language() {
    for home in german() {
        let app = TestApp::start_in(home);
        is_unique(&app);
        takes_too_long(&app);
        changes_under_requests(&app);
        is_cut_off(&app);
        waits_for_itself(&app);
    }
}

fn is_unique(app: &TestApp) {
    app.collection(json!({
        "name": "names", "createRule": "", "fields": [{"type": "text", "name": "name"}],
        "indexes": ["CREATE UNIQUE INDEX idx_names ON names (name)"],
    }));
    app.guest().create("names", json!({"name": "one"}));
    app.guest()
        .post("/api/collections/names/records", json!({"name": "one"}))
        .refused_for("name", "not_unique");
}

fn takes_too_long(app: &TestApp) {
    let endless =
        "with recursive n(id) as (select 1 union all select id + 1 from n) select id from n";
    let reply = app.root().post(
        "/api/collections/meta/dry-run-view",
        json!({"query": endless}),
    );
    reply.refused(400);
    let message = reply.body["message"].as_str().expect("a message");
    assert!(message.ends_with("the query takes too long."), "{message}");
}

/// Fields come and go by another server's doing, while clients read and write.
fn changes_under_requests(app: &TestApp) {
    let made = app.open_collection("notes", json!([{"type": "text", "name": "title"}]));
    let id = made["id"].as_str().expect("an id");
    let changes = if on_postgres() {
        TestApp::start_in(Home::on(app.home.database_url.clone()))
    } else {
        TestApp::start()
    };
    let root = if on_postgres() {
        changes.root()
    } else {
        app.root()
    };
    at_once(5, |n| {
        if n == 0 {
            for round in 0..6 {
                let mut fields = vec![json!({"type": "text", "name": "title"})];
                if round % 2 == 0 {
                    fields.push(json!({"type": "number", "name": "count"}));
                }
                let path = format!("/api/collections/{id}");
                root.patch(&path, json!({"fields": fields})).ok();
            }
            return;
        }
        for _ in 0..25 {
            let guest = app.guest();
            guest.create("notes", json!({"title": "a", "count": 1}));
            guest
                .list("notes", &[("sort", "-title"), ("perPage", "3")])
                .ok();
        }
    });
    let count = app.guest().list("notes", &[]).ok()["totalItems"].clone();
    assert_eq!(count, json!(100));
}

/// All connections are ended by PostgreSQL. Nobody ends those of SQLite.
fn is_cut_off(app: &TestApp) {
    if on_postgres() {
        let name = app.home.database_url.rsplit('/').next().expect("a name");
        Home::on(format!("{}/{name}", cluster())).execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        ));
    }
    let statuses: Vec<u16> = (0..20)
        .map(|_| app.guest().list("notes", &[]).status)
        .collect();
    assert!(
        statuses.iter().all(|status| [200, 503].contains(status)),
        "{statuses:?}"
    );
    assert_eq!(statuses.last(), Some(&200), "{statuses:?}");
}

/// Two transactions that wait for each other: one is undone, and may be tried again.
fn waits_for_itself(app: &TestApp) {
    let update = |conn: &mut Conn, first: bool| {
        let statement = if first {
            "UPDATE \"_params\" SET \"value\" = '1' WHERE \"id\" = 'first'"
        } else {
            "UPDATE \"_params\" SET \"value\" = '2' WHERE \"id\" = 'second'"
        };
        let dialect = conn.dialect();
        execute(conn, sql(dialect, statement)).map(drop)
    };
    app.execute("INSERT INTO \"_params\" VALUES ('first', ''), ('second', '')");
    let outcomes: Vec<Result<()>> = at_once(2, |n| {
        let write = app.app.db.write(move |conn| {
            update(conn, n == 0)?;
            std::thread::sleep(Duration::from_millis(500));
            update(conn, n == 1)
        });
        actix_web::rt::System::new().block_on(write)
    });
    for outcome in &outcomes {
        assert!(
            matches!(
                outcome,
                Ok(()) | Err(Error::SchemaChanged | Error::Deadlock)
            ),
            "{outcome:?}"
        );
    }
    assert!(outcomes.iter().any(Result::is_ok));
}
