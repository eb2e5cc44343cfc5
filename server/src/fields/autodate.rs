//! Dates that the server sets when a record is created or updated.

use plinth_sdk::types::{AutodateOptions, FieldKind, FieldProblem};
use serde_json::Value as Json;

use super::definition::Definition;
use super::schema::{Context, Described, Notes, date_answer};
use super::{FieldType, moment};
use crate::db::Value;
use crate::problems::{self, in_one_line, inside};

impl FieldType for AutodateOptions {
    fn normalise(&self, raw: &Json) -> Value {
        moment::value(raw)
    }

    fn problem(&self, _: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        None
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        let never = || (!self.on_create && !self.on_update).then(|| problems::NEVER_SET.problem());
        inside([("onCreate", never()), ("onUpdate", never())])
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Autodate(self.clone())
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

    fn schema(&self, notes: Notes, _: &Context<'_>) -> Described {
        date_answer(notes.add("Set by the server."))
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        super::Reference {
            value: "A string with a date and time, as for `date`. Values that clients send are ignored.",
            example: r#""2024-01-31 10:00:00.000Z""#,
            refused: Vec::new(),
            elsewhere: &[],
        }
    }
}
