//! Passwords: how they are changed, kept and compared.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plinth::config::Config;
use serde_json::json;

use crate::accounts::{ANN, refresh, sign_in, sign_up};
use crate::support::process::{plinth, run};
use crate::support::smtp::{Mood, Smtp};
use crate::support::{Client, Home, PASSWORD, ROOT, TestApp, at_once};

#[test]
fn n28_long_passwords_are_refused_or_count_in_full() {
    let app = TestApp::start();
    let guest = app.guest();
    for length in [72, 50_000] {
        let long = "x".repeat(length);
        guest
            .try_create("users", sign_up("ann@example.com", &long))
            .refused_for("password", "max_text_constraint");
        sign_in(&guest, "ann@example.com", &long).refused(400);
    }
    // More than 72 bytes, which is where bcrypt would stop looking.
    let (one, other) = (
        format!("{}a", "é".repeat(70)),
        format!("{}b", "é".repeat(70)),
    );
    guest.create("users", sign_up("ann@example.com", &one));
    sign_in(&guest, "ann@example.com", &one).ok();
    sign_in(&guest, "ann@example.com", &other).refused(400);
    sign_in(&guest, "ann@example.com", &"é".repeat(70)).refused(400);
}

#[test]
fn n28_the_commonest_passwords_are_refused_where_they_are_set() {
    let smtp = Smtp::start(Mood::Accepts);
    let app = smtp.start_app();
    let (root, guest) = (app.root(), app.guest());
    let common = ["12345678", "Password1", "qwertyuiop", "aaaaaaaa"];
    // Unless a definition says so, everything is as in PocketBase.
    let users = root.get("/api/collections/users").ok();
    assert!(!users.to_string().contains("refuseCommon"));
    guest.create("users", sign_up("old@example.com", common[0]));
    let fields = users["fields"].as_array().expect("fields").iter().cloned();
    let strict: Vec<_> = fields
        .map(|mut field| {
            if field["type"] == "password" {
                field["refuseCommon"] = json!(true);
            }
            field
        })
        .collect();
    let changed = root.patch("/api/collections/users", json!({"fields": strict}));
    assert!(changed.ok().to_string().contains("\"refuseCommon\":true"));
    // Who has one keeps it, and can sign in with it.
    sign_in(&guest, "old@example.com", common[0]).ok();
    let ann = app.user("ann");
    guest
        .post(
            "/api/collections/users/request-password-reset",
            json!({"email": "ann@example.com"}),
        )
        .ok();
    let token = smtp.wait_for(1).remove(0).token("password-reset");
    let reset = |password: &str| {
        let body = json!({"token": token, "password": password, "passwordConfirm": password});
        guest.post("/api/collections/users/confirm-password-reset", body)
    };
    for password in common {
        let code = "common_password";
        guest
            .try_create("users", sign_up("new@example.com", password))
            .refused_for("password", code);
        root.try_create("users", sign_up("new@example.com", password))
            .refused_for("password", code);
        let change =
            json!({"password": password, "passwordConfirm": password, "oldPassword": PASSWORD});
        ann.update("users", ANN, change.clone())
            .refused_for("password", code);
        root.update("users", ANN, change)
            .refused_for("password", code);
        reset(password).refused_for("password", code);
    }
    assert_eq!(root.list("users", &[]).ok()["totalItems"], json!(2));
    sign_in(&guest, "ann@example.com", PASSWORD).ok();
    assert_eq!(reset("another horse").status, 204);
    // What is wrong otherwise is said first, and characters are counted, not bytes.
    guest
        .try_create("users", sign_up("new@example.com", "1234567"))
        .refused_for("password", "min_text_constraint");
    guest
        .try_create("users", sign_up("new@example.com", "ééééééé"))
        .refused_for("password", "min_text_constraint");
    guest.create("users", sign_up("new@example.com", "éáíóúýčď"));
}

#[test]
fn n28_superusers_made_by_the_operator_have_no_common_password() {
    let home = Home::new();
    let upsert = |password: &str| {
        let mut command = plinth(&home);
        command.args(["superuser", "upsert", ROOT, "--password-stdin"]);
        let output = run(command, &format!("{password}\n"));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), error)
    };
    let (is_good, error) = upsert("1234567890");
    assert!(!is_good && error.contains("commonest passwords"), "{error}");
    assert!(upsert(PASSWORD).0);
}

#[test]
fn an_owner_changes_the_password_by_the_old_one() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let change = |old: &str| json!({"password": "new password", "passwordConfirm": "new password", "oldPassword": old});
    ann.update("users", ANN, json!({"password": "new password"}))
        .refused_for("oldPassword", "required")
        .refused_for("passwordConfirm", "required");
    ann.update("users", ANN, change("wrong"))
        .refused_for("oldPassword", "invalid_old_password");
    ann.update(
        "users",
        ANN,
        json!({"password": "", "passwordConfirm": "", "oldPassword": PASSWORD}),
    )
    .refused_for("password", "required");
    sign_in(&app.guest(), "ann@example.com", PASSWORD).ok();
    ann.update("users", ANN, change(PASSWORD)).ok();
    sign_in(&app.guest(), "ann@example.com", PASSWORD).refused(400);
    sign_in(&app.guest(), "ann@example.com", "new password").ok();
    let by_root = json!({"password": PASSWORD, "passwordConfirm": PASSWORD, "email": "ann2@example.com", "verified": false});
    app.root().update("users", ANN, by_root).ok();
    sign_in(&app.guest(), "ann2@example.com", PASSWORD).ok();
}

