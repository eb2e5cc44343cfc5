//! HTML, as it is written by an editor.

use plinth_sdk::types::{EditorOptions, FieldKind, FieldProblem};
use serde_json::Value as Json;

use super::choice::text_schema;
use super::definition::{Definition, size};
use super::schema::{Context, Described, Notes};
use super::{FieldType, JSON_BYTES_OF_BYTE, problem_of_text};
use crate::db::Value;
use crate::problems::{self, inside};

impl FieldType for EditorOptions {
    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        problem_of_text(value, self.required, |html| {
            let max = self.most_bytes();
            if i64::try_from(html.len()).is_ok_and(|size| size > max) {
                return Some(problems::EDITOR_SIZE.with([("maxSize", max.into())]));
            }
            html.contains('\0')
                .then(|| problems::INVALID_FORMAT.problem())
        })
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
        use serde_json::json;

        super::Reference {
            value: "A string with HTML. The server stores it as it is sent: clean it before showing it.",
            example: r#""<p>Hello</p>""#,
            refused: vec![
                (json!({"required": true}), json!("")),
                (json!({"maxSize": 1}), json!("ab")),
                (json!({}), json!("\0")),
            ],
            elsewhere: &[],
        }
    }
}
