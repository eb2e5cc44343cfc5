//! Field types, one file each: how values of the type are stored, read from JSON, changed, validated and described.
//!
//! [`of`] is the only place that dispatches on the type. A new type needs a file with a [`FieldType`], a line in
//! [`of`], its options in the SDK (`sdk/src/types/field.rs`) and its widgets in the console; CONTRIBUTING lists the
//! files. Nothing here knows collections, records or a database connection.

mod autodate;
mod boolean; // not `bool`, which would hide the primitive type
mod date;
mod editor;
mod email;
mod file;
mod geo_point;
mod json;
mod number;
mod password;
mod relation;
mod select;
mod text;
mod url;

pub(crate) mod address; // e-mail addresses and URLs
mod cast; // between types of JSON and of fields
mod change; // what modifiers such as `name+` do
mod choice; // one or several of something: select, file, relation
mod column; // what queries have to know of a column
mod definition; // checks of a field's own options
mod generate; // texts that match an `autogeneratePattern`
mod moment; // dates in the forms that clients send
pub(crate) mod pattern; // regular expressions of definitions
#[cfg(test)]
mod reference; // docs/FIELDS.md
pub(crate) mod schema; // JSON Schema of values
pub(crate) mod thumb_size; // `100x100t`

use plinth_sdk::types::{FieldKind, FieldProblem};
use serde_json::Value as Json;

pub(crate) use cast::text as text_of;
pub(crate) use change::{Change, Modifier, Modifiers, split_key};
pub(crate) use choice::items;
pub use column::Shape;
pub(crate) use definition::Definition;
pub(crate) use file::is_file_name;
pub(crate) use generate::generate;
pub(crate) use moment::normalise as normalise_date;
#[cfg(test)]
use reference::Reference;

use crate::db::{ColumnType, Value};
use crate::problems::{self, in_one_line};
use schema::{Context, Described, Notes};

/// The most bytes of a number, a bool, a date, an address or a geo point in a body.
const SHORT: i64 = 16 << 10;
/// The most bytes of a byte of text, and of a character, in JSON: `\u0001`, and two such escapes.
const JSON_BYTES_OF_BYTE: i64 = 6;
const JSON_BYTES_OF_CHARACTER: i64 = 12;

/// A field type with the options of one field.
pub(crate) trait FieldType {
    /// Returns the type of the field's column. As with [`FieldType::zero`] and [`FieldType::normalise`], values are texts
    /// unless the type says otherwise.
    fn storage(&self) -> ColumnType {
        ColumnType::Text
    }

    /// Returns what queries have to know of the column.
    fn shape(&self) -> Shape {
        Shape::Scalar
    }

    /// Returns the value of a record that nothing was given for.
    fn zero(&self) -> Value {
        Value::from("")
    }

    /// Returns the stored form of what a client sent. It refuses nothing: what makes no sense for the type becomes
    /// its zero value, as clients of PocketBase expect, and [`FieldType::problem`] judges the result.
    fn normalise(&self, raw: &Json) -> Value {
        Value::Text(cast::text(raw).into_owned())
    }

    /// Returns the modifiers that clients should use.
    fn modifiers(&self) -> Modifiers {
        Modifiers::Nothing
    }

    /// Reads what a client sent under a key with a modifier.
    fn change(&self, modifier: Modifier, raw: &Json) -> Change {
        let _ = (modifier, raw);
        Change::Nothing
    }

    /// Validates a value in its stored form, but a password as it was typed. `raw` is what the client sent, if it is known.
    fn problem(&self, value: &Value, raw: Option<&Json>) -> Option<FieldProblem>;

    /// Validates the field's own options, when its definition is saved.
    fn option_problems(&self, definition: &Definition<'_>) -> Option<FieldProblem> {
        let _ = definition;
        None
    }

    /// Returns the type without those of its limits that records may break which are older than the limits.
    fn without_limits(&self) -> FieldKind;

    /// Returns the stored form of a text that another server has stored for such a field.
    fn import_text(&self, text: String) -> String {
        text
    }

    /// Returns why a value that another server has stored cannot be a value of the type. Asked of the type
    /// [without its limits](FieldType::without_limits).
    fn import_problem(&self, value: &Value) -> Option<String> {
        self.problem(value, None).as_ref().map(in_one_line)
    }

    /// Returns the problem of a stored value that the field's limits refuse.
    fn broken_limit(&self, value: &Value) -> Option<FieldProblem> {
        self.problem(value, None)
    }

    /// Returns whether a client may store a text that is too long for an entry of an index.
    fn is_unbounded(&self) -> bool {
        false
    }

    /// Returns the most bytes of a value in a JSON body.
    fn body_bytes(&self) -> i64 {
        SHORT
    }

    /// Returns the most bytes of files that are uploaded for a value.
    fn upload_bytes(&self) -> i64 {
        0
    }

    /// Describes a value as JSON Schema.
    fn schema(&self, notes: Notes, context: &Context<'_>) -> Described;

    /// Returns what `docs/FIELDS.md` says of the type.
    #[cfg(test)]
    fn reference(&self) -> Reference;
}

/// Returns the behaviour of a field type.
pub(crate) fn of(kind: &FieldKind) -> &dyn FieldType {
    match kind {
        FieldKind::Text(options) => options,
        FieldKind::Number(options) => options,
        FieldKind::Bool(options) => options,
        FieldKind::Email(options) => options,
        FieldKind::Url(options) => options,
        FieldKind::Editor(options) => options,
        FieldKind::Date(options) => options,
        FieldKind::Autodate(options) => options,
        FieldKind::Select(options) => options,
        FieldKind::Json(options) => options,
        FieldKind::File(options) => options,
        FieldKind::Relation(options) => options,
        FieldKind::GeoPoint(options) => options,
        FieldKind::Password(options) => options,
    }
}

/// Returns the type of a field's column.
pub(crate) fn storage(kind: &FieldKind) -> ColumnType {
    of(kind).storage()
}

/// Returns the value of a field that nothing was given for.
pub fn zero(kind: &FieldKind) -> Value {
    of(kind).zero()
}

/// Returns the stored form of what a client sent for a field.
pub(crate) fn normalise(kind: &FieldKind, raw: &Json) -> Value {
    of(kind).normalise(raw)
}

/// Validates a value; see [`FieldType::problem`].
pub(crate) fn validate(
    kind: &FieldKind,
    value: &Value,
    raw: Option<&Json>,
) -> Option<FieldProblem> {
    of(kind).problem(value, raw)
}

fn required(is_required: bool) -> Option<FieldProblem> {
    is_required.then(|| problems::REQUIRED.problem())
}

/// Returns the problem of a value that must be a text: of one that is not empty, what `check` finds.
fn problem_of_text(
    value: &Value,
    is_required: bool,
    check: impl FnOnce(&str) -> Option<FieldProblem>,
) -> Option<FieldProblem> {
    match value {
        Value::Text(text) if text.is_empty() => required(is_required),
        Value::Text(text) => check(text),
        Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) | Value::Json(_) => {
            Some(unsupported())
        }
    }
}

fn unsupported() -> FieldProblem {
    problems::UNSUPPORTED_VALUE.problem()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;
