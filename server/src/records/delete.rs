//! Deleting records, and what refers to them: set by set, not row by row.

use std::collections::HashSet;
use std::sync::Arc;

use plinth_sdk::types::FieldKind;

use super::{Record, store, values, write};
use crate::collections::{Collection, Shape};
use crate::db::{Conn, Sql, Value, dialect, sql};
use crate::error::{Error, Result};
use crate::policy::{Grant, system};

const REFUSED: &str = "Failed to delete record. Make sure that the record is not part of a required relation reference.";

/// Records that are on their way out: collection and record id.
type Doomed = HashSet<(String, String)>;

/// Deletes the record of this id, if the grant reaches it.
pub fn delete(conn: &mut Conn, grant: &Grant, id: &str) -> Result<()> {
    let record =
        store::find(conn, grant, id, store::Purpose::Change)?.ok_or_else(Error::missing)?;
    let collection = grant.collection();
    if collection.is_superusers() && store::total(conn, collection)? == 1 {
        return Err(Error::invalid(
            "You can't delete the only existing superuser.",
        ));
    }
    cascade(
        conn,
        grant,
        collection,
        vec![record.id().to_owned()],
        &mut Doomed::new(),
    )
}

/// Deletes every record of the collection.
pub fn truncate(conn: &mut Conn, grant: &Grant) -> Result<()> {
    let everything = sql(conn.engine(), "1 = 1");
    let records = store::find_where(conn, grant, everything, None)?;
    let ids = records
        .iter()
        .map(|record| record.id().to_owned())
        .collect();
    cascade(conn, grant, grant.collection(), ids, &mut Doomed::new())
}

/// Deletes these records after everything that has to go with them, and takes them out of what stays.
fn cascade(
    conn: &mut Conn,
    grant: &Grant,
    collection: &Arc<Collection>,
    ids: Vec<String>,
    doomed: &mut Doomed,
) -> Result<()> {
    let fresh = |id: &String| doomed.insert((collection.def.id.clone(), id.clone()));
    let ids: Vec<String> = ids.into_iter().filter(fresh).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let schema = Arc::clone(grant.schema());
    for (source, position) in schema.relations_to(collection) {
        for chunk in ids.chunks(store::CHUNK) {
            let referring = referring(conn, grant, source, position, chunk)?;
            release(conn, grant, position, chunk, referring, doomed)?;
        }
    }
    store::delete(conn, grant, collection, &ids)
}

/// The records of `source` that refer to any of `ids` in the field at `position`.
fn referring(
    conn: &mut Conn,
    grant: &Grant,
    source: &Arc<Collection>,
    position: usize,
    ids: &[String],
) -> Result<Vec<Record>> {
    let engine = conn.engine();
    let column = &source.columns[position];
    let mut refers = Sql::new(engine);
    if column.is_list() {
        refers.append(dialect::refers_to_any(
            engine,
            &store::alias(),
            &column.ident,
            ids,
        ));
    } else {
        refers.column(&store::alias(), &column.ident);
        store::in_list(&mut refers, ids);
    }
    let why = "a reference is looked for whoever deletes its target";
    let unruled = system(grant.schema(), source, grant.request.clone(), why);
    store::find_where(conn, &unruled, refers, None)
}

/// Takes `ids` out of `records`; deletes those that were to go with their last reference.
fn release(
    conn: &mut Conn,
    grant: &Grant,
    position: usize,
    ids: &[String],
    records: Vec<Record>,
    doomed: &mut Doomed,
) -> Result<()> {
    let Some(source) = records.first().map(|record| Arc::clone(&record.collection)) else {
        return Ok(());
    };
    let FieldKind::Relation(options) = &source.def.fields[position].kind else {
        return Ok(());
    };
    let gone: HashSet<&String> = ids.iter().collect();
    let mut also_gone = Vec::new();
    for stored in records {
        if doomed.contains(&(source.def.id.clone(), stored.id().to_owned())) {
            continue;
        }
        let mut left = values::list(&stored.values[position]);
        left.retain(|id| !gone.contains(id));
        if left.is_empty() && options.cascade_delete {
            also_gone.push(stored.id().to_owned());
            continue;
        }
        if left.is_empty() && options.required {
            return Err(Error::invalid(REFUSED));
        }
        let mut record = stored.clone();
        record.values[position] = match &source.columns[position].shape {
            Shape::Relation { is_list: true, .. } => {
                Value::Json(crate::json::canonical(&serde_json::Value::from(left)))
            }
            Shape::Scalar
            | Shape::Json
            | Shape::Select { .. }
            | Shape::Relation { .. }
            | Shape::Secret => Value::Text(String::new()),
        };
        write::stamp(&mut record, grant.request.now, false);
        store::update(conn, grant, &stored, &record)?;
    }
    cascade(conn, grant, &source, also_gone, doomed)
}
