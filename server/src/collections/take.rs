//! Definitions that were made elsewhere and are taken as they are, with their ids and secrets.

use std::collections::BTreeSet;
use std::sync::Arc;

use plinth_sdk::types::{self as wire, FieldProblem, FieldProblems};

use super::store::Author;
use super::{Collection, Schema, change, store, table, validate, view};
use crate::db::{Conn, Engine};
use crate::error::{Error, Result};
use crate::records;

/// What the collection that is already there means for one that is to be taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// There is none: it is free.
    Free,
    /// It is the same.
    Same,
    /// It is as the server made it, and nothing is in it.
    Empty,
    /// It is as the server made it, and has records.
    Untouched,
    /// It is another one.
    Taken,
}

/// What is where a definition would go.
pub fn place(conn: &mut Conn, schema: &Schema, definition: &wire::Collection) -> Result<Place> {
    let Some(old) = occupant(schema, definition) else {
        return Ok(Place::Free);
    };
    if old.def == *definition {
        return Ok(Place::Same);
    }
    if old.is_own() || old.def.created != old.def.updated {
        return Ok(Place::Taken);
    }
    let is_made_by_server = old.def.system || old.def.id == super::defaults::USERS_ID;
    if !is_made_by_server {
        return Ok(Place::Taken);
    }
    let itself = BTreeSet::from([old.def.id.clone()]);
    if !view::store::readers(schema, &itself).is_empty() {
        return Ok(Place::Taken);
    }
    if records::store::total(conn, old)? == 0 {
        return Ok(Place::Empty);
    }
    let is_known = old.is_superusers() && old.def.id == definition.id;
    Ok(if is_known {
        Place::Untouched
    } else {
        Place::Taken
    })
}

/// The collection that has the definition's id or name.
pub fn occupant<'a>(
    schema: &'a Schema,
    definition: &wire::Collection,
) -> Option<&'a Arc<Collection>> {
    schema
        .iter()
        .find(|collection| collection.def.id == definition.id)
        .or_else(|| schema.find(&definition.name))
}

/// What is wrong with a definition among the others, which `schema` has.
pub fn problems(definition: &wire::Collection, schema: &Schema) -> FieldProblems {
    let is_other = |c: &&Arc<Collection>| c.def.id != definition.id;
    let others = schema.iter().filter(is_other).cloned().collect();
    let others = Schema::new(schema.version, others);
    validate::validate(definition, None, &others, Author::Superuser)
}

/// Gives a view the fields that its query makes of the collections of `schema`; says what is wrong with the query.
pub fn complete(
    definition: &mut wire::Collection,
    schema: &Schema,
    engine: Engine,
) -> Option<FieldProblem> {
    let old = definition.clone();
    let sources = view::store::sources(schema, Author::Superuser, &definition.id);
    view::store::complete(definition, Some(&old), &sources, engine)
}

/// Takes the definition of a view, where [`place`] says that it is free. Gives what the database has against it.
pub fn take_view(conn: &mut Conn, definition: wire::Collection) -> Result<Option<String>> {
    let new = Collection::new(definition);
    let schema = store::read(conn)?;
    let sources = view::store::sources(&schema, Author::Superuser, &new.def.id);
    match view::store::create(conn, &new, &sources) {
        Ok(()) => store::write(conn, &new, None).map(|()| None),
        Err(Error::Invalid { message, .. }) => Ok(Some(message.into_owned())),
        Err(error) => Err(error),
    }
}

/// Takes a definition, with a table for it, where [`place`] says that it can be.
pub fn take(
    conn: &mut Conn,
    schema: &Schema,
    definition: wire::Collection,
    place: &Place,
) -> Result<()> {
    let new = Collection::new(definition);
    match (place, occupant(schema, &new.def)) {
        (Place::Empty, Some(old)) => {
            table::drop(conn, old)?;
            store::forget(conn, &old.def.id)?;
            store::add(conn, &new)
        }
        (Place::Untouched, Some(old)) => {
            change::change(conn, old, &new)?;
            store::write(conn, &new, Some(&old.def.id))
        }
        _ => store::add(conn, &new),
    }
}
