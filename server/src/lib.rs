//! Plinth: a self-hosted backend in one binary.
//!
//! A request's way: [`routes`] → `<subject>/api.rs` → `<subject>/store.rs`. The subjects:

pub mod accounts; // sign-in, tokens, password hashes
pub mod app; // everything a request can reach
pub mod batch; // several changes of records in one request
pub mod budget; // bytes that requests share
pub mod cli; // the subcommands
pub mod clock; // moments
pub mod collections; // definitions of tables, and the tables
pub mod config; // settings, from files, environment and flags
pub mod console; // the console's files
pub mod db; // the only place that knows two databases exist
pub mod error; // the only way out
pub mod events; // what committed writes have changed
pub mod extract; // what handlers take and give
pub mod files; // files of records
pub mod filter; // the language of filters and rules
pub mod health; // what the server says of itself while it starts, serves and stops
pub mod jobs; // what the server does at times
pub mod json; // JSON as the wire has it
pub mod json_reader; // JSON from clients, read within limits
pub mod logs; // what happened: requests, and what the server had to say
pub mod mail; // the outbox, and what sends it
pub mod metrics; // what the server counts
pub mod moving; // taking over what PocketBase has
pub mod openapi; // the API described, from the live collections
pub mod policy; // who may do what
pub mod realtime; // who hears of changes
pub mod records; // rows of collections
pub mod request; // what is known of a request
pub mod routes; // every route, a line each
pub mod serve; // the HTTP server
pub mod settings; // what superusers set while the server runs
pub mod setup; // first run

/// A length as a number of the wire.
#[expect(clippy::cast_precision_loss, reason = "no list has 2^53 items")]
pub(crate) fn number(length: usize) -> f64 {
    length as f64
}
