//! Ids of one or several records of a collection.

use plinth_sdk::types::{FieldKind, FieldProblem, RelationOptions};
use serde_json::Value as Json;

use super::choice::{BYTES_OF_NAME, Choice, items, text_schema};
use super::definition::Definition;
use super::schema::{Context, Described, Notes, length, text};
use super::{Change, FieldType, Modifier, Modifiers, Shape, required};
use crate::db::{ColumnType, Value};
use crate::problems::{self, filled, inside, range};

impl FieldType for RelationOptions {
    fn storage(&self) -> ColumnType {
        choice(self).storage()
    }

    fn shape(&self) -> Shape {
        Shape::Relation {
            target: self.collection_id.clone(),
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

    /// Checks the number of records. Whether they exist is checked where the database is at hand.
    fn problem(&self, value: &Value, _: Option<&Json>) -> Option<FieldProblem> {
        let ids = items(value);
        if ids.is_empty() {
            return required(self.required);
        }
        let min = self.min_select;
        if usize::try_from(min).is_ok_and(|min| ids.len() < min) {
            return Some(problems::TOO_FEW_VALUES.with([("minSelect", min.into())]));
        }
        // PostgreSQL refuses a query for such an id.
        let is_impossible = || ids.iter().any(|id| id.contains('\0'));
        choice(self)
            .too_many(&ids)
            .or_else(|| is_impossible().then(|| problems::MISSING_RECORDS.problem()))
    }

    fn option_problems(&self, definition: &Definition<'_>) -> Option<FieldProblem> {
        let is_needed = self.min_select > 0 && self.max_select == 0;
        let most = range(self.max_select, self.min_select, i64::MAX);
        inside([
            (
                "collectionId",
                filled(&self.collection_id).or_else(|| target_problem(self, definition)),
            ),
            ("minSelect", range(self.min_select, 0, i64::MAX)),
            ("maxSelect", required(is_needed).or(most)),
        ])
    }

    fn without_limits(&self) -> FieldKind {
        FieldKind::Relation(Self {
            max_select: i64::MAX,
            min_select: 0,
            required: false,
            ..self.clone()
        })
    }

    fn body_bytes(&self) -> i64 {
        choice(self).most().saturating_mul(BYTES_OF_NAME)
    }

    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described {
        let target = (context.collection_name)(&self.collection_id);
        let of = target.map_or_else(String::new, |name| format!(" of `{name}`"));
        if !choice(self).is_list() {
            let notes = notes.add(format!("The id of a record{of}."));
            return text_schema(self.required, context)
                .description(notes.join())
                .into();
        }
        let least = if self.required {
            length(self.min_select).unwrap_or(1)
        } else {
            0
        };
        let notes = notes.add(format!("Ids of records{of}.")).add_if(
            context.is_body() && !self.required && self.min_select > 1,
            &format!("None, or at least {}.", self.min_select),
        );
        choice(self).schema(text(), least, notes, context)
    }

    #[cfg(test)]
    fn reference(&self) -> super::Reference {
        use serde_json::json;

        super::Reference {
            value: "A string with the id of a record, or an empty one; a list of ids if `maxSelect` is more than 1. `?expand=` answers the records with it.",
            example: r#""k3x9f0q2m7a1b8c""#,
            refused: vec![
                (json!({"required": true}), json!("")),
                (json!({"minSelect": 2, "maxSelect": 3}), json!(["a"])),
                (json!({"maxSelect": 2}), json!(["a", "b", "c"])),
                (json!({}), json!("\0")),
            ],
            elsewhere: &[problems::MISSING_COLLECTION],
        }
    }
}

fn target_problem(options: &RelationOptions, definition: &Definition<'_>) -> Option<FieldProblem> {
    let id = options.collection_id.as_str();
    let is_moved = definition.before.is_some_and(
        |before| matches!(&before.kind, FieldKind::Relation(o) if o.collection_id != id),
    );
    if is_moved {
        return Some(problems::RELATION_CHANGE.problem());
    }
    match (definition.is_view)(id) {
        Some(true) => Some(problems::RELATION_TO_VIEW.problem()),
        None if id != definition.collection.id => Some(problems::RELATION_MISSING.problem()),
        Some(false) | None => None,
    }
}

fn choice(options: &RelationOptions) -> Choice {
    Choice::of(options.max_select)
}
