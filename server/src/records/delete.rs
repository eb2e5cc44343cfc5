//! Deletes records and what refers to them, set by set instead of row by row.
//!
//! A [`Cascade`] first finds the records to delete and those that lose references, then changes the rows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use plinth_sdk::types::FieldKind;

use super::{account_data as attached, fill, store, write};
use crate::db::{ColumnType, Conn, Ident, Sql, Value, load, sql};
use crate::error::{Error, Result};
use crate::fields;
use crate::policy::{self, Action, Grant, system};
use crate::schema::{Collection, Record, Shape};
use crate::system::account_data;

const REFUSED: &str = "Failed to delete record. Make sure that the record is not part of a required relation reference.";

/// Deletes a record, if the grant covers it, and returns what it was.
pub fn delete(conn: &mut Conn, grant: &Grant, id: &str) -> Result<Record> {
    let collection = grant.collection();
    write::count_change(conn, collection)?;
    if collection.is_superusers() {
        // Locked before the row itself and in one order, so that no two deletes wait for each other.
        hold_all(conn, collection)?;
    }
    let mut grant = grant.clone();
    let record = store::find_to_write(conn, &mut grant, id, Some(store::Lock::Delete))?
        .ok_or_else(Error::missing)?;
    check_link(&grant, &record)?;
    Cascade::new(&grant).run(conn, vec![record.id().to_owned()])?;
    Ok(record)
}

/// Refuses to take a link to another service from an account, for whoever only acts as it.
fn check_link(grant: &Grant, record: &Record) -> Result<()> {
    let acting = grant.request.caller.account();
    let acting = acting.filter(|account| !account.refreshable);
    let is_link = record.collection.def.id == account_data::EXTERNAL_AUTHS;
    if is_link && acting.is_some_and(|account| attached::is_of(record, &account.record)) {
        return Err(Error::forbidden(
            "A token that cannot be refreshed removes no links to other services.",
        ));
    }
    Ok(())
}

/// Deletes all records of the collection.
pub fn truncate(conn: &mut Conn, grant: &Grant) -> Result<()> {
    write::count_change(conn, grant.collection())?;
    let ids = hold_all(conn, grant.collection())?;
    Cascade::new(grant).run(conn, ids)
}

/// A deletion with its consequences. Since chains of references can be long, it is a loop instead of a recursion.
struct Cascade<'a> {
    grant: &'a Grant,
    /// The ids of the records to delete, by the id of their collection.
    doomed: HashMap<String, HashSet<String>>,
    /// The records to delete in the order of their discovery: referrers follow the records that they refer to.
    levels: Vec<(Arc<Collection>, Vec<String>)>,
    /// Records that lose references, by the ids of their collection and record. Some of them may be deleted later.
    losing: BTreeMap<(String, String), Record>,
    /// The ids of all superusers, if some of them are to be deleted.
    superusers: Option<(Arc<Collection>, Vec<String>)>,
}

impl<'a> Cascade<'a> {
    fn new(grant: &'a Grant) -> Self {
        Self {
            grant,
            doomed: HashMap::new(),
            levels: Vec::new(),
            losing: BTreeMap::new(),
            superusers: None,
        }
    }

    /// Deletes records of the grant's collection. The grant allows that; the consequences follow whatever the caller may
    /// do.
    fn run(mut self, conn: &mut Conn, ids: Vec<String>) -> Result<()> {
        for id in &ids {
            self.grant.check_write_of(Action::Delete, id)?;
        }
        self.doom(self.grant.collection(), ids);
        let mut at = 0;
        while let Some((collection, ids)) = self.levels.get(at).cloned() {
            self.discover(conn, &collection, &ids)?;
            at += 1;
        }
        self.keep_a_superuser()?;
        self.release(conn)?;
        let same = |one: &(Arc<Collection>, _), other: &(Arc<Collection>, _)| {
            one.0.def.id == other.0.def.id
        };
        for levels in self.levels.chunk_by(same).rev() {
            let ids: Vec<String> = levels.iter().flat_map(|(_, ids)| ids.clone()).collect();
            let collection = &levels[0].0;
            policy::check::deletion(collection, &ids)?;
            if self.grant.schema().policies.has_own_roles() {
                policy::store::forget_records(conn, collection, &ids)?;
            }
            let why = "what refers to a deleted record is deleted with it";
            store::delete(conn, &self.on_own_account(collection, why), &ids)?;
        }
        Ok(())
    }

