//! Records, as they are: ids, hashes, keys and moments too.

use std::collections::HashMap;

use plinth_sdk::types::FieldKind;
use serde_json::Value as Json;

use super::source::Read;
use super::{Progress, Report, Source, Tally};
use crate::collections::{Collection, Column};
use crate::db::{Conn, Storage, Value, savepoint};
use crate::error::{Error, Result};
use crate::json;
use crate::policy::Grant;
use crate::records::{Record, store, values};

/// How many are in memory at once.
const BATCH: i64 = 100;
/// How many go by before the operator hears of it.
const STEP: u64 = 10_000;

/// Copies the records of one collection. `is_empty` says that nothing has to be compared with.
pub(super) fn copy(
    conn: &mut Conn,
    grant: &Grant,
    source: &mut Source,
    is_empty: bool,
    progress: &mut Progress,
    report: &mut Report,
) -> Result<Tally> {
    let collection = grant.collection();
    let name = collection.def.name.as_str();
    let there = source.columns(name)?;
    let columns = columns(collection, &there);
    let total = source.count(name)?;
    let (mut tally, mut after, mut done) = (Tally::default(), i64::MIN, 0);
    let mut replaced = 0;
    loop {
        let rows = source.rows(name, &columns, after, BATCH)?;
        let Some((last, _)) = rows.last() else {
            break;
        };
        after = *last;
        let rows = rows.into_iter().map(|(_, row)| row);
        let records: Vec<Record> = rows
            .map(|row| record(collection, &columns, row, &mut replaced))
            .collect();
        let records = if is_empty {
            records
        } else {
            only_new(conn, grant, records, &mut tally)?
        };
        insert(conn, grant, &records, &mut tally, report)?;
        done += u64::try_from(records.len()).unwrap_or_default();
        if done >= STEP {
            done = 0;
            progress(&format!("{name}: {} of {total}", tally.new));
        }
    }
    if replaced > 0 {
        let why =
            format!("U+0000, which no text can hold here, became U+FFFD in {replaced} values");
        report.note(name, why);
    }
    if tally.different > 0 {
        let why = format!(
            "{} records have other values here, which stay",
            tally.different
        );
        report.note(name, why);
    }
    Ok(tally)
}

/// The columns that there are, and how they are read.
fn columns(collection: &Collection, there: &[String]) -> Vec<(String, Read)> {
    let columns = collection.columns.iter();
    let columns = columns.filter(|column| there.contains(&column.name));
    columns
        .map(|column| {
            let read = match column.storage {
                Storage::Number | Storage::Int => Read::Number,
                Storage::Bool => Read::Bool,
                Storage::Text | Storage::Json => Read::Text,
            };
            (column.name.clone(), read)
        })
        .collect()
}

/// A row as a record.
fn record(
    collection: &std::sync::Arc<Collection>,
    columns: &[(String, Read)],
    row: Vec<Value>,
    replaced: &mut u64,
) -> Record {
    let zeros = collection
        .def
        .fields
        .iter()
        .map(|field| values::zero(&field.kind));
    let mut record = Record::new(std::sync::Arc::clone(collection), zeros.collect());
    for ((name, _), raw) in columns.iter().zip(row) {
        if let Some(position) = collection.position(name) {
            let kind = &collection.def.fields[position].kind;
            let zero = record.values[position].clone();
            let value = value(&collection.columns[position], kind, raw, zero);
            record.values[position] = without_nul(value, replaced);
        }
    }
    record
}

/// A value as its column holds it.
fn value(column: &Column, kind: &FieldKind, raw: Value, zero: Value) -> Value {
    let text = match raw {
        Value::Text(text) => text,
        Value::Null => return zero,
        other => return other,
    };
    match column.storage {
        Storage::Json if column.is_list() => list(&text),
        Storage::Json if text.is_empty() => zero,
        Storage::Json => Value::Json(json::normalise(&text).unwrap_or_else(|| {
            // It was never JSON: a text, then.
            json::canonical(&Json::from(text.as_str()))
        })),
        Storage::Text if column.shape.is_choice() => {
            let Value::Json(items) = list(&text) else {
                return Value::Text(text);
            };
            let mut items: Vec<String> = serde_json::from_str(&items).unwrap_or_default();
            Value::Text(items.pop().unwrap_or_default())
        }
        Storage::Text => match kind {
            FieldKind::Date(_) | FieldKind::Autodate(_) => {
                Value::Text(values::normalise_date(&text).unwrap_or(text))
            }
            _ => Value::Text(text),
        },
        Storage::Number | Storage::Int | Storage::Bool => zero,
    }
}

/// A list, or the one thing that is no list yet.
fn list(text: &str) -> Value {
    let items: Vec<String> = match serde_json::from_str(text) {
        Ok(Json::Array(items)) => items
            .iter()
            .map(|item| values::text(item).into_owned())
            .collect(),
        _ if text.is_empty() => Vec::new(),
        _ => vec![text.to_owned()],
    };
    Value::Json(json::canonical(&Json::from(items)))
}

fn without_nul(value: Value, replaced: &mut u64) -> Value {
    match value {
        Value::Text(text) if text.contains('\0') => {
            *replaced += 1;
            Value::Text(text.replace('\0', "\u{fffd}"))
        }
        Value::Json(text) if text.contains("\\u0000") => {
            *replaced += 1;
            Value::Json(text.replace("\\u0000", "\\ufffd"))
        }
        value => value,
    }
}

/// Those that are not there yet.
fn only_new(
    conn: &mut Conn,
    grant: &Grant,
    records: Vec<Record>,
    tally: &mut Tally,
) -> Result<Vec<Record>> {
    let ids: Vec<String> = records
        .iter()
        .map(|record| record.id().to_owned())
        .collect();
    let there = store::find_all(conn, grant, &ids)?;
    let there: HashMap<String, Record> = there
        .into_iter()
        .map(|record| (record.id().to_owned(), record))
        .collect();
    let mut new = Vec::new();
    for record in records {
        match there.get(record.id()) {
            None => new.push(record),
            Some(known) if known.values == record.values => tally.same += 1,
            Some(_) => tally.different += 1,
        }
    }
    Ok(new)
}

/// Inserts them; those that a unique index refuses are said.
fn insert(
    conn: &mut Conn,
    grant: &Grant,
    records: &[Record],
    tally: &mut Tally,
    report: &mut Report,
) -> Result<()> {
    let all = savepoint(conn, |conn| {
        records
            .iter()
            .try_for_each(|record| store::insert(conn, grant, record))
    });
    match all {
        Ok(()) => {
            tally.new += u64::try_from(records.len()).unwrap_or_default();
            return Ok(());
        }
        Err(Error::Unique(_)) => {}
        Err(error) => return Err(error),
    }
    for record in records {
        match savepoint(conn, |conn| store::insert(conn, grant, record)) {
            Ok(()) => tally.new += 1,
            Err(Error::Unique(_)) => {
                tally.refused += 1;
                let about = format!("{}/{}", grant.collection().def.name, record.id());
                report.note(
                    about,
                    "another record has a value that may be there only once",
                );
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
