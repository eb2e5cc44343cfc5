//! What becomes of the body of a create or an update: values, rules, validation, and the row itself.

use plinth_sdk::types::{FieldKind, FieldProblem, FieldProblems};
use serde_json::{Map, Value as Json};

use super::values::{self, split_key};
use super::{Record, generate, store, to_json, validate};
use crate::clock::Moment;
use crate::collections::{Collection, Shape, attached, own};
use crate::db::{Conn, Ident, Storage, Value, load, sql};
use crate::error::{Error, Result, Violation};
use crate::files;
use crate::policy::{Fields, Grant};

pub use super::input::Input;

/// The answer to a create that does not succeed.
pub const CREATE_FAILED: &str = "Failed to create record.";
/// The answer to an update that does not succeed.
pub const UPDATE_FAILED: &str = "Failed to update record.";

/// Creates a record.
pub fn create(conn: &mut Conn, grant: Grant, input: &Input) -> Result<(Grant, Record)> {
    count_change(conn, grant.collection())?;
    let (grant, record) = new(conn, grant, input)?;
    store::insert(conn, &grant, &record)
        .map_err(|error| taken(error, &record.collection, CREATE_FAILED))?;
    Ok((grant, record))
}

/// The record that [`create`] would make, or why it would not.
pub fn new(conn: &mut Conn, mut grant: Grant, input: &Input) -> Result<(Grant, Record)> {
    let collection = grant.collection().clone();
    let now = grant.request.now;
    let values = collection
        .def
        .fields
        .iter()
        .map(|field| values::zero(&field.kind));
    let mut record = Record::new(collection.clone(), values.collect());
    fill(&mut record, None, &grant, input);
    if let Some(id) = &input.id {
        record.set("id", Value::from(id.as_str()));
    }
    generate_missing(&mut record);
    if collection.is_superusers() {
        // Made by somebody who may do everything: there is nothing left to verify.
        record.set("verified", Value::Bool(true));
    }
    stamp(&mut record, now, true);
    grant.request.body = body_of(&record, &input.body);

    let mut would_be = record.clone();
    if collection.is_auth() {
        would_be.set("verified", Value::Bool(false));
    }
    if !store::would_be_granted(conn, &grant, &would_be)? {
        return Err(Error::invalid(CREATE_FAILED));
    }
    let denied = denied_problems(conn, &grant, &would_be, None, input)?;
    if !denied.is_empty() {
        return Err(Error::refused(CREATE_FAILED, denied));
    }
    let refuse = |data| Error::refused(CREATE_FAILED, data);
    if collection.is_auth() {
        let is_manager = grant.is_superior() || store::would_be_managed(conn, &grant, &would_be)?;
        let problems = account_problems(&record, None, is_manager, input);
        if !problems.is_empty() {
            return Err(refuse(problems));
        }
    }
    let mut problems = field_problems(&record, None, input);
    relation_problems(conn, &grant, &record, None, &mut problems)?;
    if collection.is_own() {
        own::check(conn, grant.schema(), &mut record, None, &mut problems)?;
    }
    if problems.is_empty() && collection.is_attached() {
        attached::check(conn, grant.schema(), &record, &mut problems)?;
    }
    if problems.is_empty() && collection.is_auth() && input.body.contains_key("id") {
        other_account_problem(conn, &grant, &record, &mut problems)?;
    }
    if !problems.is_empty() {
        return Err(refuse(problems));
    }
    Ok((grant, record))
}

/// The id that a new record will have.
pub fn planned_id(collection: &Collection, body: &Map<String, Json>) -> String {
    let given = body.get("id").map(values::text).unwrap_or_default();
    let prefix = body.get("id:autogenerate").map(values::text);
    if !given.is_empty() && prefix.is_none() {
        return given.into_owned();
    }
    let field = collection.def.fields.iter().find(|f| f.name == "id");
    let generated = match field.map(|field| &field.kind) {
        Some(FieldKind::Text(options)) => generate::generate(&options.autogenerate_pattern),
        _ => None,
    };
    format!(
        "{}{}",
        prefix.unwrap_or_default(),
        generated.unwrap_or_default()
    )
}

