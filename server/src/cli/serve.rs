//! `plinth serve`

use std::net::{SocketAddr, TcpListener};
use std::pin::pin;

use anyhow::Context;
use futures_util::future::{Either, select};

use super::lock::lock;
use super::signals::Signals;
use crate::app::App;
use crate::config::Config;
use crate::db::Conn;
use crate::error::Error;
use crate::health::Lifecycle;
use crate::logs::program::Messages;
use crate::schema::SUPERUSERS;
use crate::serve::{self, Tasks};
use crate::setup::store::token;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen [default: 127.0.0.1:8090]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) http: Option<String>,
}

pub(super) async fn run(config: &Config, messages: &Messages) -> anyhow::Result<()> {
    serve::raise_limits();
    let _lock = lock(config)?;
    let mut signals = Signals::listen()?;
    let listener = listen(&config.http)?;
    let address = listener.local_addr()?;
    let lifecycle = Lifecycle::default();
    let server = serve::bind(&lifecycle, config, listener)?;
    let handle = server.handle();
    // The server responds from here on, at first that it is starting.
    let mut server = actix_web::rt::spawn(server);
    if !config.metrics_http.is_empty() {
        let listener = listen(&config.metrics_http)?;
        actix_web::rt::spawn(serve::bind_metrics(&lifecycle, listener)?);
    }
    let app = match select(pin!(signals.next()), pin!(App::build(config))).await {
        // An interrupted migration is rolled back.
        Either::Left(_) => std::process::exit(0),
        Either::Right((app, _)) => app?,
    };
    app.metrics.count_panics();
    messages.go_to(&app.logs.queue);
    let tasks = Tasks::start(&app);
    lifecycle.serve(app.clone());
    announce(config, address, &app).await?;
    if let Either::Right((ended, _)) = select(pin!(signals.next()), &mut server).await {
        return ended?.context("the server failed");
    }
    eprintln!("Plinth is stopping; a second signal ends it at once.");
    actix_web::rt::spawn(async move {
        signals.next().await;
        std::process::exit(1);
    });
    serve::stop(&app, &lifecycle, &handle, tasks).await;
    // The time limit of everything that still runs is over.
    std::process::exit(0)
}

fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
}

async fn announce(config: &Config, address: SocketAddr, app: &App) -> anyhow::Result<()> {
    eprintln!(
        "Plinth {} is listening on http://{address}",
        env!("CARGO_PKG_VERSION")
    );
    eprintln!("  data:      {}", config.location()?);
    eprintln!("  API:       http://{address}/api/");
    eprintln!("  OpenAPI:   http://{address}/api/openapi.json");
    let schema = app.schema.current();
    let url = if config.app_url.is_empty() && schema.settings.meta.app_url.is_none() {
        format!("http://{address}")
    } else {
        app.meta().app_url
    };
    eprintln!("  console:   {url}/_/");
    let superusers = schema.find(SUPERUSERS).cloned();
    let superusers = superusers.context("the collection of superusers is missing")?;
    let token = move |conn: &mut Conn| token(conn, &superusers);
    let token = match app.db.write(token).await {
        // The database can be read, and may become writable at any time.
        Err(Error::Unwritable(obstacle)) => {
            tracing::warn!(reason = %obstacle, "the server begins on a database that cannot be written");
            None
        }
        token => token?,
    };
    if let Some(token) = token {
        eprintln!();
        eprintln!("There is no superuser yet. Create the first one here:");
        eprintln!("  {url}/_/setup#{token}");
        eprintln!("or in another terminal:");
        eprintln!(
            "  {} superuser upsert you@example.com{}",
            program(),
            same_flags(config)
        );
    }
    Ok(())
}

fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "plinth".to_owned())
}

/// Returns the flags with which another command uses the same data.
fn same_flags(config: &Config) -> String {
    if !config.database_url.is_empty() {
        return " --database-url …".to_owned();
    }
    if config.dir == Config::default().dir {
        return String::new();
    }
    format!(" --dir {}", config.dir.display())
}
