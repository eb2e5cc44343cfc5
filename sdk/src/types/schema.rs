//! OpenAPI schemas that cannot be derived from the types of the SDK.

#![expect(dead_code, reason = "only the schemas are used")]

use std::borrow::Cow;

use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Field, FieldKind};

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
            one.properties
                .extend(object(kind.options_schema()).properties);
            spell_out(&mut one, kind.default_limit().unwrap_or_default());
            one.required = vec!["name".to_owned(), "type".to_owned()];
            one
        });
        let alternatives = kinds.fold(OneOfBuilder::new(), OneOfBuilder::item);
        alternatives
            .description(Some("A field of a collection."))
            .into()
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
