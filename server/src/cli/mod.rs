//! The command line.

mod delays;
mod import_pocketbase;
mod lock;
mod migrate;
mod policy;
mod serve;
mod signals;
mod superuser;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Context;
use clap::error::{ContextKind, ContextValue};
use clap::{Parser, Subcommand};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::App;
use crate::config::{self, Config, Flags};
use crate::error::Result;
use crate::logs::program::Messages;

/// A self-hosted backend in one binary: collections, accounts and rules, on SQLite or PostgreSQL.
#[derive(Debug, Parser)]
#[command(
    name = "plinth",
    version,
    arg_required_else_help = true,
    after_help = "All settings can be environment variables (PLINTH_HTTP, PLINTH_DIR, …) or keys of the settings file; \
                  docs/CONFIGURATION.md lists them."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the console
    Serve(serve::Args),
    /// Migrate the database and exit; `serve` does this as well
    Migrate,
    /// Import collections, records, accounts and files from PocketBase
    ImportPocketbase(import_pocketbase::Args),
    /// Manage superusers, the accounts that may do everything
    #[command(subcommand)]
    Superuser(superuser::Command),
    /// Show and lift the delays after failed attempts to sign in
    #[command(subcommand)]
    Delays(delays::Command),
    /// Check what roles and rules let people do
    #[command(subcommand)]
    Policy(policy::Command),
}

/// Creates a superuser, or sets the password of an existing one. Returns whether it is new.
pub async fn upsert_superuser(app: &App, email: String, password: String) -> Result<bool> {
    superuser::upsert(app, email, password).await
}

/// Runs the command line.
pub fn run() -> anyhow::Result<ExitCode> {
    config::keep_private();
    let Cli { command, mut flags } = parse();
    if let Command::Serve(args) = &command {
        flags.http.clone_from(&args.http);
    }
    let config = Config::load(&flags)?;
    let messages = Messages::default();
    log_to_stderr(&config, &messages)?;
    for name in Config::strange_variables()? {
        tracing::warn!(name, "this variable is not a setting");
    }
    config::tighten(&config.dir);
    let system = actix_web::rt::System::new();
    match command {
        Command::Serve(_) => system.block_on(serve::run(&config, &messages))?,
        Command::Migrate => system.block_on(migrate::run(&config))?,
        Command::ImportPocketbase(args) => {
            return system.block_on(import_pocketbase::run(&config, args));
        }
        Command::Superuser(command) => system.block_on(superuser::run(&config, command))?,
        Command::Delays(command) => system.block_on(delays::run(&config, command))?,
        Command::Policy(command) => return system.block_on(policy::run(&config, command)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Parses the command line. An argument in a wrong place may be a password, or a URL with one, so errors do not
/// repeat it.
fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|mut error| {
        for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand] {
            let Some(ContextValue::String(given)) = error.get(kind) else {
                continue;
            };
            let shown = shown(given, kind == ContextKind::InvalidSubcommand);
            if shown != *given {
                error.insert(kind, ContextValue::String(shown));
                error.remove(ContextKind::Suggested);
            }
        }
        error.exit()
    })
}

/// Redacts an argument: keeps the name of a flag, or a word where a subcommand should stand.
fn shown(given: &str, is_subcommand: bool) -> String {
    let name = given.split('=').next().unwrap_or_default();
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    let is_word = name.len() <= 20 && name.bytes().all(is_letter);
    if is_word && (name.starts_with("--") || (is_subcommand && name == given)) {
        return name.to_owned();
    }
    "…".to_owned()
}

fn log_to_stderr(config: &Config, messages: &Messages) -> anyhow::Result<()> {
    let level: LevelFilter = config
        .log
        .parse()
        .ok()
        .context("the setting log must be error, warn, info, debug or trace")?;
    // Messages of libraries about their own workers are of no use to operators.
    let targets = Targets::new()
        .with_default(level)
        .with_target("actix_server", level.min(LevelFilter::WARN))
        .with_target("tokio_cron_scheduler", level.min(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .with(messages.clone().with_filter(LevelFilter::WARN))
        .init();
    Ok(())
}
