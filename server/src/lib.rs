//! Plinth: a self-hosted backend in one binary.
//!
//! A request's way: [`routes`] → `<subject>/api.rs` → `<subject>/store.rs`.
//!
//! The modules from the top down: each imports only modules below it. `tests/architecture.rs` checks this order and says
//! what handlers and [`app`] may do. New code goes as far down as what it uses lets it.

// The program.
pub mod cli; // the subcommands
pub mod serve; // the HTTP server
pub mod routes; // every route, a line each

// Subjects that use others.
pub mod console; // the console's files
pub mod openapi; // the API described, from the live collections
pub mod setup; // first run
pub mod import; // data of other servers, taken over
pub mod batch; // several changes of records in one request
pub mod realtime; // who hears of changes
pub mod collections; // changes of collections and their tables
pub mod jobs; // what the server does at times
pub mod logs; // what happened: requests, and what the server had to say
pub mod metrics; // what the server counts
pub mod extract; // what handlers take and give
pub mod accounts; // sign-in, and mails to accounts
pub mod mail; // the outbox, and what sends it
pub mod health; // what the server says of itself while it starts, serves and stops
pub mod views; // queries of view collections, written for each database

// Records.
pub mod records; // rows of collections: read, written, expanded
pub mod files; // files of records
pub mod app; // everything a request can reach
pub mod policy; // who may do what
pub mod system; // collections that every database has
pub mod events; // what committed writes have changed
pub mod tokens; // signed tokens of accounts
pub mod filter; // the language of filters and rules
pub mod request; // what is known of a request
pub mod schema; // what a collection is
pub mod settings; // what superusers set while the server runs

// The ground.
pub mod expression; // filters and rules as trees, parsed from text
pub mod projection; // the `?fields=` parameter
pub mod outbound; // calls to other servers, to public addresses only
pub mod passwords; // password hashes, a few at a time
pub mod config; // configuration, from files, environment and flags
pub mod db; // the only place that knows two databases exist
pub mod json_reader; // JSON from clients, read within limits
pub mod budget; // bytes that requests share
pub mod secret; // texts that are not printed
pub mod tasks; // background tasks that outlive their panics
pub mod clock; // moments
pub mod random; // random ids and keys
pub mod error; // the only way out
pub mod json; // JSON as the wire has it

/// A length as a number of the wire.
#[expect(clippy::cast_precision_loss, reason = "no list has 2^53 items")]
pub(crate) fn number(length: usize) -> f64 {
    length as f64
}
