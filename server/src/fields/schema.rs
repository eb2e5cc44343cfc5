//! JSON Schema of values: what field types describe themselves with, for the OpenAPI document.

use serde_json::Value as Json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};

/// The schema of a value, or a reference to it.
pub(crate) type Described = RefOr<Schema>;

/// The form of a date in answers; empty when there is none.
const DATE: &str = r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}Z)?$";
/// A date as answers have it.
pub(super) const EXAMPLE_DATE: &str = "2024-01-31 10:00:00.000Z";

/// The side of a request that a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The answer: types without limits, since a record may be older than they are.
    Answer,
    /// The body, with limits.
    Body,
}

/// The context of a schema: everything that it depends on except its field.
pub(crate) struct Context<'a> {
    /// The side of the request.
    pub(crate) side: Side,
    /// Looks up the name of a collection by its id; `None` if the reader may not know it.
    pub(crate) collection_name: &'a dyn Fn(&str) -> Option<String>,
}

impl Context<'_> {
    pub(super) fn is_body(&self) -> bool {
        self.side == Side::Body
    }
}

/// Paragraphs of a description.
pub(crate) struct Notes(Vec<String>);

impl Notes {
    /// Returns notes that begin with a field's hint, if it has one.
    pub(crate) fn new(help: &str) -> Self {
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

/// Limits of a text that is sent; an empty one is not limited.
pub(super) struct Limits<'a> {
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) pattern: &'a str,
    pub(super) required: bool,
}

impl Limits<'_> {
    pub(super) fn apply(self, schema: ObjectBuilder, notes: Notes) -> Described {
        let least = length(self.min).or(self.required.then_some(1));
        let is_portable = is_portable(self.pattern);
        let schema = schema
            .max_length(length(self.max))
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

/// Describes a value, or the zero value of a field that is not required, which its limits would refuse.
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

/// Describes a date as answers have it.
pub(super) fn date_answer(notes: Notes) -> Described {
    text()
        .pattern(Some(DATE))
        .examples([EXAMPLE_DATE])
        .description(notes.join())
        .into()
}

/// Returns a limit, or `None` where 0 means that there is none.
pub(super) fn length(limit: i64) -> Option<usize> {
    usize::try_from(limit).ok().filter(|limit| *limit > 0)
}

/// Returns whether a pattern means the same in JSON Schema, whose regular expressions are JavaScript's.
fn is_portable(pattern: &str) -> bool {
    let foreign = [
        "(?i", "(?m", "(?s", "(?u", "(?x", "(?U", "(?-", "(?P", r"\A", r"\z", r"\Q", r"\p", r"\P",
        r"\x{", r"\a", "[[",
    ];
    !foreign.iter().any(|syntax| pattern.contains(syntax))
}

pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Describes a password that is sent.
pub(crate) fn password() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Password);
    text().format(Some(format)).write_only(true)
}

pub(crate) fn integer() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(format))
}

pub(crate) fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

pub(crate) fn anything() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue)
}

pub(crate) fn list_of(items: impl Into<Described>) -> ArrayBuilder {
    ArrayBuilder::new().items(items.into())
}
