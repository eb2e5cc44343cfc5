//! Records: rows of collections, read, written and expanded.
//!
//! Start with [`api`], which has a function per route; [`store`] has the SQL of records, [`write`](mod@write) handles
//! creates and updates.

pub mod account_data;
pub mod answer;
pub mod api;
mod cursor;
pub mod delete;
pub mod expand;
pub mod fill;
mod given;
pub mod input;
pub mod limits;
pub mod list;
pub mod problems;
pub mod store;
pub mod write;
