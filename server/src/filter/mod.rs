//! The filter language: clients' filters and sorts, and the rules of collections.
//!
//! [`parse`](parse()) makes an [`Expression`] of a text; a [`Resolver`] makes SQL of it, for one collection and
//! one caller. The language is described in `docs/API.md`.

mod call;
mod compare;
mod condition;
mod finish;
mod forms;
mod macros;
mod operand;
mod parse;
mod path;
mod relax;
mod request_path;
mod resolve;
mod scope;

pub use condition::{Condition, conjunction};
pub use parse::{Call, Comparison, Expression, MAX_LENGTH, Operator, Token, parse};
pub use resolve::{Resolver, Trust};

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
