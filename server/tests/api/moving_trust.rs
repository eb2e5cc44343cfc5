//! Somebody moves in from a directory that was made by somebody else.

use std::fs;
use std::os::unix::fs::symlink;

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::moving::{blog, import, moved, moved_with, refused};
use crate::support::pocketbase::{PbData, base, field, view};
use crate::support::process::make_superuser;
use crate::support::{Home, TestApp};

const SUPERUSERS: &str = "pbc_3142635823";

fn opened() -> PbData {
    let from = blog();
    from.execute(
        "UPDATE _collections SET listRule = '', viewRule = '', updateRule = '', deleteRule = '',
         options = json_set(options, '$.manageRule', 'id != \"\"', '$.authToken.duration', 94000000,
             '$.authToken.secret', 'a secret that somebody else knows, which is long enough',
             '$.passwordAuth.identityFields', json('[\"id\"]'))
         WHERE name = '_superusers'",
    );
    from
}

#[test]
fn n70_superusers_keep_their_rules_and_options() {
    let (home, from) = (Home::new(), opened());
    make_superuser(&home);
    let said = moved(&home, &from);
    for name in [
        "listRule",
        "updateRule",
        "manageRule",
        "authToken.duration",
        "passwordAuth",
    ] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(
        said.contains("_superusers: a system collection keeps"),
        "{said}"
    );
    assert!(moved(&home, &from).contains("nothing was changed"));
    let app = TestApp::start_in(home);
    let shown = app.root().get("/api/collections/_superusers").ok();
    for rule in [
        "listRule",
        "viewRule",
        "createRule",
        "updateRule",
        "deleteRule",
        "manageRule",
    ] {
        assert_eq!(shown[rule], Value::Null, "{rule}");
    }
    assert_eq!(shown["authToken"]["duration"], json!(86_400));
    assert_eq!(shown["passwordAuth"]["identityFields"], json!(["email"]));
    app.guest().list("_superusers", &[]).refused(403);
    let id = &app.root().all("_superusers", "id")[0];
    let password = json!({"password": "takenover1", "passwordConfirm": "takenover1"});
    let path = format!("/api/collections/_superusers/records/{id}");
    app.guest().patch(&path, password).refused(403);
}

#[test]
fn n70_fields_that_were_added_to_a_system_collection_come_along() {
    let (home, from) = (Home::new(), PbData::new());
    from.execute(
        "UPDATE _collections SET fields = json_insert(json_set(fields, '$[2].hidden', json('false')), '$[#]',
             json('{\"id\":\"text_team\",\"name\":\"team\",\"type\":\"text\",\"system\":true}'))
         WHERE name = '_superusers';
         ALTER TABLE _superusers ADD COLUMN team TEXT DEFAULT 'ops'",
    );
    moved_with(&home, &from, &["--superusers"]);
    assert!(moved(&home, &from).contains("nothing was changed"));
    let app = TestApp::start_in(home);
    let shown = app.root().get("/api/collections/_superusers").ok();
    let fields = shown["fields"].as_array().expect("fields");
    let of = |name: &str| {
        fields
            .iter()
            .find(|field| field["name"] == name)
            .expect("a field")
    };
    assert_eq!(of("team")["system"], json!(false));
    assert_eq!(of("tokenKey")["hidden"], json!(true));
    assert!(
        app.root()
            .all("_superusers", "team")
            .contains(&"ops".to_owned())
    );
}

#[test]
fn n70_superusers_are_named_and_come_only_when_the_operator_says_so() {
    let (home, from) = (Home::new(), PbData::new());
    from.account("_superusers", "eve000000000000", "eve@example.com");
    let said = moved(&home, &from);
    assert!(said.contains("boss@example.com: not taken"), "{said}");
    assert!(said.contains("eve@example.com: not taken"), "{said}");
    assert!(said.contains("_superusers  "), "{said}");
    let said = moved_with(&home, &from, &["--superusers"]);
    assert!(
        said.contains("boss@example.com: may do everything here now"),
        "{said}"
    );
    let app = TestApp::start_in(home);
    assert_eq!(
        app.root().all("_superusers", "email").len(),
        3,
        "two of them, and one of here"
    );
}

