//! First start: the first superuser is created with a one-time token, which is shown only to whoever starts the
//! server.

pub mod api;
pub mod store;
