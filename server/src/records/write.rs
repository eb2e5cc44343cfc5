//! Creates and updates records: applies the body, evaluates rules, validates, and writes the row.

use plinth_sdk::types::FieldProblems;

use super::fill::{body_of, changed, fill, fill_presets, generate_missing, stamp};
use super::problems::{
    account_problems, denied_problems, field_problems, other_account_problem, policy_name_problem,
    relation_problems, taken,
};
use super::{account_data, store};
use crate::db::{Conn, Value};
use crate::error::{Error, Result};
use crate::fields;
use crate::policy::{Grant, preset};
use crate::schema::{Collection, Record};
use crate::system::account_data::{AUTH_ORIGINS, AUTH_SESSIONS, EXTERNAL_AUTHS, MFAS, OTPS};

pub use super::input::Input;

/// The message of a failed create.
pub const CREATE_FAILED: &str = "Failed to create record.";
/// The message of a failed update.
pub const UPDATE_FAILED: &str = "Failed to update record.";

/// Creates a record.
pub fn create(conn: &mut Conn, grant: Grant, input: &Input) -> Result<(Grant, Record)> {
    count_change(conn, grant.collection())?;
    let (grant, record) = new(conn, grant, input)?;
    insert(conn, &grant, &record)?;
    Ok((grant, record))
}

/// Inserts a record that [`new`] has returned.
pub fn insert(conn: &mut Conn, grant: &Grant, record: &Record) -> Result<()> {
    store::insert(conn, grant, record).map_err(|error| taken(error, record, CREATE_FAILED))
}

