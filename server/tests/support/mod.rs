//! A real server on a real database, and clients of it.
//!
//! Which database is one variable away: `PLINTH_TEST_ENGINE` is `sqlite` (default) or `postgres`; the latter
//! needs `PLINTH_TEST_POSTGRES`, the URL of a cluster in which every test makes a database of its own.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "each test binary uses a part of it"
)]

pub mod process;

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use plinth::app::App;
use plinth::config::Config;
use serde_json::{Value, json};

/// The password of every account in the tests.
pub const PASSWORD: &str = "correct horse";
/// The superuser's address.
pub const ROOT: &str = "root@example.com";

/// A place for a database, and for what else a server keeps.
pub struct Home {
    pub dir: tempfile::TempDir,
    pub database_url: String,
}

/// Whether the tests run on PostgreSQL.
pub fn on_postgres() -> bool {
    match env("PLINTH_TEST_ENGINE").as_deref() {
        None | Some("sqlite") => false,
        Some("postgres") => true,
        Some(other) => panic!("PLINTH_TEST_ENGINE is {other}, not sqlite or postgres"),
    }
}

fn env(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told of their database so"
    )]
    std::env::var(name).ok()
}

impl Home {
    /// A new place with an empty database.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let database_url = if on_postgres() {
            new_database()
        } else {
            String::new()
        };
        Self { dir, database_url }
    }

    pub fn config(&self) -> Config {
        Config {
            http: "127.0.0.1:0".to_owned(),
            dir: self.dir.path().to_owned(),
            database_url: self.database_url.clone(),
            workers: 2,
            ..Config::default()
        }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }
}

fn new_database() -> String {
    let cluster = env("PLINTH_TEST_POSTGRES").expect(
        "PLINTH_TEST_POSTGRES must be the URL of a PostgreSQL cluster; use scripts/with-postgres",
    );
    let name = format!("plinth_{}", plinth::records::generate::id());
    let mut connection =
        PgConnection::establish(&format!("{cluster}/postgres")).expect("the cluster answers");
    connection
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .expect("a new database");
    format!("{cluster}/{name}")
}

/// A server in this process, which ends with the test.
pub struct TestApp {
    pub url: String,
    pub app: App,
    root: Client,
    system: actix_web::rt::System,
    server: Option<std::thread::JoinHandle<()>>,
    pub home: Home,
}

/// A way to the server, as somebody.
#[derive(Clone)]
pub struct Client {
    pub url: String,
    pub token: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub text: String,
}

impl TestApp {
    /// Starts a server on an empty database, with a superuser.
    pub fn start() -> Self {
        Self::start_in(Home::new())
    }

    pub fn start_in(home: Home) -> Self {
        let config = home.config();
        let (started, starting) = mpsc::channel();
        let server = std::thread::spawn(move || serve(config, started));
        let (app, url, system) = starting
            .recv_timeout(Duration::from_secs(60))
            .expect("the server starts");
        let root = Client::guest(&url).sign_in("_superusers", ROOT);
        Self {
            url,
            app,
            root,
            system,
            server: Some(server),
            home,
        }
    }

    /// Nobody.
    pub fn guest(&self) -> Client {
        Client::guest(&self.url)
    }

    /// The superuser.
    pub fn root(&self) -> &Client {
        &self.root
    }

    /// Makes a collection and gives its definition.
    pub fn collection(&self, definition: Value) -> Value {
        self.root.post("/api/collections", definition).ok()
    }

    /// Makes a collection that everybody may use, with these fields.
    pub fn open_collection(&self, name: &str, fields: Value) -> Value {
        self.collection(json!({
            "name": name, "type": "base", "fields": fields,
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
        }))
    }

    /// Makes an account in `users` and signs in.
    pub fn user(&self, name: &str) -> Client {
        let email = format!("{name}@example.com");
        let id = format!("{name:0<15}");
        self.root
            .post(
                "/api/collections/users/records",
                json!({
                    "id": id, "email": email, "name": name, "verified": true,
                    "password": PASSWORD, "passwordConfirm": PASSWORD,
                }),
            )
            .ok();
        self.guest().sign_in("users", &email)
    }
}

/// Serves until its system is stopped.
fn serve(config: Config, started: mpsc::Sender<(App, String, actix_web::rt::System)>) {
    let runner = actix_web::rt::System::new();
    let system = actix_web::rt::System::current();
    runner.runtime().spawn(async move {
        let listener = TcpListener::bind(&config.http).expect("a free port");
        let address = listener.local_addr().expect("an address");
        if config.database_url.is_empty() {
            std::fs::create_dir_all(&config.dir).expect("a data directory");
        }
        let app = App::build(&config).await.expect("a database");
        plinth::cli::upsert_superuser(&app, ROOT.to_owned(), PASSWORD.to_owned())
            .await
            .expect("a superuser");
        let url = format!("http://{address}");
        started
            .send((app.clone(), url, system))
            .expect("the test waits");
        plinth::serve::run(app, &config, listener)
            .await
            .expect("it serves");
    });
    runner.run().expect("it ends well");
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.system.stop();
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// Does `work` in `count` threads that start together, and gives what each gave.
pub fn at_once<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = std::sync::Barrier::new(count);
    std::thread::scope(|scope| {
        let run = |n| {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                work(n)
            })
        };
        let threads: Vec<_> = (0..count).map(run).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    })
}

