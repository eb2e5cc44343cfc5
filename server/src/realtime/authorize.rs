//! Decides which clients receive a change and what they see of it. Each query runs once, however many clients share
//! it.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Map;

use super::budget::MAX_QUERY;
use super::clients::{Group, Identity};
use super::dispatcher::within;
use super::lane::{Job, put_off};
use super::leaving::Leaving;
use super::topic::{Filter, Options};
use crate::app::App;
use crate::budget::Room;
use crate::clock::Timestamp;
use crate::db::{Budget, Budgeted, Conn};
use crate::error::{Error, Result};
use crate::events::{self, Change};
use crate::fields;
use crate::policy::{self, Grant, Snapshot};
use crate::records::expand::expand_within;
use crate::records::store;
use crate::request::{Account, Caller, Request};
use crate::schema::{Record, Shape};
use crate::tokens::{self, Kind};
use crate::{accounts, json};

/// How many times to try to decide on changes while the schema changes.
const MAX_TRIES: usize = 3;
/// The maximum number of bytes that one query reads, and that it writes into an event.
const MAX_BYTES: usize = 8 << 20;
/// A query that took longer than this runs apart from others from then on.
const SLOW: Duration = Duration::from_millis(50);
/// The time limit of a query that consists of the operator's rule only, when it runs apart from others.
const MAX_RULE: Duration = Duration::from_secs(1);
/// The part of a query without options that is charged to nobody, since the operator wrote the rule.
const OF_RULES: Duration = Duration::from_millis(25);
/// The assumed cost of a query that never ran and has a filter or expands relations.
const UNKNOWN_COST: Duration = Duration::from_millis(10);
/// How long a connection is used before it is given back, between two queries.
const TURN: Duration = Duration::from_secs(1);
/// A turn that takes longer means that the database does not respond.
const MAX_TURN: Duration = Duration::from_secs(10);
/// How long an account that was read is cached.
const FRESH: Duration = Duration::from_millis(500);

/// Sends changes to the clients that may receive them.
pub(super) async fn authorize(app: &App, jobs: VecDeque<Job>) -> Result<()> {
    let mut round = Round {
        app: app.clone(),
        jobs,
        callers: HashMap::new(),
    };
    let mut tries = 0;
    while tries < MAX_TRIES {
        if round.jobs.is_empty() {
            return Ok(());
        }
        let schema = app.schema.current();
        let run = move |parts: &mut Budgeted<'_>| match round.run(parts, &schema) {
            Err(Error::Disconnected) => Err(Error::Disconnected),
            outcome => Ok((round, outcome)),
        };
        let outcome;
        (round, outcome) = within(MAX_TURN, app.db.read_budgeted(run)).await?;
        match outcome {
            Err(Error::SchemaChanged) => {
                tries += 1;
                within(MAX_TURN, app.refresh_schema()).await?;
            }
            Ok(()) => tries = 0,
            Err(error) => return Err(error),
        }
    }
    Err(Error::SchemaChanged)
}

/// Changes that are decided on in order, on one connection. Events are sent at once and not collected.
struct Round {
    app: App,
    jobs: VecDeque<Job>,
    callers: HashMap<Identity, (Caller, Instant)>,
}

/// A change that clients are subscribed to.
struct Wanted<'a> {
    schema: &'a Arc<Snapshot>,
    change: &'a Arc<Change>,
    record: &'a Record,
    leaving: &'a Leaving,
    at: usize,
}

impl Round {
    /// Decides on the changes until all are delivered, or the turn is over.
    fn run(&mut self, parts: &mut Budgeted<'_>, schema: &Arc<Snapshot>) -> Result<()> {
        let started = Instant::now();
        while let Some(mut job) = self.jobs.pop_front() {
            let outcome = self.job(parts, schema, &mut job, started);
            if !job.groups.is_empty() {
                // Only the remaining groups: no client receives a change twice.
                self.jobs.push_front(job);
            }
            if outcome.is_err() || started.elapsed() > TURN {
                return outcome;
            }
        }
        Ok(())
    }

