//! The SQL of definitions, which change together with their tables.

use std::collections::BTreeSet;
use std::sync::Arc;

use plinth_sdk::types::{self as wire, FieldProblems, names};
use serde_json::{Map, Value as Json};

use super::{builtin, change, forms, prepare, table, validate};
use crate::clock::Timestamp;
use crate::db::{ColumnType, Conn, Dialect, Value, coordination, execute, load, sql};
use crate::error::{Error, Result};
use crate::policy::roles::Policies;
use crate::policy::{self, Snapshot};
use crate::problems::sentence;
use crate::random::Random;
use crate::schema::{Author, Collection, Schema, version};
use crate::system::{account_data, builtin as system, defaults};
use crate::{settings, views};

/// The message of a failed creation.
pub const CREATE_FAILED: &str = "Failed to create collection.";
/// The message of a failed update.
pub const UPDATE_FAILED: &str = "Failed to update collection.";

/// Reads the collections, and locks them against changes until the end of the transaction.
pub fn lock(conn: &mut Conn) -> Result<Snapshot> {
    hold(conn)?;
    read(conn)
}

fn hold(conn: &mut Conn) -> Result<()> {
    // An index on a large table takes its time.
    coordination::lift_time_limit(conn)?;
    coordination::lock_writes(conn)
}

/// Reads the collections, policies and settings.
pub fn read(conn: &mut Conn) -> Result<Snapshot> {
    let schema = definitions(conn)?;
    let policies = if schema.find(names::ROLES).is_some() {
        policy::store::read(conn)?
    } else {
        Policies::default()
    };
    let settings = settings::store::read(conn)?;
    Ok(Snapshot::new(schema, policies, settings))
}

/// Reads the collections.
fn definitions(conn: &mut Conn) -> Result<Schema> {
    let version = version::current(conn)?;
    let select = sql(
        conn.dialect(),
        "SELECT \"definition\" FROM \"_collections\" ORDER BY \"_rowid_\"",
    );
    let mut collections = Vec::new();
    for row in load(conn, select, &[ColumnType::Text])? {
        if let Some(Value::Text(definition)) = row.first() {
            let mut definition: wire::Collection =
                serde_json::from_str(definition).map_err(Error::internal)?;
            defaults::close_rules(&mut definition);
            let collection = builtin::with_check(Collection::new(definition));
            collections.push(Arc::new(collection));
        }
    }
    Ok(Schema::new(version, collections))
}

/// Creates the built-in collections that are missing, and adds fields to the others: the database of an older version lacks
/// some.
pub fn initialise(conn: &mut Conn) -> Result<Snapshot> {
    hold(conn)?;
    // First of all, since the policies are read from the fields that are added.
    let is_extended = extend(conn)?;
    let schema = read(conn)?;
    forms::renew(conn, &schema)?;
    let mut missing = if schema.iter().next().is_none() {
        defaults::initial(&conn.random)
    } else {
        account_data::all().into()
    };
    missing.extend(system::all());
    missing.retain(|definition| schema.find(&definition.id).is_none());
    if missing.is_empty() {
        return if is_extended {
            committed(conn)
        } else {
            Ok(schema)
        };
    }
    let has_no_jobs = schema.find(names::JOBS).is_none();
    for mut definition in missing {
        let now = conn.clock.now().to_string();
        definition.created.clone_from(&now);
        definition.updated = now;
        let collection = Collection::new(definition);
        add(conn, &collection)?;
        if collection.def.name == names::ROLES {
            policy::store::add_built_in(conn)?;
        }
    }
    let schema = committed(conn)?;
    if !has_no_jobs {
        return Ok(schema);
    }
    crate::jobs::store::add_built_in(conn, &Arc::new(schema))?;
    committed(conn)
}

