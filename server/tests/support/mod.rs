//! A real server on a real database, and clients of it.
//!
//! Which database is one variable away: `PLINTH_TEST_ENGINE` is `sqlite` (default) or `postgres`; the latter
//! needs `PLINTH_TEST_POSTGRES`, the URL of a cluster in which every test makes a database of its own.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::allow_attributes,
    reason = "each test binary uses a part of it"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "a body is made where it is sent"
)]

mod client;
pub mod passage;
pub mod pocketbase;
pub mod process;
pub mod provider;
pub mod s3;
pub mod secure;
pub mod smtp;
pub mod stream;
pub mod target;

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection};
use plinth::app::App;
use plinth::clock::AdjustableClock;
use plinth::config::Config;
use plinth::db::Sources;
use plinth::random::Random;
use serde_json::{Value, json};

pub use client::{Client, Fetched, LEAKS, MULTIPART, Part, Reply, multipart};

/// The password of every account in the tests.
pub const PASSWORD: &str = "correct horse";

/// The superuser's address.
pub const ROOT: &str = "root@example.com";

/// A place for a database, and for what else a server keeps.
pub struct Home {
    pub dir: tempfile::TempDir,
    pub database_url: String,
    /// Where its files are; empty: below the directory.
    pub bucket: String,
}

/// The keys of the S3 server that `scripts/with-s3` starts.
const S3_KEYS: (&str, &str) = ("plinth", "correct horse");

/// Whether the tests run on PostgreSQL.
pub fn on_postgres() -> bool {
    match env("PLINTH_TEST_ENGINE").as_deref() {
        None | Some("sqlite") => false,
        Some("postgres") => true,
        Some(other) => panic!("PLINTH_TEST_ENGINE is {other}, not sqlite or postgres"),
    }
}

/// The address of an S3 server, and the directory of its buckets, where files are kept in one.
pub fn s3() -> Option<(String, PathBuf)> {
    let url = env("PLINTH_TEST_S3")?;
    let buckets = env("PLINTH_TEST_S3_DIR").expect("the directory of the buckets");
    Some((url, buckets.into()))
}

pub fn env(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told of their database so"
    )]
    std::env::var(name).ok()
}

impl Home {
    /// A new place with an empty database.
    pub fn new() -> Self {
        Self::on(if on_postgres() {
            new_database()
        } else {
            String::new()
        })
    }

    /// A new place with this database.
    pub fn on(database_url: String) -> Self {
        let bucket = s3().map(|(_, buckets)| {
            let bucket = Random::system().id();
            std::fs::create_dir(buckets.join(&bucket)).expect("a new bucket");
            bucket
        });
        Self {
            dir: tempfile::tempdir().expect("a temporary directory"),
            database_url,
            bucket: bucket.unwrap_or_default(),
        }
    }

    /// The directory with its files: also of the bucket, which the S3 server keeps in one.
    pub fn storage(&self) -> PathBuf {
        match s3() {
            Some((_, buckets)) => buckets.join(&self.bucket),
            None => self.dir.path().join("storage"),
        }
    }

    pub fn config(&self) -> Config {
        let mut config = Config {
            http: "127.0.0.1:0".to_owned(),
            dir: self.dir.path().to_owned(),
            database_url: self.database_url.as_str().into(),
            workers: 2,
            ..Config::default()
        };
        if let Some((endpoint, _)) = s3() {
            config.s3_bucket.clone_from(&self.bucket);
            config.s3_endpoint = endpoint;
            config.s3_path_style = true;
            config.s3_access_key = S3_KEYS.0.into();
            config.s3_secret = S3_KEYS.1.into();
        }
        config
    }

    fn connect(&self) -> AnyConnection {
        self.connect_to("data.db")
    }

    fn connect_to(&self, file: &str) -> AnyConnection {
        if self.database_url.is_empty() {
            let path = self.dir.path().join(file);
            let path = path.to_str().expect("a path of text");
            let mut connection = SqliteConnection::establish(path).expect("the database");
            connection
                .batch_execute("PRAGMA busy_timeout = 10000")
                .expect("a pragma");
            AnyConnection::Sqlite(connection)
        } else {
            AnyConnection::Postgres(
                PgConnection::establish(&self.database_url).expect("the database"),
            )
        }
    }

    /// Changes the database behind the servers' backs.
    pub fn execute(&self, statement: &str) {
        self.connect().execute(statement);
    }

    /// The same for the database of the log.
    pub fn execute_on_log(&self, statement: &str) {
        self.connect_to("logs.db").execute(statement);
    }

    /// The text that a query finds, as `value`.
    pub fn text(&self, query: &str) -> String {
        let row: Row = match self.connect() {
            AnyConnection::Postgres(mut connection) => {
                diesel::sql_query(query).get_result(&mut connection)
            }
            AnyConnection::Sqlite(mut connection) => {
                diesel::sql_query(query).get_result(&mut connection)
            }
        }
        .expect(query);
        row.value
    }

