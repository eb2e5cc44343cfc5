//! Dates with a time, in UTC.

use plinth_sdk::types::{DateOptions, FieldKind, FieldProblem};
use serde_json::Value as Json;

use super::schema::{Context, Described, EXAMPLE_DATE, Notes, date_answer, text};
use super::{FieldType, moment, problem_of_text};
use crate::db::Value;
use crate::problems::{self, ProblemType, in_one_line};

impl FieldType for DateOptions {
    fn normalise(&self, raw: &Json) -> Value {
        moment::value(raw)
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        problem_of_text(value, self.required, |date| {
            // Stored dates sort as text.
            if let Some(min) = moment::normalise(&self.min).filter(|min| date < min.as_str()) {
                return Some(beyond(&problems::AT_LEAST, &min));
            }
            let max = moment::normalise(&self.max).filter(|max| date > max.as_str())?;
            Some(beyond(&problems::AT_MOST, &max))
        })
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Date(Self::default())
    }

    fn import_text(&self, text: String) -> String {
        moment::normalise(&text).unwrap_or(text)
    }

    fn import_problem(&self, value: &Value) -> Option<String> {
        if moment::is_no_date(value) {
            return Some("it is no date".to_owned());
        }
        self.problem(value, None).as_ref().map(in_one_line)
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        if !context.is_body() {
            return date_answer(notes);
        }
        let notes = notes
            .add(format!(
                "A moment such as `{EXAMPLE_DATE}` or `2024-01-31T11:00:00+01:00`, in UTC where it names no zone."
            ))
            .add_if(!self.min.is_empty(), &format!("Not before {}.", self.min))
            .add_if(!self.max.is_empty(), &format!("Not after {}.", self.max));
        text()
            .min_length(self.required.then_some(1))
            .description(notes.join())
            .into()
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "A string with a date and time in UTC, to the millisecond, or an empty one. Sent dates may be in other forms, such as `2024-01-31T11:00:00+01:00`; without a zone they are in UTC. A string that is not a date becomes empty.",
            example: r#""2024-01-31 10:00:00.000Z""#,
            refused: vec![
                (json!({"required": true}), json!("")),
                (json!({"min": "2024-01-01"}), json!("2023-01-01")),
                (json!({"max": "2024-01-01"}), json!("2025-01-01")),
            ],
            elsewhere: &[],
        }
    }
}

/// Returns the problem of a date beyond a limit, which messages and parameters have in two forms.
fn beyond(problem: &ProblemType, limit: &str) -> FieldProblem {
    let short = limit
        .trim_end_matches('Z')
        .trim_end_matches('0')
        .trim_end_matches('.');
    let threshold = format!("{}Z", short.replace(' ', "T"));
    let words = [("threshold", &*format!("{short} +0000 UTC"))];
    problem.build(&words, [("threshold", threshold.into())])
}
