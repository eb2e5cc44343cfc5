//! Views in the database, which are as the definitions say: what changes under a view is followed by it, or refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plinth_sdk::types::{self as wire, CollectionType, FieldProblem};

use super::{Refusal, View};
use crate::db::{Conn, Dialect, execute, execute_user_sql, load_user_sql, savepoint, sql};
use crate::error::{Error, Result};
use crate::problems::{INVALID_QUERY, filled};
use crate::schema::{Author, Collection, Schema};

/// Returns the collections that a view may read which takes the place of the collection `id`: none that reads `id`, and
/// only those that its author may know of.
pub fn sources(schema: &Schema, author: Author, id: &str) -> Vec<Arc<Collection>> {
    let mut all = known(schema, author);
    let itself = BTreeSet::from([id.to_owned()]);
    let readers = readers(schema, &itself);
    all.retain(|one| one.def.id != id && !readers.iter().any(|view| view.def.id == one.def.id));
    all
}

/// The collections that an author may know of. For who is no superuser, there are no system collections, nor views of
/// them: a rule or a view could read in them what nobody may see.
pub fn known(schema: &Schema, author: Author) -> Vec<Arc<Collection>> {
    let all = schema.iter().cloned();
    if author == Author::Superuser {
        return all.collect();
    }
    let system = schema.iter().filter(|collection| collection.def.system);
    let mut closed: BTreeSet<String> = system.map(|one| one.def.id.clone()).collect();
    let readers = readers(schema, &closed);
    closed.extend(readers.iter().map(|view| view.def.id.clone()));
    all.filter(|one| !closed.contains(&one.def.id)).collect()
}

/// The views that read one of these collections, or a view that does: each after those that it reads.
pub fn readers(schema: &Schema, ids: &BTreeSet<String>) -> Vec<Arc<Collection>> {
    among(schema, Some(ids))
}

/// All views, each after those that it reads.
pub fn in_order(schema: &Schema) -> Vec<Arc<Collection>> {
    among(schema, None)
}

fn among(schema: &Schema, readers_of: Option<&BTreeSet<String>>) -> Vec<Arc<Collection>> {
    let views: Vec<_> = schema.iter().filter(|one| one.is_view()).collect();
    if views.is_empty() {
        return Vec::new();
    }
    let all: Vec<_> = schema.iter().cloned().collect();
    let sources: BTreeMap<&str, BTreeSet<String>> = views
        .iter()
        .map(|view| {
            let query = view.def.view_query.as_deref().unwrap_or_default();
            let reads = View::read(query, &all).and_then(|view| view.reads());
            (view.def.id.as_str(), reads.unwrap_or_default())
        })
        .collect();
    let mut left = views;
    if let Some(ids) = readers_of {
        let mut known = ids.clone();
        loop {
            let before = known.len();
            let reach = sources
                .iter()
                .filter(|(_, reads)| !reads.is_disjoint(&known));
            let found: Vec<_> = reach.map(|(id, _)| (*id).to_owned()).collect();
            known.extend(found);
            if known.len() == before {
                break;
            }
        }
        left.retain(|view| known.contains(&view.def.id) && !ids.contains(&view.def.id));
    }
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_ready = |view: &&&Arc<Collection>| {
            let reads = &sources[view.def.id.as_str()];
            !left.iter().any(|other| reads.contains(&other.def.id))
        };
        let next = left.iter().position(|view| is_ready(&view)).unwrap_or(0);
        ordered.push(left.remove(next).clone());
    }
    ordered
}

/// Returns the stored field that a view's field shows, through any number of views: the collection, and the field's name.
/// The view's values are those of that collection's records, files too.
pub fn origin(
    schema: &Schema,
    view: &Collection,
    field: &str,
) -> Option<(Arc<Collection>, String)> {
    let all: Vec<_> = schema.iter().cloned().collect();
    let mut found = source(view, field, &all)?;
    while found.0.is_view() {
        found = source(&found.0, &found.1, &all)?;
    }
    Some(found)
}