impl Client {
    /// Nobody.
    pub fn guest(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: String::new(),
        }
    }

    pub fn sign_in(&self, collection: &str, identity: &str) -> Self {
        let reply = self.post(
            &format!("/api/collections/{collection}/auth-with-password"),
            json!({"identity": identity, "password": PASSWORD}),
        );
        Self {
            token: reply.ok()["token"].as_str().expect("a token").to_owned(),
            ..self.clone()
        }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None, "")
    }

    /// Lists records with parameters that are encoded.
    pub fn list(&self, collection: &str, parameters: &[(&str, &str)]) -> Reply {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        self.get(&format!("/api/collections/{collection}/records?{query}"))
    }

    /// The values of `field` in the list for `filter`, in order of insertion.
    pub fn filter(&self, collection: &str, filter: &str, field: &str) -> Vec<String> {
        let reply = self.list(collection, &[("filter", filter), ("perPage", "1000")]);
        assert_eq!(reply.status, 200, "{filter}: {}", reply.text);
        let items = reply.body["items"].as_array().expect("items").clone();
        assert_eq!(reply.body["totalItems"], json!(items.len()), "{filter}");
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        items.iter().map(|item| text(&item[field])).collect()
    }

    pub fn post(&self, path: &str, body: Value) -> Reply {
        self.send(
            "POST",
            path,
            Some(body.to_string().into_bytes()),
            "application/json",
        )
    }

    pub fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(
            "PATCH",
            path,
            Some(body.to_string().into_bytes()),
            "application/json",
        )
    }

    pub fn put(&self, path: &str, body: Value) -> Reply {
        self.send(
            "PUT",
            path,
            Some(body.to_string().into_bytes()),
            "application/json",
        )
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None, "")
    }

    /// The values of `field` of all records that this client may list, in order of insertion.
    pub fn all(&self, collection: &str, field: &str) -> Vec<String> {
        self.filter(collection, "", field)
    }

    /// Tries to create a record.
    pub fn try_create(&self, collection: &str, body: Value) -> Reply {
        self.post(&format!("/api/collections/{collection}/records"), body)
    }

    /// Tries to update a record.
    pub fn update(&self, collection: &str, id: &str, body: Value) -> Reply {
        self.patch(&format!("/api/collections/{collection}/records/{id}"), body)
    }

    /// Tries to view a record.
    pub fn view(&self, collection: &str, id: &str) -> Reply {
        self.get(&format!("/api/collections/{collection}/records/{id}"))
    }

    /// Tries to delete a record.
    pub fn remove(&self, collection: &str, id: &str) -> Reply {
        self.delete(&format!("/api/collections/{collection}/records/{id}"))
    }

    /// Everything in these collections, definitions too: to compare before and after.
    pub fn everything(&self, collections: &[&str]) -> Vec<Value> {
        let lists = collections
            .iter()
            .map(|name| self.list(name, &[("perPage", "1000")]).ok());
        std::iter::once(self.get("/api/collections?perPage=1000").ok())
            .chain(lists)
            .collect()
    }

    /// Creates a record and gives it.
    pub fn create(&self, collection: &str, body: Value) -> Value {
        self.post(&format!("/api/collections/{collection}/records"), body)
            .ok()
    }

    /// Sends anything.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        content_type: &str,
    ) -> Reply {
        self.try_send(method, path, body, content_type)
            .expect("an answer")
    }

    /// Sends anything to a server that may be gone.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        content_type: &str,
    ) -> Option<Reply> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.header("Authorization", &self.token);
        }
        if !content_type.is_empty() {
            request = request.header("Content-Type", content_type);
        }
        let request = request.body(body.unwrap_or_default()).expect("a request");
        let mut response = agent.run(request).ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        Some(Reply {
            status: response.status().as_u16(),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        })
    }
}

impl Reply {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{}: {}",
            self.status,
            self.text
        );
        self.body
    }

    /// Asserts a refusal, and that it names what is wrong and leaks nothing.
    #[track_caller]
    pub fn refused(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.body["status"], json!(status), "{}", self.text);
        assert!(
            self.body["message"]
                .as_str()
                .is_some_and(|m| m.ends_with('.')),
            "{}",
            self.text
        );
        assert!(self.body["data"].is_object(), "{}", self.text);
        for leak in [
            "SELECT",
            "SQLITE",
            "sqlite",
            "diesel",
            "postgres",
            "panicked",
            "/tmp",
            "column \"",
        ] {
            assert!(!self.text.contains(leak), "leaks {leak}: {}", self.text);
        }
        self
    }

    /// Asserts a refusal for what is wrong with one field.
    #[track_caller]
    pub fn refused_for(&self, field: &str, code: &str) -> &Self {
        self.refused(400);
        assert_eq!(
            self.code(field),
            format!("validation_{code}"),
            "{field}: {}",
            self.text
        );
        self
    }

    /// The code of the problem of a field.
    pub fn code(&self, field: &str) -> &str {
        let pointer = format!("/data/{}/code", field.replace('.', "/"));
        self.body
            .pointer(&pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
    }
}
