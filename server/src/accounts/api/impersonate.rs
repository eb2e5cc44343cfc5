//! Handler of impersonation: a superuser acts as another account for a limited time.

use plinth_sdk::types::{FieldProblems, Impersonation};

use super::sign_in::answer;
use super::{MAX_BODY, invalid, read};
use crate::accounts::{of_accounts, sessions};
use crate::app::App;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::extract::{Answer, Body, CollectionName, Query, RecordId, Superuser};
use crate::policy::system;
use crate::problems::AT_LEAST;
use crate::records::store;

/// Get a token of an account. It cannot be exchanged for a new one.
pub async fn impersonate(
    superuser: Superuser,
    app: App,
    name: CollectionName,
    id: RecordId,
    query: Query,
    body: Body<MAX_BODY>,
) -> Result<Answer> {
    let schema = app.schema.current();
    let missing = "Missing or invalid auth collection context.";
    let collection = of_accounts(schema.find(&name)).map_err(|_| Error::NotFound(missing))?;
    let request = superuser.request;
    let why = "superusers may act as any account";
    let grant = system(&schema, &collection, request.clone(), why);
    let find = move |conn: &mut Conn| store::find(conn, &grant, &id.0, None);
    let account = app.db.read_inline(find).await?.ok_or_else(Error::missing)?;
    let Impersonation { duration } = read(body)?;
    if duration < 0 {
        return Err(invalid(FieldProblems::from([(
            "duration".to_owned(),
            AT_LEAST.with([("threshold", 0.into())]),
        )])));
    }
    let token = sessions::impersonate(&app, &request, &account, duration).await?;
    answer(&app, request, account, token, &query).await
}