/// Adds the fields and choices that built-in collections lack, with the indexes that go with them. Returns whether any was
/// added.
fn extend(conn: &mut Conn) -> Result<bool> {
    let schema = definitions(conn)?;
    let mut is_extended = false;
    for wanted in system::all() {
        let Some(old) = schema.find(&wanted.id) else {
            continue;
        };
        let is_known = |field: &wire::Field| {
            let mut same = old.def.fields.iter().filter(|own| own.id == field.id);
            let has = |own, choice: &String| choices(own).contains(choice);
            same.any(|own| choices(field).iter().all(|choice| has(own, choice)))
        };
        if wanted.fields.iter().all(is_known) {
            continue;
        }
        let new = Collection::new(wire::Collection {
            fields: wanted.fields,
            indexes: wanted.indexes,
            updated: conn.clock.now().to_string(),
            ..old.def.clone()
        });
        change::change(conn, old, &new)?;
        write(conn, &new, Some(&old.def.id))?;
        is_extended = true;
    }
    Ok(is_extended)
}

/// Returns the values that a field of type `select` can have.
fn choices(field: &wire::Field) -> &[String] {
    if let wire::FieldKind::Select(options) = &field.kind {
        &options.values
    } else {
        &[]
    }
}

/// Validates the definition in a body: as the next definition of the collection with its id, or as that of a new
/// collection.
pub fn check(
    schema: &Schema,
    body: &Map<String, Json>,
    author: Author,
    dialect: Dialect,
    random: &Random,
) -> Result<()> {
    let id = body.get("id").and_then(Json::as_str).unwrap_or_default();
    let old = schema.iter().find(|collection| collection.def.id == id);
    let (mut definition, failed) = match old {
        Some(old) => (
            prepare::prepare(body, Some(&old.def), random)?,
            UPDATE_FAILED,
        ),
        None => (prepare::prepare_new(body, schema, random)?, CREATE_FAILED),
    };
    let old = old.map(|old| &old.def);
    settle(&mut definition, old, schema, author, dialect, failed)
}

/// Derives the fields of a view, and validates the definition.
fn settle(
    definition: &mut wire::Collection,
    old: Option<&wire::Collection>,
    schema: &Schema,
    author: Author,
    dialect: Dialect,
    failed: &'static str,
) -> Result<()> {
    if old.is_none_or(|old| old.kind == definition.kind) {
        let sources = views::store::sources(schema, author, &definition.id);
        if let Some(problem) = views::store::complete(definition, old, &sources, dialect) {
            // The rest cannot be judged without the fields.
            return Err(Error::field(failed, "viewQuery", problem));
        }
    }
    refuse(failed, validate::validate(definition, old, schema, author))
}

/// Creates a collection.
pub fn create(
    conn: &mut Conn,
    body: &Map<String, Json>,
    author: Author,
) -> Result<(Snapshot, Arc<Collection>)> {
    let schema = lock(conn)?;
    let id = create_in(conn, &schema, body, author)?;
    found(committed(conn)?, &id)
}

/// Updates a collection.
pub fn update(
    conn: &mut Conn,
    id_or_name: &str,
    body: &Map<String, Json>,
    author: Author,
) -> Result<(Snapshot, Arc<Collection>)> {
    let schema = lock(conn)?;
    let old = schema
        .find(id_or_name)
        .cloned()
        .ok_or_else(Error::missing)?;
    update_in(conn, &schema, &old, body, author)?;
    found(committed(conn)?, &old.def.id)
}

/// Deletes a collection with all its records.
pub fn delete(conn: &mut Conn, id_or_name: &str) -> Result<Snapshot> {
    let schema = lock(conn)?;
    let collection = schema
        .find(id_or_name)
        .cloned()
        .ok_or_else(Error::missing)?;
    delete_in(conn, &schema, &collection)?;
    committed(conn)
}

