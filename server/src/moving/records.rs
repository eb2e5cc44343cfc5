//! Records, as they are: ids, hashes, keys and moments too.

use std::collections::HashMap;

use plinth_sdk::types::FieldKind;
use serde_json::Value as Json;

use super::source::Read;
use super::{Progress, Report, Source, Tally};
use crate::collections::{Collection, Column};
use crate::db::{Conn, Point, Storage, Value, savepoint};
use crate::error::{Error, Result};
use crate::json;
use crate::policy::Grant;
use crate::records::{Record, store, values};

/// How many are in memory at once.
const BATCH: i64 = 100;
/// How many go by before the operator hears of it.
const STEP: usize = 10_000;

/// The copying of one collection's records.
pub(super) struct Copy<'a> {
    pub(super) grant: &'a Grant,
    /// Whether there is nothing to compare with.
    pub(super) is_empty: bool,
    pub(super) progress: &'a mut Progress,
    pub(super) report: &'a mut Report,
}

impl Copy<'_> {
    /// Copies them all, a few at a time.
    pub(super) fn run(self, conn: &mut Conn, source: &mut Source) -> Result<Tally> {
        let collection = self.grant.collection();
        let name = collection.def.name.as_str();
        let there = source.columns(name)?;
        let columns = columns(collection, &there);
        let total = source.count(name)?;
        let (mut tally, mut after, mut replaced) = (Tally::default(), i64::MIN, 0);
        let (mut done, mut next) = (0, STEP);
        loop {
            let rows = source.rows(name, &columns, after, BATCH)?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            after = *last;
            done += rows.len();
            let rows = rows.into_iter().map(|(_, row)| row);
            let mut records: Vec<Record> = rows
                .map(|row| record(collection, &columns, row, &mut replaced))
                .collect();
            if !self.is_empty {
                records = only_new(conn, self.grant, records, &mut tally)?;
            }
            insert(conn, self.grant, &records, &mut tally, self.report)?;
            if done >= next {
                next += STEP;
                (self.progress)(&format!("{name}: {done} of {total}"));
            }
        }
        if replaced > 0 {
            let why =
                format!("U+0000, which no text can hold here, became U+FFFD in {replaced} values");
            self.report.note(name, why);
        }
        if tally.different > 0 {
            let different = tally.different;
            let why = format!("{different} records have other values here, which stay");
            self.report.note(name, why);
        }
        Ok(tally)
    }
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
                Storage::Text | Storage::Json | Storage::Point => Read::Text,
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
    let Value::Text(text) = raw else {
        return if raw == Value::Null { zero } else { raw };
    };
    match column.storage {
        Storage::Json if column.is_list() => list(&text),
        Storage::Json if text.is_empty() => zero,
        Storage::Json => Value::Json(json::normalise(&text).unwrap_or_else(|| {
            // It was never JSON: a text, then.
            json::canonical(&Json::from(text.as_str()))
        })),
        Storage::Point => Value::Json(Point::stored(&text).to_json()),
        Storage::Text if column.shape.is_choice() => {
            let Value::Json(items) = list(&text) else {
                return Value::Text(text);
            };
            let mut items: Vec<String> = serde_json::from_str(&items).unwrap_or_default();
            Value::Text(items.pop().unwrap_or_default())
        }
        Storage::Text if matches!(kind, FieldKind::Date(_) | FieldKind::Autodate(_)) => {
            Value::Text(values::normalise_date(&text).unwrap_or(text))
        }
        Storage::Text => Value::Text(text),
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

fn without_nul(mut value: Value, replaced: &mut u64) -> Value {
    let (text, nul, other) = match &mut value {
        Value::Text(text) => (text, "\0", "\u{fffd}"),
        Value::Json(text) => (text, "\\u0000", "\\ufffd"),
        Value::Null | Value::Number(_) | Value::Int(_) | Value::Bool(_) => return value,
    };
    if text.contains(nul) {
        *replaced += 1;
        *text = text.replace(nul, other);
    }
    value
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
