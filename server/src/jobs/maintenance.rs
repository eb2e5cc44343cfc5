//! Jobs of kind `maintenance`, which keep the database small and fast.

use serde_json::{Map, Value as Json};

use super::Outcome;
use super::payload::Payload;
use crate::accounts::cleanup;
use crate::app::App;
use crate::error::{Error, Result as Fallible};
use crate::files::clean::{self, Cleaned};
use crate::logs;
use crate::queue::retention::purge;
use crate::queue::{JOB_RUNS, MAILS};

const UNKNOWN: &str = "tasks: Must be one or more of expired, files, logs, optimize.";

/// A maintenance task.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    /// Removes old mails, and what accounts did not sign in with in time.
    Expired,
    /// Removes old runs of jobs and old log entries.
    Logs,
    /// Removes files that no record names.
    Files,
    /// Lets the database reorganise itself.
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

/// Runs the tasks, one after the other.
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
    match task {
        Task::Expired => {
            let count = purge(app, &MAILS).await?;
            let expired = cleanup::remove_expired(app).await?;
            Ok(format!(
                "Removed {count} mails and {expired} expired codes and first factors."
            ))
        }
        Task::Logs => {
            let count = purge(app, &JOB_RUNS).await?;
            let entries = logs::remove_old(app).await?;
            Ok(format!(
                "Removed {count} job runs and {entries} log entries."
            ))
        }
        Task::Files => {
            let Cleaned { removed, failed } = clean::orphans(app).await?;
            if failed > 0 {
                return Err(Error::invalid(format!(
                    "Removed {removed} unused files; {failed} could not be listed or removed (see the server's log)"
                )));
            }
            Ok(format!("Removed {removed} unused files."))
        }
        Task::Optimize => app.db.optimize().await,
    }
}