    /// Begins a transaction with a statement, as a backup does, which goes on until what is given is dropped.
    pub fn hold(&self, statement: &str) -> Held {
        let mut connection = self.connect();
        match &mut connection {
            AnyConnection::Postgres(connection) => connection.batch_execute("BEGIN"),
            AnyConnection::Sqlite(connection) => connection.batch_execute("BEGIN"),
        }
        .expect("a transaction");
        match &mut connection {
            AnyConnection::Postgres(connection) => connection.batch_execute(statement),
            AnyConnection::Sqlite(connection) => connection.batch_execute(statement),
        }
        .expect(statement);
        Held {
            _connection: connection,
        }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }
}

/// A transaction that goes on.
pub struct Held {
    _connection: AnyConnection,
}

/// The cluster that the tests' databases are in.
pub fn cluster() -> String {
    env("PLINTH_TEST_POSTGRES").expect(
        "PLINTH_TEST_POSTGRES must be the URL of a PostgreSQL cluster; use scripts/with-postgres",
    )
}

fn new_database() -> String {
    let cluster = cluster();
    let name = format!("plinth_{}", Random::system().id());
    let mut connection =
        PgConnection::establish(&format!("{cluster}/postgres")).expect("the cluster answers");
    connection
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .expect("a new database");
    format!("{cluster}/{name}")
}

/// The tests' own way to the database, for what the API never shows.
enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl AnyConnection {
    fn execute(self, statement: &str) {
        match self {
            Self::Postgres(mut connection) => connection.batch_execute(statement),
            Self::Sqlite(mut connection) => connection.batch_execute(statement),
        }
        .expect(statement);
    }
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

/// A server in this process, which ends with the test.
pub struct TestApp {
    pub url: String,
    pub app: App,
    /// Sets the server's clock.
    pub clock: AdjustableClock,
    root: Client,
    system: actix_web::rt::System,
    server: Option<std::thread::JoinHandle<()>>,
    pub home: Home,
}

impl TestApp {
    /// Starts a server on an empty database, with a superuser.
    pub fn start() -> Self {
        Self::start_in(Home::new())
    }

    pub fn start_in(home: Home) -> Self {
        let config = home.config();
        Self::start_with(home, config)
    }

    /// Starts a server with settings of its own.
    pub fn start_with(home: Home, config: Config) -> Self {
        let (started, starting) = mpsc::channel();
        let clock = AdjustableClock::default();
        let sources = Sources {
            clock: clock.clock(),
            random: Random::seeded(next_seed()),
        };
        let server = std::thread::spawn(move || serve(config, sources, started));
        let (app, url, system) = starting
            .recv_timeout(Duration::from_secs(60))
            .expect("the server starts");
        let root = Client::guest(&url).sign_in("_superusers", ROOT);
        Self {
            url,
            app,
            clock,
            root,
            system,
            server: Some(server),
            home,
        }
    }

    /// Stops it, and gives what it leaves behind.
    pub fn stop(mut self) -> Home {
        let nothing = Home::on(String::new());
        std::mem::replace(&mut self.home, nothing)
    }

    /// Nobody.
    pub fn guest(&self) -> Client {
        Client::guest(&self.url)
    }

    /// The superuser.
    pub fn root(&self) -> &Client {
        &self.root
    }

    /// Changes the database behind the server's back.
    pub fn execute(&self, statement: &str) {
        self.home.execute(statement);
    }

    /// The text that a query finds, as `value`.
    pub fn text(&self, query: &str) -> String {
        self.home.text(query)
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
fn serve(
    config: Config,
    sources: Sources,
    started: mpsc::Sender<(App, String, actix_web::rt::System)>,
) {
    let runner = actix_web::rt::System::new();
    let system = actix_web::rt::System::current();
    runner.runtime().spawn(async move {
        let listener = TcpListener::bind(&config.http).expect("a free port");
        let address = listener.local_addr().expect("an address");
        if config.database_url.is_empty() {
            std::fs::create_dir_all(&config.dir).expect("a data directory");
        }
        let app = App::build_with(&config, sources).await.expect("a database");
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

/// The seed of the first server of each test. `PLINTH_TEST_SEED` sets it; a test that fails says which one it had.
fn first_seed() -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| match env("PLINTH_TEST_SEED") {
        Some(seed) => seed.parse().expect("PLINTH_TEST_SEED is a number"),
        None => RandomState::new().build_hasher().finish(),
    });
    *SEED
}

/// The seed of the next server that this test starts. No two of them have one, since they may share a database.
fn next_seed() -> u64 {
    thread_local! {
        static STARTED: Cell<u64> = const { Cell::new(0) };
    }
    first_seed().wrapping_add(STARTED.replace(STARTED.get() + 1))
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("PLINTH_TEST_SEED={} makes the same ids", first_seed());
        }
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
