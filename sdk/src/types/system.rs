//! Records of the built-in collections: roles, jobs, e-mails, sessions, suspensions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The names of the built-in collections.
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
    /// See [`super::AuthSession`].
    pub const AUTH_SESSIONS: &str = "_authSessions";
    /// See [`super::Suspension`].
    pub const SUSPENSIONS: &str = "_suspensions";
    /// The authenticator apps of accounts.
    pub const TOTPS: &str = "_totps";
    /// The recovery codes of accounts.
    pub const RECOVERY_CODES: &str = "_recoveryCodes";
}

/// The areas of the console that a role can grant, with read or write access.
pub const AREAS: [&str; 10] = [
    "accounts:read",
    "accounts:write",
    "collections:read",
    "collections:write",
    "roles:read",
    "jobs:read",
    "jobs:write",
    "mails:read",
    "metrics:read",
    "logs:read",
];

/// A role of accounts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Role {
    /// The record id.
    pub id: String,
    /// The name. Names that begin with `@` belong to built-in roles.
    pub name: String,
    /// A description for people.
    pub description: String,
    /// The ids of roles whose permissions this role inherits.
    pub parents: Vec<String>,
    /// The areas of the console that members can see, of [`AREAS`].
    pub areas: Vec<String>,
    /// Time of creation.
    pub created: String,
    /// Time of the last change.
    pub updated: String,
}

/// A permission: actions that members of a role may perform, or may not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Permission {
    /// The record id.
    pub id: String,
    /// The id of the role.
    pub role: String,
    /// The id of a collection, or `*` for all collections that are not built in.
    pub collection: String,
    /// The actions, of `list`, `view`, `create`, `update` and `delete`.
    pub actions: Vec<String>,
    /// `allow` or `deny`; `deny` takes precedence.
    pub effect: String,
    /// A filter for the records that the permission applies to; empty means all records.
    pub condition: String,
    /// The names of the fields that the permission is limited to; `null` means all fields. A `deny` with
    /// fields hides those fields, but no records.
    pub fields: Option<Vec<String>>,
    /// The values of fields that records get which are created by the permission, unless the body sets the fields:
    /// `@request.auth.id`, `@role.scope` or a value.
    pub presets: Option<Map<String, Value>>,
    /// Time of creation.
    pub created: String,
    /// Time of the last change.
    pub updated: String,
}

/// The membership of an account in a role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Member {
    /// The record id.
    pub id: String,
    /// The id of the role.
    pub role: String,
    /// The id of the account's collection.
    pub collection_ref: String,
    /// The id of the account.
    pub record_ref: String,
    /// The id of the collection of the scope; empty: everywhere.
    pub scope_collection: String,
    /// The id of the record to which the membership is limited; empty: everywhere.
    pub scope: String,
    /// Time of creation.
    pub created: String,
    /// Time of the last change.
    pub updated: String,
}

/// A scheduled job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Job {
    /// The record id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The schedule as a cron expression.
    pub schedule: String,
    /// The time zone of the schedule, such as `Europe/Berlin`; UTC when empty.
    pub timezone: String,
    /// The kind of job: `http`, `mail` or `maintenance`.
    pub kind: String,
    /// The parameters, which depend on the kind.
    pub payload: Map<String, Value>,
    /// The maximum duration of a run in seconds; 0 means 30.
    pub timeout: f64,
    /// The number of retries after a failed run.
    pub retries: f64,
    /// The delay before the first retry in seconds, doubled for each further retry; 0 means 10.
    pub backoff: f64,
    /// Whether the schedule is active.
    pub enabled: bool,
    /// Time of creation.
    pub created: String,
    /// Time of the last change.
    pub updated: String,
}

/// A run of a job: one attempt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobRun {
    /// The record id.
    pub id: String,
    /// The id of the job.
    pub job: String,
    /// The time that the run was scheduled for.
    pub due: String,
    /// The number of the attempt, starting at 1.
    pub attempt: f64,
    /// `schedule` or `manual`.
    pub trigger: String,
    /// `waiting`, `running`, `succeeded`, `failed`, `lost` when the server that ran it disappeared, or `skipped` when
    /// the previous run had not finished.
    pub outcome: String,
    /// The earliest time at which the run may start.
    pub not_before: String,
    /// Time of the start.
    pub started: String,
    /// Time of the end.
    pub ended: String,
    /// The output, at most 64 KB.
    pub output: String,
    /// The worker process that executes the run.
    pub worker: String,
    /// The time at which the worker's lease expires, unless it is renewed.
    pub lease: String,
    /// Time of creation.
    pub created: String,
    /// Time of the last change.
    pub updated: String,
}

/// The schedule of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Cron {
    /// The id of the job.
    pub id: String,
    /// The cron expression: minute, hour, day of month, month, day of week.
    pub expression: String,
}

/// A schedule to be explained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct JobSchedule {
    /// The cron expression.
    #[cfg_attr(feature = "openapi", schema(required, max_length = 100))]
    pub schedule: String,
    /// The time zone, such as `Europe/Berlin`; UTC if empty.
    #[cfg_attr(feature = "openapi", schema(max_length = 100))]
    pub timezone: String,
}

/// The meaning of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct JobPreview {
    /// The schedule in English.
    pub description: String,
    /// The next five times at which it fires.
    pub next: Vec<String>,
}

/// An e-mail in the outbox.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mail {
    /// The record id.
    pub id: String,
    /// The recipient's address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The body as HTML; for superusers only, since it may contain a link that signs in.
    pub html: String,
    /// The body as plain text; for superusers only.
    pub text: String,
    /// The purpose: `verification`, `password-reset`, `job`, …
    pub kind: String,
    /// The id of the auth collection of the account that the e-mail is about; empty if there is none.
    pub collection_ref: String,
    /// The id of the account that the e-mail is about.
    pub record_ref: String,
    /// `waiting`, `sending`, `sent`, `failed`, or `kept` if no mail server is configured.
    pub status: String,
    /// The number of attempts to send the e-mail.
    pub attempts: f64,
    /// The time of the next attempt.
    pub not_before: String,
    /// The time at which the lease of the sending process expires.
    pub lease: String,
    /// The time at which the e-mail was sent.
    pub sent_at: String,
    /// The mail server's error message.
    pub error: String,
    /// Time of creation.
    pub created: String,
    /// Time of the last change.
    pub updated: String,
}

/// A session of an account: a sign-in whose tokens are good until it is deleted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthSession {
    /// The record id, which the session's tokens have as `sid`.
    pub id: String,
    /// The id of the account's collection.
    pub collection_ref: String,
    /// The id of the account.
    pub record_ref: String,
    /// How the account signed in: `password`, `otp`, `oauth2`, …; `impersonation` if a superuser acts as the account.
    pub method: String,
    /// The address from which the account signed in.
    pub address: String,
    /// The program that signed in, as it calls itself, 200 characters at most.
    pub user_agent: String,
    /// The time of the last request, known to the minute.
    pub last_seen: String,
    /// The time at which the last token expires.
    pub expires: String,
    /// The time of the sign-in.
    pub created: String,
    /// Time of the last change.
    pub updated: String,
}

/// A suspension of an account: until it ends, the account cannot sign in, and its tokens are a guest's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Suspension {
    /// The record id.
    pub id: String,
    /// The id of the account's collection.
    pub collection_ref: String,
    /// The id of the account.
    pub record_ref: String,
    /// The reason, which the account does not see.
    pub reason: String,
    /// The time at which the suspension ends; empty if it lasts until it is deleted.
    pub until: String,
    /// Time of creation.
    pub created: String,
    /// Time of the last change.
    pub updated: String,
}
