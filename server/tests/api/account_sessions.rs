//! Sessions of accounts: who lists and ends them, and what ends with them.

use std::time::Duration;

use plinth::clock::Timestamp;
use serde_json::{Value, json};

use crate::policies::join;
use crate::support::process::{Process, make_superuser};
use crate::support::stream::Stream;
use crate::support::{Client, Home, PASSWORD, ROOT, Reply, TestApp, at_once, on_postgres};

const ANN: &str = "ann000000000000";
const ADDRESS: &str = "ann@example.com";
const NOTE: &str = "note00000000001";

fn refresh(client: &Client) -> Reply {
    client.post("/api/collections/users/auth-refresh", json!({}))
}

fn end_others(client: &Client) -> Reply {
    client.post("/api/collections/users/end-other-sessions", json!({}))
}

fn sessions(client: &Client) -> Vec<Value> {
    let page = client.list("_authSessions", &[("sort", "created,id")]).ok();
    page["items"].as_array().expect("items").clone()
}

/// The id of the session that the client's token belongs to.
fn own(client: &Client) -> String {
    let claims = plinth::tokens::peek(&client.token).expect("a token");
    claims.sid.expect("a session")
}

fn with_token(client: &Client, token: &Value) -> Client {
    Client {
        token: token.as_str().expect("a token").to_owned(),
        ..client.clone()
    }
}

/// Notes with a file, for accounts.
fn notes(root: &Client) {
    let signed_in = "@request.auth.id != ''";
    root.post("/api/collections", json!({
        "name": "notes", "type": "base", "listRule": signed_in, "viewRule": signed_in, "createRule": signed_in,
        "fields": [{"name": "file", "type": "file", "maxSelect": 1, "maxSize": 1000, "protected": true}],
    }))
    .ok();
    let parts: &[crate::support::Part] = &[
        ("id", None, NOTE.as_bytes()),
        ("file", Some("a.txt"), b"secret"),
    ];
    root.send_parts("POST", "/api/collections/notes/records", parts)
        .ok();
}

/// The address of the note's file, with a new file token.
fn file_url(client: &Client) -> String {
    let token = client.post("/api/files/token", json!({})).ok();
    let name = client.view("notes", NOTE).ok()["file"].clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (name, token) = (text(&name), text(&token["token"]));
    format!("/api/files/notes/{NOTE}/{name}?token={token}")
}

fn assert_good(client: &Client, url: &str) {
    client.view("notes", NOTE).ok();
    refresh(client).ok();
    assert_eq!(client.fetch("GET", url, &[]).status, 200);
}

fn assert_ended(client: &Client, url: &str) {
    client.view("notes", NOTE).refused(404);
    client.try_create("notes", json!({})).refused(400);
    client.post("/api/files/token", json!({})).refused(401);
    refresh(client).refused(401);
    end_others(client).refused(401);
    assert_eq!(client.fetch("GET", url, &[]).status, 404);
}

#[test]
fn a_sign_in_is_a_session_that_a_refresh_keeps() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let body = json!({"identity": ADDRESS, "password": PASSWORD});
    let url = format!("{}/api/collections/users/auth-with-password", app.url);
    let request = ureq::post(url).header("user-agent", "x".repeat(300));
    let mut reply = request
        .content_type("application/json")
        .send(body.to_string())
        .expect("an answer");
    let reply = reply.body_mut().read_to_string().expect("a text");
    let reply: Value = serde_json::from_str(&reply).expect("JSON");
    let phone = with_token(&app.guest(), &reply["token"]);
    let id = own(&phone);
    let session = ann.view("_authSessions", &id).ok();
    assert_eq!(session["recordRef"], json!(ANN));
    assert_eq!(session["collectionRef"], json!("_pb_users_auth_"));
    assert_eq!(session["method"], json!("password"));
    assert_eq!(session["address"], json!("127.0.0.1"));
    assert_eq!(session["userAgent"], json!("x".repeat(200)));
    let expiry = |client: &Client| {
        let claims = plinth::tokens::peek(&client.token).expect("a token");
        json!(Timestamp::from_unix(claims.exp).to_string())
    };
    assert_eq!(session["expires"], expiry(&phone));

    app.clock.advance(Duration::from_secs(3600));
    let token = refresh(&phone).ok()["token"].clone();
    let later = with_token(&phone, &token);
    assert_ne!(expiry(&later), expiry(&phone));
    assert_eq!(own(&later), id);
    let extended = ann.view("_authSessions", &id).ok();
    assert_eq!(extended["expires"], expiry(&later));
    assert_ne!(extended["lastSeen"], session["lastSeen"]);
    assert_eq!(extended["created"], session["created"]);
    assert_eq!(sessions(&ann).len(), 2);
}

