//! Somebody moves in with records that are broken: they are named, and the others come.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::moving::{import, refused};
use crate::support::pocketbase::{PbData, auth, base, field};
use crate::support::{Home, TestApp};

fn said(output: &std::process::Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&all).into_owned()
}

/// Records of which some cannot be taken, each for another reason.
fn broken() -> PbData {
    let from = PbData::new();
    let users = auth("_pb_users_auth_", "users", json!([]));
    from.collection(&users);
    from.account("users", "ann000000000000", "ann@example.com");
    from.account("users", "slow00000000000", "slow@example.com");
    from.execute(
        "UPDATE users SET password = '$2a$31$' || substr(password, 8) WHERE id = 'slow00000000000';
         INSERT INTO users (id, email, password, tokenKey) SELECT 'root00000000000', 'twice@example.com', password, 'a key that nobody else has, long enough' FROM users LIMIT 1",
    );
    let mut odd = base(
        "odd000000000000",
        "odd",
        json!([
            field("title", "text", json!({"required": true, "max": 20})),
            field("code", "text", json!({})),
            field("meta", "json", json!({})),
            field("due", "date", json!({})),
            field("site", "url", json!({})),
            field("n", "number", json!({})),
        ]),
    );
    odd["indexes"] =
        json!(["CREATE UNIQUE INDEX `idx_odd_code` ON `odd` (`code`) WHERE `code` != ''"]);
    from.collection(&odd);
    from.execute(
        r#"INSERT INTO odd (id, title, code, meta, due, site, n) VALUES
        ('fine00000000001', 'Fine', 'a', '{"a":1}', '2024-01-02 03:04:05.678Z', 'https://a.example.com', 1),
        ('bad000000000001', 'Same code', 'a', NULL, '', '', 0),
        ('bad000000000002', 'Broken JSON', '', '{"a":', '', '', 0),
        ('bad000000000003', 'No date', '', NULL, 'next week', '', 0),
        ('bad000000000004', 'A script', '', NULL, '', 'javascript:alert(1)', 0),
        ('bad000000000005', 'No number', '', NULL, '', '', 9e999),
        ('bad000000000006', 'Long', replace(hex(zeroblob(30000)), '00', 'ab'), NULL, '', '', 0),
        ('bad000000000007', 'Deep', '', replace(hex(zeroblob(300)), '00', '[') || replace(hex(zeroblob(300)), '00', ']'), '', '', 0),
        ('TOO SHORT', 'Bad id', '', NULL, '', '', 0),
        ('late00000000001', '', '', 'plain text', '', '', 0),
        ('late00000000002', 'Longer than is allowed now', '', NULL, '', '', 0),
        ('fine00000000002', 'Fine', 'b', NULL, '', '', 2)"#,
    );
    from
}

#[test]
fn import_names_what_it_cannot_take_and_goes_on() {
    let (home, from) = (Home::new(), broken());
    let output = import(&home, from.path(), &[]);
    let report = said(&output);
    for part in [
        "odd/bad000000000001: left out: code: Value must be unique.",
        "odd/bad000000000002: left out: meta: it is no JSON",
        "odd/bad000000000003: left out: due: it is no date",
        "odd/bad000000000004: left out: site: ",
        "odd/bad000000000005: left out: n: ",
        "odd/bad000000000006: left out: code: ",
        "odd/bad000000000007: left out: meta: it is no JSON",
        "odd/TOO SHORT: left out: id: ",
        "users/slow00000000000: left out: password: its hash takes too long",
        "odd/late00000000001: taken as it is",
        "odd: so were 1 more records",
        "Left out: 9 records and 0 files.",
    ] {
        assert!(report.contains(part), "{part} is not in {report}");
    }
    assert_eq!(output.status.code(), Some(3), "{report}");
    let again = import(&home, from.path(), &[]);
    let report = said(&again);
    assert!(report.contains("nothing was changed"), "{report}");
    assert_eq!(again.status.code(), Some(3), "it is still incomplete");
    let app = TestApp::start_in(home);
    let ids = app.root().all("odd", "id");
    assert_eq!(
        ids,
        [
            "fine00000000001",
            "late00000000001",
            "late00000000002",
            "fine00000000002"
        ]
    );
    let late = app.root().view("odd", "late00000000001").ok();
    assert_eq!(
        (&late["title"], &late["meta"]),
        (&json!(""), &json!("plain text"))
    );
}

#[test]
fn a_strict_import_changes_nothing_and_names_the_same() {
    let (home, from) = (Home::new(), broken());
    let output = import(&home, from.path(), &["--strict"]);
    let report = said(&output);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(
        report.contains("odd/bad000000000001: left out: code"),
        "{report}"
    );
    assert!(report.contains("Left out: 9 records"), "{report}");
    let app = TestApp::start_in(home);
    app.root().get("/api/collections/odd").refused(404);
}

