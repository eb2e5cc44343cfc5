//! Rebuilds indexes of older versions, which contained all values in full.

use super::table::create_index;
use crate::db::{ColumnType, Conn, Value, execute, load, savepoint, sql};
use crate::error::{Error, Result};
use crate::schema::Schema;

/// Rebuilds the indexes that contain less of their values by now, once for each database. An index that cannot be
/// rebuilt is left as it is.
pub(super) fn renew(conn: &mut Conn, schema: &Schema) -> Result<()> {
    let dialect = conn.dialect();
    if !dialect.limits_index_entries() {
        return Ok(());
    }
    let select = "SELECT \"value\" FROM \"_params\" WHERE \"id\" = 'index_forms'";
    if !load(conn, sql(dialect, select), &[ColumnType::Text])?.is_empty() {
        return Ok(());
    }
    let mut is_done = true;
    for collection in schema.iter().filter(|one| !one.is_view()) {
        for (position, index) in collection.indexes.iter().enumerate() {
            if !index.is_cut() {
                continue;
            }
            let (table, name) = (&collection.def.name, &index.name);
            tracing::info!(table, name, "making an index again, for long values");
            let renewed = savepoint(conn, |conn| {
                execute(conn, index.drop(dialect))?;
                create_index(conn, collection, position, index)
            });
            match renewed {
                Err(error @ Error::Invalid { .. }) => {
                    tracing::warn!(table, name, %error, "an index stays as it was");
                }
                Err(error @ Error::Busy(_)) => {
                    tracing::warn!(table, name, %error, "an index stays as it was until the next start");
                    is_done = false;
                }
                outcome => outcome?,
            }
        }
    }
    if !is_done {
        return Ok(());
    }
    let mut done = sql(dialect, "INSERT INTO \"_params\" VALUES ('index_forms', ");
    done.bind(Value::from("1")).text(")");
    execute(conn, done)?;
    Ok(())
}
