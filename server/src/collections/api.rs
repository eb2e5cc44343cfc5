//! Handlers of collections, for superusers and operators. Built-in collections are changed by superusers only.

use std::sync::Arc;

use plinth_sdk::types::{self as wire, Page, Scaffolds};
use serde_json::{Map, Value as Json};

use super::{ahead, import, store};
use crate::app::{App, Effort};
use crate::db::Conn;
use crate::error::{Error, Result, UNREADABLE};
use crate::extract::{
    Answer, Body, CollectionName, CollectionsRead, CollectionsWrite, Operator, Query, Superuser,
    not_allowed,
};
use crate::openapi::{
    BadRequest, CollectionChanges, CollectionPath, ListParams, NewCollection, NotFound, Selection,
    tags,
};
use crate::policy::system;
use crate::problems::{INVALID, REQUIRED, UNLOADABLE, sentence};
use crate::records::list;
use crate::schema::{Author, Collection, Record};
use crate::system::defaults;
use crate::views;

/// List collections.
#[utoipa::path(
    get, path = "/api/collections", operation_id = "collections_list",
    tag = tags::COLLECTIONS, params(ListParams, Selection),
    responses((status = 200, body = Page<wire::Collection>), BadRequest)
)]
pub async fn list(operator: Operator<CollectionsRead>, app: App, query: Query) -> Result<Answer> {
    let schema = app.schema.current();
    let asked = list::Query::parse(&query)?;
    let meta = Arc::new(Collection::of_collections());
    let claimant = operator.request.claimant();
    let grant = crate::policy::collections(&schema, &meta, operator.request);
    let page_number = asked.page;
    let per_page = asked.per_page;
    let mut room = app.answers.room(&grant.request.caller);
    let page = app
        .db
        .read(&claimant, move |conn| {
            list::list(conn, &grant, &asked, &mut room)
        })
        .await?;
    let items: Vec<_> = page
        .records
        .iter()
        .filter_map(|record| schema.find(record.id()).map(|c| public(&c.def)))
        .collect();
    let page = list::envelope(items, page_number, per_page, page.extent);
    Ok(Answer::page(&page, query.get("fields")))
}

/// View a collection.
#[utoipa::path(
    get, path = "/api/collections/{collection}", operation_id = "collections_view",
    tag = tags::COLLECTIONS, params(CollectionPath, Selection),
    responses((status = 200, body = wire::Collection), NotFound)
)]
pub async fn view(
    _: Operator<CollectionsRead>,
    app: App,
    name: CollectionName,
    query: Query,
) -> Result<Answer> {
    let schema = app.schema.current();
    let collection = schema.find(&name).ok_or_else(Error::missing)?;
    Ok(answer(&collection.def, &query))
}

/// Create a collection.
#[utoipa::path(
    post, path = "/api/collections", operation_id = "collections_create",
    tag = tags::COLLECTIONS, params(Selection), request_body = NewCollection,
    responses((status = 200, body = wire::Collection), BadRequest)
)]
pub async fn create(
    operator: Operator<CollectionsWrite>,
    app: App,
    query: Query,
    body: Body,
) -> Result<Answer> {
    let body = body.object("Failed to load the collection type data due to invalid formatting.")?;
    let author = author(&operator);
    try_query(&app, &body, None, &operator).await?;
    let create = move |conn: &mut Conn| store::create(conn, &body, author);
    let collection = app.change(create).await?;
    Ok(answer(&collection.def, &query))
}

/// Change a collection.
///
/// Members that the body omits keep their values. Only superusers change built-in collections.
#[utoipa::path(
    patch, path = "/api/collections/{collection}", operation_id = "collections_update",
    tag = tags::COLLECTIONS, params(CollectionPath, Selection), request_body = CollectionChanges,
    responses((status = 200, body = wire::Collection), BadRequest, NotFound)
)]
pub async fn update(
    operator: Operator<CollectionsWrite>,
    app: App,
    name: CollectionName,
    query: Query,
    body: Body,
) -> Result<Answer> {
    may_change(&app, &operator, &name)?;
    let body = body.object(UNREADABLE)?;
    let author = author(&operator);
    try_query(&app, &body, Some(&name), &operator).await?;
    ahead::build(&app, &name, &body, author).await?;
    let update = move |conn: &mut Conn| store::update(conn, &name, &body, author);
    let changed = app.change(update).await;
    ahead::settle(&app).await;
    let collection = changed?;
    Ok(answer(&collection.def, &query))
}

