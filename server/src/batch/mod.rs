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

use crate::error::{Class, Error};
use crate::problems::batch_request_failed;

/// The message of a failed batch.
const FAILED: &str = "Batch transaction failed.";

/// Attributes an error to the change that caused it.
fn failed_at(position: usize, error: Error) -> Error {
    // Otherwise nothing is wrong with the change itself.
    if error.class() != Class::Client {
        return error;
    }
    let problem = batch_request_failed(error.problem());
    at_requests(
        FAILED,
        FieldProblems::from([(position.to_string(), problem)]),
    )
}

fn at_requests(message: &'static str, problems: FieldProblems) -> Error {
    Error::field(message, "requests", FieldProblem::Inside(problems))
}
