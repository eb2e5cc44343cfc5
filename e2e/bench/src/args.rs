//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Measures Plinth beside PocketBase: Markdown to stdout, progress to stderr.
#[derive(Debug, Parser)]
#[command(name = "plinth-bench", version)]
pub(crate) struct Args {
    /// Plinth's binary
    #[arg(long, value_name = "PATH")]
    pub(crate) plinth: PathBuf,
    /// PocketBase's binary; without it there are no ratios
    #[arg(long, value_name = "PATH")]
    pub(crate) pocketbase: Option<PathBuf>,
    /// Parse Server's program: plain tables are measured on it too. `run` obtains it, and takes the bare flag
    #[arg(long, value_name = "PATH", requires = "parse_database_url")]
    pub(crate) parse: Option<PathBuf>,
    /// An empty database for Parse Server
    #[arg(long, value_name = "URL")]
    pub(crate) parse_database_url: Option<String>,
    /// Directus' program, likewise a bare flag of `run`
    #[arg(long, value_name = "PATH", requires = "directus_database_url")]
    pub(crate) directus: Option<PathBuf>,
    /// An empty database for Directus
    #[arg(long, value_name = "URL")]
    pub(crate) directus_database_url: Option<String>,
    /// An empty database; with it Plinth is measured on PostgreSQL too
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// The PostgreSQL server's own process, so that its CPU counts
    #[arg(long, value_name = "PID", requires = "database_url")]
    pub(crate) database_pid: Option<u32>,
    /// How Plinth's costs grow, instead: with records, collections, permissions, memberships and subscribers
    #[arg(long)]
    pub(crate) growth: bool,
    /// Where the pictures of `--growth` go
    #[arg(long, value_name = "DIR", requires = "growth")]
    pub(crate) plots: Option<PathBuf>,
    /// How long a measurement takes [default: 4, with --growth 1]
    #[arg(long, value_name = "N")]
    seconds: Option<f64>,
    /// How often each is made, the servers taking turns [default: 3]
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// Under five minutes: one round, short measurements, tables of 10,000 records at most
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only workloads whose name contains this, or that of another `--only`
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Lists the workloads and ends
    #[arg(long)]
    pub(crate) list: bool,
    /// Where the figures go as JSON, those of each round too
    #[arg(long, value_name = "FILE", overrides_with = "json")]
    pub(crate) json: Option<PathBuf>,
}

impl Args {
    pub(crate) fn seconds(&self) -> f64 {
        let default = match (self.quick, self.growth) {
            (true, _) => 0.5,
            (false, true) => 1.0,
            (false, false) => 4.0,
        };
        self.seconds.unwrap_or(default)
    }

    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 1 } else { 3 }).max(1)
    }
}
