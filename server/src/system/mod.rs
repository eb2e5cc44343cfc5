//! Collections that every database has: their definitions, and what is asked of their records.

pub mod account_data;
pub mod builtin;
pub mod defaults;
pub mod providers;
