//! Building blocks of descriptions.

use plinth_sdk::types::Page;
use serde_json::Value as Json;
use utoipa::PartialSchema;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, SecurityRequirement};

pub(super) use crate::fields::schema::{Described, integer, list_of, text};

/// The failures that are components: status, name and description.
pub(super) const PROBLEMS: [(u16, &str, &str); 4] = [
    (
        400,
        "BadRequest",
        "The request is not valid; `data` has the problems by field.",
    ),
    (
        401,
        "Unauthorized",
        "The token is missing, not valid, or expired.",
    ),
    (403, "Forbidden", "The caller is not allowed to do this."),
    (
        404,
        "NotFound",
        "It does not exist, or the caller may not know that it does.",
    ),
];

/// Returns the requirement of a token.
pub(super) fn token() -> SecurityRequirement {
    SecurityRequirement::new("token", Vec::<String>::new())
}

/// Returns an object with these properties, all of them required.
pub(super) fn object<const N: usize>(properties: [(&str, Described); N]) -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(Type::Object);
    properties
        .into_iter()
        .fold(object, |object, (name, schema)| {
            object.property(name, schema).required(name)
        })
}

pub(super) fn constant(value: impl Into<Json>) -> ObjectBuilder {
    text().enum_values(Some([value.into()]))
}

/// Returns a page of these items: the schema of [`Page`], with other items.
pub(super) fn page(items: Ref) -> Described {
    let mut page = Page::<Json>::schema();
    if let RefOr::T(Schema::Object(page)) = &mut page {
        let items = list_of(items).description(Some("The items of this page."));
        page.properties
            .insert("items".to_owned(), items.build().into());
    }
    page
}

pub(super) fn reference(schema: &str) -> Ref {
    Ref::from_schema_name(schema)
}

/// Returns a JSON body with this schema.
pub(super) fn body(schema: &str) -> RequestBody {
    let content = ContentBuilder::new()
        .schema(Some(reference(schema)))
        .build();
    RequestBodyBuilder::new()
        .content("application/json", content)
        .required(Some(Required::True))
        .build()
}

/// An operation of a collection.
pub(super) struct Route<'a> {
    pub tag: &'a str,
    pub id: String,
    pub summary: String,
    pub description: String,
    /// The schema of the response; `None` for an empty one.
    pub answer: Option<&'a str>,
    /// The names of shared parameters.
    pub parameters: &'a [&'a str],
    pub problems: &'a [u16],
    /// Whether guests are refused.
    pub needs_token: bool,
}

impl Route<'_> {
    pub(super) fn operation(self) -> OperationBuilder {
        let mut operation = OperationBuilder::new()
            .tag(self.tag)
            .operation_id(Some(self.id))
            .summary(Some(self.summary))
            .description((!self.description.is_empty()).then_some(self.description));
        for name in self.parameters {
            operation = operation.parameter_ref(Ref::new(parameter(name)));
        }
        operation = match self.answer {
            Some(schema) => operation.response("200", json_response("Success.", schema)),
            None => operation.response("204", Response::new("Success, without a body.")),
        };
        for (status, name, _) in PROBLEMS
            .iter()
            .filter(|(status, ..)| self.problems.contains(status))
        {
            operation = operation.response(status.to_string(), Ref::from_response_name(*name));
        }
        operation = operation.response("default", Ref::from_response_name("Failure"));
        if self.needs_token {
            operation = operation.security(token());
        }
        operation
    }
}

/// Returns the location of a shared parameter.
pub(super) fn parameter(name: &str) -> String {
    format!("#/components/parameters/{name}")
}

pub(super) fn json_response(description: &str, schema: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(reference(schema)))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .build()
}
