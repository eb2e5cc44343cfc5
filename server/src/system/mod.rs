//! Definitions of the collections that every database has.

pub mod account_data;
pub mod builtin;
pub mod defaults;
pub mod providers;
