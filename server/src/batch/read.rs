//! Parses the body of a batch.

use plinth_sdk::types::{BatchRequest, FieldProblem, FieldProblems};
use serde::Deserialize;
use serde_json::Value as Json;

use super::{at_requests, failed_at};
use crate::budget::Share;
use crate::error::{Error, GENERIC, Result};
use crate::extract::{Parts, RecordBody};
use crate::files::Upload;
use crate::json_reader::{Flaw, too_deep};
use crate::problems::{NOT_ALLOWED, REQUIRED, too_long};

/// The message for a body that is no batch.
const UNREADABLE: &str = "Failed to read the submitted batch data.";
/// The message for a batch with invalid requests.
const INVALID: &str = "Invalid batch request data.";

/// The maximum length of a URL.
const MAX_URL: usize = 2000;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A change as it was requested.
pub(super) struct Wish {
    pub(super) request: BatchRequest,
    pub(super) uploads: Vec<Upload>,
}

/// The changes with their files, and the memory that they take.
pub(super) fn wishes(body: RecordBody, most: i64) -> Result<(Vec<Wish>, Share)> {
    let Parts {
        mut values,
        uploads,
        share,
    } = body.read().map_err(unreadable)?;
    let requests = values.remove("requests").unwrap_or_default();
    let requests = Option::<Vec<Json>>::deserialize(requests);
    let requests = requests.map_err(|_| Error::invalid(UNREADABLE))?;
    let requests: Vec<BatchRequest> = requests
        .into_iter()
        .flatten()
        .map(one)
        .collect::<Option<_>>()
        .ok_or(Error::invalid(UNREADABLE))?;
    check(&requests, usize::try_from(most).unwrap_or_default())?;
    let mut wishes: Vec<Wish> = requests
        .into_iter()
        .map(|request| Wish {
            request,
            uploads: Vec::new(),
        })
        .collect();
    for mut upload in uploads {
        if let Some((position, key)) = place(&upload.key)
            && let Some(wish) = wishes.get_mut(position)
        {
            upload.key = key;
            wish.uploads.push(upload);
        }
    }
    Ok((wishes, share))
}

/// Makes the error of a batch that cannot be parsed, attributed to the request with the flaw if there is one.
fn unreadable(flaw: Flaw) -> Error {
    if let Flaw::TooDeep(path) = &flaw
        && let [_, position, key, field] = path.as_slice()
        && key == "body"
        && let Ok(position) = position.parse()
    {
        return failed_at(position, Error::field(GENERIC, field, too_deep()));
    }
    flaw.error(UNREADABLE)
}

/// Parses a request; `null` counts as missing.
fn one(request: Json) -> Option<BatchRequest> {
    let Json::Object(mut request) = request else {
        return None;
    };
    request.retain(|_, value| !value.is_null());
    serde_json::from_value(Json::Object(request)).ok()
}

/// Parses the name of a file: the number of its request, and its field (`requests.0.document` or
/// `requests[0].document`).
fn place(key: &str) -> Option<(usize, String)> {
    let rest = key.strip_prefix("requests")?;
    let (position, field) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once("].")?,
        None => rest.strip_prefix('.')?.split_once('.')?,
    };
    Some((position.parse().ok()?, field.to_owned()))
}

fn check(requests: &[BatchRequest], most: usize) -> Result<()> {
    let refuse = |problem| Err(Error::field(INVALID, "requests", problem));
    if requests.is_empty() {
        return refuse(REQUIRED.problem());
    }
    if requests.len() > most {
        return refuse(too_long(most));
    }
    let problems: FieldProblems = requests
        .iter()
        .map(check_one)
        .enumerate()
        .filter(|(_, problems)| !problems.is_empty())
        .map(|(position, problems)| (position.to_string(), FieldProblem::Inside(problems)))
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(at_requests(INVALID, problems))
    }
}

fn check_one(request: &BatchRequest) -> FieldProblems {
    let mut problems = FieldProblems::new();
    if request.method.is_empty() {
        problems.insert("method".to_owned(), REQUIRED.problem());
    } else if !METHODS.contains(&request.method.as_str()) {
        problems.insert("method".to_owned(), NOT_ALLOWED.problem());
    }
    if request.url.is_empty() {
        problems.insert("url".to_owned(), REQUIRED.problem());
    } else if request.url.chars().count() > MAX_URL {
        problems.insert("url".to_owned(), too_long(MAX_URL));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_where_it_belongs() {
        for (key, expected) in [
            ("requests.0.document", Some((0, "document"))),
            ("requests[12].document", Some((12, "document"))),
            ("requests.1.documents+", Some((1, "documents+"))),
            ("requests.1.+documents", Some((1, "+documents"))),
            ("requests.1.a.b", Some((1, "a.b"))),
            ("requests.1", None),
            ("requests[1][document]", None),
            ("requests.x.document", None),
            ("requests.-1.document", None),
            ("document", None),
            ("", None),
        ] {
            let expected = expected.map(|(position, field)| (position, field.to_owned()));
            assert_eq!(place(key), expected, "{key}");
        }
    }
}
