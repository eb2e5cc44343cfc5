//! Prepares each change of a batch before the transaction: its route, its values, and password hashes.

use std::sync::Arc;

use plinth_sdk::types::BatchRequest;

use super::failed_at;
use super::read::Wish;
use crate::app::App;
use crate::budget::Budget;
use crate::db::Conn;
use crate::error::{Error, GENERIC, Result};
use crate::extract::form::is_escaped;
use crate::extract::{decoded, parameters};
use crate::fields;
use crate::files::accept::Stored;
use crate::json_reader;
use crate::policy::{self, Action, Grant, Snapshot, system};
use crate::projection::Fields;
use crate::random::Random;
use crate::records::expand::Paths;
use crate::records::write::Input;
use crate::records::{fill, limits, store};
use crate::request::Request;

/// The kind of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Create,
    /// Of the record of this id.
    Update(String),
    /// Of the record of this id.
    Delete(String),
    /// Create, or update if a record with the body's id exists.
    Upsert,
}

/// A prepared change.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) wanted: Wanted,
    pub(super) input: Input,
    /// The id or name of the collection.
    collection: String,
    /// The id of the record whose files are stored.
    record: String,
    /// The request as rules see it.
    pub(super) request: Request,
    /// The expanded relations and the projection of the response.
    pub(super) paths: Paths,
    pub(super) fields: Option<Fields>,
}

/// Prepares the changes.
pub(super) async fn all(app: &App, request: &Request, wishes: Vec<Wish>) -> Result<Vec<Step>> {
    let schema = app.schema.current();
    let mut steps = Vec::with_capacity(wishes.len());
    for (position, wish) in wishes.into_iter().enumerate() {
        let step = one(&schema, &app.bodies, request, wish, &app.random).await;
        steps.push(step.map_err(|error| failed_at(position, error))?);
    }
    Ok(steps)
}

async fn one(
    schema: &Arc<Snapshot>,
    bodies: &Budget,
    request: &Request,
    wish: Wish,
    random: &Random,
) -> Result<Step> {
    let BatchRequest {
        method,
        url,
        headers,
        body,
    } = wish.request;
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let (wanted, collection) = route(&method, path).ok_or(Error::invalid(GENERIC))?;
    if !is_escaped(query) || !is_escaped(path) {
        return Err(Error::invalid(GENERIC));
    }
    let mut request = request.within("batch");
    request.query = parameters(query);
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase().replace('-', "_"), value));
    // The caller is that of the whole batch.
    let headers = headers.filter(|(name, _)| name != "authorization");
    request.headers.extend(headers);
    let given = |name: &str| request.query.get(name);
    let mut step = Step {
        wanted,
        paths: given("expand").map_or_else(Paths::default, |text| Paths::parse(text)),
        fields: given("fields").map(|text| Fields::parse(text)),
        collection: decoded(collection),
        record: String::new(),
        request,
        input: Input::default(),
    };
    // Checked before more work is done for a caller that may not do it at all.
    let grant = step.may_be_granted(schema)?;
    let collection = grant.collection();
    let mut body = body;
    body.retain(|key, _| collection.takes(key) || schema.body_keys.contains(key));
    if json_reader::size_of(&body) > limits::of(&collection.def.fields).texts {
        return Err(Error::TooLarge);
    }
    let id = match &step.wanted {
        Wanted::Create => None,
        Wanted::Update(id) => Some(id.clone()),
        Wanted::Upsert => body.get("id").map(|id| fields::text_of(id).into_owned()),
        Wanted::Delete(_) => {
            step.request.body = fill::typed(grant.collection(), body);
            return Ok(step);
        }
    };
    let (values, uploads) = (body, wish.uploads);
    let size = json_reader::size_of(&values);
    let id_sent = id.as_deref();
    step.input = Input::prepare(collection, values, uploads, id_sent, size, bodies, random).await?;
    step.collection.clone_from(&grant.collection().def.id);
    step.record = step.input.id.clone().or(id).unwrap_or_default();
    Ok(step)
}

/// Parses the kind of a change and its collection.
fn route<'a>(method: &str, path: &'a str) -> Option<(Wanted, &'a str)> {
    let mut parts = path.strip_prefix("/api/collections/")?.split('/');
    let collection = parts.next().filter(|name| !name.is_empty())?;
    parts.next().filter(|part| *part == "records")?;
    let id = parts.next();
    if id == Some("") || parts.next().is_some() {
        return None;
    }
    let wanted = match (method, id) {
        ("POST", None) => Wanted::Create,
        ("PUT", None) => Wanted::Upsert,
        ("PATCH", Some(id)) => Wanted::Update(decoded(id)),
        ("DELETE", Some(id)) => Wanted::Delete(decoded(id)),
        _ => return None,
    };
    Some((wanted, collection))
}

