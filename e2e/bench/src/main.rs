//! Measures Plinth beside PocketBase, on one machine in one run. `plan` says what is measured, `load` how.

mod api;
mod args;
mod growth;
mod http;
mod load;
mod machine;
mod pace;
mod plan;
mod prepare;
mod process;
mod product;
mod report;
mod rows;
mod run;
mod scenarios;
mod schema;
mod server;
mod subscribers;
mod summary;
mod traffic;

use anyhow::bail;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// One thread sends and receives everything, so that the servers have the other cores.
fn main() -> anyhow::Result<()> {
    let args = args::Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        // Interrupted, it takes its servers along.
        let mut terminated = signal(SignalKind::terminate())?;
        let run = async {
            if args.growth {
                growth::run(&args).await
            } else {
                run::run(&args).await
            }
        };
        tokio::select! {
            done = run => done,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            _ = terminated.recv() => bail!("terminated"),
        }
    })
}