#[test]
fn a_bcrypt_hash_is_understood_and_replaced() {
    let app = TestApp::start();
    app.user("ann");
    let hash = bcrypt::hash("from elsewhere", 4).expect("a hash");
    app.execute(&format!("UPDATE users SET password = '{hash}'"));
    let stored = || app.text("SELECT password AS value FROM users");
    sign_in(&app.guest(), "ann@example.com", PASSWORD).refused(400);
    assert_eq!(stored(), hash, "a wrong password changes nothing");
    let answers = at_once(4, |_| {
        sign_in(&app.guest(), "ann@example.com", "from elsewhere").ok()
    });
    assert!(stored().starts_with("$argon2id$"));
    sign_in(&app.guest(), "ann@example.com", "from elsewhere").ok();
    // A better hash is no other password: who signed in stays so.
    for answer in answers {
        let token = answer["token"].as_str().expect("a token").to_owned();
        refresh(&Client {
            token,
            ..app.guest()
        })
        .ok();
    }
    // An old password is compared with one as well.
    app.execute(&format!("UPDATE users SET password = '{hash}'"));
    let ann = Client {
        token: sign_in(&app.guest(), "ann@example.com", "from elsewhere").ok()["token"]
            .as_str()
            .expect("a token")
            .to_owned(),
        ..app.guest()
    };
    let change =
        json!({"password": PASSWORD, "passwordConfirm": PASSWORD, "oldPassword": "from elsewhere"});
    ann.update("users", ANN, change).ok();
    // What is no hash is nobody's password.
    for broken in [
        "",
        "x",
        "$2b$",
        "$argon2id$",
        "$2y$99$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        app.execute(&format!("UPDATE users SET password = '{broken}'"));
        sign_in(&app.guest(), "ann@example.com", broken).refused(400);
        sign_in(&app.guest(), "ann@example.com", PASSWORD).refused(400);
    }
}

#[test]
fn n72_whoever_sends_many_sign_ins_shuts_nobody_out() {
    let home = Home::new();
    let config = Config {
        hashing_threads: 1,
        ..home.config()
    };
    let app = TestApp::start_with(home, config);
    app.user("ann");
    let is_over = AtomicBool::new(false);
    let statuses = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..160)
            .map(|n| {
                let (app, is_over) = (&app, &is_over);
                scope.spawn(move || {
                    let mut statuses = Vec::new();
                    while !is_over.load(Ordering::Relaxed) {
                        let identity = format!("stranger{}@example.com", n % 3);
                        statuses.push(sign_in(&app.guest(), &identity, "a guess").status);
                    }
                    statuses
                })
            })
            .collect();
        std::thread::sleep(Duration::from_secs(1));
        let in_time = |collection: &str, identity: &str| {
            let began = Instant::now();
            app.guest().sign_in(collection, identity);
            let took = began.elapsed();
            assert!(took < Duration::from_secs(8), "{identity}: {took:?}");
        };
        for _ in 0..3 {
            in_time("_superusers", ROOT);
            in_time("users", "ann@example.com");
        }
        is_over.store(true, Ordering::Relaxed);
        let statuses = guesses
            .into_iter()
            .map(|guess| guess.join().expect("no panic"));
        statuses.flatten().collect::<Vec<_>>()
    });
    let known = [400, 429, 503];
    assert!(
        statuses.iter().all(|status| known.contains(status)),
        "{statuses:?}"
    );
}

#[test]
fn n73_a_wrong_sign_in_takes_the_same_work_whoever_it_is_for() {
    let app = TestApp::start();
    for name in ["ann", "bob"] {
        app.user(name);
    }
    let hash = bcrypt::hash("from elsewhere", 4).expect("a hash");
    app.execute(&format!(
        "UPDATE users SET password = '{hash}' WHERE email = 'ann@example.com'"
    ));
    // It came with an import, before the server started.
    let app = TestApp::start_in(app.stop());
    let counts = || {
        let counts = app.app.hasher.counts();
        [&counts.argon2, &counts.bcrypt].map(|count| count.load(Ordering::Relaxed))
    };
    let work = |collection: &str, identity: &str| {
        let before = counts();
        app.guest()
            .post(
                &format!("/api/collections/{collection}/auth-with-password"),
                json!({"identity": identity, "password": "a guess"}),
            )
            .refused(400);
        let after = counts();
        [after[0] - before[0], after[1] - before[1]]
    };
    for identity in [
        "bob@example.com",
        "nobody@example.com",
        "ann@example.com",
        "no address",
    ] {
        assert_eq!(work("users", identity), [1, 1], "{identity}");
    }
    // Where there is no hash by bcrypt, nobody waits for one.
    for identity in [ROOT, "nobody@example.com"] {
        assert_eq!(work("_superusers", identity), [1, 0], "{identity}");
    }
    // Who is let in is, and has a better hash from then on.
    sign_in(&app.guest(), "ann@example.com", "from elsewhere").ok();
    sign_in(&app.guest(), "bob@example.com", PASSWORD).ok();
    for identity in ["ann@example.com", "bob@example.com", "nobody@example.com"] {
        assert_eq!(work("users", identity), [1, 1], "{identity}");
    }
}
