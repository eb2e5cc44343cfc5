//! Settings: defaults < `plinth.toml` < environment (`PLINTH_HTTP`, …) < flags.

mod database_url;
mod private;
mod problem;
mod strangers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub use private::{keep_private, tighten};

use crate::db::Location;
use crate::secret::Secret;

/// The settings of a server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen, as `address:port`.
    pub http: String,
    /// The data directory: the embedded database and files, and later backups.
    pub dir: PathBuf,
    /// `postgres://…`; the embedded SQLite in the data directory when empty.
    pub database_url: Secret,
    /// Connections to the database at most.
    pub database_connections: u32,
    /// Whether a database is used that a newer version has migrated.
    pub allow_newer_database: bool,
    /// Queries that take long which the guests of one address may run at once; behind a proxy all guests have one address.
    pub guest_queries: usize,
    /// Connections of clients at most; as many as there may be open files for when 0.
    pub max_connections: usize,
    /// Those of one address at most; half of all when 0.
    pub max_connections_per_address: usize,
    /// Threads that answer requests.
    pub workers: usize,
    /// Password hashes computed at once at most.
    pub hashing_threads: usize,
    /// What is logged: `error`, `warn`, `info`, `debug` or `trace`.
    pub log: String,
    /// What the application is called in mails.
    pub app_name: String,
    /// Where people reach the server, for links in mails; `http://` and the address it listens on when empty.
    pub app_url: String,
    /// The mail server, as `smtp://user:password@host:587?tls=required`, `smtps://…` or `smtp://host:25`; when empty,
    /// mails stay in the outbox.
    pub smtp_url: Secret,
    /// Seconds that the mail server may take for one mail.
    pub smtp_timeout_seconds: u64,
    /// Who mails come from, as `Name <address>`.
    pub mail_from: String,
    /// The bucket of an S3 server to keep files in; below the data directory when empty.
    pub s3_bucket: String,
    /// Where the S3 server is, as `https://host`; AWS when empty.
    pub s3_endpoint: String,
    /// The bucket's region.
    pub s3_region: String,
    /// Who we are to the S3 server; the machine's own role when empty.
    pub s3_access_key: Secret,
    /// What proves it.
    pub s3_secret: Secret,
    /// Whether the bucket is in the path rather than in the host's name.
    pub s3_path_style: bool,
    /// Whether all servers on the database have the same data directory, where files are kept without a bucket.
    pub shared_dir: bool,
    /// Networks that jobs may call although they are private, such as `127.0.0.1/32`; `0.0.0.0/0` for all.
    pub outbound_allow: Vec<String>,
    /// MiB that the bodies of all requests together may take in memory.
    pub bodies_mb: usize,
    /// MiB that all answers together may take in memory until they are sent.
    pub answers_mb: usize,
    /// MiB that one answer may have.
    pub answer_mb: usize,
    /// The most entries of the log; the oldest go.
    pub log_max_rows: u64,
    /// The most MiB of the log; the oldest entries go.
    pub log_max_mb: u64,
    /// Where metrics are served without a token, as `address:port`; nowhere when empty.
    pub metrics_http: String,
    /// The token with which `/metrics` is served beside the API; it is not when empty.
    pub metrics_token: Secret,
    /// Seconds that a stopping server still answers while it says that it is not ready, for balancers to notice.
    pub ready_delay_seconds: u64,
    /// Seconds that requests and jobs then have to end.
    pub drain_seconds: u64,
}

/// The settings that the environment can have; other variables that begin like them are not ours.
const NAMES: [&str; 33] = [
    "http",
    "dir",
    "database_url",
    "database_connections",
    "allow_newer_database",
    "guest_queries",
    "max_connections",
    "max_connections_per_address",
    "workers",
    "hashing_threads",
    "log",
    "app_name",
    "app_url",
    "smtp_url",
    "smtp_timeout_seconds",
    "mail_from",
    "s3_bucket",
    "s3_endpoint",
    "s3_region",
    "s3_access_key",
    "s3_secret",
    "s3_path_style",
    "shared_dir",
    "outbound_allow",
    "bodies_mb",
    "answers_mb",
    "answer_mb",
    "log_max_rows",
    "log_max_mb",
    "metrics_http",
    "metrics_token",
    "ready_delay_seconds",
    "drain_seconds",
];

/// Those of them that are text, whatever they look like: a token of digits is no number.
const TEXTS: [&str; 15] = [
    "http",
    "dir",
    "database_url",
    "log",
    "app_name",
    "app_url",
    "smtp_url",
    "mail_from",
    "s3_bucket",
    "s3_endpoint",
    "s3_region",
    "s3_access_key",
    "s3_secret",
    "metrics_http",
    "metrics_token",
];

/// The most MiB of a budget of memory: 1 TiB.
const MAX_BUDGET: usize = 1 << 20;

/// Those that nobody may read in a log.
const SECRETS: [&str; 5] = [
    "database_url",
    "smtp_url",
    "s3_access_key",
    "s3_secret",
    "metrics_token",
];

