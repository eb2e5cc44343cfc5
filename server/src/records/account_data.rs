//! Records that belong to accounts: sign-ins with other services, second factors, one-time passwords, known devices.

use plinth_sdk::types::FieldProblems;

use crate::db::{Conn, execute, sql};
use crate::error::Result;
use crate::problems::{NOT_ALLOWED, OWNER_ACCOUNT, OWNER_COLLECTION, ProblemType};
use crate::schema::rows::count_existing;
use crate::schema::{Record, Schema};
use crate::system::account_data::{EXTERNAL_AUTHS, OF_PASSWORD, belongs_to, in_schema};
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

/// Deletes what a new password makes worthless: known devices, and sign-ins that are under way.
pub fn forget_sign_ins(conn: &mut Conn, schema: &Schema, account: &Record) -> Result<()> {
    for collection in in_schema(schema) {
        if OF_PASSWORD.contains(&collection.def.id.as_str()) {
            let of = &account.collection.def.id;
            let mut delete = sql(conn.dialect(), "DELETE FROM ");
            delete.ident(&collection.table).text(" WHERE ");
            delete.append(belongs_to(conn.dialect(), of, &[account.id().to_owned()]));
            execute(conn, delete.cached())?;
        }
    }
    Ok(())
}
