//! Handlers of files.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};

use super::answer::{self, File};
use super::thumbs::Original;
use super::{storage, store, thumb};
use crate::app::{App, Effort};
use crate::db::{Claimant, Conn};
use crate::error::{Error, Result};
use crate::extract::{self, Answer, CallerRequest, CollectionName, Headers, Query, RecordId};
use crate::fields;
use crate::openapi::{FileParams, FilePath, NotFound, tags};
use crate::policy::{self, Action, Grant, Reach, Snapshot};
use crate::records::store as records;
use crate::request::Caller;
use crate::schema::{Collection, Record};
use crate::{accounts, tokens, views};
use plinth_sdk::types::{FieldKind, FileOptions, FileToken};

/// Get a short-lived token for protected files.
#[utoipa::path(
    post, path = "/api/files/token", operation_id = "file_token", tag = tags::FILES,
    responses((status = 200, body = FileToken))
)]
pub async fn token(CallerRequest(request, _): CallerRequest) -> Result<Answer> {
    let account = request.caller.account().ok_or(Error::Unauthenticated)?;
    let token = tokens::file(account, request.now)?;
    Ok(Answer::json(&FileToken { token }))
}

/// Download a file, or a thumbnail of it.
///
/// Open to everyone who knows the file's name; a protected file is served only to callers who may view its record.
/// Conditional requests and a single byte range are supported.
#[utoipa::path(
    get, path = "/api/files/{collection}/{id}/{filename}", operation_id = "file", tag = tags::FILES,
    params(FilePath, FileParams),
    responses((status = 200, description = "The content.", content(("*/*"))), NotFound)
)]
pub async fn serve(
    http: HttpRequest,
    app: App,
    collection: CollectionName,
    id: RecordId,
    query: Query,
) -> Result<HttpResponse> {
    let name = extract::segment(&http, "filename");
    let name = name.as_str();
    let schema = app.schema.current();
    let collection = schema
        .find(&collection)
        .ok_or(Error::NotFound("Missing or invalid collection context."))?;
    let why = "who has the name of a file that is not protected may read it";
    let request = extract::request(&http, Headers::Omitted)?;
    let claimant = request.claimant();
    let unruled = policy::system(&schema, collection, request, why);
    let effort = Effort::short_if(unruled.is_point_lookup());
    let find = move |conn: &mut Conn, grant: &Grant| records::find(conn, grant, &id.0, None);
    let record = app.read(unruled, effort, find).await?;
    let record = record.ok_or_else(Error::missing)?;
    let (field, options) = field_of(&record, name).ok_or_else(Error::missing)?;
    let asker = Asker {
        app: &app,
        http: &http,
        query: &query,
    };
    asker.may_read(&schema, &record, field, options).await?;
    let is_public = !options.protected && !is_limited(&schema, &record.collection, &Caller::Guest)?;

    let (collection, id) = holder(&app, &claimant, &record, field, name).await?;
    let original = Original {
        collection: &collection,
        record: &id,
        name,
    };
    let mut file = File {
        path: storage::file(original.collection, original.record, name),
        name: name.to_owned(),
        is_download: is_true(query.get("download")),
        is_public,
    };
    let size = query.get("thumb").filter(|size| is_declared(options, size));
    if let Some(size) = size
        && let Some(path) = app
            .files
            .thumbs
            .find(&app.files.storage, original, size)
            .await?
    {
        file.path = path;
        file.name = format!("{size}_{name}");
    }
    let answer = answer::answer(&http, &app.files.storage, &file).await?;
    answer.ok_or_else(Error::missing)
}