#[test]
fn when_a_session_was_last_used_is_stored_now_and_then_and_expired_ones_go() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let store = || {
        let stored = plinth::accounts::sessions::store_seen(&app.app);
        actix_web::rt::System::new()
            .block_on(stored)
            .expect("stored");
    };
    let session = || ann.view("_authSessions", &own(&ann)).ok();
    let first = session()["lastSeen"].clone();
    store();
    assert_eq!(session()["lastSeen"], first);
    app.clock.advance(Duration::from_secs(60));
    // The requests themselves write nothing.
    assert_eq!(session()["lastSeen"], first);
    store();
    let stored = || {
        let of = "SELECT \"lastSeen\" AS value FROM \"_authSessions\" WHERE \"recordRef\" = 'ann000000000000'";
        json!(app.text(of))
    };
    let last = stored();
    assert_ne!(last, first);
    // It has not been used since.
    app.clock.advance(Duration::from_secs(300));
    store();
    assert_eq!(stored(), last);

    app.clock.advance(Duration::from_secs(6 * 86_400));
    store();
    let count = "SELECT CAST(count(*) AS TEXT) AS value FROM \"_authSessions\"";
    assert_eq!(app.text(count), "0");
}

#[test]
fn n23_an_ended_session_ends_for_all_servers_at_once() {
    let home = Home::new();
    make_superuser(&home);
    let near = Process::start(&home);
    // SQLite has one process.
    let other = on_postgres().then(|| Process::start(&home));
    let far = other.as_ref().unwrap_or(&near);
    let root = near.root();
    notes(&root);
    root.create(
        "users",
        json!({
            "id": ANN, "email": ADDRESS, "password": PASSWORD, "passwordConfirm": PASSWORD,
        }),
    );
    let laptop = near.client.sign_in("users", ADDRESS);
    for _ in 0..5 {
        let phone = far.client.sign_in("users", ADDRESS);
        let phones = [
            phone.clone(),
            Client {
                token: phone.token.clone(),
                ..near.client.clone()
            },
        ];
        let urls = phones.each_ref().map(file_url);
        for (phone, url) in phones.iter().zip(&urls) {
            assert_good(phone, url);
        }
        assert_eq!(laptop.remove("_authSessions", &own(&phone)).status, 204);
        for (phone, url) in phones.iter().zip(&urls) {
            assert_ended(phone, url);
        }
        assert_good(&laptop, &file_url(&laptop));
    }
}

#[test]
fn n75_the_streams_of_a_session_end_with_it() {
    let home = Home::new();
    make_superuser(&home);
    let near = Process::start(&home);
    let other = on_postgres().then(|| Process::start(&home));
    let far = other.as_ref().unwrap_or(&near);
    let root = near.root();
    notes(&root);
    root.create(
        "users",
        json!({
            "id": ANN, "email": ADDRESS, "password": PASSWORD, "passwordConfirm": PASSWORD,
        }),
    );
    let laptop = near.client.sign_in("users", ADDRESS);
    let lasting = Stream::of(&laptop, &["notes/*", "_authSessions/*"]);
    let phone = far.client.sign_in("users", ADDRESS);
    let id = own(&phone);
    assert_eq!(lasting.next().what(), format!("create {id}"));
    let streams = [
        Stream::of(&phone, &["notes/*"]),
        Stream::of(&with_token(&near.client, &json!(phone.token)), &["notes/*"]),
    ];
    let note = root.create("notes", json!({}));
    for stream in &streams {
        assert_eq!(stream.next().data["record"]["id"], note["id"]);
    }
    lasting.next();
    assert_eq!(end_others(&laptop).status, 204);
    root.create("notes", json!({"id": "later0000000000"}));
    for stream in &streams {
        while let Some(frame) = stream.next_or_end() {
            assert_ne!(frame.data["record"]["id"], json!("later0000000000"));
        }
    }
    assert_eq!(lasting.next().what(), format!("delete {id}"));
    assert_eq!(lasting.next().what(), "create later0000000000");
}

