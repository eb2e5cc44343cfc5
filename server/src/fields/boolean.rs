//! True or false.

use plinth_sdk::types::{BoolOptions, FieldKind, FieldProblem};
use serde_json::Value as Json;

use super::schema::{Context, Described, Notes, boolean};
use super::{FieldType, cast, required, unsupported};
use crate::db::{ColumnType, Value};

impl FieldType for BoolOptions {
    fn storage(&self) -> ColumnType {
        ColumnType::Bool
    }

    fn zero(&self) -> Value {
        Value::Bool(false)
    }

    fn normalise(&self, raw: &Json) -> Value {
        Value::Bool(cast::bool(raw))
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        let Value::Bool(is) = *value else {
            return Some(unsupported());
        };
        required(self.required && !is)
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Bool(Self::default())
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let only = (context.is_body() && self.required).then_some([true]);
        boolean().enum_values(only).description(notes.join()).into()
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "`true` or `false`. The strings `1`, `t`, `T`, `true`, `TRUE` and `True`, and numbers other than 0, become `true`.",
            example: "true",
            refused: vec![(json!({"required": true}), json!(false))],
            elsewhere: &[],
        }
    }
}
