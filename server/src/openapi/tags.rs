//! Tags of operations. The space in a name keeps it apart from the names of collections, which are tags too.

pub(crate) const STATUS: &str = "Server status";
pub(crate) const SETUP: &str = "First run";
pub(crate) const SETTINGS: &str = "Server settings";
pub(crate) const COLLECTIONS: &str = "Collection definitions";
pub(crate) const POLICY: &str = "Access policy";
pub(crate) const DELAYS: &str = "Sign-in delays";
pub(crate) const JOBS: &str = "Scheduled jobs";
pub(crate) const LOGS: &str = "Log entries";
pub(crate) const REALTIME: &str = "Realtime events";
pub(crate) const BATCH: &str = "Batch requests";
pub(crate) const FILES: &str = "Record files";

/// The descriptions of tags, in the order of the document.
pub(super) const DESCRIPTIONS: [(&str, &str); 11] = [
    (STATUS, "Health, readiness, metrics and this document."),
    (SETUP, "Creating the first superuser."),
    (SETTINGS, "Settings that apply while the server runs."),
    (
        COLLECTIONS,
        "Definitions of tables, with the rules for access to their records.",
    ),
    (POLICY, "Roles and rules, explained."),
    (DELAYS, "Who has to wait after failed attempts to sign in."),
    (
        JOBS,
        "Schedules and runs. Jobs themselves are records of `_jobs`, and their runs of `_jobRuns`.",
    ),
    (LOGS, "Requests, and warnings of the server."),
    (REALTIME, "Changes of records, as they happen."),
    (
        BATCH,
        "Several changes of records in one request that succeed or fail together.",
    ),
    (FILES, "Files of records."),
];