#[test]
fn an_account_with_another_ones_id_is_left_out() {
    let (home, from) = (Home::new(), broken());
    let output = import(&home, from.path(), &["--superusers"]);
    let report = said(&output);
    assert!(
        report.contains("users/root00000000000: left out: id: ")
            || report.contains("_superusers/root00000000000: left out: id: "),
        "{report}"
    );
    assert!(report.contains("Left out: 10 records"), "{report}");
}

#[test]
fn a_thousand_broken_records_are_counted_and_some_are_named() {
    let (home, from) = (Home::new(), PbData::new());
    from.collection(&base("many00000000000", "many", json!([])));
    from.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO many SELECT 'bad ' || i FROM n; INSERT INTO many VALUES ('good00000000001')",
    );
    let report = said(&import(&home, from.path(), &[]));
    assert!(report.contains("many/bad 1: left out"), "{report}");
    assert!(
        report.contains("many: 980 more records are left out"),
        "{report}"
    );
    assert_eq!(report.matches("many/bad").count(), 20, "{report}");
    let app = TestApp::start_in(home);
    assert_eq!(app.root().all("many", "id"), ["good00000000001"]);
}

#[test]
fn fields_that_no_collection_can_have_are_left_out() {
    let (home, from) = (Home::new(), PbData::new());
    let fields = json!([
        field("fine", "text", json!({})),
        field("a\"b", "text", json!({}))
    ]);
    let mut odd = base("odd000000000000", "odd", fields);
    odd["indexes"] = json!(["CREATE INDEX `idx_odd` ON `odd` (`a\"b`)"]);
    from.collection(&odd);
    from.execute("INSERT INTO odd VALUES ('odd000000000001', 'x', 'y')");
    let report = said(&import(&home, from.path(), &[]));
    assert!(
        report.contains("odd.a\"b: the field is left out"),
        "{report}"
    );
    let app = TestApp::start_in(home);
    let record = app.root().view("odd", "odd000000000001").ok();
    assert_eq!(record["fine"], json!("x"));
    assert_eq!(
        app.root().get("/api/collections/odd").ok()["indexes"],
        json!([])
    );
    assert_eq!(record.get("a\"b"), None::<&Value>);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_come() {
    let (home, from) = (Home::new(), PbData::new());
    from.collection(&base(
        "odd000000000000",
        "odd",
        json!([field("f", "file", json!({}))]),
    ));
    from.execute("INSERT INTO odd VALUES ('odd000000000001', 'a.txt')");
    let dir = from.file("storage/odd000000000000/odd000000000001");
    fs::create_dir_all(&dir).expect("a directory");
    for name in ["a.txt", "closed.txt", ".hidden"] {
        fs::write(dir.join(name), b"x").expect("a file");
    }
    fs::set_permissions(dir.join("closed.txt"), fs::Permissions::from_mode(0o000))
        .expect("it is closed");
    let is_root = fs::read(dir.join("closed.txt")).is_ok();
    let output = import(&home, from.path(), &[]);
    let report = said(&output);
    assert!(
        report.contains(".hidden: left out: no file of a record is called that"),
        "{report}"
    );
    assert!(
        home.storage()
            .join("odd000000000000/odd000000000001/a.txt")
            .exists()
    );
    // Root reads everything.
    assert_eq!(
        report.contains("closed.txt: left out: it can't be read"),
        !is_root,
        "{report}"
    );
    assert_eq!(output.status.code(), Some(3), "{report}");
    fs::set_permissions(dir.join("closed.txt"), fs::Permissions::from_mode(0o600))
        .expect("it is open");
    refused(&home, &dir, "no data.db");
}

#[test]
fn references_to_records_that_are_not_there_are_named_and_stay() {
    let (home, from) = (Home::new(), PbData::new());
    let relation = |name: &str, most: u8| {
        let options = json!({"maxSelect": most, "collectionId": "tree00000000000"});
        field(name, "relation", options)
    };
    from.collection(&base(
        "tree00000000000",
        "tree",
        json!([relation("parent", 1), relation("friends", 5)]),
    ));
    from.execute(
        r#"INSERT INTO tree VALUES ('tree00000000001', 'tree00000000002', '["tree00000000001","gone00000000001"]'),
        ('tree00000000002', 'gone00000000002', '[]'), ('tree00000000003', '', '')"#,
    );
    let output = import(&home, from.path(), &[]);
    let report = said(&output);
    assert!(output.status.success(), "{report}");
    for part in [
        "tree/tree00000000001: friends: tree has no record gone00000000001",
        "tree/tree00000000002: parent: tree has no record gone00000000002",
    ] {
        assert!(report.contains(part), "{part} is not in {report}");
    }
    assert_eq!(report.matches("has no record").count(), 2, "{report}");
    let app = TestApp::start_in(home);
    let record = app.root().view("tree", "tree00000000002").ok();
    assert_eq!(record["parent"], json!("gone00000000002"));
}
