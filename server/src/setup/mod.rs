//! First run: the first superuser is made with a one-time token, which only who started the server has seen.

pub mod api;
pub mod store;

use subtle::ConstantTimeEq;

use crate::records::generate;

/// What lets somebody make the first superuser, once. Each start has its own.
pub struct Token(String);

impl Token {
    /// One that nobody can guess.
    pub(crate) fn new() -> Self {
        Self(generate::alphanumeric(32))
    }

    /// The token, to be printed for who starts the server, and nowhere else.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this one; how long that takes tells nothing about it.
    fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}
