//! Copies records unchanged, including ids, hashes, keys and timestamps.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use plinth_sdk::types::{FieldKind, FieldProblem, FieldProblems};
use serde_json::Value as Json;

use super::check::{Check, Verdict};
use super::report::Named;
use super::source::Read;
use super::{Progress, Report, Source, Tally, Wishes};
use crate::db::{ColumnType, Conn, GeoPoint, Ident, Value, load, savepoint, sql};
use crate::error::{Error, Result};
use crate::fields;
use crate::json;
use crate::policy::Grant;
use crate::problems::in_one_line;
use crate::records::problems::taken;
use crate::records::store;
use crate::schema::{Collection, Column, Record, Schema};

/// How many records are in memory at once.
const BATCH: i64 = 100;
/// How many records are copied between two progress messages.
const STEP: usize = 10_000;

/// The inputs for copying a collection's records.
pub(super) struct Copy<'a> {
    pub(super) grant: &'a Grant,
    /// Whether the collection has no records yet.
    pub(super) is_empty: bool,
    pub(super) wishes: Wishes,
    pub(super) admitted: &'a mut HashSet<String>,
    pub(super) progress: &'a mut Progress,
    pub(super) report: &'a mut Report,
}

/// The state of copying.
struct Run<'a> {
    grant: &'a Grant,
    schema: &'a Schema,
    wishes: Wishes,
    /// The ids of the imported superusers.
    admitted: &'a mut HashSet<String>,
    check: Check,
    tally: Tally,
    /// The number of values with a character that is not supported.
    replaced: u64,
    left_out: Named,
    beyond: u64,
    report: &'a mut Report,
}

impl Copy<'_> {
    /// Copies all records in batches.
    pub(super) fn run(self, conn: &mut Conn, source: &mut Source) -> Result<Tally> {
        let collection = self.grant.collection();
        let name = collection.def.name.as_str();
        let there = source.columns(name)?;
        let mut run = Run {
            grant: self.grant,
            schema: self.grant.schema(),
            wishes: self.wishes,
            admitted: self.admitted,
            check: Check::of(collection),
            tally: Tally::default(),
            replaced: 0,
            left_out: Named::new("records"),
            beyond: 0,
            report: self.report,
        };
        if there.is_empty() {
            run.report
                .note(name, "it has no table there, so no records");
            return Ok(run.tally);
        }
        let columns = columns(collection, &there);
        let total = source.count(name)?;
        let (mut after, mut done, mut next) = (i64::MIN, 0, STEP);
        loop {
            let rows = source.rows(name, &columns, after, BATCH)?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            after = *last;
            done += rows.len();
            run.batch(conn, &columns, rows, self.is_empty)?;
            if done >= next {
                next += STEP;
                (self.progress)(&format!("{name}: {done} of {total}"));
            }
        }
        Ok(run.finish(name))
    }
}

