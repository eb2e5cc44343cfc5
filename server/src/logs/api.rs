//! Routes of the log, for superusers and operators with its area.

use std::sync::Arc;

use plinth_sdk::types::{Log, LogHour, Page};

use crate::app::App;
use crate::error::{Error, Result};
use crate::extract::{Answer, LogsRead, Operator, Query, RecordId};
use crate::openapi::{BadRequest, Filter, ListParams, NotFound, RecordPath, Selection, tags};
use crate::policy::{self, Grant};
use crate::records::list as lists;
use crate::schema::Collection;

use super::store;

/// List log entries.
#[utoipa::path(
    get, path = "/api/logs", operation_id = "logs_list", tag = tags::LOGS,
    params(ListParams, Selection), responses((status = 200, body = Page<Log>), BadRequest)
)]
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

/// View a log entry.
#[utoipa::path(
    get, path = "/api/logs/{id}", operation_id = "logs_view", tag = tags::LOGS,
    params(RecordPath, Selection), responses((status = 200, body = Log), NotFound)
)]
pub async fn view(_: Operator<LogsRead>, app: App, id: RecordId, query: Query) -> Result<Answer> {
    let grant = grant(&app);
    let found = app
        .logs
        .db
        .read_inline(move |conn| store::view(conn, &grant, &id.0))
        .await?;
    let log = found.as_ref().map(store::log).ok_or_else(Error::missing)?;
    Ok(Answer::picked(&log, &query))
}

/// Count the log entries per hour.
#[utoipa::path(
    get, path = "/api/logs/stats", operation_id = "logs_stats", tag = tags::LOGS,
    params(Filter, Selection), responses((status = 200, body = Vec<LogHour>), BadRequest)
)]
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
