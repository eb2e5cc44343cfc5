//! Routes of collections, described to superusers and operators.

use plinth_sdk::types::{self as wire, AuthOptions, FieldKind};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};

use super::Draft;
use super::parts::{
    self, Described, Route, anything, boolean, integer, list_of, object, page, reference, text,
};

/// The tag. The space keeps it apart from names of collections.
const TAG: &str = "The collections";

/// Writes down the routes, whose operations have ids that no collection's have: those begin with the verb.
#[expect(clippy::too_many_lines, reason = "one route after another")]
pub(super) fn describe(draft: &mut Draft) {
    draft.tag(
        TAG,
        "Definitions of tables, and of who may do what with their records. For superusers, and for operators whose roles have the area `collections:read` or `collections:write`; only superusers change system collections, and import.",
    );
    schemas(draft);
    let route = |verb: &str, summary: &str, answer, parameters, problems| Route {
        tag: TAG,
        id: format!("collections_{verb}"),
        summary: summary.to_owned(),
        description: "Superusers and operators only.".to_owned(),
        answer,
        parameters,
        problems,
        needs_token: true,
    };
    let (all, one) = ("/api/collections", "/api/collections/{collection}");

    let of_list: &[_] = &["page", "perPage", "sort", "filter", "skipTotal", "fields"];
    let list = route(
        "list",
        "List collections",
        Some("Collections"),
        of_list,
        &[400, 401, 403],
    );
    draft.route(HttpMethod::Get, all, list.operation());

    let create = route(
        "create",
        "Create a collection",
        Some("Collection"),
        &["fields"],
        &[400, 401, 403],
    );
    let create = create
        .operation()
        .request_body(Some(parts::body("NewCollection")));
    draft.route(HttpMethod::Post, all, create);

    let import = route(
        "import",
        "Create and update collections, all or none",
        None,
        &[],
        &[400, 401, 403],
    );
    let import = import
        .operation()
        .request_body(Some(parts::body("CollectionsImport")));
    draft.route(HttpMethod::Put, "/api/collections/import", import);

    let scaffolds = route(
        "scaffolds",
        "See a new collection of each type",
        Some("Scaffolds"),
        &["fields"],
        &[401, 403],
    );
    draft.route(
        HttpMethod::Get,
        "/api/collections/meta/scaffolds",
        scaffolds.operation(),
    );

    let services = route(
        "oauth2_providers",
        "See the services that accounts could be from",
        Some("OAuth2Providers"),
        &["fields"],
        &[401, 403],
    );
    oauth2_providers(draft, services);

    let dry_run = route(
        "dry_run_view",
        "See what would come of a view's query",
        Some("ViewSample"),
        &["fields"],
        &[400, 401, 403],
    );
    dry_run_view(draft, dry_run);

    let of_one: &[_] = &["Collection", "fields"];
    let view = route(
        "view",
        "View a collection",
        Some("Collection"),
        of_one,
        &[401, 403, 404],
    );
    draft.route(HttpMethod::Get, one, view.operation());

    let update = route(
        "update",
        "Update a collection",
        Some("Collection"),
        of_one,
        &[400, 401, 403, 404],
    );
    let update = update
        .operation()
        .request_body(Some(parts::body("CollectionChanges")));
    draft.route(HttpMethod::Patch, one, update);

    let delete = route(
        "delete",
        "Delete a collection and its records",
        None,
        &["Collection"],
        &[400, 401, 403, 404],
    );
    draft.route(HttpMethod::Delete, one, delete.operation());

    let truncate = route(
        "truncate",
        "Delete every record of a collection",
        None,
        &["Collection"],
        &[400, 401, 403, 404],
    );
    draft.route(
        HttpMethod::Delete,
        "/api/collections/{collection}/truncate",
        truncate.operation(),
    );
}

fn schemas(draft: &mut Draft) {
    draft.schema("Field", field());
    draft.schema("CollectionChanges", definition());
    let with = |more: ObjectBuilder| {
        AllOfBuilder::new()
            .item(reference("CollectionChanges"))
            .item(more)
    };
    let name = object([("name", text().pattern(Some(r"^\w+$")).into())]);
    draft.schema("NewCollection", with(name));
    let moment = || text().read_only(true);
    let mut whole = object([("created", moment().into()), ("updated", moment().into())]);
    for key in [
        "id",
        "listRule",
        "viewRule",
        "createRule",
        "updateRule",
        "deleteRule",
        "name",
        "type",
        "fields",
        "indexes",
        "system",
    ] {
        whole = whole.required(key);
    }
    draft.schema("Collection", with(whole));
    draft.schema("Collections", page(reference("Collection")));
    let scaffolds = object([
        ("auth", reference("Collection").into()),
        ("base", reference("Collection").into()),
        ("view", reference("Collection").into()),
    ]);
    draft.schema("Scaffolds", scaffolds);
    let query = text()
        .max_length(Some(5000))
        .description(Some("One `SELECT`."));
    draft.schema("ViewQuery", object([("query", query.into())]));
    let records = list_of(anything()).max_items(Some(10));
    let sample = object([
        ("fields", list_of(reference("Field")).build().into()),
        (
            "sample",
            records
                .description(Some("The first records."))
                .build()
                .into(),
        ),
    ]);
    draft.schema("ViewSample", sample);
    let collections = list_of(reference("CollectionChanges"))
        .min_items(Some(1))
        .description(Some("Matched with those that exist by id, then by name."));
    let deletes = boolean().default(Some(false.into())).description(Some(
        "Whether collections and fields that are not mentioned are deleted.",
    ));
    let import =
        object([("collections", collections.build().into())]).property("deleteMissing", deletes);
    draft.schema("CollectionsImport", import);
}

