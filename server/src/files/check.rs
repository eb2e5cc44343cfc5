//! Validates the values of file fields.

use std::collections::HashSet;

use plinth_sdk::types::{FieldProblem, FileOptions};
use serde_json::{Map, Value as Json};

use super::accept::Incoming;
use super::kind;
use crate::db::Value;
use crate::error::{MAX_QUOTE, quoted};
use crate::records::values;

/// The maximum number of names that a message quotes.
const MAX_NAMES: usize = 10;
/// The default maximum size of a file.
pub const MAX_SIZE: i64 = 5 << 20;

/// Validates the value of a file field, whose names are those of `stored` or of uploads.
pub fn problem(
    options: &FileOptions,
    value: &Value,
    stored: Option<&Value>,
    incoming: &[&Incoming],
) -> Option<FieldProblem> {
    let names = values::list(value);
    if names.is_empty() {
        return options
            .required
            .then(|| FieldProblem::new("validation_required", "Cannot be blank."));
    }
    let stored = stored.map(values::list).unwrap_or_default();
    let known = stored.iter().map(String::as_str);
    let known = known.chain(incoming.iter().map(|file| file.name.as_str()));
    let known: HashSet<&str> = known.collect();
    let all = names.iter().map(String::as_str);
    let unknown: Vec<&str> = all.filter(|name| !known.contains(name)).collect();
    if !unknown.is_empty() {
        let shown: Vec<_> = unknown
            .iter()
            .take(MAX_NAMES)
            .map(|name| quoted(name, MAX_QUOTE))
            .collect();
        let more = if unknown.len() > MAX_NAMES {
            " …"
        } else {
            ""
        };
        let message = format!("Invalid new files: [{}{more}].", shown.join(" "));
        let shown: Vec<Json> = shown.into_iter().map(|name| Json::from(&*name)).collect();
        let params = [("invalidFiles", shown.into())];
        return Some(broken("invalid_file", message, params));
    }
    let most = options.max_select.max(1);
    if usize::try_from(most).is_ok_and(|most| names.len() > most) {
        let message = format!("The maximum allowed files is {most}.");
        return Some(broken(
            "too_many_files",
            message,
            [("maxSelect", most.into())],
        ));
    }
    let names: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut new = incoming
        .iter()
        .filter(|file| names.contains(file.name.as_str()));
    new.find_map(|file| file_problem(options, file))
}

fn file_problem(options: &FileOptions, file: &Incoming) -> Option<FieldProblem> {
    let most = if options.max_size > 0 {
        options.max_size
    } else {
        MAX_SIZE
    };
    if u64::try_from(most).is_ok_and(|most| file.upload.size > most) {
        let given = quoted(&file.upload.name, MAX_QUOTE);
        let message =
            format!("Failed to upload {given} - the maximum allowed file size is {most} bytes.");
        let params = [("file", (*given).into()), ("maxSize", most.into())];
        return Some(broken("file_size_limit", message, params));
    }
    let types = options.mime_types.as_deref().unwrap_or_default();
    (!types.is_empty() && !kind::is_one_of(&file.head, types)).then(|| {
        let message = format!(
            "\"{}\" mime type must be one of: {}.",
            quoted(&file.name, MAX_QUOTE),
            types.join(", ")
        );
        FieldProblem::new("validation_invalid_mime_type", message)
    })
}

fn broken<const N: usize>(code: &str, message: String, params: [(&str, Json); N]) -> FieldProblem {
    let params = params.map(|(name, value)| (name.to_owned(), value));
    FieldProblem::Broken {
        code: format!("validation_{code}"),
        message,
        params: Some(Map::from_iter(params)),
    }
}
