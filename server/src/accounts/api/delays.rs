//! Handlers of the delays after failed sign-ins, for superusers.

use plinth_sdk::types::SignInDelay;

use crate::accounts::attempts::store;
use crate::app::App;
use crate::db::{Claimant, Conn};
use crate::error::{Error, Result};
use crate::extract::{Answer, Query, RecordId, Superuser};
use crate::openapi::{NotFound, RecordPath, Selection, tags};

/// List the delays, the latest failure first.
#[utoipa::path(
    get, path = "/api/accounts/delays", operation_id = "delays_list", tag = tags::DELAYS,
    params(Selection), responses((status = 200, body = Vec<SignInDelay>))
)]
pub async fn list(_: Superuser, app: App, query: Query) -> Result<Answer> {
    let delays = app.db.read(&Claimant::Server, store::delays).await?;
    Ok(Answer::picked(&delays, &query))
}

/// Lift a delay: forget the failures that it comes from.
#[utoipa::path(
    delete, path = "/api/accounts/delays/{id}", operation_id = "delays_lift", tag = tags::DELAYS,
    params(RecordPath), responses((status = 204), NotFound)
)]
pub async fn lift(_: Superuser, app: App, id: RecordId) -> Result<Answer> {
    let lift = move |conn: &mut Conn| store::delete(conn, &id.0);
    if app.db.write(lift).await? {
        Ok(Answer::Nothing)
    } else {
        Err(Error::missing())
    }
}