fn source(
    view: &Collection,
    field: &str,
    all: &[Arc<Collection>],
) -> Option<(Arc<Collection>, String)> {
    let query = View::read(view.def.view_query.as_deref()?, all).ok()?;
    let mut columns = query.columns.into_iter();
    let source = columns.find(|column| column.field.name == field)?.source?;
    let collection = all.iter().find(|one| one.def.id == source.collection)?;
    Some((Arc::clone(collection), source.field))
}

/// Gives a view the fields that its query makes, which keep their ids; says what is wrong with the query.
pub fn complete(
    definition: &mut wire::Collection,
    old: Option<&wire::Collection>,
    sources: &[Arc<Collection>],
    dialect: Dialect,
) -> Option<FieldProblem> {
    if definition.kind != CollectionType::View {
        return None;
    }
    let query = definition.view_query.as_deref().unwrap_or_default();
    if let problem @ Some(_) = filled(query) {
        return problem;
    }
    let view = View::read(query, sources).and_then(|view| view.select(dialect).map(|_| view));
    match view {
        Ok(view) => {
            definition.fields = view.fields(old.map_or(&[], |old| &old.fields));
            None
        }
        Err(Refusal(reason)) => Some(invalid(&reason)),
    }
}

/// The problem of a query.
pub fn invalid(reason: &str) -> FieldProblem {
    INVALID_QUERY.quoting(&[("reason", reason)])
}

/// Makes the database's view. What the database has against it is [`Error::Invalid`], in its words.
pub fn create(conn: &mut Conn, collection: &Collection, sources: &[Arc<Collection>]) -> Result<()> {
    let dialect = conn.dialect();
    let query = collection.def.view_query.as_deref().unwrap_or_default();
    let select = View::read(query, sources).and_then(|view| view.select(dialect));
    let select = select.map_err(|Refusal(reason)| Error::invalid(reason))?;
    let mut create = sql(dialect, "CREATE VIEW ");
    create.ident(&collection.table).text(" AS ").append(select);
    // SQLite looks at a view only when it is read.
    let mut read = sql(dialect, "SELECT * FROM ");
    read.ident(&collection.table).text(" LIMIT 0");
    savepoint(conn, |conn| {
        execute_user_sql(conn, create)?;
        load_user_sql(conn, read, &[]).map(drop)
    })
}

/// Removes the database's view.
pub fn drop_view(conn: &mut Conn, collection: &Collection) -> Result<()> {
    let mut drop = sql(conn.dialect(), "DROP VIEW ");
    drop.ident(&collection.table);
    execute(conn, drop)?;
    Ok(())
}

/// Removes views that read what is about to change.
pub fn make_way(conn: &mut Conn, views: &[Arc<Collection>]) -> Result<()> {
    views
        .iter()
        .rev()
        .try_for_each(|view| drop_view(conn, view))
}

/// The definition of a view that reads `old`, which now has another name.
pub fn renamed(
    view: &Collection,
    schema: &Schema,
    old: &Collection,
    new: &Collection,
) -> wire::Collection {
    let mut definition = view.def.clone();
    if old.def.name != new.def.name
        && let Some(text) = &definition.view_query
    {
        let all: Vec<_> = schema.iter().cloned().collect();
        let query = View::read(text, &all);
        let renamed = query.and_then(|query| query.renamed(text, &old.def.id, &new.def.name));
        definition.view_query = renamed.ok().or(definition.view_query);
    }
    definition
}

/// Makes a view anew after a change of what it reads. Gives its definition when that changes, too.
pub fn follow(
    conn: &mut Conn,
    view: &Collection,
    mut definition: wire::Collection,
    schema: &Schema,
) -> Result<Option<Collection>> {
    let all: Vec<_> = schema.iter().cloned().collect();
    let problem = complete(&mut definition, Some(&view.def), &all, conn.dialect());
    let outcome = match problem {
        Some(FieldProblem::Broken { message, .. }) => Err(Error::invalid(message)),
        _ => create(conn, &Collection::new(definition.clone()), &all),
    };
    if let Err(Error::Invalid { message, .. }) = outcome {
        let message = message.trim_start_matches("Invalid query - ");
        let message = message.trim_end_matches('.');
        let name = &view.def.name;
        return Err(Error::invalid(format!("error in view {name}: {message}")));
    }
    outcome?;
    Ok((definition != view.def).then(|| Collection::new(definition)))
}
