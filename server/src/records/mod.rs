//! Records: rows of collections' tables.
//!
//! Start with [`api`], one function a route; [`store`] has their SQL, [`write`](mod@write) what becomes of a body.

pub mod account_data;
pub mod answer;
pub mod api;
mod cursor;
pub mod delete;
pub mod expand;
pub mod fill;
pub mod generate;
mod given;
pub mod input;
pub mod limits;
pub mod list;
pub mod problems;
pub mod store;
pub mod validate;
pub mod values;
pub mod write;
