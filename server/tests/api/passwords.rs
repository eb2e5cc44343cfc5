//! Passwords: how they are changed, kept and compared.

use serde_json::json;

use crate::accounts::{ANN, refresh, sign_in, sign_up};
use crate::support::{Client, PASSWORD, TestApp, at_once};

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
