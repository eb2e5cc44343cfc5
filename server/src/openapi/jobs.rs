//! Routes of jobs. What else there is to jobs are records, of `_jobs` and `_jobRuns`.

use utoipa::openapi::path::HttpMethod;

use super::parts::{self, Route, list_of, object, text};
use super::{Draft, Reader};

/// The tag. The space keeps it apart from names of collections.
const TAG: &str = "The jobs";

/// Writes down the routes that the reader may use.
pub(super) fn describe(reader: &Reader<'_>, draft: &mut Draft) {
    if !reader.sees("jobs:read") {
        return;
    }
    draft.tag(TAG, "What the server does at times.");
    let cron = object([
        ("id", text().into()),
        (
            "expression",
            text()
                .description(Some("Minute, hour, day of month, month, day of week."))
                .into(),
        ),
    ]);
    draft.schema("Crons", list_of(cron));
    draft.schema(
        "JobPreview",
        object([
            (
                "description",
                text().description(Some("The schedule in English.")).into(),
            ),
            (
                "next",
                list_of(text())
                    .description(Some("The next five moments."))
                    .build()
                    .into(),
            ),
        ]),
    );
    let timezone = text().description(Some("Such as `Europe/Berlin`; UTC without it."));
    let schedule = object([("schedule", text().into())]).property("timezone", timezone);
    draft.schema("JobSchedule", schedule);
    let route = |id: &str, summary: &str| Route {
        tag: TAG,
        id: id.to_owned(),
        summary: summary.to_owned(),
        description: "Superusers, and operators of the jobs' area.".to_owned(),
        answer: None,
        parameters: &[],
        problems: &[401, 403],
        needs_token: true,
    };
    let list = Route {
        answer: Some("Crons"),
        parameters: &["fields"],
        ..route("crons", "List the jobs that run at their times")
    };
    draft.route(HttpMethod::Get, "/api/crons", list.operation());
    let preview = Route {
        answer: Some("JobPreview"),
        parameters: &["fields"],
        problems: &[400, 401, 403],
        ..route("preview_job", "See what a schedule means")
    };
    let preview = preview
        .operation()
        .request_body(Some(parts::body("JobSchedule")));
    draft.route(HttpMethod::Post, "/api/jobs/preview", preview);
    if reader.sees("jobs:write") {
        let run = Route {
            parameters: &["Record"],
            problems: &[401, 403, 404],
            ..route("run_job", "Run a job now")
        };
        draft.route(HttpMethod::Post, "/api/crons/{id}", run.operation());
    }
}
