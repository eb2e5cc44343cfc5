//! `plinth policy`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use plinth_sdk::types::{AssertionResult, FieldProblem};

use crate::app::App;
use crate::config::Config;
use crate::db::{Claimant, Conn};
use crate::error::Error;
use crate::policy::api::assertions;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Check assertions about who may do what; the exit code is 1 if one does not hold
    Check {
        /// A file with one assertion a line: `ann@example.com may not delete posts where published = true`
        file: PathBuf,
    },
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let Command::Check { file } = command;
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
    let app = App::build(config).await?;
    let schema = app.schema.current();
    let check = move |conn: &mut Conn| assertions::check(conn, &schema, &text);
    let results = match app.db.read(&Claimant::Server, check).await {
        Err(Error::Invalid { data, .. }) => match data.into_values().next() {
            Some(FieldProblem::Broken { message, .. }) => bail!("{}: {message}", file.display()),
            _ => bail!("{}: can't be checked", file.display()),
        },
        results => results?,
    };
    let failed: Vec<_> = results.results.iter().filter(|one| !one.holds).collect();
    for result in &failed {
        println!("{}", line(&file, result));
    }
    let (count, all) = (failed.len(), results.results.len());
    println!("{} of {all} assertions hold", all - count);
    Ok(ExitCode::from(u8::from(count > 0)))
}

fn line(file: &Path, result: &AssertionResult) -> String {
    let record = result.record.as_ref();
    let record = record.map_or_else(String::new, |id| format!(" (record {id})"));
    format!(
        "{}:{}: {}\n    {}{record}",
        file.display(),
        result.line,
        result.text,
        result.reason.escape_debug(),
    )
}
