//! Collections: their definitions, prepared for use; their records; and all collections at one moment.
//!
//! Start with [`Collection`] and [`Schema`]. [`crate::collections`] has how definitions change.

mod collection;
mod field_access;
pub(crate) mod index;
pub(crate) mod names;
mod record;
pub mod rows;
pub mod version;

use std::collections::HashMap;
use std::sync::Arc;

pub use collection::{Check, Collection, Column, Key, Rule, Rules, SUPERUSERS, body_keys};
pub use field_access::FieldAccess;
pub use index::{Index, IndexColumn, IndexForm};
pub use record::{Record, Reveal, to_json};

pub use crate::fields::Shape;

/// All collections at one moment.
#[derive(Debug, Default)]
pub struct Schema {
    /// The number of the last change.
    pub version: i64,
    collections: Vec<Arc<Collection>>,
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

impl Schema {
    /// Makes a schema of the collections of a version.
    pub fn new(version: i64, collections: Vec<Arc<Collection>>) -> Self {
        let index = |key: fn(&Collection) -> String| {
            collections
                .iter()
                .enumerate()
                .map(|(index, collection)| (key(collection), index))
                .collect()
        };
        Self {
            version,
            by_id: index(|c| c.def.id.clone()),
            by_name: index(|c| c.def.name.to_lowercase()),
            collections,
        }
    }

    /// Returns the collection with this id or name, ignoring case.
    pub fn find(&self, id_or_name: &str) -> Option<&Arc<Collection>> {
        let index = self
            .by_id
            .get(id_or_name)
            .or_else(|| self.by_name.get(id_or_name))
            .or_else(|| self.by_name.get(&id_or_name.to_lowercase()))?;
        self.collections.get(*index)
    }

    /// Returns all collections, in the order of their creation.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.collections.iter()
    }

    /// Resolves a back-relation such as `comments_via_post`: returns the collection and the column that refers to
    /// `target`.
    pub fn back_relation(
        &self,
        target: &Collection,
        name: &str,
    ) -> Option<(&Arc<Collection>, &Column)> {
        let (source, field) = name.split_once("_via_")?;
        let source = self.find(source)?;
        let column = source.column(field)?;
        let refers =
            matches!(&column.shape, Shape::Relation { target: id, .. } if *id == target.def.id);
        refers.then_some((source, column))
    }

    /// Returns all relations to `target`: the collection, and the index of the column. Views are left out, since they
    /// store nothing.
    pub fn relations_to<'a>(
        &'a self,
        target: &'a Collection,
    ) -> impl Iterator<Item = (&'a Arc<Collection>, usize)> {
        let refers = move |column: &Column| matches!(&column.shape, Shape::Relation { target: id, .. } if *id == target.def.id);
        let stored = self.collections.iter().filter(|one| !one.is_view());
        stored.flat_map(move |collection| {
            let columns = collection.columns.iter().enumerate();
            columns
                .filter(move |(_, column)| refers(column))
                .map(move |(index, _)| (collection, index))
        })
    }
}

/// The author of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// A superuser.
    Superuser,
    /// An operator: an account with the area `collections:write`.
    Operator,
}
