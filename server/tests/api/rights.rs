//! Rights that were derived from others end with them: tokens, streams, file tokens, impersonation, batches.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::policies::{join, permit, role};
use crate::support::process::{Process, make_superuser};
use crate::support::stream::Stream;
use crate::support::{Client, Home, PASSWORD, TestApp, on_postgres};

const ANN: &str = "ann000000000000";
const NOTE: &str = "note00000000001";

/// Accounts that may be banned, and notes with files that only accounts may read.
fn members(root: &Client) {
    let signed_in = "@request.auth.id != ''";
    root.post(
        "/api/collections",
        json!({
            "name": "members", "type": "auth", "listRule": "id = @request.auth.id",
            "viewRule": "id = @request.auth.id", "deleteRule": "id = @request.auth.id",
            "authRule": "banned = false && @request.context != 'otp'",
            "fields": [{"name": "banned", "type": "bool"}],
        }),
    )
    .ok();
    root.post("/api/collections", json!({
        "name": "notes", "type": "base",
        "listRule": format!("{signed_in} || open = true"), "viewRule": signed_in, "createRule": signed_in,
        "fields": [
            {"name": "open", "type": "bool"},
            {"name": "file", "type": "file", "maxSelect": 1, "maxSize": 1000, "protected": true},
        ],
    }))
    .ok();
    root.patch("/api/settings", json!({"batch": {"enabled": true}}))
        .ok();
    let parts: &[crate::support::Part] = &[
        ("id", None, NOTE.as_bytes()),
        ("file", Some("a.txt"), b"secret"),
    ];
    root.send_parts("POST", "/api/collections/notes/records", parts)
        .ok();
}

fn member(root: &Client, guest: &Client, name: &str) -> Client {
    let email = format!("{name}@example.com");
    root.create("members", json!({
        "id": format!("{name:0<15}"), "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD,
    }));
    guest.sign_in("members", &email)
}

fn impersonated(root: &Client, id: &str, seconds: u64) -> Client {
    let path = format!("/api/collections/members/impersonate/{id}");
    let reply = root.post(&path, json!({"duration": seconds})).ok();
    let token = reply["token"].as_str().expect("a token").to_owned();
    Client {
        token,
        ..root.clone()
    }
}

/// The address of the note's file, with a new file token.
fn file_url(client: &Client) -> String {
    let token = client.post("/api/files/token", json!({})).ok();
    let name = client.view("notes", NOTE).ok()["file"].clone();
    let (name, token) = (
        name.as_str().unwrap_or(""),
        token["token"].as_str().unwrap_or(""),
    );
    format!("/api/files/notes/{NOTE}/{name}?token={token}")
}

fn file_status(client: &Client, url: &str) -> u16 {
    client.fetch("GET", url, &[]).status
}

fn batch(client: &Client) -> u16 {
    let create = json!({"method": "POST", "url": "/api/collections/notes/records", "body": {}});
    client
        .post("/api/batch", json!({"requests": [create]}))
        .status
}

/// Everything that an account's token is good for.
fn assert_good(client: &Client, url: &str) {
    assert!(client.all("notes", "id").contains(&NOTE.to_owned()));
    client.view("notes", NOTE).ok();
    client.try_create("notes", json!({})).ok();
    assert_eq!(batch(client), 200);
    client
        .post("/api/collections/members/auth-refresh", json!({}))
        .ok();
    client.post("/api/files/token", json!({})).ok();
    assert_eq!(file_status(client, url), 200);
}

/// Nothing of it is left: its bearer is a guest.
fn assert_ended(client: &Client, url: &str, refresh: u16) {
    assert!(!client.all("notes", "id").contains(&NOTE.to_owned()));
    client.view("notes", NOTE).refused(404);
    client.try_create("notes", json!({})).refused(400);
    assert_eq!(batch(client), 400);
    client
        .post("/api/collections/members/auth-refresh", json!({}))
        .refused(refresh);
    client.post("/api/files/token", json!({})).refused(401);
    assert_eq!(file_status(client, url), 404);
}

/// Two notes: one that accounts hear of, and one that everybody does. Gives what `heard` hears.
fn hears(root: &Client, heard: &Stream) -> Vec<bool> {
    root.create("notes", json!({}));
    root.create("notes", json!({"open": true}));
    let mut seen = Vec::new();
    while seen.last() != Some(&true) {
        seen.push(heard.next().data["record"]["open"] == json!(true));
    }
    seen
}