#[test]
fn n23_whoever_signs_out_everywhere_else_keeps_only_this_session() {
    let app = TestApp::start();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let phones = [(); 3].map(|()| app.guest().sign_in("users", ADDRESS));
    assert_eq!(sessions(&ann).len(), 4);
    end_others(&app.guest()).refused(401);
    end_others(app.root()).refused(403);
    ann.post("/api/collections/_superusers/end-other-sessions", json!({}))
        .refused(403);
    ann.post(
        "/api/collections/_authSessions/end-other-sessions",
        json!({}),
    )
    .refused(404);
    assert_eq!(sessions(&ann).len(), 4);
    assert_eq!(end_others(&phones[1]).status, 204);
    for ended in [&ann, &phones[0], &phones[2]] {
        refresh(ended).refused(401);
    }
    assert_eq!(
        own(&phones[1]),
        sessions(&phones[1])[0]["id"].as_str().unwrap_or("")
    );
    assert_eq!(sessions(&phones[1]).len(), 1);
    refresh(&bob).ok();
    // Of many at the same time, none ends what another one keeps, or all do but one.
    let many = [(); 6].map(|()| app.guest().sign_in("users", ADDRESS));
    at_once(6, |n| end_others(&many[n]).status);
    assert!(
        many.iter()
            .filter(|client| refresh(client).status == 200)
            .count()
            <= 1
    );
}

#[test]
fn nobody_sees_or_ends_the_sessions_of_others() {
    let app = TestApp::start();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let id = own(&ann);
    for stranger in [&bob, &app.guest()] {
        stranger.view("_authSessions", &id).refused(404);
        stranger.remove("_authSessions", &id).refused(404);
        assert!(
            sessions(stranger)
                .iter()
                .all(|session| session["id"] != json!(id))
        );
        let given = json!({
            "collectionRef": "_pb_users_auth_", "recordRef": ANN, "method": "password",
            "lastSeen": "2030-01-01", "expires": "2030-01-01",
        });
        stranger.try_create("_authSessions", given).is_refusal();
    }
    // An account ends its sessions, and does not change them.
    ann.update("_authSessions", &id, json!({"userAgent": "x"}))
        .is_refusal();
    refresh(&ann).ok();
    // A superuser does both for anybody.
    assert!(
        sessions(app.root())
            .iter()
            .any(|session| session["id"] == json!(id))
    );
    assert_eq!(app.root().remove("_authSessions", &id).status, 204);
    refresh(&ann).refused(401);
    assert_eq!(bob.remove("_authSessions", &own(&bob)).status, 204);
    refresh(&bob).refused(401);
}

#[test]
fn n23_sessions_go_with_what_ends_them() {
    let app = TestApp::start();
    let root = app.root();
    let of = |id: &str| {
        root.filter("_authSessions", &format!("recordRef = '{id}'"), "id")
            .len()
    };
    for (name, changes) in [
        (
            "ann",
            json!({"password": "new password", "passwordConfirm": "new password"}),
        ),
        ("bob", json!({"email": "other@example.com"})),
        ("cyd", json!({"tokenKey": "k".repeat(50)})),
        ("dan", Value::Null),
    ] {
        let client = app.user(name);
        let id = format!("{name:0<15}");
        let stream = Stream::of(&client, &["users/*"]);
        assert_eq!(of(&id), 1);
        root.update("users", &id, json!({"name": "same"})).ok();
        assert_eq!(of(&id), 1);
        assert_eq!(stream.next().what(), format!("update {id}"));
        if changes.is_null() {
            assert_eq!(root.remove("users", &id).status, 204);
            // As in PocketBase, the account is what it was until its deletion is told.
            assert_eq!(stream.next().what(), format!("delete {id}"));
        } else {
            root.update("users", &id, changes).ok();
        }
        assert_eq!(of(&id), 0, "{name}");
        refresh(&client).refused(401);
    }
    app.collection(json!({"name": "people", "type": "auth"}));
    root.create("people", json!({
        "id": "person000000000", "email": "p@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD,
    }));
    app.guest().sign_in("people", "p@example.com");
    assert_eq!(of("person000000000"), 1);
    assert_eq!(root.delete("/api/collections/people").status, 204);
    assert_eq!(of("person000000000"), 0);
}

