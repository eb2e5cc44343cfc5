//! Generates `docs/ERRORS.md`.

use std::fmt::Write;

use super::{ProblemType, tables};
use crate::error::{Class, Error, Obstacle, Violation};
use crate::generated::is_up_to_date;

const HEAD: &str = "\
# Errors

Generated from `server/src/problems/` and `server/src/error.rs`; see [CONTRIBUTING](../CONTRIBUTING.md#generated-documents).

Every error is answered as `{\"data\": {…}, \"message\": \"…\", \"status\": 400}`. `message` is one sentence for a person. `data` has
problems by the name of the field or parameter, and by position inside a list; it is empty when the request is wrong as
a whole. A problem is `{\"code\": \"…\", \"message\": \"…\"}`, with `params` where the table below names parameters. Programs should
look at `code` and `params`: messages may be improved. Texts that are quoted are cut to 100 characters, messages to 1,000.

## Answers

With status 429 and 503 comes `Retry-After` in seconds: 1 unless the table says otherwise. *Again* says whether to repeat the request: *no*, it would fail in the same way;
*yes*, nothing has changed; *unknown*, a change may have been made although this was answered.

| status | again | message | when |
|---|---|---|---|
";

const MIDDLE: &str = "
An error that is marked *internal* is not answered: the server repeats the work, or makes another error of it. It is answered only when
repeating fails too.

# Problems of fields

`{name}` in a message stands for a parameter, or for a text that is not sent by itself.
";

/// Returns when an error occurs. A new error belongs into [`all`] too.
fn when(error: &Error) -> &'static str {
    match error {
        Error::Invalid { .. } => {
            "The request is malformed or breaks a rule; `data` says which fields are wrong. The message depends on the route."
        }
        Error::Unauthenticated => "The route needs an account, and the request has no valid token.",
        Error::Forbidden(_) => "The caller may not do this. The message depends on the route.",
        Error::NotFound(_) => {
            "The route or the record does not exist, or the caller may not know that it does."
        }
        Error::TooManyRequests(_) => {
            "The caller, or the guests of its address, use their whole share of slow queries, passwords or connections."
        }
        Error::Delayed(_) => {
            "Passwords or codes were guessed, or mails requested, too often. `Retry-After` says how many seconds to wait."
        }
        Error::TooLarge => "The body is larger than the route accepts.",
        Error::RangeNotSatisfiable => "`Range` asks for bytes that the file does not have.",
        Error::Unique(_) => "*Internal.* A unique index refuses a value of a system table.",
        Error::Oversized => "*Internal.* A value does not fit into an index of a system table.",
        Error::Unavailable => "The database cannot be reached.",
        Error::Unwritable(_) => "The database can be read and not be written.",
        Error::Crowded => "Other requests use all connections to the database.",
        Error::TooSlow => "A query took longer than its limit and was cancelled.",
        Error::AnswerTooLarge(_) => "The answer would be larger than `answer_mb`.",
        Error::NoRoom => "Requests use all the memory of `bodies_mb` or `answers_mb`.",
        Error::Starting => "The server has just started.",
        Error::Disconnected => "*Internal.* The connection to the database was lost.",
        Error::SchemaChanged => {
            "*Internal.* A collection was changed while the request was served, again and again."
        }
        Error::Deadlock => "*Internal.* The database broke a deadlock with another transaction.",
        Error::Busy(_) => "Another request holds a lock for long. The message says what it is on.",
        Error::Storage(_) => "The storage of files cannot be reached, or refuses.",
        Error::Internal(_) => "The server has a fault. Its log has the cause.",
    }
}

/// Returns one of each error.
fn all() -> Vec<Error> {
    let mut all = vec![
        Error::invalid("…"),
        Error::AnswerTooLarge(32),
        Error::Unique(Violation::Columns(Vec::new())),
        Error::Oversized,
        Error::Unauthenticated,
        Error::forbidden("…"),
        Error::missing(),
        Error::TooLarge,
        Error::RangeNotSatisfiable,
        Error::TooManyRequests(crate::error::TOO_MANY),
        Error::Internal(anyhow::Error::msg("…")),
        Error::Unavailable,
    ];
    all.extend(Obstacle::ALL.map(Error::Unwritable));
    all.extend([
        Error::Disconnected,
        Error::Storage(anyhow::Error::msg("…")),
        Error::Crowded,
        Error::NoRoom,
        Error::TooSlow,
        Error::Busy("…".into()),
        Error::SchemaChanged,
        Error::Deadlock,
        Error::Starting,
    ]);
    all
}

fn document() -> String {
    let mut out = HEAD.to_owned();
    for error in all() {
        let status = error.problem().status;
        let again = match error.class() {
            Class::Client => "no",
            Class::Retry => "yes",
            Class::Unknown => "unknown",
        };
        let line = format!("| {status} | {again} | {error} | {} |", when(&error));
        writeln!(out, "{line}").unwrap();
    }
    out.push_str(MIDDLE);
    for (title, table) in tables() {
        write!(
            out,
            "\n## {title}\n\n| code | message | parameters | when |\n|---|---|---|---|\n"
        )
        .unwrap();
        let mut sorted: Vec<&ProblemType> = table.iter().collect();
        sorted.sort_by_key(|one| one.code);
        for one in sorted {
            let params: Vec<String> = one.params.iter().map(|name| format!("`{name}`")).collect();
            let (code, message, params) = (one.code, one.message, params.join(", "));
            let meaning = one.meaning.trim();
            writeln!(out, "| `{code}` | {message} | {params} | {meaning} |").unwrap();
        }
    }
    out
}

#[test]
fn errors_in_docs_are_up_to_date() {
    is_up_to_date("ERRORS.md", &document());
}