    /// Grants the server to carry out a consequence of the deletion.
    fn on_own_account(&self, collection: &Arc<Collection>, why: &'static str) -> Grant {
        let request = self.grant.request.clone();
        system(self.grant.schema(), collection, request, why)
    }

    fn is_doomed(&self, collection: &str, id: &str) -> bool {
        let ids = self.doomed.get(collection);
        ids.is_some_and(|ids| ids.contains(id))
    }

    /// Adds records to those to delete.
    fn doom(&mut self, collection: &Arc<Collection>, mut ids: Vec<String>) {
        let doomed = self.doomed.entry(collection.def.id.clone()).or_default();
        ids.retain(|id| doomed.insert(id.clone()));
        if !ids.is_empty() {
            self.levels.push((Arc::clone(collection), ids));
        }
    }

    /// Finds the referrers of `ids` of `collection`: those to delete as well, and those that lose the reference.
    fn discover(
        &mut self,
        conn: &mut Conn,
        collection: &Arc<Collection>,
        ids: &[String],
    ) -> Result<()> {
        // The rows are locked first: a concurrent write that adds a reference either commits before the referrers are
        // looked for, or fails.
        if collection.is_superusers() {
            self.superusers = Some((Arc::clone(collection), hold_all(conn, collection)?));
        } else {
            hold_ids(conn, collection, store::Lock::Delete, ids)?;
        }
        let schema = Arc::clone(self.grant.schema());
        if collection.is_auth() {
            for source in account_data::in_schema(&schema) {
                let belonging = hold(conn, source, store::Lock::Delete, |held| {
                    let dialect = held.dialect();
                    held.append(account_data::belongs_to(dialect, &collection.def.id, ids));
                })?;
                self.doom(source, belonging);
            }
        }
        for (source, position) in schema.relations_to(collection) {
            if source.is_superusers() {
                hold_all(conn, source)?;
            }
            let referrers = referrers(conn, source, position, ids)?;
            self.part(conn, source, position, referrers)?;
        }
        Ok(())
    }

    /// Divides the referrers in `source` into records to delete and records that only lose the reference at
    /// `position`.
    fn part(
        &mut self,
        conn: &mut Conn,
        source: &Arc<Collection>,
        position: usize,
        mut ids: Vec<String>,
    ) -> Result<()> {
        let FieldKind::Relation(options) = &source.def.fields[position].kind else {
            return Ok(());
        };
        ids.retain(|id| !self.is_doomed(&source.def.id, id));
        if options.cascade_delete && !source.columns[position].is_list() {
            self.doom(source, ids);
            return Ok(());
        }
        let why = "a reference is looked for whoever deletes its target";
        let unruled = self.on_own_account(source, why);
        let mut also_doomed = Vec::new();
        for record in store::find_all(conn, &unruled, &ids)? {
            let id = record.id().to_owned();
            let is_bare = || {
                self.remaining(&record, position)
                    .is_some_and(|left| left.is_empty())
            };
            if options.cascade_delete && is_bare() {
                also_doomed.push(id);
            } else {
                self.losing.insert((source.def.id.clone(), id), record);
            }
        }
        self.doom(source, also_doomed);
        Ok(())
    }

