//! What is kept of accounts beside them, and superusers who act as somebody else.

use serde_json::{Value, json};

use crate::accounts::{ANN, refresh, sign_in};
use crate::support::process::make_superuser;
use crate::support::{Client, Home, PASSWORD, TestApp};

const USERS_DEFINITION: &str = "SELECT definition AS value FROM _collections WHERE name = 'users'";
const USERS: &str = "_pb_users_auth_";

/// The collections, and what a record of each has beside its owner.
fn attached() -> [(&'static str, Value); 4] {
    [
        ("_mfas", json!({"method": "password"})),
        (
            "_otps",
            json!({"password": "123456", "sentTo": "ann@example.com"}),
        ),
        (
            "_externalAuths",
            json!({"provider": "google", "providerId": "1"}),
        ),
        ("_authOrigins", json!({"fingerprint": "f"})),
    ]
}

fn of(owner: &str, mut body: Value) -> Value {
    body["collectionRef"] = json!(USERS);
    body["recordRef"] = json!(owner);
    body
}

/// Lets accounts sign in without a record of the place.
fn forget_places(app: &TestApp) {
    let options = json!({"authAlert": {"enabled": false}});
    app.root().patch("/api/collections/users", options).ok();
}

fn known_of_ann(app: &TestApp) -> Vec<(&'static str, String)> {
    let make = |(name, body)| (name, text(&app.root().create(name, of(ANN, body)), "id"));
    attached().map(make).to_vec()
}

fn text(record: &Value, key: &str) -> String {
    record[key].as_str().expect("a text").to_owned()
}

/// How many records there are, without those of superusers.
fn counts(app: &TestApp) -> Vec<usize> {
    let filter = "collectionRef != 'pbc_3142635823'";
    let count = |(name, _)| app.root().filter(name, filter, "id").len();
    attached().map(count).to_vec()
}

#[test]
fn accounts_see_what_is_known_of_them_and_nobody_elses() {
    let app = TestApp::start();
    forget_places(&app);
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    for (name, id) in known_of_ann(&app) {
        assert_eq!(ann.all(name, "id"), [id.as_str()], "{name}");
        let seen = ann.view(name, &id).ok();
        assert_eq!(seen.get("sentTo"), None, "{name}");
        assert_eq!(seen.get("password"), None, "{name}");
        for other in [&bob, &app.guest()] {
            assert!(other.all(name, "id").is_empty(), "{name}");
            other.view(name, &id).refused(404);
        }
        ann.try_create(name, json!({})).refused(403);
        ann.update(name, &id, json!({})).refused(403);
        let may_delete = matches!(name, "_externalAuths" | "_authOrigins");
        bob.remove(name, &id)
            .refused(if may_delete { 404 } else { 403 });
        if may_delete {
            ann.remove(name, &id).ok();
        } else {
            ann.remove(name, &id).refused(403);
        }
    }
}

#[test]
fn they_go_with_the_account_and_with_its_password() {
    let app = TestApp::start();
    forget_places(&app);
    app.user("ann");
    app.user("bob");
    known_of_ann(&app);
    let bobs = json!({"fingerprint": "f"});
    app.root()
        .create("_authOrigins", of("bob000000000000", bobs));
    assert_eq!(counts(&app), [1, 1, 1, 2]);
    let new = json!({"password": "another one", "passwordConfirm": "another one"});
    app.root().update("users", ANN, new).ok();
    assert_eq!(counts(&app), [0, 0, 1, 1]);
    app.root().remove("users", ANN).ok();
    assert_eq!(counts(&app), [0, 0, 0, 1]);

    let people = json!({"name": "people", "type": "auth"});
    let people = text(&app.collection(people), "id");
    let carl = json!({
        "id": "carl00000000000", "email": "carl@example.com",
        "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    app.root().create("people", carl);
    let known = json!({"collectionRef": people, "recordRef": "carl00000000000", "method": "otp"});
    app.root().create("_mfas", known);
    app.root().delete("/api/collections/people").ok();
    assert_eq!(counts(&app), [0, 0, 0, 1]);
}

#[test]
fn a_record_needs_an_account_that_it_belongs_to() {
    let app = TestApp::start();
    app.user("ann");
    let root = app.root();
    let with = |collection: &str, record: &str, provider: &str| {
        json!({
            "collectionRef": collection, "recordRef": record, "provider": provider, "providerId": "1",
        })
    };
    let nothing = root.try_create("_externalAuths", json!({}));
    for field in ["collectionRef", "recordRef", "provider", "providerId"] {
        nothing.refused_for(field, "required");
    }
    for (body, field, code) in [
        (
            with("nope", "x", "google"),
            "collectionRef",
            "invalid_collection_id",
        ),
        (
            with("users", ANN, "google"),
            "collectionRef",
            "invalid_collection_id",
        ),
        (with(USERS, "x", "google"), "recordRef", "invalid_record"),
        (with(USERS, ANN, "nope"), "provider", "in_invalid"),
    ] {
        root.try_create("_externalAuths", body)
            .refused_for(field, code);
    }
    let made = root.create("_externalAuths", with(USERS, ANN, "google"));
    let again = root.try_create("_externalAuths", with(USERS, ANN, "google"));
    again.refused_for("provider", "not_unique");
    root.update(
        "_externalAuths",
        &text(&made, "id"),
        json!({"recordRef": "x"}),
    )
    .refused_for("recordRef", "invalid_record");
}

#[test]
fn n05_they_are_system_collections_as_pocketbase_has_them() {
    let app = TestApp::start();
    let listed = app.root().get("/api/collections?perPage=100").ok();
    let listed = listed["items"].as_array().expect("items").clone();
    let names: Vec<_> = listed.iter().map(|c| text(c, "name")).collect();
    assert_eq!(
        names,
        [
            "_mfas",
            "_otps",
            "_externalAuths",
            "_authOrigins",
            "_superusers",
            "users"
        ]
    );
    for (name, _) in attached() {
        let path = format!("/api/collections/{name}");
        app.root().delete(&path).refused(400);
        app.root()
            .patch(&path, json!({"listRule": ""}))
            .refused_for("listRule", "collection_system_rule_change");
        app.root()
            .patch(&path, json!({"name": "mine"}))
            .refused_for("name", "collection_system_name_change");
    }
}

#[test]
fn a_database_from_before_gets_them_when_the_server_starts() {
    let home = Home::new();
    make_superuser(&home);
    for (name, _) in attached() {
        home.execute(&format!(
            "DELETE FROM _totals WHERE collection = (SELECT id FROM _collections WHERE name = '{name}');
             DELETE FROM _collections WHERE name = '{name}';
             DROP TABLE \"{name}\""
        ));
    }
    let app = TestApp::start_in(home);
    forget_places(&app);
    app.user("ann");
    known_of_ann(&app);
    assert_eq!(counts(&app), [1, 1, 1, 1]);
}

fn impersonate(client: &Client, id: &str, body: Value) -> crate::support::Reply {
    client.post(&format!("/api/collections/users/impersonate/{id}"), body)
}

#[test]
fn a_superuser_acts_as_somebody_else() {
    let app = TestApp::start();
    app.user("ann");
    let answer = impersonate(app.root(), ANN, json!({"duration": 1000})).ok();
    assert_eq!(answer["record"]["email"], json!("ann@example.com"));
    let ann = Client {
        token: text(&answer, "token"),
        ..app.guest()
    };
    assert_eq!(ann.all("users", "id"), [ANN]);
    ann.get("/api/collections").refused(403);
    let again = refresh(&ann).ok();
    assert_eq!(
        again["token"], answer["token"],
        "it does not become a longer one"
    );
    impersonate(&ann, ANN, json!({})).refused(403);

    app.root()
        .update(
            "users",
            ANN,
            json!({"password": "another one", "passwordConfirm": "another one"}),
        )
        .ok();
    assert!(
        ann.all("users", "id").is_empty(),
        "it dies with the password"
    );
    for body in [json!({}), json!({"duration": null}), json!({"duration": 0})] {
        impersonate(app.root(), ANN, body).ok();
    }
}

#[test]
fn n17_an_impersonation_that_makes_no_sense_is_refused() {
    let app = TestApp::start();
    app.user("ann");
    let root = app.root();
    impersonate(root, ANN, json!({"duration": -1}))
        .refused_for("duration", "min_greater_equal_than_required");
    for duration in [
        json!("100"),
        json!(1.5),
        json!(true),
        json!([1]),
        json!(1e300),
    ] {
        impersonate(root, ANN, json!({"duration": duration})).refused(400);
    }
    impersonate(root, ANN, json!([])).refused(400);
    impersonate(root, "nobody000000000", json!({})).refused(404);
    app.open_collection("posts", json!([]));
    for collection in ["posts", "missing"] {
        let path = format!("/api/collections/{collection}/impersonate/{ANN}");
        root.post(&path, json!({})).refused(404);
        app.guest().post(&path, json!({})).refused(401);
    }
    // As long as there is a number for.
    let longest = impersonate(root, ANN, json!({"duration": i64::MAX})).ok();
    let ann = Client {
        token: text(&longest, "token"),
        ..app.guest()
    };
    assert_eq!(ann.all("users", "id"), [ANN]);
}

#[test]
fn n08_nobody_but_superusers_acts_as_somebody_else() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let everything = json!({
        "name": "operators", "areas": ["collections:read", "collections:write", "roles:read", "jobs:read", "jobs:write"],
    });
    let role = app.root().create("_roles", everything);
    let member = json!({"role": role["id"], "collectionRef": USERS, "recordRef": ANN});
    app.root().create("_members", member);
    ann.get("/api/collections").ok();
    let root = app.root().all("_superusers", "id").remove(0);
    for (collection, id) in [("users", ANN), ("_superusers", root.as_str())] {
        let path = format!("/api/collections/{collection}/impersonate/{id}");
        ann.post(&path, json!({})).refused(403);
        app.guest().post(&path, json!({})).refused(401);
    }
}

#[test]
fn a_collection_that_moved_in_with_a_second_factor_asks_for_it() {
    let home = Home::new();
    make_superuser(&home);
    let mut moved: Value = serde_json::from_str(&home.text(USERS_DEFINITION)).expect("JSON");
    moved["mfa"] = json!({"enabled": true, "duration": 100, "rule": ""});
    let provider = json!({"name": "google", "clientId": "c", "clientSecret": "hidden"});
    moved["oauth2"] = json!({"enabled": true, "providers": [provider]});
    let moved = moved.to_string().replace('\'', "''");
    home.execute(&format!(
        "UPDATE _collections SET definition = '{moved}' WHERE name = 'users'"
    ));
    let app = TestApp::start_in(home);
    let ann = json!({
        "email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    app.root().create("users", ann);
    let first = sign_in(&app.guest(), "ann@example.com", PASSWORD);
    assert_eq!(first.status, 401, "{}", first.text);
    assert_eq!(text(&first.body, "mfaId").len(), 15);
    sign_in(&app.guest(), "ann@example.com", "wrong password").refused(400);
    let methods = app.guest().get("/api/collections/users/auth-methods").ok();
    assert_eq!(methods["mfa"], json!({"enabled": true, "duration": 100}));
    assert_eq!(methods["oauth2"]["providers"][0]["name"], json!("google"));

    // It can be changed, the secret stays and is never shown; what is not there yet cannot be asked for anew.
    let path = "/api/collections/users";
    let named = json!({"name": "google", "clientId": "c", "displayName": "Work"});
    let rename = json!({"oauth2": {"providers": [named]}});
    let shown = app.root().patch(path, rename).ok();
    assert_eq!(
        shown["oauth2"]["providers"],
        json!([{
            "authURL": "", "clientId": "c", "displayName": "Work", "extra": null, "name": "google", "pkce": null,
            "tokenURL": "", "userInfoURL": "",
        }])
    );
    assert!(
        app.text(USERS_DEFINITION)
            .contains("\"clientSecret\":\"hidden\"")
    );
    app.root()
        .patch(path, json!({"mfa": {"rule": "verified = true"}}))
        .ok();
    sign_in(&app.guest(), "ann@example.com", PASSWORD).ok();
}

#[test]
fn superusers_see_which_services_there_are() {
    let app = TestApp::start();
    let path = "/api/collections/meta/oauth2-providers";
    let all = app.root().get(path).ok();
    let names: Vec<_> = all
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| text(one, "name"))
        .collect();
    assert_eq!(names.len(), 32);
    assert!(names.contains(&"google".to_owned()) && names.contains(&"oidc".to_owned()));
    assert!(text(&all[0], "logo").starts_with("<svg"));
    app.guest().get(path).refused(401);
    app.user("ann").get(path).refused(403);
}
