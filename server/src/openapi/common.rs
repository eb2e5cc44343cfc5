//! What the description says whatever the collections are: the token, the failures, the routes of the server.

use utoipa::openapi::RefOr;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

use super::parts::{self, Route, integer, json_response, object, reference, text};
use super::{Draft, parameters};

/// The tag of routes that belong to no collection. The space keeps it apart from names of collections.
const SERVER: &str = "The server";

/// Writes down all that is the same for every reader.
pub(super) fn describe(draft: &mut Draft) {
    let scheme = ApiKeyValue::with_description(
        "Authorization",
        "The `token` that a sign-in answers; `Bearer ` in front of it is allowed.",
    );
    draft
        .components
        .add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(scheme)));
    for (key, parameter) in parameters::all() {
        draft
            .components
            .parameters
            .insert(key.to_owned(), RefOr::T(parameter));
    }
    for (_, name, description) in parts::PROBLEMS {
        let response = json_response(description, "Problem");
        draft
            .components
            .responses
            .insert(name.to_owned(), response.into());
    }
    let failure = json_response(
        "Any other failure, such as a body that is too large.",
        "Problem",
    );
    draft
        .components
        .responses
        .insert("Failure".to_owned(), failure.into());
    problem(draft);
    routes(draft);
}

/// The error envelope.
fn problem(draft: &mut Draft) {
    let broken = object([
        (
            "code",
            text()
                .description(Some("A stable name, such as `validation_required`."))
                .into(),
        ),
        (
            "message",
            text()
                .description(Some("One sentence for a person."))
                .into(),
        ),
    ]);
    let limits = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(
            "The limits of the rule that is broken, where it has any.",
        ));
    let inside = AnyOfBuilder::new()
        .item(reference("FieldProblem"))
        .item(reference("FieldProblems"))
        .build();
    let problems = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(
            "What is wrong, by the field's name, or by the index inside a list.",
        ))
        .additional_properties(Some(Schema::AnyOf(inside)));
    let problem = object([
        ("data", reference("FieldProblems").into()),
        (
            "message",
            text()
                .description(Some("One sentence for a person."))
                .into(),
        ),
        (
            "status",
            integer().description(Some("The HTTP status.")).into(),
        ),
    ]);
    draft.schema("FieldProblem", broken.property("params", limits));
    draft.schema("FieldProblems", problems);
    draft.schema(
        "Problem",
        problem.description(Some("Every failure looks like this.")),
    );
}

fn routes(draft: &mut Draft) {
    draft.tag(SERVER, "What belongs to no collection.");
    let health = object([
        ("message", text().into()),
        ("code", integer().into()),
        (
            "data",
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .description(Some("For superusers; empty for others."))
                .into(),
        ),
    ]);
    draft.schema("Health", health);
    draft.schema(
        "Document",
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("An OpenAPI 3.1 document.")),
    );
    let route = |id: &str, summary: &str, answer| Route {
        tag: SERVER,
        id: id.to_owned(),
        summary: summary.to_owned(),
        description: "Everyone.".to_owned(),
        answer: Some(answer),
        parameters: &["fields"],
        problems: &[],
        needs_token: false,
    };
    let health = route("health", "See whether the server is there", "Health");
    draft.route(HttpMethod::Get, "/api/health", health.operation());
    let document = route(
        "openapi",
        "Describe the API, as far as you may use it",
        "Document",
    );
    draft.route(HttpMethod::Get, "/api/openapi.json", document.operation());
}
