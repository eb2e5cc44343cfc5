//! What descriptions of routes share: the token, the parameters of queries, the error envelope; and the routes
//! that belong to no collection.

use serde_json::{Value as Json, json};
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, ParameterStyle,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{
    AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, SecurityRequirement};

use super::Draft;
use crate::filter;

/// The schema of a value, or a reference to it.
pub(super) type Described = RefOr<Schema>;

/// The tag of routes that belong to no collection. The space keeps it apart from names of collections.
const SERVER: &str = "The server";

/// Failures with a status of their own, and the names of their components.
const PROBLEMS: [(u16, &str, &str); 4] = [
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

pub(super) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

pub(super) fn integer() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(format))
}

pub(super) fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

pub(super) fn anything() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue)
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

pub(super) fn list_of(items: impl Into<Described>) -> ArrayBuilder {
    ArrayBuilder::new().items(items.into())
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

fn json_response(description: &str, schema: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(reference(schema)))
        .build();
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .build()
}

/// Writes down all that is the same for every reader.
pub(super) fn describe(draft: &mut Draft) {
    let scheme = ApiKeyValue::with_description(
        "Authorization",
        "The `token` that a sign-in answers; `Bearer ` in front of it is allowed.",
    );
    draft
        .components
        .add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(scheme)));
    for (key, parameter) in parameters() {
        draft
            .components
            .parameters
            .insert(key.to_owned(), RefOr::T(parameter));
    }
    for (_, name, description) in PROBLEMS {
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
    server(draft);
}

/// The parameters of routes, by the names of their components.
fn parameters() -> [(&'static str, Parameter); 9] {
    let sort = ArrayBuilder::new()
        .items(text().max_length(Some(255)))
        .max_items(Some(8));
    [
        path("Collection", "collection", "The collection's id or name."),
        path("Record", "id", "The record's id."),
        query(
            "page",
            integer().minimum(Some(1)).default(Some(json!(1))),
            "The page's number.",
        ),
        query(
            "perPage",
            integer()
                .minimum(Some(1))
                .maximum(Some(1000))
                .default(Some(json!(30))),
            "How many items a page holds. More than 1000 counts as 1000.",
        ),
        list_query(
            "sort",
            sort,
            "What to sort by, first to last: names of fields, with `-` in front for descending order. Without it, \
             the oldest come first. Also `@random` and `@rowid`.",
        ),
        query(
            "filter",
            text().max_length(Some(filter::MAX_LENGTH)),
            "Which ones: comparisons such as `title ~ 'ab' && year >= 2000`, joined by `&&` and `||`.",
        ),
        query(
            "skipTotal",
            boolean().default(Some(json!(false))),
            "Leaves the totals out (they become -1), which is faster.",
        ),
        query(
            "expand",
            text(),
            "Relations to follow, such as `author,comments_via_post.author`: six levels at most. What they lead to \
             comes in `expand`, as far as you may view it.",
        ),
        query(
            "fields",
            text(),
            "Which properties to answer, such as `id,title,expand.author.name`; of a list's items, for a list. `*` is \
             all of a level, `:excerpt(200,true)` shortens a text. The others are missing from the answer.",
        ),
    ]
}

fn path(key: &'static str, name: &str, description: &str) -> (&'static str, Parameter) {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(text()));
    (key, parameter.build())
}

fn query(
    name: &'static str,
    schema: impl Into<Described>,
    description: &str,
) -> (&'static str, Parameter) {
    (name, query_builder(name, schema, description).build())
}

/// A parameter whose values are separated by commas.
fn list_query(
    name: &'static str,
    schema: ArrayBuilder,
    description: &str,
) -> (&'static str, Parameter) {
    let parameter = query_builder(name, schema.build(), description)
        .style(Some(ParameterStyle::Form))
        .explode(Some(false));
    (name, parameter.build())
}

fn query_builder(name: &str, schema: impl Into<Described>, description: &str) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
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

fn server(draft: &mut Draft) {
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
