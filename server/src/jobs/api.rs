//! Routes of jobs beyond those of their records: schedules, and running a job now.

use plinth_sdk::types::{Cron, FieldProblems, JobPreview, JobSchedule};
use serde_json::Value as Json;

use super::schedule::{self, Schedule};
use super::store;
use crate::app::{App, Effort};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::{Error, GENERIC, Result};
use crate::extract::{Answer, Body, JobsRead, JobsWrite, Operator, Query, RecordId};
use crate::openapi::{BadRequest, NotFound, RecordPath, Selection, tags};
use crate::problems::{ProblemType, SCHEDULE, TIMEZONE};
use crate::queue::JOB_RUNS;
use crate::schema::Record;

/// How many times a preview lists.
const MOMENTS: usize = 5;
/// The most characters of a schedule or time zone.
const MAX_LENGTH: usize = 100;

/// List the schedules of jobs.
#[utoipa::path(
    get, path = "/api/crons", operation_id = "crons", tag = tags::JOBS,
    params(Selection), responses((status = 200, body = Vec<Cron>))
)]
pub async fn list(_operator: Operator<JobsRead>, app: App, query: Query) -> Result<Answer> {
    let jobs = store::jobs(&app.schema.current(), app.clock.now())?;
    let enabled = app.read(jobs, Effort::Short, store::enabled);
    let cron = |job: &Record| Cron {
        id: job.id().to_owned(),
        expression: job.text("schedule").to_owned(),
    };
    let crons: Vec<Cron> = enabled.await?.iter().map(cron).collect();
    Ok(Answer::picked(&crons, &query))
}

/// Run a job now.
#[utoipa::path(
    post, path = "/api/crons/{id}", operation_id = "run_job", tag = tags::JOBS,
    params(RecordPath), responses((status = 204), NotFound)
)]
pub async fn run(_operator: Operator<JobsWrite>, app: App, id: RecordId) -> Result<Answer> {
    let runs = JOB_RUNS.grant(&app.schema.current(), app.clock.now())?;
    let add = move |conn: &mut Conn, runs| store::add_manual(conn, &runs, &id.0);
    app.write(runs, Effort::Long, add).await?;
    app.jobs.wake();
    Ok(Answer::Nothing)
}

/// Explain a schedule.
#[utoipa::path(
    post, path = "/api/jobs/preview", operation_id = "preview_job", tag = tags::JOBS,
    params(Selection), request_body = JobSchedule,
    responses((status = 200, body = JobPreview), BadRequest)
)]
pub async fn preview(
    _operator: Operator<JobsRead>,
    app: App,
    query: Query,
    body: Body<10_000>,
) -> Result<Answer> {
    let body = body.object(GENERIC)?;
    let text = |name: &str| {
        body.get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .trim()
    };
    let mut problems = FieldProblems::new();
    let mut refuse = |name: &str, problem: ProblemType, message: String| {
        problems.insert(name.to_owned(), problem.worded([("reason", &message)]));
    };
    let is_long = |text: &str| text.chars().count() > MAX_LENGTH;
    let timezone = if is_long(text("timezone")) {
        Err(format!("Must be at most {MAX_LENGTH} characters."))
    } else {
        schedule::parse_timezone(text("timezone"))
    };
    let cron = if is_long(text("schedule")) {
        Err(format!("Must be at most {MAX_LENGTH} characters."))
    } else {
        schedule::parse(text("schedule"))
    };
    let (cron, timezone) = match (cron, timezone) {
        (Ok(cron), Ok(timezone)) => (cron, timezone),
        (cron, timezone) => {
            if let Err(message) = cron {
                refuse("schedule", SCHEDULE, message);
            }
            if let Err(message) = timezone {
                refuse("timezone", TIMEZONE, message);
            }
            return Err(Error::refused("The schedule is not valid.", problems));
        }
    };
    let schedule = Schedule::new(cron, timezone);
    let next = schedule.upcoming(app.clock.now(), MOMENTS);
    let preview = JobPreview {
        description: schedule.describe(),
        next: next.iter().map(Timestamp::to_string).collect(),
    };
    Ok(Answer::picked(&preview, &query))
}
