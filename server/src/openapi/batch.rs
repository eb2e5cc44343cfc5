//! Batches, whose limits are settings.

use plinth_sdk::types::{Batch, BatchResult};
use utoipa::ToSchema;
use utoipa::openapi::path::HttpMethod;

use super::parts::{self, Route, list_of, reference};
use super::{Draft, Reader, tags};

/// Adds the route to the document, if batches are enabled.
pub(super) fn describe(reader: &Reader<'_>, draft: &mut Draft) {
    let settings = &reader.schema.settings.batch;
    if !settings.enabled {
        return;
    }
    draft.type_of::<Batch>();
    draft.type_of::<BatchResult>();
    let results = list_of(reference(&BatchResult::name()));
    draft.schema("BatchResults", results.build());
    let batch = Route {
        tag: tags::BATCH,
        id: "batch".to_owned(),
        summary: "Make several changes in one request".to_owned(),
        description: format!(
            "Each change is made, and authorized, as by its own route, in the given order. At most {} changes, within {} \
             seconds. A batch with files is a form: the changes as `@jsonPayload`, and files as `requests.0.field`.",
            settings.max_requests, settings.timeout
        ),
        answer: Some("BatchResults"),
        parameters: &["fields"],
        problems: &[400, 403],
        needs_token: false,
    };
    let batch = batch.operation();
    let batch = batch.request_body(Some(parts::body(&Batch::name())));
    draft.route(HttpMethod::Post, "/api/batch", batch);
}
