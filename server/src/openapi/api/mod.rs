//! `GET /api/openapi.json`

mod groups;

use utoipa::openapi::OpenApi;

use super::{Selection, tags};
use crate::app::App;
use crate::error::Result;
use crate::extract::{Answer, CallerRequest, Query};
use crate::policy::Snapshot;
use crate::request::Caller;

/// Describe the API in OpenAPI 3.1.
///
/// The document contains what the caller may use.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "openapi", tag = tags::STATUS, params(Selection),
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = BTreeMap<String, serde_json::Value>))
)]
pub async fn document(app: App, request: CallerRequest, query: Query) -> Result<Answer> {
    let document = describe(&app.schema.current(), &request.0.caller);
    Ok(Answer::picked(&document, &query))
}

/// Returns the document for this caller.
pub(super) fn describe(schema: &Snapshot, caller: &Caller) -> OpenApi {
    super::document(schema, caller, &groups::ALL)
}
