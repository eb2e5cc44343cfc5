//! The settings: defaults < `plinth.toml` < environment variables (`PLINTH_HTTP`, …) < flags.
//!
//! `docs/CONFIGURATION.md` is generated from [`Config`] (`reference.rs`): from its doc comments, with the plain comments
//! as titles.

mod check;
mod private;
mod problem;
#[cfg(test)]
mod reference;
mod strangers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};
use serde::{Deserialize, Serialize};

pub use private::{keep_private, tighten};

use crate::db::Location;
use crate::secret::Secret;

/// The settings of one server process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct Config {
    // Server
    /// Address that the API and the console are served on, as `address:port`.
    pub http: String,
    /// Data directory: the SQLite database, the log, and files unless an S3 bucket is set. Created if it is missing.
    pub dir: PathBuf,
    /// Least severe messages to print on standard error: `error`, `warn`, `info`, `debug` or `trace`.
    pub log: String,
    /// Threads that answer requests. Default: one per CPU core.
    pub workers: usize,
    /// Password hashes that are computed at the same time; each takes a core for about 20 ms and 20 MiB of memory.
    /// Default: half the CPU cores, rounded up.
    pub hashing_threads: usize,
    /// Seconds that a stopping server goes on answering while `/readyz` reports 503, so that load balancers notice.
    pub ready_delay_seconds: u64,
    /// Seconds that running requests, jobs and mails have to finish after that. At most 3600, as for `ready_delay_seconds`.
    pub drain_seconds: u64,

    // Database
    /// PostgreSQL database, as `postgres://user:password@host:5432/database`. Empty: SQLite, in the data directory.
    pub database_url: Secret,
    /// Maximum number of database connections of this process; at least 2.
    pub database_connections: u32,
    /// Whether to start on a database that a newer version of Plinth has migrated.
    pub allow_newer_database: bool,

    // Limits
    /// Slow queries that guests from one IP address may run at the same time. Raise it behind a reverse proxy, where
    /// all guests share the proxy's address.
    pub guest_queries: usize,
    /// Maximum number of client connections. 0: derived from the limit of open files, 16384 at most.
    pub max_connections: usize,
    /// Maximum number of connections from one IP address (IPv6: one /64 network). 0: half of all.
    pub max_connections_per_address: usize,
    /// Whether every private IP address is that of one client, because clients connect directly and not through a
    /// reverse proxy. Failed sign-ins are then counted by private addresses as strictly as by public ones.
    pub private_clients: bool,
    /// Memory in MiB that all request bodies together may use.
    pub bodies_mb: usize,
    /// Memory in MiB that all responses together may use until they are sent.
    pub answers_mb: usize,
    /// Maximum size of one response in MiB.
    pub answer_mb: usize,

    // Mail
    /// Name of the application in mails, until a superuser sets another one in the console.
    pub app_name: String,
    /// URL under which people reach the server, for links in mails and for the console's link in the log. Empty:
    /// `http://` and the address of `http`.
    pub app_url: String,
    /// Mail server, as `smtp://user:password@host:587?tls=required`, `smtps://…` or `smtp://host:25`. Empty: mails stay
    /// in the outbox, and their links are printed to the log.
    pub smtp_url: Secret,
    /// Seconds that the mail server may take for one mail.
    pub smtp_timeout_seconds: u64,
    /// Sender of mails, as `Name <address>`.
    pub mail_from: String,

    // Files
    /// Name of the S3 bucket that files are stored in. Empty: files are stored in the data directory.
    pub s3_bucket: String,
    /// URL of the S3 server, as `https://host`. Empty: AWS.
    pub s3_endpoint: String,
    /// Region of the bucket.
    pub s3_region: String,
    /// S3 access key ID. Empty, with `s3_secret` empty too: the IAM role of the machine, on AWS.
    pub s3_access_key: Secret,
    /// S3 secret access key.
    pub s3_secret: Secret,
    /// Whether the bucket's name is part of the URL's path instead of its host name, as MinIO and most others need it.
    pub s3_path_style: bool,
    /// Whether all servers of one PostgreSQL database share the data directory, although that cannot be detected.
    pub shared_dir: bool,

    // Jobs
    /// Private networks that jobs may call, as a list such as `["10.1.0.0/16", "192.168.7.20"]`; `0.0.0.0/0` allows
    /// every IPv4 address. Public addresses are always allowed.
    pub outbound_allow: Vec<String>,

    // Logs and metrics
    /// Maximum number of entries in the request log; the oldest are deleted first.
    pub log_max_rows: u64,
    /// Maximum size of the request log in MiB; the oldest entries are deleted first.
    pub log_max_mb: u64,
    /// Address on which Prometheus metrics are served without a token, as `address:port`. Empty: not served.
    pub metrics_http: String,
    /// Bearer token for `/metrics` on the API's address. Empty: not served there.
    pub metrics_token: Secret,
}