    /// Returns the remaining references at `position` after the deletion; `None` if none is lost there.
    fn remaining(&self, record: &Record, position: usize) -> Option<Vec<String>> {
        let Shape::Relation { target, .. } = &record.collection.columns[position].shape else {
            return None;
        };
        let mut left = fields::items(&record.values[position]);
        let before = left.len();
        left.retain(|id| !self.is_doomed(target, id));
        (left.len() < before).then_some(left)
    }

    /// Removes the references to deleted records.
    fn release(&self, conn: &mut Conn) -> Result<()> {
        for ((collection, id), stored) in &self.losing {
            if self.is_doomed(collection, id) {
                continue;
            }
            let mut record = stored.clone();
            for position in 0..record.values.len() {
                let Some(left) = self.remaining(stored, position) else {
                    continue;
                };
                let field = &record.collection.def.fields[position];
                if left.is_empty() && is_required(&field.kind) {
                    return Err(Error::invalid(REFUSED));
                }
                record.values[position] = if record.collection.columns[position].is_list() {
                    Value::Json(crate::json::canonical(&serde_json::Value::from(left)))
                } else {
                    Value::Text(String::new())
                };
            }
            fill::stamp(&mut record, self.grant.request.now, false);
            let why = "a record loses its references to deleted ones";
            let unruled = self.on_own_account(&record.collection, why);
            store::update(conn, &unruled, stored, &record)?;
        }
        Ok(())
    }

    /// Refuses to delete the last superuser.
    fn keep_a_superuser(&self) -> Result<()> {
        let Some((collection, superusers)) = &self.superusers else {
            return Ok(());
        };
        let mut superusers = superusers.iter();
        if superusers.all(|id| self.is_doomed(&collection.def.id, id)) {
            return Err(Error::invalid(
                "You can't delete the only existing superuser.",
            ));
        }
        Ok(())
    }
}

fn is_required(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Relation(options) if options.required)
}

/// Finds the records of `source` that refer to any of `ids` in the field at `position`.
fn referrers(
    conn: &mut Conn,
    source: &Collection,
    position: usize,
    ids: &[String],
) -> Result<Vec<String>> {
    let dialect = conn.dialect();
    let column = &source.columns[position];
    // Records to delete are locked when their own referrers are looked for.
    hold(conn, source, store::Lock::Update, |held| {
        if column.is_list() {
            let refers = dialect.list_contains_any(&store::alias(), &column.ident, ids);
            held.append(refers);
        } else {
            held.column(&store::alias(), &column.ident);
            store::in_list(held, ids);
        }
    })
}

/// Returns the ids of all records, and locks them until the end of the transaction.
fn hold_all(conn: &mut Conn, collection: &Collection) -> Result<Vec<String>> {
    hold(conn, collection, store::Lock::Delete, |held| {
        held.text("1 = 1");
    })
}

/// Returns those of the ids that exist, and locks the records until the end of the transaction.
pub fn hold_ids(
    conn: &mut Conn,
    collection: &Collection,
    lock: store::Lock,
    ids: &[String],
) -> Result<Vec<String>> {
    hold(conn, collection, lock, |held| {
        held.column(&store::alias(), &Ident::new("id"));
        store::in_list(held, ids);
    })
}

/// Returns the ids of the records for which a condition holds, and locks them until the end of the transaction.
fn hold(
    conn: &mut Conn,
    collection: &Collection,
    lock: store::Lock,
    condition: impl FnOnce(&mut Sql),
) -> Result<Vec<String>> {
    let dialect = conn.dialect();
    let id = Ident::new("id");
    let mut select = sql(dialect, "SELECT ");
    select.column(&store::alias(), &id);
    store::from(&mut select, collection, Sql::new(dialect));
    select.text(" WHERE ");
    condition(&mut select);
    select.text(" ORDER BY ").column(&store::alias(), &id);
    select.append(dialect.lock(&store::alias(), lock));
    let rows = load(conn, select.cached(), &[ColumnType::Text])?;
    let text = |row: Vec<Value>| match row.into_iter().next() {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(text).collect())
}