/// Delete a collection and its records.
///
/// Built-in collections cannot be deleted.
#[utoipa::path(
    delete, path = "/api/collections/{collection}", operation_id = "collections_delete",
    tag = tags::COLLECTIONS, params(CollectionPath), responses((status = 204), BadRequest, NotFound)
)]
pub async fn delete(
    operator: Operator<CollectionsWrite>,
    app: App,
    name: CollectionName,
) -> Result<Answer> {
    may_change(&app, &operator, &name)?;
    app.change(move |conn| Ok((store::delete(conn, &name)?, ())))
        .await?;
    Ok(Answer::Nothing)
}

/// Delete every record of a collection.
#[utoipa::path(
    delete, path = "/api/collections/{collection}/truncate", operation_id = "collections_truncate",
    tag = tags::COLLECTIONS, params(CollectionPath), responses((status = 204), BadRequest, NotFound)
)]
pub async fn truncate(
    operator: Operator<CollectionsWrite>,
    app: App,
    name: CollectionName,
) -> Result<Answer> {
    may_change(&app, &operator, &name)?;
    let schema = app.schema.current();
    let collection = schema.find(&name).ok_or_else(Error::missing)?;
    if collection.is_view() {
        return Err(Error::invalid(
            "View collections cannot be truncated since they don't store their own records.",
        ));
    }
    let failed = "Failed to truncate collection (most likely due to required cascade delete record references).";
    if collection.is_superusers() {
        return Err(Error::invalid(failed));
    }
    let grant = system(
        &schema,
        collection,
        operator.request,
        "whoever may delete the collection may truncate it",
    );
    let truncate = |conn: &mut Conn, grant| crate::records::delete::truncate(conn, &grant);
    let outcome = app.write(grant, Effort::Long, truncate).await;
    if let Err(Error::Invalid { .. }) = outcome {
        return Err(Error::invalid(failed));
    }
    outcome?;
    Ok(Answer::Nothing)
}

/// Runs the new query of a view with a time limit, so that one that never ends delays nobody.
async fn try_query(
    app: &App,
    body: &Map<String, Json>,
    name: Option<&str>,
    operator: &Operator<CollectionsWrite>,
) -> Result<()> {
    let author = author(operator);
    let schema = app.schema.current();
    let old = name.and_then(|name| schema.find(name));
    let is_view = match old {
        Some(old) => old.is_view(),
        None => body.get("type").and_then(Json::as_str) == Some("view"),
    };
    let Some(query) = body
        .get("viewQuery")
        .and_then(Json::as_str)
        .filter(|_| is_view)
    else {
        return Ok(());
    };
    let old_query = old.and_then(|old| old.def.view_query.as_deref());
    if query.is_empty() || old_query == Some(query) {
        return Ok(());
    }
    let id = old.map_or("", |old| &old.def.id);
    let sources = views::store::sources(&schema, author, id);
    match views::sample::take(
        &app.db,
        &operator.request.claimant(),
        query,
        &sources,
        &app.random,
    )
    .await
    {
        Err(Error::Invalid { message, .. }) => {
            let failed = if old.is_some() {
                store::UPDATE_FAILED
            } else {
                store::CREATE_FAILED
            };
            let problem = views::store::invalid(&message);
            Err(Error::field(failed, "viewQuery", problem))
        }
        outcome => outcome.map(drop),
    }
}

/// Try out the query of a view.
#[utoipa::path(
    post, path = "/api/collections/meta/dry-run-view", operation_id = "collections_dry_run_view",
    tag = tags::COLLECTIONS, params(Selection), request_body = wire::ViewQuery,
    responses((status = 200, body = wire::ViewSample), BadRequest)
)]
pub async fn dry_run_view(
    operator: Operator<CollectionsWrite>,
    app: App,
    query: Query,
    body: Body,
) -> Result<Answer> {
    let author = author(&operator);
    let mut body = body.object(UNLOADABLE)?;
    body.retain(|_, value| !value.is_null());
    let asked: wire::ViewQuery =
        serde_json::from_value(Json::Object(body)).map_err(|_| Error::invalid(UNLOADABLE))?;
    if let Some(problem) = views::sample::length_problem(&asked.query) {
        return Err(Error::field(INVALID, "query", problem));
    }
    let schema = app.schema.current();
    let sources = views::store::sources(&schema, author, "");
    match views::sample::take(
        &app.db,
        &operator.request.claimant(),
        &asked.query,
        &sources,
        &app.random,
    )
    .await
    {
        Ok(sample) => {
            let records = sample.records.iter();
            let sample = wire::ViewSample {
                fields: sample.fields,
                sample: records.map(Record::to_json).collect(),
            };
            Ok(Answer::picked(&sample, &query))
        }
        Err(Error::Invalid { message, .. }) => {
            let message = format!("Invalid view query. Raw error: \n{message}");
            Err(Error::invalid(sentence(&message)))
        }
        Err(error) => Err(error),
    }
}

