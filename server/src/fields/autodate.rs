//! Dates that the server sets when a record is created or updated.

use plinth_sdk::types::{AutodateOptions, FieldKind, FieldProblem};
use serde_json::Value as Json;

use super::definition::Definition;
use super::schema::{Context, Described, Notes, date_answer};
use super::{FieldType, cast, moment};
use crate::db::{ColumnType, Value};
use crate::problems::{self, inside};

impl FieldType for AutodateOptions {
    fn storage(&self) -> ColumnType {
        ColumnType::Text
    }

    fn zero(&self) -> Value {
        Value::from("")
    }

    fn normalise(&self, raw: &Json) -> Value {
        Value::Text(moment::normalise(&cast::text(raw)).unwrap_or_default())
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

    fn schema(&self, notes: Notes, _: &Context<'_>) -> Described {
        date_answer(notes.add("Set by the server."))
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        super::Reference {
            value: "A string with a date and time, as for `date`. Values that clients send are ignored.",
            example: r#""2024-01-31 10:00:00.000Z""#,
            problems: &[],
        }
    }
}
