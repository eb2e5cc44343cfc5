//! Routes of records, described for each collection.

use plinth_sdk::types::{Field, FieldKind};
use serde_json::{Map, Value as Json, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};

use super::fields::{self, Side};
use super::parts::{self, Described, Route, constant, list_of, page, reference};
use super::{Draft, Reader};
use crate::policy::Action;
use crate::schema::{Collection, Key, Rule, Shape};

/// Returns the name of a schema of the collection. A part before or after the collection's name keeps schemas and
/// operation ids apart; the names of collections differ even in lower case.
pub(super) fn name(collection: &Collection, what: &str) -> String {
    format!("{}_{what}", collection.def.name)
}

/// An operation on the records of a collection.
struct Verb {
    action: Action,
    method: HttpMethod,
    name: &'static str,
    summary: &'static str,
    parameters: &'static [&'static str],
    problems: &'static [u16],
}

const VERBS: [Verb; 5] = [
    Verb {
        action: Action::List,
        method: HttpMethod::Get,
        name: "list",
        summary: "List records of",
        parameters: &[
            "page",
            "perPage",
            "sort",
            "filter",
            "skipTotal",
            "cursor",
            "expand",
            "fields",
        ],
        problems: &[400, 403, 404],
    },
    Verb {
        action: Action::Create,
        method: HttpMethod::Post,
        name: "create",
        summary: "Create a record of",
        parameters: &["expand", "fields"],
        problems: &[400, 403, 404],
    },
    Verb {
        action: Action::View,
        method: HttpMethod::Get,
        name: "view",
        summary: "View a record of",
        parameters: &["id", "expand", "fields"],
        problems: &[403, 404],
    },
    Verb {
        action: Action::Update,
        method: HttpMethod::Patch,
        name: "update",
        summary: "Update a record of",
        parameters: &["id", "expand", "fields"],
        problems: &[400, 403, 404],
    },
    Verb {
        action: Action::Delete,
        method: HttpMethod::Delete,
        name: "delete",
        summary: "Delete a record of",
        parameters: &["id"],
        problems: &[400, 403, 404],
    },
];

/// Adds the routes of a collection that the reader may know.
pub(super) fn describe(reader: &Reader<'_>, draft: &mut Draft, collection: &Collection) {
    let def = &collection.def;
    let what = if collection.is_auth() {
        "Accounts"
    } else {
        "Records"
    };
    draft.tag(&def.name, format!("{what} of `{}`.", def.name));
    if reader.meets(collection) {
        draft.schema(name(collection, "record"), record(reader, collection));
    }
    for verb in VERBS
        .into_iter()
        .filter(|verb| reader.may(collection, verb.action))
    {
        let body = match verb.action {
            Action::List => {
                draft.schema(
                    name(collection, "page"),
                    page(reference(&name(collection, "record"))),
                );
                None
            }
            Action::Create => Some(("create", new_record(reader, collection))),
            Action::Update => Some(("update", changes(reader, collection))),
            Action::View | Action::Delete => None,
        };
        let answer = match verb.action {
            Action::List => Some(name(collection, "page")),
            Action::View | Action::Create | Action::Update => Some(name(collection, "record")),
            Action::Delete => None,
        };
        let rule = collection.rules.of(verb.action);
        let has_parameter = |name: &&&str| !collection.is_view() || **name != "cursor";
        let parameters = verb.parameters.iter().filter(has_parameter);
        let parameters: Vec<&str> = parameters.copied().collect();
        let route = Route {
            tag: &def.name,
            id: format!("{}_{}", verb.name, def.name),
            summary: format!("{} {}", verb.summary, def.name),
            description: who(reader, collection, verb.action),
            answer: answer.as_deref(),
            parameters: &parameters,
            problems: verb.problems,
            needs_token: *rule == Rule::Locked,
        };
        let mut operation = route.operation();
        if let Some((part, schema)) = body {
            let schema_name = name(collection, part);
            operation = operation.request_body(Some(parts::body(&schema_name)));
            draft.schema(schema_name, schema);
        }
        let records = format!("/api/collections/{}/records", def.name);
        let is_of_all = matches!(verb.action, Action::List | Action::Create);
        let path = if is_of_all {
            records
        } else {
            format!("{records}/{{id}}")
        };
        draft.route(verb.method, path, operation);
    }
}

fn who(reader: &Reader<'_>, collection: &Collection, action: Action) -> String {
    let def = &collection.def;
    let text = match action {
        Action::List => &def.list_rule,
        Action::View => &def.view_rule,
        Action::Create => &def.create_rule,
        Action::Update => &def.update_rule,
        Action::Delete => &def.delete_rule,
    };
    let rule = collection.rules.of(action);
    let who = reader.who(rule, text.as_deref());
    if action == Action::List && matches!(rule, Rule::Filter(_)) {
        return format!("{who} The list contains the records that satisfy the rule.");
    }
    who
}