/// The most seconds that a stop may wait for anything.
const MAX_STOPPING: u64 = 3600;

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
            answers_mb: 256,
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
    /// The database to use instead of the embedded one: `postgres://user@host/database`
    #[arg(long, global = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<Secret>,
    /// Settings file [default: plinth.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// What to log: error, warn, info, debug or trace [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Where to listen; only `serve` has the flag.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
}

/// The variables as they are. `Env` itself takes them for TOML where it can, and says what it found when that is wrong.
fn texts(environment: &Env) -> Serialized<BTreeMap<String, String>> {
    let as_they_are = environment
        .iter()
        .map(|(name, text)| (name.as_str().to_lowercase(), text));
    Serialized::defaults(as_they_are.collect())
}

impl Config {
    /// Puts the settings together.
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let file = match &flags.config {
            Some(file) if !file.exists() => {
                bail!("the settings file {} does not exist", file.display())
            }
            Some(file) => file.clone(),
            None => PathBuf::from("plinth.toml"),
        };
        let config: Self = Figment::from(Serialized::defaults(Self::default()))
            .merge(Toml::file(Path::new(&file)))
            .merge(Env::prefixed("PLINTH_").only(&NAMES).ignore(&TEXTS))
            .merge(texts(&Env::prefixed("PLINTH_").only(&TEXTS)))
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(problem::in_words)?;
        Self::strange_variables()?;
        if config.database_connections < 2 {
            bail!("the setting database_connections must be at least 2");
        }
        if config.guest_queries == 0 {
            bail!("the setting guest_queries must be at least 1");
        }
        if config.workers == 0 || config.hashing_threads == 0 {
            bail!("the settings workers and hashing_threads must be at least 1");
        }
        config.check_budgets()?;
        config.check_stopping_and_metrics()?;
        config.check_storage()?;
        config.location()?;
        Ok(config)
    }

    fn check_budgets(&self) -> anyhow::Result<()> {
        let budgets = [
            ("bodies_mb", self.bodies_mb),
            ("answers_mb", self.answers_mb),
            ("answer_mb", self.answer_mb),
        ];
        for (name, megabytes) in budgets {
            if !(1..=MAX_BUDGET).contains(&megabytes) {
                bail!("the setting {name} must be between 1 and {MAX_BUDGET}");
            }
        }
        if self.log_max_rows == 0 || self.log_max_mb == 0 {
            bail!("the settings log_max_rows and log_max_mb must be at least 1");
        }
        Ok(())
    }

    /// Variables that begin like settings and are none. One that is a slip away from a setting is refused.
    pub fn strange_variables() -> anyhow::Result<Vec<String>> {
        let names = Env::raw();
        strangers::strangers(
            names
                .iter()
                .map(|(name, _)| name.as_str().to_ascii_uppercase()),
        )
    }

    fn check_storage(&self) -> anyhow::Result<()> {
        let has_key = !self.s3_access_key.is_empty();
        if has_key == self.s3_secret.is_empty() {
            bail!("the settings s3_access_key and s3_secret belong together");
        }
        if self.s3_bucket.is_empty() {
            if has_key || !self.s3_endpoint.is_empty() {
                bail!("the settings of S3 need s3_bucket");
            }
            return Ok(());
        }
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_word(&self.s3_access_key) || self.s3_secret.chars().any(char::is_control) {
            bail!(
                "the settings s3_access_key and s3_secret must have no spaces and no line breaks"
            );
        }
        let is_address = |start| self.s3_endpoint.starts_with(start);
        if !self.s3_endpoint.is_empty() && !is_address("https://") && !is_address("http://") {
            bail!("the setting s3_endpoint must begin with https:// or http://");
        }
        if self.s3_endpoint.contains('@') {
            bail!(
                "the setting s3_endpoint must have no user and no password: s3_access_key and s3_secret do"
            );
        }
        Ok(())
    }

    fn check_stopping_and_metrics(&self) -> anyhow::Result<()> {
        if self.ready_delay_seconds > MAX_STOPPING || self.drain_seconds > MAX_STOPPING {
            bail!(
                "the settings ready_delay_seconds and drain_seconds must be at most {MAX_STOPPING}"
            );
        }
        if !self
            .metrics_token
            .bytes()
            .all(|byte| byte.is_ascii_graphic())
        {
            // No header could carry it.
            bail!("the setting metrics_token must be of printable ASCII characters without spaces");
        }
        if !self.metrics_http.is_empty() && self.metrics_http == self.http {
            bail!("the setting metrics_http must be another address than http");
        }
        Ok(())
    }

    /// Makes the data directory, for the server's own user alone: hashes and what signs tokens are in it.
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

    /// Where the database is.
    pub fn location(&self) -> anyhow::Result<Location> {
        let url = &self.database_url;
        if url.is_empty() {
            return Ok(Location::Sqlite(self.dir.join("data.db")));
        }
        database_url::check(url)?;
        Ok(Location::Postgres(url.clone()))
    }
}
