//! The servers: started on free ports of the loopback with data of their own, which goes when they are dropped.

use std::cell::{Cell, OnceCell, RefCell};
use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hyper::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::args::Args;
use crate::http::{Answer, Connection, Request, get, json};
use crate::load::{self, Load};
use crate::process::{self, Memory};
use crate::rows;
use crate::schema::{PASSWORD, Table};
use crate::traffic::{Traffic, expect};

const SUPERUSER: &str = "bench@example.com";
/// Beyond the numbers of the records that tables begin with.
const FIRST_NUMBER: u64 = 1_000_000;
const LOG: &str = "log";
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// What there is to start.
#[derive(Clone)]
pub(crate) struct Product {
    pub(crate) name: &'static str,
    binary: PathBuf,
    is_plinth: bool,
    database: Option<(String, Option<u32>)>,
}

impl Product {
    pub(crate) fn chosen(args: &Args) -> Result<Vec<Self>> {
        let product = |name, binary: &Path, is_plinth, database| {
            let binary = fs::canonicalize(binary).with_context(|| binary.display().to_string())?;
            Ok::<_, anyhow::Error>(Self {
                name,
                binary,
                is_plinth,
                database,
            })
        };
        let mut products = vec![product("Plinth, SQLite", &args.plinth, true, None)?];
        if let Some(url) = &args.database_url {
            let database = Some((url.clone(), args.database_pid));
            products.push(product("Plinth, PostgreSQL", &args.plinth, true, database)?);
        }
        if let Some(binary) = &args.pocketbase {
            products.push(product(POCKETBASE, binary, false, None)?);
        }
        Ok(products)
    }

    pub(crate) fn version(&self) -> Result<String> {
        let output = Command::new(&self.binary).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Where it keeps its data, as arguments.
    fn data(&self, home: &Path) -> Vec<String> {
        let folder = |name: &str| home.join(name).display().to_string();
        let mut arguments = vec!["--dir".to_owned(), folder("data")];
        if let Some((url, _)) = &self.database {
            arguments.extend(["--database-url".to_owned(), url.clone()]);
        }
        if !self.is_plinth {
            for name in ["migrations", "hooks", "public"] {
                arguments.extend([format!("--{name}Dir"), folder(name)]);
            }
        }
        arguments
    }

    fn serve(&self, home: &Path, address: SocketAddr) -> Result<Child> {
        let log = File::options().append(true).open(home.join(LOG))?;
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--http", &address.to_string()]);
        command.args(self.data(home)).current_dir(home);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command.spawn()?)
    }

    fn make_superuser(&self, home: &Path, log: &File) -> Result<()> {
        let mut command = Command::new(&self.binary);
        command.args(["superuser", "upsert", SUPERUSER]);
        command.arg(if self.is_plinth {
            "--password-stdin"
        } else {
            PASSWORD
        });
        command.args(self.data(home)).current_dir(home);
        command
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take()
            && self.is_plinth
        {
            writeln!(stdin, "{PASSWORD}")?;
        }
        ensure!(child.wait()?.success(), "no superuser could be made");
        Ok(())
    }
}

pub(crate) const POCKETBASE: &str = "PocketBase";

/// A running server.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer, on a database that is there.
    pub(crate) started_in: Duration,
    product: Product,
    child: Child,
    home: TempDir,
    token: OnceCell<String>,
    person: OnceCell<String>,
    tables: RefCell<Vec<Table>>,
    /// The number of the next request: none comes twice, nor does what it makes.
    numbers: Rc<Cell<u64>>,
}

impl Server {
    pub(crate) async fn start(product: &Product) -> Result<Self> {
        let home = TempDir::with_prefix("plinth-bench-")?;
        let log = File::create(home.path().join(LOG))?;
        product
            .make_superuser(home.path(), &log)
            .with_context(|| tail(home.path()))?;
        let address = free_address()?;
        let started = Instant::now();
        let mut server = Self {
            name: product.name,
            address,
            started_in: Duration::ZERO,
            product: product.clone(),
            child: product.serve(home.path(), address)?,
            home,
            token: OnceCell::new(),
            person: OnceCell::new(),
            tables: RefCell::default(),
            numbers: Rc::new(Cell::new(FIRST_NUMBER)),
        };
        server.answers(started).await?;
        server.started_in = started.elapsed();
        server
            .sign_in("_superusers", SUPERUSER, &server.token)
            .await?;
        // Neither writes a log of requests.
        server
            .call(
                Method::PATCH,
                "/api/settings",
                &serde_json::json!({"logs": {"maxDays": 0}}),
            )
            .await?;
        Ok(server)
    }