/// Returns a record as the reader sees it.
fn record(reader: &Reader<'_>, collection: &Collection) -> ObjectBuilder {
    let def = &collection.def;
    let mut record = ObjectBuilder::new().schema_type(Type::Object);
    let always = reader.always_shown(collection);
    for (name, key) in &collection.keys {
        let schema = match key {
            Key::Column(index) => {
                let field = &def.fields[*index];
                if field.hidden && !reader.is_superuser {
                    continue;
                }
                fields::describe(reader, field, Side::Answer)
            }
            Key::CollectionId => constant(def.id.as_str()).into(),
            Key::CollectionName => constant(def.name.as_str()).into(),
            Key::Expand => expand(reader, collection).into(),
        };
        record = record.property(name, schema);
        // `emailVisibility` may hide the address, and roles may hide other fields.
        let may_be_missing = *key == Key::Expand
            || (collection.is_auth() && name == "email")
            || (matches!(key, Key::Column(_)) && !always.has(name));
        if !may_be_missing {
            record = record.required(name);
        }
    }
    record
}

/// Returns the records that a record refers to.
fn expand(reader: &Reader<'_>, collection: &Collection) -> ObjectBuilder {
    let mut expand = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(
            "The records that `expand` asks for, if the caller may view them.",
        ));
    for column in collection
        .columns
        .iter()
        .filter(|column| reader.is_superuser || !column.hidden)
    {
        let Shape::Relation { target, is_list } = &column.shape else {
            continue;
        };
        let target = reader
            .schema
            .find(target)
            .filter(|target| reader.may(target, Action::View));
        let Some(target) = target else {
            continue;
        };
        let record = reference(&name(target, "record"));
        expand = if *is_list {
            expand.property(&column.name, list_of(record).build())
        } else {
            expand.property(&column.name, record)
        };
    }
    expand
}

/// Returns the body that creates a record.
fn new_record(reader: &Reader<'_>, collection: &Collection) -> ObjectBuilder {
    let mut body = ObjectBuilder::new().schema_type(Type::Object);
    for field in settable(reader, collection) {
        body = body.property(&field.name, fields::describe(reader, field, Side::Body));
        if fields::is_needed(&field.kind) {
            body = body.required(&field.name);
        }
    }
    if collection.is_auth() {
        body = body
            .property(
                "passwordConfirm",
                fields::password().description(Some("The same value as `password`.")),
            )
            .required("passwordConfirm");
    }
    body
}

/// Returns the body that changes a record.
fn changes(reader: &Reader<'_>, collection: &Collection) -> ObjectBuilder {
    let mut body = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Fields that are omitted keep their values."));
    let mut modifiers = Vec::new();
    for field in settable(reader, collection) {
        let is_id = matches!(&field.kind, FieldKind::Text(options) if options.primary_key);
        if is_id {
            continue;
        }
        body = body.property(&field.name, fields::describe(reader, field, Side::Body));
        modifiers.extend(fields::modifiers(field));
    }
    body = with_modifiers(body, modifiers);
    if !collection.is_auth() {
        return body;
    }
    let password = |what: &str| fields::password().description(Some(what));
    body.property(
        "passwordConfirm",
        password("The same value as `password`, if that is given."),
    )
    .property(
        "oldPassword",
        password(
            "Required to change the password, except for superusers and callers who manage the account.",
        ),
    )
}

/// Adds the keys that change a field's present value, such as `views+`, as patterns. Client generators derive the name
/// of a member from the name of a property: as properties, `views+` and `views` would become one member.
fn with_modifiers(body: ObjectBuilder, modifiers: Vec<(String, Described)>) -> ObjectBuilder {
    if modifiers.is_empty() {
        return body;
    }
    let patterns: Map<String, Json> = modifiers
        .into_iter()
        // A field's name consists of letters, digits and `_`.
        .map(|(key, schema)| (format!("^{}$", key.replace('+', r"\+")), json!(schema)))
        .collect();
    // utoipa has no member for this keyword; extensions are written as they are.
    let keyword = Extensions::from_iter([("patternProperties", Json::Object(patterns))]);
    let others = AdditionalProperties::<Schema>::FreeForm(true);
    body.additional_properties(Some(others))
        .extensions(Some(keyword))
}

/// Returns the fields that the reader can set.
fn settable<'a>(
    reader: &Reader<'_>,
    collection: &'a Collection,
) -> impl Iterator<Item = &'a Field> {
    let (is_superuser, is_auth) = (reader.is_superuser, collection.is_auth());
    collection.def.fields.iter().filter(move |field| {
        let is_password = matches!(field.kind, FieldKind::Password(_));
        let is_automatic = matches!(field.kind, FieldKind::Autodate(_));
        !is_automatic && (!field.hidden || is_superuser || (is_auth && is_password))
    })
}
