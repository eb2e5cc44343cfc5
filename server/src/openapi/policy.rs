//! Routes of policies.

use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::{OneOfBuilder, SchemaType, Type};

use super::parts::{self, Route, boolean, constant, list_of, object, text};
use super::{Draft, Reader};
use crate::system::builtin::ACTIONS;

/// The tag. The space keeps it apart from names of collections.
const TAG: &str = "The policy";

/// Writes down the routes.
pub(super) fn describe(reader: &Reader<'_>, draft: &mut Draft) {
    let areas = Route {
        tag: TAG,
        id: "policy_areas".to_owned(),
        summary: "See the areas of the console that you see".to_owned(),
        description: "Whoever is signed in.".to_owned(),
        answer: Some("Areas"),
        parameters: &["fields"],
        problems: &[401],
        needs_token: true,
    };
    draft.tag(TAG, "Roles, beside the rules of the collections.");
    draft.schema("Areas", object([("areas", list_of(text()).build().into())]));
    draft.route(HttpMethod::Get, "/api/policy/areas", areas.operation());
    if !reader.is_superuser {
        return;
    }
    schemas(draft);
    let check = Route {
        tag: TAG,
        id: "policy_check".to_owned(),
        summary: "See whether somebody may do something, and what decides it".to_owned(),
        description: "Superusers only.".to_owned(),
        answer: Some("PolicyAnswer"),
        parameters: &["fields"],
        problems: &[400, 401, 403],
        needs_token: true,
    };
    let check = check.operation();
    let check = check.request_body(Some(parts::body("PolicyQuestion")));
    draft.route(HttpMethod::Post, "/api/policy/check", check);
}

fn schemas(draft: &mut Draft) {
    let account = object([("collection", text().into()), ("id", text().into())]);
    let subject = OneOfBuilder::new().item(constant("@guest")).item(account);
    let question = object([
        ("subject", subject.into()),
        ("action", text().enum_values(Some(ACTIONS)).into()),
        ("collection", text().into()),
    ]);
    let record = text().description(Some("Without it, the answer is about the collection."));
    draft.schema("PolicyQuestion", question.property("record", record));
    let kinds = ["superuser", "rule", "permission", "several", "nothing"];
    let decided_by = object([("kind", text().enum_values(Some(kinds)).into())]);
    let some_fields = list_of(text()).schema_type(SchemaType::from_iter([Type::Array, Type::Null]));
    let answer = object([
        ("allowed", boolean().into()),
        ("conditional", boolean().into()),
        ("reason", text().into()),
        ("decidedBy", decided_by.into()),
        ("fields", some_fields.build().into()),
    ]);
    draft.schema("PolicyAnswer", answer);
}