fn dry_run_view(draft: &mut Draft, route: Route<'_>) {
    let body = parts::body("ViewQuery");
    let operation = route.operation().request_body(Some(body));
    let path = "/api/collections/meta/dry-run-view";
    draft.route(HttpMethod::Post, path, operation);
}

fn oauth2_providers(draft: &mut Draft, route: Route<'_>) {
    let route = Route {
        description: "Superusers only.".to_owned(),
        ..route
    };
    let path = "/api/collections/meta/oauth2-providers";
    draft.route(HttpMethod::Get, path, route.operation());
    let service = object([
        (
            "name",
            text().description(Some("The name in definitions.")).into(),
        ),
        ("displayName", text().into()),
        ("logo", text().description(Some("SVG.")).into()),
    ]);
    draft.schema("OAuth2Providers", list_of(service));
}

/// What a definition can say.
fn definition() -> ObjectBuilder {
    let indexes = list_of(text()).description(Some("`CREATE [UNIQUE] INDEX` statements."));
    let mut definition = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(
            "What is left out stays as it is, or at its default. The auth options are for auth \
             collections.",
        ))
        .property(
            "id",
            text().description(Some("Stable: it survives a renaming.")),
        )
        .property(
            "name",
            text()
                .max_length(Some(255))
                .description(Some("Letters, digits and `_`.")),
        )
        .property(
            "type",
            text()
                .enum_values(Some(["base", "auth", "view"]))
                .description(Some("It cannot change.")),
        )
        .property(
            "system",
            boolean()
                .read_only(true)
                .description(Some("Whether Plinth itself needs it.")),
        )
        .property(
            "fields",
            list_of(reference("Field"))
                .description(Some(
                    "A view's are what its query finds, whatever is given.",
                ))
                .build(),
        )
        .property("indexes", indexes.build())
        .property(
            "viewQuery",
            text().description(Some("The `SELECT` of a view; only views have one.")),
        );
    for (key, who) in [
        ("listRule", "list records; also the filter of the list"),
        ("viewRule", "view a record"),
        ("createRule", "create a record"),
        ("updateRule", "update a record"),
        ("deleteRule", "delete a record"),
    ] {
        let what = format!(
            "Who may {who}: superusers only when null, everyone when empty, else whoever satisfies it."
        );
        definition = definition.property(key, rule(what));
    }
    let auth = AuthOptions {
        auth_token: secret(),
        password_reset_token: secret(),
        email_change_token: secret(),
        verification_token: secret(),
        file_token: secret(),
        ..AuthOptions::default()
    };
    for (key, value) in members(&auth) {
        definition = definition.property(&key, like(&key, &value));
    }
    definition
}

/// A token's options with everything that they can have.
fn secret() -> wire::Token {
    wire::Token {
        secret: "x".to_owned(),
        ..wire::Token::default()
    }
}

/// A field: what all have, and the options of its type.
fn field() -> OneOfBuilder {
    FieldKind::each()
        .into_iter()
        .fold(OneOfBuilder::new(), |all, kind| {
            let title = format!("A field of type {}", kind.name());
            let mut one = ObjectBuilder::new()
                .schema_type(Type::Object)
                .title(Some(title))
                .required("name")
                .required("type");
            for (key, value) in members(&wire::Field::new("", kind)) {
                let schema = match key.as_str() {
                    "type" => parts::constant(value).into(),
                    key => like(key, &value),
                };
                one = one.property(key, schema);
            }
            all.item(one)
        })
}

fn members(value: &impl Serialize) -> Map<String, Json> {
    match serde_json::to_value(value) {
        Ok(Json::Object(members)) => members,
        _ => Map::new(),
    }
}

/// The schema of what is like `value`, an option's default: it follows the types that definitions are made of.
fn like(key: &str, value: &Json) -> Described {
    match value {
        Json::Null if key == "authRule" => {
            rule("Which accounts may sign in: none when null, all when empty.")
        }
        Json::Null if key == "manageRule" => {
            rule("Who may change another account's e-mail address and password.")
        }
        Json::Null if key.ends_with("Domains") => list_of(text())
            .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
            .build()
            .into(),
        Json::Null => ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Number, Type::Null]))
            .into(),
        Json::Bool(_) => boolean().into(),
        Json::Number(_) => integer().into(),
        Json::String(_) if key == "secret" => text().write_only(true).into(),
        Json::String(_) => text().into(),
        Json::Array(_) if key == "providers" => list_of(anything()).build().into(),
        Json::Array(_) => list_of(text()).build().into(),
        Json::Object(members) => {
            let object = ObjectBuilder::new().schema_type(Type::Object);
            members
                .iter()
                .fold(object, |object, (key, value)| {
                    object.property(key, like(key, value))
                })
                .into()
        }
    }
}

fn rule(what: impl Into<String>) -> Described {
    let kind = SchemaType::from_iter([Type::String, Type::Null]);
    text().schema_type(kind).description(Some(what)).into()
}