#[test]
fn an_impersonation_is_a_session_too_and_says_so() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let path = format!("/api/collections/users/impersonate/{ANN}");
    let token = app.root().post(&path, json!({"duration": 60})).ok()["token"].clone();
    let acting = with_token(&ann, &token);
    let session = ann.view("_authSessions", &own(&acting)).ok();
    assert_eq!(session["method"], json!("impersonation"));
    assert_eq!(
        (&session["address"], &session["userAgent"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(refresh(&acting).ok()["token"], token);
    assert_eq!(ann.remove("_authSessions", &own(&acting)).status, 204);
    refresh(&acting).refused(401);
    app.root().post(&path, json!({"duration": i64::MAX})).ok();
}

#[test]
fn n20_a_session_of_another_account_is_none() {
    let app = TestApp::start();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let schema = app.app.schema.current();
    let users = schema.find("users").expect("it exists");
    let secret = &users.def.auth.as_ref().expect("accounts").auth_token.secret;
    let own_key = app.text("SELECT \"tokenKey\" AS value FROM users WHERE id = 'ann000000000000'");
    let signed = |sid: Value| {
        let claims = json!({
            "id": ANN, "type": "auth", "collectionId": "_pb_users_auth_", "refreshable": true,
            "exp": app.clock.now().unix() + 600, "sid": sid,
        });
        let key = jsonwebtoken::EncodingKey::from_secret(format!("{own_key}{secret}").as_bytes());
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        let token = jsonwebtoken::encode(&header, &claims, &key).expect("a token");
        with_token(&app.guest(), &json!(token))
    };
    refresh(&signed(json!(own(&ann)))).ok();
    for sid in [
        json!(own(&bob)),
        json!("missing"),
        json!(""),
        json!("\0"),
        json!(1),
    ] {
        refresh(&signed(sid)).refused(401);
    }
    // A token of an older version has no session until it is refreshed.
    let token = refresh(&signed(Value::Null)).ok()["token"].clone();
    let session = ann
        .view("_authSessions", &own(&with_token(&ann, &token)))
        .ok();
    assert_eq!(session["method"], json!("refresh"));
}

#[test]
fn an_account_has_a_thousand_sessions_at_most() {
    let app = TestApp::start();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    app.execute(
        "INSERT INTO \"_authSessions\" (\"id\", \"collectionRef\", \"recordRef\", \"method\", \"address\", \"userAgent\", \
         \"lastSeen\", \"expires\", \"created\", \"updated\") \
         WITH RECURSIVE \"n\"(\"i\") AS (SELECT 1 UNION ALL SELECT \"i\" + 1 FROM \"n\" WHERE \"i\" < 1200) \
         SELECT CAST(100000000000000 + \"i\" AS TEXT), '_pb_users_auth_', 'ann000000000000', 'password', '', '', \
         '2020-01-01 00:00:00.000Z', '2099-01-01 00:00:00.000Z', '2020-01-01 00:00:00.000Z', '2020-01-01 00:00:00.000Z' \
         FROM \"n\"",
    );
    let total = |client: &Client| client.list("_authSessions", &[]).ok()["totalItems"].clone();
    assert_eq!(total(&ann), json!(1201));
    let phone = app.guest().sign_in("users", ADDRESS);
    assert_eq!(total(&phone), json!(1000));
    // The oldest ones have ended.
    refresh(&ann).ok();
    refresh(&bob).ok();
    assert_eq!(total(&bob), json!(1));
}

#[test]
fn n08_operators_end_sessions_and_not_those_of_superusers() {
    let app = TestApp::start();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let root = app.guest().sign_in("_superusers", ROOT);
    let reader = app.root().create(
        "_roles",
        json!({"name": "reader", "areas": ["accounts:read"]}),
    );
    let writer = app.root().create(
        "_roles",
        json!({"name": "writer", "areas": ["accounts:write"]}),
    );
    let membership = join(&app, &reader, "ann");
    let listed = |client: &Client| -> Vec<String> { client.all("_authSessions", "id") };
    let sees = |id: &str| listed(&ann).contains(&id.to_owned());
    assert!(sees(&own(&ann)) && sees(&own(&bob)) && !sees(&own(&root)));
    ann.view("_authSessions", &own(&bob)).ok();
    ann.view("_authSessions", &own(&root)).refused(404);
    ann.remove("_authSessions", &own(&bob)).refused(404);
    assert_eq!(listed(&bob), [own(&bob)]);

    let id = membership["id"].as_str().expect("an id");
    assert_eq!(app.root().remove("_members", id).status, 204);
    assert!(!sees(&own(&bob)));
    join(&app, &writer, "ann");
    assert!(sees(&own(&bob)));
    ann.remove("_authSessions", &own(&root)).refused(404);
    ann.update("_authSessions", &own(&bob), json!({"userAgent": "x"}))
        .is_refusal();
    assert_eq!(ann.remove("_authSessions", &own(&bob)).status, 204);
    refresh(&bob).refused(401);
    root.get("/api/collections").ok();
}

#[test]
fn a_database_of_an_older_version_gets_sessions_and_their_areas() {
    let app = TestApp::start();
    let ann = app.user("ann");
    let home = app.stop();
    home.execute("DROP TABLE \"_authSessions\"");
    home.execute("DELETE FROM \"_totals\" WHERE \"collection\" = '_pl_authSessions'");
    home.execute("DELETE FROM \"_collections\" WHERE \"name\" = '_authSessions'");
    home.execute(
        "UPDATE \"_collections\" SET \"definition\" = \
         replace(\"definition\", '\"accounts:read\",\"accounts:write\",', '') WHERE \"name\" = '_roles'",
    );
    let app = TestApp::start_in(home);
    // The sessions have gone with the table.
    let ann = Client {
        token: ann.token,
        ..app.guest()
    };
    refresh(&ann).refused(401);
    let ann = app.guest().sign_in("users", ADDRESS);
    assert_eq!(sessions(&ann).len(), 1);
    let areas = json!({"name": "operator", "areas": ["accounts:write", "logs:read"]});
    app.root().create("_roles", areas);
}

#[test]
fn n23_a_suspended_account_is_a_guest_everywhere_until_that_ends() {
    let app = TestApp::start();
    let root = app.root();
    notes(root);
    app.open_collection("news", json!([]));
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let stream = Stream::of(&ann, &["notes/*", "news/*"]);
    let url = file_url(&ann);
    let sign_in = || {
        let body = json!({"identity": ADDRESS, "password": PASSWORD});
        let path = "/api/collections/users/auth-with-password";
        app.guest().post(path, body)
    };
    let hears = || {
        root.create("notes", json!({}));
        root.create("news", json!({}));
        let mut heard = vec![stream.next().data["record"]["collectionName"].clone()];
        while heard.last() != Some(&json!("news")) {
            heard.push(stream.next().data["record"]["collectionName"].clone());
        }
        heard.len() == 2
    };
    let suspend = |until: &str| {
        let body = json!({
            "collectionRef": "_pb_users_auth_", "recordRef": ANN, "reason": "spam", "until": until,
        });
        root.create("_suspensions", body)["id"].clone()
    };
    assert!(hears());
    let id = suspend("");
    assert!(!hears());
    ann.view("notes", NOTE).refused(404);
    ann.post("/api/files/token", json!({})).refused(401);
    assert_eq!(ann.fetch("GET", &url, &[]).status, 404);
    refresh(&ann).refused(403);
    sign_in().refused(403);
    ann.list("_suspensions", &[]).is_refusal();
    assert_good(&bob, &file_url(&bob));
    assert_eq!(
        root.remove("_suspensions", id.as_str().expect("an id"))
            .status,
        204
    );
    assert_good(&ann, &url);
    assert!(hears());
    sign_in().ok();

    let until = app.clock.now() + Duration::from_secs(3600);
    suspend(&until.to_string());
    refresh(&ann).refused(403);
    sign_in().refused(403);
    app.clock.advance(Duration::from_secs(3601));
    refresh(&ann).ok();
    sign_in().ok();
    // A suspension goes with the account, which has one at most.
    let again = json!({"collectionRef": "_pb_users_auth_", "recordRef": ANN});
    root.try_create("_suspensions", again).is_refusal();
    assert_eq!(root.remove("users", ANN).status, 204);
    assert!(root.all("_suspensions", "id").is_empty());
}

#[test]
fn n08_operators_suspend_accounts_and_nobody_suspends_superusers() {
    let app = TestApp::start();
    let (ann, bob) = (app.user("ann"), app.user("bob"));
    let areas = json!({"name": "desk", "areas": ["accounts:write"]});
    let desk = app.root().create("_roles", areas);
    join(&app, &desk, "ann");
    let of = |collection: &str, id: &str| json!({"collectionRef": collection, "recordRef": id});
    let (users, bobs) = ("_pb_users_auth_", "bob000000000000");
    bob.try_create("_suspensions", of(users, ANN)).refused(403);
    app.guest()
        .try_create("_suspensions", of(users, ANN))
        .is_refusal();
    let superuser = app.text("SELECT id AS value FROM _superusers");
    let superusers = "pbc_3142635823";
    ann.try_create("_suspensions", of(superusers, &superuser))
        .refused(400);
    app.root()
        .try_create("_suspensions", of(superusers, &superuser))
        .refused_for("collectionRef", "in_invalid");
    app.root()
        .try_create("_suspensions", of(users, "missing00000000"))
        .refused_for("recordRef", "invalid_record");
    let id = ann.try_create("_suspensions", of(users, bobs)).ok()["id"].clone();
    let id = id.as_str().expect("an id");
    refresh(&bob).refused(403);
    ann.update("_suspensions", id, of(superusers, &superuser))
        .is_refusal();
    assert_eq!(ann.remove("_suspensions", id).status, 204);
    refresh(&bob).ok();
    app.root().get("/api/collections").ok();
}
