//! What the values of fields keep to, as JSON Schema has it or else in words.

use serde_json::Value as Json;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};

use super::parts::Described;

/// Paragraphs of a description.
pub(super) struct Notes(Vec<String>);

impl Notes {
    pub(super) fn new(help: &str) -> Self {
        Self(Vec::new()).add_if(!help.trim().is_empty(), help.trim())
    }

    pub(super) fn add(mut self, note: impl Into<String>) -> Self {
        self.0.push(note.into());
        self
    }

    pub(super) fn add_if(self, condition: bool, note: &str) -> Self {
        if condition { self.add(note) } else { self }
    }

    pub(super) fn join(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join("\n\n"))
    }
}

/// What a text that is sent keeps to, unless it is empty.
pub(super) struct Limits<'a> {
    pub(super) min: i64,
    pub(super) max: usize,
    pub(super) pattern: &'a str,
    pub(super) required: bool,
}

impl Limits<'_> {
    pub(super) fn apply(self, schema: ObjectBuilder, notes: Notes) -> Described {
        let least = length(self.min).or(self.required.then_some(1));
        let is_portable = is_portable(self.pattern);
        let schema = schema
            .max_length(Some(self.max))
            .min_length(least)
            .pattern((is_portable && !self.pattern.is_empty()).then_some(self.pattern));
        let notes = notes.add_if(
            !is_portable,
            &format!("It matches the regular expression `{}`.", self.pattern),
        );
        let refuses_empty = length(self.min).is_some() || !self.pattern.is_empty();
        or_zero(schema, !self.required && refuses_empty, "", notes)
    }
}

/// The value, or the zero value of a field that is not required, which its limits would refuse.
pub(super) fn or_zero(
    schema: ObjectBuilder,
    takes_zero: bool,
    zero: impl Into<Json>,
    notes: Notes,
) -> Described {
    if !takes_zero {
        return schema.description(notes.join()).into();
    }
    let zero = zero.into();
    let kind = if zero.is_number() {
        Type::Number
    } else {
        Type::String
    };
    let zero = ObjectBuilder::new()
        .schema_type(kind)
        .enum_values(Some([zero]));
    AnyOfBuilder::new()
        .item(schema)
        .item(zero)
        .description(notes.join())
        .into()
}

/// A limit; none when it is 0.
pub(super) fn length(limit: i64) -> Option<usize> {
    usize::try_from(limit).ok().filter(|limit| *limit > 0)
}

/// Whether a pattern means the same in JSON Schema, whose regular expressions are JavaScript's.
fn is_portable(pattern: &str) -> bool {
    let foreign = [
        "(?i", "(?m", "(?s", "(?u", "(?x", "(?U", "(?-", "(?P", r"\A", r"\z", r"\Q", r"\p", r"\P",
        r"\x{", r"\a", "[[",
    ];
    !foreign.iter().any(|syntax| pattern.contains(syntax))
}
