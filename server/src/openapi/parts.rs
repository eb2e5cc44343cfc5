//! What descriptions are put together from.

use serde_json::Value as Json;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, Required, SecurityRequirement};

pub(super) use crate::fields::schema::{Described, anything, boolean, integer, list_of, text};

/// Failures with a status of their own, and the names of their components.
pub(super) const PROBLEMS: [(u16, &str, &str); 4] = [
    (
        400,
        "BadRequest",
        "The request is not valid; `data` says which fields are to blame.",
    ),
    (
        401,
        "Unauthorized",
        "There is no token, or it is not good any more.",
    ),
    (
        403,
        "Forbidden",
        "Not for you: it takes a superuser, or another account.",
    ),
    (
        404,
        "NotFound",
        "It does not exist, or you may not know that it does.",
    ),
];

/// The only way to be somebody.
pub(super) fn token() -> SecurityRequirement {
    SecurityRequirement::new("token", Vec::<String>::new())
}

/// An object that has all of these properties.
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

/// One page of a list.
pub(super) fn page(items: Ref) -> ObjectBuilder {
    let total = |what: &str| {
        integer()
            .minimum(Some(-1))
            .description(Some(format!("{what}; -1 with `skipTotal`.")))
    };
    object([
        ("items", list_of(items).build().into()),
        ("page", integer().minimum(Some(1)).into()),
        (
            "perPage",
            integer().minimum(Some(1)).maximum(Some(1000)).into(),
        ),
        ("totalItems", total("Items on all pages").into()),
        ("totalPages", total("How many pages there are").into()),
    ])
    .property(
        "nextCursor",
        text().description(Some(
            "Where the list goes on; empty at its end. Only in the answer to a `cursor`.",
        )),
    )
}

pub(super) fn reference(schema: &str) -> Ref {
    Ref::from_schema_name(schema)
}

/// A JSON body of this schema.
pub(super) fn body(schema: &str) -> RequestBody {
    let content = ContentBuilder::new()
        .schema(Some(reference(schema)))
        .build();
    RequestBodyBuilder::new()
        .content("application/json", content)
        .required(Some(Required::True))
        .build()
}

/// An operation, with its answer when all is well and the statuses of those when it is not.
pub(super) struct Route<'a> {
    pub tag: &'a str,
    pub id: String,
    pub summary: String,
    pub description: String,
    /// The schema of the answer; none when there is no body.
    pub answer: Option<&'a str>,
    /// Names of parameters among the components.
    pub parameters: &'a [&'a str],
    pub problems: &'a [u16],
    /// Whether nobody gets through without a token.
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
            operation =
                operation.parameter_ref(Ref::new(format!("#/components/parameters/{name}")));
        }
        operation = match self.answer {
            Some(schema) => operation.response("200", json_response("Done.", schema)),
            None => operation.response("204", Response::new("Done; there is nothing to say.")),
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

pub(super) fn json_response(description: &str, schema: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(reference(schema)))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .build()
}
