//! Changes of collections with much in them: they touch what differs, and hold up nobody else.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{TestApp, on_postgres};

/// How the database knows an index: another value means that it was built again.
fn identity(app: &TestApp, name: &str) -> String {
    app.text(&if on_postgres() {
        format!(
            "SELECT oid || ' ' || relfilenode AS value FROM pg_class WHERE relkind = 'i' AND relname = '{name}'"
        )
    } else {
        format!(
            "SELECT rowid || ' ' || rootpage AS value FROM sqlite_master WHERE type = 'index' AND name = '{name}'"
        )
    })
}

/// Longer than a write takes on a busy machine, and much less than what is held here.
const SLOW: Duration = Duration::from_secs(10);

struct Big {
    app: TestApp,
    definition: Value,
}

impl Big {
    fn start() -> Self {
        let app = TestApp::start();
        let cats = app.open_collection("cats", json!([]));
        let definition = app.collection(json!({
            "name": "big", "type": "base", "listRule": "", "viewRule": "", "createRule": "",
            "updateRule": "", "deleteRule": "",
            "fields": [
                {"type": "text", "name": "title"}, {"type": "text", "name": "tag"},
                {"type": "number", "name": "n"},
                {"type": "relation", "name": "cat", "collectionId": cats["id"]},
            ],
            "indexes": [
                "CREATE UNIQUE INDEX idx_title ON big (title) WHERE title != 'many'",
                "CREATE INDEX idx_tag ON big (tag COLLATE NOCASE, n DESC)",
                "CREATE INDEX idx_n ON big (n)",
            ],
        }));
        // What is made next gets another place in the catalog.
        app.open_collection("later", json!([{"type": "text", "name": "title"}]));
        app.guest()
            .create("big", json!({"title": "a", "tag": "b", "n": 1}));
        Self { app, definition }
    }

    /// Changes the definition, and gives the new one.
    fn change(&mut self, change: impl FnOnce(&mut Value)) {
        let before = self.definition["indexes"].clone();
        change(&mut self.definition);
        let mut body = self.definition.clone();
        if body["indexes"] == before {
            // They follow the fields.
            body.as_object_mut().expect("an object").remove("indexes");
        }
        let id = self.definition["id"].as_str().expect("an id");
        let path = format!("/api/collections/{id}");
        self.definition = self.app.root().patch(&path, body).ok();
    }

    fn field(&mut self, name: &str) -> &mut Value {
        let fields = self.definition["fields"].as_array_mut().expect("fields");
        let mut fields = fields.iter_mut();
        fields.find(|field| field["name"] == name).expect("a field")
    }

    /// Where the indexes are that a change must leave alone.
    fn identities(&self) -> Vec<String> {
        let reference = self.reference();
        let names = ["idx_title", "idx_tag", reference.as_str()];
        names.iter().map(|name| identity(&self.app, name)).collect()
    }

    fn reference(&self) -> String {
        let fields = self.definition["fields"].as_array().expect("fields");
        let cat = fields.iter().find(|field| field["type"] == "relation");
        let field = cat.expect("a relation")["id"].as_str().expect("an id");
        let collection = self.definition["id"].as_str().expect("an id");
        format!("_reference_{collection}_{field}")
    }
}

