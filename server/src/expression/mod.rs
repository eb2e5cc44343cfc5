//! Filters and rules as trees, parsed from their text. This module knows no collections: [`crate::filter`] resolves
//! names.

mod narrow;
mod parse;
mod relax;

pub use parse::{Call, Comparison, Expression, MAX_LENGTH, Operator, Token, parse};

/// The reason why a filter is invalid. Clients are only told that it is; superusers who edit rules see the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A syntax error.
    #[error("invalid filter expression near character {0}")]
    Syntax(usize),
    /// It exceeds a limit of length, depth or number of terms.
    #[error("the filter is too {0}")]
    TooBig(&'static str),
    /// It names a field that does not exist, or that the caller may not know.
    #[error("unknown field \"{0}\"")]
    UnknownField(String),
    /// It names a function that does not exist.
    #[error("unknown function \"{0}\"")]
    UnknownFunction(String),
    /// A modifier that the type of the field does not have.
    #[error("\"{0}\" can't be used here")]
    Misused(String),
    /// `@role.scope` is compared with something that names no record, or by another operator than `=`.
    #[error("a scope is compared by = or ?= with an id, or with a relation to one record")]
    Scope,
}
