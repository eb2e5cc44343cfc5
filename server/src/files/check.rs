//! Validates the values of file fields.

use std::collections::HashSet;

use plinth_sdk::types::{FieldProblem, FileOptions};
use serde_json::Value as Json;

use super::accept::Incoming;
use super::kind;
use crate::db::Value;
use crate::fields;
use crate::problems::{self, MAX_QUOTE, quoted};

/// The maximum number of names that a message quotes.
const MAX_NAMES: usize = 10;

/// Validates the value of a file field, whose names are those of `stored` or of uploads.
pub fn problem(
    options: &FileOptions,
    value: &Value,
    stored: Option<&Value>,
    incoming: &[&Incoming],
) -> Option<FieldProblem> {
    let names = fields::items(value);
    if names.is_empty() {
        return options.required.then(|| problems::REQUIRED.problem());
    }
    let stored = stored.map(fields::items).unwrap_or_default();
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
        let words = [("invalidFiles", &*format!("{}{more}", shown.join(" ")))];
        let shown: Vec<Json> = shown.into_iter().map(|name| Json::from(&*name)).collect();
        let params = [("invalidFiles", shown.into())];
        return Some(problems::UNKNOWN_FILES.build(&words, params));
    }
    let most = options.max_select.max(1);
    if usize::try_from(most).is_ok_and(|most| names.len() > most) {
        return Some(problems::TOO_MANY_FILES.with([("maxSelect", most.into())]));
    }
    let names: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut new = incoming
        .iter()
        .filter(|file| names.contains(file.name.as_str()));
    new.find_map(|file| file_problem(options, file))
}

fn file_problem(options: &FileOptions, file: &Incoming) -> Option<FieldProblem> {
    let most = options.most_bytes();
    if u64::try_from(most).is_ok_and(|most| file.upload.size > most) {
        let given = quoted(&file.upload.name, MAX_QUOTE);
        let params = [("file", (*given).into()), ("maxSize", most.into())];
        return Some(problems::FILE_SIZE.with(params));
    }
    let types = options.mime_types.as_deref().unwrap_or_default();
    (!types.is_empty() && !kind::is_one_of(&file.head, types)).then(|| {
        let name = quoted(&file.name, MAX_QUOTE);
        problems::MIME_TYPE.worded([("file", &name), ("types", &types.join(", "))])
    })
}