#[test]
fn n75_who_is_suspended_has_no_rights_left_anywhere() {
    let home = Home::new();
    make_superuser(&home);
    let near = Process::start(&home);
    // SQLite has one process.
    let other = on_postgres().then(|| Process::start(&home));
    let far = other.as_ref().unwrap_or(&near);
    let root = near.root();
    members(&root);
    let ann = member(&root, &near.client, "ann");
    let clients = [
        ann.clone(),
        Client {
            token: ann.token.clone(),
            ..far.client.clone()
        },
        impersonated(&root, ANN, 3600),
    ];
    let ban = |banned: bool| root.update("members", ANN, json!({"banned": banned})).ok();
    let streams = clients
        .each_ref()
        .map(|client| Stream::of(client, &["notes/*"]));
    let urls = clients.each_ref().map(file_url);
    for (client, url) in clients.iter().zip(&urls) {
        assert_good(client, url);
    }
    for stream in &streams {
        let marker = root.create("notes", json!({"open": true}));
        while stream.next().data["record"]["id"] != marker["id"] {}
    }
    ban(true);
    for (client, url) in clients.iter().zip(&urls) {
        assert_ended(client, url, 403);
    }
    for stream in &streams {
        root.create("notes", json!({}));
        let marker = root.create("notes", json!({"open": true}));
        let mut frame = stream.next();
        while frame.data["record"]["id"] != marker["id"] {
            assert_eq!(frame.data["record"]["open"], json!(true), "{frame:?}");
            frame = stream.next();
        }
    }
    ban(false);
    for (client, url) in clients.iter().zip(&urls) {
        assert_good(client, url);
    }
    // As in PocketBase, a changed rule ends all tokens for good.
    let locked = json!({"authRule": null});
    root.patch("/api/collections/members", locked).ok();
    for (client, url) in clients.iter().zip(&urls) {
        assert_ended(client, url, 401);
    }
}

#[test]
fn n75_a_stream_and_a_file_token_end_with_the_token_that_they_were_made_with() {
    let app = TestApp::start();
    let root = app.root();
    members(root);
    let ann = member(root, &app.guest(), "ann");
    let short = impersonated(root, ANN, 8);
    let began = Instant::now();
    let lasting = Stream::of(&ann, &["notes/*"]);
    let ending = Stream::of(&short, &["notes/*"]);
    let by_subscription = Stream::connect(&app.guest());
    assert_eq!(
        by_subscription.subscribe_as(&short, &["notes/*"]).status,
        204
    );
    let url = file_url(&short);
    for stream in [&lasting, &ending, &by_subscription] {
        assert_eq!(hears(root, stream).last(), Some(&true));
    }
    let claims = |token: &str| {
        let token = token.rsplit("token=").next().expect("a token");
        plinth::tokens::peek(token).expect("claims")
    };
    assert!(claims(&url).exp <= claims(&short.token).exp);
    // A token that lasts makes file tokens that last as long as the collection says.
    assert!(claims(&file_url(&ann)).exp > claims(&short.token).exp);
    assert_eq!(file_status(&short, &url), 200);
    // What it is exchanged for is itself.
    let same = short
        .post("/api/collections/members/auth-refresh", json!({}))
        .ok();
    assert_eq!(same["token"], json!(short.token));

    std::thread::sleep(Duration::from_secs(9).saturating_sub(began.elapsed()));
    root.create("notes", json!({"id": "later0000000000"}));
    for stream in [&ending, &by_subscription] {
        while let Some(frame) = stream.next_or_end() {
            assert_ne!(frame.data["record"]["id"], json!("later0000000000"));
        }
    }
    while lasting.next().data["record"]["id"] != json!("later0000000000") {}
    assert_ended(&short, &url, 401);
    assert_eq!(file_status(&ann, &file_url(&ann)), 200);
}

#[test]
fn n75_a_stream_follows_the_roles_of_its_account() {
    let app = TestApp::start();
    let root = app.root();
    root.post(
        "/api/collections",
        json!({
            "name": "notes", "type": "base", "listRule": "open = true",
            "fields": [{"name": "open", "type": "bool"}],
        }),
    )
    .ok();
    let heard = Stream::of(&app.user("ann"), &["notes/*"]);
    let readers = role(&app, "readers", &[]);
    permit(
        &app,
        &readers,
        json!({"collection": "notes", "actions": ["list"], "effect": "allow"}),
    );
    assert_eq!(hears(root, &heard), [true]);
    let membership = join(&app, &readers, "ann");
    assert_eq!(hears(root, &heard), [false, true]);
    let id = membership["id"].as_str().expect("an id");
    assert_eq!(root.remove("_members", id).status, 204);
    assert_eq!(hears(root, &heard), [true]);
}