/// Updates the record of this id.
pub fn update(conn: &mut Conn, grant: Grant, id: &str, input: &Input) -> Result<(Grant, Record)> {
    count_change(conn, grant.collection())?;
    let (grant, stored, record) = changed_record(conn, grant, id, input)?;
    store::update(conn, &grant, &stored, &record)
        .map_err(|error| taken(error, &record.collection, UPDATE_FAILED))?;
    Ok((grant, record))
}

/// What [`update`] would make of the record of this id, which comes first; or why it would not.
pub fn changed_record(
    conn: &mut Conn,
    mut grant: Grant,
    id: &str,
    input: &Input,
) -> Result<(Grant, Record, Record)> {
    let collection = grant.collection().clone();
    // Rules ask about the values that the record would have, of a row that stays as it is meanwhile.
    let unruled = crate::policy::system(
        grant.schema(),
        &collection,
        grant.request.clone(),
        "to work out the body that the rule asks about",
    );
    let stored =
        store::find(conn, &unruled, id, Some(store::Lock::Update))?.ok_or_else(Error::missing)?;
    let mut record = stored.clone();
    fill(&mut record, Some(&stored), &grant, input);
    grant.request.body = body_of(&record, &input.body);
    if store::find(conn, &grant, id, None)?.is_none()
        || !stays_reached(conn, &grant, &stored, &record)?
    {
        return Err(Error::missing());
    }
    let denied = denied_problems(conn, &grant, &record, Some(&stored), input)?;
    if !denied.is_empty() {
        return Err(Error::refused(UPDATE_FAILED, denied));
    }
    let refuse = |data| Error::refused(UPDATE_FAILED, data);
    if collection.is_auth() {
        let is_manager = store::managed(conn, &grant, &[id.to_owned()])?.contains(id);
        let problems = account_problems(&record, Some(&stored), is_manager, input);
        if !problems.is_empty() {
            return Err(refuse(problems));
        }
    }
    let mut problems = field_problems(&record, Some(&stored), input);
    relation_problems(conn, &grant, &record, Some(&stored), &mut problems)?;
    if collection.is_own() {
        own::check(
            conn,
            grant.schema(),
            &mut record,
            Some(&stored),
            &mut problems,
        )?;
    }
    if problems.is_empty() && collection.is_attached() {
        attached::check(conn, grant.schema(), &record, &mut problems)?;
    }
    if !problems.is_empty() {
        return Err(refuse(problems));
    }
    if collection.is_auth()
        && (changed(&record, &stored, "password") || changed(&record, &stored, "email"))
    {
        // Every token of the account was signed with the old key.
        record.set("tokenKey", Value::Text(generate::alphanumeric(50)));
    }
    if collection.is_auth() && changed(&record, &stored, "password") {
        attached::forget_sign_ins(conn, grant.schema(), &stored)?;
    }
    stamp(&mut record, grant.request.now, false);
    Ok((grant, stored, record))
}

/// Counts a change of what every process keeps in memory. It comes first, so that those who change such things at
/// once do it one after the other, and each sees what the one before did.
pub(super) fn count_change(conn: &mut Conn, collection: &Collection) -> Result<()> {
    if collection.is_definitions() {
        crate::collections::store::count_change(conn)?;
    }
    Ok(())
}

