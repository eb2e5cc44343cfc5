//! Handler that ends sessions. One by one, they are listed and deleted as records of `_authSessions`.

use std::sync::Arc;

use crate::accounts::{of_accounts, of_another_collection, sessions};
use crate::app::{App, Effort};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::extract::{Answer, CallerRequest, CollectionName};
use crate::policy::Grant;
use crate::request::Caller;

/// Sign out everywhere else: end all sessions of the caller except the one that asks.
pub async fn end_others(app: App, name: CollectionName, request: CallerRequest) -> Result<Answer> {
    let schema = app.schema.current();
    let collection = of_accounts(schema.find(&name))?;
    let Caller::Account(account) = request.0.caller.clone() else {
        return Err(Error::Unauthenticated);
    };
    if account.record.collection.def.id != collection.def.id {
        return Err(of_another_collection(&account));
    }
    let grant = sessions::grant(&schema, request.0.now)?;
    let account = Arc::clone(&account);
    let end = move |conn: &mut Conn, grant: Grant| {
        sessions::end_all(conn, &grant, &account.record, account.session.as_deref())
    };
    app.write(grant, Effort::Long, end).await?;
    Ok(Answer::Nothing)
}
