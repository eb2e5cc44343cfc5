//! Creates and alters the tables of collections.

use super::change::refuse_if_used;
use crate::db::{Conn, Engine, Ident, Sql, Storage, Value, dialect, execute, sql};
use crate::error::{Error, Result};
use crate::files::store as files;
use crate::problems::{INDEX_FAILED, at};
use crate::schema::{Collection, Index};

/// Creates the table of a new collection.
pub(super) fn create(conn: &mut Conn, collection: &Collection) -> Result<()> {
    let engine = conn.engine();
    let mut create = sql(engine, "CREATE TABLE ");
    create.ident(&collection.table).text(" (");
    create.text(dialect::row_id_type(engine));
    for column in &collection.columns {
        create.text(", ").ident(&column.ident);
        create.text(dialect::column_type(
            engine,
            column.storage,
            column.is_list(),
        ));
        if column.name == "id" {
            create.text(" UNIQUE");
        }
    }
    create.text(")");
    execute(conn, create)?;
    for trigger in count_rows(engine, &collection.table, &collection.def.id) {
        execute(conn, trigger)?;
    }
    let indexes = collection.indexes.iter().enumerate();
    for (position, index) in dialect::in_order_of_blame(engine, indexes.collect()) {
        create_index(conn, collection, position, index)?;
    }
    Ok(())
}

/// Drops the table, and deletes its total.
pub(super) fn drop(conn: &mut Conn, collection: &Collection) -> Result<()> {
    refuse_if_used(conn, collection)?;
    files::release(conn, collection, None)?;
    let mut drop = sql(conn.engine(), "DROP TABLE ");
    drop.ident(&collection.table);
    execute(conn, drop)?;
    let mut forget = sql(
        conn.engine(),
        "DELETE FROM \"_totals\" WHERE \"collection\" = ",
    );
    forget.bind(Value::Text(collection.def.id.clone()));
    execute(conn, forget)?;
    Ok(())
}

pub(super) fn alter(engine: Engine, collection: &Collection, what: &'static str) -> Sql {
    let mut out = sql(engine, "ALTER TABLE ");
    out.ident(&collection.table).text(what);
    out
}

pub(super) fn add_column(
    conn: &mut Conn,
    collection: &Collection,
    column: &Ident,
    storage: Storage,
    is_list: bool,
) -> Result<()> {
    let engine = conn.engine();
    let mut add = alter(engine, collection, " ADD COLUMN ");
    add.ident(column)
        .text(dialect::column_type(engine, storage, is_list));
    execute(conn, add)?;
    Ok(())
}

pub(super) fn rename_table(conn: &mut Conn, from: &Ident, to: &Ident) -> Result<()> {
    let mut rename = sql(conn.engine(), "ALTER TABLE ");
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
    let mut rename = alter(conn.engine(), collection, " RENAME COLUMN ");
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
    let create = index.create(conn.engine(), &collection.table);
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

/// Creates the triggers that keep the total of the table.
fn count_rows(engine: Engine, table: &Ident, id: &str) -> Vec<Sql> {
    let trigger = |name: &str, after: &'static str| {
        let mut out = sql(engine, "CREATE TRIGGER ");
        out.ident(&Ident::new(&format!("_{name}_{id}")))
            .text(after)
            .ident(table);
        out
    };
    match engine {
        Engine::Sqlite => {
            let mut start = sql(engine, "INSERT INTO \"_totals\" VALUES (");
            start.literal(id).text(", 0)");
            let mut inserted = trigger("inserted", " AFTER INSERT ON ");
            inserted.text(
                " BEGIN UPDATE \"_totals\" SET \"total\" = \"total\" + 1 WHERE \"collection\" = ",
            );
            inserted.literal(id).text("; END");
            let mut deleted = trigger("deleted", " AFTER DELETE ON ");
            deleted.text(
                " BEGIN UPDATE \"_totals\" SET \"total\" = \"total\" - 1 WHERE \"collection\" = ",
            );
            deleted.literal(id).text("; END");
            vec![start, inserted, deleted]
        }
        Engine::Postgres => {
            let mut inserted = trigger("inserted", " AFTER INSERT ON ");
            inserted.text(" REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION \"_count_rows\"(");
            inserted.literal(id).text(")");
            let mut deleted = trigger("deleted", " AFTER DELETE ON ");
            deleted.text(" REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION \"_count_rows\"(");
            deleted.literal(id).text(")");
            vec![inserted, deleted]
        }
    }
}
