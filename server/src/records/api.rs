//! Handlers of records.

use std::collections::HashSet;
use std::sync::Arc;

use super::answer::{complete, complete_one};
use super::list::{self, envelope};
use super::write::{self, Input};
use super::{delete as deletion, expand as expansion, fill, store};
use crate::accounts::notices;
use crate::app::{App, Effort};
use crate::budget::{Room, Share};
use crate::db::{Conn, owned};
use crate::error::{Error, GENERIC, Result};
use crate::extract::{
    Answer, Body, Create, Delete, Granted, List, Parts, Query, RecordBody, RecordId, Update, View,
};
use crate::files::accept::Stored;
use crate::policy::Grant;
use crate::projection::Fields;
use crate::schema::Record;
use crate::{files, json};
use expansion::Paths;

/// List records.
pub async fn list(granted: Granted<List>, app: App, query: Query) -> Result<Answer> {
    let grant = granted.grant;
    only_superusers_ask_about_requests(&grant, &query)?;
    let asked = list::Query::parse(&query)?;
    let paths = paths(&query);
    let fields = query.get("fields").cloned();
    let effort = Effort::short_if(grant.is_point_lookup() && paths.is_empty() && asked.is_short());
    let answers = app.answers.clone();
    let read = move |conn: &mut Conn, grant: &Grant| {
        let room = answers.room(&grant.request.caller);
        if fields.is_none()
            && paths.is_empty()
            && !grant.collection().is_view()
            && let Some(reveal) = store::reveal_of_all(grant)?
        {
            return page(&asked, room, |out, room| {
                let mut like = Record::new(Arc::clone(grant.collection()), Vec::new());
                like.reveal = reveal;
                list::each(conn, grant, &asked, &mut like.like_this(out, room))
            });
        }
        let fields = fields.as_ref().map(|fields| Fields::parse(fields));
        if paths.is_empty()
            && let Some(reveal) = store::reveal_of_all(grant)?
        {
            // One at a time, since the projection may be much smaller than the records.
            return page(&asked, room, |out, room| {
                list::each(conn, grant, &asked, &mut |row| {
                    for mut record in store::records(grant.collection(), vec![owned(row)]) {
                        record.reveal = reveal.clone();
                        push(out, room, &record, fields.as_ref());
                    }
                })
            });
        }
        let mut rows = answers.room(&grant.request.caller);
        let mut listed = list::list(conn, grant, &asked, &mut rows)?;
        let _expanded = complete(conn, grant, &mut listed.records, &paths, &answers)?;
        page(&asked, room, |out, room| {
            for record in listed.records {
                push(out, room, &record, fields.as_ref());
            }
            Ok(listed.extent)
        })
    };
    app.read(grant, effort, read).await
}

/// Adds a record to the items of a page, if there is room.
fn push(out: &mut Vec<u8>, room: &mut Room, record: &Record, fields: Option<&Fields>) {
    if room.is_full() {
        return;
    }
    if out.last() != Some(&b'[') {
        out.push(b',');
    }
    match fields {
        None => record.write(out),
        Some(fields) => out.extend_from_slice(&json::text(&fields.pick(&record.to_json()))),
    }
    room.reaches(out.len());
}

/// Writes a page. `write` writes the items while there is room, and returns the extent of the list.
fn page(
    asked: &list::Query,
    mut room: Room,
    write: impl FnOnce(&mut Vec<u8>, &mut Room) -> Result<list::Extent>,
) -> Result<Answer> {
    const BEGINNING: &[u8] = b"{\"items\":[";
    let mut out = Vec::with_capacity(8 << 10);
    out.extend_from_slice(BEGINNING);
    let extent = write(&mut out, &mut room)?;
    // The rest of the object after its items.
    let page = envelope(Vec::<u8>::new(), asked.page, asked.per_page, extent);
    out.extend_from_slice(&json::text(&page)[BEGINNING.len()..]);
    out.push(b'\n');
    room.reaches(out.len());
    room.check()?;
    Ok(Answer::Counted(json::escape(out), room))
}

