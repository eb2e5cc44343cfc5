//! Somebody moves in from PocketBase.

use std::fs;
use std::process::{Command, Output};

use diesel::connection::SimpleConnection;
use plinth::tokens::{Claims, Kind};
use serde_json::{Value, json};

use crate::support::pocketbase::{PbData, auth, base, field, view};
use crate::support::process::{make_superuser, plinth, run};
use crate::support::{Client, Home, TestApp, on_postgres};

const USERS: &str = "_pb_users_auth_";

pub(super) fn import(home: &Home, from: &std::path::Path, flags: &[&str]) -> Output {
    let mut command = plinth(home);
    command.arg("import-pocketbase").arg(from).args(flags);
    run(command, "")
}

pub(super) fn moved(home: &Home, from: &PbData) -> String {
    moved_with(home, from, &[])
}

pub(super) fn moved_with(home: &Home, from: &PbData, flags: &[&str]) -> String {
    let before = from.bytes();
    let output = import(home, from.path(), flags);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(from.bytes() == before, "the source was changed");
    said
}

/// Asserts that an import fails, says `why`, and that nothing was changed.
#[track_caller]
pub(super) fn refused(home: &Home, from: &std::path::Path, why: &str) {
    let output = import(home, from, &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains(why), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

/// A blog, with something of each type.
pub(super) fn blog() -> PbData {
    let from = PbData::new();
    let mut users = auth(
        USERS,
        "users",
        json!([field("name", "text", json!({"max": 255}))]),
    );
    users["viewRule"] = json!("id = @request.auth.id");
    users["options"]["authToken"]["duration"] = json!(1234);
    from.collection(&users);
    from.account("users", "ann000000000000", "ann@example.com");
    from.account("users", "bob000000000000", "bob@example.com");
    let mut posts = base(
        "posts0000000000",
        "posts",
        json!([
            field("title", "text", json!({"min": 2, "required": true})),
            field(
                "likes",
                "number",
                json!({"min": null, "max": null, "onlyInt": false})
            ),
            field("public", "bool", json!({})),
            field("meta", "json", json!({"maxSize": 0})),
            field(
                "tags",
                "select",
                json!({"maxSelect": 3, "values": ["a", "b", "c"]})
            ),
            field(
                "mood",
                "select",
                json!({"maxSelect": 1, "values": ["good", "bad"]})
            ),
            field(
                "author",
                "relation",
                json!({"maxSelect": 1, "collectionId": USERS})
            ),
            field(
                "readers",
                "relation",
                json!({"maxSelect": 9, "collectionId": USERS})
            ),
            field("due", "date", json!({})),
            field("made", "autodate", json!({"onCreate": true})),
        ]),
    );
    posts["listRule"] = json!("public = true || author = @request.auth.id");
    posts["viewRule"] = json!("");
    posts["indexes"] =
        json!(["CREATE UNIQUE INDEX `idx_title` ON `posts` (`title` COLLATE NOCASE)"]);
    from.collection(&posts);
    from.execute(
        r#"INSERT INTO posts VALUES
        ('post00000000002', 'Second <b>', 2.5, TRUE, '{"b":[1,0.1],"a":"x"}', '["a","c"]', 'good',
         'ann000000000000', '["ann000000000000","bob000000000000"]', '2024-05-06 07:08:09.123Z', '2023-01-01 00:00:00.000Z'),
        ('post00000000001', 'First', 0, FALSE, NULL, '[]', '', '', '[]', '', '2023-01-02 00:00:00.000Z'),
        ('post00000000003', 'Third', 9007199254740991, TRUE, '12', 'b', 'bad', 'bob000000000000', '', '', '2023-01-03 00:00:00.000Z')"#,
    );
    from
}

fn of_posts(client: &Client) -> Vec<Value> {
    let list = client.list("posts", &[("sort", "id")]).ok();
    list["items"].as_array().expect("items").clone()
}

#[test]
fn everything_is_as_it_was() {
    let (home, from) = (Home::new(), blog());
    let said = moved(&home, &from);
    assert!(
        said.contains("Moved: 3 collections, 5 new records"),
        "{said}"
    );
    assert!(!said.contains("Not taken"), "{said}");
    fs::create_dir(from.path().join("../pb_hooks")).expect("a directory");
    assert!(moved(&home, &from).contains("pb_hooks: Plinth runs no code"));

    let app = TestApp::start_in(home);
    let shown = app.root().get("/api/collections/posts").ok();
    assert_eq!(shown["id"], json!("posts0000000000"));
    assert_eq!(shown["created"], json!("2024-01-02 03:04:05.678Z"));
    assert_eq!(
        shown["listRule"],
        json!("public = true || author = @request.auth.id")
    );
    assert_eq!(
        shown["indexes"][0],
        json!("CREATE UNIQUE INDEX `idx_title` ON `posts` (`title` COLLATE NOCASE)")
    );
    assert_eq!(shown["fields"][1]["id"], json!("text_title"));

    let posts = of_posts(app.root());
    let title = |n: usize| posts[n]["title"].clone();
    assert_eq!(
        [title(0), title(1), title(2)],
        ["First", "Second <b>", "Third"]
    );
    assert_eq!(
        app.root().all("posts", "title"),
        ["Second <b>", "First", "Third"],
        "their order"
    );
    let second = &posts[1];
    for (key, value) in [
        ("likes", json!(2.5)),
        ("public", json!(true)),
        ("meta", json!({"a": "x", "b": [1, 0.1]})),
        ("tags", json!(["a", "c"])),
        ("mood", json!("good")),
        ("author", json!("ann000000000000")),
        ("readers", json!(["ann000000000000", "bob000000000000"])),
        ("due", json!("2024-05-06 07:08:09.123Z")),
        ("made", json!("2023-01-01 00:00:00.000Z")),
    ] {
        assert_eq!(second[key], value, "{key}");
    }
    assert_eq!(posts[0]["meta"], Value::Null);
    assert_eq!(posts[2]["meta"], json!(12));
    assert_eq!(posts[2]["tags"], json!(["b"]));
    assert_eq!(posts[2]["readers"], json!([]));
    app.root()
        .try_create("posts", json!({"title": "FIRST"}))
        .refused_for("title", "not_unique");
}

#[test]
fn accounts_sign_in_and_stay_signed_in() {
    let (home, from) = (Home::new(), blog());
    moved_with(&home, &from, &["--superusers"]);
    let app = TestApp::start_in(home);
    let password = json!({"identity": "ann@example.com", "password": "from elsewhere"});
    let path = "/api/collections/users/auth-with-password";
    let answer = app.guest().post(path, password).ok();
    assert_eq!(answer["record"]["verified"], json!(true));

    // As PocketBase signed it: with the account's own key and the collection's secret.
    let now = plinth::clock::Clock::machine().now().unix();
    let claims = Claims {
        collection_id: USERS.to_owned(),
        email: None,
        exp: now + 1000,
        id: "bob000000000000".to_owned(),
        new_email: None,
        refreshable: Some(true),
        sid: None,
        kind: Kind::Auth,
    };
    let key = "key of bob000000000000 that is long enoughsecret of users that is very long indeed";
    let key = jsonwebtoken::EncodingKey::from_secret(key.as_bytes());
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    let bob = Client {
        token: jsonwebtoken::encode(&header, &claims, &key).expect("a token"),
        ..app.guest()
    };
    bob.view("users", "bob000000000000").ok();
    bob.view("users", "ann000000000000").refused(404);
    let boss = json!({"identity": "boss@example.com", "password": "from elsewhere"});
    let path = "/api/collections/_superusers/auth-with-password";
    let boss = Client {
        token: app.guest().post(path, boss).ok()["token"]
            .as_str()
            .expect("a token")
            .to_owned(),
        ..app.guest()
    };
    assert_eq!(boss.all("posts", "id").len(), 3);
}

#[test]
fn a_second_run_changes_nothing_and_leaves_what_differs() {
    let (home, from) = (Home::new(), blog());
    moved(&home, &from);
    let said = moved(&home, &from);
    assert!(said.contains("nothing was changed"), "{said}");

    from.execute(
        r#"INSERT INTO _params VALUES ('settings', '{"meta":{"appName":"Acme"},"logs":{"maxDays":5}}', '', '')"#,
    );
    assert!(moved(&home, &from).contains("sections of settings"));
    let said = moved(&home, &from);
    assert!(said.contains("nothing was changed"), "{said}");
    from.execute(r#"UPDATE _params SET value = '{"meta":{"appName":"Other"}}'"#);
    let said = moved(&home, &from);
    assert!(
        said.contains("settings.meta: others are set here"),
        "{said}"
    );

    from.execute(
        "UPDATE posts SET title = 'Changed there' WHERE id = 'post00000000001';
         INSERT INTO posts (id, title) VALUES ('post00000000004', 'Fourth')",
    );
    let said = moved(&home, &from);
    assert!(
        said.contains("posts: 1 records have other values here"),
        "{said}"
    );
    assert!(said.contains("1 new records"), "{said}");
    let app = TestApp::start_in(home);
    let titles: Vec<Value> = of_posts(app.root())
        .iter()
        .map(|p| p["title"].clone())
        .collect();
    assert_eq!(titles, ["First", "Second <b>", "Third", "Fourth"]);
}

#[test]
fn what_cannot_be_taken_is_said() {
    let (home, from) = (Home::new(), blog());
    let mut odd = base(
        "odd000000000000",
        "odd",
        json!([
            field("a", "text", json!({"futureOption": 5})),
            field("b", "hologram", json!({})),
        ]),
    );
    odd["indexes"] = json!([
        "CREATE INDEX `idx_odd_a` ON `odd` (`a`)",
        "CREATE INDEX `idx_odd_fn` ON `odd` (abs(`a`))",
    ]);
    odd["listRule"] = json!("b = 1");
    odd["viewRule"] = json!("a = 'x'");
    from.collection(&odd);
    from.execute("INSERT INTO odd VALUES ('odd000000000001', 'nul' || char(0) || 'nul', 'x')");
    from.execute(
        r#"INSERT INTO _params VALUES ('settings', '{"meta":{"appName":"Acme","senderAddress":"no address"},"batch":{"enabled":true,"maxRequests":7},"superuserIPs":["1.2.3.4"],"smtp":{"enabled":true,"host":"mail.example.com","password":"geheim"}}', '', '')"#,
    );
    let said = moved(&home, &from);
    for part in [
        "odd.b: fields of the type hologram are not there yet",
        "odd.a.futureOption: the option is not known",
        "odd.indexes: left out: CREATE INDEX `idx_odd_fn`",
        "odd.listRule: left to superusers: b = 1",
        "odd: U+0000",
        "settings.meta: senderAddress",
        "settings.superuserIPs: not there yet",
        "mail.example.com",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains("geheim"), "n56: {said}");
    let app = TestApp::start_in(home);
    let settings = app.root().get("/api/settings").ok();
    assert_eq!(settings["batch"]["maxRequests"], json!(7));
    let odd = app.root().get("/api/collections/odd").ok();
    assert_eq!(
        (&odd["listRule"], &odd["viewRule"]),
        (&Value::Null, &json!("a = 'x'"))
    );
    assert_eq!(
        odd["indexes"],
        json!(["CREATE INDEX `idx_odd_a` ON `odd` (`a`)"])
    );
    let record = app.root().view("odd", "odd000000000001").ok();
    assert_eq!(record["a"], json!("nul\u{fffd}nul"));
}

#[test]
fn encrypted_settings_are_said_and_not_taken() {
    let (home, from) = (Home::new(), blog());
    from.execute("INSERT INTO _params VALUES ('settings', '\"bm90IGpzb24=\"', '', '')");
    let said = moved(&home, &from);
    assert!(said.contains("settings: they are encrypted"), "{said}");
}

#[test]
fn files_come_along_and_links_out_of_the_directory_do_not() {
    let (home, from) = (Home::new(), blog());
    let record = from.file("storage/posts0000000000/post00000000001");
    fs::create_dir_all(record.join("thumbs_a.png")).expect("a directory");
    fs::write(record.join("a.png"), b"picture").expect("a file");
    fs::write(record.join("a.png.attrs"), b"{}").expect("a file");
    fs::write(record.join("thumbs_a.png/100x100_a.png"), b"small").expect("a file");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", record.join("n33.txt")).expect("a link");
    fs::create_dir_all(from.file("storage/unknown/x")).expect("a directory");
    fs::write(from.file("storage/unknown/x/y"), b"nobody's").expect("a file");
    let said = moved(&home, &from);
    assert!(said.contains("1 new files"), "{said}");
    let there = home.storage();
    let copy = there.join("posts0000000000/post00000000001");
    assert_eq!(fs::read(copy.join("a.png")).expect("a file"), b"picture");
    assert_eq!(fs::read_dir(&copy).expect("a directory").count(), 1);
    assert!(!there.join("unknown").exists());
    assert!(moved(&home, &from).contains("nothing was changed"));
}

#[test]
fn what_is_still_in_the_log_is_read_and_left_there() {
    let (home, from) = (Home::new(), blog());
    // Somebody has it open, and what they wrote is only in the log.
    let mut open = from.connect();
    open.batch_execute(
        "PRAGMA wal_autocheckpoint = 0;
         INSERT INTO posts (id, title) VALUES ('post00000000009', 'In the log')",
    )
    .expect("it is written");
    let output = import(&home, from.path(), &[]);
    assert!(output.status.success());

    // Nobody has it open, as after a crash.
    let crashed = PbData::empty();
    for name in ["data.db", "data.db-wal"] {
        fs::copy(from.file(name), crashed.file(name)).expect("a copy");
    }
    let other = Home::new();
    moved(&other, &crashed);
    for home in [home, other] {
        let app = TestApp::start_in(home);
        assert!(
            app.root()
                .all("posts", "title")
                .contains(&"In the log".to_owned())
        );
    }
    drop(open);
}

#[test]
fn a_superuser_who_was_here_before_stays() {
    let (home, from) = (Home::new(), blog());
    make_superuser(&home);
    let said = moved_with(&home, &from, &["--superusers"]);
    assert!(said.contains("_superusers"), "{said}");
    let app = TestApp::start_in(home);
    let mut emails = app.root().all("_superusers", "email");
    emails.sort();
    assert_eq!(emails, ["boss@example.com", "root@example.com"]);
}

#[test]
fn directories_that_are_none_of_pocketbases_are_refused() {
    let home = Home::new();
    let empty = tempfile::tempdir().expect("a temporary directory");
    refused(
        &home,
        &empty.path().join("nowhere"),
        "there is no directory",
    );
    refused(&home, empty.path(), "no data.db");
    let file = empty.path().join("data.db");
    fs::write(&file, b"").expect("a file");
    refused(&home, empty.path(), "no SQLite database");
    fs::write(&file, b"hello, I am no database at all").expect("a file");
    refused(&home, empty.path(), "no SQLite database");

    let from = PbData::new();
    from.execute("DROP TABLE _collections");
    refused(&home, from.path(), "it has no collections");
    from.execute("CREATE TABLE _collections (id TEXT, name TEXT, schema JSON)");
    refused(&home, from.path(), "before 0.23");

    let other = Home::new();
    make_superuser(&other);
    if other.database_url.is_empty() {
        refused(&home, other.dir.path(), "it is Plinth's own");
    }
    // Nobody has made a database meanwhile.
    assert!(!home.dir.path().join("data.db").exists());
}

#[test]
fn a_damaged_or_locked_database_is_refused() {
    let (home, from) = (Home::new(), blog());
    // Filled such that the damage is in a page that is in use.
    from.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
         INSERT INTO posts (id, title) SELECT printf('fill%011d', i), printf('Title %d', i) FROM n;
         PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE",
    );
    let file = from.file("data.db");
    let whole = fs::read(&file).expect("a file");
    let mut damaged = whole.clone();
    let (start, end) = (whole.len() / 2, whole.len() / 2 + 40_000);
    damaged[start..end].fill(0x5a);
    fs::write(&file, &damaged).expect("a file");
    refused(&home, from.path(), "cannot read the database");
    fs::write(&file, &whole[..whole.len() / 2]).expect("a file");
    refused(&home, from.path(), "cannot read the database");
    fs::write(&file, &whole).expect("a file");
    let mut other = from.connect();
    other
        .batch_execute("BEGIN EXCLUSIVE")
        .expect("it is locked");
    refused(&home, from.path(), "locked");
    other.batch_execute("ROLLBACK").expect("it is free");
    moved(&home, &from);
}

#[test]
fn other_collections_of_the_same_name_stay_and_nothing_else_comes() {
    let (home, from) = (Home::new(), blog());
    let app = TestApp::start_in(home);
    app.open_collection("posts", json!([{"name": "mine", "type": "text"}]));
    app.root().create("posts", json!({"mine": "all mine"}));
    let before = app.root().everything(&["posts", "users"]);
    let home = app.stop();
    refused(&home, from.path(), "there are already other collections");
    let app = TestApp::start_in(home);
    assert_eq!(app.root().everything(&["posts", "users"]), before);
}

#[test]
fn a_failure_half_way_leaves_nothing_behind() {
    let (home, from) = (Home::new(), blog());
    let record = from.file("storage/posts0000000000/post00000000001");
    fs::create_dir_all(&record).expect("a directory");
    fs::write(record.join("a.png"), b"picture").expect("a file");
    // A file is in the way of the directory that the copies of another collection need.
    fs::create_dir_all(from.file("storage/zzz000000000000/r")).expect("a directory");
    fs::write(from.file("storage/zzz000000000000/r/f.txt"), b"f").expect("a file");
    from.collection(&base("zzz000000000000", "zzz", json!([])));
    fs::create_dir_all(home.storage()).expect("a directory");
    fs::write(home.storage().join("zzz000000000000"), b"").expect("a file");
    refused(&home, from.path(), "cannot copy the files of zzz");
    assert!(
        !home
            .storage()
            .join("posts0000000000/post00000000001/a.png")
            .exists()
    );
    let app = TestApp::start_in(home);
    app.root().get("/api/collections/posts").refused(404);
}

#[test]
fn a_wrong_database_url_is_refused() {
    let (mut home, from) = (Home::new(), blog());
    home.database_url = "mysql://localhost/x".to_owned();
    refused(&home, from.path(), "must begin with postgres://");
    home.database_url = "postgres://nobody@127.0.0.1:1/x".to_owned();
    refused(&home, from.path(), "cannot connect to PostgreSQL");
}

#[test]
fn it_does_not_move_into_the_directory_that_it_comes_from() {
    let from = blog();
    let before = from.bytes();
    let mut command = Command::new(env!("CARGO_BIN_EXE_plinth"));
    command.arg("import-pocketbase").arg(from.path());
    command.arg("--dir").arg(from.path());
    let output = run(command, "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a data directory of its own"), "{said}");
    assert!(!output.status.success());
    assert!(from.bytes() == before);
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    if on_postgres() {
        // There it is the other machine's disk.
        return;
    }
    let (home, from) = (Home::new(), blog());
    make_superuser(&home);
    from.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO posts (id, title, meta) SELECT printf('fill%011d', i), printf('Title %d', i), '\"' || hex(zeroblob(200)) || '\"' FROM n",
    );
    // A limit on the size of files does to SQLite what a full disk does.
    let import = plinth(&home);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""])
        .arg(import.get_program())
        .args(import.get_args())
        .arg("import-pocketbase")
        .arg(from.path())
        .current_dir(home.dir.path());
    let output = run(limited, "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
    assert!(said.contains("disk"), "{said}");
    let app = TestApp::start_in(home);
    app.root().get("/api/collections/posts").refused(404);
}