    /// Runs the queries about one change, and removes the groups that are done.
    fn job(
        &mut self,
        parts: &mut Budgeted<'_>,
        schema: &Arc<Snapshot>,
        job: &mut Job,
        started: Instant,
    ) -> Result<()> {
        let Some(record) = job.change.record(schema) else {
            job.groups.clear();
            return Ok(());
        };
        let wanted = Wanted {
            schema,
            change: &job.change,
            record: &record,
            leaving: &job.leaving,
            at: job.at,
        };
        // The groups are taken from the end: none waits for one whose query runs apart.
        let budgets = &self.app.realtime.clients.budgets;
        job.groups.sort_by_cached_key(|group| {
            let unknown = unknown_cost(&group.like.options);
            Reverse(budgets.cost(group.question).unwrap_or(unknown))
        });
        while let Some(group) = job.groups.pop() {
            if let Err(error) = self.group(parts, &wanted, &group) {
                job.groups.push(group);
                return Err(error);
            }
            if started.elapsed() > TURN {
                break;
            }
        }
        Ok(())
    }

    /// Runs the query of a group within its budget, and sends the event.
    fn group(
        &mut self,
        parts: &mut Budgeted<'_>,
        wanted: &Wanted<'_>,
        group: &Group,
    ) -> Result<()> {
        if group.is_gone() {
            return Ok(());
        }
        let app = self.app.clone();
        let clients = &app.realtime.clients;
        let options = &group.like.options;
        let time = if !group.is_costly {
            Some(MAX_QUERY)
        } else if options.has_any() {
            let unknown = unknown_cost(options);
            clients
                .budgets
                .allowance(group.question, unknown, group.paying())
        } else {
            // The query consists of the operator's rule only.
            Some(MAX_RULE)
        };
        let Some(time) = time else {
            clients.cut_off_for_work(&group.members);
            return Ok(());
        };
        let budget = Budget {
            time,
            bytes: MAX_BYTES,
        };
        let started = Instant::now();
        let answer = parts.within(budget, |conn| self.answer(conn, wanted, group));
        let took = started.elapsed();
        let charged = if options.has_any() {
            took
        } else {
            took.saturating_sub(OF_RULES)
        };
        if group.is_costly || !charged.is_zero() {
            let paying = group.paying();
            clients.budgets.charge(group.question, charged, paying);
        }
        if !group.is_costly && (took > SLOW || matches!(answer, Err(Error::TooSlow))) {
            clients.set_apart(&group.members);
        }
        match answer {
            Ok(Some(data)) => clients.send(&group.members, data),
            Ok(None) => {}
            // Tries once more, where no others wait for it.
            Err(Error::TooSlow) if !group.is_costly => {
                let job = Job {
                    change: Arc::clone(wanted.change),
                    groups: vec![group.set_apart()],
                    leaving: wanted.leaving.clone(),
                    at: wanted.at,
                };
                put_off(&app, job);
            }
            Err(Error::TooSlow | Error::AnswerTooLarge(_)) => {
                clients.cut_off_for_work(&group.members);
            }
            Err(
                error @ (Error::SchemaChanged
                | Error::Unavailable
                | Error::Unwritable(_)
                | Error::Disconnected),
            ) => {
                return Err(error);
            }
            Err(error) => {
                tracing::debug!(%error, "cannot decide whether a client may hear of a change");
            }
        }
        Ok(())
    }

    /// Returns the data of the event if the group may see it. A subscription with options that cannot be resolved
    /// gets no event.
    fn answer(
        &mut self,
        conn: &mut Conn,
        wanted: &Wanted<'_>,
        group: &Group,
    ) -> Result<Option<Vec<u8>>> {
        let caller = match &group.identity {
            None => Caller::Guest,
            Some(identity) => self.caller(conn, wanted, identity)?,
        };
        let asked = Asked {
            options: &group.like.options,
            caller,
            now: conn.clock.now(),
        };
        let Some(grant) = asked.grant(wanted, group)? else {
            return Ok(None);
        };
        asked.data(conn, wanted, &grant)
    }

    /// Returns the current account, or its last state if it is deleted by this change or a later one; otherwise a
    /// guest.
    fn caller(
        &mut self,
        conn: &mut Conn,
        wanted: &Wanted<'_>,
        identity: &Identity,
    ) -> Result<Caller> {
        if let Some((caller, at)) = self.callers.get(identity)
            && at.elapsed() < FRESH
        {
            return Ok(caller.clone());
        }
        let schema = wanted.schema;
        let Some(collection) = schema.find(&identity.collection).filter(|c| c.is_auth()) else {
            return Ok(Caller::Guest);
        };
        let why = "whose subscription it is was found out when it was made";
        let grant = policy::system(schema, collection, Request::internal(conn.clock.now()), why);
        let (id, session) = (&identity.record, identity.session.as_deref());
        let stored = accounts::store::find_signed_in(conn, &grant, id, session)?;
        let is_stored = stored.is_some();
        let good = stored.filter(|record| tokens::signing_key(record, Kind::Auth) == identity.key);
        if let Some(record) = good {
            let caller = account(conn, record)?;
            let read = (caller.clone(), Instant::now());
            self.callers.insert(identity.clone(), read);
            return Ok(caller);
        }
        if let Some(record) = wanted.leaving.find(wanted.at, identity, schema)
            && store::would_be_granted(conn, &grant.for_session(), &record)?
        {
            return account(conn, record);
        }
        if is_stored {
            self.app.realtime.clients.sign_out(identity);
        }
        Ok(Caller::Guest)
    }
}

