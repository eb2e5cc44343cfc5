//! Work that waits in a table: claimed by one process at a time, tried again after a failure, removed when it is old.
//!
//! A [`Queue`] describes such a table; [`tables`] has them all. [`store`] is their SQL, [`worker`] the loop that each
//! process runs for each queue, [`backoff`] the pauses between attempts and [`retention`] the removal of old rows.
//! `README.md` explains the states and the guarantees.

mod backoff;
pub mod retention;
pub mod store;
pub mod tables;
pub mod worker;

use std::sync::Arc;

pub(crate) use backoff::Backoff;
pub use tables::{JOB_RUNS, MAILS};

use crate::clock::Timestamp;
use crate::db::Value;
use crate::error::{Error, Result};
use crate::policy::{Grant, Snapshot, system};
use crate::request::Request;
use crate::schema::Record;

/// Describes a table that is a queue: what its columns and states are called.
///
/// Besides the columns that are named here, a queue has `id`, `notBefore` (when it is due), `lease` (when the claim
/// expires; empty unless it is claimed), `created` and `updated`.
#[derive(Debug)]
pub struct Queue {
    /// The collection, whose table has the same name.
    pub collection: &'static str,
    /// The column of the state.
    pub state: &'static str,
    /// The state of a row that waits for a worker.
    pub waiting: &'static str,
    /// The state of a row that a worker has claimed. Every other state is final.
    pub claimed: &'static str,
    /// The column with the fencing token, which no two claims of a row share: a worker may change a row only while the
    /// row still has the token of its claim.
    pub fence: &'static str,
    /// The column with the name of the worker that claimed the row. Only a queue that has one can renew its leases.
    pub owner: Option<&'static str>,
    /// The column with the time of the claim.
    pub started: Option<&'static str>,
    /// The column that counts the claims of the row.
    pub attempts: Option<&'static str>,
    /// How a row continues after its lease expired.
    pub expiry: Expiry,
    /// Whether clients that subscribe to the records are told of changes that workers make.
    pub changes: Changes,
    /// Which rows the metrics count as the backlog.
    pub backlog: Backlog,
    /// Which final rows are kept, and for how long.
    pub retention: retention::Retention,
}

/// How a row continues after its lease expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// It can be claimed again, as if it waited.
    Reclaim,
    /// The subject ends it and adds another row for the next attempt.
    NewRow,
}

/// Whether subscribers hear of changes that workers make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// They are events like all changes of records.
    Published,
    /// Nobody is told.
    Silent,
}

/// Which rows are the backlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backlog {
    /// Rows that are due and not claimed. Their age counts from when they were due.
    Due,
    /// Rows that are not final. Their age counts from when they were created.
    Unfinished,
}

impl Queue {
    /// Grants the server access to the rows, on its own account.
    pub(crate) fn grant(&self, schema: &Arc<Snapshot>, now: Timestamp) -> Result<Grant> {
        let collection = schema.find(self.collection).ok_or_else(|| {
            let name = self.collection;
            Error::internal(anyhow::anyhow!("the collection {name} is missing"))
        })?;
        let why = "the server works on its queues on its own account";
        Ok(system(schema, collection, Request::internal(now), why))
    }
}

/// Returns the number of an attempt, which is stored in a column.
pub(crate) fn attempt(row: &Record, column: &str) -> u32 {
    match row.value(column) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "fields of this kind hold whole numbers from 0 to 1000; others saturate"
        )]
        Some(Value::Number(attempt)) => *attempt as u32,
        _ => 0,
    }
}
