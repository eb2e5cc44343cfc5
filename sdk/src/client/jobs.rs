//! Scheduled jobs.

use reqwest::Method;

use super::{Client, Records, Result, http};
use crate::types::{Cron, Job, JobPreview, JobRun, JobSchedule, names};

/// Scheduled jobs. From [`Client::jobs`].
///
/// Only superusers have access. For everyone else, each method fails with 401 or 403.
///
/// ```no_run
/// use plinth_sdk::Client;
/// use serde_json::json;
///
/// # async fn example(client: Client) -> plinth_sdk::Result<()> {
/// let job = json!({
///     "name": "Ping", "schedule": "*/5 * * * *", "kind": "http",
///     "payload": { "url": "https://example.com/ping" }, "enabled": true,
/// });
/// let job = client.jobs().definitions().create(&job).await?;
/// client.jobs().run(&job.id).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Jobs {
    client: Client,
}

impl Jobs {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The jobs.
    pub fn definitions(&self) -> Records<Job> {
        self.client.collection(names::JOBS)
    }

    /// Their runs.
    pub fn runs(&self) -> Records<JobRun> {
        self.client.collection(names::JOB_RUNS)
    }

    /// Which jobs run, and when.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error).
    pub async fn crons(&self) -> Result<Vec<Cron>> {
        let url = self.client.at(&["api", "crons"])?;
        self.client.call(Method::GET, url, http::NO_BODY).await
    }

    /// Runs a job now, whether or not it is enabled. What comes of it is a record of [`Jobs::runs`].
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 404 if there is no such job.
    pub async fn run(&self, id: &str) -> Result<()> {
        let url = self.client.at(&["api", "crons", id])?;
        self.client.tell(Method::POST, url, http::NO_BODY).await
    }

    /// Explains a schedule in a time zone, which is UTC if it is empty.
    ///
    /// # Errors
    ///
    /// Any [`Error`](crate::Error); 400 with [`Error::field`](crate::Error::field) if one of them is not valid.
    pub async fn preview(&self, schedule: &str, timezone: &str) -> Result<JobPreview> {
        let url = self.client.at(&["api", "jobs", "preview"])?;
        let body = JobSchedule {
            schedule: schedule.to_owned(),
            timezone: timezone.to_owned(),
        };
        self.client.call(Method::POST, url, Some(&body)).await
    }
}