/// Puts the body's values into the record: plain keys first, then those with a modifier.
fn fill(record: &mut Record, stored: Option<&Record>, grant: &Grant, input: &Input) {
    let collection = record.collection.clone();
    let is_superuser = grant.is_superior();
    let mut with_modifier = Vec::new();
    for (key, raw) in &input.body {
        let (name, modifier) = match collection.position(key) {
            Some(_) => (key.as_str(), None),
            None => split_key(key),
        };
        let Some(position) = collection.position(name) else {
            continue;
        };
        let column = &collection.columns[position];
        let kind = &collection.def.fields[position].kind;
        let is_password = column.shape == Shape::Secret;
        let is_settable = !matches!(kind, FieldKind::Autodate(_))
            && (!column.hidden || is_superuser || collection.sets_hidden(column));
        if !is_settable {
            continue;
        }
        if is_password {
            if let Some(hash) = input.hashes.get(name) {
                record.values[position] = Value::Text(hash.clone());
            }
        } else if let Some(modifier) = modifier {
            with_modifier.push((position, modifier, raw));
        } else {
            record.values[position] = values::normalise(kind, raw);
        }
    }
    for (position, modifier, raw) in with_modifier {
        let kind = &collection.def.fields[position].kind;
        let current = record.values[position].clone();
        record.values[position] = values::apply_modifier(kind, &current, modifier, raw);
    }
    for (key, raw) in &input.body {
        let Some(name) = key.strip_suffix(":autogenerate") else {
            continue;
        };
        let is_new = stored.is_none_or(|stored| !changed(record, stored, name));
        if let (Some(position), true) = (collection.position(name), is_new)
            && let FieldKind::Text(options) = &collection.def.fields[position].kind
            && (!collection.columns[position].hidden || is_superuser)
            && let Some(generated) = generate::generate(&options.autogenerate_pattern)
        {
            let prefix = values::text(raw);
            record.values[position] = Value::Text(format!("{prefix}{generated}"));
        }
    }
}

/// Texts that make themselves when nothing was given: the id, the token key, …
fn generate_missing(record: &mut Record) {
    let collection = record.collection.clone();
    for (position, field) in collection.def.fields.iter().enumerate() {
        if let FieldKind::Text(options) = &field.kind
            && record.values[position] == Value::Text(String::new())
            && !options.autogenerate_pattern.is_empty()
        {
            let generated = generate::generate(&options.autogenerate_pattern);
            record.values[position] = Value::Text(generated.unwrap_or_default());
        }
    }
}

/// Sets the moments that the server sets.
pub fn stamp(record: &mut Record, now: Moment, is_new: bool) {
    let collection = record.collection.clone();
    for (position, field) in collection.def.fields.iter().enumerate() {
        if let FieldKind::Autodate(options) = &field.kind
            && (if is_new {
                options.on_create
            } else {
                options.on_update
            })
        {
            record.values[position] = Value::Text(now.to_string());
        }
    }
}

/// `@request.body`: what was sent, with the values that it comes to.
fn body_of(record: &Record, body: &Map<String, Json>) -> Map<String, Json> {
    let mut out = body.clone();
    for key in body.keys() {
        let name = match record.collection.position(key) {
            Some(_) => key.as_str(),
            None => split_key(key).0,
        };
        let name = name.strip_suffix(":autogenerate").unwrap_or(name);
        if let Some(position) = record.collection.position(name)
            && record.collection.columns[position].shape != Shape::Secret
        {
            out.insert(name.to_owned(), to_json(&record.values[position]));
        }
    }
    out
}

/// Whether roles let the caller make of the stored record what it would be: nobody moves a record to where they may
/// not change it.
fn stays_reached(conn: &mut Conn, grant: &Grant, stored: &Record, record: &Record) -> Result<bool> {
    let reach = grant.reach();
    if reach.is_by_rule_alone() {
        return Ok(true);
    }
    let before = store::parts_of(conn, grant, reach, stored)?;
    let after = store::parts_of(conn, grant, reach, record)?;
    Ok(reach.is_kept(&before, &after))
}

