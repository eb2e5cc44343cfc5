//! Inserts, updates and deletes rows, and notes the changes for subscribers.

use super::{find_all, in_list};
use crate::db::{Conn, Value, coordination, execute, sql};
use crate::error::{Error, Result};
use crate::events::{self, Kind};
use crate::files::store as files;
use crate::policy::{Action, Grant, system};
use crate::schema::Record;

/// How many records are read at once before they are deleted.
const READ_BEFORE_DELETE: usize = 50;

/// Inserts a record.
pub fn insert(conn: &mut Conn, grant: &Grant, record: &Record) -> Result<()> {
    grant.check_write(Action::Create, record)?;
    let dialect = conn.dialect();
    let collection = &record.collection;
    let mut insert = sql(dialect, "INSERT INTO ");
    insert.ident(&collection.table).text(" (");
    for (index, column) in collection.columns.iter().enumerate() {
        if index > 0 {
            insert.text(", ");
        }
        insert.ident(&column.ident);
    }
    insert.text(") VALUES (");
    for (index, value) in record.values.iter().enumerate() {
        if index > 0 {
            insert.text(", ");
        }
        insert.append(dialect.typed(value.clone(), collection.columns[index].storage));
    }
    insert.text(")");
    execute(conn, insert.cached())?;
    events::record(conn, Kind::Create, record)
}

/// Updates the columns in which `record` differs from `stored`.
pub fn update(conn: &mut Conn, grant: &Grant, stored: &Record, record: &Record) -> Result<()> {
    grant.check_write(Action::Update, stored)?;
    grant.check_write(Action::Update, record)?;
    if stored.id() != record.id() {
        return Err(Error::internal(anyhow::anyhow!("an update keeps the id")));
    }
    let dialect = conn.dialect();
    let collection = &record.collection;
    let mut update = sql(dialect, "UPDATE ");
    update.ident(&collection.table).text(" SET ");
    let mut changes = 0;
    for (index, column) in collection.columns.iter().enumerate() {
        if record.values[index] == stored.values[index] {
            continue;
        }
        if changes > 0 {
            update.text(", ");
        }
        changes += 1;
        update.ident(&column.ident).text(" = ");
        update.append(dialect.typed(record.values[index].clone(), column.storage));
    }
    if changes > 0 {
        update
            .text(" WHERE \"id\" = ")
            .bind(Value::from(stored.id()));
        execute(conn, update)?;
        files::released(conn, stored, record)?;
    }
    events::record(conn, Kind::Update, record)
}

/// Deletes records of the grant's collection.
pub fn delete(conn: &mut Conn, grant: &Grant, ids: &[String]) -> Result<()> {
    for id in ids {
        grant.check_write_of(Action::Delete, id)?;
    }
    let collection = grant.collection();
    for some in ids.chunks(READ_BEFORE_DELETE) {
        if !coordination::has_listeners(conn)? {
            break;
        }
        let why = "who follows the records hears of what they were";
        let unruled = system(grant.schema(), collection, grant.request.clone(), why);
        for record in find_all(conn, &unruled, some)? {
            events::record(conn, Kind::Delete, &record)?;
        }
    }
    files::release(conn, collection, Some(ids))?;
    let mut delete = sql(conn.dialect(), "DELETE FROM ");
    delete.ident(&collection.table).text(" WHERE \"id\"");
    in_list(&mut delete, ids);
    execute(conn, delete.cached())?;
    Ok(())
}
