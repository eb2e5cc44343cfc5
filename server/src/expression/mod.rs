//! Filters and rules as trees, parsed from their text. Nothing here knows of collections: [`crate::filter`] resolves the
//! names.

mod parse;
mod relax;

pub use parse::{Call, Comparison, Expression, MAX_LENGTH, Operator, Token, parse};

/// Why a text is not a filter. Clients get no more than that it is wrong; superusers who edit rules see it all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// It cannot be read.
    #[error("invalid filter expression near character {0}")]
    Syntax(usize),
    /// It is longer, deeper or has more terms than is allowed.
    #[error("the filter is too {0}")]
    TooBig(&'static str),
    /// It names what does not exist, or what the caller may not know of.
    #[error("unknown field \"{0}\"")]
    UnknownField(String),
    /// It names a function that does not exist.
    #[error("unknown function \"{0}\"")]
    UnknownFunction(String),
    /// A modifier that the field's type does not have.
    #[error("\"{0}\" can't be used here")]
    Misused(String),
}
