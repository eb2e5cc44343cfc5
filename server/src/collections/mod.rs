//! Changes of collections: definitions and their tables change together, in one transaction.
//!
//! Start with [`store`]. [`crate::schema`] has what a collection is, [`crate::views`] how a view's query is made.

pub mod ahead;
pub mod api;
mod builtin;
mod change;
mod forms;
mod import;
mod prepare;
pub mod store;
mod table;
pub mod adopt;
mod validate;