/// The settings whose values must not appear in a log or an error message.
const SECRETS: [&str; 5] = [
    "database_url",
    "smtp_url",
    "s3_access_key",
    "s3_secret",
    "metrics_token",
];

impl Default for Config {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            http: "127.0.0.1:8090".to_owned(),
            dir: PathBuf::from("plinth_data"),
            database_url: Secret::default(),
            database_connections: 16,
            allow_newer_database: false,
            guest_queries: 2,
            max_connections: 0,
            max_connections_per_address: 0,
            private_clients: false,
            workers: cores,
            hashing_threads: cores.div_ceil(2),
            log: "info".to_owned(),
            app_name: "Plinth".to_owned(),
            app_url: String::new(),
            smtp_url: Secret::default(),
            smtp_timeout_seconds: 30,
            mail_from: "Plinth <noreply@localhost>".to_owned(),
            s3_bucket: String::new(),
            s3_endpoint: String::new(),
            s3_region: "us-east-1".to_owned(),
            s3_access_key: Secret::default(),
            s3_secret: Secret::default(),
            s3_path_style: false,
            shared_dir: false,
            outbound_allow: Vec::new(),
            bodies_mb: 128,
            answers_mb: 192,
            answer_mb: 32,
            log_max_rows: 1_000_000,
            log_max_mb: 512,
            metrics_http: String::new(),
            metrics_token: Secret::default(),
            ready_delay_seconds: 0,
            drain_seconds: 30,
        }
    }
}

/// Settings from the command line.
#[derive(Clone, Debug, Default, Serialize, clap::Args)]
pub struct Flags {
    /// Data directory [default: `plinth_data`]
    #[arg(long, global = true, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// PostgreSQL database to use instead of the embedded SQLite: `postgres://user@host/database`
    #[arg(long, global = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<Secret>,
    /// Settings file [default: plinth.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Least severe messages to print: error, warn, info, debug or trace [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The flag `--http`, which only `serve` has.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
}

/// Returns the defaults by the settings' names, which are those of the environment variables too.
fn defaults() -> anyhow::Result<Dict> {
    let defaults = Value::serialize(Config::default())?;
    defaults.into_dict().context("the settings are no table")
}

/// Returns the environment variables, those of text settings apart: figment parses values as TOML, but a token of digits
/// is not a number.
fn environment(defaults: &Dict) -> (Env, Serialized<BTreeMap<String, String>>) {
    let is_text = |name: &str| matches!(defaults.get(name), Some(Value::String(..)));
    let names = || defaults.keys().map(String::as_str);
    let texts: Vec<&str> = names().filter(|name| is_text(name)).collect();
    let others: Vec<&str> = names().filter(|name| !is_text(name)).collect();
    let literal = Env::prefixed("PLINTH_").only(&texts);
    let literal = literal
        .iter()
        .map(|(name, text)| (name.as_str().to_lowercase(), text));
    (
        Env::prefixed("PLINTH_").only(&others),
        Serialized::defaults(literal.collect()),
    )
}

impl Config {
    /// Merges the sources of settings and validates the result.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let file = match &flags.config {
            Some(file) if !file.exists() => {
                bail!("the settings file {} does not exist", file.display())
            }
            Some(file) => file.clone(),
            None => PathBuf::from("plinth.toml"),
        };
        let (parsed, literal) = environment(&defaults()?);
        let config: Self = Figment::from(Serialized::defaults(Self::default()))
            .merge(Toml::file(Path::new(&file)))
            .merge(parsed)
            .merge(literal)
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(problem::in_words)?;
        Self::strange_variables()?;
        config.check()?;
        Ok(config)
    }

    /// Returns the environment variables that begin like settings and are none. A name that is one typing error away
    /// from a setting is an error.
    pub fn strange_variables() -> anyhow::Result<Vec<String>> {
        let names = Env::raw();
        strangers::strangers(
            &defaults()?,
            names
                .iter()
                .map(|(name, _)| name.as_str().to_ascii_uppercase()),
        )
    }

    /// Creates the data directory, readable for the server's own user only: it holds password hashes and signing keys.
    pub fn make_dir(&self) -> anyhow::Result<()> {
        if self.dir.is_symlink() && !self.dir.exists() {
            let dir = self.dir.display();
            bail!("the data directory {dir} is a link that leads nowhere");
        }
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .recursive(true)
            .create(&self.dir)
            .with_context(|| format!("cannot make the data directory {}", self.dir.display()))
    }

    /// Returns where the database is.
    pub fn location(&self) -> anyhow::Result<Location> {
        Location::of(&self.database_url, &self.dir)
    }
}