/// View a record.
pub async fn view(granted: Granted<View>, app: App, id: RecordId, query: Query) -> Result<Answer> {
    let grant = granted.grant;
    let paths = paths(&query);
    let effort = Effort::short_if(grant.is_point_lookup() && paths.is_empty());
    let answers = app.answers.clone();
    let read = move |conn: &mut Conn, grant: &Grant| {
        let record = store::find(conn, grant, &id.0, None)?;
        let record = record.ok_or_else(Error::missing)?;
        complete_one(conn, grant, record, &paths, &answers)
    };
    let record = app.read(grant, effort, read).await?;
    Ok(Answer::Json(shown(&record, &query)))
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
    let Ready {
        input,
        stored,
        _held,
    } = ready(&app, &grant, body, None).await?;
    let effort = effort_of_write(&grant);
    let write = move |conn: &mut Conn, grant| write::create(conn, grant, &input);
    let outcome = app.write(grant, effort, write).await;
    let (grant, record) = written(&app, stored, outcome).await?;
    let record = completed(&app, grant, record, paths).await?;
    Ok(Answer::Written(shown(&record, &query)))
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
    let Ready {
        input,
        stored,
        _held,
    } = ready(&app, &grant, body, Some(&id.0)).await?;
    let effort = effort_of_write(&grant);
    let write = move |conn: &mut Conn, grant| write::update(conn, grant, &id.0, &input);
    let outcome = app.write(grant, effort, write).await;
    let (grant, record) = written(&app, stored, outcome).await?;
    let record = completed(&app, grant, record, paths).await?;
    Ok(Answer::Written(shown(&record, &query)))
}

/// The maximum size of the body of a delete, which only rules refer to.
const MAX_DELETE_BODY: usize = 64 << 10;

/// Delete a record.
pub async fn delete(
    granted: Granted<Delete>,
    app: App,
    id: RecordId,
    body: Body<MAX_DELETE_BODY>,
) -> Result<Answer> {
    let mut grant = granted.grant;
    grant.request.body = fill::typed(grant.collection(), body.object(GENERIC)?);
    let meta = app.meta();
    let delete = move |conn: &mut Conn, grant| {
        let record = deletion::delete(conn, &grant, &id.0)?;
        notices::deleted(conn, &meta, &grant, &record)
    };
    app.write(grant, Effort::Long, delete).await?;
    Ok(Answer::Nothing)
}

/// A write is short if no rule asks about the record, nor about who manages it.
fn effort_of_write(grant: &Grant) -> Effort {
    Effort::short_if(grant.is_point_lookup() && !grant.collection().is_auth())
}

/// A prepared body.
pub(crate) struct Ready {
    pub(crate) input: Arc<Input>,
    pub(crate) stored: Stored,
    /// The memory that the body takes.
    _held: Share,
}

/// Prepares a body. If that is costly, evaluates the rule first: a request that is refused hashes no password, stores
/// no file, and delays no write.
async fn ready(app: &App, grant: &Grant, body: RecordBody, id: Option<&str>) -> Result<Ready> {
    let (input, share) = prepare(app, grant, body.into_parts(GENERIC)?, id).await?;
    complete_input(app, grant, input, share, id).await
}

/// Like [`ready`], for a new account of somebody who signs in with another service: it needs no password.
pub(crate) async fn ready_without_password(
    app: &App,
    grant: &Grant,
    parts: Parts,
) -> Result<Ready> {
    let (mut input, share) = prepare(app, grant, parts, None).await?;
    let password = input.body.get("password").map(crate::fields::text_of);
    input.is_passwordless = password.is_none_or(|password| password.is_empty());
    complete_input(app, grant, input, share, None).await
}

