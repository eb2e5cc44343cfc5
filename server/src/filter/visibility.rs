//! The records and fields that a client's filter may reach. The policy decides.

use super::{Condition, Resolver};
use crate::db::{Dialect, Sql};
use crate::error::Result;
use crate::request::Caller;
use crate::schema::Collection;

/// Decides what a caller may see of other collections than the one that is listed.
pub trait Visibility {
    /// Returns the rows of a collection that the caller may list.
    fn listable(&self, caller: &Caller, collection: &Collection) -> Listable;

    /// Says whether the caller must not find out the values of a column.
    fn hides(&self, caller: &Caller, collection: &Collection, column: &str) -> bool;

    /// Returns a query for the ids of those records of a collection in whose scope the caller has one of these roles; `None` if
    /// there are none.
    fn scopes(
        &self,
        dialect: Dialect,
        caller: &Caller,
        roles: &[String],
        collection: &str,
    ) -> Option<Sql>;
}

/// The rows of a collection that a caller may list.
pub enum Listable {
    /// No rows: the caller must not know the collection.
    Nothing,
    /// All rows.
    All,
    /// The rows that meet a condition.
    Some(Box<dyn RowCondition>),
}

/// A condition that rows of a collection meet or not.
pub trait RowCondition {
    /// Resolves the condition for the rows of `resolver`'s collection.
    fn resolve(&self, resolver: &mut Resolver<'_>) -> Result<Condition>;
}
