//! The table that a collection's definition describes.

use plinth_sdk::types::{FieldProblem, FieldProblems};

use super::{Collection, Index, Shape};
use crate::db::{Conn, Engine, Ident, Sql, Storage, Value, dialect, execute, sql};
use crate::error::{Error, Result};
use crate::files::store as files;

/// Makes the table of a new collection.
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
    create_indexes(conn, collection, &collection.indexes)
}

/// Removes the table and its total.
pub(super) fn drop(conn: &mut Conn, collection: &Collection) -> Result<()> {
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

/// Changes the table of `old` into that of `new`. Columns are the same when their fields' ids are.
pub(super) fn change(conn: &mut Conn, old: &Collection, new: &Collection) -> Result<()> {
    let engine = conn.engine();
    if old.table != new.table {
        // By way of another name: to SQLite two that differ in their case are one.
        let between = Ident::new("$renamed");
        rename_table(conn, &old.table, &between)?;
        rename_table(conn, &between, &new.table)?;
    }
    let pairs = matched(old, new);
    let columns_changed = old.columns.len() != new.columns.len()
        || pairs.iter().any(|(from, to)| {
            from.is_none_or(|from| {
                let (from, to) = (&old.columns[from], &new.columns[*to]);
                from.ident != to.ident || from.is_list() != to.is_list()
            })
        });
    if !columns_changed && old.indexes == new.indexes {
        return Ok(());
    }
    for index in &old.indexes {
        execute(conn, index.drop(engine))?;
    }
    for (position, column) in old.columns.iter().enumerate() {
        if !pairs.iter().any(|(from, _)| *from == Some(position)) {
            if matches!(column.shape, Shape::File { .. }) {
                files::release_column(conn, old, &new.table, column, None)?;
            }
            let mut drop = alter(engine, new, " DROP COLUMN ");
            drop.ident(&column.ident);
            execute(conn, drop)?;
        }
    }
    // By way of other names, such that two fields can swap theirs.
    let renames: Vec<_> = pairs
        .iter()
        .filter_map(|(from, to)| Some((&old.columns[(*from)?].ident, &new.columns[*to].ident)))
        .filter(|(from, to)| from != to)
        .enumerate()
        .map(|(n, (from, to))| (from, Ident::new(&format!("$renamed{n}")), to))
        .collect();
    for (from, between, _) in &renames {
        rename_column(conn, new, from, between)?;
    }
    for (_, between, to) in &renames {
        rename_column(conn, new, between, to)?;
    }
    for (from, to) in pairs {
        let column = &new.columns[to];
        match from {
            None => add_column(conn, new, &column.ident, column.storage, column.is_list())?,
            Some(from) if old.columns[from].is_list() != column.is_list() => {
                let between = Ident::new("$converted");
                add_column(conn, new, &between, column.storage, column.is_list())?;
                let mut fill = sql(engine, "UPDATE ");
                fill.ident(&new.table)
                    .text(" SET ")
                    .ident(&between)
                    .text(" = ");
                fill.append(dialect::convert(engine, &column.ident, column.is_list()));
                execute(conn, fill)?;
                let mut drop = alter(engine, new, " DROP COLUMN ");
                drop.ident(&column.ident);
                execute(conn, drop)?;
                rename_column(conn, new, &between, &column.ident)?;
            }
            Some(_) => {}
        }
    }
    create_indexes(conn, new, &new.indexes)
}

/// For each new column the old one, if there was one.
fn matched(old: &Collection, new: &Collection) -> Vec<(Option<usize>, usize)> {
    let fields = new.def.fields.iter().enumerate();
    fields
        .map(|(to, field)| (old.def.fields.iter().position(|f| f.id == field.id), to))
        .collect()
}

fn alter(engine: Engine, collection: &Collection, what: &'static str) -> Sql {
    let mut out = sql(engine, "ALTER TABLE ");
    out.ident(&collection.table).text(what);
    out
}

fn add_column(
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

fn rename_table(conn: &mut Conn, from: &Ident, to: &Ident) -> Result<()> {
    let mut rename = sql(conn.engine(), "ALTER TABLE ");
    rename.ident(from).text(" RENAME TO ").ident(to);
    execute(conn, rename)?;
    Ok(())
}

fn rename_column(conn: &mut Conn, collection: &Collection, from: &Ident, to: &Ident) -> Result<()> {
    let mut rename = alter(conn.engine(), collection, " RENAME COLUMN ");
    rename.ident(from).text(" TO ").ident(to);
    execute(conn, rename)?;
    Ok(())
}

fn create_indexes(conn: &mut Conn, collection: &Collection, indexes: &[Index]) -> Result<()> {
    // The database names the first index that objects: the newest in SQLite, the oldest in PostgreSQL.
    let mut indexes: Vec<_> = indexes.iter().enumerate().collect();
    if conn.engine() == Engine::Postgres {
        indexes.reverse();
    }
    for (position, index) in indexes {
        execute(conn, index.create(conn.engine(), &collection.table))
            .map_err(|error| refused(error, position, index))?;
    }
    Ok(())
}

/// An index that the database does not make is its author's mistake, or over records that are not unique.
fn refused(error: Error, position: usize, index: &Index) -> Error {
    let why = if let Error::Unique(_) = error {
        "some records have the same values"
    } else if let Error::Internal(error) = error {
        tracing::info!(
            error = format!("{error:#}"),
            "the database refused an index"
        );
        "the database can't make it"
    } else {
        return error;
    };
    let problem = FieldProblem::new(
        "validation_invalid_index_expression",
        format!("Failed to create index {}: {why}.", index.name),
    );
    let at = FieldProblems::from([(position.to_string(), problem)]);
    let data = FieldProblems::from([("indexes".to_owned(), FieldProblem::Inside(at))]);
    Error::refused("", data)
}

/// Triggers that keep the table's total.
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
