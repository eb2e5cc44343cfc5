//! `plinth import-pocketbase`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use crate::app::App;
use crate::config::Config;
use crate::import::pocketbase;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// PocketBase's data directory, often `pb_data`; it is only read. Where it goes says --dir, or --database-url
    #[arg(value_name = "PB_DATA")]
    from: PathBuf,
    /// Take the superusers, too: they may do everything here. They are named either way
    #[arg(long)]
    superusers: bool,
    /// Change nothing when a record or a file can't be taken; otherwise it is named and left out
    #[arg(long)]
    strict: bool,
    /// Where PocketBase's files are, when they are not in its `storage`
    #[arg(long, value_name = "DIR")]
    storage: Option<PathBuf>,
}

/// The exit code when all is done and something had to be left out.
const INCOMPLETE: u8 = 3;

/// Takes over what a data directory of PocketBase holds.
pub(super) async fn run(config: &Config, args: Args) -> anyhow::Result<ExitCode> {
    let mut source = pocketbase::open(&args.from)?;
    source.storage = args.storage;
    if config.dir.canonicalize().is_ok_and(|dir| dir == source.dir) {
        bail!("Plinth needs a data directory of its own: say --dir, another one than PocketBase's");
    }
    let _lock = super::lock::lock(config)?;
    if !config.database_url.is_empty() {
        config.make_dir()?;
    }
    let app = App::build(config).await?;
    let progress = Box::new(|line: &str| eprintln!("{line}"));
    let wishes = pocketbase::Wishes {
        superusers: args.superusers,
        strict: args.strict,
    };
    let report = pocketbase::run(&app, source, wishes, progress).await?;
    app.db.close().await;
    println!("{report}");
    Ok(if report.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(INCOMPLETE)
    })
}
