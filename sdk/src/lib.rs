//! The Rust SDK of Plinth: an async client for native programs and for wasm, and the wire types
//! that the server answers with.
//!
//! ```no_run
//! use plinth_sdk::{Client, filter};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Movie {
//!     id: String,
//!     title: String,
//!     rating: f64,
//! }
//!
//! # async fn example() -> plinth_sdk::Result<()> {
//! let client = Client::new("http://127.0.0.1:8090")?;
//! let users = client.collection::<plinth_sdk::Record>("users");
//! users.auth_with_password("ann@example.com", "correct horse").await?;
//!
//! let movies = client.collection::<Movie>("movies");
//! let dramas = movies
//!     .list()
//!     .filter(filter!("genre = {} && rating >= {}", "Drama", 8))
//!     .sort("-rating")
//!     .per_page(10)
//!     .send()
//!     .await?;
//! for movie in dramas.items {
//!     println!("{:>4} {}", movie.rating, movie.title);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where to start
//!
//! - [`Client`]: one server, and who is signed in. Clones share the sign-in.
//! - [`Records`], from [`Client::collection`]: the records of one collection, as any type that
//!   serde can read, or as a [`Record`]. Sign-in is here too, since accounts are records.
//! - [`List`], from [`Records::list`]: filter, sort, a page, all pages, or a stream.
//! - [`Event`], from [`Records::subscribe`]: what changes, as it happens.
//! - [`filter!`]: filters with values in them, quoted so that no value can change the filter.
//! - [`Collections`], from [`Client::collections`]: definitions of collections, for superusers.
//! - [`ServerSettings`], from [`Client::settings`]: what superusers set while the server runs; and
//!   [`Client::batch`], several changes of which all are made or none.
//! - [`Jobs`], from [`Client::jobs`]: what the server does at times, for superusers.
//! - [`Logs`], from [`Client::logs`]: what happened at the server, for superusers.
//! - [`Error`]: no answer, an answer that says no, or one that was not understood.
//! - [`types`]: everything that travels.
//!
//! # Writing records
//!
//! Anything that serde can write is a body: a struct, or `json!` for a change of one field.
//!
//! ```no_run
//! # use plinth_sdk::{Client, Record};
//! # use serde_json::json;
//! # async fn example(client: Client) -> plinth_sdk::Result<()> {
//! let movies = client.collection::<Record>("movies");
//! let movie = movies.create(&json!({ "title": "Alien", "rating": 8.5 })).await?;
//! movies.update(&movie.id, &json!({ "rating+": 0.1 })).await?;
//! movies.delete(&movie.id).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # When the server says no
//!
//! ```no_run
//! # use plinth_sdk::{Client, Record};
//! # use serde_json::json;
//! # async fn example(client: Client) -> plinth_sdk::Result<()> {
//! let movies = client.collection::<Record>("movies");
//! match movies.create(&json!({ "title": "" })).await {
//!     Ok(movie) => println!("created {}", movie.id),
//!     Err(error) if error.code("title") == Some("validation_required") => {
//!         println!("a film needs a title");
//!     }
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `client` (default): the client. Without it the crate is [`types`] alone and depends on serde
//!   only.
//!
//! Natively the client needs a tokio runtime; in the browser it uses `fetch`.
#![warn(missing_docs)]
#![cfg_attr(
    not(feature = "client"),
    expect(
        rustdoc::broken_intra_doc_links,
        reason = "the text above is about the client too"
    )
)]

pub mod types;

#[cfg(feature = "client")]
mod client;

#[cfg(feature = "client")]
pub use client::{
    Client, Collections, Delays, Error, Event, Filter, Health, Jobs, List, Literal, Logs, Metrics,
    Policy, Record, Records, Result, ServerSettings, ToLiteral, Upload,
};

#[doc(hidden)]
#[cfg(feature = "client")]
pub use client::check_template;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the Rust example of the page about clients.
#[cfg(doctest)]
#[doc = include_str!("../../docs/clients.md")]
struct ClientsPage;
