//! Problem types: every code that the API answers for a field, with its message, parameters and meaning.
//!
//! Codes, messages and parameters are part of the wire protocol. Each is written once, in one of the tables below;
//! `docs/ERRORS.md` is generated from them. Where one code has several messages, each is a problem type of its own.

mod accounts;
mod collections;
mod policy;
mod requests;
mod text;
mod values;

use std::fmt::Write;

use plinth_sdk::types::{FieldProblem, FieldProblems, Problem};
use serde_json::{Map, Value as Json};

pub(crate) use accounts::*;
pub(crate) use collections::*;
pub(crate) use policy::*;
pub(crate) use requests::*;
pub(crate) use text::{MAX_MESSAGE, shorten};
pub(crate) use text::{MAX_QUOTE, in_one_line, quoted, sentence};
pub(crate) use values::*;

/// Message of a request whose body cannot be read.
pub(crate) const UNLOADABLE: &str = "An error occurred while loading the submitted data.";
/// Message of a request whose body can be read and breaks a rule.
pub(crate) const INVALID: &str = "An error occurred while validating the submitted data.";

/// A kind of problem that a field of a request can have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProblemType {
    /// Stable name for programs. One code depends on a field's name: `{key}` stands for it.
    pub(crate) code: &'static str,
    /// Sentence for a person, with `{name}` where a value is put in.
    pub(crate) message: &'static str,
    /// Names of the values that are sent along as `params`.
    pub(crate) params: &'static [&'static str],
    /// When the problem occurs, for `docs/ERRORS.md`.
    #[cfg(test)]
    pub(crate) meaning: &'static str,
}

