//! Several changes of records in one request: all are made, or none.
//!
//! [`read`] takes the request apart, [`prepare`] works out what must not wait inside a transaction, [`hold`] locks the
//! records that are named, [`run`] makes the changes in one transaction, each as its own route would: same grants, same
//! rules, same validation.

pub mod api;
mod hold;
mod prepare;
mod read;
mod run;

use plinth_sdk::types::{FieldProblem, FieldProblems};

use crate::error::Error;

/// The answer to a batch that fails.
const FAILED: &str = "Batch transaction failed.";

/// Says of which change it is that the batch fails for it.
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
        // Nothing is wrong with the change: it is tried again, or nobody's fault.
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