#[test]
fn views_come_along_behind_what_they_read() {
    let (home, from) = (Home::new(), blog());
    let titles = json!([field("title", "text", json!({}))]);
    // The database takes views in any order, and so does the table of collections.
    let query = "SELECT open.id, open.title FROM open";
    from.execute("CREATE TABLE open (id, title)");
    let mut again = view("again0000000000", "again", query, titles.clone());
    again["listRule"] = json!("title != 'First'");
    from.collection(&again);
    from.execute("DROP TABLE open");
    let query = "SELECT id, title FROM posts WHERE public = TRUE";
    let mut open = view("open00000000000", "open", query, titles.clone());
    open["viewRule"] = json!("");
    from.collection(&open);
    let query = "SELECT id, randomblob(2) AS title FROM posts";
    from.collection(&view("odd000000000000", "odd", query, titles));
    let said = moved(&home, &from);
    assert!(said.contains("odd: not taken: Invalid query"), "{said}");
    assert!(moved(&home, &from).contains("nothing was changed"));
    let app = TestApp::start_in(home);
    assert_eq!(app.guest().all("again", "title"), ["Second <b>", "Third"]);
    let open = app.root().get("/api/collections/open").ok();
    assert_eq!(
        open["fields"][1]["id"],
        json!("text_title"),
        "fields keep their ids"
    );
    assert_eq!(
        open["viewQuery"],
        json!("SELECT id, title FROM posts WHERE public = TRUE")
    );
    app.root().get("/api/collections/odd").refused(404);
}
