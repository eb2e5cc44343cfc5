//! First run: the first superuser is made with a one-time token, which only who started the server has seen.

pub mod api;
pub mod store;