fn account(conn: &mut Conn, record: Record) -> Result<Caller> {
    let collection = &record.collection;
    let roles = policy::store::roles_of(conn, &collection.def.id, record.id())?;
    Ok(Caller::Account(Arc::new(Account {
        is_superuser: collection.is_superusers(),
        refreshable: false,
        // Whether the client's token has expired is checked before the query.
        expires: i64::MAX,
        session: None,
        roles,
        record,
    })))
}

/// Returns the assumed cost of a query that never ran.
fn unknown_cost(options: &Options) -> Duration {
    if options.are_light() {
        Duration::ZERO
    } else {
        UNKNOWN_COST
    }
}

/// The query of a group.
struct Asked<'a> {
    options: &'a Options,
    caller: Caller,
    now: Timestamp,
}

impl Asked<'_> {
    /// Returns the grant to see the change; `None` if the database need not be asked.
    fn grant(&self, wanted: &Wanted<'_>, group: &Group) -> Result<Option<Grant>> {
        let options = self.options;
        if options.filter == Filter::Unreadable {
            return Ok(None);
        }
        let asks_about_requests = || {
            let text = options.query.get("filter").map_or("", String::as_str);
            text.contains("@request.") || text.contains("@collection.")
        };
        if options.filter != Filter::All && !self.caller.is_superuser() && asks_about_requests() {
            return Ok(None);
        }
        let request = Request {
            caller: self.caller.clone(),
            address: None,
            method: "GET".to_owned(),
            context: "realtime",
            headers: options.headers.clone(),
            query: options.query.clone(),
            body: Map::new(),
            now: self.now,
        };
        let id = &wanted.record.collection.def.id;
        match policy::grant(Arc::clone(wanted.schema), request, id, group.action) {
            Err(Error::Forbidden(_) | Error::NotFound(_) | Error::Unauthenticated) => Ok(None),
            grant => grant.map(Some),
        }
    }

    fn data(&self, conn: &mut Conn, wanted: &Wanted<'_>, grant: &Grant) -> Result<Option<Vec<u8>>> {
        let filter = match &self.options.filter {
            Filter::Where(filter) => Some(filter),
            Filter::All | Filter::Unreadable => None,
        };
        if !store::would_be_found(conn, grant, wanted.record, filter)? {
            return Ok(None);
        }
        let mut records = [wanted.record.clone()];
        store::reveal_as_it_is(conn, grant, &mut records[0])?;
        // A record that is gone now may have been gone when the rule was evaluated: no event is better than one that
        // the rule would have hidden.
        if store::reads_other_rows(conn, grant, filter)?
            && (wanted.is_cascade_deleted() || is_stale(conn, wanted)?)
        {
            return Ok(None);
        }
        let [mut read, mut written] = [MAX_BYTES; 2].map(Room::of);
        let rooms = [&mut read, &mut written];
        expand_within(conn, grant, &mut records, &self.options.paths, rooms)?;
        Ok(Some(render(wanted.change.kind, &records[0], self.options)))
    }
}

impl Wanted<'_> {
    /// Whether records that it refers to, or that refer to it, may be deleted together with it.
    fn is_cascade_deleted(&self) -> bool {
        self.change.kind == events::Kind::Delete && self.change.part_of_bulk
    }
}

/// Whether the record, or one that it refers to, has been deleted since.
fn is_stale(conn: &mut Conn, wanted: &Wanted<'_>) -> Result<bool> {
    let record = wanted.record;
    let is_told_gone = wanted.change.kind == events::Kind::Delete;
    if !is_told_gone && !store::are_stored(conn, &record.collection, &[record.id().to_owned()])? {
        return Ok(true);
    }
    for (column, value) in record.collection.columns.iter().zip(&record.values) {
        let Shape::Relation { target, .. } = &column.shape else {
            continue;
        };
        let ids = fields::items(value);
        let target = wanted.schema.find(target);
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
