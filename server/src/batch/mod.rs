//! Batches: several changes of records in one request and one transaction.
//!
//! [`read`] parses the request, [`prepare`] does everything that is too slow for a transaction, [`hold`] locks the
//! named records, and [`run`] makes the changes in one transaction, each with the same grant, rules and validation as
//! its own route.

pub mod api;
mod hold;
mod prepare;
mod read;
mod run;

use plinth_sdk::types::{FieldProblem, FieldProblems};

use crate::error::Error;

/// The message of a failed batch.
const FAILED: &str = "Batch transaction failed.";

/// Attributes an error to the change that caused it.
fn failed_at(position: usize, error: Error) -> Error {
    match error {
        Error::Invalid { .. }
        | Error::Unauthenticated
        | Error::Forbidden(_)
        | Error::NotFound(_)
        | Error::TooLarge
        | Error::AnswerTooLarge(_)
        | Error::RangeNotSatisfiable
        | Error::Unique(_)
        | Error::Oversized => {
            let problem = FieldProblem::Failed {
                code: "batch_request_failed".to_owned(),
                message: "Batch request failed.".to_owned(),
                response: Box::new(error.problem()),
            };
            at_requests(
                FAILED,
                FieldProblems::from([(position.to_string(), problem)]),
            )
        }
        // Errors that are not caused by the change itself.
        Error::Unavailable
        | Error::Unwritable(_)
        | Error::Crowded
        | Error::TooManyRequests(_)
        | Error::TooSlow
        | Error::NoRoom
        | Error::Starting
        | Error::Disconnected
        | Error::Storage(_)
        | Error::Outdated
        | Error::Deadlock
        | Error::Busy(_)
        | Error::Internal(_) => error,
    }
}

fn at_requests(message: &'static str, problems: FieldProblems) -> Error {
    Error::field(message, "requests", FieldProblem::Inside(problems))
}
