//! An embedded database belongs to one server, whatever the way to it is called; and it notices when its files go.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::process::{Process, make_superuser, plinth, run};
use crate::support::{Home, on_postgres};

fn linked(to: &Path) -> Home {
    let home = Home::on(String::new());
    symlink(to, home.dir.path().join("data.db")).expect("a link");
    home
}

fn migrate(home: &Home) -> (bool, String) {
    let mut command = plinth(home);
    command.arg("migrate");
    let output = run(command, "");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), words)
}

#[track_caller]
fn refused(home: &Home, why: &str) {
    let (is_ok, words) = migrate(home);
    assert!(!is_ok && words.contains(why), "{words}");
}

#[test]
fn o18_a_database_by_two_names_has_one_server() {
    let home = Home::on(String::new());
    make_superuser(&home);
    let database = home.dir.path().join("data.db");
    let server = Process::start(&home);
    let one = linked(&database);
    refused(&one, "another server");
    server.terminate();
    server.end();
    // By a link it works, if nobody else is there.
    let server = Process::start(&one);
    server.root().get("/api/collections").ok();
    refused(&home, "another server");
    refused(&linked(&database), "another server");
    refused(&linked(&one.dir.path().join("data.db")), "another server");
    server.kill();
    // Of another name, too.
    let renamed = home.dir.path().join("app.sqlite");
    for end in ["", "-wal", "-shm"] {
        let name = |base: &Path| format!("{}{end}", base.display());
        let _ = fs::rename(name(&database), name(&renamed));
    }
    let (one, two) = (linked(&renamed), linked(&renamed));
    let server = Process::start(&one);
    refused(&two, "another server");
    server.kill();
    assert!(migrate(&two).0);
}

#[test]
fn o18_links_that_lead_astray_are_named() {
    let nowhere = linked(Path::new("/nonexistent/data.db"));
    refused(&nowhere, "leads nowhere");
    let home = Home::on(String::new());
    make_superuser(&home);
    let copy = Home::on(String::new());
    let database = home.dir.path().join("data.db");
    fs::hard_link(&database, copy.dir.path().join("data.db")).expect("a link");
    for home in [&home, &copy] {
        refused(home, "second name");
    }
    let away = tempfile::tempdir().expect("a directory");
    let dir = away.path().join("data");
    symlink("/nonexistent/data", &dir).expect("a link");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_plinth"));
    command
        .current_dir(away.path())
        .arg("migrate")
        .arg("--dir")
        .arg(&dir);
    let words = String::from_utf8_lossy(&run(command, "").stderr).into_owned();
    assert!(words.contains("leads nowhere"), "{words}");
}

#[test]
fn o18_a_log_that_is_taken_away_is_noticed() {
    if on_postgres() {
        return;
    }
    for gone in ["data.db-wal", "data.db"] {
        let home = Home::new();
        make_superuser(&home);
        let server = Process::start(&home);
        let root = server.root();
        let posts = json!({"name": "posts", "fields": [{"name": "title", "type": "text"}]});
        root.post("/api/collections", posts).ok();
        let kept = root.create("posts", json!({"title": "kept"}));
        fs::rename(home.dir.path().join(gone), home.dir.path().join("away")).expect("it is there");
        for _ in 0..2 {
            root.try_create("posts", json!({"title": "late"}))
                .refused(503);
        }
        let until = Instant::now() + Duration::from_secs(30);
        while !root
            .get("/api/logs?perPage=500")
            .text
            .contains("takes no more writes")
        {
            assert!(Instant::now() < until, "nobody is told");
            std::thread::sleep(Duration::from_millis(100));
        }
        server.kill();
        // Nothing that was acknowledged is lost.
        if gone == "data.db" {
            fs::rename(home.dir.path().join("away"), home.dir.path().join(gone)).expect("back");
        }
        let server = Process::start(&home);
        let id = kept["id"].as_str().expect("an id");
        let root = server.root();
        assert_eq!(root.view("posts", id).ok()["title"], "kept");
        root.create("posts", json!({"title": "again"}));
    }
}
