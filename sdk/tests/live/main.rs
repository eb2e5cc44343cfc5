//! The client against a running server. All stories are about the same films.
//!
//! ```text
//! PLINTH_URL=http://127.0.0.1:8090 PLINTH_EMAIL=root@example.com PLINTH_PASSWORD=1234567890 \
//!     cargo test -p plinth-sdk --features live-tests --test live
//! ```
//!
//! The account is a superuser's. Each test makes collections of its own, named `sdk_…`, and
//! deletes them first and last, so that it can run again.

mod accounts;
mod collections;
mod events;
mod files;
mod lists;
mod records;
mod server;
mod support;
