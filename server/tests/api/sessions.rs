//! Tokens: which are good, until when, and whose they are.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, ROOT, TestApp, at_once};

const ANN: &str = "ann000000000000";

fn refresh(client: &Client) -> crate::support::Reply {
    client.post("/api/collections/users/auth-refresh", json!({}))
}

/// The key that signs the tokens of the account.
fn key_of(app: &TestApp, collection: &str, id: &str) -> String {
    let schema = app.app.schema.current();
    let auth = schema
        .find(collection)
        .expect("it exists")
        .def
        .auth
        .clone()
        .expect("it has accounts");
    let own = app.text(&format!(
        "SELECT \"tokenKey\" AS value FROM {collection} WHERE id = '{id}'"
    ));
    format!("{own}{}", auth.auth_token.secret)
}

fn signed(claims: &Value, key: &str, algorithm: Algorithm) -> String {
    let key = EncodingKey::from_secret(key.as_bytes());
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).expect("a token")
}

/// What is not signed, or says that it does not have to be.
fn unsigned(header: &str, claims: &Value) -> String {
    format!(
        "{}.{}.",
        base64_url(header.as_bytes()),
        base64_url(claims.to_string().as_bytes())
    )
}

fn base64_url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0_usize, |word, byte| word << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(char::from(LETTERS[word >> (18 - 6 * place) & 63]));
        }
    }
    out
}

