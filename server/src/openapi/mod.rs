//! The API described, from the live collections.

pub mod api;
