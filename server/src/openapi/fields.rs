//! Fields as JSON Schema.

use plinth_sdk::types::{
    BoolOptions, DateOptions, DomainOptions, Field, FieldKind, FileOptions, GeoPointOptions,
    NumberOptions, RelationOptions, SelectOptions,
};
use serde_json::{Value as Json, json};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::Reader;
use super::limits::{Limits, Notes, length, or_zero};
use super::parts::{Described, anything, boolean, integer, list_of, text};

/// The most characters of a text, of a password, and the most bytes of JSON and of a file, unless the field says otherwise.
const MAX_TEXT: usize = 5000;
const MAX_PASSWORD: usize = 71;
const MAX_JSON: usize = 1 << 20;
const MAX_EDITOR: usize = 5 << 20;
const MAX_FILE: usize = 5 << 20;

/// How a moment looks in answers; empty when there is none.
const MOMENT: &str = r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}Z)?$";
const EXAMPLE: &str = "2024-01-31 10:00:00.000Z";

/// What a field's value is described for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Side {
    /// What the server answers: types without limits, since a record may be older than they are.
    Answer,
    /// What clients send.
    Body,
}

/// A field's value.
pub(super) fn describe(reader: &Reader<'_>, field: &Field, side: Side) -> Described {
    let notes = Notes::new(help(&field.kind));
    let is_body = side == Side::Body;
    match &field.kind {
        FieldKind::Text(o) if is_body => {
            let notes = notes.add_if(
                !o.autogenerate_pattern.is_empty(),
                "Made up when it is left out.",
            );
            let limits = Limits {
                min: o.min,
                max: length(o.max).unwrap_or(MAX_TEXT),
                pattern: &o.pattern,
                required: o.required,
            };
            limits.apply(text(), notes)
        }
        FieldKind::Text(_) => text().description(notes.join()).into(),
        FieldKind::Number(o) => number(o, is_body, notes),
        FieldKind::Bool(BoolOptions { required, .. }) => {
            let only = (is_body && *required).then_some([true]);
            boolean().enum_values(only).description(notes.join()).into()
        }
        FieldKind::Email(o) => {
            let format = SchemaFormat::KnownFormat(KnownFormat::Email);
            address(text().format(Some(format)), o, is_body, notes)
        }
        FieldKind::Url(o) => address(
            text().format(Some(SchemaFormat::Custom("uri".to_owned()))),
            o,
            is_body,
            notes,
        ),
        FieldKind::Editor(o) => {
            let most = length(o.max_size).unwrap_or(MAX_EDITOR);
            let notes = notes
                .add("HTML.".to_owned())
                .add_if(is_body, &format!("Of {most} bytes at most."));
            let least = (is_body && o.required).then_some(1);
            text().min_length(least).description(notes.join()).into()
        }
        FieldKind::Date(o) if is_body => date(o, notes),
        FieldKind::Date(_) => moment(notes),
        FieldKind::Autodate(_) => moment(notes.add("Set by the server.")),
        FieldKind::Select(o) => select(o, is_body, notes),
        FieldKind::File(o) => file(o, is_body, notes),
        FieldKind::Relation(o) => relation(reader, o, is_body, notes),
        FieldKind::Json(o) => {
            let most = length(o.max_size).unwrap_or(MAX_JSON);
            let notes = notes.add_if(is_body, &format!("Any JSON, of {most} bytes at most."));
            anything()
                .description(notes.add_if(is_body && o.required, "Not empty.").join())
                .into()
        }
        FieldKind::GeoPoint(o) => geo_point(o, is_body, notes),
        FieldKind::Password(o) => {
            let limits = Limits {
                min: o.min,
                max: length(o.max).unwrap_or(MAX_PASSWORD),
                pattern: &o.pattern,
                required: o.required,
            };
            limits.apply(password(), notes)
        }
    }
}

/// A password that is sent.
pub(super) fn password() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Password);
    text().format(Some(format)).write_only(true)
}

