//! `GET /api/openapi.json`

use crate::app::App;
use crate::error::Result;
use crate::extract::{Answer, CallerRequest, Query};

/// The description of the API, as far as the caller may use it.
pub async fn document(app: App, request: CallerRequest, query: Query) -> Result<Answer> {
    let document = super::document(&app.schema.current(), &request.0.caller);
    Ok(Answer::picked(&document, &query))
}
