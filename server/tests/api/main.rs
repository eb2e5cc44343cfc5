//! The API, as clients meet it: the same stories on both databases.

#[path = "../support/mod.rs"]
mod support;

mod collections;
mod definitions;
mod filters;
mod lists;
mod records;
mod relations;
