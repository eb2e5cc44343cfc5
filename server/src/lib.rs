//! Plinth: a self-hosted backend in one binary.
//!
//! A request passes from [`routes`] to a handler in `<subject>/api`, and from there to the SQL in `<subject>/store.rs`.
//!
//! The modules are listed from the top down: each imports only modules below it. `tests/architecture.rs` checks this, and
//! describes the two exceptions: handlers, and [`app`]. New code belongs as far down as its imports allow.

// The program.
pub mod cli; // subcommands of the program
pub mod serve; // HTTP server: connections, middleware, shutdown
pub mod routes; // every route, a line each

// Features that use others.
pub mod console; // files of the console
pub mod openapi; // OpenAPI document, made from the live collections
pub mod setup; // first start: the first superuser
pub mod import; // import of data from other servers
pub mod batch; // several changes of records in one request
pub mod realtime; // changes of records, sent to subscribed clients
pub mod collections; // changes of definitions and their tables
pub mod jobs; // scheduled jobs and their runs
pub mod logs; // request log and log of the program
pub mod metrics; // metrics, and requests per minute
pub mod extract; // parameters and results of handlers
pub mod accounts; // sign-in, sessions, mails to accounts
pub mod mail; // outbox and SMTP client
pub mod health; // lifecycle of the process, and health probes
pub mod views; // queries of view collections, translated to each database
pub mod queue; // work that waits in tables

// Records.
pub mod records; // rows of collections: read, written, expanded
pub mod files; // files of records, and where they are stored
pub mod app; // state of the server: the one hub
pub mod policy; // authorization: rules, roles, grants
pub mod events; // changes that committed writes have made
pub mod system; // definitions of collections that every database has
pub mod tokens; // signed tokens of accounts
pub mod filter; // filters and rules, resolved to SQL
pub mod request; // a request as rules and the policy see it
pub mod settings; // settings that superusers change at run time
pub mod schema; // what a collection is

// The foundation.
pub mod fields; // field types: storage, validation, schema
pub mod expression; // filters and rules as trees, parsed from text
pub mod projection; // the `?fields=` parameter
pub mod outbound; // HTTP client for other servers, public addresses only
pub mod passwords; // password hashes, a few at a time
pub mod config; // configuration from files, environment and flags
pub mod db; // both databases, and all that differs between them
pub mod json_reader; // JSON from clients, parsed within limits
pub mod budget; // memory budgets that requests share
pub mod secret; // texts that are never printed
pub mod tasks; // background tasks that survive panics
pub mod clock; // timestamps, and the clock that tests can set
pub mod random; // ids, keys and their randomness
pub mod error; // error type and error responses
pub(crate) mod problems; // codes and messages of field problems
#[cfg(test)]
mod generated; // documents that are generated from code
pub mod json; // JSON in the format of the protocol

/// Converts a length to a number of the protocol.
#[expect(clippy::cast_precision_loss, reason = "no list has 2^53 items")]
pub(crate) fn number(length: usize) -> f64 {
    length as f64
}