/// Returns the record that [`create`] would insert, or why it would fail.
pub fn new(conn: &mut Conn, mut grant: Grant, input: &Input) -> Result<(Grant, Record)> {
    let collection = grant.collection().clone();
    let now = grant.request.now;
    let values = collection
        .def
        .fields
        .iter()
        .map(|field| fields::zero(&field.kind));
    let mut record = Record::new(collection.clone(), values.collect());
    let given = input.given(&collection);
    fill(&mut record, None, &grant, input, &given, &conn.random);
    let (presets, several) = preset::values(conn, &grant, |field| input.sets(field))?;
    if !several.is_empty() {
        return Err(Error::refused(CREATE_FAILED, several));
    }
    fill_presets(&mut record, &presets);
    if let Some(id) = &input.id {
        record.set("id", Value::from(id.as_str()));
    }
    generate_missing(&mut record, &conn.random);
    if collection.is_superusers() {
        // Only superusers create superusers, so there is nothing to verify.
        record.set("verified", Value::Bool(true));
    }
    stamp(&mut record, now, true);
    grant.request.body = body_of(grant.schema(), &record, &input.body);

    let mut would_be = record.clone();
    if collection.is_auth() {
        would_be.set("verified", Value::Bool(false));
    }
    if !store::may_insert(conn, &mut grant, &would_be)? {
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
    let mut problems = field_problems(&record, None, input, &given);
    relation_problems(conn, &grant, &record, None, &mut problems)?;
    check_built_in(conn, &grant, &mut record, None, &mut problems)?;
    if problems.is_empty() && collection.is_account_data() {
        account_data::check(conn, grant.schema(), &record, &mut problems)?;
    }
    if problems.is_empty() && collection.is_auth() {
        policy_name_problem(&grant, &record, &mut problems);
    }
    if problems.is_empty() && collection.is_auth() && input.body.contains_key("id") {
        other_account_problem(conn, &grant, &record, &mut problems)?;
    }
    if !problems.is_empty() {
        return Err(refuse(problems));
    }
    Ok((grant, record))
}

/// Updates a record.
pub fn update(conn: &mut Conn, grant: Grant, id: &str, input: &Input) -> Result<(Grant, Record)> {
    count_change(conn, grant.collection())?;
    let (grant, stored, record) = changed_record(conn, grant, id, input)?;
    if record.collection.is_auth() {
        forget_worthless(conn, &grant, &stored, &record)?;
    }
    store::update(conn, &grant, &stored, &record)
        .map_err(|error| taken(error, &record, UPDATE_FAILED))?;
    Ok((grant, record))
}

/// Returns the stored record and what [`update`] would make of it, or why it would fail.
pub fn changed_record(
    conn: &mut Conn,
    mut grant: Grant,
    id: &str,
    input: &Input,
) -> Result<(Grant, Record, Record)> {
    let collection = grant.collection().clone();
    // Rules refer to the values that the record would have. The row is locked, so that it stays as it is.
    let unruled = crate::policy::system(
        grant.schema(),
        &collection,
        grant.request.clone(),
        "to work out the body that the rule asks about",
    );
    let stored =
        store::find(conn, &unruled, id, Some(store::Lock::Update))?.ok_or_else(Error::missing)?;
    let mut record = stored.clone();
    let given = input.given(&collection);
    fill(
        &mut record,
        Some(&stored),
        &grant,
        input,
        &given,
        &conn.random,
    );
    grant.request.body = body_of(grant.schema(), &record, &input.body);
    if store::find_to_write(conn, &mut grant, id, None)?.is_none()
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
    let mut problems = field_problems(&record, Some(&stored), input, &given);
    relation_problems(conn, &grant, &record, Some(&stored), &mut problems)?;
    check_built_in(conn, &grant, &mut record, Some(&stored), &mut problems)?;
    if problems.is_empty() && collection.is_account_data() {
        account_data::check(conn, grant.schema(), &record, &mut problems)?;
    }
    if !problems.is_empty() {
        return Err(refuse(problems));
    }
    if collection.is_auth()
        && (changed(&record, &stored, "password")
            || changed(&record, &stored, "email")
            || loses_links(conn, &grant, &record, &stored)?)
    {
        // This invalidates all tokens of the account.
        record.set("tokenKey", Value::Text(conn.random.alphanumeric(50)));
    }
    stamp(&mut record, grant.request.now, false);
    Ok((grant, stored, record))
}

/// Whether the update verifies the account. Until then, it may have been somebody else's.
fn becomes_verified(record: &Record, stored: &Record) -> bool {
    record.is("verified") && !stored.is("verified")
}

/// Whether the update verifies an account that others may have linked to other services.
fn loses_links(conn: &mut Conn, grant: &Grant, record: &Record, stored: &Record) -> Result<bool> {
    Ok(becomes_verified(record, stored)
        && account_data::has(conn, grant.schema(), stored, EXTERNAL_AUTHS)?)
}

/// Deletes data of an account that the update makes worthless.
fn forget_worthless(
    conn: &mut Conn,
    grant: &Grant,
    stored: &Record,
    record: &Record,
) -> Result<()> {
    let mut worthless = Vec::new();
    if changed(record, stored, "password") {
        worthless.extend([MFAS, AUTH_ORIGINS]);
    }
    if changed(record, stored, "email") {
        worthless.push(MFAS);
    }
    if becomes_verified(record, stored) {
        worthless.push(EXTERNAL_AUTHS);
    }
    if changed(record, stored, "tokenKey") {
        worthless.extend([OTPS, AUTH_SESSIONS]);
    }
    account_data::forget(conn, grant.schema(), stored, &worthless)
}

/// Counts a change of data that all processes keep in memory. Done first, so that concurrent changes run one after
/// the other and see each other.
pub fn count_change(conn: &mut Conn, collection: &Collection) -> Result<()> {
    if collection.is_cached() {
        crate::schema::version::count_change(conn)?;
    }
    Ok(())
}

/// Checks a record of a built-in collection beyond its fields.
fn check_built_in(
    conn: &mut Conn,
    grant: &Grant,
    record: &mut Record,
    stored: Option<&Record>,
    problems: &mut FieldProblems,
) -> Result<()> {
    match grant.collection().check {
        Some(check) => check(conn, grant.schema(), record, stored, problems),
        None if grant.collection().is_own() => {
            let missing = anyhow::anyhow!("a built-in collection without its check");
            Err(Error::internal(missing))
        }
        None => Ok(()),
    }
}

/// Whether the caller's roles allow the update: nobody may change a record into one that they may not update.
fn stays_reached(conn: &mut Conn, grant: &Grant, stored: &Record, record: &Record) -> Result<bool> {
    let reach = grant.reach();
    if reach.is_by_rule_alone() {
        return Ok(true);
    }
    let before = store::parts_of(conn, grant, reach, stored)?;
    let after = store::parts_of(conn, grant, reach, record)?;
    Ok(reach.is_kept(&before, &after))
}