#[test]
fn n70_what_signs_superusers_in_otherwise_does_not_come() {
    let (home, from) = (Home::new(), blog());
    make_superuser(&home);
    let app = TestApp::start_in(home);
    let root = app.root().all("_superusers", "id")[0].clone();
    let home = app.stop();
    for (id, name, column) in [
        ("pbc_2281828961", "_externalAuths", "provider"),
        ("pbc_1638494021", "_otps", "password"),
    ] {
        let text = |name: &str| field(name, "text", json!({}));
        let fields = json!([
            text("collectionRef"),
            text("recordRef"),
            text(column),
            text("providerId")
        ]);
        let mut definition = base(id, name, fields);
        definition["listRule"] = json!("");
        from.collection(&definition);
        from.execute(&format!(
            "INSERT INTO {name} VALUES
             ('evil00000000001', '{SUPERUSERS}', '{root}', 'github', '666'),
             ('good00000000001', '_pb_users_auth_', 'ann000000000000', 'github', '1'),
             ('good00000000002', '_pb_users_auth_', 'nobody000000000', 'github', '2')"
        ));
    }
    let output = import(&home, from.path(), &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("_externalAuths/good00000000002: left out: recordRef"),
        "{said}"
    );
    assert!(
        said.contains("_externalAuths: a system collection keeps"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(3), "{said}");
    let app = TestApp::start_in(home);
    assert_eq!(app.root().all("_externalAuths", "id"), ["good00000000001"]);
    assert_eq!(app.root().all("_otps", "id").len(), 0, "no hashes");
    assert_eq!(
        app.guest().all("_externalAuths", "id").len(),
        0,
        "their rules stay"
    );
}

#[test]
fn n70_rules_and_views_from_elsewhere_do_not_look_into_system_collections() {
    let (home, from) = (Home::new(), blog());
    let emails = json!([field("email", "email", json!({}))]);
    let mut peek = view(
        "peek00000000000",
        "peek",
        "SELECT id, email FROM _superusers",
        emails,
    );
    peek["listRule"] = json!("");
    peek["viewRule"] = json!("");
    from.collection(&peek);
    let mut oracle = base("oracle000000000", "oracle", json!([]));
    oracle["listRule"] = json!("@collection._superusers.email ?~ 'boss'");
    oracle["viewRule"] = json!("@request.auth.id != ''");
    from.collection(&oracle);
    let said = moved(&home, &from);
    assert!(said.contains("peek: left to superusers"), "{said}");
    assert!(
        said.contains("oracle.listRule: left to superusers"),
        "{said}"
    );
    assert!(moved(&home, &from).contains("nothing was changed"));
    let app = TestApp::start_in(home);
    app.guest().list("peek", &[]).refused(403);
    let oracle = app.root().get("/api/collections/oracle").ok();
    assert_eq!(oracle["listRule"], Value::Null);
    assert_eq!(oracle["viewRule"], json!("@request.auth.id != ''"));
}

#[test]
fn n70_links_in_mails_lead_where_the_operator_says() {
    let (home, from) = (Home::new(), PbData::new());
    from.execute(
        r#"INSERT INTO _params VALUES ('settings', '{"meta":{"appName":"Acme","appURL":"https://evil.example.com"}}', '', '')"#,
    );
    let said = moved(&home, &from);
    assert!(said.contains("settings.meta.appURL"), "{said}");
    let app = TestApp::start_in(home);
    let meta = &app.root().get("/api/settings").ok()["meta"];
    assert_eq!(meta["appName"], json!("Acme"));
    assert_ne!(meta["appURL"], json!("https://evil.example.com"));
}

#[test]
fn n70_ids_and_names_of_files_obey_the_field() {
    let (home, from) = (Home::new(), PbData::new());
    let mut leak = base(
        "leak00000000000",
        "leak",
        json!([field("f", "file", json!({"maxSelect": 1}))]),
    );
    leak["viewRule"] = json!("");
    from.collection(&leak);
    let mut loose = base("loose0000000000", "loose", json!([]));
    loose["fields"][0]["pattern"] = json!("^(?s).*$");
    loose["fields"][0]["min"] = json!(0);
    loose["fields"][0]["max"] = json!(0);
    from.collection(&loose);
    for id in [
        "../../x",
        "a\nb",
        "xss<img src=x onerror=alert(1)>",
        ".ssh",
        "",
        "a/b",
        "%2e%2e",
        "CON",
    ] {
        from.execute(&format!(
            "INSERT INTO leak VALUES ('{id}', 'a.txt'); INSERT INTO loose VALUES ('{id}')"
        ));
    }
    from.execute(
        "INSERT INTO leak VALUES ('leak00000000001', '../../../etc/passwd'), ('leak00000000002', '.ssh'),
         ('leak00000000003', 'fine.txt'); INSERT INTO loose VALUES ('any-id_Ü')",
    );
    let dir = from.file("storage/leak00000000000/.ssh");
    fs::create_dir_all(&dir).expect("a directory");
    fs::write(dir.join("a.txt"), b"x").expect("a file");
    let output = import(&home, from.path(), &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("leak/../../x: left out: id: "), "{said}");
    assert!(said.contains("leak/a\\nb: left out: id: "), "{said}");
    assert!(said.contains("loose/%2e%2e: left out: id: "), "{said}");
    assert!(
        said.contains("leak/leak00000000001: left out: f: "),
        "{said}"
    );
    assert!(said.contains("no record has such an id"), "{said}");
    assert!(said.contains("Left out: 18 records and 1 files"), "{said}");
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(!home.storage().join("leak00000000000").exists());
    let app = TestApp::start_in(home);
    assert_eq!(app.root().all("leak", "id"), ["leak00000000003"]);
    assert_eq!(app.root().all("loose", "id"), ["any-id_Ü"]);
}

#[test]
fn n70_files_are_opened_without_following_links_at_any_step() {
    let (home, from) = (Home::new(), blog());
    let outside = tempfile::tempdir().expect("a directory");
    for place in ["a", "posts0000000000/post00000000001", "record"] {
        fs::create_dir_all(outside.path().join(place)).expect("a directory");
        fs::write(outside.path().join(place).join("id_rsa"), b"secret").expect("a file");
    }
    let storage = from.file("storage");
    // A link instead of the directory of a collection, of a record, and of a file.
    fs::create_dir_all(storage.join("posts0000000000/post00000000002")).expect("a directory");
    symlink(outside.path(), storage.join("_pb_users_auth_")).expect("a link");
    symlink(
        outside.path().join("record"),
        storage.join("posts0000000000/post00000000001"),
    )
    .expect("a link");
    let record = storage.join("posts0000000000/post00000000002");
    symlink(outside.path().join("a/id_rsa"), record.join("id_rsa")).expect("a link");
    fs::write(record.join("fine.txt"), b"fine").expect("a file");
    // What waits for ever, or answers from elsewhere.
    let _socket = std::os::unix::net::UnixListener::bind(record.join("socket")).expect("a socket");
    let fifo = std::process::Command::new("mkfifo")
        .arg(record.join("fifo"))
        .status();
    assert!(fifo.expect("it runs").success());
    let output = import(&home, from.path(), &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 new files"), "{said}");
    for name in [
        "_pb_users_auth_",
        "post00000000001",
        "id_rsa",
        "socket",
        "fifo",
    ] {
        assert!(
            said.contains(&format!("{name}: left out")),
            "{name}: {said}"
        );
    }
    let there = home.storage();
    assert_eq!(
        fs::read(there.join("posts0000000000/post00000000002/fine.txt")).expect("it"),
        b"fine"
    );
    assert!(!there.join("posts0000000000/post00000000001").exists());
    assert!(!there.join("_pb_users_auth_").exists());

    // All of the files behind one link: none comes, unless the operator names the place.
    fs::remove_dir_all(&storage).expect("it goes");
    symlink(outside.path(), &storage).expect("a link");
    let output = import(&home, from.path(), &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("storage: no file was taken"), "{said}");
    assert_eq!(output.status.code(), Some(3), "{said}");
    let elsewhere = outside.path().to_str().expect("text");
    let said = moved_with(&home, &from, &["--storage", elsewhere]);
    assert!(said.contains("1 new files"), "{said}");
    assert!(
        there
            .join("posts0000000000/post00000000001/id_rsa")
            .exists()
    );
}

#[test]
fn n70_a_database_that_is_a_link_is_refused() {
    let (home, own) = (Home::new(), blog());
    own.connect()
        .batch_execute("PRAGMA journal_mode = DELETE")
        .expect("it is one file");
    let from = PbData::empty();
    symlink(own.file("data.db"), from.file("data.db")).expect("a link");
    refused(&home, from.path(), "links are not followed");
    fs::remove_file(from.file("data.db")).expect("it goes");
    fs::copy(own.file("data.db"), from.file("data.db")).expect("a copy");
    symlink(own.file("data.db"), from.file("data.db-wal")).expect("a link");
    refused(&home, from.path(), "links are not followed");
    fs::remove_file(from.file("data.db-wal")).expect("it goes");
    // A link that leads to the whole directory is the operator's own.
    let place = tempfile::tempdir().expect("a directory");
    symlink(from.path(), place.path().join("pb_data")).expect("a link");
    assert!(
        import(&home, &place.path().join("pb_data"), &[])
            .status
            .success()
    );
}

#[test]
fn n70_a_superuser_can_close_a_rule_of_a_system_collection_and_open_none() {
    let app = TestApp::start();
    let path = "/api/collections/_superusers";
    for rule in [
        "listRule",
        "viewRule",
        "createRule",
        "updateRule",
        "deleteRule",
        "manageRule",
    ] {
        for open in ["", "id != ''"] {
            app.root()
                .patch(path, json!({rule: open}))
                .refused_for(rule, rule_code(rule, open));
            let imported =
                json!({"collections": [{"id": SUPERUSERS, "name": "_superusers", rule: open}]});
            app.root()
                .put("/api/collections/import", imported)
                .refused(400);
        }
    }
    app.root()
        .patch(path, json!({"authRule": null}))
        .refused_for("authRule", "collection_system_rule_change");
    let origins = "/api/collections/_authOrigins";
    let own = app.root().get(origins).ok()["listRule"].clone();
    app.root()
        .patch(origins, json!({"listRule": ""}))
        .refused_for("listRule", "collection_system_rule_change");
    app.root().patch(origins, json!({"listRule": null})).ok();
    app.guest().list("_authOrigins", &[]).refused(403);
    app.root().patch(origins, json!({"listRule": own})).ok();
}

fn rule_code(rule: &str, value: &str) -> &'static str {
    if rule == "manageRule" && value.is_empty() {
        "nil_or_not_empty_required"
    } else {
        "collection_system_rule_change"
    }
}

#[test]
fn n70_rules_that_an_earlier_version_let_in_are_closed() {
    let home = Home::new();
    make_superuser(&home);
    home.execute(
        "UPDATE _collections SET definition = replace(definition, '\"updateRule\":null', '\"updateRule\":\"\"')
         WHERE name = '_superusers'",
    );
    let app = TestApp::start_in(home);
    let shown = app.root().get("/api/collections/_superusers").ok();
    assert_eq!(shown["updateRule"], Value::Null);
    let id = &app.root().all("_superusers", "id")[0];
    let path = format!("/api/collections/_superusers/records/{id}");
    app.guest()
        .patch(&path, json!({"email": "evil@example.com"}))
        .refused(403);
}

#[test]
fn f04_collections_that_refer_to_each_other_move_in() {
    let (home, from) = (Home::new(), PbData::new());
    let relation = |name: &str, target: &str| {
        field(
            name,
            "relation",
            json!({"maxSelect": 1, "collectionId": target}),
        )
    };
    let mut one = base(
        "one000000000000",
        "one",
        json!([relation("two", "two000000000000")]),
    );
    one["listRule"] = json!("two.one.id = id && two_via_one.id ?!= ''");
    from.collection(&one);
    let mut two = base(
        "two000000000000",
        "two",
        json!([relation("one", "one000000000000")]),
    );
    two["listRule"] = json!("one_via_two.two.id ?= id || @collection.one.two ?= id");
    from.collection(&two);
    from.execute(
        "INSERT INTO one VALUES ('record000000001', 'record000000002');
         INSERT INTO two VALUES ('record000000002', 'record000000001')",
    );
    let said = moved(&home, &from);
    assert!(!said.contains("Not taken"), "{said}");
    let app = TestApp::start_in(home);
    assert_eq!(app.guest().all("one", "two"), ["record000000002"]);
}
