//! Data of other servers, taken over.

pub mod pocketbase;