/// Whether a new record is refused without a value for the field.
pub(super) fn is_needed(kind: &FieldKind) -> bool {
    match kind {
        FieldKind::Text(o) => o.required && o.autogenerate_pattern.is_empty(),
        FieldKind::Number(o) => o.required,
        FieldKind::Bool(o) => o.required,
        FieldKind::Email(o) | FieldKind::Url(o) => o.required,
        FieldKind::Editor(o) => o.required,
        FieldKind::Date(o) => o.required,
        FieldKind::Select(o) => o.required,
        FieldKind::Json(o) => o.required,
        FieldKind::File(o) => o.required,
        FieldKind::Relation(o) => o.required,
        FieldKind::GeoPoint(o) => o.required,
        FieldKind::Password(o) => o.required,
        FieldKind::Autodate(_) => false,
    }
}

/// Keys of an update that change the value the field has, with what they take and do.
pub(super) fn modifiers(field: &Field) -> Vec<(String, Described)> {
    let name = &field.name;
    if let FieldKind::Number(_) = &field.kind {
        let number = |what: String| {
            ObjectBuilder::new()
                .schema_type(Type::Number)
                .description(Some(what))
                .into()
        };
        return vec![
            (format!("{name}+"), number(format!("Is added to `{name}`."))),
            (
                format!("{name}-"),
                number(format!("Is subtracted from `{name}`.")),
            ),
        ];
    }
    if !field.kind.is_multiple() {
        return Vec::new();
    }
    let list = |what: String| list_of(text()).description(Some(what)).build().into();
    vec![
        (
            format!("+{name}"),
            list(format!("Go in front of `{name}`.")),
        ),
        (
            format!("{name}+"),
            list(format!("Go to the end of `{name}`.")),
        ),
        (
            format!("{name}-"),
            list(format!("Are taken out of `{name}`.")),
        ),
    ]
}

fn help(kind: &FieldKind) -> &str {
    match kind {
        FieldKind::Text(o) => &o.help,
        FieldKind::Number(o) => &o.help,
        FieldKind::Bool(o) => &o.help,
        FieldKind::Email(o) | FieldKind::Url(o) => &o.help,
        FieldKind::Editor(o) => &o.help,
        FieldKind::Date(o) => &o.help,
        FieldKind::Select(o) => &o.help,
        FieldKind::Json(o) => &o.help,
        FieldKind::File(o) => &o.help,
        FieldKind::Relation(o) => &o.help,
        FieldKind::GeoPoint(o) => &o.help,
        FieldKind::Password(o) => &o.help,
        FieldKind::Autodate(_) => "",
    }
}

fn number(options: &NumberOptions, is_body: bool, notes: Notes) -> Described {
    let schema = if options.only_int {
        integer()
    } else {
        let format = SchemaFormat::KnownFormat(KnownFormat::Double);
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .format(Some(format))
    };
    if !is_body {
        return schema.description(notes.join()).into();
    }
    let schema = schema.minimum(options.min).maximum(options.max);
    let refuses_zero =
        options.min.is_some_and(|min| min > 0.0) || options.max.is_some_and(|max| max < 0.0);
    let notes = notes.add_if(options.required && !refuses_zero, "Not 0.");
    or_zero(schema, !options.required && refuses_zero, 0, notes)
}

fn address(
    schema: ObjectBuilder,
    options: &DomainOptions,
    is_body: bool,
    notes: Notes,
) -> Described {
    let domains = |domains: &Option<Vec<String>>| {
        domains
            .as_ref()
            .map_or_else(String::new, |list| list.join(", "))
    };
    let (only, except) = (
        domains(&options.only_domains),
        domains(&options.except_domains),
    );
    let notes = notes
        .add_if(
            is_body && !only.is_empty(),
            &format!("Only of these domains: {only}."),
        )
        .add_if(
            is_body && !except.is_empty(),
            &format!("Not of these domains: {except}."),
        );
    or_zero(schema, !options.required, "", notes)
}