#[test]
fn o02_a_change_leaves_the_indexes_alone_that_mean_the_same() {
    let mut big = Big::start();
    let before = big.identities();
    big.change(|big| {
        let fields = big["fields"].as_array_mut().expect("fields");
        fields.push(json!({"type": "text", "name": "extra"}));
    });
    assert_eq!(big.identities(), before, "a field came");
    assert_eq!(big.app.guest().all("big", "extra"), [""]);
    big.field("title")["name"] = "heading".into();
    big.change(|_| ());
    assert_eq!(big.identities(), before, "a field got another name");
    big.change(|big| {
        for field in big["fields"].as_array_mut().expect("fields") {
            match field["name"].as_str() {
                Some("heading") => field["name"] = "tag".into(),
                Some("tag") => field["name"] = "heading".into(),
                _ => (),
            }
        }
    });
    assert_eq!(big.identities(), before, "two swapped theirs");
    big.change(|big| {
        let fields = big["fields"].as_array_mut().expect("fields");
        fields.retain(|field| field["name"] != "extra");
        let indexes = big["indexes"].as_array_mut().expect("indexes");
        indexes.retain(|index| !index.as_str().expect("text").contains("idx_n"));
    });
    assert_eq!(big.identities(), before, "a field and another index went");
    big.change(|big| {
        big["name"] = "huge".into();
        let indexes = big["indexes"].as_array_mut().expect("indexes");
        indexes.push("CREATE INDEX idx_more ON huge (n, tag)".into());
    });
    assert_eq!(
        big.identities(),
        before,
        "the table was renamed, an index came"
    );
    let twice = big.app.guest().try_create("huge", json!({"tag": "a"}));
    twice.refused_for("tag", "not_unique");
    big.change(|big| {
        let indexes = big["indexes"].as_array_mut().expect("indexes");
        for index in indexes {
            if index.as_str().expect("text").contains("idx_title") {
                *index = "CREATE INDEX idx_title ON huge (tag)".into();
            }
        }
    });
    assert_ne!(big.identities()[0], before[0], "this one is another now");
    assert_eq!(big.identities()[1..], before[1..]);
    big.app.guest().create("huge", json!({"tag": "a"}));
}

#[test]
fn o02_an_index_with_another_name_is_the_same_index() {
    let mut big = Big::start();
    let before = identity(&big.app, "idx_title");
    big.change(|big| {
        let indexes = big["indexes"].as_array_mut().expect("indexes");
        for index in indexes {
            let text = index.as_str().expect("text");
            *index = text
                .replace("idx_title", "idx_$")
                .replace("idx_n", "idx_title")
                .replace("idx_$", "idx_n")
                .into();
        }
    });
    if on_postgres() {
        assert_eq!(identity(&big.app, "idx_n"), before);
    }
    let twice = big.app.guest().try_create("big", json!({"title": "a"}));
    twice.refused_for("title", "not_unique");
}

/// Writes to both collections, and gives how long the slowest write took.
fn slowest_write(app: &TestApp, count: usize) -> Duration {
    let write = |n: usize| {
        let since = Instant::now();
        let title = json!({"title": format!("new {n}")});
        app.guest().create("later", title.clone());
        app.guest().create("big", title);
        thread::sleep(Duration::from_millis(50));
        since.elapsed()
    };
    (0..count).map(write).max().unwrap_or_default()
}

#[test]
fn o02_an_index_of_a_large_table_is_built_while_others_write() {
    let mut big = Big::start();
    if on_postgres() {
        big.app.execute("INSERT INTO big (id, title, tag) SELECT 'row' || lpad(i::text, 12, '0'), md5(i::text), 'x' FROM generate_series(1, 60000) AS i");
    }
    // An index has to wait for who writes to the table already, here somebody who takes their time.
    let held = on_postgres().then(|| {
        let insert = "INSERT INTO big (id, title) VALUES ('held00000000000', 'held')";
        big.app.home.hold(insert)
    });
    let path = format!(
        "/api/collections/{}",
        big.definition["id"].as_str().expect("an id")
    );
    let mut wanted = big.definition.clone();
    let indexes = wanted["indexes"].as_array_mut().expect("indexes");
    indexes.push("CREATE INDEX idx_more ON big (n, tag)".into());
    let root = big.app.root().clone();
    let changing = thread::spawn(move || root.patch(&path, wanted));
    let slowest = slowest_write(&big.app, 30);
    assert!(slowest < SLOW, "{slowest:?}");
    drop(held);
    big.definition = changing.join().expect("no panic").ok();
    identity(&big.app, "idx_more");
    // A new reference has an index of its own.
    big.change(|big| {
        let fields = big["fields"].as_array_mut().expect("fields");
        let cats = fields[4]["collectionId"].clone();
        fields.push(json!({"type": "relation", "name": "other", "collectionId": cats}));
    });
    let fields = big.definition["fields"].as_array().expect("fields");
    let other = fields
        .iter()
        .find(|field| field["name"] == "other")
        .expect("it");
    let reference = format!(
        "_reference_{}_{}",
        big.definition["id"].as_str().expect("an id"),
        other["id"].as_str().expect("an id")
    );
    identity(&big.app, &reference);
    // What can't be built is said, and leaves nothing behind.
    let before = big.definition.clone();
    big.definition["indexes"]
        .as_array_mut()
        .expect("indexes")
        .push("CREATE UNIQUE INDEX idx_once ON big (tag)".into());
    let path = format!("/api/collections/{}", before["id"].as_str().expect("an id"));
    let reply = big.app.root().patch(&path, big.definition.clone());
    reply.refused(400);
    assert!(
        reply
            .text
            .contains("idx_once: some records have the same values"),
        "{}",
        reply.text
    );
    if on_postgres() {
        let left = "SELECT count(*)::text AS value FROM pg_class WHERE relname LIKE '$new%' OR relname = 'idx_once'";
        assert_eq!(big.app.text(left), "0");
        // An index that a killed process has not built is built at the next start.
        big.app.execute(&format!("DROP INDEX \"{reference}\""));
        let app = TestApp::start_in(big.app.stop());
        identity(&app, &reference);
    }
}

