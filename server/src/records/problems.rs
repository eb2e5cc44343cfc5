//! Validates the values of a record before it is written.

use std::collections::HashSet;

use plinth_sdk::types::{FieldKind, FieldProblems};

use super::fill::changed;
use super::given::Given;
use super::input::Input;
use super::store;
use crate::db::{ColumnType, Conn, Ident, Value, concurrent, load, sql};
use crate::error::{Error, Result, Violation};
use crate::fields::{self, split_key};
use crate::files;
use crate::policy::Grant;
use crate::problems as types;
use crate::schema::{FieldAccess, IndexForm, Record, Shape};

/// Returns the fields that the caller's roles do not allow to be set.
pub(super) fn denied_problems(
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
        None => (would_be.clone(), FieldAccess::default()),
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
        // A visible value may be sent back unchanged; a hidden one may not, since it could be guessed by trial.
        let is_same = stored.is_some_and(|stored| !changed(record, stored, name));
        let is_settable = was.has(name) && would_be.has(name);
        if is_known && !is_settable && !(is_same && seen.has(name)) {
            problems.insert(name.to_owned(), types::NOT_PERMITTED.problem());
        }
    }
    Ok(problems)
}

/// Validates what is special about accounts. Checked before everything else.
pub(super) fn account_problems(
    record: &Record,
    stored: Option<&Record>,
    is_manager: bool,
    input: &Input,
) -> FieldProblems {
    let mut problems = FieldProblems::new();
    let text = |name: &str| {
        input
            .body
            .get(name)
            .map(fields::text_of)
            .unwrap_or_default()
    };
    let (password, confirm) = (text("password"), text("passwordConfirm"));
    let old = text("oldPassword");
    let (password, confirm, old) = (&*password, &*confirm, &*old);
    if !is_manager {
        let was_email = stored.map(|stored| stored.text("email"));
        if was_email.is_some_and(|email| email != record.text("email")) {
            problems.insert("email".to_owned(), types::MISMATCH.problem());
        }
        let was_verified = stored.is_some_and(|stored| stored.is("verified"));
        if record.is("verified") != was_verified {
            problems.insert("verified".to_owned(), types::MISMATCH.problem());
        }
    }
    let is_new = stored.is_none();
    let needs_password = is_new && !input.is_passwordless;
    if needs_password || !confirm.is_empty() || !old.is_empty() {
        require(&mut problems, "password", password);
    }
    if needs_password || !password.is_empty() || !old.is_empty() {
        require(&mut problems, "passwordConfirm", confirm);
    }
    if !confirm.is_empty() && confirm != password {
        problems.insert("passwordConfirm".to_owned(), types::MISMATCH.problem());
    }
    if let Some(stored) = stored
        && !is_manager
        && !(password.is_empty() && confirm.is_empty() && old.is_empty())
    {
        require(&mut problems, "oldPassword", old);
        if !old.is_empty() && !input.has_old_password(stored.text("password")) {
            problems.insert("oldPassword".to_owned(), types::OLD_PASSWORD.problem());
        }
    }
    problems
}

fn require(problems: &mut FieldProblems, name: &str, value: &str) {
    if let Some(problem) = types::filled(value) {
        problems.insert(name.to_owned(), problem);
    }
}

/// Returns the problems of values that their fields' options refuse.
pub(super) fn field_problems(
    record: &Record,
    stored: Option<&Record>,
    input: &Input,
    given: &Given,
) -> FieldProblems {
    let mut problems = FieldProblems::new();
    for (position, field) in record.collection.def.fields.iter().enumerate() {
        let value = &record.values[position];
        let problem = if let FieldKind::Password(_) = field.kind {
            let has_none = input.is_passwordless && field.name == "password";
            if (stored.is_some() || has_none) && !input.body.contains_key(&field.name) {
                continue;
            }
            given.password_problem(position)
        } else if let Some(stored) = stored
            && field.name == "id"
        {
            (stored.id() != record.id()).then(|| types::ID_CHANGED.problem())
        } else {
            given.problem(position, value)
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

/// Validates that newly referenced records exist.
pub(super) fn relation_problems(
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
        let mut ids = fields::items(&record.values[position]);
        let known = stored.map(|stored| fields::items(&stored.values[position]));
        let known: HashSet<String> = known.into_iter().flatten().collect();
        ids.retain(|id| !known.contains(id));
        if ids.is_empty() || problems.contains_key(&column.name) {
            continue;
        }
        let problem = match grant.schema().find(target) {
            None => types::MISSING_COLLECTION,
            Some(target) if store::count_existing(conn, target, &ids)? < ids.len() => {
                types::MISSING_RECORDS
            }
            Some(_) => continue,
        };
        problems.insert(column.name.clone(), problem.problem());
    }
    Ok(())
}

/// Refuses the id of an account in any other collection, since tokens identify accounts by it.
pub(super) fn other_account_problem(
    conn: &mut Conn,
    grant: &Grant,
    record: &Record,
    problems: &mut FieldProblems,
) -> Result<()> {
    for other in grant.schema().iter().filter(|other| other.is_auth()) {
        let mut select = sql(conn.dialect(), "SELECT ");
        select
            .whole("1")
            .text(" FROM ")
            .ident(&other.table)
            .text(" WHERE ")
            .ident(&Ident::new("id"));
        select.text(" = ").bind(Value::from(record.id()));
        if other.def.id != record.collection.def.id
            && !load(conn, select, &[ColumnType::Int])?.is_empty()
        {
            problems.insert("id".to_owned(), types::ACCOUNT_ID_TAKEN.problem());
        }
    }
    Ok(())
}

/// Refuses an id that is a name in the policy: casbin's lines do not tell kinds of names apart.
pub(super) fn policy_name_problem(grant: &Grant, record: &Record, problems: &mut FieldProblems) {
    if grant.schema().policies.has_name(record.id()) {
        problems.insert("id".to_owned(), types::ACCOUNT_ID_TAKEN.problem());
    }
}

/// Turns the error of a unique index, or of a value that is too long for an index, into problems of fields.
pub fn taken(error: Error, record: &Record, message: &'static str) -> Error {
    let collection = &record.collection;
    if let Error::Oversized = error {
        let problem = types::TOO_LONG_FOR_INDEX.problem();
        return Error::field(message, longest_indexed(record), problem);
    }
    let Error::Unique(violation) = error else {
        return error;
    };
    if let Violation::Index(name) = &violation
        && concurrent::is_new(name)
    {
        // The schema change that needs the index is about to take effect, or to fail.
        return Error::SchemaChanged;
    }
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
    let problem = |name: String| (name, types::NOT_UNIQUE.problem());
    Error::refused(message, names.into_iter().map(problem).collect())
}

/// Returns the field with the longest value of those that an index contains in full. The id always is in one.
fn longest_indexed(record: &Record) -> &str {
    let columns = record.collection.indexes.iter().flat_map(|i| &i.columns);
    let whole = columns.filter(|column| column.form == IndexForm::Whole);
    let names = whole.map(|column| column.name.as_str());
    let length = |name: &&str| match record.value(name) {
        Some(Value::Text(text)) => text.len(),
        _ => 0,
    };
    names.chain(["id"]).max_by_key(length).unwrap_or("id")
}
