//! Assertions: sentences about who may do what, which hold or not.

use std::fs;

use serde_json::{Value, json};

use super::policies::{join, permit, role};
use super::scopes::{ORGS, editor, join_in, post, tenants};
use crate::support::TestApp;
use crate::support::process::{plinth, run};

/// Checks assertions; gives the line of each, whether it holds, and what decided.
fn check(app: &TestApp, text: &str) -> Vec<(u64, bool, Value)> {
    let body = json!({"assertions": text});
    let reply = app.root().post("/api/policy/assertions", body).ok();
    let results = reply["results"].as_array().expect("results");
    let read = |one: &Value| {
        let line = one["line"].as_u64().expect("a line");
        (line, one["holds"] == json!(true), one.clone())
    };
    let read: Vec<_> = results.iter().map(read).collect();
    let passed = read.iter().all(|one| one.1);
    assert_eq!(reply["passed"], json!(passed));
    read
}

/// Asserts that of these sentences those hold that begin with a plus.
#[track_caller]
fn holds(app: &TestApp, sentences: &str) {
    let marked: Vec<(bool, &str)> = sentences
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| (line.starts_with('+'), line[1..].trim()))
        .collect();
    let text: Vec<&str> = marked.iter().map(|one| one.1).collect();
    for ((expected, sentence), (_, holds, result)) in
        marked.iter().zip(check(app, &text.join("\n")))
    {
        assert_eq!(holds, *expected, "{sentence}: {}", result["reason"]);
        assert_eq!(result["text"], json!(sentence));
    }
}

fn people(app: &TestApp) -> Value {
    tenants(app);
    let editor = editor(app);
    for name in ["ann", "bob"] {
        app.user(name);
    }
    join_in(app, &editor, "ann", ("orgs", ORGS[0]));
    editor
}

