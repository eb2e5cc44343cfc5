//! Locks the records that a batch names before it changes anything, in one order, so that batches that name the same
//! records do not deadlock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::prepare::{Step, Wanted};
use crate::db::Conn;
use crate::error::Result;
use crate::policy::Snapshot;
use crate::records::{delete, store, write};
use crate::schema::Collection;

/// The records of a collection that a batch names.
struct Named<'a> {
    collection: &'a Collection,
    lock: store::Lock,
    ids: BTreeSet<String>,
}

/// Locks the records that the steps name. Records that cascades and relations lead to are not known yet: if they
/// cause a deadlock, the batch is tried again exclusively.
pub(super) fn named(conn: &mut Conn, schema: &Arc<Snapshot>, steps: &[Step]) -> Result<()> {
    if !conn.dialect().locks_rows() {
        return Ok(());
    }
    let mut all: BTreeMap<&str, Named> = BTreeMap::new();
    for step in steps {
        let Some(collection) = schema.find(step.collection()) else {
            continue;
        };
        write::count_change(conn, collection)?;
        let (id, lock) = match &step.wanted {
            Wanted::Create => continue,
            Wanted::Update(id) => (id.clone(), store::Lock::Update),
            Wanted::Delete(id) => (id.clone(), store::Lock::Delete),
            Wanted::Upsert => (step.given_id(), store::Lock::Update),
        };
        if collection.is_view() || id.contains('\0') {
            continue;
        }
        let named = all.entry(&collection.def.id).or_insert(Named {
            collection,
            lock,
            ids: BTreeSet::new(),
        });
        named.ids.insert(id);
        if lock == store::Lock::Delete {
            named.lock = lock;
        }
    }
    let count: usize = all.values().map(|named| named.ids.len()).sum();
    if count < 2 {
        return Ok(());
    }
    for named in all.into_values() {
        let ids: Vec<String> = named.ids.into_iter().collect();
        delete::hold_ids(conn, named.collection, named.lock, &ids)?;
    }
    Ok(())
}