pub(super) fn create_in(
    conn: &mut Conn,
    schema: &Schema,
    body: &Map<String, Json>,
    author: Author,
) -> Result<String> {
    let mut definition = prepare::prepare_new(body, schema, &conn.random)?;
    let dialect = conn.dialect();
    settle(
        &mut definition,
        None,
        schema,
        author,
        dialect,
        CREATE_FAILED,
    )?;
    let now = conn.clock.now().to_string();
    definition.created.clone_from(&now);
    definition.updated = now;
    let collection = Collection::new(definition);
    if collection.is_view() {
        make_view(conn, &collection, schema, author, CREATE_FAILED)?;
        write(conn, &collection, None)?;
    } else {
        add(conn, &collection).map_err(|error| in_the_way(error, CREATE_FAILED))?;
    }
    Ok(collection.def.id)
}

/// Returns the collection as the body changes it.
pub(super) fn next(
    schema: &Schema,
    old: &Collection,
    body: &Map<String, Json>,
    author: Author,
    dialect: Dialect,
    now: Timestamp,
    random: &Random,
) -> Result<Collection> {
    let mut definition = prepare::prepare(body, Some(&old.def), random)?;
    if old.is_own() {
        return Err(Error::invalid(UPDATE_FAILED));
    }
    let was = Some(&old.def);
    settle(&mut definition, was, schema, author, dialect, UPDATE_FAILED)?;
    definition.updated = now.to_string();
    Ok(Collection::new(definition))
}

pub(super) fn update_in(
    conn: &mut Conn,
    schema: &Schema,
    old: &Collection,
    body: &Map<String, Json>,
    author: Author,
) -> Result<()> {
    let new = next(
        schema,
        old,
        body,
        author,
        conn.dialect(),
        conn.clock.now(),
        &conn.random,
    )?;
    policy::store::follow_fields(conn, old, &new)?;
    let views = if old.is_seen_alike(&new) {
        Vec::new()
    } else {
        views::store::readers(schema, &BTreeSet::from([old.def.id.clone()]))
    };
    views::store::make_way(conn, &views)?;
    if old.is_view() {
        if !old.is_seen_alike(&new) {
            views::store::drop_view(conn, old)?;
            make_view(conn, &new, schema, author, UPDATE_FAILED)?;
        }
    } else {
        change::change(conn, old, &new).map_err(|error| in_the_way(error, UPDATE_FAILED))?;
    }
    write(conn, &new, Some(&old.def.id))?;
    for view in &views {
        let definition = views::store::renamed(view, schema, old, &new);
        follow(conn, view, definition)?;
    }
    Ok(())
}

/// Creates the view of a definition. An error of the database is reported as a mistake of the author.
fn make_view(
    conn: &mut Conn,
    view: &Collection,
    schema: &Schema,
    author: Author,
    failed: &'static str,
) -> Result<()> {
    let sources = views::store::sources(schema, author, &view.def.id);
    match views::store::create(conn, view, &sources) {
        Err(Error::Invalid { message, .. }) => {
            let problem = views::store::invalid(&message);
            Err(Error::field(failed, "viewQuery", problem))
        }
        outcome => outcome,
    }
}

/// Creates a view again that was dropped for a change of what it reads. A change that breaks a view is refused.
fn follow(conn: &mut Conn, old: &Collection, definition: wire::Collection) -> Result<()> {
    let schema = read(conn)?;
    match views::store::follow(conn, old, definition, &schema) {
        Ok(None) => Ok(()),
        Ok(Some(new)) => {
            policy::store::follow_fields(conn, old, &new)?;
            write(conn, &new, Some(&old.def.id))
        }
        Err(Error::Invalid { message, .. }) => {
            let message = format!("{UPDATE_FAILED} Raw error: \n{message}");
            Err(Error::invalid(sentence(&message)))
        }
        Err(error) => Err(error),
    }
}

fn delete_in(conn: &mut Conn, schema: &Schema, collection: &Collection) -> Result<()> {
    if collection.def.system {
        return Err(Error::invalid("Failed to delete collection."));
    }
    match referrers(schema, collection).first() {
        Some(referrer) => Err(referred_to_by(referrer)),
        None => remove(conn, schema, collection),
    }
}

fn referred_to_by(referrer: &Collection) -> Error {
    Error::invalid(format!(
        "Failed to delete collection probably due to existing reference in {}.",
        referrer.def.name
    ))
}

