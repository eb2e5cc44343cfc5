//! Jobs that keep the database small and quick.

use serde_json::{Map, Value as Json};

use super::payload::Payload;
use super::{Outcome, store};
use crate::app::{App, Effort};
use crate::clock::Moment;
use crate::db::Conn;
use crate::error::{Error, Result as Fallible};
use crate::files::clean::{self, Cleaned};
use crate::logs;
use crate::policy::Grant;

/// How long mails that are done with, and runs, are kept.
const KEPT: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

const UNKNOWN: &str = "tasks: Must be of expired, files, logs, optimize.";

/// Something that is done to the database.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    /// Old mails go.
    Expired,
    /// Old runs go, and old entries of the log.
    Logs,
    /// Files that no record names go.
    Files,
    /// The database puts itself in order.
    Optimize,
}

/// Reads `{tasks}`.
pub(super) fn parse(payload: &Map<String, Json>) -> Result<Vec<Task>, String> {
    let payload = Payload::new(payload, &["tasks"])?;
    let names = payload.list("tasks")?;
    if names.is_empty() || names.len() > 4 {
        return Err(UNKNOWN.to_owned());
    }
    let task = |name: &&str| match *name {
        "expired" => Ok(Task::Expired),
        "logs" => Ok(Task::Logs),
        "files" => Ok(Task::Files),
        "optimize" => Ok(Task::Optimize),
        _ => Err(UNKNOWN.to_owned()),
    };
    names.iter().map(task).collect()
}

/// Does one after the other.
pub(super) async fn run(app: &App, tasks: Vec<Task>) -> Outcome {
    let mut lines = Vec::new();
    for task in tasks {
        match one(app, task).await {
            Ok(line) => lines.push(line),
            Err(error) => {
                lines.push(format!("{task:?} failed: {error}"));
                return Err(lines.join("\n"));
            }
        }
    }
    Ok(lines.join("\n"))
}

async fn one(app: &App, task: Task) -> Fallible<String> {
    let schema = app.schema.current();
    let before = Moment::from(Moment::now().timestamp() - KEPT);
    match task {
        Task::Expired => {
            let remove =
                move |conn: &mut Conn, grant: &Grant| store::remove_old_mails(conn, grant, before);
            let count = batches(app, store::mails(&schema)?, remove).await?;
            Ok(format!("Removed {count} mails."))
        }
        Task::Logs => {
            let remove =
                move |conn: &mut Conn, grant: &Grant| store::remove_old_runs(conn, grant, before);
            let count = batches(app, store::runs(&schema)?, remove).await?;
            let entries = logs::remove_old(app).await?;
            Ok(format!(
                "Removed {count} runs of jobs and {entries} entries of the log."
            ))
        }
        Task::Files => {
            let Cleaned { removed, failed } = clean::orphans(app).await?;
            if failed > 0 {
                let why = "could not be listed or removed; the server's own log says why";
                return Err(Error::invalid(format!(
                    "{removed} files that no record names are removed, {failed} {why}"
                )));
            }
            Ok(format!("Removed {removed} files that no record names."))
        }
        Task::Optimize => app.db.optimize().await,
    }
}

/// Removes a few at a time, so that other writes need not wait.
async fn batches<F>(app: &App, grant: Grant, remove: F) -> Fallible<usize>
where
    F: Fn(&mut Conn, &Grant) -> Fallible<usize> + Clone + Send + 'static,
{
    let mut total = 0;
    loop {
        let remove = remove.clone();
        let count = app
            .write(grant.clone(), Effort::Long, move |conn, grant| {
                remove(conn, &grant)
            })
            .await?;
        total += count;
        if count == 0 {
            return Ok(total);
        }
    }
}
