//! Records that belong to accounts: sign-ins with other services, second factors, one-time passwords, known devices.

use std::sync::Arc;
use std::time::Duration;

use plinth_sdk::types::FieldProblems;
use serde_json::json;

use super::store;
use super::write::{self, Input};
use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, execute, load, sql};
use crate::error::{Error, Result};
use crate::policy::{Grant, Snapshot, system};
use crate::problems::{NOT_ALLOWED, OWNER_ACCOUNT, OWNER_COLLECTION, ProblemType};
use crate::request::Request;
use crate::schema::rows::count_existing;
use crate::schema::{Record, Schema};
use crate::system::account_data::{EXTERNAL_AUTHS, belongs_to, in_schema};
use crate::system::providers;

/// Checks a record beyond its fields.
pub fn check(
    conn: &mut Conn,
    schema: &Schema,
    record: &Record,
    problems: &mut FieldProblems,
) -> Result<()> {
    let mut refuse = |name: &str, problem: ProblemType| {
        problems.insert(name.to_owned(), problem.problem());
    };
    let id = record.text("collectionRef");
    let Some(owner) = schema.find(id).filter(|c| c.is_auth() && c.def.id == id) else {
        refuse("collectionRef", OWNER_COLLECTION);
        return Ok(());
    };
    let account = [record.text("recordRef").to_owned()];
    if count_existing(conn, owner, &account)? == 0 {
        refuse("recordRef", OWNER_ACCOUNT);
    } else if record.collection.def.id == EXTERNAL_AUTHS
        && providers::find(record.text("provider")).is_none()
    {
        refuse("provider", NOT_ALLOWED);
    }
    Ok(())
}

/// Checks a suspension: superusers, who lift suspensions, are deleted instead.
pub(crate) fn check_suspension(schema: &Schema, record: &Record, problems: &mut FieldProblems) {
    let collection = schema.find(record.text("collectionRef"));
    if collection.is_some_and(|collection| collection.is_superusers()) {
        problems.insert("collectionRef".to_owned(), NOT_ALLOWED.problem());
    }
}

/// Grants the server itself all of one of these collections.
pub(crate) fn grant(schema: &Arc<Snapshot>, id: &str, now: Timestamp) -> Result<Grant> {
    let collection = schema.find(id).ok_or_else(Error::missing)?;
    let why = "the server keeps data of accounts";
    Ok(system(schema, collection, Request::internal(now), why))
}

/// Creates a record that belongs to the account.
pub(crate) fn create(
    conn: &mut Conn,
    grant: Grant,
    account: &Record,
    mut input: Input,
) -> Result<Record> {
    let owner = [
        ("collectionRef", account.collection.def.id.as_str()),
        ("recordRef", account.id()),
    ];
    for (name, id) in owner {
        input.body.insert(name.to_owned(), json!(id));
    }
    Ok(write::create(conn, grant, &input)?.1)
}

/// Returns the records that belong to the account, the oldest first.
pub(crate) fn all_of(conn: &mut Conn, grant: &Grant, account: &Record) -> Result<Vec<Record>> {
    let (of, id) = (&account.collection.def.id, account.id().to_owned());
    let belonging = belongs_to(conn.dialect(), of, &[id]);
    store::find_where(conn, grant, belonging.cached(), None)
}

/// Whether the record belongs to the account.
pub(crate) fn is_of(record: &Record, account: &Record) -> bool {
    record.text("collectionRef") == account.collection.def.id
        && record.text("recordRef") == account.id()
}

/// Whether the record was created longer ago than this.
pub(crate) fn is_older(record: &Record, age: Duration, now: Timestamp) -> bool {
    Timestamp::parse(record.text("created")).is_none_or(|created| created + age < now)
}

/// Whether the account has a record in the collection with this id.
pub(crate) fn has(conn: &mut Conn, schema: &Schema, account: &Record, id: &str) -> Result<bool> {
    let Some(collection) = schema.find(id) else {
        return Ok(false);
    };
    let (of, account) = (&account.collection.def.id, account.id().to_owned());
    let mut select = sql(conn.dialect(), "SELECT ");
    select.whole("1").text(" FROM ").ident(&collection.table);
    select.text(" WHERE ");
    select.append(belongs_to(conn.dialect(), of, &[account]));
    select.text(" LIMIT 1");
    Ok(!load(conn, select.cached(), &[ColumnType::Int])?.is_empty())
}

/// Deletes what belongs to the account in the collections with these ids.
pub(crate) fn forget(
    conn: &mut Conn,
    schema: &Schema,
    account: &Record,
    ids: &[&str],
) -> Result<()> {
    for collection in in_schema(schema) {
        if ids.contains(&collection.def.id.as_str()) {
            let of = &account.collection.def.id;
            let mut delete = sql(conn.dialect(), "DELETE FROM ");
            delete.ident(&collection.table).text(" WHERE ");
            delete.append(belongs_to(conn.dialect(), of, &[account.id().to_owned()]));
            execute(conn, delete.cached())?;
        }
    }
    Ok(())
}