fn author(operator: &Operator<CollectionsWrite>) -> Author {
    if operator.request.caller.is_superuser() {
        Author::Superuser
    } else {
        Author::Operator
    }
}

/// Refuses changes of system collections by operators.
fn may_change(app: &App, operator: &Operator<CollectionsWrite>, name: &str) -> Result<()> {
    let schema = app.schema.current();
    let is_system = schema
        .find(name)
        .is_some_and(|collection| collection.def.system);
    if is_system && !operator.request.caller.is_superuser() {
        return Err(not_allowed());
    }
    Ok(())
}

/// Create and change collections in one transaction.
#[utoipa::path(
    put, path = "/api/collections/import", operation_id = "collections_import",
    tag = tags::COLLECTIONS, request_body = wire::Import,
    responses((status = 204), BadRequest)
)]
pub async fn import(_: Superuser, app: App, body: Body) -> Result<Answer> {
    let mut body = body.object(UNLOADABLE)?;
    body.retain(|_, value| !value.is_null());
    let wanted: wire::Import =
        serde_json::from_value(Json::Object(body)).map_err(|_| Error::invalid(UNLOADABLE))?;
    if wanted.collections.is_empty() {
        return Err(Error::field(INVALID, "collections", REQUIRED.problem()));
    }
    app.change(move |conn| Ok((import::run(conn, &wanted)?, ())))
        .await?;
    ahead::settle(&app).await;
    Ok(Answer::Nothing)
}

/// Validate a definition without saving it.
///
/// With the id of a collection, the body is validated as a change of that collection; otherwise as a new one.
#[utoipa::path(
    post, path = "/api/collections/meta/check", operation_id = "collections_check",
    tag = tags::COLLECTIONS, request_body = CollectionChanges,
    responses((status = 204), BadRequest)
)]
pub async fn check(operator: Operator<CollectionsWrite>, app: App, body: Body) -> Result<Answer> {
    let author = author(&operator);
    let body = body.object(UNREADABLE)?;
    let schema = app.schema.current();
    // Building indexes for a test takes a moment.
    let (dialect, random) = (app.db.dialect(), app.random.clone());
    let check = move || store::check(&schema, &body, author, dialect, &random);
    let checked = actix_web::web::block(check).await;
    checked.map_err(Error::internal)??;
    Ok(Answer::Nothing)
}

/// Get a template for each collection type.
#[utoipa::path(
    get, path = "/api/collections/meta/scaffolds", operation_id = "collections_scaffolds",
    tag = tags::COLLECTIONS, params(Selection),
    responses((status = 200, body = Scaffolds))
)]
pub async fn scaffolds(_: Operator<CollectionsRead>, app: App, query: Query) -> Result<Answer> {
    let scaffold = |kind| public(&defaults::scaffold(kind, &app.random));
    let scaffolds = Scaffolds {
        auth: scaffold(wire::CollectionType::Auth),
        base: scaffold(wire::CollectionType::Base),
        view: scaffold(wire::CollectionType::View),
    };
    Ok(Answer::picked(&scaffolds, &query))
}

fn answer(def: &wire::Collection, query: &Query) -> Answer {
    Answer::picked(&public(def), query)
}

/// Returns the definition without the secrets of tokens and OAuth2 clients.
fn public(def: &wire::Collection) -> wire::Collection {
    let mut def = def.clone();
    if let Some(auth) = &mut def.auth {
        for token in [
            &mut auth.auth_token,
            &mut auth.password_reset_token,
            &mut auth.email_change_token,
            &mut auth.verification_token,
            &mut auth.file_token,
        ] {
            token.secret.clear();
        }
        for provider in &mut auth.oauth2.providers {
            provider.client_secret.clear();
        }
    }
    def
}
