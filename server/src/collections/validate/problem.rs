//! The problems that many options can have.

use plinth_sdk::types::{FieldProblem, FieldProblems};
use serde_json::{Map, Value as Json};

pub(super) fn required() -> FieldProblem {
    FieldProblem::new("validation_required", "Cannot be blank.")
}

pub(super) fn format() -> FieldProblem {
    FieldProblem::new("validation_match_invalid", "Must be in a valid format.")
}

pub(super) fn found_via() -> FieldProblem {
    FieldProblem::new(
        "validation_found_via",
        "The value cannot contain \"_via_\".",
    )
}

pub(super) fn with(
    code: &str,
    message: String,
    params: impl IntoIterator<Item = (&'static str, Json)>,
) -> FieldProblem {
    let params = params
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    FieldProblem::Broken {
        code: code.to_owned(),
        message,
        params: Some(params.collect::<Map<_, _>>()),
    }
}

/// Refuses what has fewer or more bytes, unless it is empty.
pub(super) fn length(text: &str, min: usize, max: usize) -> Option<FieldProblem> {
    (!text.is_empty() && !(min..=max).contains(&text.len())).then(|| {
        with(
            "validation_length_out_of_range",
            format!("The length must be between {min} and {max}."),
            [("min", Json::from(min)), ("max", Json::from(max))],
        )
    })
}

/// Refuses numbers outside of these limits, except for 0, which stands for none.
pub(super) fn range(number: i64, min: i64, max: i64) -> Option<FieldProblem> {
    if number != 0 && number < min {
        return Some(with(
            "validation_min_greater_equal_than_required",
            format!("Must be no less than {min}."),
            [("threshold", Json::from(min))],
        ));
    }
    (number > max).then(|| {
        with(
            "validation_max_less_equal_than_required",
            format!("Must be no greater than {max}."),
            [("threshold", Json::from(max))],
        )
    })
}

/// The same, for what must be given.
pub(super) fn required_range(number: i64, min: i64, max: i64) -> Option<FieldProblem> {
    if number == 0 {
        Some(required())
    } else {
        range(number, min, max)
    }
}

/// Refuses what is empty.
pub(super) fn filled(text: &str) -> Option<FieldProblem> {
    text.is_empty().then(required)
}

/// The problems of what has names, if there are any.
pub(super) fn inside<const N: usize>(
    problems: [(&str, Option<FieldProblem>); N],
) -> Option<FieldProblem> {
    let problems: FieldProblems = problems
        .into_iter()
        .filter_map(|(key, problem)| Some((key.to_owned(), problem?)))
        .collect();
    (!problems.is_empty()).then_some(FieldProblem::Inside(problems))
}

/// The problems of a list, by position.
pub(super) fn numbered(
    problems: impl Iterator<Item = Option<FieldProblem>>,
) -> Option<FieldProblem> {
    let problems: FieldProblems = problems
        .enumerate()
        .filter_map(|(position, problem)| Some((position.to_string(), problem?)))
        .collect();
    (!problems.is_empty()).then_some(FieldProblem::Inside(problems))
}
