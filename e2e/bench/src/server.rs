//! The servers: started on free ports of the loopback with data of their own, which goes when they are dropped.

use std::cell::{Cell, OnceCell, RefCell};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Child;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hyper::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::api::Api;
use crate::http::{Answer, Connection, Request, get, json};
use crate::load::{self, Load};
use crate::process::{self, Memory};
use crate::product::{Product, SUPERUSER};
use crate::rows;
use crate::schema::{PASSWORD, Table};
use crate::traffic::{Traffic, expect_success};

/// Beyond the numbers of the records that tables begin with.
const FIRST_NUMBER: u64 = 1_000_000;
pub(crate) const LOG: &str = "log";
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer, on a database that is there.
    pub(crate) started_in: Duration,
    pub(crate) product: Product,
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
            .prepare(home.path(), &log)
            .with_context(|| format!("{}: {}", product.name, tail(home.path())))?;
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
        if let Some(token) = product.owner() {
            server.token.get_or_init(|| token);
            return Ok(server);
        }
        server
            .sign_in("_superusers", SUPERUSER, &server.token)
            .await?;
        // None writes a log of requests.
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
                && let Ok(answer) = connection.send(get(self.api().health())).await
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
            let api = self.api();
            let (path, definition) = api.table(needed);
            self.call(Method::POST, &path, &definition).await?;
            self.insert(needed, needed.rows(), move |n| api.row(needed, n))
                .await?;
            self.product.analyze()?;
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
        let path = self.api().records(table);
        let next = Cell::new(0);
        let traffic = self.traffic(
            None,
            move |_| json(Method::POST, &path, &row(next.replace(next.get() + 1))),
            |_, answer| expect_success(answer),
        );
        let load = Load::Count {
            requests: count,
            connections: 32,
        };
        let inserted = load::run(self.address, &Rc::new(traffic), load, Duration::ZERO).await;
        inserted.with_context(|| format!("{}: records of {}", self.name, table.name()))?;
        Ok(())
    }

    /// How it is asked for records.
    pub(crate) fn api(&self) -> Api {
        self.product.api()
    }

    /// What everybody shows who asks.
    pub(crate) fn everybody(&self) -> Option<String> {
        self.product.everybody()
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
            token: token.or_else(|| self.everybody()),
            request: Box::new(request),
            check: Box::new(check),
            numbers: Rc::clone(&self.numbers),
        }
    }

    /// CPU milliseconds that it has used, its database server's too.
    pub(crate) fn cpu_milliseconds(&self) -> Result<f64> {
        let roots: Vec<_> = self
            .product
            .database_pid()
            .into_iter()
            .chain([self.child.id()])
            .collect();
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