/// Returns the collection and record that own the file: a view shows files of other collections.
async fn holder(
    app: &App,
    claimant: &Claimant,
    record: &Record,
    field: &str,
    name: &str,
) -> Result<(String, String)> {
    let id = record.id().to_owned();
    if !record.collection.is_view() {
        return Ok((record.collection.def.id.clone(), id));
    }
    let schema = app.schema.current();
    let origin = views::store::origin(&schema, &record.collection, field);
    let (collection, field) = origin.ok_or_else(Error::missing)?;
    let (of, name) = (Arc::clone(&collection), name.to_owned());
    let find = move |conn: &mut Conn| match of.column(&field) {
        Some(column) => store::holder(conn, &of, column, &name, &id),
        None => Ok(None),
    };
    let id = app
        .db
        .read(claimant, find)
        .await?
        .ok_or_else(Error::missing)?;
    Ok((collection.def.id.clone(), id))
}

/// Returns the file field that contains this name, with its options.
fn field_of<'a>(record: &'a Record, name: &str) -> Option<(&'a str, &'a FileOptions)> {
    let fields = record.collection.def.fields.iter().zip(&record.values);
    fields
        .filter_map(|(field, value)| {
            if let FieldKind::File(options) = &field.kind {
                return Some((field, value, options));
            }
            None
        })
        .find(|(_, value, _)| fields::items(value).iter().any(|known| known == name))
        .map(|(field, _, options)| (field.name.as_str(), options))
}

/// Refuses other sizes: each would be stored.
fn is_declared(options: &FileOptions, size: &str) -> bool {
    size == thumb::DEFAULT || options.thumbs.iter().flatten().any(|known| known == size)
}

/// Parses a bool as PocketBase does.
fn is_true(text: Option<&String>) -> bool {
    let yes = ["1", "t", "T", "true", "TRUE", "True"];
    text.is_some_and(|text| yes.contains(&text.as_str()))
}

/// The caller of a request for a file.
struct Asker<'a> {
    app: &'a App,
    http: &'a HttpRequest,
    query: &'a Query,
}

impl Asker<'_> {
    /// Refuses callers that may not read the field. If it is not protected, only roles are considered.
    async fn may_read(
        &self,
        schema: &Arc<Snapshot>,
        record: &Record,
        field: &str,
        options: &FileOptions,
    ) -> Result<()> {
        let token = self.query.get("token").map_or("", String::as_str);
        let by_token = accounts::bearer(self.app, token, tokens::Kind::File).await?;
        let collection = &record.collection;
        let caller = match &by_token {
            Caller::Guest if !options.protected => extract::caller(self.http)?,
            Caller::Guest | Caller::Account(_) => by_token,
        };
        if !options.protected && !is_limited(schema, collection, &caller)? {
            return Ok(());
        }
        let mut request = extract::request(self.http, Headers::included_if(schema.ask_headers))?;
        request.caller = caller;
        let request = request.within("protectedFile");
        let grant = policy::grant(
            Arc::clone(schema),
            request,
            &collection.def.id,
            Action::View,
        );
        let grant = grant.map_err(|_| Error::missing())?;
        let (id, field, protected) = (record.id().to_owned(), field.to_owned(), options.protected);
        let ask = move |conn: &mut Conn, grant: &Grant| {
            let found = records::find(conn, grant, &id, None)?.ok_or_else(Error::missing)?;
            let mut found = [found];
            records::reveal(conn, grant, &mut found)?;
            let [found] = &found;
            let is_hidden = found
                .collection
                .column(&field)
                .is_none_or(|column| column.hidden);
            let is_shown =
                found.reaches(&field) && (found.reveal.hidden || !is_hidden || !protected);
            if is_shown {
                Ok(())
            } else {
                Err(Error::missing())
            }
        };
        match self.app.read(grant, Effort::Long, ask).await {
            Err(Error::Forbidden(_)) => Err(Error::missing()),
            outcome => outcome,
        }
    }
}

/// Whether roles limit the caller to some of the collection's fields.
fn is_limited(schema: &Snapshot, collection: &Collection, caller: &Caller) -> Result<bool> {
    let reach = Reach::of(&schema.policies, caller, collection, Action::View)?;
    Ok(!caller.is_superuser() && reach.has_field_limits())
}