/// The fields that the caller's roles do not let them set.
fn denied_problems(
    conn: &mut Conn,
    grant: &Grant,
    record: &Record,
    stored: Option<&Record>,
    input: &Input,
) -> Result<FieldProblems> {
    let reach = grant.reach();
    let mut problems = FieldProblems::new();
    if !reach.has_field_limits() {
        return Ok(problems);
    }
    let would_be = reach.fields(&store::parts_of(conn, grant, reach, record)?);
    let (was, seen) = match stored {
        None => (would_be.clone(), Fields::default()),
        Some(stored) => {
            let mut seen = stored.clone();
            store::reveal_as_it_is(conn, grant, &mut seen)?;
            let held = store::parts_of(conn, grant, reach, stored)?;
            (reach.fields(&held), seen.reveal.fields.unwrap_or_default())
        }
    };
    for key in input.body.keys() {
        let name = key.strip_suffix(":autogenerate").unwrap_or(key);
        let name = match record.collection.position(name) {
            Some(_) => name,
            None => split_key(name).0,
        };
        let collection = &record.collection;
        let is_known = collection
            .column(name)
            .is_some_and(|column| !column.hidden || collection.sets_hidden(column));
        // To send back what one sees changes nothing; what one does not see must not be found out by trial.
        let is_same = stored.is_some_and(|stored| !changed(record, stored, name));
        let is_settable = was.has(name) && would_be.has(name);
        if is_known && !is_settable && !(is_same && seen.has(name)) {
            let message = "Your roles do not let you set this field.";
            let problem = FieldProblem::new("validation_not_permitted", message);
            problems.insert(name.to_owned(), problem);
        }
    }
    Ok(problems)
}

/// What only accounts have to obey; checked before everything else, and alone.
fn account_problems(
    record: &Record,
    stored: Option<&Record>,
    is_manager: bool,
    input: &Input,
) -> FieldProblems {
    let mut problems = FieldProblems::new();
    let text = |name: &str| input.body.get(name).map(values::text).unwrap_or_default();
    let (password, confirm) = (text("password"), text("passwordConfirm"));
    let old = text("oldPassword");
    let (password, confirm, old) = (&*password, &*confirm, &*old);
    if !is_manager {
        let was_email = stored.map(|stored| stored.text("email"));
        if was_email.is_some_and(|email| email != record.text("email")) {
            problems.insert("email".to_owned(), mismatch());
        }
        let was_verified = stored.is_some_and(|stored| stored.is("verified"));
        if record.is("verified") != was_verified {
            problems.insert("verified".to_owned(), mismatch());
        }
    }
    let is_new = stored.is_none();
    if is_new || !confirm.is_empty() || !old.is_empty() {
        require(&mut problems, "password", password);
    }
    if is_new || !password.is_empty() || !old.is_empty() {
        require(&mut problems, "passwordConfirm", confirm);
    }
    if !confirm.is_empty() && confirm != password {
        problems.insert("passwordConfirm".to_owned(), mismatch());
    }
    if let Some(stored) = stored
        && !is_manager
        && !(password.is_empty() && confirm.is_empty() && old.is_empty())
    {
        require(&mut problems, "oldPassword", old);
        if !old.is_empty() && input.old_password.as_deref() != Some(stored.text("password")) {
            let problem = FieldProblem::new(
                "validation_invalid_old_password",
                "Missing or invalid old password.",
            );
            problems.insert("oldPassword".to_owned(), problem);
        }
    }
    problems
}

fn require(problems: &mut FieldProblems, name: &str, value: &str) {
    if value.is_empty() {
        let problem = FieldProblem::new("validation_required", "Cannot be blank.");
        problems.insert(name.to_owned(), problem);
    }
}

fn mismatch() -> FieldProblem {
    FieldProblem::new("validation_values_mismatch", "Values don't match.")
}

