//! Who may hear of a change, and what they see of it: each question asked once, however many clients have it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use serde_json::Map;

use super::clients::{Group, Identity, Member};
use super::topic::{Filter, Options};
use crate::accounts::token::{self, Kind};
use crate::app::App;
use crate::clock::Moment;
use crate::collections::{Schema, Shape};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::events::{self, Change};
use crate::json;
use crate::policy::{self, Action};
use crate::records::expand::expand;
use crate::records::{Record, store, values};
use crate::request::{Account, Caller, Request};

/// How often it is tried to decide on changes while collections change.
const MAX_TRIES: usize = 3;
/// How long it may take to answer a client's own filters: at once, and for each change that is decided on at once.
const MAX_QUESTIONS: Duration = Duration::from_secs(2);
const PER_CHANGE: Duration = Duration::from_millis(20);

/// A change that somebody wants to hear of.
struct Wanted {
    kind: events::Kind,
    record: Record,
    /// Whether the records that it referred to, or that referred to it, may have gone with it.
    is_uprooted: bool,
    groups: Vec<Group>,
}

/// How long the clients' own filters have taken so far, shared by those who have the same.
struct Spent {
    by_client: HashMap<Arc<str>, Duration>,
    limit: Duration,
}

impl Spent {
    fn add(&mut self, members: &[Member], time: Duration) {
        let share = time / u32::try_from(members.len()).unwrap_or(u32::MAX).max(1);
        for member in members {
            *self
                .by_client
                .entry(Arc::clone(&member.client))
                .or_default() += share;
        }
    }

    /// Whether others would wait for this client.
    fn is_too_slow(&self, client: &str) -> bool {
        self.by_client
            .get(client)
            .is_some_and(|spent| *spent > self.limit)
    }
}

/// What was decided.
#[derive(Default)]
struct Decided {
    /// What each group of each change gets; nothing if it may not know.
    data: Vec<Vec<Option<Bytes>>>,
    /// Whose keys are no longer good.
    ended: Vec<Identity>,
    /// Whose questions take so long that others would wait for them.
    too_slow: Vec<Arc<str>>,
}

/// Sends these changes to everybody who wants to hear of them and may.
pub(super) async fn deliver(app: &App, changes: Vec<Change>) -> Result<()> {
    for _ in 1..=MAX_TRIES {
        let schema = app.schema.current();
        let wanted: Vec<Wanted> = changes
            .iter()
            .filter_map(|change| wanted(app, &schema, change))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted = Arc::new(wanted);
        let asked = Arc::clone(&wanted);
        match app.db.read(move |conn| decide(conn, &schema, &asked)).await {
            Err(Error::Outdated) => app.refresh_schema().await?,
            decided => {
                send(app, &wanted, &decided?);
                return Ok(());
            }
        }
    }
    Err(Error::Outdated)
}

fn wanted(app: &App, schema: &Schema, change: &Change) -> Option<Wanted> {
    let record = change.record(schema)?;
    let groups = app.realtime.clients.who_wants(&record);
    (!groups.is_empty()).then_some(Wanted {
        kind: change.kind,
        record,
        is_uprooted: change.kind == events::Kind::Delete && change.among_others,
        groups,
    })
}

fn send(app: &App, wanted: &[Wanted], decided: &Decided) {
    let clients = &app.realtime.clients;
    for ended in &decided.ended {
        clients.sign_out(ended);
    }
    for (wanted, data) in wanted.iter().zip(&decided.data) {
        for (group, data) in wanted.groups.iter().zip(data) {
            if let Some(data) = data {
                clients.send(&group.members, data);
            }
        }
    }
    for client in &decided.too_slow {
        clients.cut_off(client);
    }
}

fn decide(conn: &mut Conn, schema: &Arc<Schema>, wanted: &[Wanted]) -> Result<Decided> {
    let mut callers = HashMap::new();
    let mut decided = Decided::default();
    let changes = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
    let mut spent = Spent {
        by_client: HashMap::new(),
        limit: MAX_QUESTIONS.saturating_add(PER_CHANGE.saturating_mul(changes)),
    };
    for wanted in wanted {
        let mut data = Vec::with_capacity(wanted.groups.len());
        for group in &wanted.groups {
            let mut members = group.members.iter();
            if members.all(|member| spent.is_too_slow(&member.client)) {
                data.push(None);
                continue;
            }
            if let Some(identity) = &group.identity
                && !callers.contains_key(identity)
            {
                let caller = caller(conn, schema, identity)?;
                if caller.account().is_none() {
                    decided.ended.push(identity.clone());
                }
                callers.insert(identity, caller);
            }
            let caller = group.identity.as_ref().and_then(|i| callers.get(i));
            let asked = Asked {
                schema,
                action: group.action,
                options: &group.like.options,
                caller: caller.cloned().unwrap_or(Caller::Guest),
            };
            let has_filter = asked.options.filter != Filter::All;
            let started = Instant::now();
            data.push(asked.answer(conn, wanted)?);
            if has_filter {
                spent.add(&group.members, started.elapsed());
            }
        }
        decided.data.push(data);
    }
    let limit = spent.limit;
    let too_slow = spent
        .by_client
        .into_iter()
        .filter(|(_, time)| *time > limit);
    decided.too_slow = too_slow.map(|(client, _)| client).collect();
    Ok(decided)
}