#[test]
fn o02_writers_that_wait_for_a_change_keep_nobody_from_reading() {
    let big = Big::start();
    // As a change of collections does while it goes on.
    let held = big.app.home.hold(if on_postgres() {
        "SELECT pg_advisory_xact_lock(7240932)"
    } else {
        "UPDATE later SET title = title"
    });
    let writers: Vec<_> = (0..40)
        .map(|n| {
            let guest = big.app.guest();
            thread::spawn(move || guest.try_create("later", json!({"title": format!("{n}")})))
        })
        .collect();
    thread::sleep(Duration::from_millis(500));
    let since = Instant::now();
    for _ in 0..10 {
        big.app.guest().list("big", &[]).ok();
    }
    assert!(since.elapsed() < SLOW, "{:?}", since.elapsed());
    drop(held);
    for writer in writers {
        writer.join().expect("no panic").ok();
    }
}

#[test]
fn o03_a_change_beside_a_backup_gives_up_and_holds_up_nobody() {
    let mut big = Big::start();
    let backup = big.app.home.hold("SELECT count(*) FROM big");
    thread::sleep(Duration::from_secs(3));
    let path = format!(
        "/api/collections/{}",
        big.definition["id"].as_str().expect("an id")
    );
    let mut wanted = big.definition.clone();
    let fields = wanted["fields"].as_array_mut().expect("fields");
    fields.push(json!({"type": "text", "name": "extra"}));
    let root = big.app.root().clone();
    let changing = thread::spawn(move || root.patch(&path, wanted));
    let mut slowest = Duration::ZERO;
    for n in 0..40 {
        let since = Instant::now();
        big.app
            .guest()
            .create("later", json!({"title": format!("{n}")}));
        big.app
            .guest()
            .create("big", json!({"title": format!("{n}")}));
        big.app.guest().list("big", &[]).ok();
        slowest = slowest.max(since.elapsed());
        thread::sleep(Duration::from_millis(50));
    }
    assert!(slowest < SLOW, "{slowest:?}");
    let reply = changing.join().expect("no panic");
    if on_postgres() {
        reply.refused(503);
        let message = reply.body["message"].as_str().expect("a message");
        assert!(
            message.starts_with("The table of big is in use by another transaction"),
            "{message}"
        );
        // What needs no lock on the table is not in anybody's way.
        big.change(|big| big["deleteRule"] = Value::Null);
    } else {
        reply.ok();
    }
    drop(backup);
    big.change(|big| {
        let fields = big["fields"].as_array_mut().expect("fields");
        fields.push(json!({"type": "number", "name": "more"}));
    });
}

#[test]
fn o03_a_change_waits_for_what_ends_soon() {
    let mut big = Big::start();
    let held = big.app.home.hold("SELECT count(*) FROM big");
    let ending = thread::spawn(move || {
        thread::sleep(Duration::from_millis(1200));
        drop(held);
    });
    big.change(|big| {
        let fields = big["fields"].as_array_mut().expect("fields");
        fields.push(json!({"type": "text", "name": "extra"}));
    });
    ending.join().expect("no panic");
    assert_eq!(big.app.guest().all("big", "extra"), [""]);
}
