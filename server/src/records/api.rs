//! Routes of records.

use std::sync::Arc;

use super::list::{self, envelope};
use super::write::{self, Input};
use super::{Record, delete as deletion, expand as expansion, pick::Fields, store};
use crate::app::App;
use crate::db::Conn;
use crate::error::{Error, GENERIC, Result};
use crate::extract::{
    Answer, Create, Delete, Granted, List, Query, RecordBody, RecordId, Update, View,
};
use crate::files::{self, accept::Stored};
use crate::json;
use crate::policy::Grant;
use expansion::Paths;

/// List records.
pub async fn list(granted: Granted<List>, app: App, query: Query) -> Result<Answer> {
    let grant = granted.grant;
    only_superusers_ask_about_requests(&grant, &query)?;
    let asked = list::Query::parse(&query)?;
    let paths = paths(&query);
    let fields = query.get("fields").cloned();
    let is_short = grant.is_quick() && paths.is_empty() && asked.is_short();
    let read = move |conn: &mut Conn, grant: &Grant| {
        if fields.is_none()
            && paths.is_empty()
            && !grant.collection().is_view()
            && let Some(reveal) = store::reveal_of_all(grant)?
        {
            return page(&asked, |out| {
                let mut like = Record::new(Arc::clone(grant.collection()), Vec::new());
                like.reveal = reveal;
                list::each(conn, grant, &asked, &mut like.like_this(out))
            });
        }
        let mut listed = list::list(conn, grant, &asked)?;
        complete(conn, grant, &mut listed.records, &paths)?;
        let (records, extent) = (listed.records, listed.extent);
        if fields.is_some() {
            let items = records.iter().map(Record::to_json).collect();
            let page = envelope(items, asked.page, asked.per_page, extent);
            return Ok(Answer::page(&page, fields.as_ref()));
        }
        page(&asked, |out| {
            for (index, record) in records.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                record.write(out);
            }
            Ok(extent)
        })
    };
    app.read(grant, is_short, read).await
}

/// A page, whose items `write` writes; it says how far the list goes beyond them.
fn page(
    asked: &list::Query,
    write: impl FnOnce(&mut Vec<u8>) -> Result<list::Extent>,
) -> Result<Answer> {
    const BEGINNING: &[u8] = b"{\"items\":[";
    let mut out = Vec::with_capacity(8 << 10);
    out.extend_from_slice(BEGINNING);
    let extent = write(&mut out)?;
    // The envelope without items, from its first key after them.
    let page = envelope(Vec::<u8>::new(), asked.page, asked.per_page, extent);
    out.extend_from_slice(&json::text(&page)[BEGINNING.len()..]);
    out.push(b'\n');
    Ok(Answer::Json(json::escape(out)))
}

/// View a record.
pub async fn view(granted: Granted<View>, app: App, id: RecordId, query: Query) -> Result<Answer> {
    let grant = granted.grant;
    let paths = paths(&query);
    let is_short = grant.is_quick() && paths.is_empty();
    let read = move |conn: &mut Conn, grant: &Grant| {
        let record = store::find(conn, grant, &id.0, None)?;
        complete_one(conn, grant, record.ok_or_else(Error::missing)?, &paths)
    };
    let record = app.read(grant, is_short, read).await?;
    Ok(answer(&record, &query))
}

/// Create a record.
pub async fn create(
    granted: Granted<Create>,
    app: App,
    query: Query,
    body: RecordBody,
) -> Result<Answer> {
    let grant = granted.grant;
    let paths = paths(&query);
    let input = Input::prepare(&app, &grant, body.into_parts(GENERIC)?, None).await?;
    let input = Arc::new(input);
    let stored = store_files(&app, &grant, &input, None).await?;
    let is_short = is_short(&grant);
    let write = move |conn: &mut Conn, grant| write::create(conn, grant, &input);
    let outcome = app.write(grant, is_short, write).await;
    let (grant, record) = written(&app, stored, outcome).await?;
    let record = completed(&app, grant, record, paths).await?;
    Ok(answer(&record, &query))
}

/// Update a record.
pub async fn update(
    granted: Granted<Update>,
    app: App,
    id: RecordId,
    query: Query,
    body: RecordBody,
) -> Result<Answer> {
    let grant = granted.grant;
    let paths = paths(&query);
    let input = Input::prepare(&app, &grant, body.into_parts(GENERIC)?, Some(&id.0)).await?;
    let input = Arc::new(input);
    let stored = store_files(&app, &grant, &input, Some(&id.0)).await?;
    let is_short = is_short(&grant);
    let write = move |conn: &mut Conn, grant| write::update(conn, grant, &id.0, &input);
    let outcome = app.write(grant, is_short, write).await;
    let (grant, record) = written(&app, stored, outcome).await?;
    let record = completed(&app, grant, record, paths).await?;
    Ok(answer(&record, &query))
}