/// Declares problem types: the doc comment is the meaning, then code, message and parameters. `$list` has them all.
macro_rules! problem_types {
    ($list:ident: $(
        $(#[doc = $meaning:literal])+
        $name:ident = $code:literal $message:literal $([$($param:literal),+])?;
    )+) => {
        $(
            $(#[doc = $meaning])+
            pub(crate) const $name: $crate::problems::ProblemType = $crate::problems::ProblemType {
                code: $code,
                message: $message,
                params: &[$($($param),+)?],
                #[cfg(test)]
                meaning: concat!($($meaning),+),
            };
        )+
        #[cfg(test)]
        pub(super) const $list: &[$crate::problems::ProblemType] = &[$($name),+];
    };
}
use problem_types;

impl ProblemType {
    /// Returns the problem of a type whose message has no placeholders.
    pub(crate) fn problem(&self) -> FieldProblem {
        self.build(&[], [])
    }

    /// Returns the problem with parameters, which also fill the placeholders of the message.
    pub(crate) fn with<const N: usize>(&self, params: [(&'static str, Json); N]) -> FieldProblem {
        let words = params.each_ref().map(|(name, value)| (*name, word(value)));
        let words = words.each_ref().map(|(name, word)| (*name, word.as_str()));
        self.build(&words, params)
    }

    /// Returns the problem with texts for the placeholders, none of which are sent as parameters.
    pub(crate) fn worded<const N: usize>(&self, words: [(&'static str, &str); N]) -> FieldProblem {
        self.build(&words, [])
    }

    /// Like [`Self::worded`], for a message that ends in a quotation: it gets a full stop unless the quotation has one.
    pub(crate) fn quoting(&self, words: &[(&'static str, &str)]) -> FieldProblem {
        self.quoting_with(words, [])
    }

    /// Like [`Self::quoting`], with parameters.
    pub(crate) fn quoting_with<const N: usize>(
        &self,
        words: &[(&'static str, &str)],
        params: [(&'static str, Json); N],
    ) -> FieldProblem {
        let mut problem = self.build(words, params);
        if let FieldProblem::Broken { message, .. } = &mut problem {
            *message = sentence(message);
        }
        problem
    }

    /// Returns the problem, with texts for the placeholders that differ from the parameters.
    pub(crate) fn build<const N: usize>(
        &self,
        words: &[(&'static str, &str)],
        params: [(&'static str, Json); N],
    ) -> FieldProblem {
        debug_assert!(
            self.params.len() == N && params.iter().all(|(name, _)| self.params.contains(name)),
            "{} has the parameters {:?}",
            self.code,
            self.params,
        );
        let params = params.map(|(name, value)| (name.to_owned(), value));
        FieldProblem::Broken {
            code: fill(self.code, words),
            message: fill(self.message, words),
            params: (N > 0).then(|| Map::from_iter(params)),
        }
    }

    /// Returns whether a problem is of this type's code.
    pub(crate) fn is_code_of(&self, problem: &FieldProblem) -> bool {
        problem.code() == Some(self.code)
    }
}

/// Puts texts in the place of `{name}`. One pass: what is put in may have braces.
fn fill(template: &str, words: &[(&'static str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let word = words.iter().find(|(known, _)| *known == name);
        debug_assert!(word.is_some(), "nothing fills {{{name}}} of {template:?}");
        let _ = write!(out, "{before}{}", word.map_or("", |(_, word)| word));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn word(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the problem of one request of a batch, which undid the others.
pub(crate) fn batch_request_failed(response: Problem) -> FieldProblem {
    FieldProblem::Failed {
        code: BATCH_REQUEST_FAILED.code.to_owned(),
        message: BATCH_REQUEST_FAILED.message.to_owned(),
        response: Box::new(response),
    }
}

/// Returns [`REQUIRED`] for an empty text.
pub(crate) fn filled(text: &str) -> Option<FieldProblem> {
    text.is_empty().then(|| REQUIRED.problem())
}

/// Returns the problem of a text whose length must be in this range.
pub(crate) fn out_of_range(min: usize, max: usize) -> FieldProblem {
    LENGTH_OUT_OF_RANGE.with([("min", min.into()), ("max", max.into())])
}

/// Returns the problem of a text, or list, that is longer than `max`.
pub(crate) fn too_long(max: usize) -> FieldProblem {
    LENGTH_TOO_LONG.with([("min", 0.into()), ("max", max.into())])
}

/// Checks the length of a text in bytes, unless it is empty.
pub(crate) fn length(text: &str, min: usize, max: usize) -> Option<FieldProblem> {
    (!text.is_empty() && !(min..=max).contains(&text.len())).then(|| out_of_range(min, max))
}

/// Checks that a number is in this range. 0 always is: it means that nothing is set.
pub(crate) fn range(number: i64, min: i64, max: i64) -> Option<FieldProblem> {
    if number != 0 && number < min {
        return Some(AT_LEAST.with([("threshold", min.into())]));
    }
    (number > max).then(|| AT_MOST.with([("threshold", max.into())]))
}

/// Like [`range`], for a number that must be set.
pub(crate) fn required_range(number: i64, min: i64, max: i64) -> Option<FieldProblem> {
    if number == 0 {
        return Some(REQUIRED.problem());
    }
    range(number, min, max)
}

/// Returns the problems of named parts, if there are any.
pub(crate) fn inside<const N: usize>(
    problems: [(&str, Option<FieldProblem>); N],
) -> Option<FieldProblem> {
    nested(problems.map(|(key, problem)| (key.to_owned(), problem)))
}

/// Returns the problems of a list's items, by position, if there are any.
pub(crate) fn numbered(
    problems: impl Iterator<Item = Option<FieldProblem>>,
) -> Option<FieldProblem> {
    let keyed = problems.enumerate();
    nested(keyed.map(|(position, problem)| (position.to_string(), problem)))
}

/// Returns a problem as that of the list's item at `position`.
pub(crate) fn at(position: usize, problem: FieldProblem) -> FieldProblem {
    FieldProblem::Inside(FieldProblems::from([(position.to_string(), problem)]))
}

fn nested(
    problems: impl IntoIterator<Item = (String, Option<FieldProblem>)>,
) -> Option<FieldProblem> {
    let there = problems
        .into_iter()
        .filter_map(|(key, problem)| Some((key, problem?)));
    let problems: FieldProblems = there.collect();
    (!problems.is_empty()).then_some(FieldProblem::Inside(problems))
}

/// Returns all problem types, by table.
#[cfg(test)]
pub(crate) fn tables() -> [(&'static str, &'static [ProblemType]); 5] {
    [
        ("Values of records", values::VALUES),
        ("Accounts and tokens", accounts::ACCOUNTS),
        ("Definitions of collections", collections::COLLECTIONS),
        ("Roles, permissions and members", policy::POLICY),
        ("Other requests", requests::REQUESTS),
    ]
}

#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod tests;