/// What a body leaves out is 0.
fn geo_point(options: &GeoPointOptions, is_body: bool, notes: Notes) -> Described {
    let degrees = |most: f64| {
        let schema = ObjectBuilder::new().schema_type(Type::Number);
        schema.minimum(Some(-most)).maximum(Some(most))
    };
    let mut point = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("lon", degrees(180.0))
        .property("lat", degrees(90.0));
    if !is_body {
        point = point.required("lon").required("lat");
    }
    let notes = notes.add_if(is_body && options.required, "Not `lon` 0 and `lat` 0.");
    point.description(notes.join()).into()
}

fn date(options: &DateOptions, notes: Notes) -> Described {
    let notes = notes
        .add(format!(
            "A moment such as `{EXAMPLE}` or `2024-01-31T11:00:00+01:00`, in UTC where it names no zone."
        ))
        .add_if(!options.min.is_empty(), &format!("Not before {}.", options.min))
        .add_if(!options.max.is_empty(), &format!("Not after {}.", options.max));
    text()
        .min_length(options.required.then_some(1))
        .description(notes.join())
        .into()
}

fn moment(notes: Notes) -> Described {
    text()
        .pattern(Some(MOMENT))
        .examples([EXAMPLE])
        .description(notes.join())
        .into()
}

fn select(options: &SelectOptions, is_body: bool, notes: Notes) -> Described {
    let mut values: Vec<Json> = Vec::with_capacity(options.values.len() + 1);
    let is_list = options.max_select > 1;
    let zero = (!is_list && !options.required).then_some("");
    for value in options.values.iter().map(String::as_str).chain(zero) {
        if !values.contains(&json!(value)) {
            values.push(json!(value));
        }
    }
    let choice = text().enum_values((!values.is_empty()).then_some(values));
    if is_list {
        let limits = (usize::from(options.required), options.max_select);
        return list(choice, limits, is_body, notes);
    }
    choice.description(notes.join()).into()
}

/// The name is the server's: a new file is a part of a multipart body.
fn file(options: &FileOptions, is_body: bool, notes: Notes) -> Described {
    let most = length(options.max_size).unwrap_or(MAX_FILE);
    let types = options.mime_types.as_deref().unwrap_or_default().join(", ");
    let notes = notes
        .add("The name of a file, which `/api/files/{collection}/{recordId}/{filename}` serves.")
        .add_if(options.protected, "Served only to who may view the record.")
        .add_if(
            is_body,
            &format!("New ones are parts of a multipart body, of {most} bytes at most."),
        )
        .add_if(
            is_body && !types.is_empty(),
            &format!("Only of these types: {types}."),
        );
    if options.max_select > 1 {
        let limits = (usize::from(options.required), options.max_select);
        return list(text(), limits, is_body, notes);
    }
    let least = (is_body && options.required).then_some(1);
    text().min_length(least).description(notes.join()).into()
}

fn relation(
    reader: &Reader<'_>,
    options: &RelationOptions,
    is_body: bool,
    notes: Notes,
) -> Described {
    let target = reader
        .schema
        .find(&options.collection_id)
        .filter(|target| reader.knows(target));
    let of = target.map_or_else(String::new, |target| format!(" of `{}`", target.def.name));
    if options.max_select > 1 {
        let least = if options.required {
            length(options.min_select).unwrap_or(1)
        } else {
            0
        };
        let notes = notes.add(format!("Ids of records{of}.")).add_if(
            is_body && !options.required && options.min_select > 1,
            &format!("None, or at least {}.", options.min_select),
        );
        return list(text(), (least, options.max_select), is_body, notes);
    }
    let notes = notes.add(format!("The id of a record{of}."));
    let least = (is_body && options.required).then_some(1);
    text().min_length(least).description(notes.join()).into()
}

fn list(items: ObjectBuilder, (min, max): (usize, i64), is_body: bool, notes: Notes) -> Described {
    let list: ArrayBuilder = list_of(items).description(notes.join());
    if !is_body {
        return list.build().into();
    }
    list.min_items((min > 0).then_some(min))
        .max_items(length(max))
        .build()
        .into()
}