    /// Ends it as its operator would, and starts it again on its data, at another address.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        let process = Pid::from_child(&self.child);
        kill_process(process, Signal::TERM)?;
        // Meanwhile the driver's own connections are closed.
        while self.child.try_wait()?.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.address = free_address()?;
        let started = Instant::now();
        self.child = self.product.serve(self.home.path(), self.address)?;
        self.answers(started).await?;
        self.started_in = started.elapsed();
        Ok(())
    }

    async fn answers(&self, since: Instant) -> Result<()> {
        while since.elapsed() < STARTED_WITHIN {
            if let Ok(mut connection) = Connection::open(self.address, None).await
                && let Ok(answer) = connection.send(get("/api/health")).await
                && answer.status == StatusCode::OK
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("{} does not answer: {}", self.name, self.log())
    }

    async fn sign_in(&self, table: &str, email: &str, token: &OnceCell<String>) -> Result<()> {
        let new = self.new_token(table, email).await?;
        token.get_or_init(|| new);
        Ok(())
    }

    /// The token of an account that has the password of all.
    pub(crate) async fn new_token(&self, table: &str, email: &str) -> Result<String> {
        let path = format!("/api/collections/{table}/auth-with-password");
        let body = serde_json::json!({"identity": email, "password": PASSWORD});
        let answer = self.call(Method::POST, &path, &body).await?;
        let token = answer["token"].as_str().context("no token")?;
        Ok(token.to_owned())
    }

    /// The token of a superuser, as soon as there is one.
    pub(crate) fn superuser(&self) -> Option<String> {
        self.token.get().cloned()
    }

    /// One request of a superuser.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let token = self.superuser();
        let mut connection = Connection::open(self.address, token.as_deref()).await?;
        let answer = connection.call(method, path, body).await;
        answer.with_context(|| self.name.to_owned())
    }

    /// The token of one of the people.
    pub(crate) async fn person(&self) -> Result<String> {
        if self.person.get().is_none() {
            let email = rows::email(0);
            self.sign_in(&Table::People.name(), &email, &self.person)
                .await?;
        }
        self.person.get().cloned().context("nobody signed in")
    }

    /// Makes a collection and its records, and what they refer to, unless they are there.
    pub(crate) async fn fill(&self, table: Table) -> Result<()> {
        for &needed in table.refers_to().iter().chain([&table]) {
            if self.tables.borrow().contains(&needed) {
                continue;
            }
            eprintln!(
                "{}: {} records of {}",
                self.name,
                needed.rows(),
                needed.name()
            );
            self.call(Method::POST, "/api/collections", &needed.collection())
                .await?;
            self.insert(needed, needed.rows(), move |n| rows::row(needed, n))
                .await?;
            self.tables.borrow_mut().push(needed);
        }
        Ok(())
    }

    /// Creates so many records, numbered from 0.
    pub(crate) async fn insert(
        &self,
        table: Table,
        count: u64,
        row: impl Fn(u64) -> Value + 'static,
    ) -> Result<()> {
        let path = table.records();
        let next = Cell::new(0);
        let traffic = self.traffic(
            None,
            move |_| json(Method::POST, &path, &row(next.replace(next.get() + 1))),
            |_, answer| expect(answer, StatusCode::OK),
        );
        let load = Load::Count {
            requests: count,
            connections: 32,
        };
        let inserted = load::run(self.address, &Rc::new(traffic), load, Duration::ZERO).await;
        inserted.with_context(|| format!("{}: records of {}", self.name, table.name()))?;
        Ok(())
    }

    /// So many numbers that no request has; gives the first.
    pub(crate) fn reserve(&self, count: u64) -> u64 {
        self.numbers.replace(self.numbers.get() + count)
    }

    pub(crate) fn traffic(
        &self,
        token: Option<String>,
        request: impl Fn(u64) -> Request + 'static,
        check: impl Fn(u64, &Answer) -> Result<()> + 'static,
    ) -> Traffic {
        Traffic {
            token,
            request: Box::new(request),
            check: Box::new(check),
            numbers: Rc::clone(&self.numbers),
        }
    }

    /// CPU milliseconds that it has used, its database server's too.
    pub(crate) fn cpu_milliseconds(&self) -> Result<f64> {
        let database = self.product.database.as_ref().and_then(|(_, pid)| *pid);
        let roots: Vec<_> = database.into_iter().chain([self.child.id()]).collect();
        process::cpu_milliseconds(&roots)
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        process::memory(self.child.id())
    }

    /// The end of what it wrote.
    pub(crate) fn log(&self) -> String {
        tail(self.home.path())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its data goes too, so that there is nothing to end well. It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn tail(home: &Path) -> String {
    let log = fs::read_to_string(home.join(LOG)).unwrap_or_default();
    let lines: Vec<_> = log.lines().rev().take(20).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
