//! `plinth migrate`

use crate::app::App;
use crate::config::Config;

/// Brings the database up to date, which `serve` does too; for those who want it done before.
pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let _lock = super::lock::lock(config)?;
    App::build(config).await?;
    println!("The database is up to date.");
    Ok(())
}
