//! One or several of a list of values.

use plinth_sdk::types::{FieldKind, FieldProblem, SelectOptions};
use serde_json::{Value as Json, json};

use super::choice::{Choice, items};
use super::definition::Definition;
use super::schema::{Context, Described, Notes, text};
use super::{Change, FieldType, JSON_BYTES_OF_BYTE, Modifier, Modifiers, Shape, required};
use crate::db::{ColumnType, Value};
use crate::problems::{self, MAX_QUOTE, inside, quoted, range};

impl FieldType for SelectOptions {
    fn storage(&self) -> ColumnType {
        choice(self).storage()
    }

    fn shape(&self) -> Shape {
        Shape::Select {
            is_list: choice(self).is_list(),
        }
    }

    fn zero(&self) -> Value {
        choice(self).zero()
    }

    fn normalise(&self, raw: &Json) -> Value {
        choice(self).normalise(raw)
    }

    fn modifiers(&self) -> Modifiers {
        choice(self).modifiers()
    }

    fn change(&self, modifier: Modifier, raw: &Json) -> Change {
        choice(self).change(modifier, raw)
    }

    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        let selected = items(value);
        if selected.is_empty() {
            return required(self.required);
        }
        if let Some(problem) = choice(self).too_many(&selected) {
            return Some(problem);
        }
        let unknown = selected
            .into_iter()
            .find(|value| !self.values.contains(value))?;
        let unknown = quoted(&unknown, MAX_QUOTE);
        let params = [("value", (*unknown).into())];
        Some(problems::INVALID_VALUE.quoting_with(&[("value", &unknown)], params))
    }

    fn option_problems(&self, _: &Definition<'_>) -> Option<FieldProblem> {
        let most = i64::try_from(self.values.len()).unwrap_or(i64::MAX).max(1);
        inside([
            ("values", required(self.values.is_empty())),
            ("maxSelect", range(self.max_select, 0, most)),
        ])
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Select(self.clone())
    }

    /// Any text was a value of it once.
    fn import_problem(&self, _: &Value) -> Option<String> {
        None
    }

    fn body_bytes(&self) -> i64 {
        let longest = self.values.iter().map(String::len).max();
        let longest = longest.and_then(|bytes| i64::try_from(bytes).ok());
        let one = longest
            .unwrap_or_default()
            .saturating_mul(JSON_BYTES_OF_BYTE);
        one.saturating_add(3).saturating_mul(choice(self).most())
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let mut values: Vec<Json> = Vec::with_capacity(self.values.len() + 1);
        let zero = (!choice(self).is_list() && !self.required).then_some("");
        for value in self.values.iter().map(String::as_str).chain(zero) {
            if !values.contains(&json!(value)) {
                values.push(json!(value));
            }
        }
        let item = text().enum_values((!values.is_empty()).then_some(values));
        choice(self).schema(item, usize::from(self.required), notes, context)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        super::Reference {
            value: "A string; a list of strings if `maxSelect` is more than 1.",
            example: r#"["red", "blue"]"#,
            refused: vec![
                (json!({"required": true, "values": ["a"]}), json!("")),
                (
                    json!({"maxSelect": 2, "values": ["a", "b", "c"]}),
                    json!(["a", "b", "c"]),
                ),
                (json!({"values": ["a"]}), json!("b")),
            ],
            elsewhere: &[],
        }
    }
}

fn choice(options: &SelectOptions) -> Choice {
    Choice::of(options.max_select)
}