/// The account as it is now; a guest when it is gone, or its key is another by now.
fn caller(conn: &mut Conn, schema: &Arc<Schema>, identity: &Identity) -> Result<Caller> {
    let Some(collection) = schema.find(&identity.collection).filter(|c| c.is_auth()) else {
        return Ok(Caller::Guest);
    };
    let why = "whose subscription it is was found out when it was made";
    let grant = policy::system(schema, collection, Request::internal(), why);
    let record = store::find(conn, &grant, &identity.record, None)?;
    let record = record.filter(|record| token::signing_key(record, Kind::Auth) == identity.key);
    let Some(record) = record else {
        return Ok(Caller::Guest);
    };
    let roles = policy::store::roles_of(conn, &collection.def.id, record.id())?;
    Ok(Caller::Account(Arc::new(Account {
        is_superuser: collection.is_superusers(),
        refreshable: false,
        record,
        roles,
    })))
}

/// What is asked for one group.
struct Asked<'a> {
    schema: &'a Arc<Schema>,
    action: Action,
    options: &'a Options,
    caller: Caller,
}

impl Asked<'_> {
    /// The event's data, if the group may have it. Whatever a client asked for that cannot be answered gets no answer.
    fn answer(self, conn: &mut Conn, wanted: &Wanted) -> Result<Option<Bytes>> {
        match self.data(conn, wanted) {
            Err(
                error @ (Error::Outdated
                | Error::Unavailable
                | Error::Unwritable(_)
                | Error::Disconnected),
            ) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "cannot decide whether a client may hear of a change");
                Ok(None)
            }
            Ok(data) => Ok(data),
        }
    }

    fn data(self, conn: &mut Conn, wanted: &Wanted) -> Result<Option<Bytes>> {
        let options = self.options;
        let filter = match &options.filter {
            Filter::All => None,
            Filter::Where(filter) => Some(filter),
            Filter::Unreadable => return Ok(None),
        };
        let asks_about_requests = || {
            let text = options.query.get("filter").map_or("", String::as_str);
            text.contains("@request.") || text.contains("@collection.")
        };
        if filter.is_some() && !self.caller.is_superuser() && asks_about_requests() {
            return Ok(None);
        }
        let record = &wanted.record;
        let request = Request {
            caller: self.caller,
            method: "GET".to_owned(),
            context: "realtime",
            headers: options.headers.clone(),
            query: options.query.clone(),
            body: Map::new(),
            now: Moment::now(),
        };
        let id = &record.collection.def.id;
        let grant = match policy::grant(Arc::clone(self.schema), request, id, self.action) {
            Err(Error::Forbidden(_) | Error::NotFound(_) | Error::Unauthenticated) => {
                return Ok(None);
            }
            grant => grant?,
        };
        if !store::would_be_found(conn, &grant, record, filter)? {
            return Ok(None);
        }
        let mut records = [record.clone()];
        store::reveal_as_it_is(conn, &grant, &mut records[0])?;
        // What is gone by now may have been gone when it was asked: better no news than what a rule would have hidden.
        if store::looks_elsewhere(conn, &grant, filter)?
            && (wanted.is_uprooted || is_outlived(conn, wanted, self.schema)?)
        {
            return Ok(None);
        }
        expand(conn, &grant, &mut records, &options.paths)?;
        Ok(Some(render(wanted.kind, &records[0], options).into()))
    }
}

/// Whether the record, or one that it refers to, has gone since.
fn is_outlived(conn: &mut Conn, wanted: &Wanted, schema: &Schema) -> Result<bool> {
    let record = &wanted.record;
    let is_told_gone = wanted.kind == events::Kind::Delete;
    if !is_told_gone && !store::are_stored(conn, &record.collection, &[record.id().to_owned()])? {
        return Ok(true);
    }
    for (column, value) in record.collection.columns.iter().zip(&record.values) {
        let Shape::Relation { target, .. } = &column.shape else {
            continue;
        };
        let ids = values::list(value);
        let target = schema.find(target);
        if !ids.is_empty() && !matches!(target, Some(to) if store::are_stored(conn, to, &ids)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `{"record":{…},"action":"create"}`
fn render(kind: events::Kind, record: &Record, options: &Options) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"{\"record\":");
    match &options.fields {
        None => record.write(&mut out),
        Some(fields) => out.extend_from_slice(&json::text(&fields.pick(&record.to_json()))),
    }
    out.extend_from_slice(b",\"action\":\"");
    out.extend_from_slice(kind.name().as_bytes());
    out.extend_from_slice(b"\"}");
    json::escape(out)
}
