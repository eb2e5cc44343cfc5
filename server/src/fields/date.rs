//! Dates with a time, in UTC.

use plinth_sdk::types::{DateOptions, FieldKind, FieldProblem};
use serde_json::Value as Json;

use super::schema::{Context, Described, EXAMPLE_DATE, Notes, date_answer, text};
use super::{FieldType, cast, moment, required, unsupported};
use crate::db::{ColumnType, Value};
use crate::problems::{self, ProblemType};

impl FieldType for DateOptions {
    fn storage(&self) -> ColumnType {
        ColumnType::Text
    }

    fn zero(&self) -> Value {
        Value::from("")
    }

    fn normalise(&self, raw: &Json) -> Value {
        Value::Text(moment::normalise(&cast::text(raw)).unwrap_or_default())
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        let Value::Text(date) = value else {
            return Some(unsupported());
        };
        if date.is_empty() {
            return required(self.required);
        }
        // Stored dates sort as text.
        if let Some(min) = moment::normalise(&self.min).filter(|min| date < min) {
            return Some(beyond(&problems::AT_LEAST, &min));
        }
        let max = moment::normalise(&self.max).filter(|max| date > max)?;
        Some(beyond(&problems::AT_MOST, &max))
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Date(Self::default())
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
        super::Reference {
            value: "A string with a date and time in UTC, to the millisecond, or an empty one. Sent dates may be in other forms, such as `2024-01-31T11:00:00+01:00`; without a zone they are in UTC. A string that is not a date becomes empty.",
            example: r#""2024-01-31 10:00:00.000Z""#,
            problems: &[problems::REQUIRED, problems::AT_LEAST, problems::AT_MOST],
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