/// Delete a record.
pub async fn delete(granted: Granted<Delete>, app: App, id: RecordId) -> Result<Answer> {
    let grant = granted.grant;
    let delete = move |conn: &mut Conn, grant| deletion::delete(conn, &grant, &id.0);
    app.write(grant, false, delete).await?;
    Ok(Answer::Nothing)
}

/// Whether a record is written in microseconds: nothing is asked about it, or about who manages it.
fn is_short(grant: &Grant) -> bool {
    grant.is_quick() && !grant.collection().is_auth()
}

/// Stores the files that came along, unless the write would be refused: no write waits for a storage.
async fn store_files(
    app: &App,
    grant: &Grant,
    input: &Arc<Input>,
    id: Option<&str>,
) -> Result<Stored> {
    let mut stored = Stored::default();
    if input.files.is_empty() {
        return Ok(stored);
    }
    let (id, asked) = (id.map(str::to_owned), Arc::clone(input));
    let plan = move |conn: &mut Conn, grant: &Grant| match &id {
        None => write::new(conn, grant.clone(), &asked).map(|(_, record)| record),
        Some(id) => write::changed_record(conn, grant.clone(), id, &asked).map(|planned| planned.2),
    };
    let record = app.read(grant.clone(), false, plan).await?;
    let named: Vec<String> = files::store::names(&record).collect();
    let wanted = input.files.iter().filter(|file| named.contains(&file.name));
    let collection = &grant.collection().def.id;
    if let Err(error) = stored.put(app, collection, record.id(), wanted).await {
        stored.settle(app, Ok(&[])).await;
        return Err(error);
    }
    Ok(stored)
}

/// Takes back the files that the write did not come to need.
async fn written(
    app: &App,
    stored: Stored,
    outcome: Result<(Grant, Record)>,
) -> Result<(Grant, Record)> {
    let named = outcome.as_ref().map(|(_, record)| {
        let names = files::store::names(record);
        names.collect::<Vec<_>>()
    });
    stored
        .settle(app, named.as_deref().map_err(|error| *error))
        .await;
    outcome
}

/// The record as it is answered, after the write: what it takes to expand it keeps no other write waiting.
async fn completed(app: &App, grant: Grant, mut record: Record, paths: Paths) -> Result<Record> {
    if paths.is_empty()
        && let Some(reveal) = store::reveal_of_all(&grant)?
    {
        record.reveal = reveal;
        return Ok(record);
    }
    let complete = move |conn: &mut Conn| complete_one(conn, &grant, record, &paths);
    app.db.read(complete).await
}

/// Adds what the caller may see of the record, and what it refers to.
pub fn complete_one(
    conn: &mut Conn,
    grant: &Grant,
    record: Record,
    paths: &Paths,
) -> Result<Record> {
    let mut records = [record];
    complete(conn, grant, &mut records, paths)?;
    let [record] = records;
    Ok(record)
}

fn complete(conn: &mut Conn, grant: &Grant, records: &mut [Record], paths: &Paths) -> Result<()> {
    store::reveal(conn, grant, records)?;
    expansion::expand(conn, grant, records, paths)
}

/// What `?expand=` asks for.
pub fn paths(query: &Query) -> Paths {
    query
        .get("expand")
        .map_or_else(Paths::default, |text| Paths::parse(text))
}

fn answer(record: &Record, query: &Query) -> Answer {
    if let Some(fields) = query.get("fields") {
        return Answer::json(&Fields::parse(fields).pick(&record.to_json()));
    }
    let mut out = Vec::with_capacity(512);
    record.write(&mut out);
    out.push(b'\n');
    Answer::Json(json::escape(out))
}

/// Others could find out by trial what the rules compare with.
fn only_superusers_ask_about_requests(grant: &Grant, query: &Query) -> Result<()> {
    if grant.request.caller.is_superuser() {
        return Ok(());
    }
    for parameter in ["filter", "sort"] {
        let text = query.get(parameter).map_or("", String::as_str);
        if text.contains("@request.") {
            return Err(Error::forbidden("Only superusers can filter by @request."));
        }
        if text.contains("@collection.") {
            return Err(Error::forbidden(
                "Only superusers can filter by @collection.",
            ));
        }
    }
    Ok(())
}
