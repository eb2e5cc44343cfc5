//! `plinth import-pocketbase`

use std::path::PathBuf;

use anyhow::bail;

use crate::app::App;
use crate::config::Config;
use crate::moving;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// PocketBase's data directory, often `pb_data`; it is only read. Where it goes says --dir, or --database-url
    #[arg(value_name = "PB_DATA")]
    from: PathBuf,
}

/// Takes over what a data directory of PocketBase holds.
pub(super) async fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    let source = moving::open(&args.from)?;
    if config.dir.canonicalize().is_ok_and(|dir| dir == source.dir) {
        bail!("Plinth needs a data directory of its own: say --dir, another one than PocketBase's");
    }
    let _lock = super::lock::lock(config)?;
    if !config.database_url.is_empty() {
        config.make_dir()?;
    }
    let app = App::build(config).await?;
    let progress = Box::new(|line: &str| eprintln!("{line}"));
    let report = moving::run(&app, source, progress).await?;
    app.db.close().await;
    println!("{report}");
    Ok(())
}
