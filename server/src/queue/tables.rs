//! The tables that are queues.

use std::time::Duration;

use plinth_sdk::types::names;

use super::retention::{PerGroup, Retention};
use super::{Backlog, Changes, Expiry, Queue};

/// How long final rows are kept.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The outbox. A mail is one row, however often it is tried. Its lease is longer than sending takes and is not renewed.
pub const MAILS: Queue = Queue {
    collection: names::MAILS,
    state: "status",
    waiting: "waiting",
    claimed: "sending",
    fence: "lease",
    owner: None,
    started: None,
    attempts: Some("attempts"),
    expiry: Expiry::Reclaim,
    changes: Changes::Silent,
    backlog: Backlog::Unfinished,
    retention: Retention {
        max_age: MAX_AGE,
        per_group: None,
    },
};

/// The runs of jobs. Each attempt is a row of its own, so that its output stays.
pub const JOB_RUNS: Queue = Queue {
    collection: names::JOB_RUNS,
    state: "outcome",
    waiting: "waiting",
    claimed: "running",
    fence: "worker",
    owner: Some("worker"),
    started: Some("started"),
    attempts: None,
    expiry: Expiry::NewRow,
    changes: Changes::Published,
    backlog: Backlog::Due,
    retention: Retention {
        max_age: MAX_AGE,
        per_group: Some(PerGroup {
            column: "job",
            newest_first: ["due", "attempt"],
            min_kept: 100,
            max_kept: 1000,
        }),
    },
};
