//! `plinth serve`

use std::fs::{File, TryLockError};
use std::net::TcpListener;

use anyhow::{Context, bail};

use crate::app::App;
use crate::config::Config;
use crate::db::Location;
use crate::records::store;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen [default: 127.0.0.1:8090]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) http: Option<String>,
}

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let _lock = lock(config)?;
    let listener = TcpListener::bind(&config.http)
        .with_context(|| format!("cannot listen on {}", config.http))?;
    let app = App::build(config).await?;
    let address = listener.local_addr()?;
    eprintln!(
        "Plinth {} serves on http://{address}",
        env!("CARGO_PKG_VERSION")
    );
    match config.location()? {
        Location::Sqlite(path) => eprintln!("  data:      {} (SQLite)", path.display()),
        Location::Postgres(_) => eprintln!("  data:      PostgreSQL"),
    }
    eprintln!("  API:       http://{address}/api/");
    eprintln!("  described: http://{address}/api/openapi.json");
    if !has_superuser(&app).await? {
        eprintln!();
        eprintln!("There is no superuser yet. Make the first one, in another terminal:");
        eprintln!(
            "  {} superuser upsert you@example.com{}",
            program(),
            same_flags(config)
        );
    }
    crate::serve::run(app, config, listener).await
}

/// One server a data directory. The lock goes with the process, however that ends.
fn lock(config: &Config) -> anyhow::Result<Option<File>> {
    let Location::Sqlite(_) = config.location()? else {
        return Ok(None);
    };
    config.make_dir()?;
    let file = File::create(config.dir.join("plinth.lock")).with_context(|| {
        format!(
            "cannot write to the data directory {}",
            config.dir.display()
        )
    })?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => bail!(
            "another server already uses the data directory {}",
            config.dir.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data directory"),
    }
}

async fn has_superuser(app: &App) -> anyhow::Result<bool> {
    let schema = app.schema.current();
    let collection = schema
        .find(crate::collections::defaults::SUPERUSERS)
        .cloned();
    let collection = collection.context("the collection of superusers is missing")?;
    let total = app
        .db
        .read(move |conn| store::total(conn, &collection))
        .await?;
    Ok(total > 0)
}

fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "plinth".to_owned())
}

/// The flags that lead another command to the same data.
fn same_flags(config: &Config) -> String {
    if !config.database_url.is_empty() {
        return " --database-url …".to_owned();
    }
    if config.dir == Config::default().dir {
        return String::new();
    }
    format!(" --dir {}", config.dir.display())
}
