//! The components that every document has: the token, the shared parameters and the failures.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

use super::parts::{self, integer, json_response, object, reference, text};
use super::{Draft, parameters};

/// Adds the components to the document.
pub(super) fn describe(draft: &mut Draft) {
    let scheme = ApiKeyValue::with_description(
        "Authorization",
        "The `token` from a sign-in, with or without `Bearer ` in front of it.",
    );
    let components = &mut draft.components;
    components.add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(scheme)));
    for parameter in parameters::shared() {
        components
            .parameters
            .insert(parameter.name.clone(), RefOr::T(parameter));
    }
    let failure = (
        "Failure",
        "Another failure, such as a body that is too large.",
    );
    let named = parts::PROBLEMS.map(|(_, name, description)| (name, description));
    for (name, description) in named.into_iter().chain([failure]) {
        let response = json_response(description, "Problem");
        components
            .responses
            .insert(name.to_owned(), response.into());
    }
    problem(draft);
}

/// Adds the body of error responses. By hand, since it is recursive, and an `anyOf` on the wire where serde tries one
/// variant after another.
fn problem(draft: &mut Draft) {
    let code = text().description(Some("A stable code, such as `validation_required`."));
    let message = || text().description(Some("A sentence for people."));
    let limits = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("The limits of the constraint, if it has any."));
    let field = object([("code", code.into()), ("message", message().into())])
        .property("params", limits)
        .property("response", reference("Problem"))
        .description(Some(
            "The problem of one field. `response` is the failed response of a request in a batch.",
        ));
    let inside = AnyOfBuilder::new()
        .item(reference("FieldProblem"))
        .item(reference("FieldProblems"))
        .build();
    let fields = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Problems by field name, or by index inside a list."))
        .additional_properties(Some(Schema::AnyOf(inside)));
    let status = integer().description(Some("The HTTP status."));
    let problem = object([
        ("data", reference("FieldProblems").into()),
        ("message", message().into()),
        ("status", status.into()),
    ])
    .description(Some("The body of every error response."));
    draft.schema("FieldProblem", field);
    draft.schema("FieldProblems", fields);
    draft.schema("Problem", problem);
}