/// As in PocketBase, the account is what it was until its deletion is told.
#[test]
fn f13_who_deletes_their_own_account_hears_of_it_on_all_devices() {
    let app = TestApp::start();
    let root = app.root();
    members(root);
    let members = root.get("/api/collections/members").ok()["id"].clone();
    let own = "owner = @request.auth.id";
    root.post("/api/collections", json!({
        "name": "things", "type": "base", "listRule": own, "viewRule": own,
        "fields": [{"name": "owner", "type": "relation", "collectionId": members, "maxSelect": 1, "cascadeDelete": true}],
    }))
    .ok();
    let (ann, bob) = (
        member(root, &app.guest(), "ann"),
        member(root, &app.guest(), "bob"),
    );
    for n in 100..120 {
        root.create(
            "things",
            json!({"id": format!("thing0000000{n}"), "owner": ANN}),
        );
    }
    let device = app.guest().sign_in("members", "ann@example.com");
    let about_ann = format!("members/{ANN}");
    let devices = [
        Stream::of(&ann, &["members/*", "things/*"]),
        Stream::of(&device, &[&about_ann, "things/*"]),
        Stream::of(
            &device,
            &["members/*?options=%7B%22query%22%3A%7B%22fields%22%3A%22id%22%7D%7D"],
        ),
    ];
    let others = [
        Stream::of(&bob, &["members/*", "things/*", "notes/*"]),
        Stream::of(
            &app.guest(),
            &["members/*", &about_ann, "things/*", "notes/*"],
        ),
    ];
    assert_eq!(ann.remove("members", ANN).status, 204);
    for (stream, things) in devices.iter().zip([20, 20, 0]) {
        let mut heard = stream.whats(things + 1);
        assert_eq!(heard.pop(), Some(format!("delete {ANN}")));
        assert!(
            heard.iter().all(|what| what.starts_with("delete thing")),
            "{heard:?}"
        );
    }
    // Nobody else hears of it, and from then on they are guests.
    for stream in &devices {
        assert_eq!(stream.subscribe_as(&app.guest(), &["notes/*"]).status, 204);
    }
    let marker = root.create("notes", json!({"open": true}));
    for stream in devices.iter().chain(&others) {
        assert_eq!(stream.next().data["record"]["id"], marker["id"]);
    }
}

#[test]
fn n78_headers_inside_a_batch_or_a_subscription_are_not_the_connections() {
    let app = TestApp::start();
    let root = app.root();
    let rule = "@request.headers.x_real_ip = '10.0.0.1'";
    root.post(
        "/api/collections",
        json!({
            "name": "notes", "type": "base", "listRule": rule, "createRule": rule,
            "fields": [{"name": "secret", "type": "text", "hidden": true}],
        }),
    )
    .ok();
    root.patch(
        "/api/settings",
        json!({"batch": {"enabled": true}, "logs": {"logIP": true}}),
    )
    .ok();
    let guest = app.guest();
    let headers = json!({
        "X-Real-IP": "10.0.0.1", "X-Forwarded-For": "10.0.0.2",
        "Authorization": root.token, "authorization": root.token, "AUTHORIZATION": root.token,
    });
    let options = json!({"headers": headers});
    let topic = crate::realtime::with_options("notes/*", &options);
    let heard = Stream::of(&guest, &[&topic]);
    // Rules see them, as in PocketBase.
    guest.try_create("notes", json!({})).refused(400);
    let create = json!({
        "method": "POST", "url": "/api/collections/notes/records", "headers": headers,
        "body": {"secret": "s"},
    });
    let made = guest.post("/api/batch", json!({"requests": [create]})).ok();
    assert_eq!(made[0]["status"], json!(200));
    // Who asks is who sends the request: a guest, who sees no hidden field.
    assert!(made[0]["body"].get("secret").is_none(), "{made}");
    let frame = heard.next();
    assert_eq!(frame.data["record"]["id"], made[0]["body"]["id"]);
    assert!(frame.data["record"].get("secret").is_none(), "{frame:?}");
    let remove = json!({
        "method": "DELETE", "headers": headers,
        "url": format!("/api/collections/notes/records/{}", frame.data["record"]["id"].as_str().expect("an id")),
    });
    assert_eq!(
        guest
            .post("/api/batch", json!({"requests": [remove]}))
            .status,
        400
    );
    // And it comes from where its connection does.
    let patience = Instant::now() + Duration::from_secs(30);
    let logged = loop {
        let logs = root
            .get("/api/logs?filter=data.url%20~%20%22/api/batch%22&perPage=10")
            .ok();
        let items = logs["items"].as_array().expect("items").clone();
        if items.len() >= 2 {
            break items;
        }
        assert!(Instant::now() < patience, "the log has both");
        std::thread::sleep(Duration::from_millis(200));
    };
    for entry in logged {
        assert_eq!(entry["data"]["userIP"], json!("127.0.0.1"), "{entry}");
        assert_eq!(entry["data"]["remoteIP"], json!("127.0.0.1"), "{entry}");
        assert_eq!(entry["data"]["auth"], json!(""), "{entry}");
    }
}
