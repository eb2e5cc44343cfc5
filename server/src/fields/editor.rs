//! HTML, as it is written by an editor.

use plinth_sdk::types::{EditorOptions, FieldKind, FieldProblem};
use serde_json::Value as Json;

use super::choice::text_schema;
use super::definition::{Definition, size};
use super::schema::{Context, Described, Notes};
use super::{FieldType, JSON_BYTES_OF_BYTE, cast, required, unsupported};
use crate::db::{ColumnType, Value};
use crate::problems::{self, inside};

impl FieldType for EditorOptions {
    fn storage(&self) -> ColumnType {
        ColumnType::Text
    }

    fn zero(&self) -> Value {
        Value::from("")
    }

    fn normalise(&self, raw: &Json) -> Value {
        Value::Text(cast::text(raw).into_owned())
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        let Value::Text(html) = value else {
            return Some(unsupported());
        };
        if html.is_empty() {
            return required(self.required);
        }
        let max = self.most_bytes();
        if i64::try_from(html.len()).is_ok_and(|size| size > max) {
            return Some(problems::EDITOR_SIZE.with([("maxSize", max.into())]));
        }
        html.contains('\0')
            .then(|| problems::INVALID_FORMAT.problem())
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        inside([("maxSize", size(self.max_size))])
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Editor(Self {
            max_size: self.max_size.max(Self::DEFAULT_MAX_SIZE),
            required: false,
            ..self.clone()
        })
    }

    fn is_unbounded(&self) -> bool {
        true
    }

    fn body_bytes(&self) -> i64 {
        self.most_bytes().saturating_mul(JSON_BYTES_OF_BYTE)
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let most = self.most_bytes();
        let notes = notes
            .add("HTML.")
            .add_if(context.is_body(), &format!("Of {most} bytes at most."));
        text_schema(self.required, context)
            .description(notes.join())
            .into()
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        super::Reference {
            value: "A string with HTML. The server stores it as it is sent: clean it before showing it.",
            example: r#""<p>Hello</p>""#,
            problems: &[
                problems::REQUIRED,
                problems::EDITOR_SIZE,
                problems::INVALID_FORMAT,
            ],
        }
    }
}
