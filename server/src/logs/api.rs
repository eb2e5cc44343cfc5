//! Routes of the log, for superusers and operators with its area.

use std::sync::Arc;

use crate::app::App;
use crate::error::{Error, Result};
use crate::extract::{Answer, LogsRead, Operator, Query, RecordId};
use crate::policy::{self, Grant};
use crate::records::list as lists;
use crate::schema::Collection;

use super::store;

/// List the log.
pub async fn list(operator: Operator<LogsRead>, app: App, query: Query) -> Result<Answer> {
    let asked = lists::Query::parse(&query)?;
    let (page, per_page) = (asked.page, asked.per_page);
    let grant = grant(&app);
    let mut room = app.answers.room(&operator.request.caller);
    let listed = app
        .logs
        .db
        .read(&operator.request.claimant(), move |conn| {
            lists::list(conn, &grant, &asked, &mut room)
        })
        .await?;
    let items = listed.records.iter().map(store::log).collect();
    let page = lists::envelope(items, page, per_page, listed.extent);
    Ok(Answer::page(&page, query.get("fields")))
}

/// View one entry.
pub async fn view(_: Operator<LogsRead>, app: App, id: RecordId, query: Query) -> Result<Answer> {
    let grant = grant(&app);
    let found = app
        .logs
        .db
        .read_few(move |conn| store::view(conn, &grant, &id.0))
        .await?;
    let log = found.as_ref().map(store::log).ok_or_else(Error::missing)?;
    Ok(Answer::picked(&log, &query))
}

/// Count the entries of each hour.
pub async fn stats(operator: Operator<LogsRead>, app: App, query: Query) -> Result<Answer> {
    let filter = query.get("filter").cloned().unwrap_or_default();
    let grant = grant(&app);
    let hours = app
        .logs
        .db
        .read(&operator.request.claimant(), move |conn| {
            store::hours(conn, &grant, &filter)
        })
        .await?;
    Ok(Answer::picked(&hours, &query))
}

fn grant(app: &App) -> Grant {
    let meta = Arc::new(Collection::of_log());
    policy::log(&app.schema.current(), &meta, app.clock.now())
}