#[test]
fn sentences_hold_as_requests_are_answered() {
    let app = TestApp::start();
    people(&app);
    let [a, b] = [ORGS[0], ORGS[1]];
    holds(
        &app,
        &format!(
            r#"
            + ann@example.com may update posts where org = "{a}"
            - ann@example.com may not update posts where org = "{a}"
            + ann@example.com may not update posts where org = "{b}"
            - ann@example.com may update posts where org = "{b}"
            - ann@example.com may view posts where org = "{a}" || org = "{b}"
            - ann@example.com may not view posts where org = "{a}" || org = "{b}"
            - ann@example.com may not view posts where org = "nothing"
            - ann@example.com may view posts where org = "nothing"
            + ann@example.com may list posts
            - ann@example.com may not list posts
            + users/bob000000000000 may not list posts
            + users/bob@example.com may not delete posts where id != ""
            + guest may not list posts
            + @guest may list links
            + guest may create links with {{"post": ""}}
            + root@example.com may delete posts where id != ""
            + ann@example.com may create posts with {{"title": "new", "org": "{a}"}}
            - ann@example.com may create posts with {{"title": "new", "org": "{b}"}}
            + ann@example.com may not create posts with {{"title": "new", "org": "{b}"}}
            + bob@example.com may not create posts with {{"title": "new"}}
            + guest may view links where post.org = "{b}"
            "#
        ),
    );
    // Nothing was written.
    assert_eq!(app.root().all("posts", "id").len(), 6);
    // A change of roles changes the answers.
    let member = app.root().filter("_members", "scope != ''", "id");
    assert_eq!(app.root().remove("_members", &member[0]).status, 204);
    holds(
        &app,
        &format!(r#"- ann@example.com may update posts where org = "{a}""#),
    );
}

#[test]
fn a_result_says_where_it_is_and_what_decides() {
    let app = TestApp::start();
    let editor = people(&app);
    let deny = json!({"collection": "posts", "actions": ["delete"], "effect": "deny", "condition": format!("id = '{}'", post(ORGS[0], 1))});
    let deny = permit(&app, &editor, deny);
    let text = format!(
        "# Editors.\n\nann@example.com may delete posts where org = '{}'\nguest may list links",
        ORGS[0]
    );
    let [(line, holds, failed), (next, true, open)] = &check(&app, &text)[..] else {
        panic!("two results, of which the second holds");
    };
    assert_eq!((*line, *holds, *next), (3, false, 4));
    assert_eq!(failed["record"], json!(post(ORGS[0], 1)));
    assert_eq!(failed["decidedBy"]["id"], deny["id"]);
    assert_eq!(failed["decidedBy"]["roleName"], json!("editor"));
    assert_eq!(open["decidedBy"], json!({"kind": "rule", "rule": ""}));
}

#[test]
fn fields_and_presets_decide_about_new_records() {
    let app = TestApp::start();
    tenants(&app);
    let writer = role(&app, "writer", &[]);
    permit(
        &app,
        &writer,
        json!({
            "collection": "posts", "actions": ["create"], "effect": "allow", "condition": "org = @role.scope",
            "fields": ["title"], "presets": {"org": "@role.scope"},
        }),
    );
    app.user("ann");
    join_in(&app, &writer, "ann", ("orgs", ORGS[0]));
    holds(
        &app,
        &format!(
            r#"
            + ann@example.com may create posts with {{"title": "mine"}}
            + ann@example.com may not create posts with {{"title": "mine", "org": "{}"}}
            - ann@example.com may create posts with {{"orgs": ["{}"]}}
            "#,
            ORGS[0], ORGS[0]
        ),
    );
}

#[test]
fn assertions_that_make_no_sense_are_refused_with_their_line() {
    let app = TestApp::start();
    people(&app);
    let twins = json!({"name": "twins", "type": "auth"});
    app.collection(twins);
    app.root().create(
        "twins",
        json!({"email": "ann@example.com", "password": "a password", "passwordConfirm": "a password"}),
    );
    for (sentence, reason) in [
        (
            "nobody@example.com may list posts",
            "there is no account nobody@example.com",
        ),
        (
            "ann@example.com may list posts",
            "several collections have an account",
        ),
        (
            "nowhere/ann@example.com may list posts",
            "there is no account",
        ),
        (
            "guest may list nothing",
            "there is no collection \"nothing\"",
        ),
        ("guest may read posts", "the actions are"),
        ("guest list posts", "after the subject"),
        (
            "guest may list posts where nothing = 1",
            "invalid left operand",
        ),
        (
            "guest may list posts where org = @role.scope",
            "invalid right operand",
        ),
        (
            "guest may list posts where title =",
            "after where comes a filter",
        ),
        (
            "guest may create links with {\"post\": \"nothing00000000\"}",
            "there can be no such record: post",
        ),
    ] {
        let text = format!("guest may not list posts\n\n{sentence}\n");
        let body = json!({"assertions": text});
        let reply = app.root().post("/api/policy/assertions", body);
        reply.refused_for("assertions", "invalid_assertion");
        let message = reply.body["data"]["assertions"]["message"]
            .as_str()
            .expect("a message");
        let expected = format!("Line 3: {reason}");
        assert!(message.starts_with(&expected), "{sentence}: {message}");
    }
    for body in [json!({}), json!({"assertions": 1}), json!([])] {
        let reply = app.root().post("/api/policy/assertions", body);
        reply.refused(400);
    }
    let many = "guest may not list posts\n".repeat(1001);
    let reply = app
        .root()
        .post("/api/policy/assertions", json!({"assertions": many}));
    reply.refused_for("assertions", "invalid_assertion");
    let body = json!({"assertions": "guest may not list posts"});
    app.guest()
        .post("/api/policy/assertions", body.clone())
        .refused(401);
    let bob = app.guest().sign_in("users", "bob@example.com");
    bob.post("/api/policy/assertions", body).refused(403);
}

#[test]
fn the_program_checks_a_file_of_assertions() {
    let app = TestApp::start();
    people(&app);
    let other = role(&app, "other", &[]);
    join(&app, &other, "bob");
    let file = app.home.dir.path().join("roles.txt");
    let check = |text: &str| {
        fs::write(&file, text).expect("a file");
        let mut command = plinth(&app.home);
        command.args(["policy", "check"]).arg(&file);
        let output = run(command, "");
        let told = [&*output.stdout, &*output.stderr]
            .map(|text| String::from_utf8_lossy(text).into_owned());
        (output.status.code(), told)
    };
    let (code, [told, _]) = check("ann@example.com may list posts\nguest may not list posts\n");
    assert_eq!((code, &*told), (Some(0), "2 of 2 assertions hold\n"));
    let (code, [told, _]) = check("# a comment\nguest may list posts\nguest may not list posts\n");
    assert_eq!(code, Some(1));
    assert!(
        told.contains("roles.txt:2: guest may list posts\n"),
        "{told}"
    );
    assert!(told.contains("rule is locked"), "{told}");
    assert!(told.ends_with("1 of 2 assertions hold\n"), "{told}");
    let (code, [_, told]) = check("guest can list posts\n");
    assert_eq!(code, Some(1));
    assert!(
        told.contains("Line 1: after the subject comes may"),
        "{told}"
    );
}