pub(super) fn remove(conn: &mut Conn, schema: &Schema, collection: &Collection) -> Result<()> {
    policy::store::forget_collection(conn, &collection.def.id)?;
    account_data::forget_collection(conn, schema, &collection.def.id)?;
    if collection.is_view() {
        views::store::drop_view(conn, collection)?;
    } else {
        table::drop(conn, collection)?;
    }
    forget(conn, &collection.def.id)
}

/// Deletes the row of a definition.
pub(super) fn forget(conn: &mut Conn, id: &str) -> Result<()> {
    let mut delete = sql(
        conn.dialect(),
        "DELETE FROM \"_collections\" WHERE \"id\" = ",
    );
    delete.bind(Value::from(id));
    execute(conn, delete)?;
    Ok(())
}

/// Returns the other collections that refer to a collection, and the views that read it.
pub(super) fn referrers(schema: &Schema, collection: &Collection) -> Vec<Arc<Collection>> {
    let id = &collection.def.id;
    let relations = schema.relations_to(collection);
    let others = relations.filter(|(source, _)| source.def.id != *id);
    let mut found: Vec<_> = others.map(|(source, _)| Arc::clone(source)).collect();
    found.extend(views::store::readers(schema, &BTreeSet::from([id.clone()])));
    found
}

/// Creates the table of a definition, and inserts its row.
pub(super) fn add(conn: &mut Conn, collection: &Collection) -> Result<()> {
    table::create(conn, collection)?;
    write(conn, collection, None)
}

/// Writes the row of a definition: a new one, or instead of `old`.
pub(super) fn write(conn: &mut Conn, collection: &Collection, old: Option<&str>) -> Result<()> {
    let def = &collection.def;
    let definition = stored_form(def)?;
    let dialect = conn.dialect();
    let mut row = match old {
        None => sql(
            dialect,
            "INSERT INTO \"_collections\" (\"name\", \"type\", \"system\", \"definition\", \"created\", \"updated\", \"id\") VALUES (",
        ),
        Some(_) => sql(dialect, "UPDATE \"_collections\" SET \"name\" = "),
    };
    let names = [
        ", \"type\" = ",
        ", \"system\" = ",
        ", \"definition\" = ",
        ", \"created\" = ",
        ", \"updated\" = ",
    ];
    row.bind(Value::from(def.name.as_str()));
    let values = [
        Value::from(def.kind.name()),
        Value::Bool(def.system),
        Value::Text(definition),
        Value::from(def.created.as_str()),
        Value::from(def.updated.as_str()),
    ];
    for (name, value) in names.into_iter().zip(values) {
        row.text(if old.is_some() { name } else { ", " })
            .bind(value);
    }
    match old {
        None => row.text(", ").bind(Value::from(def.id.as_str())).text(")"),
        Some(old) => row.text(" WHERE \"id\" = ").bind(Value::from(old)),
    };
    execute(conn, row)?;
    Ok(())
}

/// Returns the stored form of a definition, which includes its secrets.
fn stored_form(def: &wire::Collection) -> Result<String> {
    serde_json::to_string(def).map_err(Error::internal)
}

/// Counts the change, and reads the collections.
pub fn committed(conn: &mut Conn) -> Result<Snapshot> {
    version::count_change(conn)?;
    read(conn)
}

fn found(schema: Snapshot, id: &str) -> Result<(Snapshot, Arc<Collection>)> {
    let collection = schema.find(id).cloned().ok_or_else(Error::missing)?;
    Ok((schema, collection))
}

fn refuse(message: &'static str, data: FieldProblems) -> Result<()> {
    if data.is_empty() {
        Ok(())
    } else {
        Err(Error::refused(message, data))
    }
}

/// Makes the error of a change that existing records prevent.
pub(super) fn in_the_way(error: Error, message: &'static str) -> Error {
    if let Error::Invalid { data, .. } = error {
        return Error::refused(message, data);
    }
    error
}