#[test]
fn n20_only_a_token_made_here_for_this_is_good() {
    let app = TestApp::start();
    let ann = app.user("ann");
    app.collection(json!({"name": "people", "type": "auth"}));
    app.root().create("people", json!({
        "id": "person000000000", "email": "p@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD,
    }));
    let people = app.root().get("/api/collections/people").ok()["id"].clone();
    let exp = |seconds: i64| app.clock.now().unix() + seconds;
    let claims = |changes: Value| {
        let mut claims = json!({
            "id": ANN, "type": "auth", "collectionId": "_pb_users_auth_", "refreshable": true, "exp": exp(600),
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims
    };
    let key = key_of(&app, "users", ANN);
    let with = |token: String| {
        refresh(&Client {
            token,
            ..app.guest()
        })
    };
    with(signed(&claims(json!({})), &key, Algorithm::HS256)).ok();

    let people_key = key_of(&app, "people", "person000000000");
    let good = signed(&claims(json!({})), &key, Algorithm::HS256);
    let (head, tail) = good.rsplit_once('.').expect("three parts");
    let person = json!({"id": "person000000000", "collectionId": people});
    let root_id = app.text("SELECT id AS value FROM _superusers");
    let superuser = json!({"id": root_id, "collectionId": "pbc_3142635823"});
    for token in [
        String::new(),
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        format!("{head}."),
        format!("{head}.{}", tail.chars().rev().collect::<String>()),
        format!("Basic {good}"),
        unsigned(r#"{"alg":"none","typ":"JWT"}"#, &claims(json!({}))),
        unsigned(r#"{"alg":"None"}"#, &claims(json!({}))),
        unsigned(r#"{"alg":"HS256","typ":"JWT"}"#, &claims(json!({}))),
        signed(&claims(json!({})), "", Algorithm::HS256),
        signed(&claims(json!({})), &key, Algorithm::HS384),
        signed(&claims(json!({})), &key, Algorithm::HS512),
        signed(&claims(json!({"exp": exp(-1)})), &key, Algorithm::HS256),
        signed(&claims(json!({"exp": 0})), &key, Algorithm::HS256),
        signed(&claims(json!({"exp": null})), &key, Algorithm::HS256),
        signed(
            &claims(json!({"exp": "9999999999"})),
            &key,
            Algorithm::HS256,
        ),
        signed(&claims(json!({"type": "file"})), &key, Algorithm::HS256),
        signed(
            &claims(json!({"type": "verification"})),
            &key,
            Algorithm::HS256,
        ),
        signed(&claims(json!({"type": null})), &key, Algorithm::HS256),
        signed(
            &claims(json!({"id": "missing00000000"})),
            &key,
            Algorithm::HS256,
        ),
        signed(
            &claims(json!({"id": ["ann000000000000"]})),
            &key,
            Algorithm::HS256,
        ),
        signed(&claims(json!({"id": {"$ne": ""}})), &key, Algorithm::HS256),
        signed(
            &claims(json!({"collectionId": "missing"})),
            &key,
            Algorithm::HS256,
        ),
        // Signed for one account, it claims to be another.
        signed(&claims(person.clone()), &key, Algorithm::HS256),
        signed(&claims(superuser.clone()), &key, Algorithm::HS256),
        signed(&claims(json!({})), &people_key, Algorithm::HS256),
    ] {
        with(token.clone()).refused(401);
        let client = Client {
            token,
            ..app.guest()
        };
        client.get("/api/collections").refused(401);
        // It is a guest, not an error.
        assert_eq!(client.get("/api/health").status, 200);
    }
    // A good one of another collection is known for what it is.
    with(signed(&claims(person), &people_key, Algorithm::HS256)).refused(403);
    refresh(app.root()).refused(403);
    ann.post("/api/collections/people/auth-refresh", json!({}))
        .refused(403);
    // One that is not to be refreshed comes back as it is.
    let fixed = signed(
        &claims(json!({"refreshable": false})),
        &key,
        Algorithm::HS256,
    );
    assert_eq!(with(fixed.clone()).ok()["token"], json!(fixed));
}

#[test]
fn n23_a_token_ends_with_what_it_was_made_under() {
    let app = TestApp::start();
    let root = app.root();
    let password = json!({"password": "new password", "passwordConfirm": "new password", "oldPassword": PASSWORD});
    for (name, how) in [("ann", 0), ("bob", 1), ("cyd", 2), ("dan", 3), ("eve", 4)] {
        let client = app.user(name);
        let second = app.guest().sign_in("users", &format!("{name}@example.com"));
        let bystander = app.user(&format!("x{name}"));
        let id = format!("{name:0<15}");
        refresh(&client).ok();
        match how {
            0 => drop(client.update("users", &id, password.clone()).ok()),
            1 => drop(root.update("users", &id, password.clone()).ok()),
            2 => drop(
                root.update("users", &id, json!({"email": "other@example.com"}))
                    .ok(),
            ),
            3 => assert_eq!(root.remove("users", &id).status, 204),
            _ => {
                root.patch(
                    "/api/collections/users",
                    json!({"authToken": {"secret": "s".repeat(40)}}),
                )
                .ok();
                refresh(&bystander).refused(401);
            }
        }
        for token in [client, second] {
            refresh(&token).refused(401);
            assert!(token.all("users", "id").is_empty(), "it is a guest's");
            token
                .update("users", &id, json!({"name": "x"}))
                .refused(404);
        }
        if how != 4 {
            refresh(&bystander).ok();
        }
    }
}

#[test]
fn n23_a_superusers_token_ends_with_the_password() {
    let app = TestApp::start();
    let old = app.guest().sign_in("_superusers", ROOT);
    old.get("/api/collections").ok();
    let id = app.text("SELECT id AS value FROM _superusers");
    let change = json!({"password": "new password", "passwordConfirm": "new password"});
    old.update("_superusers", &id, change).ok();
    old.get("/api/collections").refused(401);
    app.root().get("/api/collections").refused(401);
}

#[test]
fn n31_parallel_sessions_are_never_mixed_up() {
    let app = TestApp::start();
    let names: Vec<String> = (0..8).map(|n| format!("user{n}")).collect();
    let clients: Vec<Client> = names.iter().map(|name| app.user(name)).collect();
    app.root()
        .patch("/api/collections/users", json!({"createRule": null}))
        .ok();
    at_once(16, |n| {
        // Every second one has no token at all.
        if n % 2 == 1 {
            for _ in 0..40 {
                assert!(app.guest().all("users", "name").is_empty());
                refresh(&app.guest()).refused(401);
            }
            return;
        }
        let (name, client) = (&names[n / 2], &clients[n / 2]);
        let other = format!("{:0<15}", names[(n / 2 + 1) % 8]);
        for _ in 0..20 {
            assert_eq!(client.all("users", "name"), [name.as_str()]);
            assert_eq!(refresh(client).ok()["record"]["name"], json!(name));
            client.view("users", &other).refused(404);
        }
    });
}

#[test]
fn n07_no_account_takes_the_id_of_another() {
    let app = TestApp::start();
    let guest = app.guest();
    app.collection(json!({"name": "people", "type": "auth", "createRule": ""}));
    app.user("ann");
    let root_id = app.text("SELECT id AS value FROM _superusers");
    let sign_up = |id: &str| json!({"id": id, "email": "new@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD});
    guest
        .try_create("users", sign_up(&root_id))
        .refused_for("id", "invalid_auth_id");
    guest
        .try_create("people", sign_up(ANN))
        .refused_for("id", "invalid_auth_id");
    guest
        .try_create("users", sign_up(ANN))
        .refused_for("id", "not_unique");
    guest
        .try_create("users", sign_up("pbc_3142635823"))
        .refused(400);
    assert_eq!(app.root().list("people", &[]).ok()["totalItems"], json!(0));
    // Of two that try it at the same moment, one does.
    let replies = at_once(8, |n| {
        let mut body = sign_up("same00000000000");
        body["email"] = json!(format!("u{n}@example.com"));
        guest.try_create(if n % 2 == 0 { "users" } else { "people" }, body)
    });
    let made = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(made, 1, "{replies:?}");
}
