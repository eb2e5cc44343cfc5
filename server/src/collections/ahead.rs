//! Builds the indexes of large tables concurrently with writes: before their collections change, so that an index
//! that cannot be built refuses the change; those on new columns after it.

use serde_json::{Map, Value as Json};

use super::change::{IndexChanges, old_names};
use super::store::{self, UPDATE_FAILED};
use super::table::refused;
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::{Claimant, Conn, Dialect, Sql, concurrent};
use crate::error::Result;
use crate::random::Random;
use crate::schema::{Author, Collection, Index, Schema};

/// An index that a change needs, its position in the definition, and the statement that builds it.
type Ahead = (usize, Index, Sql);

/// Builds the indexes that a change needs, if the table is large. Other problems are reported by the change itself.
pub(super) async fn build(
    app: &App,
    name: &str,
    body: &Map<String, Json>,
    author: Author,
) -> Result<()> {
    let schema = app.schema.current();
    let Some(old) = schema.find(name).filter(|old| !old.is_view()) else {
        return Ok(());
    };
    let (dialect, now) = (app.db.dialect(), app.clock.now());
    let indexes = needed(&schema, old, body, author, dialect, now, &app.random);
    if indexes.is_empty() {
        return Ok(());
    }
    let table = old.table.clone();
    let build = move |conn: &mut Conn| {
        if !concurrent::is_large(conn, &table)? {
            return Ok(());
        }
        let creates: Vec<Sql> = indexes.iter().map(|ahead| ahead.2.clone()).collect();
        concurrent::build(conn, &creates).map_err(|(failed, error)| {
            match failed.and_then(|failed| indexes.get(failed)) {
                Some((position, index, _)) => {
                    store::in_the_way(refused(error, *position, index), UPDATE_FAILED)
                }
                None => error,
            }
        })
    };
    app.db.read(&Claimant::Server, build).await
}

/// Builds indexes that changes left for later, and drops those they did not use; also after a crash.
pub async fn settle(app: &App) {
    let (schema, dialect) = (app.schema.current(), app.db.dialect());
    let settle = move |conn: &mut Conn| {
        let tables = schema.iter().filter(|collection| !collection.is_view());
        let wanted = tables.flat_map(|collection| {
            let create = |index: &Index| {
                let name = index.ident();
                let create = index.create_while_written(dialect, &collection.table, &name);
                (name, create)
            };
            // A unique index could be violated by records.
            let indexes = collection.indexes.iter().filter(|index| !index.unique);
            indexes.map(create).collect::<Vec<_>>()
        });
        concurrent::settle(conn, &wanted.collect::<Vec<_>>())
    };
    if let Err(error) = app.db.read(&Claimant::Server, settle).await {
        tracing::warn!(%error, "an index is missing, which the next start will build");
    }
}

fn needed(
    schema: &Schema,
    old: &Collection,
    body: &Map<String, Json>,
    author: Author,
    dialect: Dialect,
    now: Timestamp,
    random: &Random,
) -> Vec<Ahead> {
    let Ok(new) = store::next(schema, old, body, author, dialect, now, random) else {
        return Vec::new();
    };
    let old_names = old_names(old, &new);
    let ahead = |(position, index): (usize, &Index)| {
        let name = concurrent::name(&index.create(dialect, &new.table));
        let on_old = index.with_names(&old_names)?;
        let create = on_old.create_while_written(dialect, &old.table, &name);
        Some((position, index.clone(), create))
    };
    let created = IndexChanges::of(old, &new, dialect).created;
    created.into_iter().filter_map(ahead).collect()
}
