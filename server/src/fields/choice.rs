//! Values that are one or several of something: selected values, names of files, ids of records.

use plinth_sdk::types::FieldProblem;
use serde_json::Value as Json;
use utoipa::openapi::schema::ObjectBuilder;

use super::cast;
use super::change::{Change, Modifier, Modifiers};
use super::schema::{Context, Described, Notes, length, list_of, text};
use crate::db::{ColumnType, Value};
use crate::json;
use crate::problems::TOO_MANY_VALUES;

/// The most bytes of an id or of a name of a file in JSON, with its quotes and comma.
pub(super) const BYTES_OF_NAME: i64 = 300;
/// The most values that are kept for the message about a field that takes fewer.
const FEW: usize = 100;

/// The form of a value: one text, or a list of texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    max_select: i64,
}

impl Choice {
    /// Returns the form for so many values; a list for more than 1.
    pub(super) fn of(max_select: i64) -> Self {
        Self { max_select }
    }

    pub(super) fn is_list(self) -> bool {
        self.max_select > 1
    }

    /// Returns the most values of a field, which takes one where nothing is set.
    pub(super) fn most(self) -> i64 {
        self.max_select.max(1)
    }

    pub(super) fn storage(self) -> ColumnType {
        if self.is_list() {
            ColumnType::Json
        } else {
            ColumnType::Text
        }
    }

    /// Returns the stored form of values. Of several for a single one, the last counts.
    pub(super) fn value(self, values: &[String]) -> Value {
        if self.is_list() {
            let text = String::from_utf8(json::text(&values)).unwrap_or_default();
            return Value::Json(text);
        }
        Value::Text(values.last().cloned().unwrap_or_default())
    }

    pub(super) fn zero(self) -> Value {
        self.value(&[])
    }

    pub(super) fn normalise(self, raw: &Json) -> Value {
        self.value(&self.cut(cast::list(raw)))
    }

    pub(super) fn modifiers(self) -> Modifiers {
        if self.is_list() {
            Modifiers::List
        } else {
            Modifiers::Nothing
        }
    }

    pub(super) fn change(self, modifier: Modifier, raw: &Json) -> Change {
        let given = cast::list(raw);
        match modifier {
            Modifier::Append => Change::Append(self, self.cut(given)),
            Modifier::Prepend => Change::Prepend(self, self.cut(given)),
            Modifier::Remove => Change::Remove(self, given.into_iter().collect()),
        }
    }

    /// Cuts many more values than the field takes: those that are left are enough to be refused for. A field for one
    /// value keeps all, since the last counts.
    fn cut(self, mut values: Vec<String>) -> Vec<String> {
        if self.is_list() {
            let most = usize::try_from(self.max_select).unwrap_or(usize::MAX);
            values.truncate(most.saturating_add(1).max(FEW));
        }
        values
    }

    pub(super) fn too_many(self, values: &[String]) -> Option<FieldProblem> {
        let most = self.most();
        let is_too_many = usize::try_from(most).is_ok_and(|most| values.len() > most);
        is_too_many.then(|| TOO_MANY_VALUES.with([("maxSelect", most.into())]))
    }

    /// Describes the value, whose items are texts of the schema `item`; `min` are the fewest of a list.
    pub(super) fn schema(
        self,
        item: ObjectBuilder,
        min: usize,
        notes: Notes,
        context: &Context<'_>,
    ) -> Described {
        if !self.is_list() {
            return item.description(notes.join()).into();
        }
        let list = list_of(item).description(notes.join());
        if !context.is_body() {
            return list.build().into();
        }
        list.min_items((min > 0).then_some(min))
            .max_items(length(self.max_select))
            .build()
            .into()
    }
}

/// Returns the values, names or ids that a field holds one or several of.
pub(crate) fn items(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) if !text.is_empty() => vec![text.clone()],
        Value::Json(text) => serde_json::from_str(text).unwrap_or_default(),
        Value::Text(_) | Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) => {
            Vec::new()
        }
    }
}

/// Describes a text that is empty only where the field does not require one.
pub(super) fn text_schema(is_required: bool, context: &Context<'_>) -> ObjectBuilder {
    text().min_length((context.is_body() && is_required).then_some(1))
}