async fn prepare(
    app: &App,
    grant: &Grant,
    parts: Parts,
    id: Option<&str>,
) -> Result<(Input, Share)> {
    let Parts {
        values,
        uploads,
        share,
    } = parts;
    let (collection, size) = (grant.collection(), share.held());
    let (bodies, random) = (&app.bodies, &app.random);
    let input = Input::prepare(collection, values, uploads, id, size, bodies, random).await?;
    Ok((input, share))
}

/// Does what is costly: hashes passwords and stores files.
async fn complete_input(
    app: &App,
    grant: &Grant,
    input: Input,
    share: Share,
    id: Option<&str>,
) -> Result<Ready> {
    let mut ready = Ready {
        input: Arc::new(input),
        stored: Stored::default(),
        _held: share,
    };
    if !ready.input.needs_plan() {
        return Ok(ready);
    }
    let (stored, record) = plan(app, grant, &ready.input, id).await?;
    if ready.input.is_pending() {
        let hash = stored.as_ref().map(|stored| stored.text("password"));
        let mut input = Arc::unwrap_or_clone(ready.input);
        input.hash(app, grant, hash).await?;
        ready.input = Arc::new(input);
    }
    let names: HashSet<String> = files::store::names(&record).collect();
    let files = ready.input.files.iter();
    let wanted = files.filter(|file| names.contains(&file.name));
    let collection = &grant.collection().def.id;
    let put = ready.stored.put(app, collection, record.id(), wanted).await;
    if let Err(error) = put {
        ready.stored.settle(app, Ok(&[])).await;
        return Err(error);
    }
    Ok(ready)
}

/// Returns the stored record, if there is one, and the record to be written; or why the write would fail.
async fn plan(
    app: &App,
    grant: &Grant,
    input: &Arc<Input>,
    id: Option<&str>,
) -> Result<(Option<Record>, Record)> {
    let (id, input) = (id.map(str::to_owned), Arc::clone(input));
    let plan = move |conn: &mut Conn, grant: &Grant| match &id {
        None => {
            let (_, record) = write::new(conn, grant.clone(), &input)?;
            Ok((None, record))
        }
        Some(id) => {
            let (_, stored, record) = write::changed_record(conn, grant.clone(), id, &input)?;
            Ok((Some(stored), record))
        }
    };
    app.read(grant.clone(), Effort::Long, plan).await
}

/// Deletes the stored files that the write did not use.
pub(crate) async fn written(
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

/// Completes a record for the response, after the write: expanding relations delays no other write.
async fn completed(app: &App, grant: Grant, mut record: Record, paths: Paths) -> Result<Record> {
    if paths.is_empty()
        && let Some(reveal) = store::reveal_of_all(&grant)?
    {
        record.reveal = reveal;
        return Ok(record);
    }
    let claimant = grant.request.claimant();
    let answers = app.answers.clone();
    let complete_all = move |conn: &mut Conn| {
        let mut records = [record];
        match complete(conn, &grant, &mut records, &paths, &answers) {
            // The write has happened, so the response is sent without the relations that there is no room for.
            Ok(_) | Err(Error::AnswerTooLarge(_) | Error::NoRoom) => {
                let [record] = records;
                Ok(record)
            }
            Err(error) => Err(error),
        }
    };
    app.db.read(&claimant, complete_all).await
}

/// Parses `?expand=`.
pub fn paths(query: &Query) -> Paths {
    query
        .get("expand")
        .map_or_else(Paths::default, |text| Paths::parse(text))
}

/// Returns the record as JSON, reduced to `?fields=`.
fn shown(record: &Record, query: &Query) -> Vec<u8> {
    if let Some(fields) = query.get("fields") {
        return json::body(&Fields::parse(fields).pick(&record.to_json()));
    }
    let mut out = Vec::with_capacity(512);
    record.write(&mut out);
    out.push(b'\n');
    json::escape(out)
}

/// Clients could find out by trial which values the rules compare with.
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
