//! The records of the server's own collections: roles, jobs, mails.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The names of the server's own collections.
pub mod names {
    /// See [`super::Role`].
    pub const ROLES: &str = "_roles";
    /// See [`super::Permission`].
    pub const PERMISSIONS: &str = "_permissions";
    /// See [`super::Member`].
    pub const MEMBERS: &str = "_members";
    /// See [`super::Job`].
    pub const JOBS: &str = "_jobs";
    /// See [`super::JobRun`].
    pub const JOB_RUNS: &str = "_jobRuns";
    /// See [`super::Mail`].
    pub const MAILS: &str = "_mails";
}

/// A part of the console, and whether it may be changed or only looked at.
pub const AREAS: [&str; 8] = [
    "collections:read",
    "collections:write",
    "roles:read",
    "jobs:read",
    "jobs:write",
    "mails:read",
    "metrics:read",
    "logs:read",
];

/// A role that accounts can have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Role {
    /// The id.
    pub id: String,
    /// The name. Roles whose names begin with `@` are built in.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The ids of the roles whose permissions it has too.
    pub parents: Vec<String>,
    /// The areas of the console that its members see, of [`AREAS`].
    pub areas: Vec<String>,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}

/// What the members of a role may do, or may not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Permission {
    /// The id.
    pub id: String,
    /// The id of the role.
    pub role: String,
    /// The id of a collection, or `*` for all that are not the server's own.
    pub collection: String,
    /// Of `list`, `view`, `create`, `update`, `delete`.
    pub actions: Vec<String>,
    /// `allow` or `deny`. Denying wins.
    pub effect: String,
    /// A filter that says for which records; empty for all.
    pub condition: String,
    /// Names of fields; all when there are none. What is denied with fields hides these fields and no records.
    pub fields: Option<Vec<String>>,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}

/// That an account has a role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Member {
    /// The id.
    pub id: String,
    /// The id of the role.
    pub role: String,
    /// The id of the account's collection.
    pub collection_ref: String,
    /// The account's id.
    pub record_ref: String,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}

/// Something that the server does at times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Job {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// When, as a cron expression.
    pub schedule: String,
    /// The time zone of the schedule, such as `Europe/Berlin`; UTC when empty.
    pub timezone: String,
    /// `http`, `mail` or `maintenance`.
    pub kind: String,
    /// What exactly, by kind.
    pub payload: Map<String, Value>,
    /// Seconds that a run may take; 30 when 0.
    pub timeout: f64,
    /// How often a run that failed is tried again.
    pub retries: f64,
    /// Seconds before the first retry; each later one waits twice as long. 10 when 0.
    pub backoff: f64,
    /// Whether it runs at its times.
    pub enabled: bool,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}

/// One attempt to do a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobRun {
    /// The id.
    pub id: String,
    /// The id of the job.
    pub job: String,
    /// When it was due.
    pub due: String,
    /// Which attempt it is; the first is 1.
    pub attempt: f64,
    /// `schedule` or `manual`.
    pub trigger: String,
    /// `waiting`, `running`, `succeeded`, `failed`, `lost` when the server that ran it disappeared, or `skipped` when
    /// the previous run had not finished.
    pub outcome: String,
    /// When it may start.
    pub not_before: String,
    /// When it started.
    pub started: String,
    /// When it ended.
    pub ended: String,
    /// What came of it, at most 64 KB.
    pub output: String,
    /// The process that runs it.
    pub worker: String,
    /// Until when the process holds it, unless it says that it goes on.
    pub lease: String,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}

/// When a job runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cron {
    /// The id of the job.
    pub id: String,
    /// Its cron expression.
    pub expression: String,
}

/// What a schedule means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobPreview {
    /// The schedule in English.
    pub description: String,
    /// The next moments.
    pub next: Vec<String>,
}

/// A mail in the outbox.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mail {
    /// The id.
    pub id: String,
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The body as HTML; for superusers only, since it may hold a link that signs in.
    pub html: String,
    /// The body as plain text; for superusers only.
    pub text: String,
    /// What it is about: `verification`, `password-reset`, `job`, …
    pub kind: String,
    /// The id of the collection of the account that it is about; empty when it is about none.
    pub collection_ref: String,
    /// The id of the account that it is about.
    pub record_ref: String,
    /// `waiting`, `sending`, `sent`, `failed`, or `kept` when no mail server is configured.
    pub status: String,
    /// How often it was tried to send it.
    pub attempts: f64,
    /// When it is tried next.
    pub not_before: String,
    /// Until when the process that sends it holds it.
    pub lease: String,
    /// When it was sent.
    pub sent_at: String,
    /// What the mail server said.
    pub error: String,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}
