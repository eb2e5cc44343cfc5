//! Builds the indexes of large tables before their collection changes, while others write.

use serde_json::{Map, Value as Json};

use super::change::{IndexChanges, old_names};
use super::store::{self, Author, UPDATE_FAILED};
use super::table::refused;
use super::{Collection, Index, Schema};
use crate::app::App;
use crate::db::{Conn, Engine, Sql, concurrent};
use crate::error::Result;

/// An index that a change will need, its position in the definition, and the statement that builds it.
type Ahead = (usize, Index, Sql);

/// Builds what a change of the collection will need, where its table is large; says whether anything was built. What
/// else is wrong with the change, it says itself.
pub(super) async fn build(
    app: &App,
    name: &str,
    body: &Map<String, Json>,
    author: Author,
) -> Result<bool> {
    let schema = app.schema.current();
    let Some(old) = schema.find(name).filter(|old| !old.is_view()) else {
        return Ok(false);
    };
    let indexes = needed(&schema, old, body, author, app.db.engine());
    if indexes.is_empty() {
        return Ok(false);
    }
    let table = old.table.clone();
    let build = move |conn: &mut Conn| {
        if !concurrent::is_large(conn, &table)? {
            return Ok(false);
        }
        let creates: Vec<Sql> = indexes.iter().map(|ahead| ahead.2.clone()).collect();
        concurrent::build(conn, &creates).map_err(|(failed, error)| {
            match failed.and_then(|failed| indexes.get(failed)) {
                Some((position, index, _)) => {
                    store::in_the_way(refused(error, *position, index), UPDATE_FAILED)
                }
                None => error,
            }
        })?;
        Ok(true)
    };
    app.db.read(build).await
}

/// Removes what no change has used, of a process that was killed too.
pub async fn clean(app: &App) {
    if let Err(error) = app.db.read(concurrent::clean).await {
        tracing::warn!(%error, "indexes that nobody uses are left");
    }
}

fn needed(
    schema: &Schema,
    old: &Collection,
    body: &Map<String, Json>,
    author: Author,
    engine: Engine,
) -> Vec<Ahead> {
    let Ok(new) = store::next(schema, old, body, author, engine) else {
        return Vec::new();
    };
    let old_names = old_names(old, &new);
    let ahead = |(position, index): (usize, &Index)| {
        let name = concurrent::name(&index.create(engine, &new.table));
        let on_old = index.with_names(&old_names)?;
        let create = on_old.create_while_written(engine, &old.table, &name);
        Some((position, index.clone(), create))
    };
    let created = IndexChanges::of(old, &new, engine).created;
    created.into_iter().filter_map(ahead).collect()
}
