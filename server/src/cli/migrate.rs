//! `plinth migrate`

use crate::app::App;
use crate::config::Config;

/// Migrates the database. `serve` does this as well; this command allows to do it in advance.
pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let _lock = super::lock::lock(config)?;
    App::build(config).await?;
    println!("The database is up to date.");
    Ok(())
}
