//! `plinth delays`

use anyhow::bail;

use crate::accounts::attempts::store;
use crate::app::App;
use crate::config::Config;
use crate::db::{Claimant, Conn};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List who has to wait after failed attempts to sign in
    List,
    /// Forget failed attempts, so that nobody has to wait for them
    Lift {
        /// Ids from `plinth delays list`
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// Forget all failed attempts
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let app = App::build(config).await?;
    match command {
        Command::List => list(&app).await,
        Command::Lift { all: true, .. } => {
            let count = app.db.write(store::delete_all).await?;
            println!("Forgot {count} counts of failed attempts");
            Ok(())
        }
        Command::Lift { ids, .. } => lift(&app, ids).await,
    }
}

async fn list(app: &App) -> anyhow::Result<()> {
    let delays = app.db.read(&Claimant::Server, store::delays).await?;
    if delays.is_empty() {
        println!("Nobody has to wait");
    }
    for delay in delays {
        let schema = app.schema.current();
        let collection = schema.find(&delay.collection);
        let collection = collection.map_or("", |collection| collection.def.name.as_str());
        println!(
            "{}  {}  {} s  {} failures  {} {} {} {}",
            delay.id,
            delay.last_failure,
            delay.delay,
            delay.failures,
            delay.purpose,
            collection,
            // Clients chose it.
            delay.identity.escape_debug(),
            delay.client,
        );
    }
    Ok(())
}

async fn lift(app: &App, ids: Vec<String>) -> anyhow::Result<()> {
    for id in ids {
        let wanted = id.clone();
        let lift = move |conn: &mut Conn| store::delete(conn, &wanted);
        if !app.db.write(lift).await? {
            bail!("there is no delay {id}");
        }
        println!("Lifted {id}");
    }
    Ok(())
}
