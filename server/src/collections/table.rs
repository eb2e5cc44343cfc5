//! Creates and alters the tables of collections.

use super::change::refuse_if_used;
use crate::db::{ColumnType, Conn, Dialect, Ident, Sql, Value, execute, sql};
use crate::error::{Error, Result};
use crate::files::store as files;
use crate::problems::{INDEX_FAILED, at};
use crate::schema::{Collection, Index};

/// Creates the table of a new collection.
pub(super) fn create(conn: &mut Conn, collection: &Collection) -> Result<()> {
    let dialect = conn.dialect();
    let mut create = sql(dialect, "CREATE TABLE ");
    create.ident(&collection.table).text(" (");
    create.text(dialect.row_id_definition());
    for column in &collection.columns {
        create.text(", ").ident(&column.ident);
        create.text(column_definition(dialect, column.storage, column.is_list()));
        if column.name == "id" {
            create.text(" UNIQUE");
        }
    }
    create.text(")");
    execute(conn, create)?;
    for trigger in dialect.row_count_triggers(&collection.table, &collection.def.id) {
        execute(conn, trigger)?;
    }
    let indexes = collection.indexes.iter().enumerate();
    for (position, index) in dialect.in_creation_order(indexes.collect()) {
        create_index(conn, collection, position, index)?;
    }
    Ok(())
}

/// Drops the table, and deletes its total.
pub(super) fn drop(conn: &mut Conn, collection: &Collection) -> Result<()> {
    refuse_if_used(conn, collection)?;
    files::release(conn, collection, None)?;
    let mut drop = sql(conn.dialect(), "DROP TABLE ");
    drop.ident(&collection.table);
    execute(conn, drop)?;
    let mut forget = sql(
        conn.dialect(),
        "DELETE FROM \"_totals\" WHERE \"collection\" = ",
    );
    forget.bind(Value::Text(collection.def.id.clone()));
    execute(conn, forget)?;
    Ok(())
}

pub(super) fn alter(dialect: Dialect, collection: &Collection, what: &'static str) -> Sql {
    let mut out = sql(dialect, "ALTER TABLE ");
    out.ident(&collection.table).text(what);
    out
}

pub(super) fn add_column(
    conn: &mut Conn,
    collection: &Collection,
    column: &Ident,
    storage: ColumnType,
    is_list: bool,
) -> Result<()> {
    let dialect = conn.dialect();
    let mut add = alter(dialect, collection, " ADD COLUMN ");
    add.ident(column)
        .text(column_definition(dialect, storage, is_list));
    execute(conn, add)?;
    Ok(())
}

pub(super) fn rename_table(conn: &mut Conn, from: &Ident, to: &Ident) -> Result<()> {
    let mut rename = sql(conn.dialect(), "ALTER TABLE ");
    rename.ident(from).text(" RENAME TO ").ident(to);
    execute(conn, rename)?;
    Ok(())
}

pub(super) fn rename_column(
    conn: &mut Conn,
    collection: &Collection,
    from: &Ident,
    to: &Ident,
) -> Result<()> {
    let mut rename = alter(conn.dialect(), collection, " RENAME COLUMN ");
    rename.ident(from).text(" TO ").ident(to);
    execute(conn, rename)?;
    Ok(())
}

/// Creates the index at this position in the definition.
pub(super) fn create_index(
    conn: &mut Conn,
    collection: &Collection,
    position: usize,
    index: &Index,
) -> Result<()> {
    let create = index.create(conn.dialect(), &collection.table);
    execute(conn, create).map_err(|error| refused(error, position, index))?;
    Ok(())
}

/// Turns the failure of an index into a problem: a mistake of the author, or records that are not unique.
pub(super) fn refused(error: Error, position: usize, index: &Index) -> Error {
    let why = if let Error::Unique(_) = error {
        "some records have the same values"
    } else if let Error::Oversized = error {
        "some records have values that are too long for it"
    } else if let Error::Internal(error) = error {
        tracing::info!(
            error = format!("{error:#}"),
            "the database refused an index"
        );
        "the database can't make it"
    } else {
        return error;
    };
    let problem = INDEX_FAILED.worded([("name", &index.name), ("reason", why)]);
    Error::field("", "indexes", at(position, problem))
}

/// The type and default of a column.
fn column_definition(dialect: Dialect, storage: ColumnType, is_list: bool) -> &'static str {
    if is_list {
        dialect.list_column_definition()
    } else {
        dialect.column_definition(storage)
    }
}
