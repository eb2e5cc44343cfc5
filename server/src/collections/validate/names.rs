//! Validation of a collection's name and id: unique among the collections, and free in the database.

use std::sync::Arc;

use plinth_sdk::types::{Collection as Definition, FieldProblem};

use crate::db::Ident;
use crate::problems::{self, filled, length};
use crate::schema::Collection;
use crate::schema::names::{has_via, is_word};
use crate::system::builtin::PREFIX;

/// Tables of the server and of the migrations.
const INTERNAL: [&str; 15] = [
    "_answers",
    "_attempts",
    "_changes",
    "_collections",
    "_listeners",
    "_logs",
    "_minutes",
    "_oauth2",
    "_params",
    "_places",
    "_otp_attempts",
    "_removed_files",
    "_signing_keys",
    "_totals",
    "__diesel_schema_migrations",
];
/// Indexes that the migrations name; PostgreSQL derives the others' names from the tables'.
const INTERNAL_INDEXES: [&str; 8] = [
    "_attempts_cleared",
    "_collections_name_key",
    "_collections_id_key",
    "_logs_created",
    "_logs_id_key",
    "_logs_level",
    "_oauth2_until",
    "_removed_files_due",
];
/// Prefixes of names that the databases reserve.
const RESERVED_PREFIXES: [&str; 2] = ["sqlite_", "pg_"];
/// Suffixes that PostgreSQL adds to a table's name for its constraint, sequence and primary key.
const DERIVED: [&str; 3] = ["_id_key", "__rowid__seq", "_pkey"];

pub(super) fn id(
    new: &Definition,
    old: Option<&Definition>,
    others: &[Arc<Collection>],
) -> Option<FieldProblem> {
    if old.is_some_and(|old| old.id == new.id) {
        return None;
    }
    if let problem @ Some(_) = filled(&new.id).or_else(|| length(&new.id, 1, 100)) {
        return problem;
    }
    if !is_word(&new.id) {
        return Some(problems::MATCH.problem());
    }
    // Routes take either, so that an id that is another one's name would hide it.
    let is_own = |id: &str| {
        id.get(..PREFIX.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(PREFIX))
    };
    let is_taken = is_own(&new.id)
        || others.iter().any(|other| {
            other.def.id.eq_ignore_ascii_case(&new.id)
                || other.def.name.eq_ignore_ascii_case(&new.id)
        });
    is_taken.then(|| problems::COLLECTION_ID.problem())
}

pub(super) fn name(
    new: &Definition,
    old: Option<&Definition>,
    others: &[Arc<Collection>],
) -> Option<FieldProblem> {
    let name = new.name.as_str();
    if let problem @ Some(_) = filled(name).or_else(|| length(name, 1, 255)) {
        return problem;
    }
    if has_via(name) {
        return Some(problems::FOUND_VIA.problem());
    }
    if !is_word(name) {
        return Some(problems::MATCH.problem());
    }
    let is_kept = old.is_some_and(|old| old.name.eq_ignore_ascii_case(name));
    if old.is_some_and(|old| old.system && old.name != name) {
        return Some(problems::SYSTEM_NAME_CHANGE.problem());
    }
    if others
        .iter()
        .any(|other| other.def.name.eq_ignore_ascii_case(name))
    {
        return Some(problems::COLLECTION_NAME_TAKEN.problem());
    }
    let mut ids = others
        .iter()
        .map(|other| other.def.id.as_str())
        .chain([new.id.as_str()]);
    if ids.any(|id| id.eq_ignore_ascii_case(name)) {
        return Some(problems::COLLECTION_NAME_IS_ID.problem());
    }
    if is_kept {
        return None;
    }
    let is_index = |other: &Arc<Collection>| other.indexes.iter().any(|i| is_same(&i.name, name));
    (is_reserved(name) || is_derived(name, others) || others.iter().any(is_index))
        .then(|| problems::COLLECTION_NAME_INTERNAL.problem())
}

/// Returns whether a name is reserved for tables and indexes of the database or the server.
pub(super) fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    INTERNAL.contains(&name.as_str())
        || INTERNAL_INDEXES.contains(&name.as_str())
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
        || DERIVED.iter().any(|suffix| {
            let table = name.strip_suffix(suffix);
            table.is_some_and(|table| INTERNAL.contains(&table))
        })
}

/// Returns whether PostgreSQL derives this name from that of a collection.
pub(super) fn is_derived(name: &str, others: &[Arc<Collection>]) -> bool {
    let name = name.to_ascii_lowercase();
    let tables = DERIVED
        .iter()
        .filter_map(|suffix| name.strip_suffix(suffix));
    tables.into_iter().any(|table| {
        others
            .iter()
            .any(|other| other.def.name.eq_ignore_ascii_case(table))
    })
}

/// Returns whether two names are the same in a database.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    Ident::new(a)
        .as_str()
        .eq_ignore_ascii_case(Ident::new(b).as_str())
}
