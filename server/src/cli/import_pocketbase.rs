//! `plinth import-pocketbase`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use crate::app::App;
use crate::config::Config;
use crate::import::pocketbase;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// PocketBase's data directory, often `pb_data`. It is only read; the target is set by --dir or --database-url
    #[arg(value_name = "PB_DATA")]
    from: PathBuf,
    /// Import the superusers as well, who may do everything here. They are listed in either case
    #[arg(long)]
    superusers: bool,
    /// Change nothing if a record or file cannot be imported; by default it is listed and left out
    #[arg(long)]
    strict: bool,
    /// The directory of PocketBase's files, if it is not its `storage`
    #[arg(long, value_name = "DIR")]
    storage: Option<PathBuf>,
}

/// The exit code of an import that had to leave something out.
const INCOMPLETE: u8 = 3;

/// Imports a data directory of PocketBase.
pub(super) async fn run(config: &Config, args: Args) -> anyhow::Result<ExitCode> {
    let mut source = pocketbase::open(&args.from)?;
    source.storage = args.storage;
    if config.dir.canonicalize().is_ok_and(|dir| dir == source.dir) {
        bail!(
            "Plinth needs a data directory of its own: use --dir to name one that is not PocketBase's"
        );
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
