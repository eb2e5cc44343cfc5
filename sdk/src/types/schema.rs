//! OpenAPI schemas that cannot be derived from the types of the SDK.

#![expect(dead_code, reason = "only the schemas are used")]

use std::borrow::Cow;

use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{
    AutodateOptions, BoolOptions, DateOptions, EditorOptions, EmailOptions, Field, FieldKind,
    FileOptions, GeoPointOptions, JsonOptions, NumberOptions, PasswordOptions, RelationOptions,
    SelectOptions, TextOptions, UrlOptions,
};

/// The schema of a [`Field`], with one alternative per type. Each has the options beside the common members, as on the
/// wire.
pub(super) struct AnyField;

impl ToSchema for AnyField {
    fn name() -> Cow<'static, str> {
        "Field".into()
    }
}

impl PartialSchema for AnyField {
    fn schema() -> RefOr<Schema> {
        let common = object(Field::schema());
        let kinds = FieldKind::each();
        let kinds = kinds.iter().map(|kind| {
            let mut one = common.clone();
            let constant = ObjectBuilder::new()
                .schema_type(SchemaType::new(Type::String))
                .enum_values(Some([json!(kind.name())]));
            one.title = Some(format!("Field of type {}", kind.name()));
            one.properties.insert("type".to_owned(), constant.into());
            one.properties.extend(object(options(kind)).properties);
            spell_out(&mut one, default_limit(kind));
            one.required = vec!["name".to_owned(), "type".to_owned()];
            one
        });
        let alternatives = kinds.fold(OneOfBuilder::new(), OneOfBuilder::item);
        alternatives
            .description(Some("A field of a collection."))
            .into()
    }
}

/// Returns the limit that applies where the option is 0.
fn default_limit(kind: &FieldKind) -> i64 {
    match kind {
        FieldKind::Text(_) => TextOptions::DEFAULT_MAX,
        FieldKind::Password(_) => PasswordOptions::DEFAULT_MAX,
        FieldKind::Editor(_) => EditorOptions::DEFAULT_MAX_SIZE,
        FieldKind::Json(_) => JsonOptions::DEFAULT_MAX_SIZE,
        FieldKind::File(_) => FileOptions::DEFAULT_MAX_SIZE,
        FieldKind::Number(_)
        | FieldKind::Bool(_)
        | FieldKind::Email(_)
        | FieldKind::Url(_)
        | FieldKind::Date(_)
        | FieldKind::Autodate(_)
        | FieldKind::Select(_)
        | FieldKind::Relation(_)
        | FieldKind::GeoPoint(_) => 0,
    }
}

/// Replaces links to a constant, which doc comments have, by its value.
fn spell_out(object: &mut Object, limit: i64) {
    for property in object.properties.values_mut() {
        if let RefOr::T(Schema::Object(property)) = property
            && let Some(text) = &mut property.description
        {
            for link in ["[`Self::DEFAULT_MAX`]", "[`Self::DEFAULT_MAX_SIZE`]"] {
                *text = text.replace(link, &limit.to_string());
            }
        }
    }
}

fn options(kind: &FieldKind) -> RefOr<Schema> {
    match kind {
        FieldKind::Text(_) => TextOptions::schema(),
        FieldKind::Number(_) => NumberOptions::schema(),
        FieldKind::Bool(_) => BoolOptions::schema(),
        FieldKind::Email(_) => EmailOptions::schema(),
        FieldKind::Url(_) => UrlOptions::schema(),
        FieldKind::Editor(_) => EditorOptions::schema(),
        FieldKind::Date(_) => DateOptions::schema(),
        FieldKind::Autodate(_) => AutodateOptions::schema(),
        FieldKind::Select(_) => SelectOptions::schema(),
        FieldKind::Json(_) => JsonOptions::schema(),
        FieldKind::File(_) => FileOptions::schema(),
        FieldKind::Relation(_) => RelationOptions::schema(),
        FieldKind::GeoPoint(_) => GeoPointOptions::schema(),
        FieldKind::Password(_) => PasswordOptions::schema(),
    }
}

/// Returns the object that a struct's schema is.
fn object(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        RefOr::T(_) | RefOr::Ref(_) => Object::new(),
    }
}

/// Refers to the schema of a collection's changes, which the server builds.
pub(super) struct CollectionChanges;

impl ToSchema for CollectionChanges {}

impl PartialSchema for CollectionChanges {
    fn schema() -> RefOr<Schema> {
        Object::new().into()
    }
}

// Values that are strings in the SDK, so that a client understands servers that know more of them.

/// The method of a change in a batch.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub(super) enum BatchMethod {
    Post,
    Put,
    Patch,
    Delete,
}

/// An action on records.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(super) enum Action {
    List,
    View,
    Create,
    Update,
    Delete,
}

/// The subject of a question to the policy: an account, or callers without a token.
#[derive(serde::Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum PolicySubject {
    /// Callers without a token.
    Guest(Guest),
    /// An account.
    Account {
        /// Id or name of the account's collection.
        collection: String,
        /// The account's id.
        id: String,
    },
}

/// Callers without a token.
#[derive(serde::Serialize, ToSchema)]
pub(super) enum Guest {
    #[serde(rename = "@guest")]
    Guest,
}

/// The template of a test e-mail.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum TestMailTemplate {
    Verification,
    PasswordReset,
    EmailChange,
    Otp,
    LoginAlert,
}

/// The state of a server process.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum ServerState {
    Ok,
    Starting,
    Draining,
}

/// The state of the connection to the database.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum DatabaseState {
    Ok,
    Unreachable,
    Unknown,
}

/// Whether the database accepts writes, or the reason why it does not.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum WriteState {
    Ok,
    Full,
    ReadOnly,
    Locked,
    Failing,
    Unknown,
}

/// The state of realtime delivery.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum RealtimeState {
    Ok,
    Stalled,
    Unknown,
}
