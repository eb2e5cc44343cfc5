//! `GET /api/openapi.json`

use crate::app::App;
use crate::error::Result;
use crate::extract::Answer;

/// The description of the API, as far as the caller may use it.
pub async fn document(_app: App) -> Result<Answer> {
    Ok(Answer::json(&serde_json::json!({})))
}