impl Run<'_> {
    fn batch(
        &mut self,
        conn: &mut Conn,
        columns: &[(String, Read)],
        rows: Vec<(i64, Vec<Value>)>,
        is_empty: bool,
    ) -> Result<()> {
        let mut records = Vec::with_capacity(rows.len());
        for (_, row) in rows {
            let read = record(self.grant.collection(), columns, row, &mut self.replaced);
            match read {
                (record, None) => records.push(record),
                (record, Some(why)) => self.leave_out(&record, &why),
            }
        }
        if !is_empty {
            let mut same = Vec::new();
            records = only_new(conn, self.grant, records, &mut self.tally, &mut same)?;
            if self.wishes.superusers && self.grant.collection().is_superusers() {
                self.admitted.extend(same);
            }
        }
        let others = self.other_accounts(conn, &records)?;
        let mut wanted = Vec::with_capacity(records.len());
        for record in records {
            if others.contains(record.id()) {
                self.leave_out(&record, "id: an account of another collection has it");
            } else if self.may_take(conn, &record)? {
                wanted.push(record);
            }
        }
        self.insert(conn, &wanted)
    }

    /// Returns the ids that accounts of other collections have: an id identifies one account only.
    fn other_accounts(&self, conn: &mut Conn, records: &[Record]) -> Result<HashSet<String>> {
        let own = self.grant.collection();
        let mut found = HashSet::new();
        if !own.is_auth() {
            return Ok(found);
        }
        let ids: Vec<String> = records.iter().map(|one| one.id().to_owned()).collect();
        let others = self.schema.iter().filter(|one| one.is_auth());
        for other in others.filter(|one| one.def.id != own.def.id) {
            let id = Ident::new("id");
            let mut select = sql(conn.dialect(), "SELECT ");
            select.ident(&id).text(" FROM ").ident(&other.table);
            select.text(" WHERE ").ident(&id);
            select.append(conn.dialect().is_one_of(&ids));
            let rows = load(conn, select.cached(), &[ColumnType::Text])?;
            found.extend(rows.into_iter().flatten().filter_map(|id| match id {
                Value::Text(id) => Some(id),
                Value::Null
                | Value::Number(_)
                | Value::Int(_)
                | Value::Bool(_)
                | Value::Json(_) => None,
            }));
        }
        Ok(found)
    }

    /// Whether a record can be imported, and should be.
    fn may_take(&mut self, conn: &mut Conn, record: &Record) -> Result<bool> {
        match self.check.record(record) {
            Verdict::Fine => {}
            Verdict::BeyondLimits(why) => {
                self.beyond += 1;
                if self.beyond == 1 {
                    let why =
                        format!("taken as it is, although the field would now refuse it: {why}");
                    self.report.note(about_record(record), why);
                }
            }
            Verdict::Impossible(why) => {
                self.leave_out(record, &why);
                return Ok(false);
            }
        }
        let mut problems = FieldProblems::new();
        if record.collection.is_account_data() {
            let superusers = self.schema.find(crate::schema::SUPERUSERS);
            let is_of_superuser =
                superusers.is_some_and(|one| one.def.id == record.text("collectionRef"));
            // It must not give access to a superuser who existed before.
            if is_of_superuser && !self.admitted.contains(record.text("recordRef")) {
                self.tally.held_back += 1;
                return Ok(false);
            }
            crate::records::account_data::check(conn, self.schema, record, &mut problems)?;
        }
        if let Some((field, problem)) = problems.first_key_value() {
            self.leave_out(record, &format!("{field}: {}", in_one_line(problem)));
            return Ok(false);
        }
        if record.collection.is_superusers() {
            let why = if self.wishes.superusers {
                self.admitted.insert(record.id().to_owned());
                "may do everything here now"
            } else {
                self.tally.held_back += 1;
                "not taken; --superusers takes them all"
            };
            self.report.superuser(record.text("email"), why);
            return Ok(self.wishes.superusers);
        }
        Ok(true)
    }

    /// Inserts records; leaves out those that the database refuses.
    fn insert(&mut self, conn: &mut Conn, records: &[Record]) -> Result<()> {
        let grant = self.grant;
        let all = savepoint(conn, |conn| {
            records
                .iter()
                .try_for_each(|record| store::insert(conn, grant, record))
        });
        match all {
            Ok(()) => {
                self.tally.new += u64::try_from(records.len()).unwrap_or_default();
                return Ok(());
            }
            Err(Error::Unique(_) | Error::Oversized | Error::Invalid { .. }) => {}
            Err(error) => return Err(error),
        }
        for record in records {
            let inserted = savepoint(conn, |conn| store::insert(conn, grant, record));
            match inserted.map_err(|error| taken(error, record, "")) {
                Ok(()) => self.tally.new += 1,
                Err(Error::Invalid { message, data }) if data.is_empty() => {
                    self.leave_out(record, &message);
                }
                Err(Error::Invalid { data, .. }) => {
                    self.leave_out(record, &in_one_line(&FieldProblem::Inside(data)));
                }
                Err(Error::Internal(error)) => {
                    return Err(Error::Internal(error.context(about_record(record))));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn leave_out(&mut self, record: &Record, why: &str) {
        self.tally.refused += 1;
        self.left_out.add(&about_record(record), why, self.report);
    }

    fn finish(self, name: &str) -> Tally {
        let Self { tally, report, .. } = self;
        self.left_out.finish(name, report);
        if self.replaced > 0 {
            let replaced = self.replaced;
            let why =
                format!("U+0000, which no text can hold here, became U+FFFD in {replaced} values");
            report.note(name, why);
        }
        if self.beyond > 1 {
            let more = self.beyond - 1;
            report.note(name, format!("so were {more} more records"));
        }
        if tally.different > 0 {
            let different = tally.different;
            let why = format!("{different} records have other values here, which stay");
            report.note(name, why);
        }
        tally
    }
}

/// Returns the name of a record in the report.
pub(super) fn about(collection: &str, id: &str) -> String {
    const MAX: usize = 100;
    let id: String = id.chars().take(MAX).collect();
    format!("{collection}/{id}")
}

fn about_record(record: &Record) -> String {
    about(&record.collection.def.name, record.id())
}

/// Returns the existing columns, and how they are read.
fn columns(collection: &Collection, there: &[String]) -> Vec<(String, Read)> {
    let columns = collection.columns.iter();
    let columns = columns.filter(|column| there.contains(&column.name));
    columns
        .map(|column| {
            let read = match column.storage {
                ColumnType::Number | ColumnType::Int => Read::Number,
                ColumnType::Bool => Read::Bool,
                ColumnType::Text | ColumnType::Json | ColumnType::GeoPoint => Read::Text,
            };
            (column.name.clone(), read)
        })
        .collect()
}

/// Converts a row to a record; returns the problem of a value that could not be read, if there is one.
fn record(
    collection: &Arc<Collection>,
    columns: &[(String, Read)],
    row: Vec<Value>,
    replaced: &mut u64,
) -> (Record, Option<String>) {
    let mut problem = None;
    let zeros = collection
        .def
        .fields
        .iter()
        .map(|field| fields::zero(&field.kind));
    let mut record = Record::new(Arc::clone(collection), zeros.collect());
    for ((name, _), raw) in columns.iter().zip(row) {
        if let Some(position) = collection.position(name) {
            let kind = &collection.def.fields[position].kind;
            let zero = record.values[position].clone();
            match value(&collection.columns[position], kind, raw, zero) {
                Some(value) => record.values[position] = without_nul(value, replaced),
                None => {
                    problem.get_or_insert(format!("{name}: it is no JSON"));
                }
            }
        }
    }
    (record, problem)
}

/// Converts a value to the type of its column; returns `None` for broken JSON.
fn value(column: &Column, kind: &FieldKind, raw: Value, zero: Value) -> Option<Value> {
    let Value::Text(text) = raw else {
        return Some(if raw == Value::Null { zero } else { raw });
    };
    Some(match column.storage {
        ColumnType::Json if column.is_list() => list(&text),
        ColumnType::Json if text.is_empty() => zero,
        ColumnType::Json => Value::Json(json(&text)?),
        ColumnType::GeoPoint => Value::Json(GeoPoint::stored(&text).to_json()),
        ColumnType::Text if column.shape.is_choice() => {
            let Value::Json(items) = list(&text) else {
                return Some(Value::Text(text));
            };
            let mut items: Vec<String> = serde_json::from_str(&items).unwrap_or_default();
            Value::Text(items.pop().unwrap_or_default())
        }
        ColumnType::Text => Value::Text(fields::of(kind).import_text(text)),
        ColumnType::Number | ColumnType::Int | ColumnType::Bool => zero,
    })
}

/// Normalizes JSON. A value that does not begin like JSON is a text, as in PocketBase.
fn json(text: &str) -> Option<String> {
    let begins = text.trim_start().starts_with(['{', '[', '"']);
    let read = json::normalise(text);
    read.or_else(|| (!begins).then(|| json::canonical(&Json::from(text))))
}

/// Converts a value to a list: a single value becomes a list of one.
fn list(text: &str) -> Value {
    let items: Vec<String> = match serde_json::from_str(text) {
        Ok(Json::Array(items)) => items
            .iter()
            .map(|item| fields::text_of(item).into_owned())
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

/// Returns the records that do not exist yet. The ids of equal existing ones are added to `same`.
fn only_new(
    conn: &mut Conn,
    grant: &Grant,
    records: Vec<Record>,
    tally: &mut Tally,
    same: &mut Vec<String>,
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
            Some(known) if known.values == record.values => {
                tally.same += 1;
                same.push(record.id().to_owned());
            }
            Some(_) => tally.different += 1,
        }
    }
    Ok(new)
}
