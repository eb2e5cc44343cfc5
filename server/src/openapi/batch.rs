//! Batches described.

use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::parts::{self, Route, anything, integer, list_of, object, reference, text};
use super::{Draft, Reader};

/// The tag. The space keeps it apart from names of collections.
const TAG: &str = "Several at once";

/// Writes down the route, where there is one.
pub(super) fn describe(reader: &Reader<'_>, draft: &mut Draft) {
    let settings = &reader.schema.settings.batch;
    if !settings.enabled {
        return;
    }
    draft.tag(
        TAG,
        "Several changes of records in one request: all are made, or none.",
    );
    schemas(draft);
    let batch = Route {
        tag: TAG,
        id: "batch".to_owned(),
        summary: "Make several changes at once".to_owned(),
        description: format!(
            "Each is asked for as by its own route, in their order. At most {}, within {} seconds. With files it is a \
             form: the changes as `@jsonPayload`, files as `requests.0.field`.",
            settings.max_requests, settings.timeout
        ),
        answer: Some("BatchResults"),
        parameters: &["fields"],
        problems: &[400, 403],
        needs_token: false,
    };
    let batch = batch.operation().request_body(Some(parts::body("Batch")));
    draft.route(HttpMethod::Post, "/api/batch", batch);
}

fn schemas(draft: &mut Draft) {
    let values = |of| {
        let values = ObjectBuilder::new().schema_type(Type::Object);
        values.additional_properties(Some(of))
    };
    let methods = ["POST", "PUT", "PATCH", "DELETE"];
    let method = text().enum_values(Some(methods)).description(Some(
        "`PUT` creates, or updates when the body's id is a record's.",
    ));
    let url = text().max_length(Some(2000)).description(Some(
        "Such as `/api/collections/posts/records?expand=author`.",
    ));
    let request = object([("method", method.into()), ("url", url.into())])
        .property("headers", values(text()))
        .property("body", values(anything()));
    draft.schema("BatchRequest", request);
    let requests = list_of(reference("BatchRequest")).min_items(Some(1));
    draft.schema("Batch", object([("requests", requests.build().into())]));
    let result = object([
        (
            "body",
            anything()
                .description(Some("The record, or `null`."))
                .into(),
        ),
        ("status", integer().into()),
    ]);
    draft.schema("BatchResult", result);
    draft.schema("BatchResults", list_of(reference("BatchResult")).build());
}