/// Whether the changes need costly work that a rule may refuse.
pub(super) fn are_costly(request: &Request, steps: &[Step]) -> bool {
    let is_costly = |step: &Step| step.input.is_pending() || !step.input.files.is_empty();
    !request.caller.is_superuser() && steps.iter().any(is_costly)
}

/// Hashes the passwords of the changes, after a rehearsal has allowed them.
pub(super) async fn hash(app: &App, steps: &mut [Step]) -> Result<()> {
    let schema = app.schema.current();
    for (position, step) in steps.iter_mut().enumerate() {
        if step.input.is_pending() {
            let hashed = hash_one(app, &schema, step).await;
            hashed.map_err(|error| failed_at(position, error))?;
        }
    }
    Ok(())
}

async fn hash_one(app: &App, schema: &Arc<Snapshot>, step: &mut Step) -> Result<()> {
    let grant = step.may_be_granted(schema)?;
    let id = match &step.wanted {
        Wanted::Create => String::new(),
        Wanted::Update(id) | Wanted::Delete(id) => id.clone(),
        Wanted::Upsert => step.given_id(),
    };
    let why = "to compare the old password";
    let reader = system(schema, grant.collection(), grant.request.clone(), why);
    let find = move |conn: &mut Conn| store::find(conn, &reader, &id, None);
    let stored = app.db.read_inline(find).await?;
    let hash = stored.as_ref().map(|stored| stored.text("password"));
    step.input.hash(app, &grant, hash).await
}

/// Stores the uploaded files: no write waits for a storage. Whether they are needed is known in the transaction,
/// since each change may depend on those before it.
pub(super) async fn store_files(app: &App, steps: &[Step]) -> Result<Stored> {
    let mut stored = Stored::default();
    for step in steps {
        let files = &step.input.files;
        if let Err(error) = stored.put(app, &step.collection, &step.record, files).await {
            stored.settle(app, Ok(&[])).await;
            return Err(error);
        }
    }
    Ok(stored)
}

impl Step {
    /// The id or name of the collection.
    pub(super) fn collection(&self) -> &str {
        &self.collection
    }

    /// Returns the id in the body; empty if there is none.
    pub(super) fn given_id(&self) -> String {
        let id = self.input.body.get("id").map(fields::text_of);
        id.unwrap_or_default().into_owned()
    }

    /// Asks the policy for a grant, as the plain route does.
    pub(super) fn grant(&self, schema: &Arc<Snapshot>, action: Action) -> Result<Grant> {
        let collection = schema.find(&self.collection);
        let collection = collection.ok_or(Error::NotFound("Missing collection context."))?;
        let method = match action {
            Action::Update => "PATCH",
            Action::Delete => "DELETE",
            Action::Create | Action::List | Action::View => "POST",
        };
        let request = Request {
            method: method.to_owned(),
            ..self.request.clone()
        };
        let id = collection.def.id.clone();
        policy::grant(Arc::clone(schema), request, &id, action)
    }

    fn may_be_granted(&self, schema: &Arc<Snapshot>) -> Result<Grant> {
        match self.wanted {
            Wanted::Create => self.grant(schema, Action::Create),
            Wanted::Update(_) => self.grant(schema, Action::Update),
            Wanted::Delete(_) => self.grant(schema, Action::Delete),
            Wanted::Upsert => self
                .grant(schema, Action::Update)
                .or_else(|_| self.grant(schema, Action::Create)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_of_records_have_a_place_in_a_batch() {
        let records = "/api/collections/posts/records";
        let one = "/api/collections/posts/records/1";
        assert_eq!(route("POST", records), Some((Wanted::Create, "posts")));
        assert_eq!(route("PUT", records), Some((Wanted::Upsert, "posts")));
        let id = || "1".to_owned();
        assert_eq!(route("PATCH", one), Some((Wanted::Update(id()), "posts")));
        assert_eq!(route("DELETE", one), Some((Wanted::Delete(id()), "posts")));
        for (method, path) in [
            ("GET", records),
            ("GET", one),
            ("POST", one),
            ("PUT", one),
            ("PATCH", records),
            ("DELETE", records),
            ("POST", "/api/batch"),
            ("POST", "/api/collections"),
            ("DELETE", "/api/collections/posts/truncate"),
            ("POST", "/api/collections//records"),
            ("PATCH", "/api/collections/posts/records/"),
            ("PATCH", "/api/collections/posts/records/1/2"),
            ("POST", "//api/collections/posts/records"),
            ("POST", "/API/collections/posts/records"),
            ("POST", "/api/collections/posts/records/"),
            ("POST", "http://localhost/api/collections/posts/records"),
            ("POST", "/api/collections/posts/../posts/records"),
            ("POST", "/api/collections/users/auth-with-password"),
            ("POST", ""),
        ] {
            assert_eq!(route(method, path), None, "{method} {path}");
        }
    }
}