/// What the fields' own options refuse.
fn field_problems(record: &Record, stored: Option<&Record>, input: &Input) -> FieldProblems {
    let mut problems = FieldProblems::new();
    for (position, field) in record.collection.def.fields.iter().enumerate() {
        let raw = input.body.get(&field.name);
        let value = &record.values[position];
        let problem = if let FieldKind::Password(_) = field.kind {
            if stored.is_some() && raw.is_none() {
                continue;
            }
            let given = raw.map_or_else(
                || Value::from(""),
                |raw| values::normalise(&field.kind, raw),
            );
            validate::validate(field, &given, raw)
        } else if let Some(stored) = stored
            && field.name == "id"
        {
            (stored.id() != record.id()).then(|| {
                FieldProblem::new(
                    "validation_pk_change",
                    "The record primary key cannot be changed.",
                )
            })
        } else {
            validate::validate(field, value, raw)
        };
        let problem = if let FieldKind::File(options) = &field.kind {
            let files: Vec<_> = input
                .files
                .iter()
                .filter(|file| file.field == field.name)
                .collect();
            let before = stored.map(|stored| &stored.values[position]);
            files::problem(options, value, before, &files)
        } else {
            problem
        };
        if let Some(problem) = problem {
            problems.insert(field.name.clone(), problem);
        }
    }
    problems
}

/// Whether the records exist that were not referred to before.
fn relation_problems(
    conn: &mut Conn,
    grant: &Grant,
    record: &Record,
    stored: Option<&Record>,
    problems: &mut FieldProblems,
) -> Result<()> {
    for (position, column) in record.collection.columns.iter().enumerate() {
        let Shape::Relation { target, .. } = &column.shape else {
            continue;
        };
        let mut ids = values::list(&record.values[position]);
        let known = stored.map(|stored| values::list(&stored.values[position]));
        ids.retain(|id| !known.iter().flatten().any(|known| known == id));
        if ids.is_empty() || problems.contains_key(&column.name) {
            continue;
        }
        let problem = match grant.schema().find(target) {
            None => FieldProblem::new(
                "validation_missing_rel_collection",
                "Relation connection is missing or cannot be accessed.",
            ),
            Some(target) if store::count_existing(conn, target, &ids)? < ids.len() => {
                FieldProblem::new(
                    "validation_missing_rel_records",
                    "Failed to find all relation records with the provided ids.",
                )
            }
            Some(_) => continue,
        };
        problems.insert(column.name.clone(), problem);
    }
    Ok(())
}

/// No two accounts have one id, in whichever collections they are: a token names its account by it.
fn other_account_problem(
    conn: &mut Conn,
    grant: &Grant,
    record: &Record,
    problems: &mut FieldProblems,
) -> Result<()> {
    for other in grant.schema().iter().filter(|other| other.is_auth()) {
        let mut select = sql(conn.engine(), "SELECT CAST(1 AS BIGINT) FROM ");
        select
            .ident(&other.table)
            .text(" WHERE ")
            .ident(&Ident::new("id"));
        select.text(" = ").bind(Value::from(record.id()));
        if other.def.id != record.collection.def.id
            && !load(conn, select, &[Storage::Int])?.is_empty()
        {
            let problem = FieldProblem::new(
                "validation_invalid_auth_id",
                "Invalid or duplicated auth record id.",
            );
            problems.insert("id".to_owned(), problem);
        }
    }
    Ok(())
}

fn changed(record: &Record, stored: &Record, name: &str) -> bool {
    record.value(name) != stored.value(name)
}

/// Names the fields whose values another record has.
fn taken(error: Error, collection: &Collection, message: &'static str) -> Error {
    let Error::Unique(violation) = error else {
        return error;
    };
    let names: Vec<String> = match violation {
        Violation::Columns(names) => names,
        Violation::Index(name) => collection
            .indexes
            .iter()
            .find(|index| index.ident().as_str() == name)
            .map_or_else(
                || vec!["id".to_owned()],
                |index| index.columns.iter().map(|c| c.name.clone()).collect(),
            ),
    };
    let problem = |name: String| {
        let problem = FieldProblem::new("validation_not_unique", "Value must be unique.");
        (name, problem)
    };
    Error::refused(message, names.into_iter().map(problem).collect())
}
